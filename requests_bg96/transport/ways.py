"""The ways of a request to its server, and which one it takes.

The way is decided before anything is sent, from what the caller asked for. A failure
never changes it.
"""

from __future__ import annotations

import contextvars
import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..base.codes import POST_LIMIT
from ..stats import Choice, Statistics

__all__ = ("REQUEST", "VIA", "Way", "check", "choose", "chosen")


class Way(enum.Enum):
    """How a request reaches its server."""

    #: The module's HTTP client; request and response go over the line in data mode.
    LINE = "line"
    #: The same, by files in the module.
    FILE = "file"
    #: A TCP socket of the module, with HTTP and TLS of this machine.
    SOCKET = "socket"


#: Chooses one of the ways for each request.
AUTO = "auto"

#: How to send the requests in this context, if not as the adapter says.
VIA: contextvars.ContextVar[str | None] = contextvars.ContextVar("via", default=None)
#: The `PreparedRequest` that is being sent in this context.
REQUEST: contextvars.ContextVar[Any] = contextvars.ContextVar("request", default=None)


def check(via: str) -> None:
    """Refuse a name that is none of the ways.

    :raises ValueError: if it is not.
    """
    names = [AUTO, *(way.value for way in Way)]
    if via not in names:
        raise ValueError(f"via is {via!r}; use one of {', '.join(names)}")


@contextmanager
def chosen(way: Way) -> Iterator[None]:
    """Choose a way for the requests in this context."""
    token = VIA.set(way.value)
    try:
        yield
    finally:
        VIA.reset(token)


def choose(via: str, scheme: str, stats: Statistics, *, proxied: bool = False) -> Way:
    """Return the way of the current request.

    :param via: of the adapter; `VIA` takes precedence.
    :param scheme: of the URL.
    :param stats: counts what was chosen with ``auto``.
    :param proxied: whether the request goes through a proxy.
    """
    wanted = VIA.get() or via
    if wanted != AUTO:
        return Way(wanted)
    choice = _choice(scheme, proxied)
    stats.chose(choice)
    return Way(choice.way)


def _choice(scheme: str, proxied: bool) -> Choice:
    if scheme == "https":
        return Choice.HTTPS
    if proxied:
        return Choice.PROXY
    request = REQUEST.get()
    if request is None or request.body is None:
        return Choice.HTTP
    length = str(request.headers.get("Content-Length", ""))
    if not length.isdecimal():
        return Choice.STREAM
    return Choice.LARGE if int(length) > POST_LIMIT else Choice.HTTP
