"""Direct push mode: the module sends data unasked (TCP/IP manual 1.2, 2.2.2)."""

from __future__ import annotations

from requests_bg96.emulator import Hangup
from tests.emulator.host import ERROR, OK, HostMaker
from tests.emulator.peers import (
    CLOSED,
    PROMPT,
    PUSH,
    RECV,
    SEND_OK,
    opened,
    payload,
    pushed,
    read,
    reason,
    said,
    send,
    with_peers,
)


def test_a_push(any_host: HostMaker) -> None:
    host, peer = opened(any_host, mode=1)
    assert send(host, b"hello") == SEND_OK
    assert peer.heard == b"hello"
    tricky = b'\r\nOK\r\n\r\n+QIURC: "recv",0,1\r\n'
    assert said(host, peer, tricky) == pushed(tricky)
    assert host.ask(b"AT+QISTATE=1,0\r").endswith(b',2,1,0,1,"usbat"\r\n' + OK)


def test_segments_are_pushed_one_by_one(any_host: HostMaker) -> None:
    host, peer = opened(any_host, mode=1)
    assert said(host, peer, b"x" * 2000) == pushed(b"x" * 1460) + pushed(b"x" * 540)
    assert host.ask(b"AT+QIRD=0,0\r") == b"\r\n+QIRD: 2000,2000,0\r\n" + OK
    assert host.ask(b"AT+QIRD=0,5\r") == ERROR
    assert reason(host) == 572


def test_pushes_wait_for_a_command(any_host: HostMaker) -> None:
    """They are joined into segments, and the end comes after them."""
    host, peer = opened(any_host, mode=1)
    assert host.ask(b"AT+QISEND=0,3\r") == PROMPT
    assert said(host, peer, b"x" * 1000, b"y" * 1000, Hangup()) == b""
    pieces = pushed(b"x" * 1000 + b"y" * 460) + pushed(b"y" * 540)
    assert host.ask(b"abc") == ERROR + pieces + CLOSED


def test_a_push_during_a_command(any_host: HostMaker) -> None:
    """It comes after the answer."""
    host, peer = opened(any_host, mode=1)
    host.emulator.module.answer_delay = 1
    host.send(b"AT\r")
    peer.says.append(b"data")
    assert host.hear(2) == OK + pushed(b"data")


def test_the_server_closes(any_host: HostMaker) -> None:
    host, peer = opened(any_host, mode=1)
    assert said(host, peer, b"end", Hangup()) == pushed(b"end") + CLOSED
    assert host.ask(b"AT+QISEND=0,1\r") == ERROR


def test_two_sockets(any_host: HostMaker) -> None:
    """Their pushes do not mix, and the sockets take turns."""
    host, peers = with_peers(any_host)
    for number in range(2):
        host.ask(b'AT+QIOPEN=1,%d,"TCP","example.org",80,0,1\r' % number)
    peers[0].says.append(b"0" * 14600)
    peers[1].says.append(b"1" * 14600)
    heard = host.hear()
    assert payload(heard, 0) == b"0" * 14600
    assert payload(heard, 1) == b"1" * 14600
    order = [found[1] for found in PUSH.finditer(heard)]
    assert order in ([b"0", b"1"] * 10, [b"1", b"0"] * 10)


def test_a_slow_line_holds_the_server_back(make_host: HostMaker) -> None:
    host, peer = opened(make_host, mode=1, baudrate=115200)
    body = bytes(range(251)) * 400
    peer.says.append(body)
    heard = host.hear(1)
    assert len(heard) <= 11520
    counters = host.emulator.module.sockets.require(0)
    assert counters.received <= len(heard) + 10240 + 2048 + 1460
    assert payload(heard + host.hear(30)) == body


def test_from_buffer_to_push(any_host: HostMaker) -> None:
    """Unread data are pushed; then the mode changes back."""
    host, peer = opened(any_host)
    assert said(host, peer, b"one") == RECV
    assert host.ask(b"AT+QISWTMD=0,1\r") == OK + pushed(b"one")
    assert said(host, peer, b"two") == pushed(b"two")
    assert host.ask(b"AT+QISWTMD=0,0\r") == OK
    assert said(host, peer, b"three") == RECV
    assert read(host) == b"three"
    assert host.ask(b"AT+QISWTMD=0,2\r") == ERROR
    assert reason(host) == 555
    assert host.ask(b"AT+QISWTMD=0,3\r") == ERROR
    assert reason(host) == 552


def test_formats(any_host: HostMaker) -> None:
    host, peer = opened(any_host, mode=1)
    host.quiet(b'AT+QICFG="viewmode",1')
    assert said(host, peer, b"abc") == b'\r\n+QIURC: "recv",0,3,abc'
    host.quiet(b'AT+QICFG="viewmode",0', b'AT+QICFG="dataformat",0,1')
    assert said(host, peer, b"\xffa") == b'\r\n+QIURC: "recv",0,2\r\nFF61'


def test_a_push_rings(make_host: HostMaker) -> None:
    host, peer = opened(make_host, mode=1)
    host.clock.sleep(5)
    assert not host.port.ri
    peer.says.append(b"data")
    assert host.hear(0.01) == pushed(b"data")
    assert host.port.ri
