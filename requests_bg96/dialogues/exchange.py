"""One exchange: the request into the module, the response's start out of it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

from ..at.printable import printable
from ..at.steps import Ask, Await, Command, Dialogue, Hearken, Pause, asked, must, prove
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

#: What a response that does not tell its length is taken to have.
UNKNOWN_LENGTH = 1_000_000


@dataclasses.dataclass(frozen=True)
class Result:
    """What the result URC tells.

    :param status: the response's status code, where the module tells it.
    :param length: its Content-Length, where it has one.
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
    """Make the module ready and hand it the request.

    Until the module says CONNECT the server has seen nothing, and what went wrong is
    mended and done again, each kind once.

    :raises ModuleError: what could not be mended, or came later.
    """
    mended: set[frozenset[int | None]] = set()
    while True:
        try:
            yield from prepare(settings, known)
            if request.trust is not None:
                yield from _secure(request, request.trust, settings, known)
            yield from _hand_over(request, read_seconds, baudrate, settings, known)
            known.told.refusals = 0
            return
        except ModuleError as error:
            if error.phase not in (None, Phase.CONNECT):
                raise
            yield from _mend(error, mended, settings, known)


def _secure(
    request: Request, trust: Trust, settings: Settings, known: Knowledge
) -> Dialogue[None]:
    """Have the module check the server, on a connection that is made for that."""
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
        # Whatever goes wrong puts it in doubt: noise can make it look so.
        known.prompt = False
        reply = yield from must(command)
        known.prompt = not reply.lines


def _set_url(request: Request, known: Knowledge) -> Dialogue[None]:
    """Tell the module the URL; where the server is to be checked, have it told back.

    The module checks the server for the name that it has, and noise may make another
    one of it, with a server that has a certificate for that.
    """
    checked = request.trust is not None and request.trust.ca is not None
    for _ in repeating.URL.times:
        if known.told.url != request.url:
            yield from _give_url(request.url, known)
        if not checked or known.told.confirmed_url == request.url:
            return
        # So what is read back is surely the module's.
        yield from prove()
        if (yield from _has_url(request.url)):
            known.told.confirmed_url = request.url
            return
        known.told.url = None
    raise TransferError(
        f"the URL does not arrive as it is in {repeating.URL.attempts} attempts; look "
        "at the line's speed and wiring",
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
    """Ask the module which URL it has; return whether it is this one."""
    reply = yield from must(Command("+QHTTPURL?"))
    found = [value.strip('"') for value in reply.values("+QHTTPURL")]
    return found == [url.decode("ascii")]


def _post_file(
    request: Request, read_seconds: float, known: Knowledge
) -> Dialogue[None]:
    """Have the module send the request from a file (HTTP manual 2.5).

    One whose upload did not end as it must have is sent again, though it has its size.
    """
    yield from _sweep(known)
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
    """Give a command that the server will be asked by, whatever is said before OK.

    An error that noise has made must not let it be given twice.
    """
    try:
        yield from must(command)
    except ModuleError:
        try:
            reply = yield Hearken(command, times.CONTRADICTION)
        except NoAnswer:
            reply = None
        if reply is None or not reply.ok:
            raise


def _sweep(known: Knowledge) -> Dialogue[None]:
    """Delete, once, what a program that was stopped in the midst has left."""
    if not known.cleaned_up:
        names = yield from listing()
        known.temporary_files.update(filter(TEMPORARY_NAME.fullmatch, names))
        yield from tidy(known)
        known.cleaned_up = True


def tidy(known: Knowledge) -> Dialogue[None]:
    """Delete the files that exchanges have left."""
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
    """Have the response written to a file, and the file sent (HTTP manual 2.7).

    :param length: the response's Content-Length, where it is known.
    :param sink: called with the response as it comes; again from the start, after
        b"", where it did not arrive intact.
    :param bodyless: whether it has no body: a module that waits for one all the same
        reports that none came, with all there is in the file.
    :raises ModuleError: if the module has no response, or could not write it all.
    :raises TransferError: if it does not arrive intact.
    """
    yield from _sweep(known)
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
        f"the response did not arrive intact in {repeating.FILE.attempts} attempts"
    )


def _written(name: str, wait_seconds: float, length: int | None) -> Dialogue[bytes]:
    """Wait for the module to say that the response is in the file.

    Its own timer bounds each silence of the server, but says nothing. The line may
    lose what it says in the end: a file that has begun to grow must go on growing.
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


def _mend(
    error: ModuleError,
    mended: set[frozenset[int | None]],
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    kind: frozenset[int | None]
    for kind in (BUSY, STATE_LOST, CONTEXT_LOST, UNRESOLVED, DOUBTFUL):
        if error.err in kind:
            break
    else:
        raise error
    first = kind not in mended
    mended.add(kind)
    if kind is BUSY:
        # What is under way may end meanwhile, and its response be in the way then.
        yield from _discard_response(known)
        yield from _wait_while_busy(error, settings, known)
    elif not first or (kind is UNRESOLVED and (yield from has_names(settings))):
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
    """Wait a little; but take the context away from what goes on for too long.

    Noise may have made hours of the seconds that the module was to wait for a server,
    and nothing else ends that.
    """
    known.told.refusals += error.err == 703
    if known.told.refusals < (repeating.BUSY.attempts or 0):
        yield Pause(repeating.BUSY.pause, error)
        return
    known.told.refusals = 0
    known.stats.recovered(Recovery.CONTEXT, error)
    yield from deactivate(settings, known)


def _discard_response(known: Knowledge) -> Dialogue[None]:
    """Take from the module a response that nobody waits for any more."""
    reply = yield from asked(Command("+QHTTPREAD=1", leads=True))
    if reply.connected:
        known.stats.recovered(Recovery.DRAIN)
        yield from recover()
    else:
        yield from prove()


def result(request: Request, seconds: float, known: Knowledge) -> Dialogue[Result]:
    """Wait for the result URC of a request that was handed over.

    :raises ModuleError: if it tells of an error.
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
        raise TransferError(f"the module says {printable(line)}") from None


def read(wait_seconds: float) -> Dialogue[None]:
    """Ask for the response; what follows on the line is the response.

    :param wait_seconds: the longest silence of the server.
    :raises ModuleError: if the module has none.
    """
    text = f"+QHTTPREAD={whole_seconds(wait_seconds)}"
    command = Command(text, timeout=wait_seconds, leads=True)
    return _fetched(command, wait_seconds)


def _fetched(command: Command, patience: float) -> Dialogue[None]:
    """Give a command that fetches the response, again where noise may have changed it.

    The module keeps the response for it; or is busy for ever, where it was fetched and
    noise has changed the answer.

    :param patience: seconds for which the module may be busy.
    """
    refused = 0
    while True:
        try:
            yield from must(command)
            return
        except ModuleError as error:
            # The error may be a line of the response, whose CONNECT noise has hidden.
            if not (yield Ask()) or patience <= 0:
                raise
            rule = repeating.FETCH_BUSY
            if error.err not in BUSY:
                rule = repeating.FETCH_DOUBTFUL
                refused += 1
            if rule.attempts == refused or error.err not in BUSY | DOUBTFUL:
                raise
            patience -= rule.pause
            yield Pause(rule.pause, error)
