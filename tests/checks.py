"""What comes of a request: its response or its error, and that the next one works."""

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

#: What stock requests raises where a network or a server fails: not RequestException,
#: which says nothing, and no class by which requests refuses what its caller wants.
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
    """The module's own error, at the root of what requests raises."""
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
    """The response, which was read, or the exception that a user gets in its place.

    It is of exactly one of `FAILURES`; or RequestException, for what is the module's
    alone, of which stock requests knows nothing.
    """
    try:
        answer = session.request(method, SOMEWHERE, **arguments)
        # What content is after a failure, requests tells by an exception of its own.
        assert isinstance(answer.content, bytes)
        return answer
    except requests.RequestException as error:
        alone = type(error) is requests.RequestException and caused(error)
        assert type(error) in FAILURES or alone, repr(error)
        return error


def failed(session: requests.Session, method: str = "GET", **arguments: Any) -> bool:
    """Whether a request ends with an exception."""
    return isinstance(outcome(session, method, **arguments), Exception)


def check_next(made: Rig, at_most: float = 20.0) -> None:
    """The next request is answered rightly and in time, and so is the one behind it.

    Each by an answer of its own, and the modem is free afterwards.

    :param at_most: seconds that the first of them may take to connect.
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
    """Where `marker` passes on the line, to the module and from it, in a fair run."""
    with rig(*answers) as made:
        made.session.request(method, SOMEWHERE, data=data)
        return made.written.find(marker), made.heard.find(marker)
