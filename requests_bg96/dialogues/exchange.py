"""One exchange: send the request to the module, and start to read the response."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Callable

from ..at.printable import printable
from ..at.steps import (
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Pause,
    asked,
    must,
    prove,
)
from ..base import repeating, times
from ..base.codes import (
    BUSY,
    CONTEXT_LOST,
    DOUBTFUL,
    FILE_LIMIT,
    STATE_LOST,
    UNRESOLVED,
)
from ..base.knowledge import Knowledge
from ..base.trust import Trust
from ..errors import ModuleError, NoAnswer, Phase, TransferError
from ..settings import Settings
from ..stats import Recovery
from .connect import recover
from .files import (
    TEMPORARY_NAME,
    delete,
    download,
    listing,
    request_name,
    response_name,
    store,
)
from .request import NETWORK_BYTES_PER_SECOND, Request, whole_seconds
from .setup import deactivate, has_names, prepare
from .tls import fits, secure

__all__ = ("Result", "read", "read_by_file", "result", "send", "tidy")

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


def send(
    request: Request,
    read_seconds: float,
    baudrate: int,
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    """Set up the module and send it the request.

    Until the module answers CONNECT, the server has seen nothing. Errors before that
    are repaired and the step is repeated, once for each kind of error.

    :raises ModuleError: if an error cannot be repaired, or came later.
    """
    repaired = collections.Counter[frozenset[int | None]]()
    while True:
        try:
            yield from prepare(settings, known)
            if request.trust is not None:
                yield from _secure(request, request.trust, settings, known)
            yield from _hand_over(request, read_seconds, baudrate, settings, known)
            known.told.busy_count = 0
            return
        except ModuleError as error:
            if error.phase not in (None, Phase.CONNECT):
                raise
            yield from _repair(error, repaired, settings, known)


def _secure(
    request: Request, trust: Trust, settings: Settings, known: Knowledge
) -> Dialogue[None]:
    """Make the module check the server, on a connection with these checks."""
    if not (yield from fits(trust, request.origin, settings, known)):
        yield from deactivate(settings, known)
        known.peers.clear()
        yield from prepare(settings, known)
    yield from secure(
        trust,
        request.origin,
        request.handshake_seconds,
        settings,
        known,
        progress=request.progress,
        on_unchecked=request.on_unchecked,
    )


def _hand_over(
    request: Request,
    read_seconds: float,
    baudrate: int,
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    yield from _set_url(request, known)
    if request.uploaded:
        yield from _post_file(request, read_seconds, known)
    else:
        command = request.command(
            read_seconds, baudrate, rtscts=settings.rtscts, prompt=known.prompt
        )
        # If anything fails, this is no longer certain, because noise can fake it.
        known.prompt = False
        reply = yield from must(command)
        known.prompt = not reply.lines


def _set_url(request: Request, known: Knowledge) -> Dialogue[None]:
    """Set the URL; if the server will be checked, read the URL back.

    The module checks the server for the host in its URL. Noise may change that host to
    another one, whose server has a valid certificate.
    """
    checked = request.trust is not None and request.trust.ca is not None
    for _ in repeating.URL.times:
        if known.told.url != request.url:
            yield from _give_url(request.url, known)
        if not checked or known.told.confirmed_url == request.url:
            return
        # Then the answer certainly comes from the module.
        yield from prove()
        if (yield from _has_url(request.url)):
            known.told.confirmed_url = request.url
            return
        known.told.url = None
    raise TransferError(
        f"the URL did not arrive unchanged in {repeating.URL.attempts} attempts; "
        "check the line's speed and wiring",
        command="AT+QHTTPURL",
    )


def _give_url(url: bytes, known: Knowledge) -> Dialogue[None]:
    known.told.url = known.told.confirmed_url = None
    yield from must(
        Command(
            f"+QHTTPURL={len(url)},{times.URL}",
            payload=url,
            payload_timeout=times.URL + 1,
        )
    )
    known.told.url = url


def _has_url(url: bytes) -> Dialogue[bool]:
    """Ask the module for its URL; return whether it is this one."""
    reply = yield from must(Command("+QHTTPURL?"))
    found = [value.strip('"') for value in reply.values("+QHTTPURL")]
    return found == [url.decode("ascii")]


def _post_file(
    request: Request, read_seconds: float, known: Knowledge
) -> Dialogue[None]:
    """Make the module send the request from a file (HTTP manual 2.5).

    If an earlier upload of this file did not end properly, it is sent again, even if
    the size is right.
    """
    yield from _delete_leftovers(known)
    name = request_name(request.data)
    known.temporary_files.add(name)
    digest = hashlib.sha256(request.data).digest()
    anew = known.contents.pop(name, b"") != digest
    yield from store(name, request.data, request.progress, anew=anew)
    known.contents[name] = digest
    text = f'+QHTTPPOSTFILE="{name}",{whole_seconds(read_seconds)}'
    timeout = times.MODULE_CONNECTS + 5
    yield from _commit(Command(text, timeout=timeout, commits=True, reports=True))


def _commit(command: Command) -> Dialogue[None]:
    """Give a command that sends the request; never give it twice.

    Noise may have made an error of the module's OK. So wait for an OK after an error.
    """
    try:
        yield from must(command)
    except ModuleError:
        try:
            reply = yield AwaitLateAnswer(command, times.CONTRADICTION)
        except NoAnswer:
            reply = None
        if reply is None or not reply.ok:
            raise


def _delete_leftovers(known: Knowledge) -> Dialogue[None]:
    """Delete, once, the files of a program that was stopped during an exchange."""
    if not known.cleaned_up:
        names = yield from listing()
        known.temporary_files.update(filter(TEMPORARY_NAME.fullmatch, names))
        yield from tidy(known)
        known.cleaned_up = True


def tidy(known: Knowledge) -> Dialogue[None]:
    """Delete the temporary files of exchanges."""
    for name in tuple(known.temporary_files):
        known.contents.pop(name, None)
        yield from delete(name)
        known.temporary_files.discard(name)


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
    yield from _delete_leftovers(known)
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


def _repair(
    error: ModuleError,
    repaired: collections.Counter[frozenset[int | None]],
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    kind: frozenset[int | None]
    for kind in (BUSY, STATE_LOST, CONTEXT_LOST, UNRESOLVED, DOUBTFUL):
        if error.err in kind:
            break
    else:
        raise error
    repaired[kind] += 1
    again = repeating.MEND.allows(repaired[kind])
    if kind is BUSY:
        # An earlier request may end meanwhile, and its response would block the next.
        yield from _discard_response(known)
        yield from _wait_while_busy(error, settings, known)
    elif not again or (kind is UNRESOLVED and (yield from has_names(settings))):
        raise error
    elif kind in (STATE_LOST, DOUBTFUL):
        known.stats.recovered(Recovery.SET_UP, error)
        known.doubt()
        known.told.url = None
    else:
        known.stats.recovered(Recovery.CONTEXT, error)
        yield from deactivate(settings, known)


def _wait_while_busy(
    error: ModuleError, settings: Settings, known: Knowledge
) -> Dialogue[None]:
    """Wait a little; after too many attempts, deactivate the context.

    Noise may have changed the module's waiting time from seconds to hours. Nothing else
    ends such a wait.
    """
    known.told.busy_count += error.err == 703
    if repeating.BUSY.allows(known.told.busy_count):
        yield Pause(repeating.BUSY.pause, error)
        return
    known.told.busy_count = 0
    known.stats.recovered(Recovery.CONTEXT, error)
    yield from deactivate(settings, known)


def _discard_response(known: Knowledge) -> Dialogue[None]:
    """Read and discard a response that nobody waits for."""
    reply = yield from asked(Command("+QHTTPREAD=1", leads=True))
    if reply.connected:
        known.stats.recovered(Recovery.DRAIN)
        yield from recover()
    else:
        yield from prove()


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
