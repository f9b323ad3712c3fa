"""AT+QCFG: stored values, with a pattern for each key (AT manual 4.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..parameters import Rest, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

#: The factory's value of each key, the pattern of a new value, and the test line. The
#: manual does not print all values; the others are inferred.
KEYS = {
    "nwscanseq": ("020301", r"(0[0-3]){1,3}(,[01])?", "(00,01,02,03),(0,1)"),
    "nwscanmode": ("0", r"[013](,[01])?", "(0,1,3),(0,1)"),
    "iotopmode": ("0", r"[0-2](,[01])?", "(0-2),(0,1)"),
    "roamservice": ("255", r"(1|2|255)(,[01])?", "(1,2,255),(0,1)"),
    "band": (
        "0xf,0x400a0e189f,0xa0e189f",
        r"(0x)?[0-9a-f]+,(0x)?[0-9a-f]+,(0x)?[0-9a-f]+(,[01])?",
        "(0-F),(0-400A0E189F),(0-A0E189F),(0,1)",
    ),
    "servicedomain": ("2", r"[12](,[01])?", "(1,2),(0,1)"),
    "pdp/duplicatechk": ("0", r"[01]", "(0,1)"),
    "psm/urc": ("0", r"[01]", "(0,1)"),
    "psm/enter": ("0", r"[01]", "(0,1)"),
    "risignaltype": (
        '"respective"',
        r'"(respective|physical)"',
        '("respective","physical")',
    ),
    "urc/delay": ("0", r"[01]", "(0,1)"),
    "urc/ri/other": (
        '"pulse",120,1',
        r'"(off|pulse)"(,\d{1,4}(,[1-5])?)?',
        '("off","pulse"),(1-2000),(1-5)',
    ),
    "ledmode": ("0", r"[01]", "(0,1)"),
    "ims": ("0", r"[0-2]", "(0-2)"),
}

COMMANDS.test("+QCFG", *(f'+QCFG: "{key}",{row[2]}' for key, row in KEYS.items()))


@COMMANDS.write("+QCFG", Text(32), Rest())
def configure(module: Module, key: str, values: tuple[str, ...]) -> Reply:
    """Print or set one value of the extended configuration."""
    row = KEYS.get(key.lower())
    if row is None:
        raise CommandFailed
    stored = module.store.configuration
    if not values:
        return [f'+QCFG: "{key.lower()}",{stored.get(key.lower(), row[0])}']
    text = ",".join(values)
    if not re.fullmatch(row[1], text, re.IGNORECASE):
        raise CommandFailed
    # <effect> tells when the value takes effect. A read does not print it.
    stored[key.lower()] = _without_effect(row[1], text)
    return None


def _without_effect(shape: str, text: str) -> str:
    return text.rpartition(",")[0] if _has_effect(shape, text) else text


def _has_effect(shape: str, text: str) -> bool:
    effect = "(,[01])?"
    return shape.endswith(effect) and not re.fullmatch(
        shape[: -len(effect)], text, re.IGNORECASE
    )
