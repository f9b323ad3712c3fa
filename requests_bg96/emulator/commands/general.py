"""Identification, and the format of errors (AT manual 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Name, Number
from ..registry import Registry, Reply

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS", "IDENTITIES")

COMMANDS = Registry()

#: An IMEI of the range for tests (TAC 00000000).
IMEI = "000000000000000"


def _maker(module: Module) -> Reply:
    return [module.maker]


def _model(module: Module) -> Reply:
    return [module.model]


def _revision(module: Module) -> Reply:
    return [module.revision]


def _imei(module: Module) -> Reply:
    return [IMEI]


def _application(module: Module) -> Reply:
    return [f"{module.revision}_01.007.01.007"]


#: Commands that print one bare line (AT manual 2.2-2.9, 2.26).
IDENTITIES = {
    "+GMI": _maker,
    "+CGMI": _maker,
    "+GMM": _model,
    "+CGMM": _model,
    "+GMR": _revision,
    "+CGMR": _revision,
    "+GSN": _imei,
    "+CGSN": _imei,
    "+QGMR": _application,
}

for name, handler in IDENTITIES.items():
    COMMANDS.execute(name)(handler)
    COMMANDS.test(name)

COMMANDS.test("+CMEE", "+CMEE: (0-2)")


@COMMANDS.read("+CMEE")
def error_format(module: Module) -> Reply:
    """Print the format of errors (AT manual 2.23)."""
    return [f"+CMEE: {module.terminal.cmee}"]


@COMMANDS.write("+CMEE", Number(0, 2))
def set_error_format(module: Module, mode: int) -> None:
    """Set the format of errors: ERROR, a number or words (AT manual 2.23)."""
    module.terminal.cmee = mode


CHARACTER_SETS = ("GSM", "IRA", "UCS2")

COMMANDS.test("+CSCS", '+CSCS: ("GSM","IRA","UCS2")')


@COMMANDS.read("+CSCS")
def character_set(module: Module) -> Reply:
    """Print the character set of texts (AT manual 2.24)."""
    return [f'+CSCS: "{module.store.character_set}"']


@COMMANDS.write("+CSCS", Name(CHARACTER_SETS))
def set_character_set(module: Module, name: str) -> None:
    """Set the character set of texts (AT manual 2.24)."""
    module.store.character_set = name


COMMANDS.test("+CPAS", "+CPAS: (0,3,4)")


@COMMANDS.execute("+CPAS")
def activity(module: Module) -> Reply:
    """Print that there is no call (AT manual 4.1)."""
    return ["+CPAS: 0"]
