"""Bytes kept for a reader who is late: in memory, then on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from ..errors import SpoolError

__all__ = ("LIMIT", "Spool")

#: Bytes kept in memory; what is more goes to the file in one piece.
MEMORY = 1 << 20
#: Bytes kept of one response. At 115,200 baud they are six hours of a stream.
LIMIT = 256 << 20
#: Bytes that are moved within the file at a time.
PIECE = 1 << 16
#: What can be done where there is no room.
ADVICE = (
    "make room there, name another directory by the variable TMPDIR, or read a "
    "response as it comes, for which nothing is kept"
)


class Spool:
    """First in, first out; it has a file only while that holds something.

    What was read is not kept: the file is never longer than twice what it holds, or
    that and `MEMORY`.

    :param limit: in bytes, of all that is kept at a time.
    """

    #: Of the class too, for the end of one whose making was interrupted.
    _file: IO[bytes] | None = None

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        #: What the file holds is older than what memory holds.
        self._memory = bytearray()
        self._start = self._end = 0
        #: How many bytes are kept.
        self.size = 0

    def __del__(self) -> None:
        self.close()

    @property
    def _filed(self) -> int:
        return self._end - self._start

    def put(self, data: bytes) -> None:
        """Keep `data`.

        :raises SpoolError: if there is no room for it. What was put before is still
            there, and nothing of `data` is.
        """
        if self.size + len(data) > self._limit:
            raise SpoolError(
                f"the rest of the response is not kept: {self._limit >> 20} MB of it "
                "wait for their reader; read it as it comes, or close it"
            )
        if len(self._memory) + len(data) > MEMORY:
            try:
                self._write_out()
            except OSError as error:
                raise SpoolError(
                    "the rest of the response cannot be kept, for the temporary file "
                    f"cannot be written: {error}; {ADVICE}"
                ) from error
        self._memory += data
        self.size += len(data)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes, and keep them no longer.

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
            # It is only room that is not won where it fails.
            with suppress(OSError):
                self._compact(self._file)
        return data

    def close(self) -> None:
        """Forget everything."""
        self._drop_file()
        self._memory = bytearray()
        self.size = 0

    def _drop_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._start = self._end = 0

    def _write_out(self) -> None:
        """Move to the file what memory holds; only what is written leaves memory."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)
        self._file.seek(self._end)
        while self._memory:
            written = self._file.write(self._memory[:PIECE])
            del self._memory[:written]
            self._end += written

    def _compact(self, file: IO[bytes]) -> None:
        """Move what the file holds to its beginning, which was read already.

        That is shorter than what stood before it, so nothing is overwritten that is
        still to be read, and in all no more is moved than was read.
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
