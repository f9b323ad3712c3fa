"""Keep bytes for a late reader: in memory, then on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from ..errors import SpoolError

__all__ = ("LIMIT", "Spool")

#: Bytes kept in memory; more than that goes to the file in one piece.
MEMORY = 1 << 20
#: Bytes kept of one response. At 115,200 baud they are six hours of a stream.
LIMIT = 256 << 20
#: Bytes moved within the file at a time.
PIECE = 1 << 16
#: The user's options if there is no room.
ADVICE = (
    "make room there, set the variable TMPDIR to another directory, or read a "
    "response as it comes"
)


class Spool:
    """A queue of bytes, with a file only while that holds some.

    Bytes that were read are not kept. The file is never longer than twice its unread
    bytes, or these and `MEMORY`.

    :param limit: in bytes, for all that is kept at a time.
    """

    #: Also on the class, for `__del__` of an object whose `__init__` was interrupted.
    _file: IO[bytes] | None = None

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        #: The bytes in the file are older than the bytes in memory.
        self._memory = bytearray()
        self._start = self._end = 0
        #: How many bytes are kept.
        self.size = 0

    def __del__(self) -> None:
        self._drop_file()

    @property
    def _filed(self) -> int:
        return self._end - self._start

    def put(self, data: bytes) -> None:
        """Keep `data`.

        :raises SpoolError: if there is no room for it. Earlier bytes are still there,
            and nothing of `data` is.
        """
        if self.size + len(data) > self._limit:
            raise SpoolError(
                f"the rest of the response is not kept: {self._limit >> 20} MB of it "
                "are still unread. Read it as it comes, or close it"
            )
        if len(self._memory) + len(data) > MEMORY:
            try:
                self._write_out()
            except OSError as error:
                raise SpoolError(
                    "the rest of the response cannot be kept, because the temporary "
                    f"file cannot be written: {error}; {ADVICE}"
                ) from error
        self._memory += data
        self.size += len(data)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes, and remove them.

        :raises OSError: if the file cannot be read.
        """
        if self._file is None or not self._filed:
            data = bytes(self._memory[:size])
            del self._memory[:size]
            self.size -= len(data)
            return data
        self._file.seek(self._start)
        data = self._file.read(min(size, self._filed))
        self._start += len(data)
        self.size -= len(data)
        if not self._filed:
            self._drop_file()
        elif self._start > max(MEMORY, self._filed):
            # If this fails, the file only stays larger.
            with suppress(OSError):
                self._compact(self._file)
        return data

    def close(self) -> None:
        """Delete everything."""
        self._drop_file()
        self._memory = bytearray()
        self.size = 0

    def _drop_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._start = self._end = 0

    def _write_out(self) -> None:
        """Move the bytes in memory to the file; only written bytes leave memory."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)
        self._file.seek(self._end)
        while self._memory:
            written = self._file.write(self._memory[:PIECE])
            del self._memory[:written]
            self._end += written

    def _compact(self, file: IO[bytes]) -> None:
        """Move the bytes in the file to its beginning, over bytes that were read.

        These are fewer than the read bytes before them, so no unread byte is
        overwritten. In total, no more bytes are moved than were read.
        """
        end = 0
        for data in self._pieces(file):
            file.seek(end)
            end += file.write(data)
        self._start, self._end = 0, end
        file.truncate(end)

    def _pieces(self, file: IO[bytes]) -> Iterator[bytes]:
        for start in range(self._start, self._end, PIECE):
            file.seek(start)
            yield file.read(min(PIECE, self._end - start))
