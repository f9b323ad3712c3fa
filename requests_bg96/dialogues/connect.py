"""Make a module listen, whatever it was doing before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ..at.steps import (
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Escape,
    Pause,
    Reply,
    Speed,
    asked,
    prove,
)
from ..base import repeating, times
from ..base.codes import BAUDRATES
from ..base.knowledge import Rates
from ..errors import MuteError, NoAnswer, StrayAnswer
from ..settings import Settings

__all__ = (
    "answers",
    "close_pushing",
    "find_module",
    "leave_response",
    "listen",
    "recover",
    "restart",
    "resynchronise",
)

#: The errors if no answer comes, and what to check.
NOBODY = (
    "nothing answers AT on this port. Check that it is the module's AT port, that the "
    "module is on (it takes about 5 s to boot) and does not sleep, and that speed and "
    "wiring are right"
)
NO_ANSWER = (
    "the module no longer answers; check that it is on, has booted and does not sleep"
)

#: The seconds that a module waits for the end of a server. All attempts to call the
#: module back take longer.
CLOSE_WAIT = 1


def find_module(
    settings: Settings, rates: Rates, data_mode: bool = False
) -> Dialogue[None]:
    """Find the module on a port that was just opened, at any speed and in any mode.

    A module that has restarted has its own speed again. So the likely speeds are tried
    in turn, and all others later.

    :param rates: the speeds of the line; the one that is found is recorded here.
    :param data_mode: whether the line was left in data mode. The module may then take
        the next bytes for the end of a request that was cut short.
    :raises SetupError: if nothing answers.
    """
    if data_mode:
        yield from _escape(NOBODY)
    likely = list(rates.likely)
    if rates.matter and isinstance(settings.baudrate, int):
        likely = [*dict.fromkeys((*likely, settings.baudrate))]
    others = [rate for rate in BAUDRATES if rates.matter and rate not in likely]
    for attempt in repeating.FIND.times:
        for rate in (*likely, *likely, *(others if attempt % 2 else ())):
            yield Speed(rate)
            if (yield Ask()):
                yield from _expect_silence(times.GAP)
                rates.found = rate
                if rate not in likely:
                    yield from _prefer_speed(rates)
                return
        # It hears the end only at its own speed, which an earlier program may have set.
        yield Speed(likely[-1 - attempt % len(likely)])
        yield from _escape(NOBODY)
    raise MuteError(NOBODY)


def _prefer_speed(rates: Rates) -> Dialogue[None]:
    """Use the usual speed if the other speed means nothing.

    On USB, and on another machine, a module that was silent for a while answers at any
    speed. Times are calculated from the speed.
    """
    for rate in (BAUDRATES[0], rates.usual, rates.usual):
        yield Speed(rate)
        if (yield Ask()):
            rates.found = rate
            return
    raise MuteError(NO_ANSWER)


def resynchronise(
    data_mode: bool,
    awaited: Command | Await | None,
    seconds: float,
    rates: Rates,
) -> Dialogue[None]:
    """Make the module listen again, after an exchange that was given up.

    :param data_mode: whether it was given up in data mode.
    :param awaited: the command or URC that timed out.
    :param seconds: how long that may still take.
    :param rates: the speeds of the line. A module that has restarted has its own again.
    :raises SetupError: if the module no longer answers.
    """
    if data_mode:
        yield Escape()
    elif awaited is not None:
        yield from _late(awaited, seconds)
    first, *others = rates.likely
    for _ in repeating.CALL.times:
        for rate in (first, first, *others):
            if others:
                yield Speed(rate)
            if (yield Ask()):
                rates.found = rate
                yield from _expect_silence(times.LATE)
                return
        if others:
            yield Speed(first)
        yield from _escape(NO_ANSWER)
    raise MuteError(NO_ANSWER)


def answers() -> Dialogue[bool]:
    """Return whether the module answers the question now."""
    answered: bool = yield Ask()
    return answered


def close_pushing(numbers: Iterable[int]) -> Dialogue[None]:
    """Close sockets that make the module send the bytes of a server unasked.

    These bytes may come between any two commands (TCP manual 2.2.2). If they come
    before a command, it is not given. If they come after it, they may look like its
    answer. So the question is asked, and the command is given again.

    :param numbers: the numbers of all sockets that may do so.
    :raises BG96Error: if the bytes leave no time for a command until the deadline.
    """
    yield from _called()
    for number in numbers:
        command = Command(f"+QICLOSE={number},{CLOSE_WAIT}", times.SOCKET_CLOSED)
        while True:
            try:
                yield from asked(command)
                break
            except StrayAnswer:
                yield from _called()


def _called() -> Dialogue[None]:
    """Ask the question until it is answered.

    :raises MuteError: if it is not.
    """
    for _ in repeating.CALL.times:
        if (yield Ask()):
            return
    raise MuteError(NO_ANSWER)


def recover() -> Dialogue[None]:
    """Leave data mode inside a dialogue.

    :raises NoAnswer: if the module does not listen then.
    """
    yield Escape()
    yield from prove()


def leave_response() -> Dialogue[None]:
    """Leave data mode in the middle of a response that nobody reads.

    If the module does not show that it listens then, it is resynchronised before the
    next command.
    """
    yield Escape()
    yield Ask()


def listen() -> Dialogue[None]:
    """Check that the module listens.

    :raises NoAnswer: if it does not.
    """
    reply: Reply = yield Command("")
    if not reply.ok:
        raise NoAnswer("the module answered AT with an error")


def _expect_silence(seconds: float) -> Dialogue[None]:
    """Wait for a late result URC, so that it is not taken for a later one."""
    yield Pause(seconds, MuteError("the time is too short; use a longer timeout"))


def _escape(found: str) -> Dialogue[None]:
    """Leave data mode; without time for it, raise an error with the text `found`."""
    try:
        yield Escape()
    except NoAnswer as error:
        raise NoAnswer(f"{found} ({error.text})") from error


def restart(settings: Settings, rates: Rates) -> Dialogue[None]:
    """Reset the module, and find it again (AT manual 2.22).

    :param rates: the speeds of the line.
    :raises MuteError: if it does not come back.
    """
    yield from prove()
    with suppress(NoAnswer):
        yield from asked(Command("+CFUN=1,1", timeout=15.0))
    rates.found = None
    yield Speed(rates.usual)
    yield Pause(
        times.BOOT,
        MuteError("the time is too short for a reset; use a longer timeout"),
    )
    yield from find_module(settings, rates)


def _late(awaited: Command | Await, seconds: float) -> Dialogue[None]:
    """Wait for the end of a command or URC that timed out; it may still come."""
    step: Any = (
        AwaitLateAnswer(awaited, seconds)
        if isinstance(awaited, Command)
        else dataclasses.replace(awaited, timeout=seconds)
    )
    try:
        outcome: Any = yield step
    except NoAnswer:
        outcome = None
    ended = isinstance(outcome, Reply) and not outcome.connected
    if isinstance(awaited, Command) and awaited.payload is not None and not ended:
        # The command may wait for its payload now. The next bytes must not be it.
        yield Escape()
