"""Getting a module to listen, from whatever it was left at."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..at import Command, Reply
from ..codes import BAUDRATES
from ..errors import DataModeError, MuteError, NoAnswer, SetupError, TransferError
from ..state import Settings
from . import Await, Dialogue, Escape, Hearken, Pause, Speed, asked, must

__all__ = ("find_module", "let_pass", "listen", "restart", "resynchronise")

#: Seconds that the module may take to answer a command that asks nothing of it: its
#: maximum response time is 300 ms (AT manual).
PROBE = 0.6
#: The same time: after so long a silence nothing more comes of what was said before.
LATE = 0.3
#: From AT+CFUN=1,1 to RDY some 6 s were seen (a BG96's log), and the USB port may be
#: away for longer.
BOOT_SECONDS = 8.0
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
    :raises SetupError: where nothing answers.
    """
    if data_mode:
        yield from _escape(NOBODY)
    wanted = settings.baudrate or BAUDRATES[0]
    others = [rate for rate in BAUDRATES if rate != wanted]
    for attempt in range(4):
        for rate in (wanted, wanted, *(others if attempt % 2 else ())):
            yield Speed(rate)
            if (yield from _initialise(settings)) and (yield from let_pass()):
                if settings.baudrate is not None:
                    yield from _keep_speed(settings.baudrate, rate, settings)
                elif rate != wanted:
                    yield from _prefer_speed(wanted, rate, settings)
                return
        yield Speed(wanted)
        yield from _escape(NOBODY)
    raise MuteError(NOBODY)


def _keep_speed(wanted: int, rate: int, settings: Settings) -> Dialogue[None]:
    if wanted != rate:
        yield from must(Command(f"+IPR={wanted}"))
        yield Speed(wanted)
        if not (yield from _initialise(settings)):
            raise SetupError(f"no answer at {wanted} baud, but at {rate}")


def _prefer_speed(wanted: int, rate: int, settings: Settings) -> Dialogue[None]:
    """Take the usual speed where the other one means nothing.

    On USB, and to another machine, a module that was silent for a while answers at
    whatever speed is tried last; and times are allowed for by it.
    """
    for speed in (wanted, rate, rate):
        yield Speed(speed)
        if (yield from _initialise(settings)):
            return
    raise MuteError(MUTE)


def _initialise(settings: Settings) -> Dialogue[bool]:
    """Turn echo off and the long form of results on; return whether that went well."""
    try:
        reply = yield from asked(
            Command(f"Q0V1E{settings.verify_echo:d}&D{settings.dtr:d}", timeout=PROBE)
        )
    except (NoAnswer, TransferError):
        # What has no line ends is payload, of which there may be much more.
        return False
    except DataModeError:
        yield Escape()
        return False
    return reply.ok


def resynchronise(
    settings: Settings,
    data_mode: bool,
    unfinished: Command | Await | None,
    seconds: float,
) -> Dialogue[None]:
    """Get back to where the module listens, after an exchange that was given up.

    :param data_mode: whether it was given up in data mode.
    :param unfinished: what was waited for.
    :param seconds: how long it may yet take to come.
    :raises SetupError: where the module does not answer any more.
    """
    if data_mode:
        yield Escape()
    elif unfinished is not None:
        yield from _late(unfinished, seconds)
    for _ in range(3):
        for _ in range(2):
            # An answer may have been one to what was said before.
            if (yield from _initialise(settings)) and (yield from let_pass(LATE)):
                return
        yield from _escape(MUTE)
    raise MuteError(MUTE)


def listen() -> Dialogue[None]:
    """See that the module listens.

    :raises NoAnswer: where it does not.
    """
    reply = yield from asked(Command(""))
    if not reply.ok:
        raise NoAnswer("the module gave no answer but an error")


def let_pass(seconds: float = 0.05) -> Dialogue[bool]:
    """Hear a late line now, which must not be taken for the answer to what is next.

    :param seconds: how late it may be.
    :returns: whether there was none: the OK before it may have been part of a payload
        that the module sends on, whoever it was for.
    """
    heard = yield Pause(seconds, SetupError("the time is too short for the module"))
    return not heard


def _escape(found: str) -> Dialogue[None]:
    """Leave data mode; say what was `found` where there is no time for it."""
    try:
        yield Escape()
    except NoAnswer as error:
        raise NoAnswer(f"{found} ({error.text})") from error


def restart(settings: Settings) -> Dialogue[None]:
    """Restart the module, and find it again (AT manual 2.22).

    :raises MuteError: where it does not come back.
    """
    try:
        yield from asked(Command("+CFUN=1,1", timeout=15.0))
    except NoAnswer:
        pass
    yield Pause(BOOT_SECONDS, MuteError("the time is too short for a reset"))
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
