"""What a user calls: the module on one port, without requests."""

from __future__ import annotations

import copy
import logging
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Literal

from .at.parameters import number
from .at.steps import Command, Dialogue, Reply, must
from .base import sharing
from .clock import Clock, SystemClock
from .dialogues import connect, setup
from .engine import Engine, ModemState
from .errors import BG96Error, LimitError, TransferError
from .files import ModemFiles
from .http_client import HTTPClient
from .settings import Settings
from .sockets import ModemSockets
from .stats import Cost, DataUsage, Statistics

__all__ = ("BG96Modem", "DataUsage", "ModemState")

logger = logging.getLogger(__name__)

#: Seconds for a question: for its turn, the port and the answer.
QUESTION_TIMEOUT = 30.0

_COMMAND_NAME = re.compile(r"[+&#$%^*\\]?[A-Za-z]*(?:=\?|[=?])?")


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
    :param baudrate: the speed in baud, to which the module is set if the line carries
        it; ``fastest`` is the highest that it carries. Without it, the module keeps the
        speed at which it answers. Over the module's own USB, nothing is set.
    :param rtscts: whether RTS and CTS are wired. They then stop the line if either side
        is not ready.
    :param dtr: whether DTR is wired. It then ends data mode.
    :param verify_echo: whether to compare the module's echo of each announced length
        before payload is sent. Noise in a length then never turns payload into
        commands. It costs the bytes of the echo.
    :param allow_reset: whether to reset a module if nothing else helps, at most once in
        ten minutes. If that does not help, once in an hour.
    :param sslversion: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param ciphersuite: one cipher suite of the module, for example ``0XC02F``, or
        ``0XFFFF`` for all.
    :param set_clock: whether to set the module's clock if it is wrong by a day.
    :param allow_unchecked_host: whether to trust a server even if the firmware cannot
        check the host's name in its certificate.
    :param backoff_file: a file that keeps the pauses between attempts at the network
        when the program ends. Each modem needs a file of its own. Without it, a program
        that is started again asks the network at once.
    :param wake: called without arguments if the module does not answer, or if its port
        is missing. It may press the power key, or turn DTR on with a GPIO. It must do
        no harm to a module that is on, and must not use the modem.
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
        baudrate: int | Literal["fastest"] | None = None,
        rtscts: bool = False,
        dtr: bool = False,
        verify_echo: bool = False,
        allow_reset: bool = False,
        sslversion: int = 3,
        ciphersuite: str = "0XFFFF",
        set_clock: bool = True,
        allow_unchecked_host: bool = False,
        backoff_file: str | None = None,
        wake: Callable[[], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.port = port
        self.settings: Settings = Settings(
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
            backoff_file=backoff_file,
            wake=wake,
        )
        self._clock = clock or SystemClock()
        self._name = sharing.new_name()
        #: The adapters that have used it since they were last closed: see `sharing`.
        self.users: weakref.WeakSet[sharing.User] = weakref.WeakSet()
        self._begin()
        sharing.remember(self._name, self)

    def _begin(self) -> None:
        #: What the adapter and the methods below share. It is not for users.
        self.engine: Engine = Engine(self.port, self.settings, self._clock)
        self.http: HTTPClient = HTTPClient(self.engine)
        #: The module's TCP sockets.
        self.sockets: ModemSockets = ModemSockets(self.engine)

    @property
    def stats(self) -> Statistics:
        """The counts of what the modem has done."""
        return self.engine.driver.stats

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
    def state(self) -> ModemState:
        """What the modem is doing."""
        return self.engine.state

    @property
    def baudrate(self) -> int | None:
        """The speed in baud at which the module was last found, or to which it was set.

        It differs from the setting if the line does not carry that speed. It is None
        before the module is found, and if its port has no speed, such as its USB.
        """
        rates = self.engine.known.rates
        return rates.found if rates.matter else None

    @property
    def files(self) -> ModemFiles:
        """The files in the module's own file system."""
        return ModemFiles(self.engine.converse, self.settings, self.engine.known)

    def open(self, timeout: float = 30.0) -> None:
        """Open the port and find the module, without its network.

        :param timeout: in seconds.
        :raises BG96Error: if that fails.
        """
        self.engine.open(timeout)

    def prepare(self, timeout: float = 150.0) -> None:
        """Prepare the module as the first request does: PIN, APN, PDP context.

        :param timeout: in seconds.
        :raises BG96Error: if that fails.
        """
        known = self.engine.known
        known.doubt()
        self.engine.converse(setup.prepare(self.settings, known), timeout)

    def close(self) -> None:
        """Give the port back; first read an unread response, for up to 10 s.

        Then the response is cut off, and its reader gets an error.

        :raises NoAnswer: if another thread uses the modem for longer than that.
        """
        self.engine.close()

    def release(self) -> None:
        """Give the port back as soon as nobody needs it; do not wait.

        The current request needs the port until it is answered. A response needs it
        until it is read or closed, if somebody still holds it. A request after this
        call gets the modem, and the port stays open.
        """
        self.engine.release()

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
        reply = self.engine.converse(_plain(command), timeout + 30.0)
        self.engine.known.doubt()
        self.engine.known.told.url = None
        self.engine.known.told.sockets = False
        return [line.decode("latin-1") for line in reply.lines]

    def info(self) -> dict[str, str]:
        """Return the module's ``manufacturer``, ``model`` and ``revision``.

        ``ATI``, AT manual 2.1.
        """
        reply = self.engine.converse(must(Command("I", bare=True)), QUESTION_TIMEOUT)
        lines = [line.decode("latin-1") for line in reply.lines]
        names = ("manufacturer", "model", "revision")
        return dict(zip(names, (line.removeprefix("Revision: ") for line in lines)))

    def signal(self) -> int | None:
        """Return the signal strength in dBm, -113 to -51, or None if it is unknown.

        ``AT+CSQ``, AT manual 6.3.

        :raises TransferError: if the answer has no number.
        """
        reply = self.engine.converse(must(Command("+CSQ")), QUESTION_TIMEOUT)
        told = "".join(reply.values("+CSQ")[:1])
        rssi = number(told.partition(",")[0])
        if rssi is None:
            raise TransferError("the module's answer has no number", command="AT+CSQ")
        return None if rssi == 99 else -113 + 2 * rssi

    def registration(self) -> dict[str, int]:
        """Return the <stat> of ``CREG``, ``CGREG`` and ``CEREG``.

        1 and 5 mean registered (AT manual 6.1, 9.8, 9.11).
        """
        found = self.engine.converse(setup.registration(), QUESTION_TIMEOUT)
        return {name: int(stat) for name, stat in found.items()}

    def data_usage(self) -> DataUsage:
        """Return the bytes that went over the air, as the module counts them.

        ``AT+QGDCNT``, AT manual 9.12. The count begins with the values that the module
        has stored. ``command("AT+QGDCNT=0")`` clears it, and ``AT+QGDCNT=1`` stores it.
        The manual does not say which headers it counts.

        :raises ModuleError: if the firmware does not count.
        :raises TransferError: if the answer has no two numbers.
        """
        reply = self.engine.converse(must(Command("+QGDCNT?")), QUESTION_TIMEOUT)
        told = "".join(reply.values("+QGDCNT")[:1])
        sent, received = map(number, f"{told},,".split(",")[:2])
        if sent is None or received is None:
            text = "the module's answer has no two numbers"
            raise TransferError(text, command="AT+QGDCNT?")
        return DataUsage(sent, received)

    @contextmanager
    def measure(self) -> Iterator[Cost]:
        """Measure what the requests in this ``with`` block cost.

        The counts are those of the modem: they have the requests of other threads, too.
        A response counts as far as it is read in the block. The module is asked for its
        own count before and after the block. These two commands are not counted. If
        that fails, `Cost.air` is None, and the log says why.

        :returns: the cost, which is known at the end of the block.
        """
        cost = Cost()
        air, told = self._usage_if_known(), self.engine.known.told
        before = copy.copy(self.stats)
        try:
            yield cost
        finally:
            cost.count(before, self.stats)
        now = self._usage_if_known()
        if air and now and told is self.engine.known.told:
            cost.air = DataUsage(now.sent - air.sent, now.received - air.received)

    def _usage_if_known(self) -> DataUsage | None:
        try:
            return self.data_usage()
        except BG96Error as error:
            logger.info("the bytes over the air are not known: %s", error)
            return None

    @property
    def clock(self) -> Clock:
        """The clock of this modem."""
        return self._clock

    @property
    def inherited(self) -> bool:
        """Whether this process was forked after the modem was made."""
        return self.engine.inherited


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
