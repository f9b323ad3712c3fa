"""Sleep, Power Saving Mode and eDRX (AT manual 11.5; 3GPP TS 27.007, 7.38 to 7.41)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..parameters import Number, Text
from ..power_saving import CAT_M1, WINDOW, PowerSavingSettings
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

_BITS = '("00000000"-"11111111")'
#: <AcT-type> of Cat NB1.
_CAT_NB1 = 5

COMMANDS.test("+QSCLK", "+QSCLK: (0,1)")
COMMANDS.test("+CPSMS", f"+CPSMS: (0-2),,,{_BITS},{_BITS}")
COMMANDS.test("+QPSMS", f"+QPSMS: (0-2),,,{_BITS},{_BITS}")
COMMANDS.test("+CEDRXS", '+CEDRXS: (0-3),(4,5),("0000"-"1111")')
COMMANDS.test("+CEDRXRDP")


@COMMANDS.read("+QSCLK")
def sleep(module: Module) -> Reply:
    """Print whether the module may sleep."""
    return [f"+QSCLK: {module.light_sleep.allowed}"]


@COMMANDS.write("+QSCLK", Number(0, 1))
def allow_sleep(module: Module, mode: int) -> None:
    """Allow sleep while DTR is off, or not (AT manual 11.5)."""
    module.light_sleep.allow(mode)


@COMMANDS.read("+CPSMS")
def power_saving(module: Module) -> Reply:
    """Print what the module asks the network for."""
    asked = module.store.power_saving
    return [f'+CPSMS: {asked.mode},,,"{asked.period}","{asked.active}"']


@COMMANDS.read("+QPSMS")
def granted_power_saving(module: Module) -> Reply:
    """Print what the network has granted, in seconds, as drivers for a BG77 read it."""
    granted = module.power_saving.granted
    shown = '"%d","%d"' % granted if granted else ","
    return [f"+QPSMS: {module.store.power_saving.mode},,,{shown}"]


def _set_power_saving(
    module: Module,
    mode: int,
    area_update: str | None,
    ready_timer: str | None,
    period: str | None,
    active: str | None,
) -> None:
    """Ask for Power Saving Mode (1), or not (0, 2); 2 resets the timers, too."""
    given = [bits for bits in (period, active, area_update, ready_timer) if bits]
    if not all(re.fullmatch("[01]{8}", bits) for bits in given):
        raise CommandFailed
    asked = module.store.power_saving
    if mode == 2:
        asked = PowerSavingSettings(cycles=asked.cycles)
        module.store.power_saving = asked
    else:
        asked.mode = mode
        asked.period = period or asked.period
        asked.active = active or asked.active
    module.power_saving.negotiate()


for name in ("+CPSMS", "+QPSMS"):
    bits = [Text(8, default=None)] * 4
    COMMANDS.write(name, Number(0, 2), *bits)(_set_power_saving)


@COMMANDS.read("+CEDRXS")
def discontinuous(module: Module) -> Reply:
    """Print the cycles of eDRX that the module asks for."""
    cycles = module.store.power_saving.cycles
    return [f'+CEDRXS: {kind},"{bits}"' for kind, bits in sorted(cycles.items())]


@COMMANDS.write(
    "+CEDRXS",
    Number(0, 3),
    Number(among=(CAT_M1, _CAT_NB1), default=None),
    Text(4, default=None),
)
def set_discontinuous(
    module: Module, mode: int, kind: int | None, bits: str | None
) -> None:
    """Ask for eDRX (1, 2), or not (0, 3)."""
    if bits is not None and not re.fullmatch("[01]{4}", bits):
        raise CommandFailed
    cycles = module.store.power_saving.cycles
    if mode in (0, 3):
        cycles.clear()
        return
    for one in (kind,) if kind else (CAT_M1, _CAT_NB1):
        cycles[one] = bits or cycles.get(one, "0010")
    granted = _granted(module)
    if mode == 2 and granted:
        module.urc(f"+CEDRXP: {granted}".encode())


@COMMANDS.execute("+CEDRXRDP")
def granted_discontinuous(module: Module) -> Reply:
    """Print what the network has granted."""
    return [f"+CEDRXRDP: {_granted(module) or 0}"]


def _granted(module: Module) -> str:
    bits = module.store.power_saving.cycles.get(CAT_M1)
    if bits is None or not module.radio.registered:
        return ""
    return f'{CAT_M1},"{bits}","{bits}","{WINDOW}"'
