"""One module, for one user at a time: the turn, the port, the line.

The users are the module's HTTP client, its files and single commands. Each takes its
turn, or has a dialogue run in one. A response may occupy the line after its turn; the
next user frees the line first.
"""

from __future__ import annotations

import enum
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from .at.pieces import SocketLink
from .at.steps import Dialogue
from .base import times
from .base.knowledge import Knowledge
from .base.turns import OCCUPIED, Turn, Turns
from .clock import Clock, Deadline
from .dialogues import connect
from .errors import BG96Error, NoAnswer, ReentryError, TransferError
from .recovery.driver import Driver
from .settings import Settings

__all__ = ("Engine", "Guest", "ModemState", "Occupant")

T = TypeVar("T")

logger = logging.getLogger(__name__)

#: The error of a response that has not ended when the modem is closed.
CUT = "the modem was closed while the response was still being read"


class ModemState(enum.Enum):
    """What the modem is doing."""

    CLOSED = "closed"
    #: The next request resynchronises the module, or sets it up.
    UNKNOWN = "to be resynchronised"
    READY = "ready"
    READING = "reading a response"


class Occupant(Protocol):
    """A response on the line."""

    @property
    def complete(self) -> bool:
        """Whether no more bytes will come for the reader."""

    @property
    def closed(self) -> bool:
        """Whether its reader has closed it."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody will read the rest."""

    @property
    def lost(self) -> bool:
        """Whether it was left before its end."""

    def spool(self, deadline: Deadline) -> None:
        """Read the rest for a late reader, to free the line."""

    def discard(self, deadline: Deadline) -> None:
        """Discard the rest, to free the line."""

    def cut_off(self, failure: BG96Error, deadline: Deadline) -> None:
        """End the response before the port is closed; its reader gets `failure`."""


class Guest(Protocol):
    """Something that needs the open port between its turns, without using the line."""

    @property
    def needs_port(self) -> bool:
        """Whether to keep a released port open."""

    def leave(self, deadline: Deadline) -> None:
        """End what is open in the module, because the port is closed next.

        The caller has the turn.
        """


