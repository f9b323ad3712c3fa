"""Outages of the connection to a modem, and their results."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import CallableNetwork, Delay, Emulator, ReceivedRequest
from tests.support import SOMEWHERE, Answers, response

__all__ = ("BODY", "OUTAGES", "Gateway", "Outage")

#: It takes half a second at 921,600 baud, in each direction.
BODY = bytes(range(256)) * 200
#: The timeouts of each request, in seconds.
TIMEOUT = (20.0, 5.0)
#: The error of a request that was cut once the server may have seen it.
CUT = (requests.ConnectionError, ChunkedEncodingError)


class Gateway(Protocol):
    """A gateway to a modem on another machine."""

    @property
    def url(self) -> str:
        """The port for pyserial."""

    def start(self) -> None:
        """Start, always at the same address."""

    def cut(self) -> None:
        """End at once."""


#: Puts a gateway before a device.
Maker = Callable[[str], AbstractContextManager[Gateway]]


class World:
    """A server, a module, a gateway before it, and a session over all of them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.pause = 0.0
        self.gateway: Gateway
        self.session = requests.Session()
        self._watched: tuple[str, int] | None = None
        self._passed = threading.Event()

    def answer(self, request: ReceivedRequest) -> Answers:
        """Count a request, and send a large response."""
        self.bodies.append(request.data.partition(b"\r\n\r\n")[2])
        self.watch("server", request.data)
        return [Delay(self.pause), response(BODY)]

    def watch(self, way: str, data: bytes) -> None:
        """Call this with the bytes on the line, or at the server."""
        if self._watched and self._watched[0] == way:
            self._watched = way, self._watched[1] - len(data)
            if self._watched[1] <= 0:
                self._passed.set()

    def post(self) -> bytes:
        """Send a large POST."""
        return self.session.post(SOMEWHERE, data=BODY, timeout=TIMEOUT).content

    @contextlib.contextmanager
    def cut_after(self, way: str, count: int) -> Iterator[None]:
        """Cut the connection after a number of bytes; then restore it."""
        self._watched = way, count
        self._passed.clear()

        def cut() -> None:
            self._passed.wait(20)
            self.gateway.cut()
            self.gateway.start()

        thread = threading.Thread(target=cut)
        thread.start()
        try:
            yield
        finally:
            self._passed.set()
            thread.join()
            self._watched = None

    def check(self, requests_sent: int) -> None:
        """Check that this many requests were executed, each complete."""
        assert self.bodies == [BODY] * requests_sent


@contextlib.contextmanager
def world(maker: Maker, **settings: Any) -> Iterator[World]:
    """Make a world."""
    made = World()
    network = CallableNetwork(made.answer)
    options: dict[str, Any] = {"baudrate": 921_600, "on_line": made.watch}
    with Emulator(network=network, **options) as emulator, emulator.pty() as path:
        with maker(path) as made.gateway, made.session as session:
            session.mount("http://", BG96Adapter(made.gateway.url, **settings))
            yield made


def between_requests(maker: Maker) -> None:
    """The next request does not notice."""
    with world(maker) as made:
        for count in (1, 2, 3):
            assert made.post() == BODY
            made.check(count)
            made.gateway.cut()
            made.gateway.start()


def while_a_request_waits(maker: Maker) -> None:
    """It works, or fails in time if the connect timeout is too short."""
    with world(maker) as made:
        assert made.post() == BODY
        made.gateway.cut()
        started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            made.session.post(SOMEWHERE, data=BODY, timeout=(1, 5))
        assert time.monotonic() - started < 4
        timer = threading.Timer(1.5, made.gateway.start)
        timer.start()
        assert made.post() == BODY
        timer.join()
        made.check(2)


def fails(made: World, phase: str) -> None:
    """Check that a request fails in this phase, in time."""
    started = time.monotonic()
    with pytest.raises(CUT, match=phase):
        made.post()
    assert time.monotonic() - started < sum(TIMEOUT)


def while_sending(maker: Maker) -> None:
    """The server gets nothing of the request."""
    with world(maker) as made:
        assert made.post() == BODY
        with made.cut_after("from_host", 20_000):
            fails(made, "sending the request")
        assert made.post() == BODY
        made.check(2)


def while_waiting(maker: Maker) -> None:
    """The server has executed it, once."""
    with world(maker) as made:
        assert made.post() == BODY
        made.pause = 3.0
        with made.cut_after("server", len(BODY)):
            # It may be cut before the module's OK has come.
            fails(made, "waiting for the response|sending the request")
        made.pause = 0.0
        assert made.post() == BODY
        made.check(3)


def while_reading(maker: Maker) -> None:
    """The server has executed it, once."""
    with world(maker) as made:
        assert made.post() == BODY
        with made.cut_after("to_host", 20_000):
            fails(made, "reading the response")
        assert made.post() == BODY
        made.check(3)


Outage = Callable[[Maker], None]
OUTAGES: tuple[Outage, ...] = (
    between_requests,
    while_a_request_waits,
    while_sending,
    while_waiting,
    while_reading,
)
