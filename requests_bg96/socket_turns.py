"""Turns at the module for its sockets: short dialogues, and one listener for all.

While threads wait for data, one of them has the turn, listens on the port for all, and
gives the turn up as soon as another thread wants it. There is no thread besides the
callers'.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from .at.link import Link
from .at.steps import Dialogue, Listen
from .base import repeating, times
from .base.channels import ChannelState, TcpChannel, TcpChannels
from .base.codes import BITS_PER_BYTE
from .base.turns import Turn
from .clock import Clock, Deadline
from .dialogues import sockets as dialogues
from .errors import BG96Error, TransferError

if TYPE_CHECKING:
    from .recovery.driver import Driver

__all__ = ("SocketTurns",)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class SharedModule(Protocol):
    """What the turns of sockets need of a module, as `Engine` has it."""

    clock: Clock
    driver: Driver

    @property
    def reading(self) -> object:
        """The response that occupies the line, or None."""

    @property
    def wanted(self) -> bool:
        """Whether a thread waits for a turn."""

    def turn(
        self, deadline: Deadline, *, keeps_port: bool = True
    ) -> AbstractContextManager[Turn]:
        """Use the module exclusively, in the order of arrival."""

    def free_line(self, deadline: Deadline) -> None:
        """Take an earlier response off the line."""


class _Listener:
    """Stands for the thread that listens."""


def _nobody() -> None:
    return None


class SocketTurns:
    """The turns of all sockets of one module.

    :param engine: the module.
    """

    def __init__(self, engine: SharedModule) -> None:
        self._engine = engine
        # Notified after each change of a channel, and when nobody listens any more.
        self._condition = threading.Condition()
        #: Returns the object of the thread that listens, or None. The object ends with
        #: an interrupted thread, too.
        self._listener: Callable[[], _Listener | None] = _nobody
        #: The link that was used last, and how often it had entered data mode.
        self._seen: tuple[Link | None, int] = (None, 0)
        #: Whether the turn before was of the same thread.
        self._again = False

    def __repr__(self) -> str:
        state = "idle" if self._listener() is None else "listening"
        return f"<{type(self).__name__} {state}>"

    @property
    def channels(self) -> TcpChannels:
        """The module's sockets that are ours."""
        channels = self._engine.driver.channels
        channels.on_news = self.tell
        return channels

    def tell(self) -> None:
        """Wake the threads that wait, to look at their channels again."""
        with self._condition:
            self._condition.notify_all()

    def ensure_ready(self, deadline: Deadline) -> Link:
        """Return the link to a module that listens, and whose sockets are known."""
        driver = self._engine.driver
        link = driver.ensure_listening(deadline)
        if self._seen != (link, link.data_modes):
            self.channels.doubt()
            self._seen = link, link.data_modes
        return link

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record nothing more after this block, which is in a turn."""
        try:
            yield
        finally:
            self._engine.driver.record(None)

    def ask(
        self,
        dialogue: Dialogue[T],
        deadline: Deadline,
        channel: TcpChannel | None = None,
        patience: float = times.SOCKET_ANSWER,
    ) -> T:
        """Run a dialogue in a turn of its own.

        :param channel: is dead if this is interrupted; its recording gets the dialogue.
        :param patience: the least seconds that it gets once it has begun.
        """
        engine, driver = self._engine, self._engine.driver
        recording = None if channel is None else channel.recording
        with engine.turn(deadline, keeps_port=False) as turn:
            self._again = turn.again
            engine.free_line(deadline)
            if recording is not None:
                recording.take_turn()
            driver.record(recording)
            try:
                link = self.ensure_ready(deadline)
                until = Deadline(engine.clock, max(deadline.left(), patience))
                return self._carry_out(dialogue, link, until, channel)
            finally:
                if recording is not None:
                    driver.record(None)

    def _carry_out(
        self,
        dialogue: Dialogue[T],
        link: Link,
        until: Deadline,
        channel: TcpChannel | None,
    ) -> T:
        """Run a dialogue; the caller has the turn."""
        driver = self._engine.driver
        if not driver.known.told.sockets:
            driver.run(link, dialogues.prepare(driver.known, self.channels), until)
        if channel is not None and channel.failure is not None:
            raise channel.failure
        try:
            return driver.run(link, dialogue, until)
        except BG96Error:
            raise
        except BaseException:
            if channel is not None:
                channel.kill(TransferError("an operation was interrupted"))
            raise

    def fetch(
        self, channel: TcpChannel, size: int, deadline: Deadline, *, silent: bool
    ) -> None:
        """Fetch what has come, in a turn of its own.

        :param size: how many bytes its reader has asked for. No more is fetched than
            these, or than one read.
        :param silent: whether no URC has told of anything.
        """

        def share() -> int:
            return min(self._most_reads(), size // dialogues.MOST_READ)

        known = self._engine.driver.known
        script = dialogues.fetch(channel, known, share, silent=silent)
        self.ask(script, deadline, channel)

    def _most_reads(self) -> int:
        """Return how often a line may read in this turn; once if others want turns.

        A thread that waits for a turn gets it before this one's next turn.
        """
        link = self._engine.driver.link
        if link is None or not self._again:
            return 1
        bits = dialogues.MOST_READ * BITS_PER_BYTE
        return int(times.SOCKET_JOINED * link.port.baudrate / bits)

    def is_silent(self, channel: TcpChannel, deadline: Deadline) -> bool:
        """Wait for news of `channel`; return whether to ask the module without any."""
        until = deadline.within(repeating.SOCKET_SILENCE.pause)
        self.listen(channel, until, deadline)
        return until.over and not channel.has_news

    def listen(self, channel: TcpChannel, until: Deadline, deadline: Deadline) -> None:
        """Wait for news of `channel`; listen for all threads if nobody does so.

        :param until: the end of the wait.
        :param deadline: limits what is necessary before that.
        """
        listener = _Listener()
        with self._condition:
            if channel.has_news:
                return
            if self._listener() is not None:
                self._condition.wait(until.left())
                return
            self._listener = weakref.ref(listener, lambda _: self.tell())
        try:
            self._listen_for_all(channel, until, deadline)
        finally:
            self._listener = _nobody
            self.tell()

    def _listen_for_all(
        self, channel: TcpChannel, until: Deadline, deadline: Deadline
    ) -> None:
        engine, driver = self._engine, self._engine.driver

        def given_up() -> bool:
            unclosed = driver.channels.unclosed
            return channel.has_news or engine.wanted or bool(unclosed)

        with engine.turn(deadline, keeps_port=False) as turn:
            engine.free_line(deadline)
            link = self.ensure_ready(deadline)
            if driver.channels.unclosed:
                self.close_unclosed(Deadline(engine.clock, times.CLOSE))
            turn.wake = link.port.interrupt
            driver.run(link, _listening(Listen(until.left(), given_up)), deadline)
            if channel.state is ChannelState.OPEN and (
                channel.has_news or engine.wanted
            ):
                # In the same turn: the next one may be long in coming, and a busy
                # module may not have had the time for a URC.
                patient = Deadline(
                    engine.clock, max(deadline.left(), times.SOCKET_ANSWER)
                )
                with self.recorded():
                    driver.record(channel.recording)
                    script = dialogues.fetch(channel, driver.known)
                    self._carry_out(script, link, patient, channel)

    def close_unclosed(self, deadline: Deadline) -> None:
        """Close unused sockets if the line is free; the caller has the turn."""
        driver, link = self._engine.driver, self._engine.driver.link
        free = link is not None and self._engine.reading is None
        if link is None or not free or not link.state.listens:
            return
        try:
            driver.run(link, dialogues.close(driver.channels), deadline)
        except BG96Error as error:
            logger.info("the next user closes the sockets: %s", error)


def _listening(step: Listen) -> Dialogue[None]:
    yield step
