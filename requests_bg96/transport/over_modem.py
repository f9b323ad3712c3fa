"""Any adapter of requests, over a modem in place of this machine's network.

An `HTTPAdapter` has all its connections from the pools of its `poolmanager`, whatever
its subclass does, and whether it was made, copied or unpickled. So it is there that
they become a modem's. What the pools are told, of certificates above all, they are told
as before: what the module cannot do is refused, and never lost.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

import requests.adapters
import urllib3.poolmanager
from requests.exceptions import ConnectionError, ProxyError
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from .sending import PROXY

__all__ = ("ModemPools", "OverModem", "Way", "foreign")

_STOCK_POOLS = (HTTPConnectionPool, HTTPSConnectionPool)
#: What ``verify=True`` is to some versions of requests: no wish of an adapter's.
_DEFAULT_CONTEXT = getattr(requests.adapters, "_preloaded_ssl_context", None)


def foreign(what: object) -> str:
    """Return what to say where `what` would go past the modem."""
    name = what.__name__ if isinstance(what, type) else type(what).__name__
    return (
        f"{name} makes connections of its own, which would go past the modem, and "
        "nothing of what it does for them can be done there: nothing was sent. The "
        "pools of the adapter's own poolmanager, and subclasses of BG96Adapter, go "
        "over the modem"
    )


class OverModem:
    """What marks a `PoolManager` whose pools are a modem's."""


class Way(Protocol):
    """The way over a modem."""

    def pool_manager(self) -> PoolManager:
        """Return a manager of pools that go this way."""


class ModemPools:
    """The attribute `poolmanager` of adapters: what they set, with a modem's pools.

    :param transport_of: returns over what the pools of an adapter go; None leaves them.
    """

    def __init__(self, transport_of: Callable[[Any], Way | None]) -> None:
        self._transport_of = transport_of

    def __get__(self, adapter: Any, kind: type | None = None) -> Any:
        """Return the manager to have pools from."""
        if adapter is None:
            raise AttributeError("an adapter, not its class, has a poolmanager")
        try:
            manager = vars(adapter)["poolmanager"]
        except KeyError:
            raise AttributeError(f"{adapter!r} has no poolmanager") from None
        if isinstance(manager, OverModem):
            return manager
        transport = self._transport_of(adapter)
        if transport is None or not isinstance(manager, PoolManager):
            return manager
        return _PoolManagerOverModem(manager, transport)

    def __set__(self, adapter: Any, manager: Any) -> None:
        """Keep the adapter's own manager, which it has again without a modem."""
        if isinstance(manager, _PoolManagerOverModem):
            manager = manager.own
        vars(adapter)["poolmanager"] = manager


#: The pools over a modem in place of a manager's own.
_pools: weakref.WeakKeyDictionary[PoolManager, tuple[Way, PoolManager]]
_pools = weakref.WeakKeyDictionary()


class _PoolManagerOverModem(PoolManager):
    """A `PoolManager` that is `own`, but for its pools, which are a modem's.

    All that one has, the settings of its pools as well, is had and changed by both.
    """

    __slots__ = ("own", "_transport")

    def __init__(self, own: PoolManager, transport: Way) -> None:
        self.__dict__ = own.__dict__
        self.own = own
        self._transport = transport

    def connection_from_context(self, request_context: dict[str, Any]) -> Any:
        """Return the pool for `request_context`, as the base class does.

        :raises requests.exceptions.ProxyError: if it would be a proxy's.
        :raises requests.exceptions.ConnectionError: if what the manager's own pools
            are for would be lost.
        """
        scheme = request_context["scheme"].lower()
        if scheme not in ("http", "https"):
            return self.own.connection_from_context(request_context)
        self._refuse_what_is_foreign(scheme)
        if request_context.get("ssl_context", self) is _DEFAULT_CONTEXT:
            del request_context["ssl_context"]
        return self._over_modem.connection_from_context(request_context)

    def connection_from_pool_key(
        self, pool_key: Any, request_context: dict[str, Any]
    ) -> Any:
        """Return the pool for `request_context`."""
        return self.connection_from_context(request_context)

    def clear(self) -> None:
        """Close the pools of both."""
        self.own.clear()
        self._over_modem.clear()

    @property
    def _over_modem(self) -> PoolManager:
        transport, found = _pools.get(self.own, (None, None))
        if found is None or transport != self._transport:
            found = self._transport.pool_manager()
            _pools[self.own] = self._transport, found
        return found

    def _refuse_what_is_foreign(self, scheme: str) -> None:
        if self.proxy is not None:
            raise ProxyError(PROXY)
        if type(self.own) is not PoolManager:
            raise ConnectionError(foreign(self.own))
        # urllib3's own table, which all managers share, is no wish of this one's.
        classes = self.pool_classes_by_scheme
        shared = classes is urllib3.poolmanager.pool_classes_by_scheme
        if not shared and classes.get(scheme) not in _STOCK_POOLS:
            raise ConnectionError(foreign(classes.get(scheme)))
