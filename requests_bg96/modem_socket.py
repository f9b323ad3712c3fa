"""One TCP connection of the module, in the place of a `socket.socket`."""

from __future__ import annotations

import errno
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

from .base import times
from .base.channels import TcpChannel
from .base.codes import (
    SOCKET_BROKEN,
    SOCKET_CLOSED,
    SOCKET_LATE,
    SOCKET_REFUSED,
    SOCKET_UNRESOLVED,
)
from .base.recording import SocketRecording
from .clock import Clock, Deadline
from .errors import BG96Error, LimitError, NoAnswer, Phase, ReentryError, SetupError

__all__ = ("ModemSocket", "Operations", "translated")


class Operations(Protocol):
    """What a socket asks of the module."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    def receive(self, channel: TcpChannel, deadline: Deadline, size: int = 0) -> bool:
        """Wait until `channel` is readable; return whether it is."""

    def glance(self, channel: TcpChannel, deadline: Deadline) -> bool:
        """As `receive`, but do not recover the module for it."""

    def send(self, channel: TcpChannel, data: memoryview, deadline: Deadline) -> int:
        """Send a first part of `data`, at least one byte; return its size."""

    def shut(self, channel: TcpChannel) -> None:
        """Stop the reading in all threads; do not wait for them."""

    def close(self, channel: TcpChannel) -> None:
        """Close `channel`; do not wait long."""

    def forget(self, channel: TcpChannel) -> None:
        """Close `channel` when the module is used next; do not wait at all."""


#: For each number, what the system raises in the same case; otherwise OSError.
_BY_NUMBER: dict[int, type[OSError]] = {
    SOCKET_BROKEN: ConnectionResetError,
    SOCKET_CLOSED: BrokenPipeError,
    SOCKET_LATE: TimeoutError,
    SOCKET_REFUSED: ConnectionRefusedError,
    SOCKET_UNRESOLVED: socket.gaierror,
}
_ERRNO: dict[type[OSError], int] = {
    BrokenPipeError: errno.EPIPE,
    ConnectionAbortedError: errno.ECONNABORTED,
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionResetError: errno.ECONNRESET,
    TimeoutError: errno.ETIMEDOUT,
    socket.gaierror: socket.EAI_NONAME,
    OSError: errno.EIO,
}


def _kind(error: BG96Error, *, late: bool) -> type[OSError]:
    if error.err is not None:
        return _BY_NUMBER.get(error.err, OSError)
    if isinstance(error, (LimitError, SetupError)):
        return OSError
    if late and isinstance(error, NoAnswer):
        return TimeoutError
    return ConnectionAbortedError


@contextmanager
def translated(deadline: Deadline, phase: Phase) -> Iterator[None]:
    """Raise what a `socket.socket` raises, with the `BG96Error` as its cause.

    :param deadline: of the operation; `TimeoutError` is raised only when it is over.
    :param phase: of the exchange, if the error does not have one.
    """
    try:
        yield
    except ReentryError:
        raise
    except BG96Error as error:
        error.reached(phase)
        kind = _kind(error, late=deadline.over)
        raise kind(_ERRNO[kind], str(error)) from error


class ModemSocket:
    """What urllib3 and ssl need of a connected TCP socket.

    Several threads may use it, one to read and one to send. A module cannot end one
    direction only: `shutdown` ends the reading or the sending on this side.

    :param sockets: carries out its operations.
    :param channel: the module's socket, which is connected.
    :param peer: host and port of the server, as they were asked for.
    :param timeout: the seconds of each operation; None means no limit.
    """

    #: Also on the class, for `__del__` of an object whose `__init__` was interrupted.
    _closed = True

    def __init__(
        self,
        sockets: Operations,
        channel: TcpChannel,
        peer: tuple[str, int],
        timeout: float | None,
    ) -> None:
        self._sockets = sockets
        self._channel = channel
        self._peer = peer
        self._timeout = timeout
        self._sends = True
        self._closed = False
        #: The files that `makefile` has made, as in `socket.socket`.
        self._io_refs = 0

    def __repr__(self) -> str:
        state = "closed" if self._closed else self._channel.state.value
        return f"<{type(self).__name__} {self._channel.number}, {state}>"

    def __enter__(self) -> ModemSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._closed:
            self._closed = True
            self._sockets.forget(self._channel)

    def settimeout(self, timeout: float | None) -> None:
        """Set the time of each operation, in seconds; None means no limit."""
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        """Return the time of each operation, in seconds."""
        return self._timeout

    def record(self, recording: SocketRecording) -> None:
        """Pass the dialogue to `recording` from here on, for a trace."""
        self._channel.recording = recording
        recording.number = self._channel.number

    def count_received(self, size: int) -> None:
        """Count bytes that its reader got, for a trace; 0 is the end."""
        if self._channel.recording is not None:
            self._channel.recording.receive(size)

    def setsockopt(self, level: int, name: int, value: int | bytes) -> None:
        """Accept TCP_NODELAY, which has no effect.

        :raises OSError: for any other option.
        """
        if (level, name) != (socket.IPPROTO_TCP, socket.TCP_NODELAY):
            raise OSError(errno.ENOPROTOOPT, "a socket of the module has no options")

    def fileno(self) -> int:
        """Return -1, because it has no descriptor."""
        return -1

    def getpeername(self) -> tuple[str, int]:
        """Return host and port of the server, as they were asked for."""
        return self._peer

    # Sending

    def send(self, data: Any) -> int:
        """Send a first part of `data`, and return its size in bytes.

        :raises TimeoutError: if the module takes nothing in time.
        :raises BrokenPipeError: if the server has closed the connection.
        :raises OSError: if the connection is lost. What was sent is not known then.
        """
        return self._send(memoryview(data).cast("B"), self._deadline())

    def sendall(self, data: Any) -> None:
        """Send all of `data`; the errors are those of `send`."""
        if not data:
            # TLS sends what it has to say, and often that is nothing.
            return
        left, deadline = memoryview(data).cast("B"), self._deadline()
        while left:
            left = left[self._send(left, deadline) :]

    def _send(self, data: memoryview, deadline: Deadline) -> int:
        self._require_open()
        if not self._sends:
            raise BrokenPipeError(errno.EPIPE, "the sending was shut down")
        if not data:
            return 0
        with translated(deadline, Phase.SEND):
            return self._sockets.send(self._channel, data, deadline)

    # Receiving

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes as soon as there are any; b"" at the end.

        :raises TimeoutError: if nothing comes in time.
        :raises OSError: if the connection is lost.
        """
        self._require_open()
        channel, deadline = self._channel, self._deadline()
        try:
            with translated(deadline, Phase.READ):
                there = self._sockets.receive(channel, deadline, size)
                if not there:
                    raise NoAnswer(f"no data for {self._timeout} s")
                if channel.failure is not None and not (channel.data or channel.shut):
                    raise channel.failure
        except BaseException as error:
            self._end_recording(error.__cause__ or error)
            raise
        data = bytes(channel.data[:size])
        del channel.data[:size]
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0) -> int:
        """Receive into `buffer` as `recv`, and return the number of bytes.

        :param nbytes: the most bytes; 0 means as many as fit.
        """
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view))
        view[: len(data)] = data
        self.count_received(len(data))
        return len(data)

    def wait_readable(self, seconds: float) -> bool:
        """Wait for bytes, the end or an error; return whether there is any of these.

        :param seconds: the longest wait; 0 means that the module is asked only if
            there is a reason to.
        """
        if self._closed:
            return True
        deadline = Deadline(self._sockets.clock, seconds)
        return self._sockets.glance(self._channel, deadline)

    def makefile(
        self, mode: str = "r", buffering: int | None = None, **_: Any
    ) -> io.BufferedReader | io.BufferedWriter | io.BufferedRWPair | io.RawIOBase:
        """Return a binary file over the socket, as `socket.socket.makefile` does.

        The socket stays open until all its files are closed, too.

        :param mode: made of ``r``, ``w`` and ``b``.
        :param buffering: the size of the buffer; 0 means none.
        """
        if not {*mode} <= {"r", "w", "b"}:
            raise ValueError(f"a socket has no file of the mode {mode!r}")
        reading, writing = "r" in mode or "w" not in mode, "w" in mode
        # It asks no more of a socket than this class has.
        raw = socket.SocketIO(
            cast(socket.socket, self),
            "rw" if reading and writing else "w" if writing else "r",
        )
        self._io_refs += 1
        if buffering == 0:
            return raw
        size = io.DEFAULT_BUFFER_SIZE if buffering in (None, -1) else buffering or 0
        if reading and writing:
            return io.BufferedRWPair(raw, raw, size)
        return io.BufferedWriter(raw, size) if writing else io.BufferedReader(raw, size)

    # The end

    def shutdown(self, how: int) -> None:
        """End the reading, in all threads, or the sending; do not wait.

        The server does not learn of it before `close`.

        :param how: ``socket.SHUT_RD``, ``SHUT_WR`` or ``SHUT_RDWR``.
        """
        self._require_open()
        if how != socket.SHUT_WR:
            self._sockets.shut(self._channel)
        if how != socket.SHUT_RD:
            self._sends = False

    def close(self) -> None:
        """Close the connection, when its last file is closed.

        The module waits up to two seconds for the server's end. If another thread uses
        the module, that thread closes the connection, or the next one does.
        """
        self._closed = True
        if self._io_refs <= 0:
            self._real_close()

    def _decref_socketios(self) -> None:
        """Close the connection if this was its last file, for `socket.SocketIO`."""
        self._io_refs = max(0, self._io_refs - 1)
        self._end_recording()
        if self._closed:
            self.close()

    def _real_close(self) -> None:
        self._sockets.close(self._channel)

    def _end_recording(self, error: BaseException | None = None) -> None:
        """Record that the response is read to its end, or not any further."""
        if self._channel.recording is not None:
            self._channel.recording.end_reading(error)

    def _require_open(self) -> None:
        if self._closed and self._io_refs <= 0:
            raise OSError(errno.EBADF, "the socket is closed")

    def _deadline(self) -> Deadline:
        seconds = times.FOREVER if self._timeout is None else self._timeout
        return Deadline(self._sockets.clock, seconds)
