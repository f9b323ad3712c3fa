"""The files: those of the UFS (FILE manual), and those in RAM."""

from __future__ import annotations

import dataclasses

from .results import CommandFailed

__all__ = (
    "FileSystem",
    "LONGEST_NAME",
    "OpenFile",
    "RAM",
    "STORAGES",
    "TOTAL",
    "UFS",
    "checksum",
    "plain_name",
)

#: What stands before a name: the file system, which may be left out, and the memory
#: that siblings have and drivers use.
UFS = "UFS:"
RAM = "RAM:"

#: Bytes of the UFS of a BG96 (seen on hardware).
TOTAL = 14483456

#: Bytes of each storage. No document names a size of the RAM: one response that is as
#: long as the longest request has room in it.
STORAGES = {UFS: TOTAL, RAM: 1048576}

#: Files open at once. The FILE manual names the error, not the number.
MOST_OPEN = 10

#: FILE manual 2.3 to 2.6.
LONGEST_NAME = 80


def checksum(data: bytes | bytearray) -> int:
    """Return the XOR of big-endian 16-bit words, an odd byte as the high one.

    Source: FILE manual 2.4, and sums printed by a BG96 of known files.
    """
    high = low = 0
    for byte in data[::2]:
        high ^= byte
    for byte in data[1::2]:
        low ^= byte
    return high << 8 | low


def plain_name(name: str) -> str:
    """Return a name without the storage that is meant anyway."""
    return name[len(UFS) :] if name[: len(UFS)].upper() == UFS else name


def _storage(name: str) -> str:
    return RAM if name.startswith(RAM) else UFS


@dataclasses.dataclass
class OpenFile:
    """A file that QFOPEN gave a handle to."""

    name: str
    mode: int
    position: int = 0


class FileSystem:
    """Files by plain name; those of the UFS outlive resets, handles do not.

    Every error is a `CommandFailed` with a number of FILE manual 4.
    """

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}
        self.open_files: dict[int, OpenFile] = {}

    def reset(self) -> None:
        """Lose the handles, and what is in RAM."""
        self.open_files.clear()
        for name in self.names(RAM + "*"):
            del self._files[name]

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def used(self, storage: str = UFS) -> int:
        """Return the bytes in the files of a storage."""
        return sum(len(self._files[name]) for name in self._stored(storage))

    def free(self, name: str = UFS) -> int:
        """Return the bytes that can still be stored where this file belongs."""
        storage = _storage(name)
        return STORAGES[storage] - self.used(storage)

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names of a storage, or one name that must exist (405)."""
        if pattern in ("*", RAM + "*"):
            return self._stored(_storage(pattern))
        self.content(pattern)
        return [pattern]

    def _stored(self, storage: str) -> list[str]:
        return [name for name in self._files if _storage(name) == storage]

    def content(self, name: str) -> bytearray:
        """Return the bytes of a file that must exist (405)."""
        self.check_name(name)
        if name not in self._files:
            raise CommandFailed(405)
        return self._files[name]

    def check_name(self, name: str) -> None:
        """Refuse an impossible name (406)."""
        if not 0 < len(name.removeprefix(RAM)) <= LONGEST_NAME:
            raise CommandFailed(406)

    def create(self, name: str, *, replace: bool = False) -> bytearray:
        """Make an empty file; 407 if it is there and not to be replaced."""
        self.check_name(name)
        if name in self._files and not replace:
            raise CommandFailed(407)
        self._files[name] = bytearray()
        return self._files[name]

    def delete(self, pattern: str) -> None:
        """Delete one file or all; 405 if it is not there, 418 if it is open."""
        for name in self.names(pattern):
            if any(one.name == name for one in self.open_files.values()):
                raise CommandFailed(418)
            del self._files[name]

    def open(self, name: str, mode: int) -> int:
        """Open a file and return its handle (FILE manual 2.6)."""
        self.check_name(name)
        if any(one.name == name for one in self.open_files.values()):
            raise CommandFailed(426)
        if len(self.open_files) >= MOST_OPEN:
            raise CommandFailed(413)
        if mode == 2:
            self.content(name)
        elif mode == 1 or name not in self._files:
            self.create(name, replace=True)
        handle = next(n for n in range(MOST_OPEN) if n not in self.open_files)
        self.open_files[handle] = OpenFile(name, mode)
        return handle

    def handle(self, number: int) -> OpenFile:
        """Return an open file by its handle (416)."""
        try:
            return self.open_files[number]
        except KeyError:
            raise CommandFailed(416) from None

    def write(self, opened: OpenFile, data: bytes) -> None:
        """Overwrite or append at the file pointer (414, 420)."""
        content = self.content(opened.name)
        end = opened.position + len(data)
        if end - len(content) > self.free(opened.name):
            raise CommandFailed(420)
        content[opened.position : end] = data
        opened.position = end
