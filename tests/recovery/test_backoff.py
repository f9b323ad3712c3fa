"""A network that refuses is asked less and less often, and not by all boxes at once."""

from __future__ import annotations

import json
import logging
import pathlib
import re
import time

import pytest
import requests

from requests_bg96.base import repeating
from requests_bg96.base.backoff import SPREAD, Backoff, Record
from requests_bg96.emulator import VirtualClock
from requests_bg96.errors import BG96Error, ContextError, PauseError
from tests.support import Rig, response, rig

HELLO = response(b"hello")
WRONG = {"apn": "other.example"}
HOUR = 3_600.0
#: Refused activations that an operator allows in an hour (UBX-20050829, 7.2.4.2).
ALLOWED = 30


def count(made: Rig, command: bytes) -> int:
    """How often a command was given."""
    return len(re.findall(re.escape(command) + rb"\r", made.written))


def failure(made: Rig) -> BG96Error:
    """Make a request that fails; return the cause."""
    with pytest.raises(requests.ConnectionError) as caught:
        made.get(timeout=(60, 5))
    cause: BaseException | None = caught.value
    while not isinstance(cause, BG96Error):
        assert cause is not None
        cause = cause.__cause__ or cause.__context__
    return cause


def test_a_day_with_a_refused_context() -> None:
    """With a request a minute, the network is asked seldom; the others fail at once.

    A reset may help. In the long run, there is one an hour.
    """
    with rig(HELLO, apn="iot.example", adapter={**WRONG, "allow_reset": True}) as made:
        by_hour = []
        for _ in range(24):
            before = count(made, b"AT+QIACT=1")
            for _ in range(60):
                began = made.clock.now()
                cause = failure(made)
                if isinstance(cause, PauseError):
                    assert cause.retry_after and cause.retry_after > 0
                    assert f"in {cause.retry_after:.0f} s" in str(cause)
                    assert made.clock.now() - began < 1
                made.clock.sleep(max(0.0, 60 - (made.clock.now() - began)))
            by_hour.append(count(made, b"AT+QIACT=1") - before)
        assert max(by_hour) < ALLOWED / 2
        assert max(by_hour[1:]) <= 8
        assert made.modem.stats.resets <= 26


def test_a_day_without_a_network() -> None:
    """A module that is not registered is not asked for a context, and not reset."""
    options = {"allow_reset": True}
    with rig(HELLO, registration="searching", adapter=options) as made:
        for _ in range(24):
            failure(made)
            made.clock.sleep(HOUR)
        assert count(made, b"AT+QIACT=1") == 0
        assert made.modem.stats.resets == 0


def test_the_first_failure_says_when() -> None:
    """The error of the network itself has it, for a caller's scheduler."""
    with rig(HELLO, apn="iot.example", adapter=WRONG) as made:
        first, second, third = failure(made), failure(made), failure(made)
        assert isinstance(first, ContextError) and first.retry_after == 0
        assert isinstance(second, ContextError)
        assert second.retry_after and 30 <= second.retry_after <= 45
        assert isinstance(third, PauseError)
        assert third.retry_after and third.retry_after <= second.retry_after
        assert "refused the PDP context 2 times" in str(third)


def test_the_pause_ends() -> None:
    """After it, the next request works, if the network accepts us again."""
    with rig(HELLO, apn="iot.example", adapter=WRONG) as made:
        failure(made)
        failure(made)
        pause = failure(made).retry_after
        assert pause
        made.emulator.module.contexts[1].apn = "iot.example"
        made.modem.command('AT+QICSGP=1,1,"iot.example"')
        failure(made)
        made.clock.sleep(pause)
        assert failure(made).retry_after
    with rig(HELLO, apn="iot.example", adapter={"apn": "iot.example"}) as made:
        assert made.get().content == b"hello"
        assert made.modem.state.value == "ready"


def test_a_context_that_is_lost_again_and_again() -> None:
    """Activations that succeed are limited as well: 24 within an hour."""
    with rig(HELLO) as made:
        for _ in range(24):
            assert made.get().content == b"hello"
            made.emulator.lose_context()
        cause = failure(made)
        assert "activated 24 times within an hour" in str(cause)
        assert cause.retry_after and HOUR - 60 < cause.retry_after <= HOUR
        made.clock.sleep(cause.retry_after)
        assert made.get().content == b"hello"


