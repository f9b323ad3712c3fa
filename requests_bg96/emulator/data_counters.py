"""Count the bytes that go over the network (AT manual 9.12).

The counters have the bytes of the connections, without TLS and the headers of TCP and
IP: the network of this machine does not tell those.
"""

from __future__ import annotations

from collections.abc import Callable

from .network import Event, Received, ServerConnection
from .scheduler import NOW

__all__ = ("CountedConnection", "DataCounters")


class DataCounters:
    """The bytes sent and received. A start loads the stored counters.

    :param now: returns the time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.sent = 0
        self.received = 0
        #: The time of the last traffic.
        self.last = NOW
        self._now = now
        self._stored = (0, 0)

    def move(self, sent: int = 0, received: int = 0) -> None:
        """Count bytes, at the current time."""
        self.sent += sent
        self.received += received
        self.last = self._now()

    def clear(self) -> None:
        """Set both counters to 0."""
        self.sent = self.received = 0

    def store(self) -> None:
        """Store both counters in non-volatile memory."""
        self._stored = (self.sent, self.received)

    def restart(self) -> None:
        """Load the stored counters."""
        self.sent, self.received = self._stored


class CountedConnection:
    """A connection to a server, with counters.

    :param connection: the connection.
    :param counters: count its bytes.
    :param heard_at: returns when the module gets what the network has at a time.
    """

    def __init__(
        self,
        connection: ServerConnection,
        counters: DataCounters,
        heard_at: Callable[[float], float],
    ) -> None:
        self._connection = connection
        self._counters = counters
        self._heard_at = heard_at
        counters.move()

    def due(self) -> float:
        """Return the time of the next event; infinity if it is not known."""
        return self._heard_at(self._connection.due())

    def take(self) -> Event:
        """Return the next event, and count the bytes of a packet."""
        event = self._connection.take()
        size = len(event.data) if isinstance(event, Received) else 0
        self._counters.move(received=size)
        return event

    @property
    def unsent(self) -> int:
        """The bytes that the server has not acknowledged."""
        return self._connection.unsent

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the server, and count them."""
        self._counters.move(sent=len(data))
        self._connection.send(data, now)

    def shut_down(self, now: float) -> None:
        """Send the end of the data; the server may still send."""
        self._connection.shut_down(now)

    def finish(self, now: float) -> None:
        """Tell the connection that the request is complete."""
        self._connection.finish(now)

    def close(self) -> None:
        """Close the connection; no event comes after that."""
        self._connection.close()

    def hang_up(self, now: float) -> None:
        """Close the connection, as the server does."""
        self._connection.hang_up(now)
