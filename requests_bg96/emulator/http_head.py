"""Parse the head of a response; tell whether a request closes the connection."""

from __future__ import annotations

import dataclasses
import re

__all__ = (
    "HEAD_LIMIT",
    "MalformedHead",
    "ResponseHead",
    "cut_head",
    "split_head",
    "wants_close",
)

#: The most bytes of a head. No manual has a limit; this one only limits the memory.
HEAD_LIMIT = 65536

_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9][.][0-9] ([0-9]{3})(?: |\r|\n|$)")
#: A number with more digits is not a length: no body is so large.
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CLOSE = re.compile(rb"^connection[ \t]*:.*\bclose\b", re.I | re.M)
_KEEP_ALIVE = re.compile(rb"^connection[ \t]*:.*\bkeep-alive\b", re.I | re.M)
_OLD = re.compile(rb"[^\r\n]* HTTP/1[.]0\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")


class MalformedHead(Exception):
    """The bytes of the server are not an HTTP response."""


@dataclasses.dataclass(frozen=True)
class ResponseHead:
    """The head of a response.

    :param raw: its bytes as received, with the empty line.
    :param status: the status, 100 to 999.
    :param length: the value of Content-Length, or None.
    :param chunked: whether the body has chunk framing.
    :param persistent: whether the connection stays open after the response.
    :param location: the value of Location, or "".
    """

    raw: bytes
    status: int
    length: int | None
    chunked: bool
    persistent: bool
    location: str

    @classmethod
    def parse(cls, raw: bytes) -> ResponseHead:
        """Parse a head.

        :raises MalformedHead: if it does not begin with a status line.
        """
        status = _STATUS.match(raw)
        if not status:
            raise MalformedHead(raw[:80])
        fields = _fields(raw)
        length = fields.get(b"content-length", b"")
        options = fields.get(b"connection", b"").lower()
        old = raw.startswith(b"HTTP/1.0")
        return cls(
            raw,
            int(status[1]),
            int(length) if _LENGTH.fullmatch(length) else None,
            b"chunked" in fields.get(b"transfer-encoding", b"").lower(),
            b"keep-alive" in options if old else b"close" not in options,
            fields.get(b"location", b"").decode("latin-1"),
        )

    def rewritten(self, *, decoded: bool) -> bytes:
        """Return the head as a module prints it that parses and rebuilds heads.

        :param decoded: whether to remove Transfer-Encoding, because the module has
            decoded the body.
        """
        first, *rest = _FOLD.sub(b" ", self.raw.strip()).splitlines()
        lines = [first]
        for line in rest:
            name, _, value = line.partition(b":")
            if not (decoded and name.lower() == b"transfer-encoding"):
                lines.append(name.strip() + b": " + value.strip())
        return b"\r\n".join(lines) + b"\r\n\r\n"


def split_head(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the first head and the bytes after it; None if it is not complete."""
    end = _END.search(data)
    return (data[: end.end()], data[end.end() :]) if end else None


def cut_head(data: bytes) -> bytes | None:
    """Return the lines of a head that ended early; None without a status line.

    An incomplete line is not a field.
    """
    whole = data[: data.rfind(b"\n") + 1]
    return whole if _STATUS.match(whole) else None


def wants_close(request: bytes) -> bool:
    """Return whether a request asks to close the connection (RFC 9112 9.3).

    :param request: its head, and any part of its body.
    """
    split = split_head(request)
    if not split:
        return False
    head = split[0]
    if _CLOSE.search(head):
        return True
    return bool(_OLD.match(head) and not _KEEP_ALIVE.search(head))


def _fields(raw: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b" ", raw).splitlines()[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            # The first value of a repeated field counts: a module stores one number.
            fields.setdefault(name.strip().lower(), value.strip())
    return fields
