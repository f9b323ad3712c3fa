"""Wait for the result of a request, and ask for the response."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ..at.printable import printable
from ..at.steps import Ask, Await, Command, Dialogue, Pause, must
from ..base import repeating
from ..base.codes import BUSY, DOUBTFUL, FILE_LIMIT
from ..base.knowledge import Knowledge
from ..base.module_files import response_name
from ..errors import ModuleError, NoAnswer, Phase, TransferError
from .files import download, listing
from .request import NETWORK_BYTES_PER_SECOND, Request, whole_seconds
from .temporary import delete_leftovers, tidy

__all__ = ("Result", "read", "read_by_file", "result")

#: The assumed length of a response that does not give its length.
UNKNOWN_LENGTH = 1_000_000


@dataclasses.dataclass(frozen=True)
class Result:
    """The content of the result URC.

    :param status: the status code of the response, if given.
    :param length: its Content-Length, if it has one.
    """

    status: int | None = None
    length: int | None = None


def result(request: Request, seconds: float, known: Knowledge) -> Dialogue[Result]:
    """Wait for the result URC of a request that was sent to the module.

    :raises ModuleError: if it reports an error.
    """
    line: bytes = yield Await(f"{request.name}:".encode("ascii"), seconds)
    yield from tidy(known)
    err, *numbers = _numbers(line)
    if err:
        raise ModuleError(err, f"AT{request.name}", phase=Phase.WAIT)
    return Result(*numbers[:2])


def _numbers(line: bytes) -> list[int]:
    """Return the numbers of a result URC, at least one."""
    try:
        return list(map(int, line.partition(b":")[2].split(b",")))
    except ValueError:
        raise TransferError(
            f"the module's result is not readable: {printable(line)}"
        ) from None


def read(wait_seconds: float) -> Dialogue[None]:
    """Ask for the response; it follows on the line.

    :param wait_seconds: the longest silence of the server.
    :raises ModuleError: if the module has no response.
    """
    text = f"+QHTTPREAD={whole_seconds(wait_seconds)}"
    command = Command(text, timeout=wait_seconds, leads=True)
    return _fetched(command, wait_seconds)


def _fetched(command: Command, patience: float) -> Dialogue[None]:
    """Give a command that fetches the response, again if noise may have changed it.

    The module keeps the response for it. If the module has already sent the response
    and noise has changed the answer, the module stays busy for ever.

    :param patience: how many seconds the module may be busy.
    """
    refused = 0
    while True:
        try:
            yield from must(command)
            return
        except ModuleError as error:
            # The error may be a line of the response, if noise has destroyed CONNECT.
            if not (yield Ask()) or patience <= 0:
                raise
            rule = repeating.FETCH_BUSY
            if error.err not in BUSY:
                rule = repeating.FETCH_DOUBTFUL
                refused += 1
            if not rule.allows(refused) or error.err not in BUSY | DOUBTFUL:
                raise
            patience -= rule.pause
            yield Pause(rule.pause, error)


def read_by_file(
    wait_seconds: float,
    length: int | None,
    sink: Callable[[bytes], None],
    known: Knowledge,
    *,
    bodyless: bool = False,
) -> Dialogue[None]:
    """Make the module write the response to a file, and fetch it (HTTP manual 2.7).

    :param length: the Content-Length of the response, if known.
    :param sink: called with the bytes of the response. If they did not arrive intact,
        it is called with b"", and then again from the start.
    :param bodyless: whether the response has no body. Some modules wait for a body, and
        report an error, although the file is complete.
    :raises ModuleError: if the module has no response, or could not write all of it.
    :raises TransferError: if it does not arrive intact.
    """
    yield from delete_leftovers(known)
    name = response_name()
    known.temporary_files.add(name)
    text = f'+QHTTPREADFILE="{name}",{whole_seconds(wait_seconds)}'
    command = Command(text, timeout=wait_seconds, reports=True)
    yield from _fetched(command, wait_seconds)
    line = yield from _written(name, wait_seconds, length)
    (err,) = _numbers(line)[:1]
    if err and not bodyless:
        raise ModuleError(err, "AT+QHTTPREADFILE", phase=Phase.READ)
    for _ in repeating.FILE.times:
        if (yield from download(name, sink)):
            return
        sink(b"")
    raise TransferError(
        f"the response did not arrive intact in {repeating.FILE.attempts} attempts; "
        "check the line's speed and wiring"
    )


def _written(name: str, wait_seconds: float, length: int | None) -> Dialogue[bytes]:
    """Wait until the module reports that the response is in the file.

    The module's own timer limits each silence of the server, but reports nothing. The
    line may lose the final report. So after the file has begun to grow, it must keep
    growing.
    """
    most = min(length or UNKNOWN_LENGTH, FILE_LIMIT)
    patience = wait_seconds + most / NETWORK_BYTES_PER_SECOND
    size = 0
    while True:
        try:
            line: bytes = yield Await(b"+QHTTPREADFILE:", min(wait_seconds, patience))
            return line
        except NoAnswer:
            patience -= wait_seconds
            found = (yield from listing(name)).get(name, 0)
            if patience <= 0 or 0 < found <= size:
                raise
            size = found
