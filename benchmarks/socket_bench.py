"""What `benchmarks.sockets` measures with, and the ideal dialogue."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import requests

from benchmarks.socket_servers import RTT, Served, served_by_module
from requests_bg96 import BG96Adapter
from requests_bg96.clock import Clock
from requests_bg96.emulator import Emulator, Switches, VirtualClock
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE

__all__ = ("HOST", "Bench", "Cost", "Ideal", "Stand", "check", "mark")

HOST = "server.example"
#: The most bytes of AT+QISEND and AT+QIRD (TCP manual 2.1.7, 2.1.8).
MOST_SENT, MOST_READ = 1_460, 1_500


class Cost(NamedTuple):
    """Seconds, and bytes on the line."""

    seconds: float
    up: int
    down: int

    @property
    def bytes(self) -> int:
        """The bytes of both directions."""
        return self.up + self.down


class Ideal:
    """The dialogue with the fewest bytes and waits.

    Each piece up is AT+QISEND, the module's answer time, the prompt, the payload and
    SEND OK. The network's time passes once, beside the last SEND OK. Then come the URC
    and, for each piece down, AT+QIRD, the answer time, and its answer. Nothing is asked
    before, after or between these. A module has no shorter way in buffer mode.
    """

    def __init__(self, baudrate: int, answer: float) -> None:
        self.per_byte, self.answer = BITS_PER_BYTE / baudrate, answer
        self.waited, self.up, self.down = 0.0, 0, 0

    def exchange(self, request: int, response: int) -> Cost:
        """Return the cost of a request and its response, in bytes with their heads."""
        for piece in pieces(request, MOST_SENT):
            self.up += len(f"AT+QISEND=0,{piece}\r") + piece
            self.down += len("\r\n> " + "\r\nSEND OK\r\n")
            self.waited += self.answer
        self.waited += RTT - len("\r\nSEND OK\r\n") * self.per_byte
        self.down += len('\r\n+QIURC: "recv",0\r\n')
        for piece in pieces(response, MOST_READ):
            self.up += len(f"AT+QIRD=0,{MOST_READ}\r")
            self.down += len(f"\r\n+QIRD: {piece}\r\n\r\n\r\nOK\r\n") + piece
            self.waited += self.answer
        seconds = self.waited + (self.up + self.down) * self.per_byte
        return Cost(seconds, self.up, self.down)


def pieces(size: int, most: int) -> list[int]:
    """Return the sizes of the pieces of `size` bytes."""
    return [min(most, size - start) for start in range(0, size, most)]


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
            network=served_by_module(self.clock, self.served, context),
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


def mark(text: str, figure: float, wanted: float, *, most: bool = True) -> str:
    """Return a figure with what is wanted of it."""
    met = figure <= wanted if most else figure >= wanted
    sign = "<=" if most else ">="
    return f"{text} {figure:.3f} ({sign} {wanted}{'' if met else ': MISSED'})"


def check(answer: requests.Response, size: int) -> None:
    """Check the content."""
    assert answer.content == Served.content(size)
