"""A file descriptor that stands for a stream, so that a program can end the stream.

Some programs, for example etcd3gw, stop a thread that reads a response: they shut down
the descriptor of its socket. Our descriptor is not connected to a server, but we notice
the shutdown.
"""

from __future__ import annotations

import errno
import os
import socket
import threading

__all__ = ("Descriptor",)


class Descriptor:
    """One end of a pair of sockets; we watch the other end.

    It has no data and is always ready to be read, so ``select`` leaves the waiting to
    the stream. It is made when it is first asked for.
    """

    def __init__(self) -> None:
        # The garbage collector may close it in a thread that holds the lock.
        self._lock = threading.RLock()
        self._pair: tuple[socket.socket, socket.socket] | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._pair else "not made"
        return f"<{type(self).__name__} {state}>"

    def fileno(self) -> int:
        """Return the descriptor.

        :raises OSError: after `close`, or if the process has too many descriptors.
        """
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            if self._pair is None:
                watched, handed_out = socket.socketpair()
                watched.setblocking(False)
                watched.shutdown(socket.SHUT_WR)
                self._pair = watched, handed_out
            return self._pair[1].fileno()

    @property
    def shut_down(self) -> bool:
        """Whether its user has shut it down for writing, or for both."""
        with self._lock:
            if self._pair is None:
                return False
            try:
                return self._pair[0].recv(4096) == b""
            except BlockingIOError:
                return False

    def close(self) -> None:
        """Close both ends."""
        with self._lock:
            self._closed = True
            if self._pair is not None:
                for end in self._pair:
                    end.close()
                self._pair = None
