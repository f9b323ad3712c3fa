"""An emulated module with servers, and a session over it, to be measured."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import requests

from benchmarks.socket_servers import Served, served_by_module
from requests_bg96 import BG96Adapter
from requests_bg96.clock import Clock
from requests_bg96.emulator import Emulator, Switches, VirtualClock

__all__ = ("HOST", "Bench", "Cost", "Stand", "check")

HOST = "server.example"


class Cost(NamedTuple):
    """Seconds, and bytes on the line."""

    seconds: float
    up: int
    down: int

    @property
    def bytes(self) -> int:
        """The bytes of both directions."""
        return self.up + self.down


class Stand:
    """An emulated module with servers behind it, and a line whose bytes are counted.

    :param line: the bits per second, or None for a line like USB; and the seconds in
        which the module answers.
    :param context: the TLS of the servers on port 443.
    :param clock: of the emulator; a virtual one by default.
    """

    def __init__(
        self,
        line: tuple[int | None, float],
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock, self.served = clock or VirtualClock(), Served()
        self.written = bytearray()
        self._read = 0
        self.emulator = Emulator(
            line[0],
            answer_delay=line[1],
            clock=self.clock,
            network=served_by_module(self.served, context),
            switches=Switches(sni_checkhost=True),
            on_line=self._count,
        )

    def _count(self, way: str, data: bytes) -> None:
        if way == "from_host":
            self.written += data
        else:
            self._read += len(data)

    def cost(self, action: Callable[[], object]) -> Cost:
        """Return what `action` costs."""
        up, down, started = len(self.written), self._read, self.clock.now()
        action()
        seconds = self.clock.now() - started
        return Cost(seconds, len(self.written) - up, self._read - down)


class Bench(Stand):
    """A session over an emulated module.

    :param via: the way of its adapter.
    :param options: of the adapter.
    """

    def __init__(
        self,
        line: tuple[int | None, float],
        via: Any,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        super().__init__(line, context, clock)
        self.session = requests.Session()
        self.session.trust_env = False
        # The session keeps its adapter, and that the port; the port needs the emulator.
        url = self.emulator.url
        self.adapter = BG96Adapter(url, clock=self.clock, via=via, **options)
        self.session.mount("http://", self.adapter)
        self.session.mount("https://", self.adapter)

    def ask(self, size: int, body: int = 0, scheme: str = "http", **more: Any) -> None:
        """Get `size` bytes, or send `body` bytes and get as many as `size`."""
        data = Served.content(body) if body else None
        method, url = "POST" if body else "GET", f"{scheme}://{HOST}/{size}"
        answer = self.session.request(method, url, data=data, **more)
        check(answer, size)
        assert self.served.body == (data or b"")


def check(answer: requests.Response, size: int) -> None:
    """Check the content."""
    assert answer.content == Served.content(size)
