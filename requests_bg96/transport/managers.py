"""The managers of pools, which find the way of each request."""

from __future__ import annotations

import functools
from typing import Any, cast

import urllib3.connection
import urllib3.poolmanager
from urllib3.poolmanager import PoolManager, ProxyManager

from .by_socket import (
    SocketHTTPConnectionPool,
    SocketHTTPSConnectionPool,
    SocketPool,
    pool_class,
)
from .connection import ModemHTTPConnectionPool, ModemHTTPSConnectionPool
from .marks import OverModem
from .seams import SocksProxy
from .settings import Transport
from .ways import Way

__all__ = ("ModemPoolManager", "SocketProxyManager", "SocksProxyManager")


def _require_http_client() -> None:
    """Refuse a urllib3 whose connections do not use http.client.

    :raises ImportError: if it is one.
    """
    # Compare names: tools that record or mock HTTP replace classes in http.client.
    kinds = urllib3.connection.HTTPConnection.__mro__
    if not any(kind.__module__ == "http.client" for kind in kinds):
        raise ImportError(
            "the installed urllib3 does not use http.client, so its connections cannot "
            "go over a modem. It is probably urllib3-future, which niquests installs "
            "in place of urllib3. Use another environment, or install both with "
            "URLLIB3_NO_OVERRIDE=1 pip install --force-reinstall --no-binary "
            "urllib3-future urllib3-future urllib3",
            name="urllib3",
        )


def _by_socket(transport: Transport) -> Any:
    kinds = {"http": SocketHTTPConnectionPool, "https": SocketHTTPSConnectionPool}

    def make(scheme: str, *args: Any, **kwargs: Any) -> SocketPool:
        # Another library may have replaced it at any time, for all managers.
        stock = urllib3.poolmanager.pool_classes_by_scheme[scheme]
        return pool_class(kinds[scheme], stock)(transport, *args, **kwargs)

    return {scheme: functools.partial(make, scheme) for scheme in kinds}


class _Clearing(OverModem, PoolManager):
    """A manager that closes the connections of its pools when it is cleared."""

    def clear(self) -> None:
        """Forget all pools, and close the connections that no request uses."""
        for key in self.pools.keys():
            pool: Any = self.pools.get(key)
            if isinstance(pool, SocketPool):
                pool.close_idle()
        super().clear()


class _SocketPoolManager(OverModem, PoolManager):
    """Pools of connections over sockets of the module, beside those of `other`.

    :param transport: the settings of their connections.
    :param other: keeps the pools.
    """

    def __init__(
        self, transport: Transport, other: PoolManager, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.pool_classes_by_scheme = _by_socket(transport)
        self.pools = other.pools

    def connection_from_pool_key(self, pool_key: Any, request_context: Any) -> Any:
        """Return the pool for `pool_key`, and not one of another way."""
        return super().connection_from_pool_key(
            cast(Any, (Way.SOCKET, pool_key)), request_context
        )


class SocketProxyManager(_Clearing, ProxyManager):
    """The same through a proxy.

    :param transport: the settings of their connections.
    """

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pool_classes_by_scheme = _by_socket(transport)


class SocksProxyManager(_Clearing, PoolManager):
    """The same through a SOCKS proxy, as urllib3's own has it.

    :param transport: the settings of their connections.
    :param proxy: the proxy.
    """

    def __init__(
        self, transport: Transport, proxy: SocksProxy, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, _socks_options={"proxy": proxy}, **kwargs)
        self.pool_classes_by_scheme = _by_socket(transport)


class ModemPoolManager(_Clearing):
    """Pools of connections over a modem, by the way of the current request.

    :param transport: the settings of their connections.
    :raises ImportError: if another package has replaced urllib3.
    """

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        _require_http_client()
        super().__init__(*args, **kwargs)
        self._transport = transport
        self._sockets = _SocketPoolManager(transport, self, *args, **kwargs)
        self.pool_classes_by_scheme = cast(
            Any,
            {
                "http": functools.partial(ModemHTTPConnectionPool, transport),
                "https": functools.partial(ModemHTTPSConnectionPool, transport),
            },
        )

    def connection_from_context(self, request_context: dict[str, Any]) -> Any:
        """Return the pool for `request_context`."""
        way = self._transport.way(request_context["scheme"].lower())
        if way is Way.SOCKET:
            return self._sockets.connection_from_context(request_context)
        return super().connection_from_context(request_context)
