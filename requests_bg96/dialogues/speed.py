"""Set the module to the speed that the caller wants, and prove it (AT manual 3.5).

A speed is proved by questions. Each one is a random word in a line of 85 bytes, which
the module echoes byte by byte while it comes, so both directions are busy at once. It
is compared byte by byte. It changes no setting, and every module accepts it. Only ASCII
is sent: its highest bit is 0 and the stop bit is 1, so a clock that is too fast or too
slow shows there first.

Nothing is stored in the module. So it has its own speed again when it restarts.
"""

from __future__ import annotations

import logging
import re

from ..at.steps import Ask, Command, Dialogue, GiveBack, Pause, Speed, asked
from ..base import repeating, times
from ..base.codes import BAUDRATES
from ..base.knowledge import Rates
from ..errors import MuteError, NoAnswer, PortError, SetupError
from ..settings import FASTEST, Settings

__all__ = ("PROOF", "back_or", "settle")

logger = logging.getLogger(__name__)

#: The questions that prove a speed. They are 97 bytes each, in each direction: 485.
PROOF = 5
#: For the answer to AT+IPR, which is an OK within 0.3 s.
IPR_SECONDS = 1.0


def settle(settings: Settings, rates: Rates) -> Dialogue[None]:
    """Set a module that listens to the speed that `settings` want.

    If the line does not carry it, the module keeps the speed at which it was found.
    That is logged once as a warning.

    :raises SetupError: if the module no longer hears anything.
    """
    if settings.baudrate is None or not rates.matter:
        return
    if rates.usual in rates.refused:
        # The line does not carry this speed, and yet the module was found at it.
        yield from _give_back(rates, BAUDRATES[0])
    if rates.wanted is None:
        rates.wanted = yield from _candidates(settings.baudrate, rates.usual)
    for rate in rates.wanted:
        if rate not in rates.refused and (yield from _reached(rate, rates)):
            return


def back_or(rates: Rates, otherwise: Dialogue[None]) -> Dialogue[None]:
    """Call back a module whose change of speed was interrupted, or run `otherwise`.

    :param otherwise: a dialogue that makes the module listen.
    """
    if not (yield from _call_back(rates)):
        yield from otherwise


def _candidates(wanted: int | str, found: int) -> Dialogue[tuple[int, ...]]:
    """Return the speeds to try, the best first.

    A speed that this library does not look for would not be found again.
    """
    if wanted != FASTEST:
        return (int(wanted),)
    reply = yield from asked(Command("+IPR=?"))
    told = set(map(int, re.findall("[0-9]{4,7}", ",".join(reply.values("+IPR")))))
    rates = {rate for rate in BAUDRATES if rate in told and rate > found}
    return (*sorted(rates, reverse=True), found)


def _reached(rate: int, rates: Rates) -> Dialogue[bool]:
    """Use the speed `rate`; return whether that is settled."""
    if rate == rates.usual:
        # There is nothing slower to go back to than the factory's speed.
        if rate == BAUDRATES[0] or rate in rates.proved:
            return True
        if (yield from _carries(rate, rates)):
            return True
        yield from _give_back(rates, BAUDRATES[0])
    else:
        if rate not in rates.proved and not (yield from _matters(rate, rates)):
            return True
        if rate not in rates.refused and (yield from _climb(rate, rates)):
            return True
    rates.refused.add(rate)
    logger.warning(
        "%d baud do not work on this line, and %d baud are used: check that the module "
        "has this speed, the cable, and the clock of the UART",
        rate,
        rates.usual,
    )
    return False


def _matters(rate: int, rates: Rates) -> Dialogue[bool]:
    """Return whether the module hears only its own speed, and not `rate` as well.

    It has just answered, so it is awake. If the port does not have the speed, it is
    refused.

    :raises MuteError: if the module no longer answers at its own.
    """
    # If this is interrupted, the port is left at that speed.
    rates.tried = rate
    try:
        yield Speed(rate)
        rates.matter = not (yield Ask(brief=True))
    except PortError:
        rates.refused.add(rate)
    if not rates.matter:
        rates.tried = None
        if rates.wanted != (rate,):
            # The caller has not named it, and times are calculated from the port's.
            yield Speed(rates.usual)
        return False
    for _ in range(2):
        yield Speed(rates.usual)
        if (yield Ask()):
            rates.tried = None
            return True
    raise MuteError("the module no longer answers; check that it is on and has booted")


def _climb(rate: int, rates: Rates) -> Dialogue[bool]:
    """Set module and port to `rate`; return whether the line carries it.

    If not, the module is back at the speed before.
    """
    before = rates.usual
    for _ in repeating.SPEED.times:
        rates.tried = rate
        if (yield from _change(rate)):
            yield Pause(times.GAP, NoAnswer("the time is too short"))
            yield Speed(rate)
            if (yield from _carries(rate, rates)):
                rates.found, rates.tried = rate, None
                return True
            yield from _give_back(rates, before)
    rates.tried = None
    return False


def _change(rate: int) -> Dialogue[bool]:
    """Set the module to `rate`; return whether it may have that speed now."""
    try:
        reply = yield from asked(Command(f"+IPR={rate}", timeout=IPR_SECONDS))
    except NoAnswer:
        # Noise may have changed the OK.
        return True
    # Noise may also have made an ERROR of the OK.
    return reply.ok or not (yield Ask())


def _carries(rate: int, rates: Rates) -> Dialogue[bool]:
    """Return whether the line carries `rate` without a fault."""
    for _ in range(PROOF):
        if not (yield Ask()):
            return False
    rates.proved.add(rate)
    return True


def _give_back(rates: Rates, before: int) -> Dialogue[None]:
    """Set a module that is hard to understand to the speed `before`.

    :raises SetupError: if it does not hear that.
    """
    bad = rates.tried = rates.tried or rates.usual
    rates.found = before
    if not (yield from _call_back(rates)):
        rates.refused.add(bad)
        raise SetupError(
            f"the line does not carry {bad} baud, and the module cannot be told to go "
            f"back to {before}: restart the module. It is not set to {bad} again",
            command=f"AT+IPR={before}",
        )


def _call_back(rates: Rates) -> Dialogue[bool]:
    """Call back a module that may have changed to the speed `Rates.tried`.

    It is in command mode, because it has had no other command since.

    :returns: whether it answers at the speed before.
    """
    if rates.tried is None:
        return False
    for _ in repeating.SPEED_BACK.times:
        yield Speed(rates.tried)
        yield GiveBack(rates.usual)
        yield Speed(rates.usual)
        if (yield Ask(brief=True)):
            rates.tried = None
            return True
    return False
