"""The clock of the module (AT manual 6.7, 6.15, 6.16, 11.2)."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from ..parameters import Number, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

COMMANDS.test("+CCLK")
COMMANDS.test("+CTZU", "+CTZU: (0,1)")
COMMANDS.test("+CTZR", "+CTZR: (0-2)")
COMMANDS.test("+QLTS", "+QLTS: (0-2)")

_STAMP = re.compile(r"(\d\d/\d\d/\d\d,\d\d:\d\d:\d\d)([+-])(\d\d)")


@COMMANDS.read("+CCLK")
def clock(module: Module) -> Reply:
    """Print the local time, and the time zone in quarter hours (AT manual 11.2)."""
    now = module.store.local_time(module.scheduler.now)
    return [f'+CCLK: "{now:%y/%m/%d,%H:%M:%S}{module.store.time_zone:+03d}"']


@COMMANDS.write("+CCLK", Text(20))
def set_clock(module: Module, text: str) -> None:
    """Set the local time and the time zone (AT manual 11.2)."""
    stamp = _STAMP.fullmatch(text)
    if not stamp:
        raise CommandFailed
    zone = int(stamp[2] + stamp[3])
    if not -48 <= zone <= 56:
        raise CommandFailed
    try:
        value = datetime.datetime.strptime(stamp[1], "%y/%m/%d,%H:%M:%S")
    except ValueError:
        raise CommandFailed from None
    module.store.set_time(value, zone, module.scheduler.now)


@COMMANDS.read("+CTZU")
def update(module: Module) -> Reply:
    """Print whether the clock follows the network (AT manual 6.7)."""
    return [f"+CTZU: {module.store.time_zone_update}"]


@COMMANDS.write("+CTZU", Number(0, 1))
def set_update(module: Module, mode: int) -> None:
    """Set whether the clock follows the network; stored at once (AT manual 6.7)."""
    module.store.time_zone_update = mode


@COMMANDS.read("+CTZR")
def report(module: Module) -> Reply:
    """Print whether changes of the time zone are reported (AT manual 6.15)."""
    return [f"+CTZR: {module.store.time_zone_report}"]


@COMMANDS.write("+CTZR", Number(0, 2))
def set_report(module: Module, mode: int) -> None:
    """Set whether they are reported; stored at once (AT manual 6.15)."""
    module.store.time_zone_report = mode


def _network_time(module: Module, zone: int) -> Reply:
    if not module.radio.registered:
        return ['+QLTS: ""']
    now = module.store.network_time(module.scheduler.now)
    now += datetime.timedelta(minutes=15 * zone)
    return [f'+QLTS: "{now:%Y/%m/%d,%H:%M:%S}{zone:+03d},0"']


@COMMANDS.execute("+QLTS")
def network_time(module: Module) -> Reply:
    """Print the time of the last synchronisation (AT manual 6.16)."""
    return _network_time(module, 0)


@COMMANDS.write("+QLTS", Number(0, 2))
def network_time_how(module: Module, mode: int) -> Reply:
    """Print the network's time: the last, GMT, or local time (AT manual 6.16)."""
    return _network_time(module, module.store.time_zone if mode == 2 else 0)
