"""A network that is a Python function, without sockets, threads or chance."""

from __future__ import annotations

import collections
import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Union

from ..clock import Clock
from .http_head import (
    HEAD_LIMIT,
    MalformedHead,
    ResponseHead,
    split_head,
    wants_close,
)
from .network import (
    Closed,
    Connected,
    ConnectSilence,
    Event,
    Failed,
    NetworkFailure,
    Received,
    Resolved,
    TlsSettings,
)
from .request_framing import RequestFraming
from .scheduler import NEVER, NOW

__all__ = ("CallableNetwork", "Hangup", "Delay", "ReceivedRequest", "Silence", "Until")

#: Bytes of one packet: the TCP payload of an Ethernet frame.
PACKET = 1460


@dataclasses.dataclass(frozen=True)
class ReceivedRequest:
    """One HTTP request as the server received it.

    :param host: the server's host.
    :param port: the server's port.
    :param tls: the module's TLS settings; None without TLS.
    :param data: the bytes of head and body, unchanged.
    """

    host: str
    port: int
    tls: TlsSettings | None
    data: bytes


@dataclasses.dataclass(frozen=True)
class Delay:
    """Part of a response: the server sends nothing for this many seconds."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Hangup:
    """Part of a response: the server closes the connection, by RST if `reset`."""

    reset: bool = False


@dataclasses.dataclass(frozen=True)
class Silence:
    """Part of a response: the server sends nothing more and does not close."""


@dataclasses.dataclass(frozen=True)
class Until:
    """Part of a response: the server sends nothing until a condition is true.

    :param condition: asked whenever the module looks at the connection.
    :param since: returns the time at which it became true. The next part is sent at
        that time. Without it, the time is that of the first look that finds it true.
    """

    condition: Callable[[], bool]
    since: Callable[[], float] | None = None


Part = Union[bytes, Delay, Hangup, Silence, Until]
Handler = Callable[[ReceivedRequest], Union[bytes, Iterable[Part]]]
Connect = Callable[[str, int, Union[TlsSettings, None]], object]


class CallableNetwork:
    """Answers requests with a function.

    :param handler: called with each complete request. It returns the response, or an
        iterable of its parts.

        After the last part the server closes the connection if HTTP/1.1 says so
        (``Connection: close`` of either side, or no framing). Otherwise it keeps it.
        `Hangup` and `Silence` decide instead of HTTP.

        The network asks for one part more than the module has taken. If the function
        raises a `NetworkFailure`, at once or between two parts, the exchange fails with
        its number. If the module closes the connection, a generator of parts is closed:
        its ``finally`` runs then.
    :param connect: called with the host, the port and the TLS settings of each
        connection. It may raise `Refused`, `Unresolvable`, `TlsFailure` or
        `ConnectSilence`. Without it, the method ``connect`` of `handler` is called, if
        there is one.
    :param delay: the seconds that a connection takes.
    """

    busy = False

    def __init__(
        self, handler: Handler, connect: Connect | None = None, delay: float = 0.0
    ) -> None:
        self._handler = handler
        self._connect = connect or getattr(handler, "connect", None)
        self._delay = delay
        self._clock: Clock | None = None

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Keep the clock: `Until` needs it."""
        self._clock = clock

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> CallableConnection:
        """Start a connection."""
        event: Event | None = Connected()
        try:
            if self._connect:
                self._connect(host, port, tls)
        except ConnectSilence:
            event = None
        except NetworkFailure as failure:
            event = Failed(failure.error)
        connection = self._connection_to(host, port, tls)
        if event:
            connection.add(now + self._delay, event)
        return connection

    def resolve(self, host: str, now: float) -> CallableConnection:
        """Look up a name: each has one address, of the range for documentation."""
        connection = self._connection_to(host, 0, None)
        connection.add(now + self._delay, Resolved(("192.0.2.1",)))
        return connection

    def _connection_to(
        self, host: str, port: int, tls: TlsSettings | None
    ) -> CallableConnection:
        return CallableConnection(self._handler, (host, port, tls), self._now)

    def _now(self) -> float:
        return self._clock.now() if self._clock else NOW


