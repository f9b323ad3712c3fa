"""The connections that pools keep, because a module has twelve sockets only."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Protocol

from .seams import Connector

__all__ = ("IdleConnections", "idle_connections")


class KeptConnection(Protocol):
    """A connection of a pool."""

    def close(self) -> None:
        """Close it; it can connect again."""


class IdleConnections:
    """The connections of a module that no request uses, in all pools.

    A connection that is closed here stays in its pool, and connects again when it is
    used.
    """

    def __init__(self) -> None:
        # The garbage collector may close a connection in a thread that holds the lock.
        self._lock = threading.RLock()
        #: For each connection the `id` of its pool, which must not be kept alive.
        self._kept: weakref.WeakKeyDictionary[KeptConnection, int]
        self._kept = weakref.WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._kept)}>"

    def keep(self, connection: KeptConnection, pool: object) -> None:
        """Record that no request uses `connection` of `pool`."""
        with self._lock:
            self._kept[connection] = id(pool)

    def use(self, connection: KeptConnection) -> None:
        """Record that a request uses `connection`; then it looks whether it is open."""
        with self._lock:
            self._kept.pop(connection, None)

    def close_oldest(self) -> bool:
        """Close the one that is kept for longest; return whether there was one."""
        with self._lock:
            oldest = list(self._kept)[:1]
            self._close(oldest)
            return bool(oldest)

    def close_all(self, pool: object) -> None:
        """Close those of `pool`."""
        with self._lock:
            self._close([one for one, of in self._kept.items() if of == id(pool)])

    def _close(self, connections: list[KeptConnection]) -> None:
        # With the lock, because a pool may hand them out now.
        for connection in connections:
            del self._kept[connection]
            connection.close()


_of: weakref.WeakKeyDictionary[Any, IdleConnections] = weakref.WeakKeyDictionary()


def idle_connections(sockets: Connector) -> IdleConnections:
    """Return those of the module with these `sockets`."""
    return _of.setdefault(sockets, IdleConnections())
