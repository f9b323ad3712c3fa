"""A network of generators: what the server sends, and when."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    Connection,
    Delay,
    Hangup,
    NetworkFailure,
    Silence,
    StreamNetwork,
    VirtualClock,
)
from requests_bg96.emulator.network import Closed, Connected, Failed, Received, Resolved
from requests_bg96.emulator.scheduler import NEVER
from tests.emulator.host import response


def events(link: Any, until: float = 1e9) -> list[tuple[float, Any]]:
    """The events of a connection until a time, with their times."""
    found = []
    while link.due() <= until:
        found.append((link.due(), link.take()))
    return found


def connected(serve: Any, **options: Any) -> Any:
    """A connection to a generator."""
    network = StreamNetwork(serve, **options)
    network.attach(VirtualClock(), lambda: None)
    return network.connect("example.org", 25, None, 10.0)


def test_a_conversation() -> None:
    def serve(connection: Connection) -> Iterator[Any]:
        yield b"220 %b" % connection.host.encode()
        while True:
            yield connection.heard()
            data = connection.read()
            if not data:
                return
            yield Delay(2)
            yield data.upper()

    link = connected(serve)
    greeting = [(10, Connected()), (10, Received(b"220 example.org"))]
    assert events(link) == greeting
    link.send(b"he", 20)
    link.send(b"lo", 21)
    assert events(link) == [(23, Received(b"HELO"))]
    link.send(b"quit", 30)
    assert events(link, 31) == []
    link.shut_down(31)
    assert events(link) == [(32, Received(b"QUIT")), (32, Closed())]
    assert link.due() == NEVER


def test_what_is_unread_is_unsent() -> None:
    def serve(connection: Connection) -> Iterator[Any]:
        yield Silence()

    link = connected(serve)
    assert events(link) == [(10, Connected())]
    link.send(b"12345", 11)
    assert link.unsent == 5
    link.shut_down(12)
    link.finish(12)
    assert events(link) == []


@pytest.mark.parametrize(
    ("end", "event"),
    [
        (Hangup(), Closed()),
        (Hangup(reset=True), Closed(reset=True)),
        (NetworkFailure(710), Failed(710)),
    ],
)
def test_ends(end: Any, event: Any) -> None:
    def serve(connection: Connection) -> Iterator[Any]:
        yield b"x" * 1461
        if isinstance(end, Exception):
            raise end
        yield end

    said = [Received(b"x" * 1460), Received(b"x"), event]
    assert [one for _, one in events(connected(serve))] == [Connected(), *said]


def test_a_connection_that_is_closed() -> None:
    gone = []

    def serve(connection: Connection) -> Iterator[Any]:
        try:
            yield connection.heard()
        finally:
            gone.append(connection)

    link = connected(serve)
    assert events(link) == [(10, Connected())]
    link.close()
    assert gone and link.due() == NEVER


def test_a_server_that_hangs_up() -> None:
    link = connected(lambda connection: iter([b"a", b"b"]))
    assert link.take() == Connected()
    link.hang_up(12)
    assert events(link) == [(12, Closed())]


def test_a_connection_that_does_not_come_about() -> None:
    """No byte is sent over it."""

    def connect(host: str, port: int, tls: object) -> None:
        raise NetworkFailure(716)

    link = connected(lambda connection: iter([b"a"]), connect=connect)
    assert link.take() == Failed(716)
    assert link.due() == NEVER


def test_others_are_for_the_handler() -> None:
    def serve(connection: Connection) -> Iterator[Any] | None:
        return None

    answer = response(b"hi")
    link = connected(serve, handler=lambda request: answer, delay=3)
    link.send(b"GET / HTTP/1.1\r\n\r\n", 14)
    assert events(link) == [(13, Connected()), (14, Received(answer))]
    assert connected(serve).unsent == 0


def test_a_name_is_no_connection() -> None:
    network = StreamNetwork(lambda connection: iter([b"a"]))
    lookup = network.resolve("example.org", 1.0)
    assert (lookup.due(), lookup.take()) == (1.0, Resolved(("192.0.2.1",)))
    assert lookup.due() == NEVER


def test_the_end_of_a_connection_for_requests() -> None:
    link = CallableNetwork(lambda request: b"").connect("a", 80, None, 1.0)
    link.take()
    link.shut_down(5.0)
    assert (link.due(), link.take()) == (5.0, Closed())
