"""A server that is a function: what it sends, when, and what it notices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    Hangup,
    ReceivedRequest,
    Silence,
    Until,
)
from tests.emulator.host import CONNECT, OK, HostMaker

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
TRAILER = OK + b"\r\n+QHTTPREAD: 0\r\n"


class Watching:
    """A server that records when its connection ends."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.gone: list[float] = []
        self.emulator: Emulator | None = None

    def __call__(self, request: ReceivedRequest) -> Iterator[Any]:
        """Send the parts."""
        try:
            yield from self.parts
        finally:
            assert self.emulator
            self.gone.append(self.emulator.clock.now())


def test_pieces_come_at_their_times(make_host: HostMaker) -> None:
    parts: list[Any] = [HEAD + b"a", Delay(2), b"bc", Delay(3), b"d", Hangup()]
    host = make_host(network=CallableNetwork(lambda request: parts)).online()
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: 0,200,4\r\n"
    host.hear(10)
    assert host.ask(b"AT+QHTTPREAD\r", 0.01) == CONNECT + b"abcd" + TRAILER


def test_nothing_is_sent_before_it_is_time(make_host: HostMaker) -> None:
    parts: list[Any] = [HEAD + b"a", Delay(2), b"bc", Delay(3), b"d"]
    host = make_host(network=CallableNetwork(lambda request: parts)).online()
    host.ask(b"AT+QHTTPGET\r", 0)
    assert host.ask(b"AT+QHTTPREAD\r", 1.9) == CONNECT + b"a"
    assert host.hear(0.2) == b"bc"
    assert host.hear(2.8) == b""
    assert host.hear(0.2) == b"d" + TRAILER


def test_a_piece_that_waits_for_the_host(make_host: HostMaker) -> None:
    """It is sent as soon as the condition is true."""
    told: list[bytes] = []
    until = Until(lambda: b"+QHTTPREAD" in b"".join(told))
    parts: list[Any] = [HEAD + b"a", until, b"bcd"]
    host = make_host(
        network=CallableNetwork(lambda request: parts),
        on_line=lambda direction, data: told.append(data),
    ).online()
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: 0,200,4\r\n"
    host.hear(7)
    assert host.ask(b"AT+QHTTPREAD\r", 0.02) == CONNECT + b"abcd" + TRAILER


def test_the_server_sees_when_the_module_has_enough(make_host: HostMaker) -> None:
    server = Watching(HEAD, Delay(3), b"abcd", Delay(100), b"never read", Silence())
    host = make_host(network=CallableNetwork(server)).online()
    server.emulator = host.emulator
    start = host.clock.now()
    host.ask(b"AT+QHTTPGET\r", 0)
    assert host.ask(b"AT+QHTTPREAD\r", 10).endswith(TRAILER)
    assert server.gone == [start + 3]


def test_a_server_that_holds_the_connection(make_host: HostMaker) -> None:
    """After `Silence`, it still notices the end of the connection."""
    server = Watching(HEAD + b"ab", Silence())
    host = make_host(network=CallableNetwork(server)).online()
    server.emulator = host.emulator
    start = host.clock.now()
    host.ask(b"AT+QHTTPGET\r", 0)
    assert host.ask(b"AT+QHTTPREAD=5\r", 4) == CONNECT + b"ab"
    assert server.gone == []
    host.hear(4)
    assert server.gone == [start + 5]


def test_a_server_that_resets_the_module(make_host: HostMaker) -> None:
    """It may close its connection while the network asks it for a part."""

    def handler(request: ReceivedRequest) -> Iterator[bytes]:
        yield HEAD
        emulator.reset(urcs=False)
        yield b"abcd"

    host = make_host(network=CallableNetwork(handler)).online()
    emulator = host.emulator
    host.ask(b"AT+QHTTPGET\r")
    host.ask(b"AT+QHTTPREAD\r", 20)
    assert host.ask(b"AT\r") == b"AT\r" + OK
