"""Learn which module it is, and what it can take."""

from __future__ import annotations

import re

from ..at.parameters import joined
from ..at.steps import Command, Dialogue, Reply, asked
from ..base.codes import Limits
from ..base.knowledge import Knowledge

__all__ = ("learn", "name_in")

#: The lines of the answer to ATI that are used: manufacturer, model, revision.
IDENTITY_LINES = 3

_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,40}")


def learn(known: Knowledge) -> Dialogue[None]:
    """Ask, once, for the module's name and its limits.

    Later firmwares and related modules may have other limits than the manual. If they
    differ, ask again, because noise may have changed them.
    """
    identity = yield from asked(Command("I", bare=True))
    limits = yield from _limits()
    if limits != Limits() and limits != (yield from _limits()):
        return
    known.limits = limits
    known.identity = name_in(identity)


def name_in(reply: Reply) -> str:
    """Return the module's name in `reply`, an answer to ATI; shortened."""
    lines = (line for line in reply.lines[:IDENTITY_LINES] if _NAME.fullmatch(line))
    return b" ".join(lines).decode("ascii")


def _limits() -> Dialogue[Limits]:
    names = ("+QHTTPURL", "+QHTTPGET", "+QHTTPPOST")
    reply = yield from asked(Command(joined(*(f"{name}=?" for name in names))))
    ranges = [
        [
            int(most)
            for most in re.findall(r"\(1-([0-9]{1,9})\)", "".join(reply.values(name)))
        ]
        for name in names
    ]
    if [len(found) for found in ranges] != [2, 3, 3]:
        return Limits()
    return Limits(url=ranges[0][0], get=ranges[1][1], post=ranges[2][0])
