"""Where a body ends: by its length, by its chunks, or when the connection closes."""

from __future__ import annotations

import re
from typing import Protocol

__all__ = (
    "BodyParser",
    "ChunkedBody",
    "LengthBody",
    "MalformedBody",
    "OpenBody",
    "SurplusBody",
)

_SIZE_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n")

#: The most bytes of one line of chunk framing.
_LINE_LIMIT = 4096


class MalformedBody(Exception):
    """The chunk framing is wrong."""


class BodyParser(Protocol):
    """Takes the bytes of a connection, and returns those for the host."""

    done: bool

    def feed(self, data: bytes) -> bytes:
        """Take bytes, and return those for the host."""

    def close(self) -> bool:
        """Take the end of the connection; return whether the body is complete."""

    def lapse(self) -> bool:
        """Take a timeout or a reset; return whether the body is complete."""


class LengthBody:
    """A body of known length.

    :param length: the number of its bytes.
    """

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        #: The bytes after the end.
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes that belong to the body."""
        data, self.rest = data[: self._left], data[self._left :]
        self._left -= len(data)
        self.done = self._left == 0
        return data

    def close(self) -> bool:
        """Return False: bytes are missing."""
        return False

    def lapse(self) -> bool:
        """Return False: bytes are missing."""
        return False


class OpenBody:
    """A body that ends with the connection."""

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return all bytes."""
        return data

    def close(self) -> bool:
        """Return True: the connection ends the body."""
        self.done = True
        return True

    def lapse(self) -> bool:
        """Return False: only the end of the connection ends the body."""
        return False


class ChunkedBody:
    """A body with chunk framing (RFC 9112 7.1).

    :param raw: whether the host gets the framing, too.
    """

    def __init__(self, raw: bool) -> None:
        self._raw = raw
        self._buffer = b""
        self._left = 0
        self._state = "size"
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return the data of the chunks, or with `raw` all bytes of the body.

        :raises MalformedBody: if the framing is wrong.
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
        """Return False: the last chunk is missing."""
        return False

    def lapse(self) -> bool:
        """Return False: the last chunk is missing."""
        return False

    @property
    def rest(self) -> bytes:
        """The bytes after the end."""
        return self._buffer if self.done else b""

    def _advance(self) -> bytes | None:
        """Take one piece and return its data; None if it is not complete."""
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
    """A body that tells its end, and the surplus bytes after it.

    :param body: the body without the surplus.
    """

    def __init__(self, body: LengthBody | ChunkedBody) -> None:
        self._body = body
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Return the bytes of the body, and those after it.

        :raises MalformedBody: if the framing is wrong.
        """
        if self._body.done:
            return data
        body = self._body.feed(data)
        return body + self._body.rest

    def close(self) -> bool:
        """Return whether the body is complete."""
        self.done = self._body.done
        return self.done

    def lapse(self) -> bool:
        """Return whether the body is complete."""
        return self.close()
