"""A network that is a Python generator per connection: bytes in, bytes out.

It is for servers of any protocol; :class:`~.callable_network.CallableNetwork` is for
those that answer HTTP requests.
"""

from __future__ import annotations

from typing import Callable, Iterator, Union

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

__all__ = ["Connection", "Stream", "StreamNetwork"]


class Connection:
    """The server's end of one connection.

    :param host: as the module named it.
    :param port: of the server.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        #: Whether the module sends no more.
        self.ended = False
        self._unread = bytearray()
        self._came = NOW

    @property
    def unread(self) -> int:
        """The bytes that :meth:`read` would return; they are not acknowledged."""
        return len(self._unread)

    def read(self) -> bytes:
        """Return what has come, and acknowledge it."""
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def heard(self) -> Until:
        """Return the part of a stream that waits for bytes, or for the end."""
        return Until(lambda: bool(self._unread or self.ended), lambda: self._came)

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the module."""
        self._unread += data
        self._came = now

    def end(self, now: float) -> None:
        """Take the module's end."""
        self.ended = True
        self._came = now


Stream = Callable[[Connection], Union[Iterator[Part], None]]


def _silent(request: ReceivedRequest) -> list[Part]:
    return [Silence()]


class StreamNetwork(CallableNetwork):
    """Serves each connection by a generator.

    :param stream: called with each connection; returns an iterator of the parts that
        the server sends. Behind the last one it closes. ``yield connection.heard()``
        waits for bytes of the module, and :meth:`Connection.read` has them. It may
        return None: then ``handler`` has the connection.
    :param handler: answers HTTP requests, as in :class:`CallableNetwork`.
    :param connect: as in :class:`CallableNetwork`.
    :param delay: seconds that a connection takes.
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
        # A name that is looked up has no port.
        parts = self._stream(connection) if port and not tls else None
        if parts is None:
            return super()._connection_to(host, port, tls)
        return StreamConnection(connection, parts, self._now)


class StreamConnection(CallableConnection):
    """One connection to a generator."""

    def __init__(
        self, connection: Connection, parts: Iterator[Part], now: Callable[[], float]
    ) -> None:
        super().__init__(_silent, (connection.host, connection.port, None), now)
        self._connection = connection
        self._parts = parts

    def add(self, time: float, event: Event) -> None:
        """Let an event happen at a time; the server begins when it is connected."""
        self._time = max(self._time, time)
        if isinstance(event, Connected):
            self._response = self._guarded(close=True)
        super().add(time, event)

    @property
    def unsent(self) -> int:
        """The bytes that the server has not read."""
        return self._connection.unread

    def send(self, data: bytes, now: float) -> None:
        """Give bytes to the server."""
        self._connection.receive(data, now)

    def finish(self, now: float) -> None:
        """Do nothing: the server knows the end of a request by its bytes."""

    def shut_down(self, now: float) -> None:
        """Let the server see the end."""
        self._connection.end(now)
