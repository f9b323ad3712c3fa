"""The module's TCP sockets, for many threads at a time.

Each operation is a short dialogue with its own turn. While threads wait for data, one of
them has the turn, listens on the port for all, and gives the turn up as soon as another
thread wants it. There is no thread besides the callers'. In buffer mode, the module
keeps what has come, so nothing is read for a reader who does not ask.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TypeVar

from .at.link import Link
from .at.steps import Dialogue, Listen
from .base import repeating, times
from .base.channels import Channel, Channels, ChannelState
from .base.codes import (
    SOCKET_BUSY,
    SOCKET_CLOSED,
    SOCKET_CONTEXT_LOST,
    SOCKET_TAKEN,
    SOCKET_UNRESOLVED,
    SOCKET_WORN,
)
from .clock import Clock, Deadline
from .dialogues import context, setup
from .dialogues import sockets as dialogues
from .engine import Engine
from .errors import (
    TCP_MEANING,
    BG96Error,
    LimitError,
    ModuleError,
    NoAnswer,
    Phase,
    TransferError,
)
from .modem_socket import ModemSocket, translated
from .recovery.policy import REPEATED
from .stats import Recovery

__all__ = ("ModemSockets",)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class ModemSockets:
    """The TCP sockets of one module.

    :param engine: the module, with its turns.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Notified after each change of a channel, and when nobody listens any more.
        self._condition = threading.Condition()
        self._listening = False
        #: The link that was used last, and how often it had entered data mode.
        self._seen: tuple[Link | None, int] = (None, 0)
        #: How many attempts in a row to open a socket have failed.
        self._failed = 0
        engine.guests.append(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._channels.all)} open>"

    @property
    def clock(self) -> Clock:
        """The clock of the modem."""
        return self._engine.clock

    @property
    def _channels(self) -> Channels:
        channels = self._engine.driver.channels
        channels.on_news = self._tell
        return channels

    def connect(
        self, host: str, port: int, timeout: float | None = None
    ) -> ModemSocket:
        """Connect to a server by TCP; the module looks up its name.

        :param host: a name or an address.
        :param port: 1 to 65535.
        :param timeout: the seconds for this, and for each later operation; None means
            150 s for this, and no limit later.
        :raises TimeoutError: if there is no connection in time.
        :raises OSError: if there is none for another reason: `socket.gaierror` without
            an address, `ConnectionRefusedError`, and so on. The `BG96Error` is its
            cause.
        """
        deadline = Deadline(self.clock, times.CONNECT if timeout is None else timeout)
        with translated(deadline, Phase.CONNECT):
            dialogues.check_peer(host, port)
            channel = self._connect(host, port, deadline)
        return ModemSocket(self, channel, (host, port), timeout)

    # Opening

    def _connect(self, host: str, port: int, deadline: Deadline) -> Channel:
        repaired = collections.Counter[object]()
        while True:
            try:
                channel = self._offer(host, port, deadline)
                self._await_result(channel, deadline)
            except ModuleError as error:
                self._failed += 1
                self._repair(error, repaired, deadline)
            else:
                self._failed = 0
                return channel

    def _offer(self, host: str, port: int, deadline: Deadline) -> Channel:
        """Begin to open a socket; repeat that if the module was lost."""
        with self._engine.turn(deadline):
            return self._engine.driver.insist(
                lambda: self._begin(host, port, deadline), deadline
            )

    def _await_result(self, channel: Channel, deadline: Deadline) -> None:
        try:
            self._await_opened(channel, deadline)
            if channel.opened:
                raise ModuleError(channel.opened, "AT+QIOPEN", phase=Phase.CONNECT)
        except BaseException:
            self._channels.remove(channel)
            raise
        channel.state = ChannelState.OPEN

    def _begin(self, host: str, port: int, deadline: Deadline) -> Channel:
        """Give AT+QIOPEN; the caller has the turn."""
        self._engine.free_line(deadline)
        driver, channels = self._engine.driver, self._channels
        link = self._ready(deadline)
        link.phase = Phase.CONNECT
        settings, known = self._engine.settings, driver.known
        driver.run(link, setup.prepare(settings, known), deadline)
        driver.run(link, dialogues.prepare(known, channels), deadline)
        driver.run(link, dialogues.close(channels), deadline)
        channel = channels.add()
        if channel is None:
            raise LimitError(
                "all 12 sockets of the module are in use: close a connection first"
            )
        script = dialogues.open_socket(channel, channels, host, port, settings)
        try:
            driver.run(link, script, deadline)
        except BaseException:
            channels.remove(channel)
            raise
        return channel

    def _await_opened(self, channel: Channel, deadline: Deadline) -> None:
        while channel.opened is None:
            if channel.failure is not None:
                raise channel.failure
            if deadline.over:
                raise NoAnswer(
                    f"the module has no connection after {deadline.seconds:.1f} s",
                    command="AT+QIOPEN",
                )
            if self._is_silent(channel, deadline):
                self._ask(dialogues.examine_opening(channel), deadline, channel)

    def _repair(
        self,
        error: ModuleError,
        repaired: collections.Counter[object],
        deadline: Deadline,
    ) -> None:
        """Repair what kept a socket from being opened, or raise `error`."""
        if error.err in SOCKET_BUSY and not deadline.over:
            self.clock.sleep(min(repeating.SOCKET_BUSY.pause, deadline.left()))
            return
        kind: object = error.err
        if error.err in SOCKET_CONTEXT_LOST:
            kind = SOCKET_CONTEXT_LOST
        repaired[kind] += 1
        if deadline.over or not repeating.MEND.allows(repaired[kind]):
            raise error
        if kind is SOCKET_CONTEXT_LOST:
            self._engine.known.told.context = False
        elif error.err not in TCP_MEANING:
            # Noise may have made it, or another error of the command.
            self._engine.known.doubt()
        elif not (kind == SOCKET_TAKEN or self._cycles_context(error, deadline)):
            raise error

    def _cycles_context(self, error: ModuleError, deadline: Deadline) -> bool:
        """Deactivate the PDP context if that may help; return whether it was.

        That would end the sockets of other threads.
        """
        worn = error.err == SOCKET_WORN
        worn = worn or not repeating.SOCKET_WORN.allows(self._failed)
        settings, known = self._engine.settings, self._engine.known
        if self._channels.all:
            return False
        if not worn:
            if error.err != SOCKET_UNRESOLVED:
                return False
            if self._ask(context.has_names(settings), deadline):
                return False
        known.stats.recovered(Recovery.CONTEXT, error)
        self._failed = 0
        self._ask(context.deactivate(settings, known), deadline)
        return True

    # What a socket asks

    def receive(self, channel: Channel, deadline: Deadline) -> bool:
        """Wait until `channel` is readable; return whether it is.

        :raises BG96Error: if the module cannot be asked.
        """
        silent, lost = False, 0
        while not channel.readable:
            if deadline.over and not channel.has_news:
                return False
            try:
                if channel.has_news or silent:
                    self._ask(
                        dialogues.fetch(channel, silent=silent), deadline, channel
                    )
                    silent = False
                else:
                    silent = self._is_silent(channel, deadline)
            except REPEATED:
                lost += 1
                again = repeating.SOCKET_LOST.allows(lost) and not deadline.over
                if not (again or channel.readable):
                    raise
        return True

    def glance(self, channel: Channel, deadline: Deadline) -> bool:
        """As `receive`, but ask the module in the end whether the connection lasts.

        If the module does not listen, this is not known. So it is True, and a pool does
        not use the connection again.
        """
        link = self._engine.driver.link
        if link is None or not link.state.listens:
            return True
        try:
            if self.receive(channel, deadline):
                return True
            # A module that has restarted silently does not tell. Neither does one that
            # forgets a URC.
            share = Deadline(self.clock, times.SOCKET_SHARE)
            self._ask(dialogues.examine(channel), share, channel, times.QUESTION)
            return channel.has_news and self.receive(channel, share)
        except NoAnswer:
            # Either others use the module, or it does not listen any more.
            link = self._engine.driver.link
            alive = link is not None and link.state.listens
            return channel.readable or channel.closing or not alive
        except BG96Error:
            return True

    def send(self, channel: Channel, data: memoryview, deadline: Deadline) -> int:
        """Send a first part of `data`, at least one byte; return its size.

        :raises NoAnswer: if the module takes nothing by the deadline.
        :raises BG96Error: if the connection is lost, or the server has closed it.
        """
        while True:
            if channel.failure is not None:
                raise channel.failure
            if channel.state is ChannelState.ENDED:
                raise ModuleError(SOCKET_CLOSED, "AT+QISEND", phase=Phase.SEND)
            script = dialogues.send(channel, bytes(data[: dialogues.MOST_SENT]))
            if sent := self._ask(script, deadline, channel):
                return sent
            if deadline.over:
                raise NoAnswer("the module's send buffer was full until the timeout")
            self.clock.sleep(min(repeating.SOCKET_FULL.pause, deadline.left()))

    def shut(self, channel: Channel) -> None:
        """Stop the reading in all threads; do not wait for them."""
        channel.shut = True
        self._tell()
        self._engine.wake()

    def close(self, channel: Channel) -> None:
        """Close `channel` now if nobody uses the module, or leave it to the next user.

        It does nothing in a forked process.
        """
        if self._engine.inherited:
            return
        self.forget(channel)
        self._tell()
        with self._engine.short_turn(times.SOCKET_SHARE) as mine:
            if mine:
                self._close_unclosed(Deadline(self.clock, times.CLOSE))

    def forget(self, channel: Channel) -> None:
        """Close `channel` when the module is used next; do not wait at all."""
        channel.kill(TransferError("the socket was closed"))
        self._engine.driver.channels.remove(channel)

    # The end of the port

    @property
    def needs_port(self) -> bool:
        """Whether a socket is open."""
        return bool(self._engine.driver.channels.all)

    def leave(self, deadline: Deadline) -> None:
        """Close all sockets; the caller has the turn."""
        for channel in self._channels.all:
            channel.kill(TransferError("the modem was closed, and its sockets with it"))
            self._channels.remove(channel)
        self._close_unclosed(deadline)

    def _close_unclosed(self, deadline: Deadline) -> None:
        """Close what nobody uses any more, if the line is free; in the turn."""
        driver, link = self._engine.driver, self._engine.driver.link
        free = link is not None and self._engine.reading is None
        if link is None or not free or not link.state.listens:
            return
        try:
            driver.run(link, dialogues.close(driver.channels), deadline)
        except BG96Error as error:
            logger.info("the next user closes the sockets: %s", error)

    # The module, in turns

    def _ready(self, deadline: Deadline) -> Link:
        """Return the link to a module that listens, and whose sockets are known."""
        driver = self._engine.driver
        link = driver.ready(deadline)
        if self._seen != (link, link.data_modes):
            self._channels.doubt()
            self._seen = link, link.data_modes
        return link

    def _ask(
        self,
        dialogue: Dialogue[T],
        deadline: Deadline,
        channel: Channel | None = None,
        patience: float = times.SOCKET_ANSWER,
    ) -> T:
        """Run a dialogue in a turn of its own.

        :param channel: is dead if this is interrupted.
        :param patience: the least seconds that it gets once it has begun.
        """
        engine, driver = self._engine, self._engine.driver
        with engine.turn(deadline, anew=False):
            engine.free_line(deadline)
            link = self._ready(deadline)
            until = Deadline(self.clock, max(deadline.left(), patience))
            driver.run(link, dialogues.prepare(driver.known, self._channels), until)
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

    def _is_silent(self, channel: Channel, deadline: Deadline) -> bool:
        """Wait for news of `channel`; return whether to ask the module without any."""
        until = deadline.within(repeating.SOCKET_SILENCE.pause)
        self._listen(channel, until, deadline)
        return until.over and not channel.has_news

    def _listen(self, channel: Channel, until: Deadline, deadline: Deadline) -> None:
        """Wait for news of `channel`; listen for all threads if nobody does so.

        :param until: the end of the wait.
        :param deadline: limits what is necessary before that.
        """
        with self._condition:
            if channel.has_news:
                return
            if self._listening:
                self._condition.wait(until.left())
                return
            self._listening = True
        try:
            self._listen_for_all(channel, until, deadline)
        finally:
            with self._condition:
                self._listening = False
                self._condition.notify_all()

    def _listen_for_all(
        self, channel: Channel, until: Deadline, deadline: Deadline
    ) -> None:
        engine, driver = self._engine, self._engine.driver

        def given_up() -> bool:
            unclosed = driver.channels.unclosed
            return channel.has_news or engine.wanted or bool(unclosed)

        with engine.turn(deadline, anew=False) as turn:
            engine.free_line(deadline)
            link = self._ready(deadline)
            self._close_unclosed(Deadline(self.clock, times.CLOSE))
            turn.wake = link.port.interrupt
            driver.run(link, _listening(Listen(until.left(), given_up)), deadline)

    def _tell(self) -> None:
        with self._condition:
            self._condition.notify_all()


def _listening(step: Listen) -> Dialogue[None]:
    yield step
