"""TCP sockets in buffer mode (TCP/IP manual 2.1.4 to 2.1.9)."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    ConnectSilence,
    Hangup,
    NetworkFailure,
    Refused,
    StreamNetwork,
    Unresolvable,
)
from tests.emulator.host import ERROR, OK, HostMaker, response
from tests.emulator.peers import (
    CLOSED,
    OPEN,
    OPENED,
    PROMPT,
    RECV,
    SEND_OK,
    Peers,
    opened,
    read,
    reason,
    said,
    send,
    with_peers,
)

#: Data that a careless parser mistakes for lines.
TRICKY = b'\r\nOK\r\n\r\n+QIURC: "closed",0\r\n\x1a\x1b+++\r\nSEND OK\r\n> \x00\xff'

STATE = b'\r\n+QISTATE: 0,"TCP","192.0.2.1",80,49153,%d,1,0,0,"usbat"\r\n'


# A connection from its beginning to its end


def test_a_dialogue(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert (peer.connection.host, peer.connection.port) == ("example.org", 80)
    assert send(host, b"hello") == SEND_OK
    assert peer.heard == b"hello"
    assert said(host, peer, b"world") == RECV
    assert read(host) == b"world"
    assert read(host) == b""
    assert host.ask(b"AT+QICLOSE=0\r") == OK
    assert peer.gone
    assert host.ask(b"AT+QISTATE=1,0\r") == OK


def test_payload_is_not_looked_at(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert send(host, TRICKY) == SEND_OK
    assert peer.heard == TRICKY
    assert said(host, peer, TRICKY) == RECV
    assert read(host) == TRICKY


def test_the_bytes_of_a_read(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    said(host, peer, b"12345")
    assert host.ask(b"AT+QIRD=0,1500\r") == b"\r\n+QIRD: 5\r\n12345\r\n" + OK
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 0\r\n" + OK


def test_reads_of_a_part(any_host: HostMaker) -> None:
    """The rest stays, and segments are joined."""
    host, peer = opened(any_host)
    said(host, peer, b"x" * 1000, b"y" * 1000)
    assert host.ask(b"AT+QIRD=0,0\r") == b"\r\n+QIRD: 2000,0,2000\r\n" + OK
    assert read(host, 1) == b"x"
    assert read(host) == b"x" * 999 + b"y" * 501
    assert host.ask(b"AT+QIRD=0,0\r") == b"\r\n+QIRD: 2000,1501,499\r\n" + OK
    assert read(host) == b"y" * 499


def test_recv_is_said_once(any_host: HostMaker) -> None:
    """It comes again only for data that come after everything is read."""
    host, peer = opened(any_host)
    assert said(host, peer, b"12") == RECV
    assert said(host, peer, b"34") == b""
    assert read(host, 3) == b"123"
    assert said(host, peer, b"5") == b""
    assert read(host) == b"45"
    assert said(host, peer, b"6") == RECV


def test_a_full_buffer_holds_the_server_back(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    body = bytes(range(256)) * 80
    assert said(host, peer, body) == RECV
    assert host.ask(b"AT+QIRD=0,0\r") == b"\r\n+QIRD: 10240,0,10240\r\n" + OK
    got = b"".join(iter(lambda: read(host), b""))
    assert got == body
    assert host.ask(b"AT+QIRD=0,0\r") == b"\r\n+QIRD: 20480,20480,0\r\n" + OK


def test_the_server_closes(any_host: HostMaker) -> None:
    """Unread data can be read; the number is in use until QICLOSE."""
    host, peer = opened(any_host)
    assert said(host, peer, b"end", Hangup()) == RECV + CLOSED
    assert host.ask(b"AT+QISTATE\r") == STATE % 4 + OK
    assert read(host) == b"end"
    assert read(host) == b""
    assert host.ask(b"AT+QISEND=0,1\r") == ERROR
    assert reason(host) == 567
    assert host.ask(b'AT+QISENDEX=0,"00"\r') == ERROR
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,563\r\n"
    assert host.ask(b"AT+QICLOSE=0\r") == OK
    assert host.ask(OPEN) == OK + OPENED


def test_the_server_resets(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert said(host, peer, Hangup(reset=True)) == CLOSED


def test_the_server_closes_while_the_host_fills_the_prompt(
    any_host: HostMaker,
) -> None:
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0,5\r") == PROMPT
    assert host.ask(b"123") == b""
    assert said(host, peer, Hangup()) == b""
    assert host.ask(b"45") == ERROR + CLOSED
    assert reason(host) == 567


# AT+QIOPEN


def test_the_result_comes_when_it_is_there(any_host: HostMaker) -> None:
    peers = Peers()
    host = any_host(network=StreamNetwork(peers, delay=3)).quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK
    state = b'\r\n+QISTATE: 0,"TCP","example.org",80,49153,1,1,0,0,"usbat"\r\n'
    assert host.ask(b"AT+QISTATE?\r") == state + OK
    assert host.ask(b"AT+QISEND=0,1\r") == host.ask(b"AT+QIRD=0\r") == ERROR
    assert host.hear(3) == OPENED


@pytest.mark.parametrize(
    ("failure", "error", "seconds"),
    [
        (Refused(), 566, 1),
        (Unresolvable(), 565, 1),
        (NetworkFailure(), 566, 1),
        (ConnectSilence(), 569, 150),
    ],
)
def test_failures(
    any_host: HostMaker, failure: Exception, error: int, seconds: float
) -> None:
    def connect(host: str, port: int, tls: object) -> None:
        if not peers.made:
            peers.made.append(None)  # type: ignore[arg-type]
            raise failure

    peers = Peers()
    network = StreamNetwork(lambda one: iter(()), connect=connect)
    host = any_host(network=network).quiet(b"AT+QIACT=1")
    heard = host.ask(OPEN) + host.hear(seconds)
    assert heard == OK + b"\r\n+QIOPEN: 0,%d\r\n" % error
    assert reason(host) == error
    assert host.ask(b"AT+QISTATE\r") == OK
    assert host.ask(OPEN).startswith(OK + OPENED)
    assert reason(host) == 0


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (b'1,"TCP","example.org",80', 552),
        (b'1,12,"TCP","example.org",80', 552),
        (b'0,0,"TCP","example.org",80', 552),
        (b'17,0,"TCP","example.org",80', 552),
        (b'1,0,"SCTP","example.org",80', 552),
        (b'1,0,"TCP","example.org",65536', 552),
        (b'1,0,"TCP","example.org",80,65536', 552),
        (b'1,0,"TCP","example.org",80,0,3', 552),
        (b'1,0,"TCP","example.org",80,0,0,0', 552),
        (b'1,0,"TCP","example.org",80,0,2', 555),
        (b'1,0,"UDP","example.org",80', 555),
        (b'1,0,"TCP LISTENER","127.0.0.1",0,80', 555),
        (b'1,0,"UDP SERVICE","127.0.0.1",0,80', 555),
        (b'2,0,"TCP","example.org",80', 561),
    ],
)
def test_what_is_refused_at_once(
    make_host: HostMaker, fields: bytes, error: int
) -> None:
    host, peers = with_peers(make_host)
    assert host.ask(b"AT+QIOPEN=" + fields + b"\r") == ERROR
    assert reason(host) == error
    assert host.ask(b"AT+QISTATE\r") == OK
    assert not peers.made


def test_names_need_a_name_server(make_host: HostMaker) -> None:
    host, peers = with_peers(make_host)
    assert host.ask(b'AT+QIDNSCFG=1,"0.0.0.0","0.0.0.0"\r') == OK
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,565\r\n"
    address = OPEN.replace(b"example.org", b"192.0.2.7")
    assert host.ask(address) == OK + OPENED


def test_the_local_port_that_is_asked_for(make_host: HostMaker) -> None:
    host, _ = with_peers(make_host)
    host.ask(b'AT+QIOPEN=1,3,"tcp","192.0.2.7",80,2222,1\r')
    state = b'\r\n+QISTATE: 3,"TCP","192.0.2.1",80,2222,2,1,0,1,"usbat"\r\n'
    assert host.ask(b"AT+QISTATE=0,1\r") == state + OK
    assert host.ask(b"AT+QISTATE=1,3\r") == state + OK
    assert host.ask(b"AT+QISTATE=0,2\r") == host.ask(b"AT+QISTATE=1,0\r") == OK
    assert host.ask(b"AT+QISTATE=2,0\r") == ERROR


def test_twelve_sockets(make_host: HostMaker) -> None:
    """All at once, each with its own bytes. There is no number for a thirteenth."""
    host, peers = with_peers(make_host)
    for number in range(12):
        command = b'AT+QIOPEN=1,%d,"TCP","host%d",80\r' % (number, number)
        assert host.ask(command).endswith(b"+QIOPEN: %d,0\r\n" % number)
    for number in range(12):
        assert send(host, b"to %d" % number, number) == SEND_OK
    for number in range(12):
        peers[number].says.append(b"from %d" % number)
    heard = host.hear()
    for number in reversed(range(12)):
        assert heard.count(b'\r\n+QIURC: "recv",%d\r\n' % number) == 1
        assert read(host, number=number) == b"from %d" % number
        assert peers[number].heard == b"to %d" % number
    assert host.ask(b"AT+QISTATE\r").count(b"+QISTATE: ") == 12
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,563\r\n"


def test_a_close_waits_for_the_server(any_host: HostMaker) -> None:
    """Ten seconds, or as long as told; data that still come are lost."""
    for seconds, command in ((10, b"AT+QICLOSE=0\r"), (3, b"AT+QICLOSE=0,3\r")):
        host, peer = opened(any_host)
        peer.closes = False
        assert host.ask(command + b"AT\r", seconds - 1) == b""
        assert peer.connection.ended
        assert said(host, peer, b"late") == b""
        assert host.hear(1.1) == OK + OK
        assert peer.gone


def test_a_close_that_does_not_wait(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    peer.closes = False
    assert host.ask(b"AT+QICLOSE=0,0\r") == OK
    assert peer.gone and not peer.connection.ended


def test_a_close_during_an_open(any_host: HostMaker) -> None:
    host = any_host(network=StreamNetwork(Peers(), delay=3)).quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK
    assert host.ask(b"AT+QICLOSE=0\r", 5) == OK
    assert host.ask(b"AT+QISTATE\r") == OK


def test_a_lost_context(any_host: HostMaker) -> None:
    """The sockets are closed. After the context is deactivated, they are gone."""
    host, peer = opened(any_host)
    said(host, peer, b"unread")
    host.emulator.lose_context()
    assert host.hear() == b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert peer.gone
    assert host.ask(b"AT+QISTATE\r") == STATE % 4 + OK
    assert read(host) == b"unread"
    assert host.ask(b"AT+QISEND=0,1\r") == ERROR
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    assert host.ask(b"AT+QISTATE\r") == OK


def test_a_context_that_is_lost_during_an_open(any_host: HostMaker) -> None:
    host = any_host(network=StreamNetwork(Peers(), delay=3)).quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK
    host.emulator.lose_context()
    lost = b'\r\n+QIURC: "pdpdeact",1\r\n\r\n+QIOPEN: 0,570\r\n'
    assert host.hear(5) == lost
    assert host.ask(b"AT+QISTATE\r") == OK


def test_the_sockets_of_a_context(any_host: HostMaker) -> None:
    """QIDEACT drops them without a URC, and no others."""
    host, peers = with_peers(any_host)
    host.quiet(b"AT+QIACT=2")
    host.ask(OPEN)
    host.ask(OPEN.replace(b"=1,0", b"=2,1"))
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    assert peers[0].gone and not peers[1].gone
    assert b"+QISTATE: 1," in host.ask(b"AT+QISTATE\r")


def test_a_restart(any_host: HostMaker) -> None:
    """Sockets and settings are gone, without a URC."""
    host, peer = opened(any_host)
    host.quiet(b"AT+QISDE=1", b'AT+QICFG="viewmode",1')
    host.emulator.reset()
    assert b"QIURC" not in host.hear(20)
    assert peer.gone
    host.quiet()
    assert host.ask(b"AT+QISTATE\r") == OK
    assert host.ask(b"AT+QISDE?\r") == b"\r\n+QISDE: 0\r\n" + OK
    assert b'"viewmode",0' in host.ask(b'AT+QICFG="viewmode"\r')


def test_the_end_of_the_emulator(make_host: HostMaker) -> None:
    host, peer = opened(make_host)
    host.emulator.close()
    assert peer.gone


def test_requests_of_http(any_host: HostMaker) -> None:
    """One after the other, over a network for HTTP only."""
    answers: list[Any] = [response(b"one"), response(b"two", b"Connection: close")]
    network = CallableNetwork(lambda request: answers.pop(0))
    host = any_host(network=network).quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + OPENED
    request = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
    assert send(host, request[:20]) == SEND_OK
    assert send(host, request[20:]) == SEND_OK + RECV
    assert read(host).endswith(b"\r\n\r\none")
    assert send(host, request) == SEND_OK + RECV + CLOSED
    assert host.ask(b"AT+QISEND=0,0\r").startswith(
        b"\r\n+QISEND: %d,%d,0" % (2 * len(request), 2 * len(request))
    )
    assert read(host).endswith(b"\r\n\r\ntwo")
    assert host.ask(b"AT+QICLOSE=0\r") == OK
