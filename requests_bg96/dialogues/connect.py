"""Getting a module to listen, from whatever it was left at."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

from ..at.steps import (
    Ask,
    Await,
    Command,
    Dialogue,
    Escape,
    Hearken,
    Pause,
    Reply,
    Speed,
    asked,
    must,
    prove,
)
from ..base import repeating, times
from ..base.codes import BAUDRATES
from ..errors import MuteError, NoAnswer, SetupError
from ..settings import Settings

__all__ = ("find_module", "listen", "recover", "restart", "resynchronise")

#: What is found where no answer comes, and what to look at.
NOBODY = (
    "nothing answers AT on this port: is it the module's AT port, is the module on (it "
    "takes some 5 s to boot), are its speed and wiring right?"
)
MUTE = "the module does not answer any more; is it on, is it booting?"


def find_module(settings: Settings, data_mode: bool = False) -> Dialogue[None]:
    """Find the module on a port that was just opened, at whatever speed, in any mode.

    :param data_mode: whether it was left in data mode: what is said to it there may be
        the end of a request that was cut short.
    :raises SetupError: if nothing answers.
    """
    if data_mode:
        yield from _escape(NOBODY)
    wanted = settings.baudrate or BAUDRATES[0]
    others = [rate for rate in BAUDRATES if rate != wanted]
    for attempt in repeating.FIND.times:
        for rate in (wanted, wanted, *(others if attempt % 2 else ())):
            yield Speed(rate)
            if (yield Ask()):
                yield from _let_pass(times.GAP)
                if settings.baudrate is not None:
                    yield from _keep_speed(settings.baudrate, rate)
                elif rate != wanted:
                    yield from _prefer_speed(wanted, rate)
                return
        yield Speed(wanted)
        yield from _escape(NOBODY)
    raise MuteError(NOBODY)


def _keep_speed(wanted: int, rate: int) -> Dialogue[None]:
    if wanted != rate:
        yield from must(Command(f"+IPR={wanted}"))
        yield Speed(wanted)
        if not (yield Ask()):
            raise SetupError(f"no answer at {wanted} baud, but at {rate}")


def _prefer_speed(wanted: int, rate: int) -> Dialogue[None]:
    """Take the usual speed where the other one means nothing.

    On USB, and to another machine, a module that was silent for a while answers at
    whatever speed is tried last; and times are allowed for by it.
    """
    for speed in (wanted, rate, rate):
        yield Speed(speed)
        if (yield Ask()):
            return
    raise MuteError(MUTE)


def resynchronise(
    data_mode: bool, unfinished: Command | Await | None, seconds: float
) -> Dialogue[None]:
    """Get back to where the module listens, after an exchange that was given up.

    :param data_mode: whether it was given up in data mode.
    :param unfinished: what was waited for.
    :param seconds: how long it may yet take to come.
    :raises SetupError: if the module does not answer any more.
    """
    if data_mode:
        yield Escape()
    elif unfinished is not None:
        yield from _late(unfinished, seconds)
    for _ in repeating.CALL.times:
        for _ in range(2):
            if (yield Ask()):
                yield from _let_pass(times.LATE)
                return
        yield from _escape(MUTE)
    raise MuteError(MUTE)


def recover() -> Dialogue[None]:
    """Leave data mode in the midst of a dialogue.

    :raises NoAnswer: if the module does not show that it listens then.
    """
    yield Escape()
    yield from prove()


def listen() -> Dialogue[None]:
    """See that the module listens.

    :raises NoAnswer: if it does not.
    """
    reply: Reply = yield Command("")
    if not reply.ok:
        raise NoAnswer("the module gave no answer but an error")


def _let_pass(seconds: float) -> Dialogue[None]:
    """Hear a result URC that follows an earlier OK, not to take it for the next's."""
    yield Pause(seconds, MuteError("the time is too short for the module"))


def _escape(found: str) -> Dialogue[None]:
    """Leave data mode; say what was `found` where there is no time for it."""
    try:
        yield Escape()
    except NoAnswer as error:
        raise NoAnswer(f"{found} ({error.text})") from error


def restart(settings: Settings) -> Dialogue[None]:
    """Restart the module, and find it again (AT manual 2.22).

    :raises MuteError: if it does not come back.
    """
    yield from prove()
    with suppress(NoAnswer):
        yield from asked(Command("+CFUN=1,1", timeout=15.0))
    yield Speed(settings.baudrate or BAUDRATES[0])
    yield Pause(times.BOOT, MuteError("the time is too short for a reset"))
    yield from find_module(settings)


def _late(unfinished: Command | Await, seconds: float) -> Dialogue[None]:
    """Let what was given up come to its end, for it may come at any time."""
    step: Any = (
        Hearken(unfinished, seconds)
        if isinstance(unfinished, Command)
        else dataclasses.replace(unfinished, timeout=seconds)
    )
    try:
        outcome: Any = yield step
    except NoAnswer:
        outcome = None
    ended = isinstance(outcome, Reply) and not outcome.connected
    if isinstance(unfinished, Command) and unfinished.payload is not None and not ended:
        # It may want its payload by now, for which what is said next must not pass.
        yield Escape()
