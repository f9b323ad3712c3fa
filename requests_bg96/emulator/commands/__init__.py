"""The commands, by the chapters of the manuals. Each module has a table."""

from __future__ import annotations

from ..registry import Registry
from . import (
    basic,
    configuration,
    files,
    general,
    http,
    http_settings,
    mqtt,
    packet,
    ping,
    port,
    power,
    power_saving,
    registration,
    sim,
    sockets,
    ssl,
    tcp,
    time,
)

__all__ = ("COMMANDS",)

COMMANDS = Registry()
for part in (
    basic,
    configuration,
    files,
    general,
    http,
    http_settings,
    mqtt,
    packet,
    ping,
    port,
    power,
    power_saving,
    registration,
    sim,
    sockets,
    ssl,
    tcp,
    time,
):
    COMMANDS.include(part.COMMANDS)
