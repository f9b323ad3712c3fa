"""Programs of this machine that use a port, or may take it (Linux).

On other systems, none are found.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterator

__all__ = ("Holder", "ROOT", "is_ignored", "is_running", "others_at")

#: The root of the machine's files.
ROOT = pathlib.Path("/")
#: The directories of udev's rules.
RULES = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d")

_PTY = re.compile("/dev/pts/([0-9]+)")
_INDEX = re.compile(r"^tty-index:\s*([0-9]+)$", re.MULTILINE)
_IGNORE = re.compile(r"^[^#\n]*2c7c.*ID_MM_DEVICE_IGNORE", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Holder:
    """A process that has a port open.

    :param name: of the program.
    :param process: its number.
    :param uses: whether it uses the port. None if it may serve the other end of a
        pseudo-terminal instead.
    """

    name: str
    process: int
    uses: bool | None = True

    def __str__(self) -> str:
        return f"{self.name} (process {self.process})"


def others_at(port: str | None, root: pathlib.Path = ROOT) -> list[Holder]:
    """Return the other processes that have `port` open, if this user may see them.

    A program that serves a pseudo-terminal, such as the emulator, has both ends open.
    It is left out.
    """
    if port is None or not os.path.exists(port):
        return []
    wanted = os.path.realpath(port)
    found = (_holder(place, wanted) for place in _processes(root))
    return sorted(filter(None, found), key=lambda one: (one.name, one.process))


def is_running(name: str, root: pathlib.Path = ROOT) -> bool:
    """Return whether a program of this name runs."""
    return any(_name_of(place) == name for place in _processes(root))


def is_ignored(root: pathlib.Path = ROOT) -> bool:
    """Return whether a udev rule keeps ModemManager off Quectel's modules."""
    files = (path for place in RULES for path in (root / place).glob("*.rules"))
    texts = (_text(path).replace("\\\n", "") for path in files)
    return any(_IGNORE.search(text) for text in texts)


def _processes(root: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in filter(str.isdecimal, _entries(root / "proc")):
        yield root / "proc" / name


def _holder(place: pathlib.Path, wanted: str) -> Holder | None:
    """Return the process at `place` of /proc if it has the port `wanted` open."""
    if int(place.name) == os.getpid():
        return None
    targets = {name: _target(place / "fd" / name) for name in _entries(place / "fd")}
    if wanted not in targets.values():
        return None
    masters = [name for name, at in targets.items() if at.endswith("/ptmx")]
    pty = _PTY.fullmatch(wanted)
    uses: bool | None = True
    if pty and masters:
        numbers = [_INDEX.search(_text(place / "fdinfo" / name)) for name in masters]
        if any(found and found[1] == pty[1] for found in numbers):
            return None
        # An old kernel does not say which pseudo-terminal it is.
        uses = True if all(numbers) else None
    return Holder(_name_of(place), int(place.name), uses)


def _entries(directory: pathlib.Path) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        # Another user owns it, or it is gone, or this is not Linux.
        return []


def _target(link: pathlib.Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _name_of(place: pathlib.Path) -> str:
    return _text(place / "comm").strip() or "a program"
