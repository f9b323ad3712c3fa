"""A file that comes in parts, perhaps in several runs of a program.

The bytes are in ``NAME.part``. ``NAME.part.json`` tells what they are a part of, how
many of them are on the disk, and their digest. If a machine loses its
power, a file may be longer than what was written to it: bytes that the digest does not
cover are not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from .digests import Digest

__all__ = ("PartialFile",)

#: Read and write. O_BINARY keeps Windows from changing line ends. O_NOFOLLOW refuses a
#: link, which somebody may have placed so that another file is overwritten.
_MODE = (
    os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
)
#: Write to the disk after this many bytes. With more, a power cut loses more. With
#: fewer, a flash memory wears faster.
STEP = 65536


class PartialFile:
    """The part of a file that is there; a context manager that keeps it at the end.

    :param path: of the whole file.
    :raises OSError: if it cannot be written, or another program writes it.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self._notes = path.with_name(f"{path.name}.part.json")
        self._file = _opened(self._part)
        #: What the bytes are a part of; None if there are none.
        self.source: dict[str, Any] | None = None
        #: How many of them are known to be right.
        self.certain = 0
        try:
            self._restore()
        except (OSError, ValueError, KeyError, TypeError):
            self.certain = 0
            self._cut(0)

    @property
    def size(self) -> int:
        """The number of bytes that are there."""
        return self._size

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file.closed:
            return
        if self._size == 0:
            self.discard()
            return
        # The error that ends the download counts, not one of a full disk here.
        with contextlib.suppress(OSError):
            self._save()
        self._file.close()

    def begin(self, source: dict[str, Any]) -> None:
        """Start again, with bytes of `source`, which JSON can hold."""
        self._file.truncate(0)
        self._cut(0)
        self.source, self.certain = source, 0
        self._save()

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes only."""
        self._file.truncate(size)
        self._cut(size)
        self.certain = min(self.certain, size)

    def behind(self, start: int) -> bytes:
        """Return the bytes from `start` on."""
        self._file.seek(start)
        found = self._file.read()
        self._file.seek(self._size)
        return found

    def write(self, data: bytes) -> None:
        """Add bytes at the end.

        :raises OSError: if there is no room.
        """
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)
        if self._size - self._saved >= STEP:
            self._save()

    def fits(self, digest: Digest) -> bool:
        """Return whether the bytes that are on the disk have this digest."""
        self._file.flush()
        return digest.fits(self._file)

    def finish(self) -> None:
        """Move the file into its place: it is complete."""
        self._file.flush()
        os.fsync(self._file.fileno())
        with self._closing():
            os.replace(self._part, self.path)
            self._notes.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete what is there."""
        with self._closing():
            for path in (self._part, self._notes):
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Close the file after the block, so that no other program takes it before."""
        if os.name == "nt":
            # Windows does not move or delete an open file.
            self._file.close()
        try:
            yield
        finally:
            self._file.close()

    def _restore(self) -> None:
        """Take what an earlier run has left, as far as it is certain.

        :raises ValueError: if nothing is; so do some other exceptions.
        """
        notes = json.loads(self._notes.read_text(encoding="utf-8"))
        source, size, digest = notes["source"], notes["size"], notes["sha256"]
        there = os.fstat(self._file.fileno()).st_size
        self.certain = notes["certain"]
        orderly = 0 <= int(self.certain) <= int(size) <= there
        if not (isinstance(source, dict) and orderly):
            raise ValueError
        self._cut(size)
        if self._digest.hexdigest() != digest:
            raise ValueError
        self._file.truncate(size)
        self.source = source

    def _cut(self, size: int) -> None:
        """Go to the end of the first `size` bytes."""
        self._digest = hashlib.sha256()
        self._file.seek(0)
        for begin in range(0, size, STEP):
            self._digest.update(self._file.read(min(STEP, size - begin)))
        self._size = self._saved = size

    def _save(self) -> None:
        """Make the bytes certain, and note that they are."""
        self._file.flush()
        os.fsync(self._file.fileno())
        notes = {
            "source": self.source,
            "size": self._size,
            "certain": self.certain,
            "sha256": self._digest.hexdigest(),
        }
        fresh = self._notes.with_name(f"{self._notes.name}.new")
        fresh.write_text(json.dumps(notes), encoding="utf-8")
        os.replace(fresh, self._notes)
        self._saved = self._size


def _opened(path: pathlib.Path) -> BinaryIO:
    """Open a file to read and write it, for this program only where that is possible.

    :raises OSError: if another program has it.
    """
    file = open(os.open(path, _MODE, 0o666), "r+b")
    try:
        _lock(file)
    except OSError:
        file.close()
        raise
    return file


def _lock(file: BinaryIO) -> None:
    try:
        import fcntl
    except ImportError:
        # Windows has none.
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = "another download writes this file; wait for it"
        raise BlockingIOError(error.errno, text, file.name) from error
