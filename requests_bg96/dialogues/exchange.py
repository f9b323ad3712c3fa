"""One exchange: the request into the module, the response's start out of it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

from ..at.printable import printable
from ..at.steps import Ask, Await, Command, Dialogue, Hearken, Pause, asked, must, prove
from ..base.codes import (
    BUSY,
    CONNECT_SECONDS,
    CONTEXT_LOST,
    DOUBTFUL,
    FILE_LIMIT,
    STATE_LOST,
    UNRESOLVED,
)
from ..base.state import ModuleState
from ..base.trust import Trust
from ..errors import ModuleError, NoAnswer, Phase, TransferError
from ..settings import Settings
from ..stats import Recovery
from .connect import recover
from .files import (
    ATTEMPTS,
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

#: Seconds between two attempts while the module is busy.
BUSY_PAUSE = 0.5
#: How often a module may say that it is busy before it is thought to be stuck: 20 s.
REFUSALS = 40
#: What a response that does not tell its length is taken to have.
UNKNOWN_LENGTH = 1_000_000
#: Seconds in which OK would come behind an error that is none of the module's.
CONTRADICTION_SECONDS = 0.1
#: Seconds for a URL to reach the module: 700 bytes take 0.73 s at 9,600 baud.
URL_SECONDS = 10


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
    state: ModuleState,
) -> Dialogue[None]:
    """Make the module ready and hand it the request.

    Until the module says CONNECT the server has seen nothing, and what went wrong is
    mended and done again, each kind once.

    :raises ModuleError: what could not be mended, or came later.
    """
    mended: set[frozenset[int | None]] = set()
    while True:
        try:
            yield from prepare(settings, state)
            if request.trust is not None:
                yield from _secure(request, request.trust, settings, state)
            yield from _hand_over(request, read_seconds, baudrate, settings, state)
            state.refusals = 0
            return
        except ModuleError as error:
            if error.phase is not Phase.CONNECT:
                raise
            yield from _mend(error, mended, settings, state)


def _secure(
    request: Request, trust: Trust, settings: Settings, state: ModuleState
) -> Dialogue[None]:
    """Have the module check the server, on a connection that is made for that."""
    if not (yield from fits(trust, request.origin, settings, state)):
        yield from deactivate(settings, state)
        state.peers.clear()
        yield from prepare(settings, state)
    yield from secure(
        trust,
        request.origin,
        request.handshake_seconds,
        settings,
        state,
        progress=request.progress,
        on_unchecked=request.on_unchecked,
    )


def _hand_over(
    request: Request,
    read_seconds: float,
    baudrate: int,
    settings: Settings,
    state: ModuleState,
) -> Dialogue[None]:
    yield from _set_url(request, state)
    if request.uploaded:
        yield from _post_file(request, read_seconds, state)
    else:
        command = request.command(
            read_seconds, baudrate, rtscts=settings.rtscts, prompt=state.prompt
        )
        # Whatever goes wrong puts it in doubt: noise can make it look so.
        state.prompt = False
        reply = yield from must(command)
        state.prompt = not reply.values(request.name)


def _set_url(request: Request, state: ModuleState) -> Dialogue[None]:
    """Tell the module the URL; where the server is to be checked, have it told back.

    The module checks the server for the name that it has, and noise may make another
    one of it, with a server that has a certificate for that.
    """
    checked = request.trust is not None and request.trust.ca is not None
    for _ in range(ATTEMPTS):
        if state.url != request.url:
            yield from _give_url(request.url, state)
        if not checked or state.confirmed_url == request.url:
            return
        # So what is read back is surely the module's.
        yield from prove()
        if (yield from _has_url(request.url)):
            state.confirmed_url = request.url
            return
        state.url = None
    raise TransferError(
        f"the URL does not arrive as it is in {ATTEMPTS} attempts; look at the line's "
        "speed and wiring",
        command="AT+QHTTPURL",
    )


def _give_url(url: bytes, state: ModuleState) -> Dialogue[None]:
    state.url = state.confirmed_url = None
    yield from must(
        Command(
            f"+QHTTPURL={len(url)},{URL_SECONDS}",
            payload=url,
            payload_timeout=URL_SECONDS + 1,
        )
    )
    state.url = url


def _has_url(url: bytes) -> Dialogue[bool]:
    """Ask the module which URL it has; return whether it is this one."""
    reply = yield from must(Command("+QHTTPURL?"))
    found = [value.strip('"') for value in reply.values("+QHTTPURL")]
    return found == [url.decode("ascii")]


def _post_file(
    request: Request, read_seconds: float, state: ModuleState
) -> Dialogue[None]:
    """Have the module send the request from a file (HTTP manual 2.5).

    One whose upload did not end as it must have is sent again, though it has its size.
    """
    yield from _sweep(state)
    name = request_name(request.data)
    state.litter.add(name)
    digest = hashlib.sha256(request.data).digest()
    anew = state.contents.pop(name, b"") != digest
    yield from store(name, request.data, request.progress, anew=anew)
    state.contents[name] = digest
    text = f'+QHTTPPOSTFILE="{name}",{whole_seconds(read_seconds)}'
    yield from _commit(
        Command(text, timeout=CONNECT_SECONDS + 5, commits=True, reports=True)
    )


def _commit(command: Command) -> Dialogue[None]:
    """Give a command that the server will be asked by, whatever is said before OK.

    An error that noise has made must not let it be given twice.
    """
    try:
        yield from must(command)
    except ModuleError:
        try:
            reply = yield Hearken(command, CONTRADICTION_SECONDS)
        except NoAnswer:
            reply = None
        if reply is None or not reply.ok:
            raise


def _sweep(state: ModuleState) -> Dialogue[None]:
    """Delete, once, what a program that was stopped in the midst has left."""
    if not state.swept:
        names = yield from listing()
        state.litter.update(filter(TEMPORARY_NAME.fullmatch, names))
        yield from tidy(state)
        state.swept = True


def tidy(state: ModuleState) -> Dialogue[None]:
    """Delete the files that exchanges have left."""
    for name in tuple(state.litter):
        state.contents.pop(name, None)
        yield from delete(name)
        state.litter.discard(name)


def read_by_file(
    wait_seconds: float,
    length: int | None,
    sink: Callable[[bytes], None],
    state: ModuleState,
    *,
    bodyless: bool = False,
) -> Dialogue[None]:
    """Have the response written to a file, and the file sent (HTTP manual 2.7).

    :param length: the response's Content-Length, where it is known.
    :param sink: called with the response as it comes; again from the start, after
        b"", where it did not arrive intact.
    :param bodyless: whether it has no body: a module that waits for one all the same
        reports that none came, with all there is in the file.
    :raises ModuleError: where the module has no response, or could not write it all.
    :raises TransferError: where it does not arrive intact.
    """
    yield from _sweep(state)
    name = response_name()
    state.litter.add(name)
    text = f'+QHTTPREADFILE="{name}",{whole_seconds(wait_seconds)}'
    command = Command(text, timeout=wait_seconds, reports=True)
    yield from _fetched(command, wait_seconds)
    line = yield from _written(name, wait_seconds, length)
    (err,) = _numbers(line)[:1]
    if err and not bodyless:
        raise ModuleError(err, "AT+QHTTPREADFILE", phase=Phase.READ)
    for _ in range(ATTEMPTS):
        if (yield from download(name, sink)):
            return
        sink(b"")
    raise TransferError(f"the response did not arrive intact in {ATTEMPTS} attempts")


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
    state: ModuleState,
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
        yield from _discard_response(state)
        yield from _wait_while_busy(error, settings, state)
    elif not first or (kind is UNRESOLVED and (yield from has_names(settings))):
        raise error
    elif kind in (STATE_LOST, DOUBTFUL):
        state.stats.recovered(Recovery.SET_UP, error)
        state.doubt()
        state.url = None
    else:
        state.stats.recovered(Recovery.CONTEXT, error)
        yield from deactivate(settings, state)


def _wait_while_busy(
    error: ModuleError, settings: Settings, state: ModuleState
) -> Dialogue[None]:
    """Wait a little; but take the context away from what goes on for too long.

    Noise may have made hours of the seconds that the module was to wait for a server,
    and nothing else ends that.
    """
    state.refusals += error.err == 703
    if state.refusals < REFUSALS:
        yield Pause(BUSY_PAUSE, error)
        return
    state.refusals = 0
    state.stats.recovered(Recovery.CONTEXT, error)
    yield from deactivate(settings, state)


def _discard_response(state: ModuleState) -> Dialogue[None]:
    """Take from the module a response that nobody waits for any more."""
    reply = yield from asked(Command("+QHTTPREAD=1", leads=True))
    if reply.connected:
        state.stats.recovered(Recovery.DRAIN)
        yield from recover()
    else:
        yield from prove()


def result(request: Request, seconds: float, state: ModuleState) -> Dialogue[Result]:
    """Wait for the result URC of a request that was handed over.

    :raises ModuleError: where it tells of an error.
    """
    line: bytes = yield Await(f"{request.name}:".encode("ascii"), seconds)
    yield from tidy(state)
    err, *numbers = _numbers(line)
    if err:
        raise ModuleError(err, f"AT{request.name}", phase=Phase.WAIT)
    return Result(*numbers[:2])


def _numbers(line: bytes) -> list[int]:
    """Return the numbers of a result URC, at least one."""
    try:
        return [int(field) for field in line.partition(b":")[2].split(b",")]
    except ValueError:
        raise TransferError(f"the module says {printable(line)}") from None


def read(wait_seconds: float) -> Dialogue[None]:
    """Ask for the response; what follows on the line is the response.

    :param wait_seconds: the longest silence of the server.
    :raises ModuleError: where the module has none.
    """
    text = f"+QHTTPREAD={whole_seconds(wait_seconds)}"
    command = Command(text, timeout=wait_seconds, leads=True)
    yield from _fetched(command, wait_seconds)


def _fetched(command: Command, patience: float) -> Dialogue[None]:
    """Give a command that fetches the response, again where noise may have changed it.

    The module keeps the response for it; or is busy for ever, where it was fetched and
    noise has changed the answer.

    :param patience: seconds for which the module may be busy.
    """
    doubted = False
    while True:
        try:
            yield from must(command)
            return
        except ModuleError as error:
            # The error may be a line of the response, whose CONNECT noise has hidden.
            if not (yield Ask()) or patience <= 0:
                raise
            if error.err not in BUSY and (doubted or error.err not in DOUBTFUL):
                raise
            doubted = doubted or error.err in DOUBTFUL
            patience -= BUSY_PAUSE
            yield Pause(BUSY_PAUSE, error)
