"""Files in the module's own file system, UFS (FILE manual)."""

from __future__ import annotations

import functools
import hashlib
import operator
import re
import secrets
from collections.abc import Callable

from ..at.parameters import quoted
from ..at.steps import BYTES_PER_SECOND, Command, Dialogue, Reply, asked, must
from ..base import repeating, times
from ..errors import ModuleError, SetupError, TransferError

__all__ = (
    "Checksum",
    "EXISTS",
    "checksum",
    "delete",
    "TEMPORARY_NAME",
    "download",
    "free_space",
    "listing",
    "overwrite",
    "request_name",
    "response_name",
    "store",
    "upload",
    "uploading",
)

#: An existing name (FILE manual 4).
EXISTS = 407
#: Not found, list failed, delete failed.
ABSENT = frozenset({405, 417, 418})
#: Write failed, timeout: bytes were lost, and the manual leaves open whether a file
#: that is too short ends with an error.
BROKEN = frozenset({409, 421})
#: The names of files that do not outlast an exchange.
TEMPORARY_NAME = re.compile(r"[0-9a-f]{8}\.(?:req|rsp)")

Progress = Callable[[str, int, int], None]


class Checksum:
    """The XOR of the 16-bit big-endian words of what it was given (FILE manual 2.4).

    An odd last byte is the upper half of a word.
    """

    def __init__(self) -> None:
        self._halves = [0, 0]
        self._odd = 0

    def update(self, data: bytes) -> None:
        """Go on with `data`."""
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
    """Return the sizes of the files whose name is `pattern`, by name.

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
        # Siblings name the storage as well.
        sizes[name.strip('"').removeprefix("UFS:")] = _number(size, "AT+QFLST")
    return sizes


def _number(text: str, command: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise TransferError(
            f"the module says {len(text)} characters where a number should be",
            command=command,
        ) from None


def free_space() -> Dialogue[int]:
    """Return how many bytes are free (FILE manual 2.1).

    :raises ModuleError: if the module does not say.
    """
    reply = yield from must(Command('+QFLDS="UFS"'))
    return _number("".join(reply.values("+QFLDS")).split(",")[0], "AT+QFLDS")


def delete(name: str) -> Dialogue[bool]:
    """Delete a file; return whether there was one.

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
    anew: bool = False,
) -> Dialogue[None]:
    """Let the module have `content` under `name`, sending it only where it lacks it.

    The name is taken to stand for the content; the size shows an upload that was cut
    short.

    :param anew: whether it is sent in any case.
    :param progress: called with the name, the bytes sent and those to send.
    :raises SetupError: if there is no room.
    :raises TransferError: if it does not arrive intact.
    """
    size = (yield from listing(name)).get(name)
    if size == len(content) and not anew:
        return
    if size is not None:
        yield from delete(name)
    yield from _check_space(len(content))
    for _ in repeating.FILE.times:
        if (yield from upload(name, content, progress)):
            # The command may have come with another name, which noise has made.
            if (yield from listing(name)).get(name) == len(content):
                return
        yield from delete(name)
    raise TransferError(
        f"the file {name} did not arrive intact in {repeating.FILE.attempts} attempts; "
        "look at the line's speed, and wire RTS and CTS (rtscts=True) if you can"
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
    name: str, content: bytes, progress: Progress | None = None
) -> Dialogue[bool]:
    """Send a file, in place of one of that name; return whether it arrived intact.

    The module confirms block by block: that is the pace on a line without flow control,
    and shows on any line that it is not dead.

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
    """Return the command that sends a file; one of that name is not replaced."""
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
    """Have a file sent to `sink`; return whether it arrived intact.

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
    """Fill a file with zeros; return whether all of it was (FILE manual 2.6, 2.8).

    :raises ModuleError: if the module refuses.
    """
    size = (yield from listing(name)).get(name)
    if not size:
        return False
    # Mode 0 leaves what there is, so that it is written over.
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


def request_name(content: bytes) -> str:
    """Return the name of a file that holds a request, and is soon deleted."""
    return f"{hashlib.sha256(content).hexdigest()[:8]}.req"


def response_name() -> str:
    """Return the name of a file that will hold a response, and is soon deleted."""
    return f"{secrets.token_hex(4)}.rsp"


def _arrived(reply: Reply, name: str, size: int, total: int) -> bool:
    """Whether the module has counted what we have, and nothing stood beside it."""
    if len(reply.lines) != 1:
        return False
    value = "".join(reply.values(name)[:1])
    try:
        got, module_total = value.split(",")
        return (int(got), int(module_total, 16)) == (size, total)
    except ValueError:
        return False
