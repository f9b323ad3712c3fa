"""Repair an error of the module before it has sent anything to the server."""

from __future__ import annotations

import collections

from ..at.steps import Command, Dialogue, Pause, asked, prove
from ..base import repeating
from ..base.codes import BUSY, CONTEXT_LOST, DOUBTFUL, STATE_LOST, UNRESOLVED
from ..base.knowledge import Knowledge
from ..errors import ModuleError
from ..settings import Settings
from ..stats import Recovery
from .connect import recover
from .context import deactivate, has_names

__all__ = ("repair",)


def repair(
    error: ModuleError,
    repaired: collections.Counter[frozenset[int | None]],
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    """Repair what `error` says, so that the step can be repeated.

    :param repaired: how often each kind of error was repaired; it is counted here.
    :raises ModuleError: `error`, if it cannot be repaired, or was repaired before.
    """
    kind: frozenset[int | None]
    for kind in (BUSY, STATE_LOST, CONTEXT_LOST, UNRESOLVED, DOUBTFUL):
        if error.err in kind:
            break
    else:
        raise error
    repaired[kind] += 1
    again = repeating.REPAIR.allows(repaired[kind])
    if kind is BUSY:
        # An earlier request may end meanwhile, and its response would block the next.
        yield from _discard_response(known)
        yield from _wait_while_busy(error, settings, known)
    elif not again or (kind is UNRESOLVED and (yield from has_names(settings))):
        raise error
    elif kind in (STATE_LOST, DOUBTFUL):
        known.stats.recovered(Recovery.SET_UP, error)
        known.doubt()
        known.told.url = None
    else:
        known.stats.recovered(Recovery.CONTEXT, error)
        yield from deactivate(settings, known)


def _wait_while_busy(
    error: ModuleError, settings: Settings, known: Knowledge
) -> Dialogue[None]:
    """Wait a little; after too many attempts, deactivate the context.

    Noise may have changed the module's waiting time from seconds to hours. Nothing else
    ends such a wait.
    """
    known.told.busy_count += error.err == 703
    if repeating.BUSY.allows(known.told.busy_count):
        yield Pause(repeating.BUSY.pause, error)
        return
    known.told.busy_count = 0
    known.stats.recovered(Recovery.CONTEXT, error)
    yield from deactivate(settings, known)


def _discard_response(known: Knowledge) -> Dialogue[None]:
    """Read and discard a response that nobody waits for."""
    reply = yield from asked(Command("+QHTTPREAD=1", leads=True))
    if reply.connected:
        known.stats.recovered(Recovery.DRAIN)
        yield from recover()
    else:
        yield from prove()
