"""A network with a Python generator for each connection: bytes in, bytes out.

It is for servers of any protocol. `CallableNetwork` is for those of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Union

from .callable_network import (
    CallableConnection,
    CallableNetwork,
    Connect,
    Handler,
    Part,
    ReceivedRequest,
    Silence,
    Until,
)
from .network import Connected, Event, TlsSettings
from .scheduler import NOW

__all__ = ("Connection", "Stream", "StreamNetwork")


class Connection:
    """The server's end of one connection.

    :param host: the server's host, as the module named it.
    :param port: the server's port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        #: Whether the module has sent the end of its data.
        self.ended = False
        self._unread = bytearray()
        self._came = NOW

    @property
    def unread(self) -> int:
        """The number of bytes that `read` would return; they are not acknowledged."""
        return len(self._unread)

    def read(self) -> bytes:
        """Return the received bytes, and acknowledge them."""
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def heard(self) -> Until:
        """Return the part that waits for bytes of the module, or for their end."""
        return Until(lambda: bool(self._unread or self.ended), lambda: self._came)

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the module."""
        self._unread += data
        self._came = now

    def end(self, now: float) -> None:
        """Take the end of the module's data."""
        self.ended = True
        self._came = now


Stream = Callable[[Connection], Union[Iterator[Part], None]]


def _silent(request: ReceivedRequest) -> list[Part]:
    return [Silence()]


class StreamNetwork(CallableNetwork):
    """Serves each connection with a generator.

    :param stream: called with each connection. It returns an iterator of the parts that
        the server sends. The server closes after the last part. The part
        ``connection.heard()`` waits for bytes of the module, and `Connection.read`
        returns them. If `stream` returns None, `handler` serves the connection.
    :param handler: answers HTTP requests, as in `CallableNetwork`.
    :param connect: as in `CallableNetwork`.
    :param delay: the seconds that a connection takes.
    """

    def __init__(
        self,
        stream: Stream,
        handler: Handler = _silent,
        connect: Connect | None = None,
        delay: float = 0.0,
    ) -> None:
        super().__init__(handler, connect, delay)
        self._stream = stream

    def _connection_to(
        self, host: str, port: int, tls: TlsSettings | None
    ) -> CallableConnection:
        connection = Connection(host, port)
        # A look-up has no port.
        parts = self._stream(connection) if port and not tls else None
        if parts is None:
            return super()._connection_to(host, port, tls)
        return StreamConnection(connection, parts, self._now)


class StreamConnection(CallableConnection):
    """One connection to a generator.

    :param connection: the server's end.
    :param parts: the parts that the server sends.
    :param now: returns the time.
    """

    def __init__(
        self, connection: Connection, parts: Iterator[Part], now: Callable[[], float]
    ) -> None:
        super().__init__(_silent, (connection.host, connection.port, None), now)
        self._connection = connection
        self._parts = parts

    def add(self, time: float, event: Event) -> None:
        """Add an event at a time. The server starts when it is connected."""
        self._time = max(self._time, time)
        if isinstance(event, Connected):
            self._response = self._guarded(close=True)
        super().add(time, event)

    @property
    def unsent(self) -> int:
        """The number of bytes that the server has not read."""
        return self._connection.unread

    def send(self, data: bytes, now: float) -> None:
        """Pass bytes to the server."""
        self._connection.receive(data, now)

    def finish(self, now: float) -> None:
        """Do nothing: the bytes of a request tell the server its end."""

    def shut_down(self, now: float) -> None:
        """Pass the end of the data to the server."""
        self._connection.end(now)
