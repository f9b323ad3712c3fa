"""Bytes kept for a reader who is late: in memory, then on disk."""

from __future__ import annotations

import tempfile

__all__ = ("Spool",)

#: Bytes kept in memory.
MEMORY = 1 << 20


class Spool:
    """First in, first out; it takes a file only while it holds something."""

    #: Of the class too, for the end of one whose making was interrupted.
    _file: tempfile.SpooledTemporaryFile[bytes] | None = None

    def __init__(self) -> None:
        self._read = 0
        self._written = 0

    def __len__(self) -> int:
        return self._written - self._read

    def __del__(self) -> None:
        self.close()

    def put(self, data: bytes) -> None:
        """Keep `data`."""
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY)
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes, and keep them no longer."""
        if self._file is None:
            return b""
        self._file.seek(self._read)
        data = self._file.read(size)
        self._read += len(data)
        if not self:
            self.close()
        return data

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._read = self._written = 0
