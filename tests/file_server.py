"""A server with one file, which may change, and whose responses may break off."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from requests_bg96.emulator import Hangup, ReceivedRequest

#: The time of the server's responses.
NOW = 1_700_000_000


def date(seconds: float) -> str:
    """A date of HTTP, so long before `NOW`."""
    return email.utils.formatdate(NOW - seconds, usegmt=True)


class FileServer:
    """The server, as the handler of a `CallableNetwork`, or by `respond`.

    :param content: the file.
    :param cuts: for each response, after how many bytes of its body it breaks off. The
        responses after these are complete.
    :param headers: of every response with bytes of the file.
    :param ranges: whether it knows of ranges.
    :param if_range: whether it heeds If-Range.
    """

    def __init__(
        self,
        content: bytes,
        *,
        cuts: Iterable[int] = (),
        headers: dict[str, str] | None = None,
        ranges: bool = True,
        if_range: bool = True,
    ) -> None:
        self.content = content
        self.cuts = list(cuts)
        self.headers = {"ETag": '"one"'} if headers is None else headers
        self.ranges = ranges
        self.if_range = if_range
        #: The Range of each request.
        self.asked: list[str | None] = []
        #: How many bytes of the file were sent.
        self.sent = 0
        #: Changes the head of a part.
        self.change: Callable[[dict[str, str]], Any] = lambda headers: None

    def __call__(self, request: ReceivedRequest) -> Iterator[bytes | Hangup]:
        head, _, _ = request.data.partition(b"\r\n\r\n")
        fields = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
        head, body = self.respond(
            {name.decode().lower(): value.decode() for name, _, value in fields}
        )
        cut = self.cuts.pop(0) if self.cuts else len(body)
        self.sent += len(body[:cut])
        yield head + body[:cut]
        if cut < len(body):
            yield Hangup()

    def respond(self, fields: dict[str, str]) -> tuple[bytes, bytes]:
        """Return head and body of the response to a request with these headers."""
        self.asked.append(fields.get("range"))
        start = self._start(fields)
        body = self.content[start:]
        status = "200 OK" if start == 0 else "206 Partial Content"
        headers = {"Date": date(0), "Content-Length": str(len(body)), **self.headers}
        if start:
            whole = len(self.content)
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            self.change(headers)
        if start > len(self.content):
            status, body, headers = "416 No", b"", {"Content-Length": "0"}
        lines = [f"HTTP/1.1 {status}", *(f"{a}: {b}" for a, b in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode(), body

    def _start(self, fields: dict[str, str]) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", fields.get("range", ""))
        validator = fields.get("if-range")
        known = (self.headers.get("ETag"), self.headers.get("Last-Modified"), None)
        fits = validator in known or not self.if_range
        return int(match[1]) if match and self.ranges and fits else 0


def repr_digest(content: bytes) -> str:
    """The value of Repr-Digest (RFC 9530)."""
    value = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return f"sha-256=:{value}:"
