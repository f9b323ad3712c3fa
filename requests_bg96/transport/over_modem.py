"""Any adapter of requests, over a modem in place of this machine's network.

An `HTTPAdapter` gets all its connections from the pools of its `poolmanager`. This
holds for all subclasses, and for adapters that were made, copied or unpickled. So this
module replaces these pools. The pools get the same arguments as before, certificates
included. If the module cannot do something, the request is refused; nothing is dropped
silently.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, cast

import requests.adapters
import urllib3.poolmanager
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError, InvalidSchema, ProxyError
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from .managers import ModemPoolManager, SocketProxyManager, SocksProxyManager
from .marks import OverModem
from .sending import PROXY
from .settings import Transport
from .ways import Way

__all__ = ("ModemPools", "past_modem", "proxy_manager")

_STOCK_POOLS = (HTTPConnectionPool, HTTPSConnectionPool)
#: Some versions of requests pass this for ``verify=True``; no adapter asked for it.
_DEFAULT_CONTEXT = getattr(requests.adapters, "_preloaded_ssl_context", None)


def past_modem(what: object) -> str:
    """Return the text of the error if `what` would go past the modem."""
    name = what.__name__ if isinstance(what, type) else type(what).__name__
    return (
        f"{name} makes its own connections, which would go past the modem; nothing was "
        "sent. Use the pools of the adapter's own poolmanager, or a subclass of "
        "BG96Adapter: these go over the modem"
    )


class ModemPools:
    """The attribute `poolmanager` of adapters: their own manager, with a modem's pools.

    :param transport_of: returns what the pools of an adapter use; None keeps its own.
    """

    def __init__(self, transport_of: Callable[[Any], Transport | None]) -> None:
        self._transport_of = transport_of

    def __get__(self, adapter: Any, kind: type | None = None) -> Any:
        """Return the manager that makes the pools."""
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
        """Keep the adapter's own manager, for the time without a modem."""
        if isinstance(manager, _PoolManagerOverModem):
            manager = manager.own
        vars(adapter)["poolmanager"] = manager


#: For each manager: the pools over a modem that replace its own.
_pools: weakref.WeakKeyDictionary[PoolManager, tuple[Transport, PoolManager]]
_pools = weakref.WeakKeyDictionary()


class _PoolManagerOverModem(PoolManager):
    """A `PoolManager` that behaves like `own`, but whose pools use a modem.

    Both share all attributes, including the settings of the pools.
    """

    __slots__ = ("own", "_transport")

    def __init__(self, own: PoolManager, transport: Transport) -> None:
        self.__dict__ = own.__dict__
        self.own = own
        self._transport = transport

    def connection_from_context(self, request_context: dict[str, Any]) -> Any:
        """Return the pool for `request_context`.

        :raises requests.exceptions.ProxyError: if the pool is for a proxy.
        :raises requests.exceptions.ConnectionError: if the manager's own pools have a
            purpose that would be lost.
        """
        scheme = request_context["scheme"].lower()
        if scheme not in ("http", "https"):
            return self.own.connection_from_context(request_context)
        self._refuse_foreign(scheme)
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
            found = ModemPoolManager(self._transport)
            _pools[self.own] = self._transport, found
        return found

    def _refuse_foreign(self, scheme: str) -> None:
        if self.proxy is not None:
            raise ProxyError(PROXY)
        if type(self.own) is not PoolManager:
            raise ConnectionError(past_modem(self.own))
        # All managers share urllib3's own table; it is not a choice of this one.
        classes = self.pool_classes_by_scheme
        shared = classes is urllib3.poolmanager.pool_classes_by_scheme
        if not shared and classes.get(scheme) not in _STOCK_POOLS:
            raise ConnectionError(past_modem(classes.get(scheme)))


def proxy_manager(
    adapter: HTTPAdapter, transport: Transport, proxy: str, **kwargs: Any
) -> PoolManager:
    """Return the manager of the pools of `adapter` that reach `proxy` over the modem.

    :param transport: what the pools use.
    :param kwargs: of `urllib3.PoolManager`.
    :raises requests.exceptions.ProxyError: if the current request does not go by
        sockets of the module.
    :raises requests.exceptions.InvalidSchema: if `proxy` is a SOCKS proxy, and the
        extra ``socks`` is not installed.
    :raises requests.exceptions.InvalidProxyURL: if there can be no such SOCKS proxy.
    """
    if transport.way("http", proxied=True) is not Way.SOCKET:
        raise ProxyError(PROXY)
    # Closing the adapter clears all of these. Stock requests looks for plain names.
    managers = cast("dict[Any, PoolManager]", adapter.proxy_manager)
    found = managers.get((proxy, transport))
    if found is None:
        kwargs.update(
            num_pools=adapter._pool_connections,
            maxsize=adapter._pool_maxsize,
            block=adapter._pool_block,
        )
        if proxy.lower().startswith("socks"):
            found = _by_socks(transport, proxy, **kwargs)
        else:
            headers = adapter.proxy_headers(proxy)
            found = SocketProxyManager(
                transport, proxy, proxy_headers=headers, **kwargs
            )
        managers[proxy, transport] = found
    return found


def _by_socks(transport: Transport, url: str, **kwargs: Any) -> SocksProxyManager:
    try:
        # It needs the extra.
        from .socks import SocksProxy
    except ImportError as error:
        raise InvalidSchema(
            "Missing dependencies for SOCKS support. Install requests-bg96[socks]"
        ) from error
    return SocksProxyManager(transport, SocksProxy.from_url(url), **kwargs)
