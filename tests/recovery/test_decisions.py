"""Whether a request gets another attempt: every decision, without a port."""

from __future__ import annotations

import itertools

import pytest

from requests_bg96.base import repeating
from requests_bg96.clock import Deadline
from requests_bg96.emulator import VirtualClock
from requests_bg96.errors import (
    BG96Error,
    ContextError,
    DataModeError,
    EchoError,
    ModuleRestarted,
    MuteError,
    NoAnswer,
    PauseError,
    Phase,
    PortError,
    SetupError,
    SleepError,
    StrayAnswer,
)
from requests_bg96.recovery.policy import REPEATED, Attempts, Remedy

NONE, SET_UP, CALL, AWAIT_PORT, RESET = Remedy
#: The decision after each error, for a module that has never answered on this port, one
#: that has, and the same if a reset is allowed. Each is the first failed attempt.
DECISIONS: dict[type[BG96Error], tuple[Remedy, Remedy, Remedy, Remedy]] = {
    SetupError: (NONE, NONE, NONE, NONE),
    MuteError: (NONE, CALL, RESET, RESET),
    SleepError: (NONE, CALL, NONE, CALL),
    ContextError: (NONE, NONE, RESET, RESET),
    PauseError: (NONE, NONE, NONE, NONE),
    PortError: (NONE, SET_UP, NONE, SET_UP),
    NoAnswer: (NONE, SET_UP, NONE, SET_UP),
    ModuleRestarted: (NONE, SET_UP, NONE, SET_UP),
    DataModeError: (NONE, SET_UP, NONE, SET_UP),
    StrayAnswer: (NONE, SET_UP, NONE, SET_UP),
    EchoError: (NONE, SET_UP, NONE, SET_UP),
}
#: The same if the port could not be opened.
NO_PORT = (NONE, AWAIT_PORT, NONE, AWAIT_PORT)
#: The phases in which the server may have seen the request.
SEEN = (Phase.SEND, Phase.WAIT, Phase.READ)
CASES = list(itertools.product(DECISIONS, (False, True), (False, True), (False, True)))


def attempts(seconds: float = 100.0) -> Attempts:
    """No attempt has failed yet. There are this many seconds."""
    return Attempts(Deadline(VirtualClock(), seconds))


def test_every_class_is_here() -> None:
    """The errors after which another attempt is possible, with their subclasses."""
    assert {one for one in DECISIONS if one in REPEATED} == {*REPEATED}
    assert all(issubclass(one, REPEATED) for one in DECISIONS)
    subclasses = {below for one in REPEATED for below in one.__subclasses__()}
    assert subclasses <= {*DECISIONS}


@pytest.mark.parametrize("phase", [None, *Phase])
@pytest.mark.parametrize("kind, met, may_reset, was_open", CASES)
def test_every_decision(
    kind: type[BG96Error],
    met: bool,
    may_reset: bool,
    was_open: bool,
    phase: Phase | None,
) -> None:
    """There is none if the server may have seen it, or if the time is over."""
    row = NO_PORT if kind is PortError and not was_open else DECISIONS[kind]
    for seconds in (100.0, 0.0):
        error = kind("", phase=phase)
        made = attempts(seconds)
        made.count(error, was_open=was_open)
        found = made.remedy(error, met=met, may_reset=may_reset)
        wanted = row[2 * may_reset + met]
        assert found is (NONE if phase in SEEN or not seconds else wanted)


@pytest.mark.parametrize("kind", [one for one in DECISIONS if SET_UP in DECISIONS[one]])
def test_three_attempts(kind: type[BG96Error]) -> None:
    """There are at most three, for any errors."""
    made = attempts()
    found = []
    for _ in range(4):
        made.count(kind(""), was_open=True)
        found.append(made.remedy(kind(""), met=True, may_reset=False))
    assert found == [SET_UP, SET_UP, NONE, NONE]


def test_what_is_called_again_is_not_counted() -> None:
    """A module that starts is tried again for as long as there is time."""
    made = attempts()
    for _ in range(50):
        made.count(MuteError(""), was_open=True)
        assert made.remedy(MuteError(""), met=True, may_reset=False) is CALL
    made.count(NoAnswer(""), was_open=True)
    assert made.remedy(NoAnswer(""), met=True, may_reset=False) is SET_UP


@pytest.mark.parametrize("seconds, wanted", [(100.0, 15.0), (5.0, 5.0)])
def test_a_port_that_is_away(seconds: float, wanted: float) -> None:
    """The client waits for it from the first time, within the request's own time."""
    clock = VirtualClock()
    made = Attempts(Deadline(clock, seconds))
    error = PortError("")
    while True:
        made.count(error, was_open=False)
        if made.remedy(error, met=True, may_reset=False) is NONE:
            break
        clock.sleep(repeating.PORT.pause)
    assert clock.now() == pytest.approx(wanted)


@pytest.mark.parametrize("before", [None, "lost", "away"])
def test_a_port_that_is_anothers(before: str | None) -> None:
    """The client waits only for a port that comes back: it may belong to root then."""
    made = attempts()
    if before is not None:
        made.count(PortError(""), was_open=before == "lost")
    error = PortError("")
    error.taken = True
    made.count(error, was_open=False)
    found = made.remedy(error, met=True, may_reset=False)
    assert found is (NONE if before is None else AWAIT_PORT)
