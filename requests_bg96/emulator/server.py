"""Connects an emulator to a pseudo-terminal or a TCP port, for other programs."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Protocol

from .clock import VirtualClock
from .emulator import GRACE, Emulator
from .line import HOST_BUFFER

__all__ = ("Server", "pty_channel", "serving")

#: The bytes of one read or write.
CHUNK = 4096


class Channel(Protocol):
    """The host's end of the line."""

    @property
    def rtscts(self) -> bool:
        """Whether the host uses RTS and CTS."""

    def fileno(self) -> int:
        """Return the file descriptor to wait on."""

    def receive(self) -> bytes:
        """Return bytes from the host; b"" if it has gone."""

    def send(self, data: bytes) -> int:
        """Send bytes to the host; return how many were sent."""

    def close(self) -> None:
        """Close it."""


class PtyChannel:
    """The master of a pseudo-terminal.

    The slave stays open here, too, so that hosts may come and go.
    """

    def __init__(self, master: int, slave: int) -> None:
        self._master = master
        self._slave = slave
        self.path = os.ttyname(slave)
        os.set_blocking(master, False)

    @property
    def rtscts(self) -> bool:
        """Whether the host has turned on RTS and CTS at its end."""
        import termios

        flags: int = termios.tcgetattr(self._slave)[2]
        return bool(flags & termios.CRTSCTS)

    def fileno(self) -> int:
        """Return the file descriptor of the master."""
        return self._master

    def receive(self) -> bytes:
        """Return bytes from the host."""
        return os.read(self._master, CHUNK)

    def send(self, data: bytes) -> int:
        """Send bytes to the host; return how many were sent."""
        return os.write(self._master, data)

    def close(self) -> None:
        """Close both ends."""
        os.close(self._master)
        os.close(self._slave)


class SocketChannel:
    """A TCP connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)
        # Each fragment must arrive alone.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def rtscts(self) -> bool:
        """A TCP connection does not tell it, so False."""
        return False

    def fileno(self) -> int:
        """Return the file descriptor of the connection."""
        return self._connection.fileno()

    def receive(self) -> bytes:
        """Return bytes from the host; b"" if it has gone."""
        return self._connection.recv(CHUNK)

    def send(self, data: bytes) -> int:
        """Send bytes to the host; return how many were sent."""
        return self._connection.send(data)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def pty_channel() -> PtyChannel:
    """Open a pseudo-terminal in raw mode.

    :raises OSError: if the system has none. The text names ``--tcp``.
    """
    try:
        import tty
    except ImportError:
        raise OSError(
            "this system has no pseudo-terminals; use --tcp HOST:PORT"
        ) from None
    master, slave = os.openpty()
    tty.setraw(slave)
    return PtyChannel(master, slave)


class Server:
    """Carries bytes between an emulator and its host.

    :param emulator: the emulator. Nothing else may use its line.
    :param channel: the channel to a host, if it is always open.
    :param listener: a socket to which hosts connect, one at a time.
    """

    def __init__(
        self,
        emulator: Emulator,
        channel: Channel | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self._emulator = emulator
        self._channel = channel
        self._listener = listener
        self._pending = b""
        self._listens = True
        self._stopped = False
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)
        self._wakened.setblocking(False)

    def run(self) -> None:
        """Serve until `stop` is called."""
        self._emulator.add_listener(self._wake)
        try:
            if self._channel:
                self._attach()
            while not self._stopped:
                self._turn()
        finally:
            self._emulator.remove_listener(self._wake)
            self._drop()
            self._waker.close()
            self._wakened.close()
            if self._listener:
                self._listener.close()

    def stop(self) -> None:
        """End `run`. Any thread may call it."""
        self._stopped = True
        self._wake()

    def _turn(self) -> None:
        due = self._fetch()
        ready = self._select(due)
        if self._wakened in ready:
            self._wakened.recv(CHUNK)
        if self._listener in ready and self._listener:
            self._accept(self._listener)
        if self._channel in ready and self._channel:
            self._carry(self._channel, ready[self._channel])

    def _fetch(self) -> float:
        """Advance the module; return the time of its next step."""
        line = self._emulator.line
        with self._emulator.condition:
            if self._channel:
                line.rtscts = self._channel.rtscts
            due = self._emulator.advance()
            if self._channel and not self._pending:
                self._pending = line.take(CHUNK)
            # Let the host wait for the line, as the driver of a UART does.
            self._listens = line.unsent < HOST_BUFFER
            return due

    def _select(self, due: float) -> dict[object, int]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            if self._listener:
                selector.register(self._listener, selectors.EVENT_READ)
            if self._channel and (wanted := self._wanted()):
                selector.register(self._channel, wanted)
            events = selector.select(self._timeout(due))
        if not events and due < math.inf:
            self._pass_time(due)
        return {key.fileobj: mask for key, mask in events}

    def _wanted(self) -> int:
        reads = selectors.EVENT_READ if self._listens else 0
        return reads | (selectors.EVENT_WRITE if self._pending else 0)

    def _timeout(self, due: float) -> float | None:
        if isinstance(self._emulator.clock, VirtualClock):
            return GRACE
        if due == math.inf:
            return None
        left = due - self._emulator.clock.now()
        return min(max(0.0, left), threading.TIMEOUT_MAX)

    def _pass_time(self, due: float) -> None:
        clock = self._emulator.clock
        if isinstance(clock, VirtualClock):
            clock.sleep(due - clock.now())

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        if self._channel:
            # The port has a host. A server of serial ports refuses a second one.
            connection.close()
            return
        self._channel = SocketChannel(connection)
        self._attach()

    def _carry(self, channel: Channel, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                sent = channel.send(self._pending)
                self._pending = self._pending[sent:]
            if mask & selectors.EVENT_READ:
                data = channel.receive()
                if not data:
                    self._drop()
                    return
                with self._emulator.condition:
                    self._emulator.advance()
                    self._emulator.line.send(data, self._emulator.clock.now())
        except BlockingIOError:
            return
        except OSError:
            self._drop()

    def _attach(self) -> None:
        emulator = self._emulator
        with emulator.condition:
            emulator.line.attach(emulator.clock.now())

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        self._pending = b""
        if channel:
            channel.close()
            with self._emulator.condition:
                self._emulator.line.detach()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            # If it is full, the thread is awake; if it is closed, the thread has ended.
            self._waker.send(b"!")


@contextlib.contextmanager
def serving(server: Server) -> Iterator[None]:
    """Run a server in a thread during a ``with`` block."""
    thread = threading.Thread(target=server.run, name="bg96-server", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()
