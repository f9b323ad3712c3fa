"""Check the result of a request, and that the next one works."""

from __future__ import annotations

from typing import Any

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectTimeout,
    ContentDecodingError,
    InvalidURL,
    ReadTimeout,
    SSLError,
)

from requests_bg96.errors import BG96Error
from requests_bg96.modem import ModemState
from tests.support import SOMEWHERE, Answers, Rig, response, rig

#: The exceptions of stock requests if a network or a server fails. RequestException is
#: not one: it is too general. Classes that refuse a caller's arguments are not here,
#: either.
FAILURES = (
    ChunkedEncodingError,
    ConnectTimeout,
    ContentDecodingError,
    InvalidURL,
    ReadTimeout,
    SSLError,
    requests.ConnectionError,
)


def caused(error: BaseException) -> BG96Error:
    """The module's own error, which is the cause of an exception of requests."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None:
        seen.append(found)
        found = found.__cause__ or found.__context__
    ours = [one for one in seen if isinstance(one, BG96Error)]
    assert ours, seen
    return ours[-1]


def outcome(
    session: requests.Session, method: str = "GET", **arguments: Any
) -> requests.Response | requests.RequestException:
    """The response, fully read, or the exception that a user gets.

    The exception is of exactly one class of `FAILURES`, or a RequestException for an
    error that only the module has.
    """
    try:
        answer = session.request(method, SOMEWHERE, **arguments)
        # After a failure, requests raises an exception for the content.
        assert isinstance(answer.content, bytes)
        return answer
    except requests.RequestException as error:
        alone = type(error) is requests.RequestException and caused(error)
        assert type(error) in FAILURES or alone, repr(error)
        return error


def failed(session: requests.Session, method: str = "GET", **arguments: Any) -> bool:
    """Whether a request raises an exception."""
    return isinstance(outcome(session, method, **arguments), Exception)


def check_next(made: Rig, at_most: float = 20.0) -> None:
    """Check that the next two requests get the right answers in time.

    Each has an answer of its own. The modem is free afterwards.

    :param at_most: the seconds that the first may take to connect.
    """
    made.servers.answers = [response(b"the next"), response(b"the one behind")]
    made.servers.failures = []
    before = len(made.servers.requests)
    for seconds, body in ((at_most, b"the next"), (5.0, b"the one behind")):
        started = made.clock.now()
        assert made.get(timeout=(seconds, 10)).content == body
        assert made.clock.now() - started <= seconds + 10
    assert len(made.servers.requests) == before + 2
    assert made.modem.state is ModemState.READY


def place(
    marker: bytes, *answers: Answers, method: str = "GET", data: bytes | None = None
) -> tuple[int, int]:
    """The offsets of `marker` in both directions of a dialogue without faults."""
    with rig(*answers) as made:
        made.session.request(method, SOMEWHERE, data=data)
        return made.written.find(marker), made.heard.find(marker)
