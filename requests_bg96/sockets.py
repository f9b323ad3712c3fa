"""The module's TCP sockets, for many threads at a time.

Each operation is a short dialogue with its own turn. In buffer mode, the module keeps
what has come, so nothing is read for a reader who does not ask.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from .at.steps import Dialogue
from .base import repeating, times
from .base.channels import ChannelState, TcpChannel
from .base.codes import (
    SOCKET_BUSY,
    SOCKET_CLOSED,
    SOCKET_CONTEXT_LOST,
    SOCKET_TAKEN,
    SOCKET_UNRESOLVED,
    SOCKET_WORN,
)
from .base.recording import SocketRecording
from .clock import Clock, Deadline
from .dialogues import connect, context, setup
from .dialogues import sockets as dialogues
from .errors import (
    TCP_MEANING,
    BG96Error,
    ModuleError,
    NoAnswer,
    Phase,
    SocketsInUse,
    TransferError,
)
from .modem_socket import ModemSocket, translated
from .recovery.policy import REPEATED
from .socket_turns import SocketTurns
from .stats import Recovery

if TYPE_CHECKING:
    from .engine import Engine

__all__ = ("ModemSockets",)


class ModemSockets:
    """The TCP sockets of one module.

    :param engine: the module, with its turns.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns = SocketTurns(engine)
        #: How many attempts in a row to open a socket have failed.
        self._failed = 0
        engine.guests.append(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._turns.channels.all)} open>"

    @property
    def clock(self) -> Clock:
        """The clock of the modem."""
        return self._engine.clock

    def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        recording: SocketRecording | None = None,
    ) -> ModemSocket:
        """Connect to a server by TCP; the module looks up its name.

        :param host: a name or an address.
        :param port: 1 to 65535.
        :param timeout: the seconds for this, and for each later operation; None means
            150 s for this, and no limit later.
        :param recording: gets the dialogue of this and of what follows, for a trace.
        :raises TimeoutError: if there is no connection in time.
        :raises OSError: if there is none for another reason: `socket.gaierror` without
            an address, `ConnectionRefusedError`, and so on. The `BG96Error` is its
            cause.
        """
        deadline = Deadline(self.clock, times.CONNECT if timeout is None else timeout)
        with translated(deadline, Phase.CONNECT):
            dialogues.check_peer(host, port)
            channel = self._connect(host, port, deadline, recording)
        return ModemSocket(self, channel, (host, port), timeout)

    # Opening

    def _connect(
        self,
        host: str,
        port: int,
        deadline: Deadline,
        recording: SocketRecording | None,
    ) -> TcpChannel:
        repaired = collections.Counter[object]()
        while True:
            try:
                channel = self._offer(host, port, deadline, recording)
                self._await_result(channel, deadline)
            except ModuleError as error:
                self._failed += 1
                self._repair(error, repaired, deadline)
            else:
                self._failed = 0
                return channel

    def _offer(
        self,
        host: str,
        port: int,
        deadline: Deadline,
        recording: SocketRecording | None,
    ) -> TcpChannel:
        """Begin to open a socket; repeat that if the module was lost."""
        with self._engine.turn(deadline), self._turns.recorded():
            return self._engine.driver.retry(
                lambda: self._begin(host, port, deadline, recording), deadline
            )

    def _await_result(self, channel: TcpChannel, deadline: Deadline) -> None:
        try:
            self._await_opened(channel, deadline)
            if channel.opened:
                raise ModuleError(channel.opened, "AT+QIOPEN", phase=Phase.CONNECT)
        except BaseException:
            self._turns.channels.remove(channel)
            raise
        channel.state = ChannelState.OPEN

    def _begin(
        self,
        host: str,
        port: int,
        deadline: Deadline,
        recording: SocketRecording | None,
    ) -> TcpChannel:
        """Give AT+QIOPEN; the caller has the turn."""
        self._engine.free_line(deadline)
        driver, channels = self._engine.driver, self._turns.channels
        if recording is not None:
            recording.take_turn()
            recording.enter("setup")
        driver.record(recording)
        link = self._turns.ensure_ready(deadline)
        link.phase = Phase.CONNECT
        settings, known = self._engine.settings, driver.known
        driver.run(link, setup.prepare(settings, known), deadline)
        driver.run(link, dialogues.prepare(known, channels), deadline)
        # These are sockets of other requests.
        driver.record(None)
        driver.run(link, dialogues.close(channels), deadline)
        channel = channels.add()
        if channel is None:
            raise SocketsInUse()
        if recording is not None:
            channel.recording, recording.number = recording, channel.number
            recording.enter("connect")
            driver.record(recording)
        script = dialogues.open_socket(channel, channels, host, port, settings)
        try:
            driver.run(link, script, deadline)
        except BaseException:
            channels.remove(channel)
            raise
        return channel

    def _await_opened(self, channel: TcpChannel, deadline: Deadline) -> None:
        while channel.opened is None:
            if channel.failure is not None:
                raise channel.failure
            if deadline.over:
                raise NoAnswer(
                    f"the module has no connection after {deadline.seconds:.1f} s",
                    command="AT+QIOPEN",
                )
            if self._turns.is_silent(channel, deadline):
                self._turns.ask(dialogues.examine_opening(channel), deadline, channel)

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
        if deadline.over or not repeating.REPAIR.allows(repaired[kind]):
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
        if self._turns.channels.all:
            return False
        if not worn:
            if error.err != SOCKET_UNRESOLVED:
                return False
            if self._turns.ask(context.has_names(settings), deadline):
                return False
        known.stats.recovered(Recovery.CONTEXT, error)
        self._failed = 0
        self._turns.ask(context.deactivate(settings, known), deadline)
        return True

    # What a socket asks

    def receive(self, channel: TcpChannel, deadline: Deadline, size: int = 0) -> bool:
        """Wait until `channel` is readable; return whether it is.

        :param size: how many bytes the reader has asked for, if it will take them.
        :raises BG96Error: if the module cannot be asked.
        """
        silent, lost = False, 0
        while not channel.readable:
            if deadline.over and not channel.has_news:
                return False
            try:
                if channel.has_news or silent:
                    self._turns.fetch(channel, size, deadline, silent=silent)
                    silent = False
                else:
                    silent = self._turns.is_silent(channel, deadline)
            except REPEATED:
                lost += 1
                again = repeating.SOCKET_LOST.allows(lost) and not deadline.over
                if not (again or channel.readable):
                    raise
        return True

    def glance(self, channel: TcpChannel, deadline: Deadline) -> bool:
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
            # A module that has restarted silently does not tell. Soon after an answer,
            # AT shows this. Later, QISTATE also shows whether a URC was forgotten.
            script: Dialogue[object] = dialogues.examine(channel)
            share = Deadline(self.clock, times.SOCKET_SHARE)
            if self._engine.driver.heard_lately:
                script = connect.listen()
                share = Deadline(self.clock, times.SOCKET_GLANCE)
            self._turns.ask(script, share, channel, times.QUESTION)
            return channel.has_news and self.receive(channel, share)
        except NoAnswer:
            # Either others use the module, or it does not listen any more.
            link = self._engine.driver.link
            alive = link is not None and link.state.listens
            return channel.readable or channel.closing or not alive
        except BG96Error:
            return True

    def send(self, channel: TcpChannel, data: memoryview, deadline: Deadline) -> int:
        """Send a first part of `data`, at least one byte; return its size.

        :raises NoAnswer: if the module takes nothing by the deadline.
        :raises BG96Error: if the connection is lost, or the server has closed it.
        """
        failed = 0
        while True:
            if channel.failure is not None:
                raise channel.failure
            if channel.state is ChannelState.ENDED:
                raise ModuleError(SOCKET_CLOSED, "AT+QISEND", phase=Phase.SEND)
            piece = bytes(data[: dialogues.MOST_SENT])
            script = self._sending(channel, piece)
            if sent := self._turns.ask(script, deadline, channel):
                return sent
            self._await_room(channel, len(piece), failed, deadline)
            failed += 1

    def _sending(self, channel: TcpChannel, piece: bytes) -> Dialogue[int]:
        """Send `piece`, and count what the module has taken of it."""
        sent = yield from dialogues.send(channel, piece)
        self._engine.driver.stats.bytes_up += sent
        return sent

    def _await_room(
        self, channel: TcpChannel, size: int, failed: int, deadline: Deadline
    ) -> None:
        """Wait until the module can take `size` bytes, or until it is time to try.

        A payload that finds no room costs its bytes on the line.

        :param failed: how many attempts had failed before the last one.
        """
        pauses = repeating.SOCKET_FULL.pauses
        for pause in pauses[min(failed, len(pauses) - 1) :]:
            if deadline.over:
                raise NoAnswer("the module's send buffer was full until the timeout")
            self.clock.sleep(min(pause, deadline.left()))
            script = dialogues.has_room(channel, size)
            if self._turns.ask(script, deadline, channel):
                return

    def shut(self, channel: TcpChannel) -> None:
        """Stop the reading in all threads; do not wait for them."""
        channel.shut = True
        self._turns.tell()
        self._engine.wake()

    def close(self, channel: TcpChannel) -> None:
        """Close `channel` now if nobody uses the module, or leave it to the next user.

        It does nothing in a forked process.
        """
        if self._engine.inherited:
            return
        self.forget(channel)
        self._turns.tell()
        with self._engine.short_turn(times.SOCKET_SHARE) as mine:
            if mine:
                self._turns.close_unclosed(Deadline(self.clock, times.CLOSE))

    def forget(self, channel: TcpChannel) -> None:
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
        for channel in self._turns.channels.all:
            channel.kill(TransferError("the modem was closed, and its sockets with it"))
            self._turns.channels.remove(channel)
        self._turns.close_unclosed(deadline)
