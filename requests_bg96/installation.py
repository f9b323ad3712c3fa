"""Programs that never show their session, sent over the modem all the same."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from .adapter import BG96Adapter, requests_errors

__all__ = ("install", "uninstall")

_stock_init = requests.Session.__init__
_installed: list[BG96Adapter] = []


def install(adapter: BG96Adapter) -> AbstractContextManager[BG96Adapter]:
    """Mount `adapter` on every session made from now on, until `uninstall`.

    Adapters that such a session mounts itself are kept, with their retries and
    whatever else they are for, but go over the modem as well. Sessions made before
    keep what they have. The port stays open until then, whoever closes a session.

    :returns: a context manager, which uninstalls it at its end.
    """
    _installed.append(adapter)
    adapter.held += 1
    setattr(requests.Session, "__init__", _session_init)
    return _installation(adapter)


def uninstall(adapter: BG96Adapter) -> None:
    """End what `install` began, and give the port back.

    Sessions made meanwhile keep the adapter, which opens the port again for them.
    """
    if adapter not in _installed:
        return
    _installed.remove(adapter)
    adapter.held -= 1
    adapter.close()
    if not _installed:
        setattr(requests.Session, "__init__", _stock_init)


@contextmanager
def _installation(adapter: BG96Adapter) -> Iterator[BG96Adapter]:
    try:
        yield adapter
    finally:
        uninstall(adapter)


def _session_init(session: requests.Session, *args: Any, **kwargs: Any) -> None:
    _stock_init(session, *args, **kwargs)
    adapter = _installed[-1]
    for prefix in ("http://", "https://"):
        session.mount(prefix, adapter)
    setattr(session, "mount", functools.partial(_mount, session, adapter))


def _mount(
    session: requests.Session, adapter: BG96Adapter, prefix: str, other: BaseAdapter
) -> None:
    if isinstance(other, HTTPAdapter) and not isinstance(other, BG96Adapter):
        _adopt(adapter, other)
    type(session).mount(session, prefix, other)


def _adopt(adapter: BG96Adapter, other: HTTPAdapter) -> None:
    """Give `other` our connections in place of its own."""
    connection = adapter.get_connection_with_tls_context
    setattr(other, "get_connection_with_tls_context", connection)
    setattr(other, "cert_verify", adapter.cert_verify)
    setattr(other, "send", _translating(other.send))


def _translating(send: Callable[..., requests.Response]) -> Callable[..., Any]:
    @functools.wraps(send)
    def translated(request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        with requests_errors(request):
            return send(request, *args, **kwargs)

    return translated
