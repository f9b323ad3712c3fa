"""The PDP context: define it, activate it, deactivate it (TCP manual 2.1)."""

from __future__ import annotations

import dataclasses

from ..at.parameters import quoted
from ..at.printable import recognisable
from ..at.steps import Command, Dialogue, Reply, asked, must
from ..base import repeating
from ..base.codes import LASTING_REJECTS
from ..base.knowledge import Knowledge
from ..errors import ContextError, PauseError
from ..settings import Settings

__all__ = (
    "activate",
    "deactivate",
    "define",
    "definition",
    "has_names",
    "is_active",
)


def is_active(reply: Reply, context_id: int) -> bool:
    """Return whether `reply`, an answer to AT+QIACT?, has an active context."""
    active = (value.split(",") for value in reply.values("+QIACT"))
    return any(fields[:2] == [str(context_id), "1"] for fields in active)


def definition(settings: Settings) -> str:
    """Return the definition of a context in the form of AT+QICSGP."""
    names = (settings.apn or "", settings.username, settings.password)
    strings = ",".join(quoted(name, "APN's parameter") for name in names)
    return f"1,{strings},{settings.auth}"


def define(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Define the context, after a deactivation if it is active (TCP manual 2.1.1)."""
    if known.told.context:
        yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
        known.told.context = False
    text = f"+QICSGP={settings.context_id},"
    hidden = definition(
        dataclasses.replace(
            settings,
            username="***" if settings.username else "",
            password="***" if settings.password else "",
        )
    )
    yield from must(Command(text + definition(settings), shown=text + hidden))


def activate(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Activate the PDP context (TCP manual 2.1.2), after a deactivation if necessary.

    A context that is already active, or that the network has dropped, must be
    deactivated first (HTTP manual 4.5). After two refusals in a row, that is done at
    once, so that each further attempt asks the network once.

    :raises ContextError: if the network refuses it.
    :raises PauseError: if the next attempt would come too early.
    """
    activation = known.activation
    if left := activation.left:
        raise _pause(activation.failures, left)
    command = Command(f"+QIACT={settings.context_id}", timeout=150.0)
    activation.attempt()
    reply = attached = None
    if activation.failures < 2:
        reply = yield from asked(command)
    if reply is None or not reply.ok:
        yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
        attached = yield from _attach()
        reply = yield from asked(command)
    if reply.ok:
        activation.succeeded()
        known.resets.succeeded()
        return
    error = yield from _refusal(settings, command, attached, reply)
    activation.failed(lasting=error.lasting)
    error.retry_after = activation.left
    raise error


def _refusal(
    settings: Settings, command: Command, attached: Reply | None, activated: Reply
) -> Dialogue[ContextError]:
    """Return the error of a context that the network refuses.

    :param attached: the answer to AT+CGATT=1, if that was necessary.
    :param activated: the answer to `command`.
    """
    why = yield from asked(Command("+QIGETERROR"))
    reasons = _reason(why)
    refused = activated
    if attached is not None and attached.err is not None:
        reasons += f"; AT+CGATT=1 gave {attached.err}"
        refused = attached
    apn = "the module's own APN" if settings.apn is None else f"APN {settings.apn}"
    error = ContextError(
        f"the network refuses PDP context {settings.context_id} with {apn} "
        f"({reasons}): pass the "
        "right apn=, username= and password=, and check the SIM's subscription",
        command=str(command),
        err=refused.err,
    )
    error.lasting = error.err in LASTING_REJECTS
    return error


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


def _attach() -> Dialogue[Reply | None]:
    """Attach to the packet domain (HTTP manual 4.2); None if it is attached."""
    reply = yield from asked(Command("+CGATT?"))
    if reply.values("+CGATT") == ["0"]:
        return (yield from asked(Command("+CGATT=1", timeout=140.0)))
    return None


def has_names(settings: Settings) -> Dialogue[bool]:
    """Return whether the PDP context has a name server (HTTP manual 4.3)."""
    reply = yield from asked(Command(f"+QIDNSCFG={settings.context_id}"))
    return not any('"0.0.0.0"' in value for value in reply.values("+QIDNSCFG"))


def deactivate(settings: Settings, known: Knowledge) -> Dialogue[None]:
    """Deactivate a broken PDP context, so that `prepare` activates it again."""
    yield from asked(Command(f"+QIDEACT={settings.context_id}", timeout=40.0))
    known.told.context = False
