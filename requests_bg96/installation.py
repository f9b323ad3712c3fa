"""`install`: send all requests of a program over the modem.

Every request of requests goes through `Session.send` or `HTTPAdapter.send`, and gets
its connection from a pool of urllib3. While an adapter is installed, the pools of every
`HTTPAdapter` use the modem (see `over_modem`). If an adapter has a pool from elsewhere,
the request is refused.

Each patched function checks on each call whether an adapter is installed. So a patch
does no harm if it outlives the installation, below another patch or in another thread.
"""

from __future__ import annotations

import functools
import os
import threading
import types
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ProxyError as UrllibProxyError

from .adapter import BG96Adapter
from .base.patches import Patch
from .base.sharing import User
from .errors import BG96Error
from .transport.marks import PoolOverModem
from .transport.over_modem import ModemPools, past_modem, proxy_manager
from .transport.sending import OVER_MODEM, PROXY, is_http, sending
from .transport.settings import Transport

__all__ = ("install", "uninstall")

_PREFIXES = ("http://", "https://")


class _Installation(AbstractContextManager[BG96Adapter]):
    """One installation of `adapter`.

    :param adapter: sends the requests.
    """

    def __init__(self, adapter: BG96Adapter) -> None:
        self.adapter = adapter
        self._user = User()
        #: The sessions made meanwhile, by `id`, because they need not be hashable.
        self._sessions: weakref.WeakValueDictionary[int, requests.Session]
        self._sessions = weakref.WeakValueDictionary()
        # Sessions that are closed meanwhile must not give the port back.
        adapter.modem.users.add(self._user)

    def __enter__(self) -> BG96Adapter:
        return self.adapter

    def __exit__(self, *_: object) -> None:
        _leave(self)

    def take_in(self, session: requests.Session) -> None:
        """Remember a session that was made, copied or unpickled."""
        self._sessions[id(session)] = session

    def equip(self, session: requests.Session) -> None:
        """Give a new session its own adapter in place of the stock adapters."""
        self.take_in(session)
        adapters = getattr(session, "adapters", {})
        own = self.adapter.sibling()
        for prefix in _PREFIXES:
            if type(adapters.get(prefix)) is HTTPAdapter:
                adapters[prefix] = own

    def end(self) -> None:
        """Keep the sessions made meanwhile on the modem, and give the port back."""
        for session in filter(None, (found() for found in self._sessions.valuerefs())):
            adapters = getattr(session, "adapters", {})
            for prefix, mounted in list(adapters.items()):
                if isinstance(mounted, BG96Adapter):
                    self._end_use(mounted)
                elif self._is_to_be_bound(prefix, mounted):
                    adapters[prefix] = _bound(mounted, self.adapter.sibling())
        self.adapter.modem.users.discard(self._user)
        # If somebody still uses the modem, they keep it until they are done.
        with suppress(BG96Error):
            self.adapter.close()

    def _end_use(self, mounted: BG96Adapter) -> None:
        if mounted.modem is self.adapter.modem:
            mounted.leave()

    @staticmethod
    def _is_to_be_bound(prefix: str, mounted: object) -> bool:
        stock = isinstance(mounted, HTTPAdapter) and not isinstance(mounted, _Bound)
        return stock and _may_serve_http(prefix)


_lock = threading.RLock()
#: The last one is in force. The tuple is replaced as a whole, so readers need no lock.
_installations: tuple[_Installation, ...] = ()


def install(adapter: BG96Adapter) -> AbstractContextManager[BG96Adapter]:
    """Send every request of requests over the modem of `adapter`, until `uninstall`.

    This holds for existing and new sessions, for copies of them, and for all their
    adapters. These keep working, with their retries and other features. If an adapter
    needs something that the module cannot do, such as a pinned certificate, an
    `ssl.SSLContext` or a proxy, the request fails with an error that names it.

    These are not affected: adapters for other schemes than ``http`` and ``https``, a
    mounted `BG96Adapter`, adapters that are not an `HTTPAdapter`, and urllib3 without
    requests. An adapter that opens sockets itself, without urllib3, cannot be caught.

    A session that is made meanwhile has its own adapter, with the settings of
    `adapter`, for its whole life. The port stays open until `uninstall`, even if
    sessions are closed. If several adapters are installed, the last one is used.

    :returns: a context manager that uninstalls `adapter` at its end.
    """
    installation = _Installation(adapter)
    _change(lambda installed: (*installed, installation))
    return installation


def uninstall(adapter: BG96Adapter) -> None:
    """End what `install` began, and give the port back.

    Sessions that were made meanwhile keep using the modem, and open the port again. All
    other sessions work as before. A current request is finished before the port is
    given back. Nothing happens if `adapter` is not installed.
    """
    for installation in reversed(_installations):
        if installation.adapter is adapter:
            _leave(installation)
            break


def _leave(installation: _Installation) -> None:
    def others(installed: tuple[_Installation, ...]) -> tuple[_Installation, ...]:
        return tuple(each for each in installed if each is not installation)

    if _change(others):
        installation.end()


def _change(
    change: Callable[[tuple[_Installation, ...]], tuple[_Installation, ...]],
) -> bool:
    """Change the installations; return whether they differ now."""
    global _installations
    with _lock:
        before, _installations = _installations, change(_installations)
        for patch in _PATCHES:
            if _installations:
                patch.apply()
            else:
                patch.undo()
        return before != _installations


def _in_force() -> _Installation | None:
    if installed := _installations:
        return installed[-1]
    # A foreign patch that covered one of ours may be gone now: undo ours.
    if any(patch.applied for patch in _PATCHES):
        _change(lambda installed: installed)
    return None