def test_the_pauses_of_a_fleet() -> None:
    """A hundred boxes lose a cell for three hours: they do not come back at once.

    Each makes a request a minute. In no minute of the return do more than 15 of them
    ask, and the last asks within 23 minutes, which is its longest pause.
    """
    returns = []
    for number in range(100):
        clock = VirtualClock(start=number * 0.6)
        backoff = Backoff(repeating.CONTEXT, clock)
        backoff._random.seed(number)
        while clock.now() < 3 * HOUR or backoff.left:
            if not backoff.left:
                backoff.attempt()
                backoff.failed()
            clock.sleep(60)
        returns.append(clock.now() - 3 * HOUR)
    minutes = [int(seconds // 60) for seconds in returns]
    assert max(minutes.count(minute) for minute in minutes) <= 15
    assert len({*minutes}) >= 15
    assert max(returns) <= 900 * (1 + SPREAD) + 60


def test_success_ends_the_count() -> None:
    """The next failure is the first again."""
    backoff = Backoff(repeating.CONTEXT, VirtualClock())
    for _ in range(4):
        backoff.failed()
    assert backoff.left > 400
    backoff.succeeded()
    assert backoff.left == backoff.failures == 0
    backoff.failed()
    assert backoff.left == 0


# Another program


def pauses(path: pathlib.Path, clock: VirtualClock | None = None) -> Backoff:
    """Those of a program that has just started."""
    record = Record(str(path))
    return Backoff(repeating.CONTEXT, clock or VirtualClock(), "activation", record)


def test_the_next_program_goes_on(tmp_path: pathlib.Path) -> None:
    """A box that restarts its program every minute asks no more often."""
    path = tmp_path / "pauses.json"
    for _ in range(3):
        pauses(path).failed()
    later = pauses(path)
    assert later.failures == 3
    assert 110 < later.left < 181
    later.succeeded()
    assert pauses(path).failures == 0


def test_the_file_of_a_modem(tmp_path: pathlib.Path) -> None:
    """It is named as a setting."""
    path = str(tmp_path / "pauses.json")
    for pause in (False, False, True):
        adapter = {**WRONG, "backoff_file": path}
        with rig(HELLO, apn="iot.example", adapter=adapter) as made:
            assert isinstance(failure(made), PauseError) is pause


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"activation": 5}', '{"activation": ["x", [], 3]}', '{"a": [1]}']
    + [f'{{"activation": [{one}, 1, 1]}}' for one in ("NaN", "Infinity")],
)
def test_a_file_of_something_else(tmp_path: pathlib.Path, content: str) -> None:
    """It causes no failure and no pause."""
    path = tmp_path / "pauses.json"
    path.write_text(content)
    found = pauses(path)
    assert found.left == found.failures == 0
    found.failed()
    assert pauses(path).failures == 1


def test_a_clock_that_was_wrong(tmp_path: pathlib.Path) -> None:
    """A box starts in 1970. No pause gets longer than the rule's longest."""
    path = tmp_path / "pauses.json"
    for written in (0.0, time.time() + 10**9):
        path.write_text(json.dumps({"activation": [9, 10**12, written]}))
        assert pauses(path).left <= HOUR * (1 + SPREAD)


def test_a_file_that_cannot_be_written(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and the pauses hold while the program runs."""
    found = pauses(tmp_path / "missing" / "pauses.json")
    with caplog.at_level(logging.WARNING, "requests_bg96"):
        found.failed()
        found.failed()
    assert "the pauses cannot be kept in" in caplog.text
    assert found.left


# Causes


@pytest.mark.parametrize(
    ("number", "each_hour"), [(107, 1), (133, 1), (134, 4), (None, 4)]
)
def test_the_cause_of_a_reject(number: int | None, each_hour: int) -> None:
    """After a lasting reject, the network is asked once an hour."""
    unfit = WRONG if number is None else {}
    with rig(HELLO, apn="iot.example", attach_error=number, adapter={**unfit}) as made:
        cause = failure(made)
        assert isinstance(cause, ContextError)
        assert cause.lasting == (each_hour == 1)
        assert cause.err == number
        assert (number is None) == ("AT+CGATT=1 gave" not in str(cause))
        for _ in range(3 * 60):
            made.clock.sleep(60)
            failure(made)
        before = count(made, b"AT+QIACT=1")
        for _ in range(4 * 60):
            made.clock.sleep(60)
            failure(made)
        assert count(made, b"AT+QIACT=1") - before <= 4 * each_hour


def test_a_reset_after_a_lasting_reject() -> None:
    """It may help, because the module gives up until it starts again: once an hour."""
    with rig(HELLO, attach_error=107, adapter={"allow_reset": True}) as made:
        for _ in range(4 * 60):
            failure(made)
            made.clock.sleep(60)
        assert 2 <= made.modem.stats.resets <= 4


def test_a_lasting_pause_lasts_when_the_program_ends(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pauses.json"
    pauses(path).failed(lasting=True)
    assert HOUR - 1 < pauses(path).left <= HOUR * (1 + SPREAD)
