"""The module's HTTP client: send it a request, and read the response."""

from __future__ import annotations

import collections
import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .at.link import Link
from .at.steps import Dialogue
from .base import times
from .base.knowledge import Knowledge
from .base.trust import Trust
from .clock import Deadline
from .dialogues import receive
from .dialogues.context import deactivate
from .dialogues.repair import repair
from .dialogues.request import Request
from .dialogues.send import send
from .dialogues.setup import prepare
from .dialogues.temporary import tidy
from .dialogues.tls import fits, secure
from .errors import BG96Error, ModuleError, Phase, TransferError
from .response.framing import Framing
from .response.live import LiveResponse
from .response.stored import StoredResponse
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ("HTTPClient", "deliver")


class HTTPClient:
    """The module's HTTP client (HTTP manual 2), one exchange at a time.

    :param engine: the module.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: Scheme, host and port of the server of the last response on the line.
        self._source: bytes | None = None

    @property
    def checks_host(self) -> bool:
        """Whether the firmware is known to check the host's name in a certificate."""
        return "checkhost" in (self._engine.known.tls_keys or ())

    def exchange(
        self,
        request: Request,
        connect_seconds: float,
        read_seconds: float,
        total_seconds: float | None = None,
    ) -> LiveResponse | StoredResponse:
        """Send a request and return its unread response.

        :param connect_seconds: limits everything until the server is connected: the
            wait for the modem, its set-up, the connection to the server.
        :param read_seconds: limits each silence after that.
        :param total_seconds: limits both together.
        :raises BG96Error: with its phase in `BG96Error.phase`.
        """
        engine = self._engine
        deadline = Deadline(engine.clock, connect_seconds)
        with engine.turn(deadline), self._tidying():
            started = engine.clock.now()
            link, request = self._send(request, deadline, read_seconds)
            if total_seconds is not None:
                spent = engine.clock.now() - started
                read_seconds = min(read_seconds, max(0.0, total_seconds - spent))
            return self._read(link, request, read_seconds)

    def abandon(self, response: LiveResponse | StoredResponse) -> None:
        """Give up `response`, and free the line now if nobody else uses the modem.

        Otherwise the next user of the modem frees the line. This must not wait: the
        garbage collector may close a response in any thread at any time. It does
        nothing at the end of the program, and in a forked process.
        """
        if self._engine.inherited or sys.is_finalizing():
            return
        response.close()
        if response is self._engine.reading and not response.complete:
            self._engine.free_at_once(response)

    # With the turn

    def _send(
        self, request: Request, deadline: Deadline, read_seconds: float
    ) -> tuple[Link, Request]:
        """Send `request` to the module; repeat it if it failed before CONNECT."""
        action = functools.partial(self._send_once, request, deadline, read_seconds)
        return self._engine.driver.retry(action, deadline)

    def _send_once(
        self, request: Request, deadline: Deadline, read_seconds: float
    ) -> tuple[Link, Request]:
        """Send `request`; return it in the form in which the module got it."""
        driver = self._engine.driver
        # Unread bytes may be old. They do not show the module's current state.
        driver.doubt()
        self._engine.free_line(deadline)
        driver.recording = request.recording
        if request.recording is not None:
            request.recording.take_turn()
        # A server that forges answers here could only forge its own response.
        alike = request.origin == self._source
        harmless = alike and not (request.body or request.trust)
        known, settings = driver.known, self._engine.settings
        skip_at = driver.awake or _gives_url(request, known)
        link = driver.ensure_ready(deadline, needs_proof=not harmless, skip_at=skip_at)
        link.phase = Phase.CONNECT
        request = request.within(known.limits)
        script = deliver(request, read_seconds, link.port.baudrate, settings, known)
        driver.run(link, script, deadline)
        driver.stats.requests += 1
        driver.stats.bytes_up += len(request.data)
        return link, request

    def _read(
        self, link: Link, request: Request, read_seconds: float
    ) -> LiveResponse | StoredResponse:
        """Wait for the result of `request`, and ask for the response."""
        engine, driver = self._engine, self._engine.driver
        link.phase = Phase.WAIT
        until = Deadline(engine.clock, read_seconds)
        script = receive.result(request, read_seconds, driver.known)
        result = driver.run(link, script, until)
        bodyless = request.method == "HEAD" or result.status in (204, 304)
        wait = min(read_seconds, times.BODYLESS) if bodyless else read_seconds
        link.phase = Phase.READ
        if request.by_file:
            return self._fetch(link, request.method, wait, result, bodyless)
        until = Deadline(engine.clock, read_seconds)
        driver.run(link, receive.read(wait), until)
        self._source = request.origin
        framing = Framing(request.method, result.length, link.line_end)
        response = LiveResponse(link, framing, read_seconds, engine.clock, engine.ended)
        engine.reading = response
        return response

    def _fetch(
        self,
        link: Link,
        method: str,
        wait: float,
        result: receive.Result,
        bodyless: bool,
    ) -> StoredResponse:
        """Read the response from a file in the module and return it."""
        response = StoredResponse(method)
        driver = self._engine.driver
        script = receive.read_by_file(
            wait, result.length, response.receive, driver.known, bodyless=bodyless
        )
        driver.run(link, script, Deadline(self._engine.clock, times.FETCH))
        try:
            response.finish()
        except TransferError as error:
            error.reached(Phase.READ)
            raise
        return response

    @contextmanager
    def _tidying(self) -> Iterator[None]:
        """Delete temporary files at the end, if the module still listens."""
        driver = self._engine.driver
        try:
            yield
        except BG96Error as error:
            error.reached(Phase.CONNECT)
            raise
        except BaseException:
            if driver.link:
                driver.link.give_up()
            raise
        finally:
            link = driver.link
            if driver.known.temporary_files and not self._engine.reading:
                if link and link.state.listens:
                    with suppress(BG96Error):
                        script = tidy(driver.known)
                        until = Deadline(self._engine.clock, times.TIDY)
                        driver.run(link, script, until)


def deliver(
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
    repaired: collections.Counter[frozenset[int | None]] = collections.Counter()
    while True:
        try:
            yield from prepare(settings, known, request.url)
            if request.trust is not None:
                yield from _secure(request, request.trust, settings, known)
            yield from send(request, read_seconds, baudrate, settings, known)
            known.told.busy_count = 0
            return
        except ModuleError as error:
            if error.phase not in (None, Phase.CONNECT):
                raise
            yield from repair(error, repaired, settings, known)


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


def _gives_url(request: Request, known: Knowledge) -> bool:
    """Return whether AT+QHTTPURL is the first command of `request`.

    A module that listens answers it with CONNECT at once. The URL does no harm to a
    module that has restarted.
    """
    fits = request.trust is None and len(request.url) <= known.limits.url
    return fits and known.told.url != request.url