class CallableConnection:
    """One connection to the function."""

    def __init__(
        self,
        handler: Handler,
        peer: tuple[str, int, TlsSettings | None],
        now: Callable[[], float],
    ) -> None:
        self._handler = handler
        self._peer = peer
        self._now = now
        self._framing = RequestFraming()
        self._events: collections.deque[tuple[float, Event]] = collections.deque()
        self._parts: Iterator[Part] = iter(())
        self._response: Iterator[Event | None] = iter(())
        self._time = NOW
        self._over = False

    def add(self, time: float, event: Event) -> None:
        """Add an event at a time."""
        self._events.append((time, event))

    def due(self) -> float:
        """Return the time of the next event."""
        if not self._events and not self._over:
            # The response may be endless, so make only what is needed.
            event = next(self._response, None)
            if event:
                self.add(self._time, event)
        return self._events[0][0] if self._events else NEVER

    def take(self) -> Event:
        """Return the next event."""
        event = self._events.popleft()[1]
        self._over = self._over or isinstance(event, Closed)
        return event

    @property
    def unsent(self) -> int:
        """The bytes that the function has not received: it receives them at once."""
        return 0

    def shut_down(self, now: float) -> None:
        """Let the server close too: no more requests will come."""
        self.hang_up(now)

    def send(self, data: bytes, now: float) -> None:
        """Collect the bytes of a request; answer it once it is complete."""
        request = self._framing.feed(data)
        if request is not None:
            self._answer(request, now)

    def finish(self, now: float) -> None:
        """Answer a request even if its bytes do not tell its end."""
        request = self._framing.rest()
        if request is not None:
            self._answer(request, now)

    def close(self) -> None:
        """Close the connection."""
        self._over = True
        self._events.clear()
        parts = self._parts
        # If the generator itself closes the connection, it is running now.
        if inspect.isgenerator(parts) and not parts.gi_running:
            parts.close()

    def hang_up(self, now: float) -> None:
        """Let the server close now."""
        self._response = iter(())
        self.add(now, Closed())

    def _answer(self, request: bytes, now: float) -> None:
        self._time = max(self._time, now)
        try:
            answer = self._handler(ReceivedRequest(*self._peer, request))
        except NetworkFailure as failure:
            self._response = iter([Failed(failure.error)])
            return
        self._parts = iter([answer] if isinstance(answer, bytes) else answer)
        self._response = self._guarded(wants_close(request))

    def _guarded(self, close: bool) -> Iterator[Event | None]:
        try:
            yield from self._play(close)
        except NetworkFailure as failure:
            yield Failed(failure.error)

    def _play(self, close: bool) -> Iterator[Event | None]:
        """Yield the events of the parts, and None while a condition is false."""
        said = b""
        for part in self._parts:
            if isinstance(part, bytes):
                said += part[: max(0, HEAD_LIMIT - len(said))]
                yield from _packets(part)
            elif isinstance(part, Delay):
                self._time += part.seconds
            elif isinstance(part, Until):
                yield from self._hold(part)
            elif isinstance(part, Hangup):
                yield Closed(part.reset)
                return
            else:
                return
        if close or not _persistent(said):
            yield Closed()

    def _hold(self, part: Until) -> Iterator[None]:
        while not part.condition():
            yield None
        since = part.since or self._now
        self._time = max(self._time, since())


def _packets(data: bytes) -> Iterator[Event]:
    for start in range(0, len(data), PACKET):
        yield Received(data[start : start + PACKET])


def _persistent(response: bytes) -> bool:
    split = split_head(response)
    if not split:
        return False
    try:
        head = ResponseHead.parse(split[0])
    except MalformedHead:
        return False
    if head.status < 200:
        return _persistent(split[1])
    return head.persistent and (head.chunked or head.length is not None)
