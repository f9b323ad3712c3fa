"""The network of this machine, with a thread for each connection."""

from __future__ import annotations

import collections
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable

from ..clock import Clock, SystemClock
from .network import (
    Closed,
    Connected,
    Event,
    Failed,
    Received,
    Resolved,
    TlsFailure,
    TlsSettings,
)
from .scheduler import NEVER
from .tls_client import TlsClient

__all__ = ("SocketNetwork",)

#: The bytes that wait for the module before the thread stops to read. TCP then stops
#: the server.
INBOX_LIMIT = 16384
#: The bytes of one read: about one packet.
PACKET = 1460
#: The bytes of one write.
SEGMENT = 65536

#: The seconds after which a thread stops to connect. The module waits at most 125 s,
#: or 150 s for a socket.
CONNECT_TIMEOUT = 155.0

#: The errors of a socket that does not block, if it had to wait.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

UNRESOLVABLE = 714
REFUSED = 716
TLS_FAILED = 701


class SocketNetwork:
    """Makes connections over the network of this machine."""

    def __init__(self) -> None:
        self._clock: Clock = SystemClock()
        self._notify: Callable[[], None] = _nobody
        self._sources: set[SocketSource] = set()

    @property
    def busy(self) -> bool:
        """Whether there is a connection, or an attempt to make one."""
        return bool(self._sources)

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Attach the network to an emulator."""
        self._clock = clock
        self._notify = notify

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> SocketConnection:
        """Start a connection."""
        connection = SocketConnection(self._clock, self._notify, self._sources.discard)
        self._sources.add(connection)
        connection.start(host, port, tls)
        return connection

    def resolve(self, host: str, now: float) -> SocketSource:
        """Start to look up a name."""
        source = SocketSource(self._clock, self._notify, self._sources.discard)
        self._sources.add(source)
        source.look_up(host)
        return source


def _nobody() -> None:
    """Do nothing: no emulator is attached."""


class SocketSource:
    """Events of a thread, each with the time at which it came."""

    def __init__(
        self,
        clock: Clock,
        notify: Callable[[], None],
        over: Callable[[SocketSource], None],
    ) -> None:
        self._clock = clock
        self._notify = notify
        self._over = over
        self._changed = threading.RLock()
        self._events: collections.deque[tuple[float, Event]] = collections.deque()
        self._waiting = 0
        self._closed = False

    def due(self) -> float:
        """Return the time of the next event."""
        with self._changed:
            return self._events[0][0] if self._events else NEVER

    def take(self) -> Event:
        """Return the next event."""
        with self._changed:
            event = self._events.popleft()[1]
            if isinstance(event, Received):
                self._waiting -= len(event.data)
            return event

    @property
    def waiting(self) -> int:
        """The number of bytes that have come and that the module has not taken."""
        return self._waiting

    def look_up(self, host: str) -> None:
        """Look up a name in a thread."""
        self._spawn(lambda: self._resolve(host))

    def _resolve(self, host: str) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            self._put(Failed(UNRESOLVABLE))
        else:
            self._put(Resolved(tuple(dict.fromkeys(str(one[4][0]) for one in found))))

    def _spawn(self, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            finally:
                self._over(self)

        threading.Thread(target=run, name="bg96-network", daemon=True).start()

    def _put(self, event: Event) -> None:
        # Without the lock: who is notified takes a lock, under which others ask for
        # this one.
        if self._add(event):
            self._notify()

    def _add(self, event: Event) -> bool:
        with self._changed:
            if self._closed:
                return False
            self._events.append((self._clock.now(), event))
            if isinstance(event, Received):
                self._waiting += len(event.data)
            return True


class SocketConnection(SocketSource):
    """One TCP connection, with TLS or without."""

    def __init__(
        self,
        clock: Clock,
        notify: Callable[[], None],
        over: Callable[[SocketSource], None],
    ) -> None:
        super().__init__(clock, notify, over)
        self._outgoing = bytearray()
        #: Whether this machine's network has taken fewer bytes than it was given.
        self._full = False
        self._ending = False
        self._handshake_until = NEVER
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)

    def start(self, host: str, port: int, tls: TlsSettings | None) -> None:
        """Connect in a thread, which then carries the bytes."""
        client = TlsClient(host, tls) if tls else None
        seconds = tls.negotiate_time if tls else 0
        self._spawn(lambda: self._run(host, port, client, seconds))

    def due(self) -> float:
        """Return the time of the next event; the end of the handshake's time is one."""
        with self._changed:
            return min(super().due(), self._handshake_until)

    @property
    def unsent(self) -> int:
        """The number of bytes that this machine's network has not taken.

        Bytes that only wait for the thread do not count, up to those of one write.
        """
        with self._changed:
            waiting = len(self._outgoing)
            return waiting if self._full else max(0, waiting - SEGMENT)

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the server."""
        with self._changed:
            self._outgoing += data
        self._wake()

    def shut_down(self, now: float) -> None:
        """Send the end of the data after the bytes that wait; continue to receive."""
        with self._changed:
            self._ending = True
        self._wake()

    def finish(self, now: float) -> None:
        """Do nothing: the bytes of a request tell the server its end."""

    def close(self) -> None:
        """Close the connection, and discard its events."""
        with self._changed:
            self._closed = True
            self._events.clear()
        self._wake()

    def hang_up(self, now: float) -> None:
        """Close the connection, as the server does."""
        self._put(Closed())
        self.close_quietly()

    def close_quietly(self) -> None:
        """Close the connection, but keep its events."""
        with self._changed:
            self._closed = True
        self._wake()

    def take(self) -> Event:
        """Return the next event, and let the thread continue to read."""
        with self._changed:
            if self._handshake_until < super().due():
                self._handshake_until = NEVER
                self.close()
                return Failed(TLS_FAILED)
            full = self._waiting >= INBOX_LIMIT
        event = super().take()
        if full:
            self._wake()
        return event

    # The thread.

    def _run(
        self, host: str, port: int, client: TlsClient | None, seconds: float
    ) -> None:
        with self._waker, self._wakened:
            connection = self._connect(host, port)
            if connection and client:
                connection = self._secure(connection, client, seconds)
            if connection:
                with connection:
                    self._put(_connected(connection))
                    self._carry(connection)

    def _connect(self, host: str, port: int) -> socket.socket | None:
        try:
            connection = socket.create_connection((host, port), CONNECT_TIMEOUT)
        except (socket.gaierror, UnicodeError):
            self._put(Failed(UNRESOLVABLE))
        except OSError:
            self._put(Failed(REFUSED))
        else:
            connection.setblocking(False)
            return connection
        return None

    def _secure(
        self, connection: socket.socket, client: TlsClient, seconds: float
    ) -> socket.socket | None:
        """Make the handshake. The module has the same error for each failure."""
        # The time is that of the module's clock. This thread cannot wait for it.
        self._handshake_until = self._clock.now() + seconds
        self._notify()
        secured: socket.socket | None = None
        with connection, contextlib.suppress(TlsFailure, OSError, ValueError):
            # From here, another object closes the socket.
            secured = self._shake_hands(client.wrap(connection), client)
        if secured is None:
            self._put(Failed(TLS_FAILED))
        return secured

    def _add(self, event: Event) -> bool:
        """Add an event, and with it end the handshake."""
        with self._changed:
            self._handshake_until = NEVER
            return super()._add(event)

    def _shake_hands(
        self, connection: ssl.SSLSocket, client: TlsClient
    ) -> ssl.SSLSocket | None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            while not self._closed:
                try:
                    connection.do_handshake()
                except ssl.SSLWantReadError:
                    self._wait(connection, reads=True, sends=False)
                except ssl.SSLWantWriteError:
                    self._wait(connection, reads=False, sends=True)
                else:
                    client.check(connection)
                    stack.pop_all()
                    return connection
        return None

    def _wait(
        self, connection: socket.socket, *, reads: bool, sends: bool, now: bool = False
    ) -> tuple[bool, bool]:
        """Wait for `connection`, or to be woken.

        :param reads: whether to wait until something can be read.
        :param sends: whether to wait until something can be sent.
        :param now: whether not to wait.
        :returns: whether something can be read, and sent.
        """
        readable, writable, _ = select.select(
            [self._wakened, connection] if reads else [self._wakened],
            [connection] if sends else [],
            [],
            0 if now else None,
        )
        if self._wakened in readable:
            self._wakened.recv(4096)
        return connection in readable, bool(writable)

    def _carry(self, connection: socket.socket) -> None:
        while not self._closed:
            self._end(connection)
            with self._changed:
                sends, reads = bool(self._outgoing), self._waiting < INBOX_LIMIT
            # The system does not tell of bytes that TLS has already decrypted.
            decrypted = reads and _pending(connection)
            readable, writable = self._wait(
                connection, reads=reads, sends=sends, now=decrypted
            )
            if not self._exchange(connection, readable or decrypted, writable):
                return

    def _exchange(
        self, connection: socket.socket, readable: bool, writable: bool
    ) -> bool:
        """Send and receive what is possible; return whether the connection is open."""
        try:
            if readable:
                data = connection.recv(PACKET)
                self._put(Received(data) if data else Closed())
                if not data:
                    return False
            if writable:
                self._send(connection)
        except _NOT_NOW:
            return True
        except OSError:
            self._put(Closed(reset=True))
            return False
        return True

    def _send(self, connection: socket.socket) -> None:
        with self._changed:
            segment = bytes(self._outgoing[:SEGMENT])
        sent = connection.send(segment)
        with self._changed:
            del self._outgoing[:sent]
            self._full = sent < len(segment)
        # A module whose send buffer is full waits for this.
        self._notify()

    def _end(self, connection: socket.socket) -> None:
        """Send the end of the data, once all bytes are sent."""
        with self._changed:
            if not self._ending or self._outgoing:
                return
            self._ending = False
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)

    def _wake(self) -> None:
        try:
            self._waker.send(b"!")
        except OSError:
            # The thread has ended, or it will wake anyway.
            pass


def _connected(connection: socket.socket) -> Connected:
    """Return the event of a new connection, with its address and port."""
    try:
        return Connected(connection.getpeername()[0], connection.getsockname()[1])
    except OSError:
        # The server has already reset it.
        return Connected()


def _pending(connection: socket.socket) -> bool:
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
