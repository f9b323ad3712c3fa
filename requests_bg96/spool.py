"""Bytes kept for a reader who is late: in memory, then on disk."""

from __future__ import annotations

import tempfile

__all__ = ("Spool",)

#: Bytes kept in memory.
MEMORY = 1 << 20


class Spool:
    """First in, first out."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115
        self._read = 0
        self._written = 0

    def __len__(self) -> int:
        return self._written - self._read

    def put(self, data: bytes) -> None:
        """Keep `data`."""
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes, and keep them no longer."""
        self._file.seek(self._read)
        data: bytes = self._file.read(size)
        self._read += len(data)
        if self._read == self._written:
            self._file.seek(0)
            self._file.truncate()
            self._read = self._written = 0
        return data

    def close(self) -> None:
        """Forget everything."""
        self._file.close()
        self._read = self._written = 0