def _begin_anew() -> None:
    """Replace the lock, which a thread that is not in this process may hold."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


# The replacements for functions of requests and urllib3


def _new_session(stock: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(stock)
    def __init__(self: requests.Session, *args: Any, **kwargs: Any) -> None:
        stock(self, *args, **kwargs)
        if installation := _in_force():
            installation.equip(self)

    return __init__


def _restored_session(stock: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(stock)
    def __setstate__(self: requests.Session, state: Any) -> None:
        stock(self, state)
        if installation := _in_force():
            installation.take_in(self)

    return __setstate__


def _session_send(stock: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stock)
    def send(self: requests.Session, request: Any, **kwargs: Any) -> Any:
        if not _in_force() or not hasattr(request, "url"):
            return stock(self, request, **kwargs)
        with sending(request):
            return stock(self, request, **kwargs)

    return send


def _adapter_send(stock: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stock)
    def send(
        self: HTTPAdapter,
        request: Any,
        stream: Any = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        again = functools.partial(
            stock,
            self,
            request,
            stream=stream,
            timeout=timeout,
            cert=cert,
            proxies=proxies,
        )
        if not (installation := _in_force()):
            return again(verify=verify)
        if is_http(request.url) and not isinstance(self, BG96Adapter):
            verify = installation.adapter.normalise_verify(verify)
        with sending(request):
            return again(verify=verify)

    return send


def _adapter_proxy(stock: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stock)
    def proxy_manager_for(self: HTTPAdapter, proxy: str, **proxy_kwargs: Any) -> Any:
        transport = _transport_of(self)
        if transport is None:
            return stock(self, proxy, **proxy_kwargs)
        return proxy_manager(self, transport, proxy, **proxy_kwargs)

    return proxy_manager_for


def _adapter_pools(stock: object) -> ModemPools:
    return ModemPools(_transport_of)


def _transport_of(adapter: HTTPAdapter) -> Transport | None:
    installation = _in_force()
    if installation is None or OVER_MODEM.get() is False:
        return None
    return installation.adapter.transport


def _uses_modem(pool: object) -> bool:
    return isinstance(pool, PoolOverModem)


def _pool_urlopen(stock: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stock)
    def urlopen(self: HTTPConnectionPool, *args: Any, **kwargs: Any) -> Any:
        if _in_force() and OVER_MODEM.get() and not _uses_modem(self):
            if self.proxy is not None:
                raise UrllibProxyError(PROXY, OSError("no proxy over a modem"))
            raise ProtocolError(past_modem(self))
        return stock(self, *args, **kwargs)

    return urlopen


_PATCHES = (
    Patch(requests.Session, "__init__", _new_session),
    Patch(requests.Session, "__setstate__", _restored_session),
    Patch(requests.Session, "send", _session_send),
    Patch(HTTPAdapter, "send", _adapter_send),
    Patch(HTTPAdapter, "proxy_manager_for", _adapter_proxy),
    Patch(HTTPAdapter, "poolmanager", _adapter_pools),
    Patch(HTTPConnectionPool, "urlopen", _pool_urlopen),
)


# Adapters that use the modem for their whole life


def _may_serve_http(prefix: str) -> bool:
    prefix = prefix.lower()
    return any(prefix.startswith(each) or each.startswith(prefix) for each in _PREFIXES)


def _transport_of_bound(adapter: Any) -> Transport | None:
    over: BG96Adapter = adapter.over
    return None if OVER_MODEM.get() is False else over.transport


class _Bound(HTTPAdapter):
    """An adapter of the class `stock`, over the modem of `over`."""

    over: BG96Adapter
    stock: type[HTTPAdapter]
    poolmanager = ModemPools(_transport_of_bound)

    def __reduce__(self) -> tuple[Any, ...]:
        bare = self.stock.__new__(self.stock)
        return _bound, (bare, self.over), self.__getstate__()

    def send(
        self,
        request: Any,
        stream: Any = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send a `PreparedRequest`, as the class `stock` does."""
        if is_http(request.url):
            self.over.use()
            verify = self.over.normalise_verify(verify)
        with sending(request):
            return super().send(
                request,
                stream=stream,
                timeout=timeout,
                verify=verify,
                cert=cert,
                proxies=proxies,
            )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Set what `verify` and `cert` mean in the pool `conn`, as `stock` does."""
        if OVER_MODEM.get() and not isinstance(conn, PoolOverModem):
            raise requests.exceptions.ConnectionError(past_modem(conn))
        super().cert_verify(conn, url, verify, cert)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Return the manager of pools that reach `proxy`, over the modem for HTTP."""
        transport = _transport_of_bound(self)
        if transport is None:
            return super().proxy_manager_for(proxy, **proxy_kwargs)
        return proxy_manager(self, transport, proxy, **proxy_kwargs)

    def close(self) -> None:
        """Close the pools, and give the port back if nobody else uses it."""
        super().close()
        self.over.close()


def _bound(adapter: HTTPAdapter, over: BG96Adapter) -> HTTPAdapter:
    """Return a twin of `adapter` that uses the modem and shares its attributes."""
    stock = type(adapter)
    attributes = {"over": over, "stock": stock, "__module__": stock.__module__}
    kind = types.new_class(
        stock.__name__, (_Bound, stock), exec_body=lambda body: body.update(attributes)
    )
    bound: HTTPAdapter = object.__new__(kind)
    bound.__dict__ = vars(adapter)
    return bound
