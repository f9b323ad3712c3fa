"""Differences of firmwares in sockets, each with its switch."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    Hangup,
    Refused,
    StreamNetwork,
    Switches,
    Unresolvable,
)
from tests.emulator.host import CONNECT, ERROR, OK, Host, HostMaker, cme, response
from tests.emulator.peers import (
    CLOSED,
    OPEN,
    OPENED,
    RECV,
    SEND_FAIL,
    SEND_OK,
    Peer,
    Peers,
    opened,
    pushed,
    read,
    reason,
    said,
    send,
    with_peers,
)

LOST = b'\r\n+QIURC: "pdpdeact",1\r\n'


def firmware(make: HostMaker, mode: int = 0, **switches: Any) -> tuple[Host, Peer]:
    """A host with this firmware and one socket."""
    return opened(make, mode, switches=Switches(**switches))


# The bytes


@pytest.mark.parametrize(
    ("form", "prompt"),
    [("blank", b"\r\n> "), ("plain", b"\r\n>"), ("no_line_end", b"> ")],
)
def test_prompts(any_host: HostMaker, form: str, prompt: bytes) -> None:
    host, _ = firmware(any_host, send_prompt=form)
    assert host.ask(b"AT+QISEND=0,2\r") == prompt
    assert host.ask(b"ab") == SEND_OK


def test_a_read_without_an_empty_line(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, read_end="plain")
    said(host, peer, b"12345")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 5\r\n12345" + OK


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("both", b"%(second)b%(counts)b" + OK),
        ("first", OK),
        ("error", ERROR),
        ("results", OK + b"%(second)b" + OK + b"%(counts)b" + OK),
    ],
)
def test_several_reads_on_one_line(
    any_host: HostMaker, form: str, answer: bytes
) -> None:
    host, peer = firmware(any_host, joined_reads=form)
    said(host, peer, b"12345")
    first, second = b"\r\n+QIRD: 3\r\n123\r\n", b"\r\n+QIRD: 2\r\n45\r\n"
    answer %= {b"second": second, b"counts": b"\r\n+QIRD: 5,5,0\r\n"}
    assert host.ask(b"AT+QIRD=0,3;+QIRD=0;+QIRD=0,0\r") == first + answer


def test_a_line_end_after_a_push(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, mode=1, push_end="line_end")
    assert said(host, peer, b"data") == pushed(b"data") + b"\r\n"


@pytest.mark.parametrize(("at_start", "value"), [("off", b"0"), ("on", b"1")])
def test_a_urc_with_a_length(any_host: HostMaker, at_start: str, value: bytes) -> None:
    host, peer = firmware(any_host, recvind=at_start)
    assert b'+QICFG: "recvind",(0,1)\r\n' in host.ask(b"AT+QICFG=?\r")
    told = host.ask(b'AT+QICFG="recvind"\r')
    assert told == b'\r\n+QICFG: "recvind",%b\r\n' % value + OK
    host.quiet(b'AT+QICFG="recvind",1')
    assert said(host, peer, b"12345") == b'\r\n+QIURC: "recv",0,5\r\n'
    read(host)
    host.quiet(b'AT+QICFG="recvind",0')
    assert said(host, peer, b"12345") == RECV


@pytest.mark.parametrize(("form", "size"), [(1500, 1500), ("buffer", 2000)])
def test_long_pushes(any_host: HostMaker, form: Any, size: int) -> None:
    host, peer = firmware(any_host, mode=1, push_size=form)
    host.send(b"AT+QISEND=0,1\r")
    said(host, peer, b"x" * 1000, b"x" * 1000)
    rest = b"x" * (2000 - size)
    heard = host.ask(b"1")
    pieces = pushed(b"x" * size) + (pushed(rest) if rest else b"")
    assert heard == SEND_OK + pieces


def test_formats_that_another_program_has_left(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, formats_at_start="viewmode")
    said(host, peer, b"12345")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 5,12345\r\n" + OK
    host, peer = firmware(any_host, formats_at_start="hex")
    said(host, peer, b"12")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 2\r\n3132\r\n" + OK
    assert send(host, b"3334") == SEND_OK
    assert peer.heard == b"34"


@pytest.mark.parametrize(
    ("form", "ate", "echoed"),
    [("on", 0, True), ("on", 1, True), ("as_ate", 0, False), ("as_ate", 1, True)],
)
def test_payload_is_echoed(
    any_host: HostMaker, form: str, ate: int, echoed: bool
) -> None:
    host, _ = firmware(any_host, payload_echo=form)
    assert host.ask(b"AT+QISDE?\r") == b"\r\n+QISDE: 1\r\n" + OK
    host.ask(b"ATE%d\r" % ate)
    host.ask(b"AT+QISEND=0,3\r")
    assert host.ask(b"abc") == b"abc" * echoed + SEND_OK


# URCs


def test_a_urc_that_is_lost_now_and_then(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, recv_urc="sometimes_lost")
    heard = []
    for _ in range(6):
        heard.append(said(host, peer, b"data"))
        assert read(host) == b"data"
    assert heard == [RECV, RECV, b""] * 2


def test_a_urc_for_every_segment(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, recv_urc="every_segment")
    assert said(host, peer, b"x" * 2000) == RECV * 2
    assert said(host, peer, b"x") == RECV


def test_the_end_is_reported_after_the_last_read(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, closed_urc="after_read")
    assert said(host, peer, b"end", Hangup()) == RECV
    assert b"+QISTATE: 0," in host.ask(b"AT+QISTATE\r")
    assert read(host, 2) == b"en"
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 1\r\nd\r\n" + OK + CLOSED
    assert read(host) == b""
    host, peer = firmware(any_host, closed_urc="after_read")
    assert said(host, peer, Hangup()) == CLOSED


def test_the_end_loses_data(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, closed_urc="data_lost")
    assert said(host, peer, b"end", Hangup()) == RECV + CLOSED
    assert read(host) == b""


def test_urcs_at_the_prompt(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, urc_at_prompt="between")
    host.ask(b"AT+QISEND=0,4\r")
    assert said(host, peer, b"data") == RECV
    assert host.ask(b"ab") == b""
    assert said(host, peer, Hangup()) == CLOSED
    assert host.ask(b"cd") == ERROR
    assert read(host) == b"data"


def test_pushes_at_the_prompt(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, mode=1, urc_at_prompt="between")
    host.ask(b"AT+QISEND=0,2\r")
    assert said(host, peer, b"data") == pushed(b"data")
    assert host.ask(b"ab") == SEND_OK


@pytest.mark.parametrize(("form", "told"), [("held", RECV), ("lost", b"")])
def test_urcs_in_data_mode(any_host: HostMaker, form: str, told: bytes) -> None:
    host, peer = firmware(any_host, urc_in_data=form)
    assert host.ask(b"AT+QHTTPURL=8\r") == CONNECT
    assert said(host, peer, b"data") == b""
    assert host.ask(b"http://a") == OK + told
    assert read(host) == b"data"


# The fate of a socket


def test_a_read_after_the_end(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, read_closed="error")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 0\r\n" + OK
    said(host, peer, b"end", Hangup())
    assert read(host) == b"end"
    assert host.ask(b"AT+QIRD=0\r") == ERROR
    assert reason(host) == 567


@pytest.mark.parametrize("state", [2, 3])
def test_the_state_of_a_client(make_host: HostMaker, state: int) -> None:
    host, _ = firmware(make_host, client_state=state)
    assert b",%d,1,0,0," % state in host.ask(b"AT+QISTATE=1,0\r")


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("in_use", OK + b"\r\n+QIOPEN: 0,563\r\n"),
        ("error", ERROR),
        ("reopened", OK + OPENED),
    ],
)
def test_a_number_of_which_the_server_has_closed(
    any_host: HostMaker, form: str, answer: bytes
) -> None:
    host, peer = firmware(any_host, open_closing=form)
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,563\r\n"
    said(host, peer, b"old", Hangup())
    assert host.ask(OPEN) == answer
    assert read(host) == (b"" if form == "reopened" else b"old")


def test_a_failed_open_that_needs_a_close(any_host: HostMaker) -> None:
    failures: list[Exception] = [Refused()]

    def connect(host: str, port: int, tls: object) -> None:
        if failures:
            raise failures.pop()

    network = StreamNetwork(Peers(), connect=connect)
    host = any_host(network=network, switches=Switches(failed_open="taken"))
    host.quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,566\r\n"
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,563\r\n"
    assert host.ask(b"AT+QICLOSE=0\r") == OK
    assert host.ask(OPEN) == OK + OPENED


@pytest.mark.parametrize(("form", "answer"), [("ok", OK), ("error", ERROR)])
def test_a_close_of_no_socket(make_host: HostMaker, form: Any, answer: bytes) -> None:
    host, _ = with_peers(make_host, switches=Switches(close_unopened=form))
    assert host.ask(b"AT+QICLOSE=5\r") == answer
    assert reason(host) == (0 if form == "ok" else 572)


@pytest.mark.parametrize(
    ("form", "answer"), [("prompt_error", ERROR), ("prompt_fail", SEND_FAIL)]
)
def test_a_prompt_after_the_end(any_host: HostMaker, form: str, answer: bytes) -> None:
    host, peer = firmware(any_host, send_closed=form)
    said(host, peer, Hangup())
    assert send(host, b"abc") == answer
    assert host.ask(b"AT\r") == OK


def test_a_send_that_waits_for_room(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, send_buffer="wait")
    peer.reads = False
    for _ in range(5):
        assert send(host, b"x" * 1460) == SEND_OK
    assert send(host, b"y" * 1460) == b""
    assert host.hear(100) == b""
    peer.reads = True
    assert host.hear() == SEND_OK
    peer.reads = False
    for _ in range(5):
        assert send(host, b"x" * 1460) == SEND_OK
    assert send(host, b"y" * 1460) == b""
    assert host.hear(121) == SEND_FAIL


def test_a_server_that_closes_while_there_is_no_room(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, send_buffer="wait")
    peer.reads = False
    for _ in range(5):
        assert send(host, b"x" * 1460) == SEND_OK
    assert send(host, b"y" * 1460) == b""
    assert said(host, peer, Hangup()) == ERROR + CLOSED
    assert reason(host) == 567


@pytest.mark.parametrize("size", [1500, 3000])
def test_a_small_buffer(any_host: HostMaker, size: int) -> None:
    host, peer = firmware(any_host, receive_buffer=size)
    said(host, peer, b"x" * 4000)
    told = b"\r\n+QIRD: %d,0,%d\r\n" % (size, size)
    assert host.ask(b"AT+QIRD=0,0\r") == told + OK
    got = 0
    for _ in range(10):
        heard = host.ask(b"AT+QIRD=0\r")
        got += heard.count(b"x")
    assert got == 4000


def test_a_prompt_without_end(any_host: HostMaker) -> None:
    host, _ = firmware(any_host, prompt_time=0)
    host.ask(b"AT+QISEND=0,2\r")
    assert host.ask(b"a", 1e6) == b""
    assert host.ask(b"b") == SEND_OK


@pytest.mark.parametrize("answers", [True, False])
def test_a_close_that_takes_all_its_time(any_host: HostMaker, answers: bool) -> None:
    host, peer = firmware(any_host, close_answer="timeout")
    peer.closes = answers
    assert host.ask(b"AT+QICLOSE=0,5\r", 4.9) == b""
    assert host.hear(0.2) == OK
    assert host.ask(b"AT+QISTATE\r") == OK


def test_a_close_that_waits_for_nothing(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, close_answer="at_once")
    peer.closes = False
    assert host.ask(b"AT+QICLOSE=0\r") == OK
    left = [peer.gone]
    assert host.ask(OPEN) == OK + OPENED
    host.hear(11)
    assert left + [peer.gone] == [False, True]
    assert send(host, b"abc") == SEND_OK


@pytest.mark.parametrize("form", ["fin", "at_once"])
def test_the_end_of_the_emulator_during_a_close(
    make_host: HostMaker, form: Any
) -> None:
    host, peer = firmware(make_host, close_answer=form)
    peer.closes = False
    host.ask(b"AT+QICLOSE=0\r")
    left = [peer.gone]
    host.emulator.close()
    assert left + [peer.gone] == [False, True]


def test_a_context_that_is_lost_during_a_close(any_host: HostMaker) -> None:
    host, peer = firmware(any_host)
    peer.closes = False
    assert host.ask(b"AT+QICLOSE=0\r") == b""
    host.emulator.lose_context()
    assert host.hear() == OK + LOST
    assert host.ask(b"AT+QISTATE\r") == OK


def test_a_close_that_refuses_commands(any_host: HostMaker) -> None:
    host, peer = firmware(any_host, close_meanwhile="refused")
    peer.closes = False
    assert host.ask(b"AT+QICLOSE=0\r", 5) == b""
    assert host.ask(b"AT\r") == ERROR
    assert host.hear(5) == OK
    assert host.ask(b"AT\r") == OK


@pytest.mark.parametrize(
    ("form", "told", "listed"),
    [("pdpdeact", LOST, True), ("closed", LOST + CLOSED, True), ("unlisted", LOST, 0)],
)
def test_a_context_is_lost(
    any_host: HostMaker, form: str, told: bytes, listed: bool
) -> None:
    host, _ = firmware(any_host, context_loss=form)
    host.emulator.lose_context()
    assert host.hear() == told
    assert (b",4,1,0,0," in host.ask(b"AT+QISTATE\r")) == bool(listed)
    assert host.ask(b"AT+QICLOSE=0\r") == OK
    assert host.ask(b"AT+QIDEACT=1\r") == OK
    host.quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + OPENED


# Errors


def test_an_open_without_a_context(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(open_inactive="urc")).quiet()
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,561\r\n"


@pytest.mark.parametrize("number", [565, 566])
def test_a_name_without_an_address(make_host: HostMaker, number: Any) -> None:
    def connect(host: str, port: int, tls: object) -> None:
        raise Unresolvable

    network = StreamNetwork(Peers(), connect=connect)
    host = make_host(network=network, switches=Switches(open_dns_error=number))
    host.quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,%d\r\n" % number


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("form", ["works", "busy"])
def test_requests_beside_sockets(any_host: HostMaker, form: Any) -> None:
    host = any_host(switches=Switches(http_beside_sockets=form)).online()
    host.servers.answers += [response(b"hi")] * 2
    assert host.ask(OPEN) == OK + OPENED
    answer = OK + b"\r\n+QHTTPGET: 0,200,2\r\n" if form == "works" else cme(703)
    assert host.ask(b"AT+QHTTPGET\r") == answer
    assert send(host, GET) == SEND_OK + RECV
    assert read(host).endswith(b"hi")


def test_sockets_beside_a_request(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(http_beside_sockets="busy")).online()
    assert host.ask(b"AT+QHTTPGET=10\r") == OK
    assert host.ask(OPEN) == OK + b"\r\n+QIOPEN: 0,568\r\n"
    assert host.hear(11) == b"\r\n+QHTTPGET: 702\r\n"
    assert host.ask(OPEN) == OK + OPENED


def test_wear(make_host: HostMaker) -> None:
    """Only a restart helps."""
    network = CallableNetwork(lambda request: b"")
    host = make_host(network=network, switches=Switches(socket_wear=20))
    host.quiet(b"AT+QIACT=1")
    for _ in range(20):
        assert host.ask(OPEN) == OK + OPENED
        assert host.ask(b"AT+QICLOSE=0\r") == OK
    worn = OK + b"\r\n+QIOPEN: 0,552\r\n"
    assert host.ask(OPEN) == worn
    host.quiet(b"AT+QIDEACT=1", b"AT+QIACT=1")
    assert host.ask(OPEN) == worn
    host.emulator.reset()
    host.hear(20)
    host.quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + OPENED
