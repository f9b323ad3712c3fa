"""Files in the module's own file system, UFS (FILE manual)."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable

from ..at.parameters import quoted
from ..at.steps import BYTES_PER_SECOND, Command, Dialogue, Reply, asked, must
from ..base import repeating, times
from ..base.module_files import Progress
from ..errors import ModuleError, SetupError, TransferError

__all__ = (
    "Checksum",
    "EXISTS",
    "checksum",
    "delete",
    "download",
    "free_space",
    "listing",
    "overwrite",
    "store",
    "upload",
    "uploading",
)

#: An existing name (FILE manual 4).
EXISTS = 407
#: Not found, list failed, delete failed.
ABSENT = frozenset({405, 417, 418})
#: Write failed, timeout: bytes were lost. The manual does not say whether a file that
#: is too short ends with an error.
BROKEN = frozenset({409, 421})


class Checksum:
    """The XOR of the 16-bit big-endian words of its bytes (FILE manual 2.4).

    An odd last byte is the upper half of a word.
    """

    def __init__(self) -> None:
        self._halves = [0, 0]
        self._odd = 0

    def update(self, data: bytes) -> None:
        """Add `data`."""
        for half in (0, 1):
            folded = functools.reduce(operator.xor, data[half::2], 0)
            self._halves[half ^ self._odd] ^= folded
        self._odd ^= len(data) % 2

    @property
    def value(self) -> int:
        """The checksum so far."""
        return self._halves[0] << 8 | self._halves[1]


def checksum(data: bytes) -> int:
    """Return the checksum of `data`."""
    total = Checksum()
    total.update(data)
    return total.value


def listing(pattern: str = "*") -> Dialogue[dict[str, int]]:
    """Return the sizes of the files whose name matches `pattern`, by name.

    :raises ModuleError: if the module cannot list them.
    """
    reply = yield from asked(Command(f"+QFLST={quoted(pattern, 'file name', 80)}"))
    if not reply.ok:
        if reply.err in ABSENT:
            return {}
        raise ModuleError(reply.err, "AT+QFLST")
    sizes = {}
    for value in reply.values("+QFLST"):
        name, _, size = value.rpartition(",")
        # Related modules add the name of the storage.
        sizes[name.strip('"').removeprefix("UFS:")] = _number(size, "AT+QFLST")
    return sizes


def _number(text: str, command: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise TransferError(
            f"the module's answer has {len(text)} characters in place of a number",
            command=command,
        ) from None


def free_space() -> Dialogue[int]:
    """Return the number of free bytes (FILE manual 2.1).

    :raises ModuleError: if the module does not tell.
    """
    reply = yield from must(Command('+QFLDS="UFS"'))
    return _number("".join(reply.values("+QFLDS")).split(",")[0], "AT+QFLDS")


def delete(name: str) -> Dialogue[bool]:
    """Delete a file; return whether it existed.

    :raises ModuleError: if the module refuses.
    """
    reply = yield from asked(Command(f"+QFDEL={quoted(name, 'file name', 80)}"))
    if not reply.ok and reply.err not in ABSENT:
        raise ModuleError(reply.err, "AT+QFDEL")
    return reply.ok


def store(
    name: str,
    content: bytes,
    progress: Progress | None = None,
    *,
    always: bool = False,
) -> Dialogue[None]:
    """Store `content` under `name`; send it only if the module does not have it.

    The name stands for the content. The size shows an upload that was cut short.

    :param always: whether to send it in any case.
    :param progress: called with the name, the sent bytes and the total.
    :raises SetupError: if there is no room.
    :raises TransferError: if it does not arrive intact.
    """
    size = (yield from listing(name)).get(name)
    if size == len(content) and not always:
        return
    if size is not None:
        yield from delete(name)
    yield from _check_space(len(content))
    for _ in repeating.FILE.times:
        if (yield from upload(name, content, progress)):
            # Noise may have changed the name in the command.
            if (yield from listing(name)).get(name) == len(content):
                return
        yield from delete(name)
    raise TransferError(
        f"the file {name} did not arrive intact in {repeating.FILE.attempts} attempts; "
        "use a lower baudrate=, or wire RTS and CTS and pass rtscts=True"
    )


def _check_space(size: int) -> Dialogue[None]:
    free = yield from free_space()
    if free < size:
        raise SetupError(
            f"the module has room for {free} bytes, but needs {size}: delete files "
            "that are not in use with BG96Modem.files",
            command="AT+QFLDS",
        )


def upload(
    name: str, content: bytes, progress: Progress | None = None
) -> Dialogue[bool]:
    """Send a file, and replace one of that name; return whether it arrived intact.

    The module confirms each block. This paces a line without flow control, and shows on
    any line that it still works.

    :raises ModuleError: if the module refuses it.
    """
    command = uploading(name, content, progress)
    reply = yield from asked(command)
    if reply.err == EXISTS:
        yield from delete(name)
        reply = yield from asked(command)
    if not reply.ok and reply.err not in BROKEN:
        raise ModuleError(reply.err, str(command))
    return _arrived(reply, "+QFUPL", len(content), checksum(content))


def uploading(name: str, content: bytes, progress: Progress | None = None) -> Command:
    """Return the command that sends a file; it does not replace an existing one."""
    size, silence = len(content), times.MODULE_UPLOAD_SILENCE
    return Command(
        f"+QFUPL={quoted(name, 'file name', 80)},{size},{silence},1",
        payload=content,
        payload_timeout=10 + len(content) / BYTES_PER_SECOND,
        bulky=True,
        acknowledged=True,
        progress=(
            (lambda sent: progress(name, sent, len(content))) if progress else None
        ),
    )


def download(name: str, sink: Callable[[bytes], None]) -> Dialogue[bool]:
    """Send a file to `sink`; return whether it arrived intact.

    :raises ModuleError: if the module has no such file.
    """
    size = (yield from listing(name)).get(name)
    if size is None:
        raise ModuleError(405, f"AT+QFDWL={name}")
    total = Checksum()

    def take(data: bytes) -> None:
        total.update(data)
        sink(data)

    command = Command(
        f"+QFDWL={quoted(name, 'file name', 80)}",
        payload_timeout=times.MODULE_UPLOAD_SILENCE,
        bulky=True,
        sink=take,
        sink_size=size,
    )
    reply = yield from must(command)
    return _arrived(reply, "+QFDWL", size, total.value)


def overwrite(name: str) -> Dialogue[bool]:
    """Fill a file with zeros; return whether that was complete (FILE manual 2.6, 2.8).

    :raises ModuleError: if the module refuses.
    """
    size = (yield from listing(name)).get(name)
    if not size:
        return False
    # Mode 0 keeps the content, so that the zeros overwrite it.
    reply = yield from must(Command(f"+QFOPEN={quoted(name, 'file name', 80)},0"))
    handle = _number("".join(reply.values("+QFOPEN")), "AT+QFOPEN")
    command = Command(
        f"+QFWRITE={handle},{size},{times.MODULE_UPLOAD_SILENCE}",
        payload=bytes(size),
        payload_timeout=10 + size / BYTES_PER_SECOND,
        bulky=True,
    )
    reply = yield from asked(command)
    yield from asked(Command(f"+QFCLOSE={handle}"))
    return reply.values("+QFWRITE") == [f"{size},{size}"]


def _arrived(reply: Reply, name: str, size: int, total: int) -> bool:
    """Return whether the module's counts are ours, and no other line came."""
    if len(reply.lines) != 1:
        return False
    value = "".join(reply.values(name)[:1])
    try:
        got, module_total = value.split(",")
        return (int(got), int(module_total, 16)) == (size, total)
    except ValueError:
        return False
