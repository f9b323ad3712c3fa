"""One TCP socket of the module (TCP/IP manual 2.1.4 to 2.1.10)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

from .network import Closed, Connected, Event, Failed, Received, ServerConnection
from .scheduler import NEVER, NOW, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("AccessMode", "OPEN_TIME", "SocketState", "TcpSocket")

#: The seconds until the URC of AT+QIOPEN (TCP/IP manual 2.1.4).
OPEN_TIME = 150.0

#: The switch ``recv_urc`` can lose each third URC "recv".
LOST = 3

#: The errors of sockets (TCP/IP manual 4) for those of the network (HTTP manual 5).
ERRORS = {702: 569, 709: 570}


class SocketState(enum.IntEnum):
    """The state of a socket in AT+QISTATE."""

    OPENING = 1
    CONNECTED = 2
    CLOSING = 4


class AccessMode(enum.IntEnum):
    """How the host gets received data: it asks, or the module pushes them."""

    BUFFER = 0
    PUSH = 1


class TcpSocket:
    """One socket: a connection and its buffer.

    :param module: the module.
    :param number: the number of the socket, 0 to 11.
    :param context: the number of the PDP context.
    :param peer: the server's host and port.
    :param local_port: the port at the module; 0 is any.
    :param access: how the host gets received data.
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
        # Received bytes without room. While there are any, no more are received.
        self._rest = b""
        self._over = False
        self._ending = False
        self._told_closed = False
        self._recv_count = 0

    # Opening and closing.

    def run(self, failed: Callable[[TcpSocket], None]) -> Procedure[None]:
        """Connect, and receive until the connection ends.

        :param failed: called if the connection cannot be made.
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
        """Do the next thing: push, store or receive."""
        if connection is None or self._ending:
            return
        if self._pushes():
            self._push()
        elif self._rest:
            self._store()
        else:
            self._take(connection.take())

    def say_opened(self, error: int) -> None:
        """Send the result of AT+QIOPEN."""
        self._module.contexts.last_error = error
        self._module.urc(b"+QIOPEN: %d,%d" % (self.number, error))

    def drop(self) -> None:
        """Close the connection; the received bytes stay."""
        connection, self._connection = self._connection, None
        self.state = SocketState.CLOSING
        if connection:
            connection.close()

    def lose(self) -> None:
        """Close the connection, because the PDP context is lost."""
        opening = self.state is SocketState.OPENING
        self.drop()
        if opening:
            self.say_opened(570)

    def hang_up(self) -> None:
        """Close the connection, as the server does."""
        if self._connection and self.state is SocketState.CONNECTED:
            self._connection.hang_up(self._module.scheduler.now)

    def shut_down(self, seconds: float) -> Procedure[None]:
        """Send the end of the data, and wait for that of the server.

        :param seconds: the longest wait.
        """
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
        """Wait until the server closes; received bytes are lost."""
        while (yield Wait(self._connection_due, until)) and self._connection:
            if not isinstance(self._connection.take(), Received):
                return

    def say_closed(self) -> None:
        """Send the URC "closed", but only once."""
        if not self._told_closed:
            self._told_closed = True
            self._module.urc(b'+QIURC: "closed",%d' % self.number)

    def _connect(self) -> Procedure[int]:
        """Return 0 or an error number of TCP/IP manual 4."""
        module = self._module
        now = module.scheduler.now
        if not (module.contexts[self.context].names or _is_numeric(self.host)):
            return self._number(714)
        self._connection = module.connect(self.host, self.port, None)
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

    # Receiving.

    @property
    def unread(self) -> int:
        """The number of bytes that the host can read."""
        return len(self._buffer)

    def take(self, limit: int) -> bytes:
        """Return at most `limit` bytes for the host."""
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self.read += len(data)
        self._tell_closed()
        return data

    def _due(self) -> float:
        """Return the time of the next thing to do."""
        if self._connection is None or self._ending:
            return NOW
        if self._buffer and self._pushes():
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
        """Move received bytes into the buffer, if there is room."""
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
        self._recv_count += 1
        if switches.recv_urc == "sometimes_lost" and self._recv_count % LOST == 0:
            return
        line = b'+QIURC: "recv",%d' % self.number
        if self._module.sockets.tells_length:
            line += b",%d" % len(self._buffer)
        self._module.urc(line)

    def _tell_closed(self) -> None:
        at_once = self._module.switches.closed_urc != "after_read"
        if self.access is AccessMode.PUSH:
            # A command may delay data. They come before the end.
            at_once = False
        if self._over and (at_once or not self._buffer):
            self.say_closed()

    @property
    def has_pushes(self) -> bool:
        """Whether there are data to push."""
        return bool(self._buffer) and self.access is AccessMode.PUSH

    def _pushes(self) -> bool:
        """Return whether data can be pushed now."""
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

    # Sending.

    @property
    def unacknowledged(self) -> int:
        """The number of bytes that the server has not acknowledged."""
        return self._connection.unsent if self._connection else 0

    def send(self, data: bytes) -> None:
        """Send bytes to the server."""
        if self._connection:
            self.sent += len(data)
            self._connection.send(data, self._module.scheduler.now)


def _is_numeric(host: str) -> bool:
    return host.replace(".", "").isdigit()
