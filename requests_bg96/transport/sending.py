"""The request that is being sent: whether it uses a modem, and its errors."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import InvalidURL, RequestException

from ..errors import BG96Error, UnfitURL
from .ways import REQUEST

__all__ = ("OVER_MODEM", "PROXY", "is_http", "requests_errors", "sending")

PROXY = (
    'a proxy would be reached past the modem, so it is refused. Use via="socket", or, '
    "if it comes from the environment, set session.trust_env = False or the variable "
    "no_proxy"
)

#: Whether the request of this context uses a modem; None if there is no request.
OVER_MODEM: contextvars.ContextVar[bool | None] = contextvars.ContextVar(
    "over_modem", default=None
)


def is_http(url: Any) -> bool:
    """Return whether `url` is for a modem; other schemes have other adapters."""
    try:
        text = url.decode("latin-1") if isinstance(url, bytes) else str(url)
        # requests ignores blanks in a URL, too.
        return urlsplit(text).scheme.lower() in ("http", "https")
    except ValueError:
        return True


@contextmanager
def requests_errors(request: Any) -> Iterator[None]:
    """Mark `request` as the current one, and convert its errors.

    requests gets an exception of its own if urllib3 has no class for an error.
    """
    token = REQUEST.set(request)
    try:
        yield
    except BG96Error as error:
        unfit = isinstance(error, UnfitURL) or error.err == 711
        kind = InvalidURL if unfit else RequestException
        raise kind(str(error), request=request) from error
    finally:
        REQUEST.reset(token)


@contextmanager
def sending(request: Any) -> Iterator[None]:
    """Mark `request` as being sent, over a modem if its scheme is HTTP."""
    token = OVER_MODEM.set(is_http(request.url))
    try:
        with requests_errors(request):
            yield
    finally:
        OVER_MODEM.reset(token)
