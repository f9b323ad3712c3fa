"""The files of the module: in the UFS (FILE manual), and in RAM."""

from __future__ import annotations

import dataclasses

from .file_names import LONGEST_NAME, RAM, UFS, storage_of
from .results import CommandFailed

__all__ = (
    "FileSystem",
    "OpenFile",
    "STORAGES",
    "TOTAL",
    "checksum",
)

#: The bytes of the UFS of a BG96 (seen on hardware).
TOTAL = 14483456

#: The bytes of each storage. No document has the size of the RAM. This one has room
#: for a response as long as the longest request.
STORAGES = {UFS: TOTAL, RAM: 1048576}

#: The most open files. The FILE manual has the error, but not the number.
MOST_OPEN = 10


def checksum(data: bytes | bytearray) -> int:
    """Return the XOR of the big-endian 16-bit words. A last odd byte is a high byte.

    Source: FILE manual 2.4, and the checksums of known files by a BG96.
    """
    high = low = 0
    for byte in data[::2]:
        high ^= byte
    for byte in data[1::2]:
        low ^= byte
    return high << 8 | low


@dataclasses.dataclass
class OpenFile:
    """An open file.

    :param mode: 0 reads and writes, 1 also emptied the file, 2 only reads.
    :param position: the file pointer, in bytes.
    """

    name: str
    mode: int
    position: int = 0


class FileSystem:
    """The files by name. A reset keeps the UFS, and loses RAM and handles.

    Each error is a `CommandFailed` with a number of FILE manual 4.
    """

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}
        self.open_files: dict[int, OpenFile] = {}

    def reset(self) -> None:
        """Discard the handles, and the files in RAM."""
        self.open_files.clear()
        for name in self.names(RAM + "*"):
            del self._files[name]

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def used(self, storage: str = UFS) -> int:
        """Return the number of bytes in the files of a storage."""
        return sum(len(self._files[name]) for name in self._stored(storage))

    def free(self, name: str = UFS) -> int:
        """Return the number of free bytes in the storage of a file."""
        storage = storage_of(name)
        return STORAGES[storage] - self.used(storage)

    def names(self, pattern: str = "*") -> list[str]:
        """Return the names in a storage, or one name, which must exist (405)."""
        if pattern in ("*", RAM + "*"):
            return self._stored(storage_of(pattern))
        self.content(pattern)
        return [pattern]

    def _stored(self, storage: str) -> list[str]:
        return [name for name in self._files if storage_of(name) == storage]

    def content(self, name: str) -> bytearray:
        """Return the content of a file, which must exist (405)."""
        self.check_name(name)
        if name not in self._files:
            raise CommandFailed(405)
        return self._files[name]

    def check_name(self, name: str) -> None:
        """Refuse a name that is empty or too long (406)."""
        if not 0 < len(name.removeprefix(RAM)) <= LONGEST_NAME:
            raise CommandFailed(406)

    def create(self, name: str, *, replace: bool = False) -> bytearray:
        """Make an empty file; 407 if it exists, unless `replace` is set."""
        self.check_name(name)
        if name in self._files and not replace:
            raise CommandFailed(407)
        self._files[name] = bytearray()
        return self._files[name]

    def delete(self, pattern: str) -> None:
        """Delete one file, or all; 405 if it does not exist, 418 if it is open."""
        for name in self.names(pattern):
            if any(one.name == name for one in self.open_files.values()):
                raise CommandFailed(418)
            del self._files[name]

    def open(self, name: str, mode: int) -> int:
        """Open a file, and return its handle (FILE manual 2.6)."""
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
        """Return the open file of a handle (416)."""
        try:
            return self.open_files[number]
        except KeyError:
            raise CommandFailed(416) from None

    def write(self, opened: OpenFile, data: bytes) -> None:
        """Write at the file pointer (420 without space)."""
        content = self.content(opened.name)
        end = opened.position + len(data)
        if end - len(content) > self.free(opened.name):
            raise CommandFailed(420)
        content[opened.position : end] = data
        opened.position = end
