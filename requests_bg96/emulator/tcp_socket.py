"""One TCP socket of the module (TCP/IP manual 2.1.4 to 2.1.10)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Callable

from .network import Closed, Connected, Event, Failed, Received, ServerConnection
from .scheduler import NEVER, NOW, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ["AccessMode", "OPEN_TIME", "SocketState", "TcpSocket"]

#: Seconds until the URC of AT+QIOPEN (TCP/IP manual 2.1.4).
OPEN_TIME = 150.0

#: Of the URCs "recv", the switch ``recv_urc`` loses one in this many.
LOST = 3

#: Errors of the network by those of HTTP manual 5, which it speaks.
ERRORS = {702: 569, 709: 570}


class SocketState(enum.IntEnum):
    """What AT+QISTATE says of a socket."""

    OPENING = 1
    CONNECTED = 2
    CLOSING = 4


class AccessMode(enum.IntEnum):
    """How the host gets what has come."""

    BUFFER = 0
    PUSH = 1


class TcpSocket:
    """One connection and its buffer.

    :param module: whose network, line and switches it uses.
    :param number: of the socket, 0 to 11.
    :param context: the number of the PDP context.
    :param peer: host and port as the host gave them.
    :param local_port: as the host gave it; 0 is any.
    :param access: how the host gets what has come.
    """

    def __init__(
        self,
        module: Module,
        number: int,
        context: int,
        peer: tuple[str, int],
        local_port: int,
        access: AccessMode,
    ) -> None:
        self._module = module
        self._connection: ServerConnection | None = None
        self.number = number
        self.context = context
        self.host, self.port = peer
        self.local_port = local_port
        self.access = access
        self.state = SocketState.OPENING
        self.received = 0
        self.read = 0
        self.sent = 0
        self._buffer = bytearray()
        # What has come and finds no room: it holds the server back.
        self._rest = b""
        self._over = False
        self._ending = False
        self._told_closed = False
        self._told = 0

    # Its life.

    def run(self, failed: Callable[[TcpSocket], None]) -> Procedure[None]:
        """Connect, and live until the connection is given up.

        :param failed: called where it does not come about.
        """
        error = yield from self._connect()
        if self.state is not SocketState.OPENING:
            return
        if error:
            self.drop()
            failed(self)
        else:
            self.state = SocketState.CONNECTED
        self.say_opened(error)
        while self._connection is not None and not self._ending:
            yield Wait(self._due)
            self._live(self._connection)

    def _live(self, connection: ServerConnection | None) -> None:
        """Do the next thing that it does by itself."""
        if connection is None or self._ending:
            return
        if self._pushes():
            self._push()
        elif self._rest:
            self._store()
        else:
            self._take(connection.take())

    def say_opened(self, error: int) -> None:
        """Say how the attempt to open it has ended."""
        self._module.contexts.last_error = error
        self._module.urc(b"+QIOPEN: %d,%d" % (self.number, error))

    def drop(self) -> None:
        """Give the connection up; what has come of it stays."""
        connection, self._connection = self._connection, None
        self.state = SocketState.CLOSING
        if connection:
            connection.close()

    def lose(self) -> None:
        """Lose the context under it."""
        opening = self.state is SocketState.OPENING
        self.drop()
        if opening:
            self.say_opened(570)

    def hang_up(self) -> None:
        """Let the server close."""
        if self._connection and self.state is SocketState.CONNECTED:
            self._connection.hang_up(self._module.scheduler.now)

    def shut_down(self, seconds: float) -> Procedure[None]:
        """Send the end, and wait for that of the server at most so long."""
        self._ending = True
        try:
            if self._connection and self.state is SocketState.CONNECTED and seconds:
                self.state = SocketState.CLOSING
                now = self._module.scheduler.now
                self._connection.shut_down(now)
                yield from self._await_end(now + seconds)
        finally:
            self.drop()

    def _await_end(self, until: float) -> Procedure[None]:
        """Wait for the server's end; what still comes is lost."""
        while (yield Wait(self._connection_due, until)) and self._connection:
            if not isinstance(self._connection.take(), Received):
                return

    def say_closed(self) -> None:
        """Say once that the connection is closed."""
        if not self._told_closed:
            self._told_closed = True
            self._module.urc(b'+QIURC: "closed",%d' % self.number)

    def _connect(self) -> Procedure[int]:
        """Return 0 or an error number of TCP/IP manual 4."""
        module = self._module
        now = module.scheduler.now
        if not (module.contexts[self.context].names or _is_numeric(self.host)):
            return self._number(714)
        self._connection = module.network.connect(self.host, self.port, None, now)
        ready = yield Wait(self._connection_due, now + OPEN_TIME)
        if not ready or self._connection is None:
            return 569
        event = self._connection.take()
        if isinstance(event, Connected):
            self.host = event.address
            self.local_port = self.local_port or event.local_port
            return 0
        return self._number(event.error if isinstance(event, Failed) else 716)

    def _number(self, error: int) -> int:
        if error == 714:
            return self._module.switches.open_dns_error
        return ERRORS.get(error, 566)

    def _connection_due(self) -> float:
        return self._connection.due() if self._connection else NOW

    # What comes.

    @property
    def unread(self) -> int:
        """Bytes that the host may read."""
        return len(self._buffer)

    def take(self, limit: int) -> bytes:
        """Return at most so many bytes for the host."""
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self.read += len(data)
        self._tell_closed()
        return data

    def _due(self) -> float:
        """Return the time of the next thing that happens to it by itself."""
        if not self._connection or self._ending or self._pushes():
            return NOW
        if len(self._buffer) >= self._module.switches.receive_buffer:
            return NEVER
        if self._rest:
            return NOW
        return NEVER if self._over else self._connection.due()

    def _take(self, event: Event) -> None:
        if isinstance(event, Received):
            self._rest = event.data
            self._store()
        elif isinstance(event, (Closed, Failed)):
            self._over = True
            self.state = SocketState.CLOSING
            if self._module.switches.closed_urc == "data_lost":
                self._buffer.clear()
            self._tell_closed()

    def _store(self) -> None:
        """Take what has come, as far as there is room for it."""
        before = len(self._buffer)
        room = self._module.switches.receive_buffer - before
        part, self._rest = self._rest[:room], self._rest[room:]
        self._buffer += part
        self.received += len(part)
        if self.access is AccessMode.BUFFER:
            self._tell_received(before)

    def _tell_received(self, before: int) -> None:
        switches = self._module.switches
        if before and switches.recv_urc != "every_segment":
            return
        self._told += 1
        if switches.recv_urc == "sometimes_lost" and self._told % LOST == 0:
            return
        line = b'+QIURC: "recv",%d' % self.number
        if self._module.sockets.tells_length:
            line += b",%d" % len(self._buffer)
        self._module.urc(line)

    def _tell_closed(self) -> None:
        at_once = self._module.switches.closed_urc != "after_read"
        if self.access is AccessMode.PUSH:
            # Data that a command holds back comes before the end of it.
            at_once = False
        if self._over and (at_once or not self._buffer):
            self.say_closed()

    @property
    def has_pushes(self) -> bool:
        """Whether the host is to get something that it has not asked for."""
        return self.access is AccessMode.PUSH and bool(self._buffer)

    def _pushes(self) -> bool:
        """Tell whether it gets that now."""
        if not self.has_pushes or self._module.terminal.free() == NEVER:
            return False
        return self._module.sockets.next_push() == self.number

    def _push(self) -> None:
        switches, sockets = self._module.switches, self._module.sockets
        most = switches.push_size
        size = len(self._buffer) if most == "buffer" else most
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.read += len(data)
        line = f'+QIURC: "recv",{self.number},{len(data)}'
        sockets.pushed = self.number
        terminal = self._module.terminal
        terminal.push(line, sockets.shown(data), joint=sockets.joint)
        if switches.push_end == "line_end":
            terminal.raw(terminal.line_end)
        self._tell_closed()

    # What goes.

    @property
    def unacknowledged(self) -> int:
        """Bytes that the server has not acknowledged."""
        return self._connection.unsent if self._connection else 0

    def send(self, data: bytes) -> None:
        """Send bytes to the server."""
        if self._connection:
            self.sent += len(data)
            self._connection.send(data, self._module.scheduler.now)


def _is_numeric(host: str) -> bool:
    return host.replace(".", "").isdigit()
