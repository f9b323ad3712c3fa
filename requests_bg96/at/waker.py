"""Wakes a thread that waits for a file descriptor.

`recovery.waking` wakes a module that sleeps.
"""

from __future__ import annotations

import socket
from contextlib import suppress

__all__ = ("Waker",)


class Waker:
    """A descriptor that another thread can make readable.

    `select.select` knows sockets on every system, and pipes on some.
    """

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._near.fileno()

    def wake(self) -> None:
        """Make the descriptor readable; do not wait."""
        # Then it is readable already, or closed.
        with suppress(OSError):
            self._far.send(b"\0")

    def reset(self) -> None:
        """Make the descriptor unreadable again."""
        with suppress(OSError):
            self._near.recv(4_096)

    def close(self) -> None:
        """Free both ends."""
        self._near.close()
        self._far.close()
