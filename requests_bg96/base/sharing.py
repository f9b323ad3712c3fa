"""Who shares a module: adapters of one process that name one port, and copies.

A module is used by one object. Two of them on one port would lock each other out, and
know nothing of what the other did to the module.
"""

from __future__ import annotations

import os
import threading
import uuid
import weakref
from typing import Any, Protocol, TypeVar

__all__ = ("User", "new_name", "remember", "restored", "share")


class User:
    """An adapter that uses a modem, for as long as it does and is there."""

    __slots__ = ("__weakref__",)


class Modem(Protocol):
    """What a `BG96Modem` is here."""

    port: str | None
    settings: Any
    users: weakref.WeakSet[User]

    def __setstate__(self, state: dict[str, Any]) -> None: ...

    @property
    def clock(self) -> Any:
        """The time, as it was given."""

    @property
    def inherited(self) -> bool:
        """Whether this is a process that was forked."""


M = TypeVar("M", bound=Modem)

_lock = threading.Lock()
#: Every modem of this process, by what its copies know it by.
_by_name: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
#: Those that adapters share, by all that must be equal.
_shared: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()


def _begin_anew() -> None:
    """Forget the threads and the adapters that are in the parent process only."""
    global _lock
    _lock = threading.Lock()
    for modem in list(_by_name.values()):
        modem.users.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def new_name() -> str:
    """Return what a modem and its copies are known by."""
    return uuid.uuid4().hex


def remember(name: str, modem: Modem) -> None:
    """Let copies that are made by pickling be `modem` itself."""
    with _lock:
        _by_name[name] = modem


def restored(kind: type[M], name: str, state: dict[str, Any]) -> M:
    """Return the modem that was pickled: itself where it is of this process."""
    with _lock:
        known: M | None = _by_name.get(name)
        if known is None or known.inherited:
            known = kind.__new__(kind)
            known.__setstate__(state)
            _by_name[name] = known
        return known


def share(modem: M) -> M:
    """Return the modem that adapters share which are set up like `modem`.

    It is `modem` itself where there was none yet, or where its port is one that nobody
    else can name.
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
    """Whether `port` names none, or one that is made for each who opens it: loop://.

    What is found on USB may be another module the next time.
    """
    return port is None or port.partition("?")[0].endswith("://")
