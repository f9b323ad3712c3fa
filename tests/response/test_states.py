"""The table of a response's states: each transition happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import requests

from requests_bg96.emulator import Fault
from requests_bg96.emulator.faults import Action
from requests_bg96.response.live import LiveResponse
from requests_bg96.response.receiver import TRANSITIONS, ResponseState
from tests.support import SOMEWHERE, Rig, response, rig
from tests.transitions import RESPONSE, recorded

BODY = b"hello"
HELLO = response(BODY)
UP_TO_CLOSE = response(BODY, b"Connection: close")

#: An action with a modem, before the next request.
Happening = Callable[[Rig], object]


def amid(behind: bytes, what: Happening, action: Action, **more: Any) -> Happening:
    """Do it, with a fault after that part of the module's answer."""

    def happen(made: Rig) -> None:
        made.get()
        before = len(made.heard)
        made.get()
        offset = made.heard.index(behind, before) + len(behind) - before
        made.emulator.add_fault(Fault("to_host", offset, action, **more))
        what(made)

    return happen


def silence(behind: bytes, seconds: float, what: Happening) -> Happening:
    """Do it, with a module that falls silent."""
    return amid(behind, what, "silence", seconds=seconds)


def read(made: Rig) -> None:
    """Send a request, and read the response as far as it comes."""
    with contextlib.suppress(requests.RequestException):
        made.get(timeout=(20, 5))


def read_until_it_is_shut_down(made: Rig) -> None:
    """Do so until another thread ends the stream; then release it."""

    def shut_down() -> bool:
        # As raw.shutdown() does; old versions of urllib3 do not have it.
        reading = made.modem.engine.reading
        if isinstance(reading, LiveResponse):
            reading.shutdown()
        return False

    with contextlib.suppress(requests.RequestException):
        with made.get(timeout=(20, 5), stream=True) as answer:
            made.clock.repeat(shut_down, 1.0, "")
            assert answer.content is not None


def head(made: Rig) -> None:
    """Send a request whose response has no body."""
    made.session.head(SOMEWHERE)


READING, ENDED, WHOLE, BROKEN_OFF, OVER, LOST = ResponseState
HAPPENINGS: dict[tuple[ResponseState, ResponseState], tuple[bytes, Happening]] = {
    (READING, ENDED): (HELLO, read),
    (READING, WHOLE): (HELLO, head),
    (READING, OVER): (UP_TO_CLOSE, read),
    (READING, LOST): (HELLO, silence(b"he", 10.0, read)),
    (READING, BROKEN_OFF): (HELLO, silence(b"he", 10.0, read_until_it_is_shut_down)),
    (ENDED, WHOLE): (HELLO, silence(BODY, 3.0, read)),
    (ENDED, OVER): (HELLO, read),
    (ENDED, LOST): (HELLO, amid(BODY, read, "insert", data=b"x")),
    (ENDED, BROKEN_OFF): (HELLO, silence(BODY, 10.0, read_until_it_is_shut_down)),
    (WHOLE, OVER): (HELLO, silence(BODY, 3.0, read)),
    (WHOLE, LOST): (HELLO, silence(BODY, 10.0, read)),
    (BROKEN_OFF, LOST): (HELLO, silence(b"he", 10.0, read_until_it_is_shut_down)),
}


@pytest.mark.parametrize("state", ResponseState)
def test_words(state: ResponseState) -> None:
    """Errors show the names as one writes them."""
    assert state.value == state.name.lower().replace("_", " ")


def test_all_are_here() -> None:
    assert {*HAPPENINGS} == RESPONSE


@pytest.mark.parametrize("state, following", HAPPENINGS)
def test_what_happens(state: ResponseState, following: ResponseState) -> None:
    """The next request works."""
    answer, happen = HAPPENINGS[state, following]
    with recorded() as seen, rig(answer, baudrate=115_200) as made:
        happen(made)
        made.servers.answers = [HELLO]
        assert made.get().content == BODY
        assert (state, following) in seen.response
        seen.check()


@pytest.mark.parametrize("state", ResponseState)
def test_each_has_an_end(state: ResponseState) -> None:
    """There are two ends: the line is free, or the module must be recovered."""
    found, new = set[ResponseState](), {state}
    while new:
        found |= new
        new = {one for each in new for one in TRANSITIONS[each]} - found
    assert LOST in found or state is OVER
    assert not TRANSITIONS[OVER] and not TRANSITIONS[LOST]
