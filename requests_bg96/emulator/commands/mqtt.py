"""MQTT: its settings are taken, for programs that send them; there is no client.

The MQTT manual was not at hand: only what every firmware is seen to do is here.
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
    """Take a setting, which nothing here depends on."""
