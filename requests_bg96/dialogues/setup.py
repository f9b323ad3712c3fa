"""Set up a module that listens.

A module that is ready gets few commands: one line asks for everything, and settings
that are right are not written. So it costs little to ask again if the module may have
restarted unnoticed.
"""

from __future__ import annotations

import dataclasses

from ..at.parameters import joined, number, quoted
from ..at.printable import recognisable
from ..at.steps import Command, Dialogue, Pause, Reply, asked, must, told
from ..base import repeating
from ..base.knowledge import Knowledge
from ..errors import ContextError, PauseError, SetupError
from ..settings import Settings
from . import sim
from .identity import name_in

__all__ = (
    "FLOW_CONTROL",
    "deactivate",
    "prepare",
    "registration",
)

#: Turns on RTS and CTS in data mode (AT manual 3.3).
FLOW_CONTROL = "+IFC=2,2"
#: The answers to AT+CREG?, AT+CGREG? and AT+CEREG? (AT manual 6.1, 9.8, 9.11).
REGISTRATION = {
    "0": "not searching",
    "1": "registered",
    "2": "searching",
    "3": "denied",
    "4": "unknown",
    "5": "registered, roaming",
}


def prepare(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Do only what is missing for a request.

    :raises SetupError: if that fails.
    """
    if not known.checked.settings:
        yield from _check(settings, known)
        known.checked.settings = True
    if not known.told.context:
        yield from sim.unlock(settings, known)
        yield from _wait_for_registration()
        yield from _activate(settings, known)
        known.told.context = True


def _check(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Ask for all settings in one line, and write those that are wrong."""
    own = f"+QICSGP={settings.context_id}"
    texts = ["+CMEE=1", "+QHTTPCFG?", "+QIACT?"]
    texts += [own] if settings.apn is not None else []
    texts += [FLOW_CONTROL] if settings.rtscts else []
    reply = yield from _together(*texts)
    told(reply, "+QHTTPCFG")
    known.told.context = _is_active(reply, settings.context_id)
    if settings.apn is not None and reply.values("+QICSGP") != [_context(settings)]:
        yield from _define_context(settings, known)
    wrong = _wrong_settings(settings, reply)
    if wrong:
        # It has restarted, or another program has used it: its URL may be lost.
        known.told.url = None
        yield from _together(*wrong)
        # If noise has changed a setting to another valid one, the answer is OK, too.
        reply = yield from asked(Command("+QHTTPCFG?"))
        if wrong := _wrong_settings(settings, reply):
            yield from _together(*wrong)


def _wrong_settings(settings: Settings, reply: Reply) -> list[str]:
    """Return the commands for the settings that are wrong in `reply`."""
    found = dict(value.partition(",")[::2] for value in reply.values("+QHTTPCFG"))
    return [
        f'+QHTTPCFG="{key}",{value}'
        for key, value in settings.wanted.items()
        if found.get(f'"{key}"') != value
    ]


def _together(*texts: str) -> Dialogue[Reply]:
    """Give several commands in one line, or one by one if the module refuses that."""
    reply = yield from asked(Command(joined(*texts)))
    if reply.ok:
        return reply
    yield from _refuse_others()
    lines: list[bytes] = []
    for text in texts:
        reply = yield from must(Command(text))
        lines += reply.lines
    return Reply(b"OK", tuple(lines))


def _refuse_others() -> Dialogue[None]:
    """Refuse a module that does not have the commands that we need."""
    reply = yield from asked(Command("+QHTTPCFG=?"))
    if not reply.ok:
        identity = yield from asked(Command("I", bare=True))
        raise SetupError(
            f"this is {name_in(identity) or 'a module without a name'}, which does "
            "not know AT+QHTTPCFG; use a BG96, BG95 or BG77"
        )


def _is_active(reply: Reply, context_id: int) -> bool:
    active = (value.split(",") for value in reply.values("+QIACT"))
    return any(fields[:2] == [str(context_id), "1"] for fields in active)


def _context(settings: Settings) -> str:
    """Return the definition of a context in the form of AT+QICSGP."""
    names = (settings.apn or "", settings.username, settings.password)
    strings = ",".join(quoted(name, "APN's parameter") for name in names)
    return f"1,{strings},{settings.auth}"


def _define_context(settings: Settings, known: Knowledge) -> Dialogue[None]:
    if known.told.context:
        yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
        known.told.context = False
    text = f"+QICSGP={settings.context_id},"
    hidden = _context(
        dataclasses.replace(
            settings,
            username="***" if settings.username else "",
            password="***" if settings.password else "",
        )
    )
    yield from must(Command(text + _context(settings), shown=text + hidden))


def registration() -> Dialogue[dict[str, str]]:
    """Return the <stat> of each kind of registration that the module has."""
    reply = yield from asked(Command("+CREG?;+CGREG?;+CEREG?"))
    told(reply, "+CREG")
    return {
        name: fields[1]
        for name in ("CREG", "CGREG", "CEREG")
        for value in reply.values(f"+{name}")
        # A URC of the same name has no <n> before it, but may have a cell after it.
        if len(fields := value.split(",")) > 1 and number(fields[1]) is not None
    }


def _wait_for_registration() -> Dialogue[None]:
    while True:
        found = yield from registration()
        if {"1", "5"} & set(found.values()):
            return
        states = ", ".join(f"{name} {_status(stat)}" for name, stat in found.items())
        yield Pause(
            repeating.REGISTRATION.pause,
            SetupError(
                f"the module is not registered in a network ({states}): check the "
                "antenna, the SIM's subscription and the bands that the module may use",
                command="AT+CEREG?",
            ),
        )


def _status(stat: str) -> str:
    return f"{stat} {REGISTRATION.get(stat, '')}".strip()


def _activate(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Activate the PDP context (TCP manual 2.1.2), after a deactivation if necessary.

    A context that is already active, or that the network has dropped, must be
    deactivated first (HTTP manual 4.5). After two refusals in a row, that is done at
    once, so that each further attempt asks the network once.
    """
    activation = known.activation
    if left := activation.left:
        raise _pause(activation.failures, left)
    activate = Command(f"+QIACT={settings.context_id}", timeout=150.0)
    activation.attempt()
    reply = None
    if activation.failures < 2:
        reply = yield from asked(activate)
    if reply is None or not reply.ok:
        yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
        yield from _attach()
        reply = yield from asked(activate)
    if reply.ok:
        activation.succeeded()
        known.resets.succeeded()
    else:
        activation.failed()
        why = yield from asked(Command("+QIGETERROR"))
        apn = "the module's own APN" if settings.apn is None else f"APN {settings.apn}"
        error = ContextError(
            f"the network refuses PDP context {settings.context_id} with {apn} "
            f"({_reason(why)}): pass the "
            "right apn=, username= and password=, and check the SIM's subscription",
            command=str(activate),
            err=reply.err,
        )
        error.retry_after = activation.left
        raise error


def _pause(failures: int, seconds: float) -> PauseError:
    """Return the error of an attempt that would come too early."""
    what = f"the network has refused the PDP context {failures} times"
    if not failures:
        attempts = repeating.CONTEXT.attempts
        what = f"the PDP context was activated {attempts} times within an hour"
    error = PauseError(
        f"{what}: the next attempt may be made in {seconds:.0f} s (retry_after), "
        "because operators block a SIM that asks too often"
    )
    error.retry_after = seconds
    return error


def _reason(reply: Reply) -> str:
    found = [line for line in reply.lines if recognisable(line)]
    shown = Reply(b"OK", tuple(found)).values("+QIGETERROR")
    return ", ".join(shown) or "no reason given"


def _attach() -> Dialogue[None]:
    """Attach to the packet domain, if necessary (HTTP manual 4.2)."""
    reply = yield from asked(Command("+CGATT?"))
    if reply.values("+CGATT") == ["0"]:
        yield from asked(Command("+CGATT=1", timeout=140.0))


def has_names(settings: Settings) -> Dialogue[bool]:
    """Return whether the PDP context has a name server (HTTP manual 4.3)."""
    reply = yield from asked(Command(f"+QIDNSCFG={settings.context_id}"))
    return not any('"0.0.0.0"' in value for value in reply.values("+QIDNSCFG"))


def deactivate(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Deactivate a broken PDP context, so that `prepare` activates it again."""
    yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
    known.told.context = False
