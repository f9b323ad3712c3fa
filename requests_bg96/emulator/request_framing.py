"""Where a request ends, as a server decides it (RFC 9112 6.3)."""

from __future__ import annotations

import re

from .http_body import BodyParser, ChunkedBody, LengthBody, MalformedBody
from .http_head import split_head

__all__ = ("RequestFraming",)

#: A number with more digits is not a length: no body is so large.
_LENGTH = re.compile(
    rb"^content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r?$", re.I | re.M
)
_CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:.*chunked", re.I | re.M)


class RequestFraming:
    """Collects the bytes of a request."""

    def __init__(self) -> None:
        self._data = b""
        self._body: BodyParser | None = None

    def feed(self, data: bytes) -> bytes | None:
        """Add bytes; return the request once it is complete."""
        self._data += data
        if self._body is None:
            split = split_head(self._data)
            if not split:
                return None
            self._body, data = _framing(split[0]), split[1]
        return self._complete(data)

    def rest(self) -> bytes | None:
        """Return the bytes of an incomplete head; None if a body is missing."""
        if self._body is not None or not self._data:
            return None
        data, self._data = self._data, b""
        return data

    def _complete(self, data: bytes) -> bytes | None:
        assert self._body is not None
        try:
            self._body.feed(data)
        except MalformedBody:
            # The server decides what to do with a wrong body.
            self._body.done = True
        if not self._body.done:
            return None
        request, self._data, self._body = self._data, b"", None
        return request


def _framing(head: bytes) -> BodyParser:
    if _CHUNKED.search(head):
        return ChunkedBody(raw=True)
    length = _LENGTH.search(head)
    return LengthBody(int(length[1]) if length else 0)
