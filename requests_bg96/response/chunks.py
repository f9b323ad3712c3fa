"""Follow chunk framing (RFC 9112 section 7.1) without removing it."""

from __future__ import annotations

import re

from ..errors import TransferError

__all__ = ("ChunkScanner", "may_be_chunked")

#: Size lines and trailer fields are much shorter.
FRAMING_LINE_LIMIT = 1 << 16

#: `int` accepts blanks around a number, and so does http.client.
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?\r?\n")
#: Matches the beginning of a size line, to reject other text before its line end.
_SIZE_BEGUN = re.compile(rb"[ \t]*(?:[0-9A-Fa-f]{1,16}[ \t]*(?:;.*|\r)?)?")
_BEGINNING = 64
_FIELD = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:|[ \t]).*\n")
# A byte of the line end before it may be missing, or wrong.
_LAST_CHUNK = re.compile(
    rb"(?:\n|\r[^\n]?)0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n:]+:[^\r\n]*\r\n)*\r\n\Z"
)


class ChunkScanner:
    """Finds the end of a chunked body.

    Feed it with the body as it comes. It looks at every byte once.
    """

    def __init__(self) -> None:
        #: The number of complete chunks.
        self.count = 0
        #: Whether the last chunk and its trailer fields are complete.
        self.finished = False
        self._left = 0
        self._line = bytearray()
        self._state = self._size

    def __repr__(self) -> str:
        state = "finished" if self.finished else self._state.__name__.removeprefix("_")
        return f"<{type(self).__name__} {state}, {self.count} chunks>"

    @property
    def begun(self) -> bool:
        """Whether the first size is complete, so that a chunk has begun."""
        return self.count > 0 or self._state != self._size

    @property
    def wants_line_end(self) -> bool:
        """Whether only the line end of a chunk may come next."""
        return self._state == self._data_end and not self._line

    def feed(self, data: bytes) -> int:
        """Follow `data`, and return how many of its bytes belong to the body.

        :raises TransferError: if it is not chunk framing.
        """
        position = 0
        while position < len(data) and not self.finished:
            position = self._state(data, position)
        return position

    def _size(self, data: bytes, position: int) -> int:
        position = self._read_line(data, position)
        if self._line.endswith(b"\n"):
            match = _SIZE.fullmatch(self._line)
            if match is None:
                raise TransferError(f"no chunk size: {bytes(self._line[:40])!r}")
            self._left = int(match[1], 16)
            self._line.clear()
            self._state = self._data if self._left else self._fields
        elif not _SIZE_BEGUN.fullmatch(self._line[:_BEGINNING]):
            # Other text may have no line end for hours.
            raise TransferError(f"no chunk size: {bytes(self._line[:40])!r}")
        return position

    def _data(self, data: bytes, position: int) -> int:
        taken = min(self._left, len(data) - position)
        self._left -= taken
        if not self._left:
            self._state = self._data_end
        return position + taken

    def _data_end(self, data: bytes, position: int) -> int:
        self._line += data[position : position + 1]
        if not b"\r\n".startswith(self._line):
            raise TransferError(f"a chunk ends with {bytes(self._line)!r}")
        if len(self._line) == 2:
            self._line.clear()
            self.count += 1
            self._state = self._size
        return position + 1

    def _fields(self, data: bytes, position: int) -> int:
        position = self._read_line(data, position)
        if bytes(self._line) in (b"\r\n", b"\n"):
            self.finished = True
        elif self._line.endswith(b"\n"):
            if not _FIELD.fullmatch(self._line):
                raise TransferError(f"no trailer field: {bytes(self._line[:40])!r}")
            self._line.clear()
        return position

    def _read_line(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position) + 1 or len(data)
        self._line += data[position:end]
        if len(self._line) > FRAMING_LINE_LIMIT:
            raise TransferError(
                f"a line of chunk framing is over {FRAMING_LINE_LIMIT} bytes"
            )
        return end


def may_be_chunked(ending: bytes) -> bool:
    """Return whether a body with this ending may be chunk framing with a wrong byte."""
    short = len(ending) <= 6 and ending.count(b"\r") + ending.count(b"\n") >= 3
    return short or _LAST_CHUNK.search(ending) is not None