class Engine:
    """The module on one port, and whose turn it is.

    If the port is lost, or the module restarts, `Knowledge.told` is replaced. So an
    object that keeps it knows whether its own part in the module still exists.

    :param port: a port that `serial.serial_for_url` takes, or ``usb:SERIAL``; None
        looks for it on USB.
    :param settings: how to set up the module.
    :param clock: the clock.
    """

    def __init__(self, port: str | None, settings: Settings, clock: Clock) -> None:
        self.port = port
        self.settings = settings
        self.clock = clock
        self.guests: list[Guest] = []
        self._begin()

    def _begin(self) -> None:
        self.driver = Driver(self.port, self.settings, self.clock, SocketLink)
        #: The response that occupies the line.
        self.reading: Occupant | None = None
        self._turns = Turns()
        self._process = os.getpid()
        #: Whether to give the port back as soon as nobody needs it.
        self._released = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state.value}>"

    @property
    def known(self) -> Knowledge:
        """What is known of the module."""
        return self.driver.known

    @property
    def state(self) -> ModemState:
        """What the modem is doing."""
        link = self.driver.link
        if link is None:
            return ModemState.CLOSED
        if self.reading is not None:
            return ModemState.READING
        return ModemState.READY if link.state.listens else ModemState.UNKNOWN

    @property
    def inherited(self) -> bool:
        """Whether this process was forked after the engine was made."""
        return self._process != os.getpid()

    def open(self, seconds: float) -> None:
        """Open the port and find the module.

        :raises BG96Error: if that fails.
        """
        deadline = Deadline(self.clock, seconds)
        with self.turn(deadline):
            self.driver.ensure_ready(deadline)

    def converse(self, dialogue: Dialogue[T], timeout: float) -> T:
        """Take a turn, run `dialogue` in it, and return its result.

        :param timeout: in seconds, for both.
        :raises NoAnswer: if the turn does not come.
        :raises BG96Error: if the dialogue raises it, or does not catch it.
        """
        deadline = Deadline(self.clock, timeout)
        with self.turn(deadline):
            return self.run(dialogue, deadline)

    @contextmanager
    def turn(self, deadline: Deadline, *, keeps_port: bool = True) -> Iterator[Turn]:
        """Use the module exclusively, in the order of arrival.

        :param keeps_port: whether a port that was released is needed again from now on.
        :raises NoAnswer: if others use it until the deadline.
        :raises ReentryError: if this thread has the turn already.
        """
        if self._process != os.getpid():
            self._begin_in_child()
        if keeps_port:
            self._released = False
        turn = self._turns.take(deadline.left())
        if turn is None:
            raise NoAnswer(self._busy(deadline.seconds))
        self.driver.recording = None
        try:
            yield turn
        finally:
            self._turns.give(turn)
            if self._released:
                self._give_back()

    @contextmanager
    def short_turn(self, seconds: float) -> Iterator[bool]:
        """Use the module exclusively if it becomes free soon; yield whether it did.

        :param seconds: the longest wait. A thread that only listens gives the module up
            at once.
        """
        turn = None
        if not self.inherited:
            with suppress(ReentryError):
                turn = self._turns.take(seconds)
        if turn is None:
            yield False
            return
        try:
            yield True
        finally:
            self._turns.give(turn)
            if self._released:
                self._give_back()

    @property
    def wanted(self) -> bool:
        """Whether a thread waits for a turn."""
        return self._turns.wanted

    def wake(self) -> None:
        """Wake the thread that has the turn, if it only listens (`Turn.wake`)."""
        self._turns.wake()

    def _begin_in_child(self) -> None:
        """Start with fresh state in a forked process, unless the port is open.

        Threads that do not exist in this process may hold the old turns and locks.
        """
        if self.driver.link is not None:
            self.driver.link.port.check_process()
        self._begin()

    def _busy(self, seconds: float) -> str:
        if self.reading is not None:
            return OCCUPIED
        return (
            f"the modem was busy with other requests for {seconds:.1f} s: use a longer "
            "connect timeout, fewer requests at a time, or a second modem"
        )

    # With the turn

    def run(self, dialogue: Dialogue[T], deadline: Deadline) -> T:
        """Run `dialogue` with a module that listens; the caller has the turn."""
        self.free_line(deadline)
        link = self.driver.ensure_ready(deadline)
        return self.driver.run(link, dialogue, deadline)

    def free_line(self, deadline: Deadline) -> None:
        """Take an earlier response off the line: discard or spool its rest."""
        if (reading := self.reading) is not None:
            if reading.abandoned:
                reading.discard(deadline)
            else:
                reading.spool(deadline)
            self._leave_data_mode(deadline)

    def _leave_data_mode(self, deadline: Deadline) -> None:
        link = self.driver.link
        if link is not None and link.state.data_mode:
            # A failure from here on has no phase: the old response is given up.
            link.phase = None
            # If the last answer is old, the module may have restarted since.
            self.driver.doubt()
            self.driver.run(link, connect.leave_response(), deadline)

    # From any thread

    def ended(self, response: Occupant) -> None:
        """Record that `response` no longer uses the line, or is lost."""
        if response is not self.reading:
            # The port was closed meanwhile.
            return
        if not response.lost:
            self.driver.answered()
        # From here on, another response may use the line.
        self.reading = None
        if self._released:
            self._give_back()

    def free_at_once(self, response: object) -> None:
        """Free the line of `response` now, if nobody else uses the module.

        Otherwise the next user frees it. This does not wait.
        """
        # If the port was closed meanwhile, another response may use the line now.
        turn = self._turns.take(0) if response is self.reading else None
        if turn is None:
            return
        try:
            self.free_line(Deadline(self.clock, times.CLOSE))
        except BG96Error as error:
            logger.info("the next request will recover from this: %s", error)
        finally:
            self._turns.give(turn)
        self._give_back()

    # The end of the port

    def close(self) -> None:
        """Give the port back; first read an unread response, for up to 10 s.

        Then the response is cut off, and its reader gets an error.

        :raises NoAnswer: if another thread uses the module for longer than that.
        """
        if self.inherited:
            self._begin()
        deadline = Deadline(self.clock, times.CLOSE)
        with self.turn(deadline):
            self._shut(deadline)

    def release(self) -> None:
        """Give the port back as soon as nobody needs it; do not wait."""
        if self.inherited:
            self._begin()
        self._released = True
        self._give_back()

    @property
    def _unneeded(self) -> bool:
        """Whether the port was released and nobody needs it."""
        reading = self.reading
        return (
            self._released
            and (reading is None or reading.complete or reading.closed)
            and not any(guest.needs_port for guest in self.guests)
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
                self._shut(Deadline(self.clock, times.CLOSE))
        except OSError as error:
            logger.info("closing the port failed: %s", error)
        finally:
            self._turns.give(turn)

    def _shut(self, deadline: Deadline) -> None:
        try:
            self.free_line(deadline)
            for guest in self.guests:
                guest.leave(deadline)
        except BG96Error as error:
            logger.info("the port is closed nevertheless: %s", error)
            self._cut_off()
        finally:
            self._released, self.reading = False, None
            self.driver.close()

    def _cut_off(self) -> None:
        """Cut off a response that has not ended, and leave data mode."""
        if self.reading is not None:
            deadline = Deadline(self.clock, times.CUT)
            with suppress(BG96Error):
                self.reading.cut_off(TransferError(CUT), deadline)
                self._leave_data_mode(deadline)
