"""Requests over sockets, for a trace.

urllib3 connects before it passes on the request. So the exchange begins with what the
pool was asked for.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..clock import Clock
from .seams import CollectedExchange, Collector

__all__ = ("begin", "failing", "follow", "requested")

#: Method and URL or path of the request in this context.
_REQUESTED: contextvars.ContextVar[tuple[str, str]]
_REQUESTED = contextvars.ContextVar("requested", default=("", ""))
_PORTS = {"http": 80, "https": 443}


@contextmanager
def requested(method: str, url: str) -> Iterator[None]:
    """Note the request in this context.

    :param method: the method.
    :param url: what stands in the request line: a path, or a URL for a proxy.
    """
    token = _REQUESTED.set((method, url))
    try:
        yield
    finally:
        _REQUESTED.reset(token)


def begin(trace: Collector, clock: Clock, pool: Any) -> CollectedExchange:
    """Add the request in this context to `trace`.

    :param clock: the clock of the modem.
    :param pool: the pool that makes the request.
    """
    method, url = _REQUESTED.get()
    if url[:1] == "/" or "://" not in url:
        port = "" if pool.port in (None, _PORTS[pool.scheme]) else f":{pool.port}"
        host = pool.host if ":" not in pool.host else f"[{pool.host.strip('[]')}]"
        url = f"{pool.scheme}://{host}{port}{'' if url[:1] == '/' else '/'}{url}"
    return trace.begin_by_socket(clock, method, url)


@contextmanager
def failing(exchange: CollectedExchange | None) -> Iterator[None]:
    """Record an error in this block."""
    try:
        yield
    except BaseException as error:
        if exchange is not None:
            exchange.fail(error)
        raise


def follow(response: Any, exchange: CollectedExchange) -> None:
    """Record `response`, and its end, or let its socket do so.

    :param response: of urllib3; its head has arrived.
    """
    parsed = response._original_response
    exchange.answer(response)
    exchange.recording.framed = parsed.chunked or parsed.length is not None
    exchange.recording.enter("receive")
    if parsed.isclosed():
        exchange.recording.end()
