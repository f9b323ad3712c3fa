"""One module behind a port: find it, remember its state, and recover it.

The ladder of recovery, each step only if the step before did not help: wait for an
answer that timed out; read a response that nobody waits for; leave data mode;
resynchronise with the question; deactivate and activate the PDP context; open the port
again, under a new name if USB has given it one; and, if the user allows it, reset the
module, at most as often as the manual does (HTTP manual 4.2).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TypeVar

from ..at.link import Link
from ..at.port import Port, held_for, resolved
from ..at.state import TRANSITIONS, Event, State
from ..at.steps import Dialogue, prove
from ..at.usb import UsbIdentity
from ..base import repeating, times
from ..base.backoff import Backoff, Record
from ..base.channels import MOST_CHANNELS, TcpChannels
from ..base.knowledge import Knowledge
from ..base.recording import Recording
from ..clock import Clock, Deadline
from ..dialogues import connect, identity, speed
from ..errors import (
    BG96Error,
    ContextError,
    LimitError,
    ModuleError,
    ModuleRestarted,
    MuteError,
    NoAnswer,
    PortError,
    SetupError,
    SleepError,
    StrayAnswer,
)
from ..settings import Settings
from ..stats import Recovery
from .policy import REPEATED, Attempts, Remedy
from .waking import Waking

__all__ = ("Driver",)

T = TypeVar("T")


#: Ports on another machine, which may accept several clients or disconnect the first.
_SHARED_BY_ALL = re.compile("(?:socket|rfc2217):")

ASLEEP = (
    'the module sleeps: it said "PSM POWER DOWN", and has not answered since. It wakes '
    "when T3412 is over (AT+QPSMS? tells how long that is), or by its power key: pass "
    "wake=, or use a longer connect timeout"
)


class Driver:
    """A module, and what is known of it.

    :param port: a port that `serial.serial_for_url` takes, or ``usb:SERIAL``; None
        looks for it on USB.
    :param settings: how to set up the module.
    :param clock: the clock.
    :param link_type: the class of the link, which says what a dialogue can do.
    """

    def __init__(
        self,
        port: str | None,
        settings: Settings,
        clock: Clock,
        link_type: type[Link] = Link,
    ) -> None:
        record = Record(settings.backoff_file)
        self.known = Knowledge(
            activation=Backoff(repeating.CONTEXT, clock, "activation", record),
            resets=Backoff(repeating.RESET, clock, "reset", record),
        )
        self.stats = self.known.stats
        #: The link to the module while the port is open.
        self.link: Link | None = None
        #: The module's sockets.
        self.channels = TcpChannels()
        #: Gets the dialogue of this turn; None without a trace. Set it in the turn,
        #: before `ensure_ready`.
        self.recording: Recording | None = None
        #: Whether the module has ever answered on this port.
        self.met = False
        self._link_type = link_type
        self._name = port
        self._settings = settings
        self._clock = clock
        self._port: Port | None = None
        self._identity: UsbIdentity | None = None
        #: Whether the port was lost, rather than closed by the user.
        self._lost = False
        #: The state of the line when the port was last closed.
        self._closed = State.CLOSED
        #: What the module waited for at its prompt then: see `Link.owed`.
        self._owed = b""
        self._last_answer = clock.now()
        self._waking = Waking(settings.wake, clock, self.stats)

    def record(self, recording: Recording | None) -> None:
        """Pass the dialogue to `recording` from here on; the caller has the turn."""
        self.recording = recording
        if self.link is not None:
            self.link.recording = self.link.port.meter = recording

    def ensure_ready(
        self, deadline: Deadline, *, needs_proof: bool = True, skip_at: bool = False
    ) -> Link:
        """Open and synchronise the port; return the link to a module that listens.

        A module that does not answer is woken, if the user has told how.

        :param needs_proof: whether the module must have echoed a question since the
            last payload from a server.
        :param skip_at: whether no ``AT`` is needed. Either the caller's first command
            also shows whether the module listens, or the module has just answered.
        :raises PortError: if the port cannot be opened.
        :raises SetupError: if the module does not answer.
        """
        first = True
        while True:
            try:
                if self.known.asleep:
                    self._wake(deadline)
                return self._try_ready(deadline, needs_proof, skip_at)
            except (ModuleRestarted, MuteError, NoAnswer, PortError) as error:
                failure: BG96Error = error
            if not self._waking.helps(failure, deadline, again=first):
                break
            first = False
        if self.known.asleep and isinstance(failure, (MuteError, NoAnswer)):
            failure = SleepError(ASLEEP)
        try:
            raise failure
        finally:
            # It refers to this frame.
            del failure

    def _wake(self, deadline: Deadline) -> None:
        """Wake a module that has said that it sleeps, unless it answers.

        A server could have said so, and the module could have started meanwhile.
        """
        if not self._waking.possible:
            return
        if self.link is not None:
            self.link.give_up()
            if self.run(self.link, connect.answers(), deadline):
                self.known.asleep = False
                # It may have lost its settings: call it as after a restart.
                self.link.give_up()
                return
        self._waking.wake("it said that it saves power", deadline)

    def _try_ready(self, deadline: Deadline, needs_proof: bool, skip_at: bool) -> Link:
        if self.link is not None and self.link.state.state is not State.LISTENING:
            # The code that led it there may have been interrupted.
            self.link.give_up()
        fresh = self.link is None
        link = self.link or self._open()
        link.phase = None
        link.recording = link.port.meter = self.recording
        if not link.state.listens:
            self._greet(link, fresh, deadline)
            self.known.forget()
            self.known.asleep = False
            self._settle_speed(link, deadline)
        elif needs_proof and not link.proved:
            self.run(link, prove(), deadline)
        elif self._needs_at(skip_at):
            # A module that restarts silently does not answer. AT shows this at once;
            # the next command might show it only after minutes.
            self.run(link, connect.listen(), deadline)
        if self.known.identity is None:
            self.run(link, identity.learn(self.known), deadline)
        return link

    def ensure_listening(self, deadline: Deadline) -> Link:
        """Return the link, for commands that a listening module answers at once.

        So a module that has restarted silently is noticed without an AT before them.

        :raises BG96Error: as `ensure_ready`.
        """
        link = self.link
        if link is None or link.state.state is not State.LISTENING:
            return self.ensure_ready(deadline)
        link.phase = None
        if not link.proved:
            self.run(link, prove(), deadline)
        return link

    def run(self, link: Link, dialogue: Dialogue[T], deadline: Deadline) -> T:
        """Run `dialogue`, and record how it left the module."""
        try:
            outcome = link.run(dialogue, deadline)
        except (ModuleError, LimitError):
            # The module may have understood another command.
            self.known.told.url = None
            self.answered()
            raise
        except ModuleRestarted as error:
            self.known.asleep = error.asleep
            raise
        except SetupError:
            self.known.doubt()
            if not link.state.listens:
                self._lost = True
                self.close()
            raise
        except PortError:
            self._lost = True
            self.close()
            raise
        except BaseException:
            link.give_up()
            raise
        finally:
            self.met = self.met or link.met
        self.answered()
        return outcome

    def retry(self, action: Callable[[], T], deadline: Deadline) -> T:
        """Call `action`; recover the module and repeat it while that may help.

        :param action: something that no server has seen if it fails before CONNECT.
        :raises BG96Error: the last error of `action`.
        """
        attempts = Attempts(deadline)
        while True:
            was_open = self.link is not None
            try:
                return action()
            except REPEATED as error:
                attempts.count(error, was_open=was_open)
                remedy = attempts.remedy(error, met=self.met, may_reset=self.may_reset)
                if remedy is Remedy.NONE:
                    raise
                self.apply(remedy, error, deadline)

    def answered(self) -> None:
        """Record when the last answer came, which may be before a silence."""
        if self.link is not None:
            self._last_answer = self.link.port.heard_at

    @property
    def heard_lately(self) -> bool:
        """Whether the module cannot have restarted unnoticed since its last answer."""
        return self._clock.now() - self._last_answer <= times.START

    def _needs_at(self, skip_at: bool) -> bool:
        """Whether an AT is needed: the module may have restarted, or may sleep."""
        if self._waking.possible and not self.heard_lately:
            return True
        return self.known.checked.settings and not skip_at

    @property
    def awake(self) -> bool:
        """Whether the module has just answered, so that a request need not ask it."""
        return self._clock.now() - self._last_answer <= times.AWAKE

    def doubt(self) -> None:
        """Forget the settings that were read if the module may have restarted."""
        if not self.heard_lately:
            self.known.doubt()

    @property
    def may_reset(self) -> bool:
        """Whether the module may be reset now."""
        return self._settings.allow_reset and not self.known.resets.left

    def apply(self, remedy: Remedy, error: BG96Error, deadline: Deadline) -> None:
        """Apply `remedy` before the next attempt.

        :param error: the error of the last attempt.
        """
        if remedy is Remedy.RESET:
            self._reset(error, deadline)
        elif remedy is Remedy.AWAIT_PORT:
            self._clock.sleep(min(repeating.PORT.pause, deadline.left()))
        elif remedy is Remedy.SET_UP:
            self.stats.recovered(Recovery.SET_UP, error)

    def _reset(self, error: BG96Error, deadline: Deadline) -> None:
        lasting = isinstance(error, ContextError) and error.lasting
        self.known.resets.failed(lasting=lasting)
        self.stats.recovered(Recovery.RESET, error)
        link = self.link or self._open()
        link.give_up()
        self.run(link, connect.restart(self._settings, self.known.rates), deadline)
        self.known.forget()
        self._settle_speed(link, deadline)
        self.known.activation.allow()

    def close(self) -> None:
        """Give the port back."""
        self.known.forget()
        if (link := self.link) is not None:
            # Keep this order: an interrupt here must not leave a closed link.
            self._closed = TRANSITIONS[link.state.state][Event.CLOSE]
            self._owed = link.owed
            if self._owed:
                self._closed = State.CLOSED_IN_DATA_MODE
            self.link = None
            link.state.on(Event.CLOSE)
        if self._port is not None:
            self._port.close()
            self._port = None
        self.channels.lose(_closed)

    def _greet(self, link: Link, fresh: bool, deadline: Deadline) -> None:
        """Make the module listen, and close sockets whose bytes come unasked."""
        if not link.pushes:
            greeting = self._greeting(link, fresh, deadline)
            try:
                self.run(link, speed.back_or(self.known.rates, greeting), deadline)
                return
            except StrayAnswer:
                if not link.pushes:
                    raise
        link.pushes = False
        ours = {channel.number for channel in self.channels.all}
        others = sorted({*range(MOST_CHANNELS)} - ours)
        self.run(link, connect.close_pushing(others), deadline)
        self.run(link, self._greeting(link, fresh, deadline), deadline)

    def _greeting(self, link: Link, fresh: bool, deadline: Deadline) -> Dialogue[None]:
        if fresh:
            data_mode = link.state.data_mode
            return connect.find_module(self._settings, self.known.rates, data_mode)
        self.stats.recovered(Recovery.RESYNCHRONISE)
        awaited, until = link.late_answer or (None, 0.0)
        late = max(0.0, until - self._clock.now())
        if awaited and late and not link.state.data_mode:
            self.stats.recovered(Recovery.LATE, awaited)
        left = deadline.left()
        patience = min(late, max(left / 2, left - times.CALL))
        return connect.resynchronise(
            link.state.data_mode, awaited, patience, self.known.rates
        )

    def _settle_speed(self, link: Link, deadline: Deadline) -> None:
        """Set the line to the wanted speed; the time for it is not counted."""
        started = self._clock.now()
        script = speed.settle(self._settings, self.known.rates)
        try:
            self.run(link, script, Deadline(self._clock, times.SPEED))
        finally:
            deadline.postpone(self._clock.now() - started)

    def _open(self) -> Link:
        if self._lost:
            self.stats.recovered(Recovery.REOPEN)
            self._lost = False
        # An interrupted attempt may have left a port open.
        self.close()
        port = self._open_port()
        self.link = self._link_type(
            port,
            self._clock,
            self._note,
            self.stats,
            self._settings,
            self._closed,
            self._owed,
        )
        self.link.recording = port.meter = self.recording
        return self.link

    def _open_port(self) -> Port:
        name = self._current_name()
        port = self._port_named(name)
        self._identity = found = UsbIdentity.of(name)
        if not port.has_speed or (found and found.is_module):
            self._use_given_speed(port)
        return port

    def _use_given_speed(self, port: Port) -> None:
        """Calculate times from the caller's speed; set nothing."""
        rates, told = self.known.rates, self._settings.baudrate
        rates.matter = False
        if isinstance(told, int):
            port.baudrate = rates.found = told

    def _current_name(self) -> str:
        """Return the current name of the port, because USB may rename it each time.

        :raises PortError: if another device has its name now.
        """
        if self._identity is None or (self._name and os.path.islink(self._name)):
            # The owner of a symbolic link keeps it up to date.
            return resolved(self._name)
        if found := self._identity.find():
            return found
        if self._name and self._identity.is_surely_not(self._name):
            raise PortError(
                f"{self._name} is another device now and the module is missing: "
                "check its cable and its power"
            )
        return resolved(self._name)

    def _port_named(self, name: str) -> Port:
        """Open a port, and store it before anything else can fail."""
        held = held_for(name)
        if isinstance(held, Settings) and _SHARED_BY_ALL.search(name.lower()):
            raise _taken(name, held.differing(self._settings))
        try:
            self._port = Port(
                name,
                baudrate=self.known.rates.usual,
                rtscts=self._settings.rtscts,
                clock=self._clock,
                holder=self._settings,
                stats=self.stats,
            )
        except PortError as error:
            if error.taken and isinstance(held, Settings):
                raise _taken(name, held.differing(self._settings)) from error
            raise
        return self._port

    def _note(self, line: bytes) -> None:
        """Note an unsolicited result code."""
        if line.startswith(b"+QI"):
            self.channels.note(line)
        if line.startswith(b'+QIURC: "pdpdeact",%d' % self._settings.context_id):
            self.known.told.context = False


def _closed() -> PortError:
    """Return the error of a socket whose port was closed."""
    return PortError("the port was closed or lost, and the module's sockets with it")


def _taken(name: str, differing: list[str]) -> PortError:
    """Return the error for a port that this process has already opened."""
    settings = ", ".join(differing)
    having = f"with another {settings}" if settings else "for another BG96Modem"
    error = PortError(
        f"{name} cannot be opened: this process has already opened it {having}. Give "
        "all adapters the same settings, share one BG96Modem, or close() the other"
    )
    error.taken = True
    return error
