"""The server behind the examples on the pages."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from typing import Any

from requests_bg96.emulator import Connection, Unresolvable
from requests_bg96.emulator.callable_network import Part

__all__ = ("ExampleServer",)

#: The file that the examples download.
FIRMWARE = bytes(range(256)) * 40
EVENTS = b"data: one\n\n: a comment\n\ndata: two\ndata: lines\n\n"


class ExampleServer:
    """Answers the requests of one page.

    ``/firmware.bin`` may be fetched in parts; ``/events`` are two events; ``/flaky``
    fails twice. Every other path works. A host ``absent.example`` does not resolve.
    """

    def __init__(self) -> None:
        self.counts = collections.Counter[str]()

    def connect(self, host: str, port: int, tls: object) -> None:
        """Connect, or not."""
        if host == "absent.example":
            raise Unresolvable

    def echo(self, connection: Connection) -> Iterator[Part] | None:
        """Send back what comes on port 7; other ports are for requests."""
        return _echo(connection) if connection.port == 7 else None

    def __call__(self, request: Any) -> Iterator[bytes]:
        """Answer one request."""
        head = bytes(request.data).partition(b"\r\n\r\n")[0].decode()
        method, path = head.split()[:2]
        self.counts[path] += 1
        if path == "/firmware.bin":
            yield _part(head)
        elif path == "/events":
            yield _answer("200 OK", EVENTS, "Content-Type: text/event-stream")
        elif path == "/flaky" and self.counts[path] < 3:
            yield _answer("503 Service Unavailable", b"")
        else:
            yield _answer("201 Created" if method == "POST" else "200 OK", b"hello")


def _echo(connection: Connection) -> Iterator[Part]:
    while not connection.ended:
        yield connection.heard()
        yield connection.read()


def _part(head: str) -> bytes:
    wanted = re.search(r"^Range: bytes=(\d+)-\r?$", head, re.MULTILINE)
    fits = re.search(r'^If-Range: "v1"\r?$', head, re.MULTILINE)
    if not wanted or not fits:
        return _answer("200 OK", FIRMWARE, 'ETag: "v1"')
    first, size = int(wanted[1]), len(FIRMWARE)
    if first >= size:
        return _answer("416 Range Not Satisfiable", b"")
    told = f"Content-Range: bytes {first}-{size - 1}/{size}"
    return _answer("206 Partial Content", FIRMWARE[first:], 'ETag: "v1"', told)


def _answer(status: str, body: bytes, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body
