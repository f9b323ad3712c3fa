"""Unlock the SIM, and never try a PIN twice that may be wrong.

The SIM counts its attempts, and ``AT+QPINC?`` tells how many are left. If a firmware
does not tell, a file in the module records that the PIN was tried. The file survives
this program and its machine. It is deleted after the PIN was right.
"""

from __future__ import annotations

import re

from ..at.printable import recognisable
from ..at.steps import Command, Dialogue, Pause, asked, require_values
from ..base import repeating
from ..base.knowledge import Knowledge, PinTry
from ..errors import ModuleError, SetupError, TransferError
from ..settings import Settings
from .files import EXISTS, delete, listing, uploading

__all__ = ("TRIED", "unlock")

#: The attempts that a SIM allows; a wrong PIN costs one.
PIN_ATTEMPTS = 3
#: CME ERROR numbers of a SIM that is still starting (AT manual 12.5).
SIM_STARTING = frozenset({13, 14})
#: The file that records that a PIN was tried and is not known to be right.
TRIED = "bg96pin.try"

#: The manual has quotes and blanks here, but not always the same (AT manual 5.7).
_ATTEMPTS = re.compile(r'"?SC"?, *([0-9]{1,2}), *[0-9]{1,2}')
_BY_HAND = (
    "enter the right PIN once by hand, in another device or with "
    'BG96Modem.command("AT+CPIN=...")'
)


def unlock(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Wait for the SIM, and enter its PIN if necessary.

    :raises SetupError: if it cannot be used, or the PIN must not be tried.
    """
    for _ in repeating.SIM.times:
        reply = yield from asked(Command("+CPIN?"))
        code = "".join(require_values(reply, "+CPIN")[:1])
        if code == "READY":
            if known.pin is PinTry.IN_DOUBT:
                yield from _was_right(known)
            return
        if code == "SIM PIN":
            yield from _enter_pin(settings, known)
        elif reply.err not in SIM_STARTING:
            raise _sim_error(code, reply.err)
        yield Pause(repeating.SIM.pause, _sim_error(code, reply.err))
    raise _sim_error(code, reply.err)


def _sim_error(code: str, err: int | None) -> SetupError:
    if err == 10:
        found = "there is no SIM; insert one, and check the contacts of its holder"
    elif code and recognisable(b"+CPIN: " + code.encode("latin-1")):
        found = f"the SIM needs {code}; unlock it by hand"
    else:
        found = "the SIM does not start; check that it is inserted the right way round"
    return SetupError(found, command="AT+CPIN?", err=err)


def _enter_pin(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Enter the PIN once, and never if a wrong one may have been tried before."""
    if settings.pin is None:
        raise SetupError("the SIM needs its PIN; pass pin=", command="AT+CPIN?")
    reply = yield from asked(Command("+QPINC?"))
    if reply.err in SIM_STARTING:
        return
    left = _attempts_left(reply.values("+QPINC"))
    if known.pin is not PinTry.NONE or (left is not None and left < PIN_ATTEMPTS):
        raise _tried_before(left)
    if left is None:
        yield from _write_down(known)
    known.pin = PinTry.IN_DOUBT
    reply = yield from asked(
        Command(f'+CPIN="{settings.pin}"', timeout=10.0, shown="+CPIN=***")
    )
    if not reply.ok:
        known.pin = PinTry.REFUSED
        raise SetupError(
            "the SIM refuses the PIN; it is not tried again. Pass the right one, and "
            + _BY_HAND
            + (_delete_advice() if known.pin_written_down else ""),
            command="AT+CPIN",
            err=reply.err,
        )
    yield from _was_right(known)


def _tried_before(left: int | None) -> SetupError:
    found = "an unknown number" if left is None else left
    return SetupError(
        f"the SIM has refused a PIN before ({found} of {PIN_ATTEMPTS} attempts are "
        f"left); the PIN is not tried again: {_BY_HAND}",
        command="AT+CPIN",
    )


def _attempts_left(values: list[str]) -> int | None:
    """Return how many attempts are left, or None if the module does not tell."""
    found = [match for value in values if (match := _ATTEMPTS.fullmatch(value))]
    return int(found[0][1]) if found else None


def _write_down(known: Knowledge) -> Dialogue[None]:
    """Make the file that records that the PIN was tried.

    :raises SetupError: if the file exists, or cannot be made. Without it, the next
        program would not know.
    """
    try:
        exists = TRIED in (yield from listing(TRIED))
        if not exists:
            reply = yield from asked(uploading(TRIED, b"tried"))
            exists = reply.err == EXISTS
        if exists:
            raise SetupError(
                "a PIN was tried before, and it is not known to be right. This "
                "firmware does not tell how many attempts the SIM has left "
                f"(AT+QPINC?), so it is not tried again: {_BY_HAND}{_delete_advice()}",
                command="AT+CPIN",
            )
        written = TRIED in (yield from listing(TRIED))
    except (ModuleError, TransferError):
        written = False
    if not written:
        raise SetupError(
            "this firmware does not tell how many attempts the SIM has left "
            "(AT+QPINC?), and the file that records an attempt cannot be made, so the "
            f"PIN is not tried: {_BY_HAND}",
            command="AT+CPIN",
        )
    known.pin_written_down = True


def _delete_advice() -> str:
    return f', then delete the file: BG96Modem.files.delete("{TRIED}")'


def _was_right(known: Knowledge) -> Dialogue[None]:
    """Delete the record that the PIN was tried, now or when the file can be deleted."""
    if known.pin_written_down:
        try:
            yield from delete(TRIED)
            known.pin_written_down = TRIED in (yield from listing(TRIED))
        except (ModuleError, TransferError):
            return
    if not known.pin_written_down:
        known.pin = PinTry.NONE
