"""The serial port (AT manual 2.25, 3.3-3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Name, Number
from ..registry import Registry, Reply
from ..store import RATES

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

COMMANDS.test("+IPR", f"+IPR: (),({','.join(map(str, RATES))})")
COMMANDS.test("+ICF", "+ICF: (3),(0-3)")
COMMANDS.test("+IFC", "+IFC: (0,2),(0,2)")
COMMANDS.test("+QURCCFG", '+QURCCFG: "urcport",("usbat","usbmodem","uart1")')


@COMMANDS.read("+IPR")
def rate(module: Module) -> Reply:
    """Print the baud rate."""
    return [f"+IPR: {module.store.rate}"]


@COMMANDS.write("+IPR", Number(among=RATES))
def set_rate(module: Module, value: int) -> None:
    """Change the baud rate, after the OK (AT manual 3.5)."""
    module.store.rate = value
    module.terminal.after_drain(module.store.apply_rate)


@COMMANDS.read("+ICF")
def framing(module: Module) -> Reply:
    """Print the format and the parity."""
    return ["+ICF: %d,%d" % module.store.framing]


@COMMANDS.write("+ICF", Number(3, 3, default=3), Number(0, 3, default=3))
def set_framing(module: Module, form: int, parity: int) -> None:
    """Accept a format and a parity; there is only 8N1 (AT manual 3.4)."""
    module.store.framing = (form, parity)


@COMMANDS.read("+IFC")
def flow_control(module: Module) -> Reply:
    """Print the flow control of both directions."""
    return ["+IFC: %d,%d" % module.store.flow_control]


@COMMANDS.write("+IFC", Number(among=(0, 2)), Number(among=(0, 2)))
def set_flow_control(module: Module, by_host: int, by_module: int) -> None:
    """Turn RTS and CTS on (2) or off (0) (AT manual 3.3)."""
    module.store.flow_control = (by_host, by_module)


@COMMANDS.write(
    "+QURCCFG",
    Name(("urcport",)),
    Name(("usbat", "usbmodem", "uart1"), default=None),
)
def urc_port(module: Module, key: str, port: str | None) -> Reply:
    """Print or set the port of URCs. The emulator has only one port."""
    if port is None:
        return [f'+QURCCFG: "urcport","{module.store.urc_port}"']
    module.store.urc_port = port
    return None


def _indication_lines() -> list[str]:
    names = ("all", "csq", "smsfull", "ring", "smsincoming")
    return [f'+QINDCFG: "{name}",(0,1),(0,1)' for name in names]


COMMANDS.test("+QINDCFG", *_indication_lines())


@COMMANDS.write(
    "+QINDCFG",
    Name(("all", "csq", "smsfull", "ring", "smsincoming")),
    Number(0, 1, default=None),
    Number(0, 1, default=0),
)
def indications(module: Module, name: str, enable: int | None, save: int) -> Reply:
    """Print or set whether an indication is printed (AT manual 4.3)."""
    if enable is None:
        return [f'+QINDCFG: "{name}",{module.store.indications[name]}']
    module.store.indications[name] = enable
    return None
