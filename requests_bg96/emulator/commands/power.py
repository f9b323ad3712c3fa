"""Functionality, restart, power-off, temperature (AT manual 2.22, 11.1, 11.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Number
from ..registry import Registry, Reply
from ..results import CommandFailed
from ..scheduler import Procedure

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

#: The temperatures of power management, oscillator and amplifier, in degrees Celsius.
#: The numbers are arbitrary.
TEMPERATURES = (30, 29, 29)

COMMANDS.test("+QTEMP")
COMMANDS.test("+CFUN", "+CFUN: (0,1,4),(0,1)")
COMMANDS.test("+QPOWD", "+QPOWD: (0,1)")


@COMMANDS.read("+CFUN")
def functionality(module: Module) -> Reply:
    """Print the level of functionality."""
    return [f"+CFUN: {module.functionality}"]


@COMMANDS.write("+CFUN", Number(among=(0, 1, 4)), Number(0, 1, default=0))
def set_functionality(module: Module, level: int, restart: int) -> None:
    """Turn SIM and radio on or off, or restart the module (AT manual 2.22)."""
    if restart and level != 1:
        raise CommandFailed
    if restart:
        module.scheduler.spawn(module.power.restart())
        return
    before, module.functionality = module.functionality, level
    if before == 0 or level == 0:
        module.sim.power(level != 0)
    if level != 1:
        module.contexts.lose_all()
        module.radio.settle()
    elif before != 1:
        module.scheduler.spawn(_return(module, sim_was_off=before == 0))


def _return(module: Module, sim_was_off: bool) -> Procedure[None]:
    if not sim_was_off:
        yield from module.radio.search()
    elif module.sim.ready:
        yield from module.power.sim_started()
    elif module.sim.inserted:
        module.urc(f"+CPIN: {module.sim.asks}".encode())


@COMMANDS.execute("+QPOWD")
def power_off(module: Module) -> None:
    """Turn the module off (AT manual 11.1)."""
    module.scheduler.spawn(module.power.switch_off())


@COMMANDS.write("+QPOWD", Number(0, 1))
def power_off_how(module: Module, normal: int) -> None:
    """Turn the module off, normally (1) or at once (0) (AT manual 11.1)."""
    module.scheduler.spawn(module.power.switch_off())


@COMMANDS.execute("+QTEMP")
def temperature(module: Module) -> Reply:
    """Print the temperatures of the module (AT manual 11.6).

    The manual prints ``+QADC:``. That is probably a slip.
    """
    return ["+QTEMP: %d,%d,%d" % TEMPERATURES]
