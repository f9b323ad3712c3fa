"""The module on one port: open it, set it up, share it, and recover it."""

from __future__ import annotations

import enum
import logging
import os
import re
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, TypeVar

from .at.link import Link
from .at.parameters import number
from .at.steps import Command, Dialogue, Escape, Reply, must
from .base import sharing, times
from .base.knowledge import Knowledge
from .base.turns import Turns
from .clock import Clock, Deadline, SystemClock
from .dialogues import connect, exchange, setup
from .dialogues.exchange import Result
from .dialogues.request import Request
from .errors import (
    BG96Error,
    LimitError,
    NoAnswer,
    Phase,
    TransferError,
)
from .files import ModemFiles
from .recovery.driver import Driver
from .recovery.policy import REPEATED, Attempts, Remedy
from .response.framing import Framing
from .response.live import BUSY, LiveResponse
from .response.stored import StoredResponse
from .settings import Settings
from .stats import Statistics

__all__ = ("BG96Modem", "ModemState")

T = TypeVar("T")

logger = logging.getLogger(__name__)

_COMMAND_NAME = re.compile(r"[+&#$%^*\\]?[A-Za-z]*(?:=\?|[=?])?")

#: The error of a response that has not ended when the modem is closed.
CUT = "the modem was closed while the response was still being read"


class ModemState(enum.Enum):
    """What the modem is doing."""

    CLOSED = "closed"
    #: The next request resynchronises the module, or sets it up.
    UNKNOWN = "to be resynchronised"
    READY = "ready"
    READING = "reading a response"


