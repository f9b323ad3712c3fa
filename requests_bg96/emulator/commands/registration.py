"""Registration and signal (AT manual 6, 9.1, 9.8, 9.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..parameters import Name, Number, Text
from ..radio import CAT_M1, Radio
from ..registry import Registry, Reply
from ..results import CommandFailed
from ..scheduler import Procedure

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

#: The modes of each registration command.
REGISTRATIONS = {"CREG": (0, 1, 2), "CGREG": (0, 1, 2, 4), "CEREG": (0, 1, 2, 4)}


def _reader(name: str) -> Callable[[Module], Reply]:
    def read(module: Module) -> Reply:
        mode = getattr(module.terminal.profile, name.lower())
        return [f"+{name}: {mode},{module.radio.report(mode, name)}"]

    return read


def _writer(name: str) -> Callable[[Module, int], None]:
    def write(module: Module, mode: int) -> None:
        setattr(module.terminal.profile, name.lower(), mode)

    return write


for name, modes in REGISTRATIONS.items():
    COMMANDS.test(f"+{name}", f"+{name}: ({','.join(map(str, modes))})")
    COMMANDS.read(f"+{name}")(_reader(name))
    COMMANDS.write(f"+{name}", Number(among=modes, default=0))(_writer(name))
    COMMANDS.execute(f"+{name}")(lambda module, write=_writer(name): write(module, 0))

COMMANDS.test("+CGATT", "+CGATT: (0,1)")
COMMANDS.test("+CSQ", "+CSQ: (0-31,99),(0-7,99)")
COMMANDS.test("+QCSQ", '+QCSQ: "NOSERVICE","GSM","CAT-M1","CAT-NB1"')
COMMANDS.test("+QNWINFO")
COMMANDS.test("+QSPN")
COMMANDS.test("+QENG", '+QENG: ("servingcell")')


@COMMANDS.read("+CGATT")
def attached(module: Module) -> Reply:
    """Print whether the module is attached to the packet domain."""
    return [f"+CGATT: {int(module.radio.packet)}"]


@COMMANDS.write("+CGATT", Number(0, 1))
def attach(module: Module, state: int) -> None:
    """Attach to or detach from the packet domain (AT manual 9.1)."""
    module.sim.require()
    if state:
        module.radio.attach()
    else:
        module.radio.attached = False
        module.contexts.lose_all()


@COMMANDS.execute("+CSQ")
def signal(module: Module) -> Reply:
    """Print the signal strength (AT manual 6.3)."""
    return ["+CSQ: 20,99" if module.radio.registered else "+CSQ: 99,99"]


@COMMANDS.execute("+QCSQ")
def signal_details(module: Module) -> Reply:
    """Print the signal, in the values of the access technology (AT manual 6.18)."""
    if not module.radio.registered:
        return ['+QCSQ: "NOSERVICE"']
    return ['+QCSQ: "CAT-M1",-73,-101,154,-10']


@COMMANDS.execute("+QNWINFO")
def network(module: Module) -> Reply:
    """Print technology, operator, band and channel (AT manual 6.17)."""
    if not module.radio.registered:
        return ["+QNWINFO: No Service"]
    return [f'+QNWINFO: "Cat-M1","{module.radio.numeric}","LTE BAND 20",6300']


@COMMANDS.write("+QENG", Name(("servingcell",)))
def serving_cell(module: Module, what: str) -> Reply:
    """Print the cell and its signal, as drivers for BG96 read them.

    The values are those of AT+QCSQ, AT+QNWINFO and AT+CEREG.
    """
    radio = module.radio
    if not radio.registered:
        return ['+QENG: "servingcell","SEARCH"']
    state = "CONNECT" if module.http.under_way else "NOCONN"
    country, network = radio.numeric[:3], radio.numeric[3:]
    cell = f"{country},{network},{int(radio.cell, 16):X},187,6300,20,3,3,{radio.area}"
    return [f'+QENG: "servingcell","{state}","CAT-M","FDD",{cell},-101,-10,-73,10,-']


@COMMANDS.execute("+QSPN")
def network_names(module: Module) -> Reply:
    """Print the names and the number of the network (AT manual 6.19)."""
    module.sim.require()
    radio = module.radio
    if not radio.registered:
        return ['+QSPN: "","","",0,""']
    return [f'+QSPN: "{radio.operator}","{radio.short}","",0,"{radio.numeric}"']


@COMMANDS.read("+COPS")
def operator(module: Module) -> Reply:
    """Print the operator; without one, the mode alone (AT manual 6.2)."""
    radio = module.radio
    if module.functionality == 0:
        return ["+COPS: 2"]
    if not radio.registered:
        return [f"+COPS: {radio.operator_mode}"]
    shown = radio.numeric if radio.operator_format == 2 else radio.operator
    form = radio.operator_format
    return [f'+COPS: {radio.operator_mode},{form},"{shown}",{CAT_M1}']


@COMMANDS.write(
    "+COPS",
    Number(0, 4),
    Number(0, 2, default=None),
    Text(16, default=None),
    Number(among=(0, 8, 9), default=None),
)
def choose_operator(
    module: Module, mode: int, form: int | None, name: str | None, access: int | None
) -> Reply:
    """Select an operator, deregister, or set the format (AT manual 6.2)."""
    radio = module.radio
    if form is not None:
        radio.operator_format = form
    if mode == 3:
        return None
    if mode == 1 and name not in (radio.numeric, radio.operator):
        raise CommandFailed(30)
    radio.operator_mode = mode
    return _register(module)


def _register(module: Module) -> Procedure[None]:
    yield from module.radio.search()


COMMANDS.test(
    "+COPS",
    f'+COPS: (2,"{Radio.operator}","{Radio.short}","{Radio.numeric}",{CAT_M1})'
    ",,(0-4),(0-2)",
)
