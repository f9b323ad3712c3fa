"""Files in the module's own file system, UFS (FILE manual)."""

from __future__ import annotations

from collections.abc import Callable

from ..at import Command, quoted
from ..errors import ModuleError, SetupError, TransferError
from . import Dialogue, asked, must

__all__ = ("checksum", "delete", "free_space", "listing", "store", "upload")

#: An existing name (FILE manual 4).
EXISTS = 407
#: Not found, list failed, delete failed.
ABSENT = frozenset({405, 417, 418})
#: Seconds without data after which the module ends an upload; its own default.
SILENCE = 5
ATTEMPTS = 3

Progress = Callable[[str, int, int], None]


def checksum(data: bytes) -> int:
    """Return the XOR of the 16-bit big-endian words of `data` (FILE manual 2.4).

    An odd last byte is the upper half of a word.
    """
    even = data + b"\0" * (len(data) % 2)
    high = low = 0
    for byte in even[::2]:
        high ^= byte
    for byte in even[1::2]:
        low ^= byte
    return high << 8 | low


def listing(pattern: str = "*") -> Dialogue[dict[str, int]]:
    """Return the sizes of the files whose name is `pattern`, by name.

    :raises ModuleError: where the module cannot list them.
    """
    reply = yield from asked(Command(f"+QFLST={quoted(pattern, 'file name', 80)}"))
    if not reply.ok:
        if reply.err in ABSENT:
            return {}
        raise ModuleError(reply.err, "AT+QFLST")
    sizes = {}
    for value in reply.values("+QFLST"):
        name, _, size = value.rpartition(",")
        # Siblings name the storage as well.
        sizes[name.strip('"').removeprefix("UFS:")] = int(size)
    return sizes


def free_space() -> Dialogue[int]:
    """Return how many bytes are free (FILE manual 2.1).

    :raises ModuleError: where the module does not say.
    """
    reply = yield from must(Command('+QFLDS="UFS"'))
    return int(reply.values("+QFLDS")[0].split(",")[0])


def delete(name: str) -> Dialogue[bool]:
    """Delete a file; return whether there was one.

    :raises ModuleError: where the module refuses.
    """
    reply = yield from asked(Command(f"+QFDEL={quoted(name, 'file name', 80)}"))
    if not reply.ok and reply.err not in ABSENT:
        raise ModuleError(reply.err, "AT+QFDEL")
    return reply.ok


def store(
    name: str, content: bytes, acknowledge: bool, progress: Progress | None = None
) -> Dialogue[None]:
    """Let the module have `content` under `name`, sending it only where it lacks it.

    The name is taken to stand for the content; the size shows an upload that was cut
    short.

    :param acknowledge: whether the module confirms each 1,024 bytes, which a line
        without flow control needs.
    :param progress: called with the name, the bytes sent and those to send.
    :raises SetupError: where there is no room.
    :raises TransferError: where it does not arrive intact.
    """
    size = (yield from listing(name)).get(name)
    if size == len(content):
        return
    if size is not None:
        yield from delete(name)
    yield from _check_space(len(content))
    for _ in range(ATTEMPTS):
        if (yield from upload(name, content, acknowledge, progress)):
            return
        yield from delete(name)
    raise TransferError(
        f"the file {name} did not arrive intact in {ATTEMPTS} attempts; look at the "
        "line's speed, and wire RTS and CTS (rtscts=True) if you can"
    )


def _check_space(size: int) -> Dialogue[None]:
    free = yield from free_space()
    if free < size:
        raise SetupError(
            f"the module has room for {free} bytes and {size} are needed: delete "
            "files that are not in use, see BG96Modem.files",
            command="AT+QFLDS",
        )


def upload(
    name: str, content: bytes, acknowledge: bool, progress: Progress | None = None
) -> Dialogue[bool]:
    """Send a file, in place of one of that name; return whether it arrived intact.

    :raises ModuleError: where the module refuses it.
    """
    command = Command(
        f"+QFUPL={quoted(name, 'file name', 80)},{len(content)},{SILENCE}"
        + (",1" if acknowledge else ""),
        payload=content,
        payload_timeout=10 + len(content) / 400,
        acknowledged=acknowledge,
        progress=(
            (lambda sent: progress(name, sent, len(content))) if progress else None
        ),
    )
    reply = yield from asked(command)
    if reply.err == EXISTS:
        yield from delete(name)
        reply = yield from asked(command)
    if not reply.ok:
        raise ModuleError(reply.err, str(command))
    got, _, total = "".join(reply.values("+QFUPL")[:1]).partition(",")
    return got == str(len(content)) and int(total or "-1", 16) == checksum(content)