class BG96Modem:
    """The module on one port.

    Several adapters and sessions may share it. Only one exchange uses it at a time. It
    opens its port when a request first needs it.

    :param port: a port that `serial.serial_for_url` takes, or ``usb:SERIAL`` for the
        module on USB with this serial number. None looks for the one module on USB.
    :param apn: the access point name. Without it, the module's own PDP context is used
        unchanged.
    :param username: for the access point.
    :param password: for the access point.
    :param auth: how to send these two: 0 not at all, 1 with PAP, 2 with CHAP, 3 with
        either (TCP manual 2.1.1).
    :param pin: the PIN of the SIM. It is tried once, and only while all attempts are
        left. If the firmware does not tell the attempts, it is tried once until it was
        right.
    :param context_id: the PDP context, 1 to 16.
    :param ssl_context_id: the module's SSL context, 0 to 5.
    :param baudrate: the speed that the module is set to. Without it, the module keeps
        the speed at which it answers.
    :param rtscts: whether RTS and CTS are wired. They then stop the line if either side
        is not ready.
    :param dtr: whether DTR is wired. It then ends data mode.
    :param verify_echo: whether to compare the module's echo of each announced length
        before payload is sent. Noise in a length then never turns payload into
        commands. It costs the bytes of the echo.
    :param allow_reset: whether to reset a module if nothing else helps, at most once in
        ten minutes.
    :param sslversion: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param ciphersuite: one cipher suite of the module, for example ``0XC02F``, or
        ``0XFFFF`` for all.
    :param set_clock: whether to set the module's clock if it is wrong by a day.
    :param allow_unchecked_host: whether to trust a server even if the firmware cannot
        check the host's name in its certificate.
    :param clock: the clock; a test may pass another one.
    :raises LimitError: if a setting cannot be part of an AT command.
    """

    def __init__(
        self,
        port: str | None = None,
        *,
        apn: str | None = None,
        username: str = "",
        password: str = "",
        auth: int = 0,
        pin: str | None = None,
        context_id: int = 1,
        ssl_context_id: int = 1,
        baudrate: int | None = None,
        rtscts: bool = False,
        dtr: bool = False,
        verify_echo: bool = False,
        allow_reset: bool = False,
        sslversion: int = 3,
        ciphersuite: str = "0XFFFF",
        set_clock: bool = True,
        allow_unchecked_host: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.port = port
        self.settings = Settings(
            apn=apn,
            username=username,
            password=password,
            auth=auth,
            pin=pin,
            context_id=context_id,
            ssl_context_id=ssl_context_id,
            baudrate=baudrate,
            rtscts=rtscts,
            dtr=dtr,
            verify_echo=verify_echo,
            allow_reset=allow_reset,
            sslversion=sslversion,
            ciphersuite=ciphersuite,
            set_clock=set_clock,
            allow_unchecked_host=allow_unchecked_host,
        )
        self._clock = clock or SystemClock()
        self._name = sharing.new_name()
        #: The adapters that have used it since they were last closed: see `sharing`.
        self.users: weakref.WeakSet[sharing.User] = weakref.WeakSet()
        self._begin()
        sharing.remember(self._name, self)

    def _begin(self) -> None:
        self._driver = Driver(self.port, self.settings, self._clock)
        self._turns = Turns()
        self._process = os.getpid()
        self._reading: LiveResponse | None = None
        #: Scheme, host and port of the server of the last response on the line.
        self._source: bytes | None = None
        #: Whether to give the port back as soon as nobody needs it.
        self._released = False

    @property
    def stats(self) -> Statistics:
        """The counts of what the modem has done."""
        return self._driver.stats

    def __repr__(self) -> str:
        name = self.port or "the port to be found"
        return f"<{type(self).__name__} on {name}, {self.state.value}>"

    def __enter__(self) -> BG96Modem:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "port": self.port,
            "settings": self.settings,
            "_clock": self._clock,
            "_name": self._name,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.users = weakref.WeakSet()
        self._begin()

    def __reduce__(self) -> tuple[Any, ...]:
        # In the same process, unpickling returns this very object.
        return sharing.restored, (type(self), self._name, self.__getstate__())

    def __copy__(self) -> BG96Modem:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> BG96Modem:
        return self

    @property
    def _known(self) -> Knowledge:
        return self._driver.known

    @property
    def state(self) -> ModemState:
        """What the modem is doing."""
        link = self._driver.link
        if link is None:
            return ModemState.CLOSED
        if self._reading is not None:
            return ModemState.READING
        return ModemState.READY if link.state.listens else ModemState.UNKNOWN

    @property
    def checks_host(self) -> bool:
        """Whether the firmware is known to check the host's name in a certificate."""
        return "checkhost" in (self._known.tls_keys or ())

    @property
    def files(self) -> ModemFiles:
        """The files in the module's own file system."""
        return ModemFiles(self._converse, self.settings, self._known)

    def open(self, timeout: float = 30.0) -> None:
        """Open the port and find the module, without its network.

        :param timeout: in seconds.
        :raises BG96Error: if that fails.
        """
        deadline = Deadline(self._clock, timeout)
        with self._turn(deadline):
            self._driver.attention(deadline)

    def prepare(self, timeout: float = 150.0) -> None:
        """Prepare the module as the first request does: PIN, APN, PDP context.

        :param timeout: in seconds.
        :raises BG96Error: if that fails.
        """
        self._known.doubt()
        self._converse(setup.prepare(self.settings, self._known), timeout)

    def close(self) -> None:
        """Give the port back; first read an unread response, for up to 10 s.

        Then the response is cut off, and its reader gets an error.

        :raises NoAnswer: if another thread uses the modem for longer than that.
        """
        if self.inherited:
            self._begin()
        deadline = Deadline(self._clock, times.CLOSE)
        with self._turn(deadline):
            self._shut(deadline)

    def release(self) -> None:
        """Give the port back as soon as nobody needs it; do not wait.

        The current request needs the port until it is answered. A response needs it
        until it is read or closed, if somebody still holds it. A request after this
        call gets the modem, and the port stays open.
        """
        if self.inherited:
            self._begin()
        self._released = True
        self._give_back()

    def command(self, text: str, timeout: float = 5.0) -> list[str]:
        """Send one AT command and return its information lines.

        Use it for everything that has no method of its own. If it changes settings that
        requests need, the next request sets them again.

        :param text: the command, with its ``AT``.
        :param timeout: in seconds, for the answer.
        :raises ModuleError: if the module answers with an error.
        :raises LimitError: if the command is not an ASCII line, or needs data.
        """
        if not text.upper().startswith("AT") or not text.isascii():
            raise LimitError("an AT command must begin with AT and be ASCII")
        if not text.isprintable():
            raise LimitError("an AT command must not contain control characters")
        shown = _shown(text[2:])
        command = Command(text[2:], timeout=timeout, bare=True, leads=True, shown=shown)
        reply = self._converse(_plain(command), timeout + 30.0)
        self._known.doubt()
        self._known.told.url = None
        return [line.decode("latin-1") for line in reply.lines]

    def info(self) -> dict[str, str]:
        """Return the module's ``manufacturer``, ``model`` and ``revision``.

        ``ATI``, AT manual 2.1.
        """
        reply = self._converse(must(Command("I", bare=True)), 30.0)
        lines = [line.decode("latin-1") for line in reply.lines]
        names = ("manufacturer", "model", "revision")
        return dict(zip(names, (line.removeprefix("Revision: ") for line in lines)))

    def signal(self) -> int | None:
        """Return the signal strength in dBm, -113 to -51, or None if it is unknown.

        ``AT+CSQ``, AT manual 6.3.

        :raises TransferError: if the answer has no number.
        """
        reply = self._converse(must(Command("+CSQ")), 30.0)
        told = "".join(reply.values("+CSQ")[:1])
        rssi = number(told.partition(",")[0])
        if rssi is None:
            raise TransferError("the module's answer has no number", command="AT+CSQ")
        return None if rssi == 99 else -113 + 2 * rssi

    def registration(self) -> dict[str, int]:
        """Return the <stat> of ``CREG``, ``CGREG`` and ``CEREG``.

        1 and 5 mean registered (AT manual 6.1, 9.8, 9.11).
        """
        found = self._converse(setup.registration(), 30.0)
        return {name: int(stat) for name, stat in found.items()}

    @property
    def clock(self) -> Clock:
        """The clock of this modem."""
        return self._clock

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
        deadline = Deadline(self._clock, connect_seconds)
        with self._turn(deadline), self._tidying():
            started = self._clock.now()
            link = self._hand_over(request, deadline, read_seconds)
            known = self._driver.known
            request = request.within(known.limits)
            if total_seconds is not None:
                spent = self._clock.now() - started
                read_seconds = min(read_seconds, max(0.0, total_seconds - spent))
            link.phase = Phase.WAIT
            until = Deadline(self._clock, read_seconds)
            script = exchange.result(request, read_seconds, known)
            result = self._driver.run(link, script, until)
            bodyless = request.method == "HEAD" or result.status in (204, 304)
            wait = min(read_seconds, times.BODYLESS) if bodyless else read_seconds
            link.phase = Phase.READ
            if request.by_file:
                return self._fetch(link, request.method, wait, result, bodyless)
            self._driver.run(
                link, exchange.read(wait), Deadline(self._clock, read_seconds)
            )
            self._source = request.origin
            framing = Framing(request.method, result.length, link.line_end)
            self._reading = LiveResponse(
                link, framing, read_seconds, self._clock, self._ended
            )
            return self._reading

    def let_read(self, response: LiveResponse | StoredResponse) -> None:
        """Without flow control, start a thread that reads `response` meanwhile."""
        if not self.settings.rtscts:
            response.start_background_read()

    def abandon(self, response: LiveResponse | StoredResponse) -> None:
        """Give up `response`, and free the line now if nobody else uses the modem.

        Otherwise the next user of the modem frees the line. This must not wait: the
        garbage collector may close a response in any thread at any time. It does
        nothing at the end of the program, and in a forked process.
        """
        if self.inherited or sys.is_finalizing():
            return
        response.close()
        # If the port was closed meanwhile, another response may use the line now.
        already_free = response.complete or response is not self._reading
        turn = None if already_free else self._turns.take(0)
        if turn is None:
            return
        try:
            self._free_line(Deadline(self._clock, times.CLOSE))
        except BG96Error as error:
            logger.info("the next request will recover from this: %s", error)
        finally:
            self._turns.give(turn)
        self._give_back()

    # With exclusive use of the modem

    @contextmanager
    def _turn(self, deadline: Deadline) -> Iterator[None]:
        self._check_process()
        self._released = False
        turn = self._turns.take(deadline.left())
        if turn is None:
            raise NoAnswer(self._busy(deadline.seconds))
        try:
            yield
        finally:
            self._turns.give(turn)
            if self._released:
                self._give_back()

    def _busy(self, seconds: float) -> str:
        if self._reading is not None:
            return BUSY
        return (
            f"the modem was busy with other requests for {seconds:.1f} s: use a longer "
            "connect timeout, fewer requests at a time, or a second modem"
        )

    @property
    def _unneeded(self) -> bool:
        """Whether the port was released and nobody will read from it."""
        reading = self._reading
        return self._released and (
            reading is None or reading.complete or reading.closed
        )

    def _give_back(self) -> None:
        """Close the port if it was released and nobody needs it.

        Each user calls this at its end, so the last one closes the port.
        """
        turn = self._turns.take(0) if self._unneeded else None
        if turn is None:
            return
        try:
            if self._unneeded:
                self._shut(Deadline(self._clock, times.CLOSE))
        except OSError as error:
            logger.info("closing the port failed: %s", error)
        finally:
            self._turns.give(turn)

    def _shut(self, deadline: Deadline) -> None:
        try:
            self._free_line(deadline)
        except BG96Error as error:
            logger.info("the port is closed during a response: %s", error)
            self._cut_off()
        finally:
            self._released, self._reading = False, None
            self._driver.close()

    def _cut_off(self) -> None:
        """Cut off a response that has not ended, and leave data mode."""
        if self._reading is not None:
            deadline = Deadline(self._clock, times.CUT)
            with suppress(BG96Error):
                self._reading.cut_off(TransferError(CUT), deadline)
                self._leave_data_mode(deadline)

    @property
    def inherited(self) -> bool:
        """Whether this process was forked after the modem was made."""
        return self._process != os.getpid()

    def _check_process(self) -> None:
        """Start with fresh state in a forked process, unless the port is open.

        Threads that do not exist in this process may hold the old turns and locks.
        """
        if self.inherited:
            if self._driver.link is not None:
                self._driver.link.port.check_process()
            self._begin()

    def _converse(self, dialogue: Dialogue[T], timeout: float) -> T:
        deadline = Deadline(self._clock, timeout)
        with self._turn(deadline):
            self._free_line(deadline)
            link = self._driver.attention(deadline)
            return self._driver.run(link, dialogue, deadline)

    def _hand_over(
        self, request: Request, deadline: Deadline, read_seconds: float
    ) -> Link:
        """Send `request` to the module; repeat it if it failed before CONNECT."""
        driver, attempts = self._driver, Attempts(deadline)
        while True:
            was_open = driver.link is not None
            try:
                return self._offer(request, deadline, read_seconds)
            except REPEATED as error:
                attempts.count(error, was_open=was_open)
                remedy = attempts.remedy(
                    error, met=driver.met, may_reset=driver.may_reset
                )
                if remedy is Remedy.NONE:
                    raise
                driver.apply(remedy, error, deadline)

    def _offer(self, request: Request, deadline: Deadline, read_seconds: float) -> Link:
        # Unread bytes may be old. They do not show the module's current state.
        self._driver.doubt()
        self._free_line(deadline)
        # A server that forges answers here could only forge its own response.
        alike = request.origin == self._source
        harmless = alike and not (request.body or request.trust)
        link = self._driver.attention(deadline, doubted=not harmless)
        link.phase = Phase.CONNECT
        known = self._driver.known
        request = request.within(known.limits)
        rate = link.port.baudrate
        script = exchange.send(request, read_seconds, rate, self.settings, known)
        self._driver.run(link, script, deadline)
        stats = self._driver.stats
        stats.requests += 1
        stats.bytes_up += len(request.data)
        return link

    def _fetch(
        self,
        link: Link,
        method: str,
        wait: float,
        result: Result,
        bodyless: bool,
    ) -> StoredResponse:
        """Read the response from a file in the module and return it."""
        response = StoredResponse(method)
        script = exchange.read_by_file(
            wait, result.length, response.receive, self._known, bodyless=bodyless
        )
        self._driver.run(link, script, Deadline(self._clock, times.FETCH))
        try:
            response.finish()
        except TransferError as error:
            error.reached(Phase.READ)
            raise
        return response

    @contextmanager
    def _tidying(self) -> Iterator[None]:
        """Delete temporary files at the end, if the module still listens."""
        try:
            yield
        except BG96Error as error:
            error.reached(Phase.CONNECT)
            raise
        except BaseException:
            if self._driver.link:
                self._driver.link.give_up()
            raise
        finally:
            link = self._driver.link
            if (
                link
                and link.state.listens
                and self._known.temporary_files
                and not self._reading
            ):
                with suppress(BG96Error):
                    script = exchange.tidy(self._known)
                    self._driver.run(link, script, Deadline(self._clock, times.TIDY))

    def _free_line(self, deadline: Deadline) -> None:
        """Take an earlier response off the line: discard or spool its rest."""
        if (reading := self._reading) is not None:
            if reading.abandoned:
                reading.discard(deadline)
            else:
                reading.spool(deadline)
            self._leave_data_mode(deadline)

    def _leave_data_mode(self, deadline: Deadline) -> None:
        link = self._driver.link
        if link is not None and link.state.data_mode:
            # A failure from here on has no phase: the old response is given up.
            link.phase = None
            self._driver.run(link, _escape(), deadline)

    def _ended(self, response: LiveResponse) -> None:
        if response is not self._reading:
            # The port was closed meanwhile.
            return
        self._driver.answered()
        # From here on, another response may use the line.
        self._reading = None
        if self._released:
            self._give_back()


def _escape() -> Dialogue[None]:
    yield Escape()


def _shown(text: str) -> str:
    """Return the name of a command without its parameters, which may be secret."""
    name = _COMMAND_NAME.match(text)
    shown = name[0] if name else ""
    return shown + ("" if shown == text else "...")


def _plain(command: Command) -> Dialogue[Reply]:
    reply = yield from must(command)
    if reply.connected:
        yield from connect.recover()
        raise LimitError(
            f"{command} leads to data mode, which command() does not support"
        )
    return reply
