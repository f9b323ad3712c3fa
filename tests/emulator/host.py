"""The host's side of a dialogue, in virtual time."""

from __future__ import annotations

import types
from typing import Any, Callable, Iterable, Iterator, Literal, Union

import serial

from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    Hangup,
    ReceivedRequest,
    Silence,
    VirtualClock,
)

Delivery = Literal["whole", "bytewise", "random"]
DELIVERIES: tuple[Delivery, ...] = ("whole", "bytewise", "random")

Answer = Union[bytes, Iterable[Union[bytes, Delay, Hangup, Silence]]]

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
CONNECT = b"\r\nCONNECT\r\n"

#: The virtual seconds in which a module answers that waits for nothing.
SOON = 0.05


def cme(code: int) -> bytes:
    """Return the line of an error number."""
    return b"\r\n+CME ERROR: %d\r\n" % code


def response(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a response, with Content-Length unless a field tells another framing."""
    lines = [b"HTTP/1.1 " + status, *fields]
    if not any(b"chunked" in field or b"ength" in field for field in fields):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Servers:
    """All servers. They answer in order, and keep the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[ReceivedRequest] = []
        self.connections: list[tuple[str, int]] = []
        self.failures: list[Exception] = []

    def __call__(self, request: ReceivedRequest) -> Answer:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else [Silence()]

    def connect(self, host: str, port: int, tls: object) -> None:
        """Record a connection, or fail it."""
        self.connections.append((host, port))
        if self.failures:
            raise self.failures.pop(0)


class Host:
    """A program with the module's port open.

    :param delivery: "whole"; "bytewise" writes and reads single bytes; "random" reads
        random pieces.
    :param options: the arguments of the emulator.
    """

    def __init__(self, delivery: Delivery = "whole", **options: Any) -> None:
        self.clock = VirtualClock()
        self.servers = Servers()
        options.setdefault("network", CallableNetwork(self.servers))
        fragment = {"whole": None, "bytewise": 1, "random": "random"}[delivery]
        options.setdefault("fragment", fragment)
        self.bytewise = delivery == "bytewise"
        self.emulator = Emulator(clock=self.clock, **options)
        self.port: Any = serial.serial_for_url(self.emulator.url, 115200)

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.port.close()
        self.emulator.close()

    def send(self, data: bytes) -> None:
        """Write bytes."""
        pieces = (
            [data[i : i + 1] for i in range(len(data))] if self.bytewise else [data]
        )
        for piece in pieces:
            assert self.port.write(piece) == len(piece)

    def hear(self, seconds: float = SOON) -> bytes:
        """Return the bytes that come within a time."""
        self.port.timeout = seconds
        heard: bytes = self.port.read(1 << 24)
        return heard

    def ask(self, data: bytes, seconds: float = SOON) -> bytes:
        """Write bytes, and return those that come within a time."""
        self.send(data)
        return self.hear(seconds)

    def quiet(self, *commands: bytes) -> Host:
        """Turn the echo off, and send commands that must succeed."""
        self.ask(b"ATE0\r")
        for command in commands:
            assert self.ask(command + b"\r") == OK, command
        return self

    def online(self, url: bytes = b"http://example.org/path", **settings: int) -> Host:
        """Prepare for a request: no echo, an active context, URL and settings."""
        self.quiet(b"AT+QIACT=1")
        for key, value in settings.items():
            command = b'AT+QHTTPCFG="%s",%d\r' % (key.encode(), value)
            assert self.ask(command) == OK
        assert self.ask(b"AT+QHTTPURL=%d\r" % len(url)) == CONNECT
        assert self.ask(url) == OK
        return self


HostMaker = Callable[..., Host]


def make_hosts(delivery: Delivery) -> Iterator[HostMaker]:
    """Make hosts, and close them at the end."""
    made: list[Host] = []

    def make(**options: Any) -> Host:
        made.append(Host(delivery, **options))
        return made[-1]

    yield make
    for host in made:
        host.__exit__(None, None, None)
