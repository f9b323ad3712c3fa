"""One BG96 without I/O: bytes and time go in, bytes come out."""

from __future__ import annotations

from .commands import COMMANDS
from .contexts import Contexts
from .data_counters import CountedConnection, DataCounters
from .flood import flood
from .http_service import HttpService
from .interpreter import Interpreter
from .light_sleep import LightSleep
from .network import Network, ServerConnection, TlsSettings
from .power import Power
from .power_saving import PowerSaving
from .radio import Radio
from .results import CommandFailed
from .scheduler import Scheduler, Task
from .sim import Sim
from .sockets import Sockets
from .store import Store
from .switches import Switches
from .terminal import Terminal
from .tls import TlsContexts
from .ufs import FileSystem

__all__ = ("Module",)


class Module:
    """The core of the emulator. It does not wait, and has no clock.

    The owner calls `receive` with the bytes of the host, `step` when something is due,
    and `take` for the bytes of the module.

    :param network: makes the connections.
    :param now: the time at the start, in seconds.
    :param switches: the firmware.
    :param answer_delay: the seconds between a command line and its answer.
    :param sim: the state of the SIM; see `Sim`.
    :param pin: the PIN of the SIM.
    :param registration: the registration with the network; see `STATES`.
    :param apn: the only APN that the network accepts; None accepts all.
    :param attach_error: the number with which the network rejects an attach, for
        example 107; None accepts it.
    :param model: the module's name in the answer to ATI.
    """

    maker = "Quectel"

    def __init__(
        self,
        network: Network,
        *,
        now: float = 0.0,
        switches: Switches = Switches(),
        answer_delay: float = 0.0,
        sim: str | None = "ready",
        pin: str = "1234",
        registration: str = "home",
        apn: str | None = None,
        attach_error: int | None = None,
        model: str = "BG96",
    ) -> None:
        self.network = network
        self.switches = switches
        self.answer_delay = answer_delay
        self.model = model
        #: The firmware revision, in the form of AT manual 2.1.
        self.revision = f"{model}MAR02A07M1G"
        self.exchanges = 0
        self.functionality = 1
        #: Whether another port of the module is in data mode (HTTP manual 4.4).
        self.data_mode_elsewhere = False
        self.scheduler = Scheduler(now)
        self.terminal = Terminal(lambda: self.scheduler.now, switches)
        self.sim = Sim(sim, pin)
        self.radio = Radio(self, registration, attach_error)
        self.contexts = Contexts(self, apn)
        self.files = FileSystem()
        self.store = Store()
        self.counters = DataCounters(lambda: self.scheduler.now)
        self.tls = TlsContexts(self)
        self.http = HttpService(self)
        self.sockets = Sockets(self)
        self.power_saving = PowerSaving(self)
        self.light_sleep = LightSleep(self)
        self.power = Power(self)
        self._set_error: int | None = None
        self._interpreter = Interpreter(self, COMMANDS)
        self._foreground: Task | None = None
        self.power.start_ready()

    # Calls of the owner.

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the host; the next step uses them."""
        self.step(now)
        if self.power.on and self.light_sleep.hears(now):
            self.terminal.input.add(data, now)

    def step(self, now: float) -> float:
        """Do everything that is due at `now`; return the time of the next step."""
        return self.scheduler.step(now)

    def take(self, limit: int) -> bytes:
        """Return at most `limit` bytes for the host."""
        return self.terminal.take(limit)

    @property
    def pending(self) -> int:
        """The number of bytes that `take` could return."""
        return self.terminal.pending

    def set_dtr(self, on: bool) -> None:
        """Set the DTR line; a falling edge may end data mode (AT manual 3.2)."""
        self.light_sleep.set_dtr(on)
        if not on and self.terminal.data_mode:
            self.terminal.dtr_dropped = True

    # Lines that the owner may read.

    @property
    def carrier(self) -> bool:
        """The DCD line: on in data mode, or always with AT&C0 (AT manual 3.1)."""
        return self.terminal.data_mode or self.terminal.profile.carrier == 0

    @property
    def ringing(self) -> bool:
        """The RI line: on for 120 ms with each URC."""
        return self.scheduler.now < self.terminal.ring_until

    # Calls of the module's parts.

    def urc(self, line: bytes, before: int = 1, after: int = 1) -> None:
        """Send a URC as soon as no command and no payload prevents it.

        :param before: the number of line ends before it.
        :param after: the number of line ends after it.
        """
        if self.power.on:
            self.terminal.urc(line, before, after)

    def hang_up(self) -> None:
        """Close the connections in use, as the servers do."""
        self.http.hang_up()
        self.sockets.hang_up()

    def close(self) -> None:
        """Close all connections."""
        self.http.reset()
        self.sockets.reset()

    def connect(
        self, host: str, port: int, tls: TlsSettings | None
    ) -> ServerConnection:
        """Start a connection, and count its bytes."""
        connection = self.network.connect(host, port, tls, self.scheduler.now)
        heard_at = self.power_saving.heard_at
        return CountedConnection(connection, self.counters, heard_at)

    def tls_settings(self) -> TlsSettings:
        """Return the SSL context that the HTTP commands use."""
        return self.tls.settings(self.http.settings["sslctxid"])

    def start_interpreter(self) -> None:
        """Start to read command lines."""
        self._foreground = self.scheduler.spawn(self._interpreter.run())
        if self.switches.urc_flood:
            self.scheduler.spawn(flood(self, self.switches.urc_flood))

    def fail_next(self, code: int) -> None:
        """Let the command in progress, or the next one, fail with an error number."""
        foreground = self._foreground
        if self._interpreter.executing and foreground and not foreground.done:
            foreground.throw(CommandFailed(code))
        else:
            self._set_error = code

    def fail_if_set(self) -> None:
        """Fail the command if `fail_next` was called.

        :raises CommandFailed: with its number.
        """
        code, self._set_error = self._set_error, None
        if code is not None:
            raise CommandFailed(code)

    def due(self) -> float:
        """Return the time of the next thing to do."""
        return self.scheduler.due()
