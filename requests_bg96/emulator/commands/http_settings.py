"""AT+QHTTPCFG (HTTP manual 2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Number, ParameterError, Rest, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

INVALID = 730
COMMANDS = Registry(invalid=INVALID)

#: The parameter and the test form of each key, in the order of the manual.
KEYS = {
    "contextid": (Number(1, 16), "(1-16)"),
    "requestheader": (Number(0, 1), "(0,1)"),
    "responseheader": (Number(0, 1), "(0,1)"),
    "sslctxid": (Number(0, 5), "(0-5)"),
    "contenttype": (Number(0, 3), "(0-3)"),
}

#: The key after which later firmwares list "prefix" (a BG96 transcript).
PREFIX_AFTER = "responseheader"


def _with_prefix(module: Module, lines: list[str], prefix: str) -> list[str]:
    if not module.switches.prefix_key:
        return lines
    place = list(KEYS).index(PREFIX_AFTER) + 1
    return [*lines[:place], f'+QHTTPCFG: "prefix",{prefix}', *lines[place:]]


def _prefix(module: Module) -> str:
    return '"%s",%d' % module.http.prefix


@COMMANDS.test_form("+QHTTPCFG")
def keys(module: Module) -> Reply:
    """List the keys with their ranges."""
    lines = [f'+QHTTPCFG: "{key}",{row[1]}' for key, row in KEYS.items()]
    return _with_prefix(module, lines, "<ip_prefix>,<prefix_length>")


@COMMANDS.read("+QHTTPCFG")
def settings(module: Module) -> Reply:
    """List the keys with their values."""
    values = module.http.settings
    lines = [f'+QHTTPCFG: "{key}",{values[key]}' for key in KEYS]
    return _with_prefix(module, lines, _prefix(module))


@COMMANDS.write("+QHTTPCFG", Text(32), Rest())
def configure(module: Module, key: str, values: tuple[str, ...]) -> Reply:
    """Print or set the value of a key."""
    key = key.lower()
    if key == "prefix" and module.switches.prefix_key:
        return _configure_prefix(module, values)
    if key not in KEYS or len(values) > 1:
        raise CommandFailed(INVALID)
    if not values:
        return [f'+QHTTPCFG: "{key}",{module.http.settings[key]}']
    try:
        module.http.settings[key] = KEYS[key][0].convert(values[0])
    except ParameterError:
        raise CommandFailed(INVALID) from None
    return None


def _configure_prefix(module: Module, values: tuple[str, ...]) -> Reply:
    if not values:
        return [f'+QHTTPCFG: "prefix",{_prefix(module)}']
    try:
        address, length = values
        text = Text(40).convert(address)
        module.http.prefix = (text, Number(0, 128).convert(length))
    except (ValueError, ParameterError):
        raise CommandFailed(INVALID) from None
    return None
