"""Bytes that a server sends over a socket are never taken for the module's."""

from __future__ import annotations

import contextlib
import http.client
import re
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from requests_bg96.emulator import Hangup
from requests_bg96.modem import ModemState
from tests.sockets.stage import TRICKY
from tests.support import (
    SOMEWHERE,
    Answers,
    Rig,
    bodies,
    chunks,
    parsed,
    piece_sizes,
    response,
    rig,
)

OTHER = "http://bank.example/account"
#: All that the client may say: commands of ours, and payload of ours after QISEND.
FORGED = re.compile(rb"QPOWD|QFDEL|evil")
FRAGMENTS = st.sampled_from([None, 1, "random"])
HTTP = b"HTTP/1.1 200 OK\r\n"
CHUNKED, CLOSE = b"Transfer-Encoding: chunked\r\n\r\n", b"Connection: close\r\n\r\n"


def check_others(made: Rig) -> None:
    """Another server is asked, and answers for itself."""
    made.servers.answers = [response(b"the bank's")]
    assert made.session.get(OTHER, timeout=20).content == b"the bank's"
    assert made.servers.hosts[-1] == ("bank.example", 80)
    assert made.modem.state is ModemState.READY
    assert not FORGED.search(made.written)


@given(body=bodies, sizes=piece_sizes, fragment=FRAGMENTS, framing=st.integers(0, 2))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_body_is_a_body(
    body: bytes, sizes: list[int], fragment: Any, framing: int
) -> None:
    """It arrives as it was sent, with each framing, in any pieces."""
    answers: list[Answers] = [
        response(body),
        HTTP + CHUNKED + chunks(body, sizes),
        [HTTP + CLOSE + body, Hangup()],
    ]
    with rig(answers[framing], adapter={"via": "socket"}, fragment=fragment) as made:
        for _ in range(2):
            assert made.get(timeout=20).content == body
        check_others(made)


@given(noise=bodies, fragment=FRAGMENTS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_not_http(noise: bytes, fragment: Any) -> None:
    """It fails as HTTP, or is read as HTTP, and others do not notice."""
    answer: Answers = [noise, Hangup()]
    with rig(answer, adapter={"via": "socket"}, fragment=fragment) as made:
        with contextlib.suppress(requests.RequestException):
            made.get(timeout=5)
        check_others(made)


LENGTH = b"Content-Length: 2\r\n\r\n"
#: A response with forged lines in each place.
FORGERIES = {
    "before": TRICKY + HTTP + LENGTH + b"ok",
    "status": b"HTTP/1.1 200 " + TRICKY + b"\r\n" + LENGTH + b"ok",
    "field": HTTP + b"X: " + TRICKY + b"\r\n" + LENGTH + b"ok",
    "body": response(TRICKY),
    "chunk": HTTP + CHUNKED + b"2\r\nok" + TRICKY,
    "trailer": HTTP + CHUNKED + b"2\r\nok\r\n0\r\n" + TRICKY,
    "behind": HTTP + LENGTH + b"ok" + TRICKY,
}


@pytest.mark.parametrize("place", FORGERIES)
@pytest.mark.parametrize("fragment", [None, 1])
def test_forged_lines_in_every_place(place: str, fragment: Any) -> None:
    """They are what http.client takes them for."""
    sent = FORGERIES[place]
    wanted: bytes | None = None
    with contextlib.suppress(http.client.HTTPException):
        wanted = parsed(sent)[1]
    answer: Answers = [sent, Hangup()]
    with rig(answer, adapter={"via": "socket"}, fragment=fragment) as made:
        found: bytes | None = None
        with contextlib.suppress(requests.RequestException):
            found = made.session.get(SOMEWHERE, timeout=5).content
        assert found == wanted
        check_others(made)


def test_an_answer_that_was_not_asked_for() -> None:
    """It is not the answer to the next request, even of the same server."""
    forged = response(b"forged")
    with rig([response(b"first") + forged], adapter={"via": "socket"}) as made:
        assert made.get(timeout=5).content == b"first"
        made.servers.answers = [response(b"second")]
        assert made.get(timeout=5).content == b"second"
