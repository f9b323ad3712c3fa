"""The host's own network: one thread with blocking code per connection."""

from __future__ import annotations

import collections
import contextlib
import selectors
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

#: Bytes that wait for the module before the socket is left alone: TCP then holds
#: the server back.
INBOX_LIMIT = 16384

#: Bytes of one read: about what a module gets as one packet.
PACKET = 1460

#: Bytes of one write.
SEGMENT = 65536

#: Seconds after which the thread of a dead connection attempt is given up; the
#: module itself waits no more than 125 s, or 150 s for a socket.
CONNECT_TIMEOUT = 155.0

#: What a socket that does not block says where it would have to.
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

UNRESOLVABLE = 714
REFUSED = 716
TLS_FAILED = 701


class SocketNetwork:
    """Makes the requests over the network of this machine."""

    def __init__(self) -> None:
        self._clock: Clock = SystemClock()
        self._notify: Callable[[], None] = _nobody
        self._sources: set[SocketSource] = set()

    @property
    def busy(self) -> bool:
        """Whether a connection is open or being made."""
        return bool(self._sources)

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Take the clock of the emulator and its call for attention."""
        self._clock = clock
        self._notify = notify

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> SocketConnection:
        """Start to connect."""
        connection = SocketConnection(self._clock, self._notify, self._sources.discard)
        self._sources.add(connection)
        connection.start(host, port, tls)
        return connection

    def resolve(self, host: str, now: float) -> SocketSource:
        """Start to look a name up."""
        source = SocketSource(self._clock, self._notify, self._sources.discard)
        self._sources.add(source)
        source.look_up(host)
        return source


def _nobody() -> None:
    """Tell nobody."""


class SocketSource:
    """Events from a thread, each with the time at which it came."""

    def __init__(
        self,
        clock: Clock,
        notify: Callable[[], None],
        over: Callable[[SocketSource], None],
    ) -> None:
        self._clock = clock
        self._notify = notify
        self._over = over
        self._changed = threading.Condition()
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
            self._changed.notify_all()
            return event

    @property
    def waiting(self) -> int:
        """Bytes that have come and that the module has not taken."""
        return self._waiting

    def look_up(self, host: str) -> None:
        """Resolve a name in a thread."""
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
        with self._changed:
            if self._closed:
                return
            self._events.append((self._clock.now(), event))
            if isinstance(event, Received):
                self._waiting += len(event.data)
        self._notify()


class SocketConnection(SocketSource):
    """One TCP connection, with TLS on it or not."""

    def __init__(
        self,
        clock: Clock,
        notify: Callable[[], None],
        over: Callable[[SocketSource], None],
    ) -> None:
        super().__init__(clock, notify, over)
        self._outgoing = bytearray()
        self._ending = False
        self._handshake_until = NEVER
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)

    def start(self, host: str, port: int, tls: TlsSettings | None) -> None:
        """Connect in a thread, and go on to carry bytes there."""
        client = TlsClient(host, tls) if tls else None
        seconds = tls.negotiate_time if tls else 0
        self._spawn(lambda: self._run(host, port, client, seconds))

    def due(self) -> float:
        """Return the time of the next event; the end of a handshake's time is one."""
        with self._changed:
            return min(super().due(), self._handshake_until)

    @property
    def unsent(self) -> int:
        """The bytes that the network of this machine has not taken."""
        with self._changed:
            return len(self._outgoing)

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the server."""
        with self._changed:
            self._outgoing += data
        self._wake()

    def shut_down(self, now: float) -> None:
        """Send no more than what is under way; go on to receive."""
        with self._changed:
            self._ending = True
        self._wake()

    def finish(self, now: float) -> None:
        """Do nothing: the server knows the end of a request by its bytes."""

    def close(self) -> None:
        """Close the connection; no event comes any more."""
        with self._changed:
            self._closed = True
            self._events.clear()
        self._wake()

    def hang_up(self, now: float) -> None:
        """Do as if the server had closed."""
        self._put(Closed())
        self.close_quietly()

    def close_quietly(self) -> None:
        """Close the connection and keep the events that there are."""
        with self._changed:
            self._closed = True
        self._wake()

    def take(self) -> Event:
        """Return the next event, and let the thread read on."""
        with self._changed:
            if self._handshake_until < super().due():
                self._handshake_until = NEVER
                self.close()
                return Failed(TLS_FAILED)
        event = super().take()
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
        """Make the handshake; whatever goes wrong in it, the module says the same."""
        # The module's time runs out by its own clock, which no thread can wait for.
        self._handshake_until = self._clock.now() + seconds
        self._notify()
        secured: socket.socket | None = None
        with connection, contextlib.suppress(TlsFailure, OSError, ValueError):
            # From here on the socket is another object's to close.
            secured = self._shake_hands(client.wrap(connection), client)
        with self._changed:
            self._handshake_until = NEVER
            if secured is None:
                self._put(Failed(TLS_FAILED))
        return secured

    def _shake_hands(
        self, connection: ssl.SSLSocket, client: TlsClient
    ) -> ssl.SSLSocket | None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            while not self._closed:
                try:
                    connection.do_handshake()
                except ssl.SSLWantReadError:
                    self._await(connection, selectors.EVENT_READ)
                except ssl.SSLWantWriteError:
                    self._await(connection, selectors.EVENT_WRITE)
                else:
                    client.check(connection)
                    stack.pop_all()
                    return connection
        return None

    def _await(self, connection: socket.socket, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            selector.register(connection, event)
            for key, _ in selector.select():
                if key.fileobj is self._wakened:
                    self._wakened.recv(4096)

    def _carry(self, connection: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            while not self._closed:
                self._end(connection)
                wanted = self._watch(selector, connection)
                # What TLS has taken from the socket, no selector tells of.
                decrypted = wanted & selectors.EVENT_READ if _pending(connection) else 0
                found = selector.select(0 if decrypted else None)
                ready = {key.fileobj: mask for key, mask in found}
                if self._wakened in ready:
                    self._wakened.recv(4096)
                if not self._exchange(connection, ready.get(connection, 0) | decrypted):
                    return

    def _watch(
        self, selector: selectors.BaseSelector, connection: socket.socket
    ) -> int:
        """Choose what to wait for: room to send, and bytes if they have room."""
        with self._changed:
            wanted = selectors.EVENT_WRITE if self._outgoing else 0
            if self._waiting < INBOX_LIMIT:
                wanted |= selectors.EVENT_READ
        if connection in selector.get_map():
            selector.unregister(connection)
        if wanted:
            selector.register(connection, wanted)
        return wanted

    def _exchange(self, connection: socket.socket, ready: int) -> bool:
        """Send and receive what is possible; False when the connection is over."""
        try:
            if ready & selectors.EVENT_READ:
                data = connection.recv(PACKET)
                self._put(Received(data) if data else Closed())
                if not data:
                    return False
            if ready & selectors.EVENT_WRITE:
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
        # A module whose buffer is full waits for this.
        self._notify()

    def _end(self, connection: socket.socket) -> None:
        """Tell the server, when everything is sent, that it was the last."""
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
            # The thread has ended, or has been woken often enough already.
            pass


def _connected(connection: socket.socket) -> Connected:
    """Tell who is at the ends of a connection."""
    try:
        return Connected(connection.getpeername()[0], connection.getsockname()[1])
    except OSError:
        # It has been reset by now.
        return Connected()


def _pending(connection: socket.socket) -> bool:
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
