"""Basic commands and S-registers (AT manual 2.10-2.21, 3.1, 3.2, 7; V.250)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..parameters import Number
from ..registry import Registry, Reply
from ..results import Quiet
from ..settings import FACTORY_REGISTERS, REGISTER_RANGES, Profile, profile_lines

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

#: Commands that set one number of the profile: its field and its highest value. An
#: omitted number is 0 (V.250 5.3.1).
FLAGS = {
    "E": ("echo", 1),
    "Q": ("quiet", 1),
    "V": ("verbose", 1),
    "X": ("result_text", 4),
    "&C": ("carrier", 1),
    "&D": ("dtr", 2),
}


def _flag(field: str) -> Callable[[Module, int], None]:
    def set_flag(module: Module, value: int) -> None:
        setattr(module.terminal.profile, field, value)

    return set_flag


for name, (field, highest) in FLAGS.items():
    COMMANDS.basic(name, Number(0, highest, default=0))(_flag(field))


@COMMANDS.basic("&F", Number(0, 0, default=0))
def factory(module: Module, number: int) -> None:
    """Restore the factory's settings (AT manual 2.10, 12.2)."""
    before = module.terminal.profile
    module.terminal.profile = Profile(
        sim_detection=before.sim_detection, sim_report=before.sim_report
    )
    module.terminal.registers = dict(FACTORY_REGISTERS)
    module.terminal.cmee = module.switches.cmee_after_reset
    module.store.framing = (3, 3)
    module.store.time_zone_report = 0
    module.store.character_set = "GSM"
    module.store.event_report = (0, 0)


@COMMANDS.basic("&W", Number(0, 0, default=0))
def store(module: Module, number: int) -> None:
    """Store the profile, so that it outlives a reset (AT manual 2.12, 12.3)."""
    module.store.profile = module.terminal.profile.copy()
    module.store.stored_rate = module.store.rate


@COMMANDS.basic("Z", Number(0, 0, default=0))
def load(module: Module, number: int) -> None:
    """Load the stored profile (AT manual 2.13, 12.4)."""
    module.terminal.profile = module.store.profile.copy()


@COMMANDS.basic("&V", Number(0, 0, default=0))
def view(module: Module, number: int) -> Reply:
    """List the profile (AT manual 2.11)."""
    return profile_lines(module.terminal.profile, module.terminal.registers)


@COMMANDS.basic("I", Number(0, 0, default=0))
def identify(module: Module, number: int) -> Reply:
    """Print the maker, the model and the revision (AT manual 2.1)."""
    return [module.maker, module.model, f"Revision: {module.revision}"]


@COMMANDS.basic("O", Number(0, 0, default=0))
def online(module: Module, number: int) -> None:
    """Return to data mode. There is never anything to return to.

    Source: HTTP manual 1.3, AT manual 7.7.
    """
    module.terminal.final("NO CARRIER")
    raise Quiet


@COMMANDS.basic("H", Number(0, 1, default=0))
def hang_up(module: Module, number: int) -> None:
    """End a call; there is never one (AT manual 7.3)."""


def _register(number: int) -> None:
    def read(module: Module) -> Reply:
        return [str(_holder(module, number)[number])]

    def write(module: Module, value: int) -> None:
        _holder(module, number)[number] = value

    lowest, highest = REGISTER_RANGES[number]
    COMMANDS.read(f"S{number}")(read)
    COMMANDS.write(f"S{number}", Number(lowest, highest, default=0))(write)


def _holder(module: Module, number: int) -> dict[int, int]:
    profile = module.terminal.profile.registers
    return profile if number in profile else module.terminal.registers


for register in REGISTER_RANGES:
    _register(register)
