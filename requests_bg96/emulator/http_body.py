"""The end of a body, as the module finds it: by length, by chunks, by the close."""

from __future__ import annotations

import re
from typing import Protocol

__all__ = (
    "Body",
    "ChunkedBody",
    "LengthBody",
    "MalformedBody",
    "OpenBody",
    "SurplusBody",
)

_SIZE_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n")

#: Bytes of one line of chunk framing.
_LINE_LIMIT = 4096


class MalformedBody(Exception):
    """Chunk framing that is none."""


class Body(Protocol):
    """Takes the bytes of a connection and gives those for the host."""

    done: bool

    def feed(self, data: bytes) -> bytes:
        """Return what the host gets of these bytes."""

    def close(self) -> bool:
        """Take the close of the connection; False where bytes are missing."""

    def lapse(self) -> bool:
        """Take an end of another kind; False where it is none."""


class LengthBody:
    """A body of known length.

    :param length: bytes.
    """

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        #: What came last behind the end.
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes up to the length."""
        data, self.rest = data[: self._left], data[self._left :]
        self._left -= len(data)
        self.done = self._left == 0
        return data

    def close(self) -> bool:
        """Miss bytes."""
        return False

    def lapse(self) -> bool:
        """Miss bytes."""
        return False


class OpenBody:
    """A body that ends with the connection."""

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return everything."""
        return data

    def close(self) -> bool:
        """Be complete."""
        self.done = True
        return True

    def lapse(self) -> bool:
        """Wait for the close."""
        return False


class ChunkedBody:
    """A body with chunk framing (RFC 9112 7.1).

    :param raw: hand the framing on as well.
    """

    def __init__(self, raw: bool) -> None:
        self._raw = raw
        self._buffer = b""
        self._left = 0
        self._state = "size"
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return the payload, or with ``raw`` all up to the end of the body.

        :raises MalformedBody: if a chunk size should stand.
        """
        self._buffer += data
        output = bytearray()
        while not self.done and self._buffer:
            before, payload = self._buffer, self._advance()
            if payload is None:
                break
            used = before[: len(before) - len(self._buffer)]
            output += used if self._raw else payload
        return bytes(output)

    def close(self) -> bool:
        """Miss the last chunk."""
        return False

    def lapse(self) -> bool:
        """Miss the last chunk."""
        return False

    @property
    def rest(self) -> bytes:
        """What came behind the end."""
        return self._buffer if self.done else b""

    def _advance(self) -> bytes | None:
        """Use up one piece; None when it is not complete yet."""
        return {"size": self._size, "data": self._data, "line": self._line}[
            "line" if self._state in ("end", "trailer") else self._state
        ]()

    def _size(self) -> bytes | None:
        if b"\n" not in self._buffer:
            self._check_length()
            return None
        size = _SIZE_LINE.match(self._buffer)
        if not size:
            raise MalformedBody(self._buffer[:80])
        self._buffer = self._buffer[size.end() :]
        self._left = int(size[1], 16)
        self._state = "data" if self._left else "trailer"
        return b""

    def _data(self) -> bytes:
        payload = self._buffer[: self._left]
        self._buffer = self._buffer[len(payload) :]
        self._left -= len(payload)
        if not self._left:
            self._state = "end"
        return payload

    def _line(self) -> bytes | None:
        line, newline, rest = self._buffer.partition(b"\n")
        if not newline:
            self._check_length()
            return None
        self._buffer = rest
        empty = line in (b"", b"\r")
        if self._state == "end":
            if not empty:
                raise MalformedBody(line[:80])
            self._state = "size"
        else:
            self.done = empty
        return b""

    def _check_length(self) -> None:
        if len(self._buffer) > _LINE_LIMIT:
            raise MalformedBody(self._buffer[:80])


class SurplusBody:
    """A body that tells its end, and whatever comes behind it up to the close.

    :param body: the part of it that has an end.
    """

    def __init__(self, body: LengthBody | ChunkedBody) -> None:
        self._body = body
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return the body, and everything behind it.

        :raises MalformedBody: as the body does.
        """
        if self._body.done:
            return data
        body = self._body.feed(data)
        return body + self._body.rest

    def close(self) -> bool:
        """Be complete where the body is."""
        self.done = self._body.done
        return self.done

    def lapse(self) -> bool:
        """Be complete where the body is."""
        return self.close()
