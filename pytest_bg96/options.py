"""The options that the marker of a test gives to its emulator."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from requests_bg96.emulator import Emulator, Switches

__all__ = ("options_of",)

_PARAMETERS = frozenset(inspect.signature(Emulator).parameters)
_SWITCHES = frozenset(field.name for field in dataclasses.fields(Switches))


def options_of(item: pytest.Item) -> dict[str, Any]:
    """Return the parameters of the emulator that the markers of `item` give.

    A marker of the function has priority over one of its class or module.

    :raises pytest.UsageError: if an option does not exist, or has no such value.
    """
    given: dict[str, Any] = {}
    for marker in item.iter_markers("bg96"):
        if marker.args:
            raise pytest.UsageError(f"{item.nodeid}: name the options of bg96()")
        given = {**marker.kwargs, **given}
    unknown = sorted(given.keys() - _PARAMETERS - _SWITCHES)
    if unknown:
        raise pytest.UsageError(
            f"{item.nodeid}: neither the emulator nor its firmware has "
            f"{', '.join(unknown)}; see requests_bg96.emulator.Emulator and Switches"
        )
    switches = {name: given.pop(name) for name in sorted(given.keys() & _SWITCHES)}
    if switches:
        firmware = given.get("switches", Switches())
        given["switches"] = dataclasses.replace(firmware, **switches)
    return given
