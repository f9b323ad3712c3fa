"""Share a module between adapters of one process that name one port, and their copies.

Only one object may use a module. Two objects on one port would lock each other out, and
neither would know what the other did to the module.
"""

from __future__ import annotations

import os
import threading
import uuid
import weakref
from typing import Any, Protocol, TypeVar

__all__ = ("User", "new_name", "remember", "restored", "share")


class User:
    """An adapter that uses a modem, while it does and while it exists."""

    __slots__ = ("__weakref__",)


class Modem(Protocol):
    """The part of `BG96Modem` that is needed here."""

    port: str | None
    settings: Any
    users: weakref.WeakSet[User]

    def __setstate__(self, state: dict[str, Any]) -> None: ...

    @property
    def clock(self) -> Any:
        """The clock of the modem."""

    @property
    def inherited(self) -> bool:
        """Whether this process was forked after the modem was made."""


M = TypeVar("M", bound=Modem)

_lock = threading.Lock()
#: All modems of this process, by the name that their copies have.
_by_name: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
#: The modems that adapters share, by everything that must be equal.
_shared: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()


def _begin_anew() -> None:
    """Forget threads and adapters that exist only in the parent process."""
    global _lock
    _lock = threading.Lock()
    for modem in list(_by_name.values()):
        modem.users.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def new_name() -> str:
    """Return a name for a modem and its copies."""
    return uuid.uuid4().hex


def remember(name: str, modem: Modem) -> None:
    """Make unpickled copies of `modem` be `modem` itself."""
    with _lock:
        _by_name[name] = modem


def restored(kind: type[M], name: str, state: dict[str, Any]) -> M:
    """Return the unpickled modem: the original, if it is of this process."""
    with _lock:
        known: M | None = _by_name.get(name)
        if known is None or known.inherited:
            known = kind.__new__(kind)
            known.__setstate__(state)
            _by_name[name] = known
        return known


def share(modem: M) -> M:
    """Return the modem that adapters with the settings of `modem` share.

    It is `modem` itself if there was none yet, or if no other adapter can name its
    port.
    """
    if _is_private(modem.port):
        return modem
    key = (modem.port, modem.settings, modem.clock)
    with _lock:
        known: M | None = _shared.get(key)
        if known is None or known.inherited:
            known = _shared[key] = modem
        return known


def _is_private(port: str | None) -> bool:
    """Return whether `port` is no name, or a port that each user has alone (loop://).

    A port that was found on USB may be another module the next time.
    """
    return port is None or port.partition("?")[0].endswith("://")
