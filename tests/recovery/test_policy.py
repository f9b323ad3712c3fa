"""Whether a request gets another attempt, and what is done before it."""

from __future__ import annotations

import pytest

from requests_bg96.base import repeating
from requests_bg96.clock import Deadline
from requests_bg96.emulator import VirtualClock
from requests_bg96.errors import (
    BG96Error,
    ContextError,
    DataModeError,
    EchoError,
    ModuleError,
    ModuleRestarted,
    MuteError,
    NoAnswer,
    Phase,
    PortError,
    SetupError,
    StrayAnswer,
)
from requests_bg96.recovery.policy import REPEATED, Attempts, Remedy


def failed(
    attempts: Attempts,
    error: BG96Error,
    *,
    was_open: bool = True,
    met: bool = True,
    may_reset: bool = False,
) -> Remedy:
    """Count an error, and return the decision."""
    attempts.count(error, was_open=was_open)
    return attempts.remedy(error, met=met, may_reset=may_reset)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still."""
    return VirtualClock()


@pytest.fixture
def attempts(clock: VirtualClock) -> Attempts:
    """No attempt yet, and a minute for all of them."""
    return Attempts(Deadline(clock, 60.0))


LOST = [DataModeError, EchoError, ModuleRestarted, NoAnswer, PortError, StrayAnswer]


@pytest.mark.parametrize("kind", LOST)
def test_three_attempts(attempts: Attempts, kind: type[BG96Error]) -> None:
    """Before CONNECT, as far as is known; the third error is raised."""
    error = kind("lost")
    error.phase = Phase.CONNECT
    assert failed(attempts, error) is Remedy.SET_UP
    error.phase = None
    assert failed(attempts, error) is Remedy.SET_UP
    assert failed(attempts, error) is Remedy.NONE


@pytest.mark.parametrize("phase", [Phase.SEND, Phase.WAIT, Phase.READ])
def test_what_a_server_may_have_seen(attempts: Attempts, phase: Phase) -> None:
    """It is never repeated here."""
    error = ModuleRestarted("lost", phase=phase)
    assert failed(attempts, error, may_reset=True) is Remedy.NONE
    mute = MuteError("nothing answers", phase=phase)
    assert failed(attempts, mute, may_reset=True) is Remedy.NONE


def test_no_time_is_left(attempts: Attempts, clock: VirtualClock) -> None:
    """Without time, there is no other attempt."""
    clock.sleep(59.0)
    assert failed(attempts, NoAnswer("lost")) is Remedy.SET_UP
    clock.sleep(1.0)
    assert failed(attempts, NoAnswer("lost")) is Remedy.NONE


def test_what_never_answered(attempts: Attempts) -> None:
    """It may not be a module."""
    for error in (NoAnswer("lost"), MuteError("nothing answers"), PortError("gone")):
        assert failed(attempts, error, met=False) is Remedy.NONE
    assert failed(attempts, PortError("gone"), was_open=False, met=False) is Remedy.NONE


@pytest.mark.parametrize("met", [True, False])
def test_a_reset(attempts: Attempts, met: bool) -> None:
    """If it may help, and is allowed."""
    for error in (MuteError("nothing answers"), ContextError("no context")):
        assert failed(attempts, error, met=met, may_reset=True) is Remedy.RESET
    for other in (SetupError("no SIM"), EchoError("lost")):
        assert failed(attempts, other, met=met, may_reset=True) is not Remedy.RESET


def test_errors_of_the_setup(attempts: Attempts) -> None:
    """A module that was there is tried again; one that refuses has answered.

    They do not count as attempts in which the module was lost.
    """
    for _ in range(9):
        assert failed(attempts, MuteError("nothing answers")) is Remedy.CALL
        assert failed(attempts, SetupError("no SIM")) is Remedy.NONE
        assert failed(attempts, ContextError("no context")) is Remedy.NONE
    assert failed(attempts, NoAnswer("lost")) is Remedy.SET_UP


def gone(attempts: Attempts, *, taken: bool = False) -> Remedy:
    """Count a port that could not be opened, and return the decision."""
    error = PortError("cannot be opened")
    error.taken = taken
    return failed(attempts, error, was_open=False)


def test_a_port_that_is_gone(attempts: Attempts, clock: VirtualClock) -> None:
    """The client waits for it, 15 s in all."""
    for _ in range(5):
        assert gone(attempts) is Remedy.AWAIT_PORT
        clock.sleep(2.9)
    assert gone(attempts) is Remedy.AWAIT_PORT
    clock.sleep(0.6)
    assert gone(attempts) is Remedy.NONE
    # None of them has lost the module.
    for remedy in (Remedy.SET_UP, Remedy.SET_UP, Remedy.NONE):
        assert failed(attempts, NoAnswer("lost")) is remedy


def test_a_port_is_waited_for_within_the_deadline(clock: VirtualClock) -> None:
    """The caller's timeout has priority."""
    attempts = Attempts(Deadline(clock, 5.0))
    assert gone(attempts) is Remedy.AWAIT_PORT
    clock.sleep(5.0)
    assert gone(attempts) is Remedy.NONE


def test_a_port_that_is_taken(attempts: Attempts) -> None:
    """Another program has it."""
    assert gone(attempts, taken=True) is Remedy.NONE


def test_a_port_that_was_gone_and_is_taken(attempts: Attempts) -> None:
    """It has come back, but is not ours yet."""
    assert gone(attempts) is Remedy.AWAIT_PORT
    assert gone(attempts, taken=True) is Remedy.AWAIT_PORT


def test_a_port_that_was_lost_and_is_taken(attempts: Attempts) -> None:
    """A port that comes back belongs to root for a moment."""
    assert failed(attempts, PortError("lost")) is Remedy.SET_UP
    assert gone(attempts, taken=True) is Remedy.AWAIT_PORT


def test_what_is_repeated() -> None:
    """The caller gets what the module itself reports of a request."""
    assert {*REPEATED} == {*LOST, SetupError}
    assert not issubclass(ModuleError, REPEATED)


def test_the_rule_of_each_remedy() -> None:
    """It tells how often, and how long to wait."""
    assert [one.value for one in Remedy] == [
        None,
        repeating.REQUEST,
        repeating.MUTE,
        repeating.PORT,
        repeating.RESET,
    ]


def test_before_the_first_attempt(attempts: Attempts) -> None:
    """Nothing is lost."""
    assert attempts == Attempts(attempts.deadline, 0, None, False, False)
