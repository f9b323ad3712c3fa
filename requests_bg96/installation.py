"""Programs that never show their session, sent over the modem all the same.

Whoever makes a request with requests, it goes through `Session.send` or
`HTTPAdapter.send`, and has its connection from a pool of urllib3. While an adapter is
installed, the pools of every `HTTPAdapter` are the modem's (see `over_modem`), and one
that an adapter has from elsewhere is refused.

What is patched asks each time whether anything is installed. So it does no harm where
it outlives that, below somebody else's patch or in another thread.
"""

from __future__ import annotations

import functools
import os
import threading
import types
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ProxyError
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ProxyError as UrllibProxyError

from .adapter import BG96Adapter
from .base.patches import Patch
from .base.sharing import User
from .errors import BG96Error
from .transport.connection import ModemPool, Transport
from .transport.over_modem import ModemPools, foreign
from .transport.sending import OVER_MODEM, PROXY, is_http, sending

__all__ = ("install", "uninstall")

_PREFIXES = ("http://", "https://")


class _Installation(AbstractContextManager[BG96Adapter]):
    """One time that `adapter` is installed.

    :param adapter: over which requests go.
    """

    def __init__(self, adapter: BG96Adapter) -> None:
        self.adapter = adapter
        self._user = User()
        #: Those made meanwhile, by `id`: a session need not be hashable.
        self._sessions: weakref.WeakValueDictionary[int, requests.Session]
        self._sessions = weakref.WeakValueDictionary()
        # The sessions that come and go do not give the port back.
        adapter.modem.users.add(self._user)

    def __enter__(self) -> BG96Adapter:
        return self.adapter

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _leave(self)

    def take_in(self, session: requests.Session) -> None:
        """Take note of a session that was made, copied or unpickled."""
        self._sessions[id(session)] = session

    def equip(self, session: requests.Session) -> None:
        """Give a new session an adapter of its own in place of the stock ones."""
        self.take_in(session)
        adapters = getattr(session, "adapters", {})
        own = self.adapter.sibling()
        for prefix in _PREFIXES:
            if type(adapters.get(prefix)) is HTTPAdapter:
                adapters[prefix] = own

    def end(self) -> None:
        """Let the sessions made meanwhile go on over the modem, and give it back."""
        for session in filter(None, (found() for found in self._sessions.valuerefs())):
            adapters = getattr(session, "adapters", {})
            for prefix, mounted in list(adapters.items()):
                if isinstance(mounted, BG96Adapter):
                    self._end_use(mounted)
                elif self._is_to_be_bound(prefix, mounted):
                    adapters[prefix] = _bound(mounted, self.adapter.sibling())
        self.adapter.modem.users.discard(self._user)
        # It is busy for somebody, who has it until they are done.
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
#: The last one is in force. Replaced as a whole: whoever looks at it needs no lock.
_installations: tuple[_Installation, ...] = ()


def install(adapter: BG96Adapter) -> AbstractContextManager[BG96Adapter]:
    """Send every request of requests over the modem of `adapter`, until `uninstall`.

    It is so for the sessions that there are and those that are made, for copies of
    them, and for whatever adapters they have: those are kept, with their retries and
    whatever else they are for. What the module cannot do for them, such as a pinned
    certificate, an `ssl.SSLContext` or a proxy, is refused with an error that names it.
    Adapters for other schemes than ``http`` and ``https`` are left alone, and so are a
    `BG96Adapter` that is mounted, adapters that are no `HTTPAdapter`, and urllib3 where
    it is used without requests. An adapter that opens sockets by itself, without
    urllib3, is out of reach.

    A session that is made meanwhile has an adapter of its own, with the settings of
    `adapter`, for as long as it lives. The port stays open until `uninstall`, whoever
    closes a session. Of several that are installed, the last one is used.

    :returns: a context manager, which uninstalls it at its end.
    """
    installation = _Installation(adapter)
    _change(lambda installed: (*installed, installation))
    return installation


def uninstall(adapter: BG96Adapter) -> None:
    """End what `install` began, and give the port back.

    Sessions made meanwhile keep going over the modem, and open the port again; other
    sessions have what they had before. Where a request is under way, it goes on, and
    the port is given back behind it. Nothing is done where `adapter` is not installed.
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
    """Change what is installed; return whether that made a difference."""
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
    # Whatever covered what is ours is gone again.
    if any(patch.applied for patch in _PATCHES):
        _change(lambda installed: installed)
    return None


def _begin_anew() -> None:
    """Forget a lock that a thread has which is not in this process."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


# What is put in place of requests' and urllib3's own


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
        if _transport_of(self) is None:
            return stock(self, proxy, **proxy_kwargs)
        raise ProxyError(PROXY)

    return proxy_manager_for


def _adapter_pools(stock: object) -> ModemPools:
    return ModemPools(_transport_of)


def _transport_of(adapter: HTTPAdapter) -> Transport | None:
    installation = _in_force()
    if installation is None or OVER_MODEM.get() is False:
        return None
    return installation.adapter.transport


def _is_modem_s(pool: object) -> bool:
    return isinstance(pool, ModemPool)


def _pool_urlopen(stock: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(stock)
    def urlopen(self: HTTPConnectionPool, *args: Any, **kwargs: Any) -> Any:
        if _in_force() and OVER_MODEM.get() and not _is_modem_s(self):
            if self.proxy is not None:
                raise UrllibProxyError(PROXY, OSError("no proxy over a modem"))
            raise ProtocolError(foreign(self))
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


# Adapters that go over the modem for as long as they live


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
        """Tell the pool `conn` what `verify` and `cert` mean, as `stock` does."""
        if OVER_MODEM.get() and not isinstance(conn, ModemPool):
            raise requests.exceptions.ConnectionError(foreign(conn))
        super().cert_verify(conn, url, verify, cert)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Refuse, but for other schemes."""
        if _transport_of_bound(self) is None:
            return super().proxy_manager_for(proxy, **proxy_kwargs)
        raise ProxyError(PROXY)

    def close(self) -> None:
        """Close the pools, and give the port back where nobody else uses it."""
        super().close()
        self.over.close()


def _bound(adapter: HTTPAdapter, over: BG96Adapter) -> HTTPAdapter:
    """Return `adapter`, but over the modem, whoever else has it as it is."""
    stock = type(adapter)
    attributes = {"over": over, "stock": stock, "__module__": stock.__module__}
    kind = types.new_class(
        stock.__name__, (_Bound, stock), exec_body=lambda body: body.update(attributes)
    )
    bound: HTTPAdapter = object.__new__(kind)
    bound.__dict__ = vars(adapter)
    return bound
