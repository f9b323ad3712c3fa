"""What is being sent: whether it is for a modem, and what its errors are."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import InvalidURL, RequestException

from ..errors import BG96Error, UnfitURL

__all__ = ("OVER_MODEM", "PROXY", "is_http", "requests_errors", "sending")

PROXY = (
    "a proxy cannot be used over the modem, and would be reached past it. Where it "
    "comes from the environment, session.trust_env = False or the variable no_proxy "
    "avoids it"
)

#: Whether what is being sent in this context is for a modem; None where nothing is.
OVER_MODEM: contextvars.ContextVar[bool | None] = contextvars.ContextVar(
    "over_modem", default=None
)


def is_http(url: Any) -> bool:
    """Whether `url` is for a modem; adapters for other schemes are none of ours."""
    try:
        text = url.decode("latin-1") if isinstance(url, bytes) else str(url)
        # As requests does, which takes no notice of blanks in it.
        return urlsplit(text).scheme.lower() in ("http", "https")
    except ValueError:
        return True


@contextmanager
def requests_errors(request: Any) -> Iterator[None]:
    """Turn what urllib3 has no class for into requests' own."""
    try:
        yield
    except BG96Error as error:
        unfit = isinstance(error, UnfitURL) or error.err == 711
        kind = InvalidURL if unfit else RequestException
        raise kind(str(error), request=request) from error


@contextmanager
def sending(request: Any) -> Iterator[None]:
    """Send `request` within, over a modem if it is of HTTP."""
    token = OVER_MODEM.set(is_http(request.url))
    try:
        with requests_errors(request):
            yield
    finally:
        OVER_MODEM.reset(token)
