"""Set up a module that listens.

A module that is ready gets few commands: one line asks for everything, and settings
that are right are not written. So it costs little to ask again if the module may have
restarted unnoticed.
"""

from __future__ import annotations

from ..at.parameters import joined, number
from ..at.steps import Command, Dialogue, Pause, Reply, asked, must, require_values
from ..base import repeating
from ..base.knowledge import Knowledge
from ..errors import SetupError
from ..settings import Settings
from . import context, sim, url
from .identity import name_in

__all__ = ("FLOW_CONTROL", "REGISTRATION", "prepare", "registration")

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


def prepare(
    settings: Settings, known: Knowledge, new_url: bytes | None = None
) -> Dialogue[None]:
    """Do only what is missing for a request.

    :param new_url: the URL of the request; it may be set in the same line as other
        commands.
    :raises SetupError: if that fails.
    """
    if not known.checked.settings:
        yield from _check(settings, known, new_url)
        known.checked.settings = True
    if not known.told.context:
        yield from sim.unlock(settings, known)
        yield from _wait_for_registration()
        yield from context.activate(settings, known)
        known.told.context = True


def _check(
    settings: Settings, known: Knowledge, new_url: bytes | None
) -> Dialogue[None]:
    """Ask for all settings in one line, and write those that are wrong."""
    own = f"+QICSGP={settings.context_id}"
    texts = ["+CMEE=1", "+QHTTPCFG?", "+QIACT?"]
    texts += [own] if settings.apn is not None else []
    texts += [FLOW_CONTROL] if settings.rtscts else []
    reply = yield from url.set_behind(joined(*texts), new_url, known)
    if not reply.ok:
        reply = yield from _one_by_one(*texts)
    require_values(reply, "+QHTTPCFG")
    known.told.context = context.is_active(reply, settings.context_id)
    defined = [context.definition(settings)]
    if settings.apn is not None and reply.values("+QICSGP") != defined:
        yield from context.define(settings, known)
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
    return reply if reply.ok else (yield from _one_by_one(*texts))


def _one_by_one(*texts: str) -> Dialogue[Reply]:
    """Give several commands that the module refuses in one line."""
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


def registration() -> Dialogue[dict[str, str]]:
    """Return the <stat> of each kind of registration that the module has."""
    reply = yield from asked(Command("+CREG?;+CGREG?;+CEREG?"))
    require_values(reply, "+CREG")
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
