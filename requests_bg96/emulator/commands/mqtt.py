"""The settings of MQTT, for programs that send them. There is no MQTT client.

The MQTT manual was not available. Only what transcripts show is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Rest, Text
from ..registry import Registry

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

COMMANDS.test("+QMTCFG")


@COMMANDS.write("+QMTCFG", Text(32), Rest())
def configure(module: Module, key: str, values: tuple[str, ...]) -> None:
    """Accept a setting, and ignore it."""
