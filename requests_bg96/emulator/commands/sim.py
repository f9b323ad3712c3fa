"""The SIM (AT manual 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Name, Number, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

FACILITIES = "SC AO OI OX AI IR AB AG AC FD PF PN PU PP PC".split()

COMMANDS.test("+CIMI")
COMMANDS.test("+QCCID")
COMMANDS.test("+CPIN")
COMMANDS.test("+CLCK", '+CLCK: ("%s")' % '","'.join(FACILITIES))
COMMANDS.test("+QPINC", '+QPINC: ("SC","P2")')
COMMANDS.test("+QINISTAT", "+QINISTAT: (0-3)")
COMMANDS.test("+QSIMDET", "+QSIMDET: (0,1),(0,1)")
COMMANDS.test("+QSIMSTAT", "+QSIMSTAT: (0,1)")


@COMMANDS.execute("+CIMI")
def imsi(module: Module) -> Reply:
    """Print the IMSI (AT manual 5.1)."""
    module.sim.require()
    return [module.sim.imsi]


@COMMANDS.execute("+QCCID")
def iccid(module: Module) -> Reply:
    """Print the number of the SIM; a failure is a bare ERROR (AT manual 5.6)."""
    if not module.sim.inserted or module.functionality == 0:
        raise CommandFailed
    return [f"+QCCID: {module.sim.iccid}"]


@COMMANDS.read("+CPIN")
def pin_state(module: Module) -> Reply:
    """Print what the SIM asks for (AT manual 5.3)."""
    return [f"+CPIN: {module.sim.state()}"]


@COMMANDS.write("+CPIN", Text(8, bare=True), Text(8, default=None, bare=True))
def enter_pin(module: Module, pin: str, new: str | None) -> None:
    """Enter the PIN, or the PUK with a new PIN (AT manual 5.3)."""
    state = module.sim.state()
    if state == "READY":
        raise CommandFailed(3)
    if state == "SIM PIN":
        module.sim.enter_pin(pin)
    elif new is None:
        raise CommandFailed(12)
    else:
        module.sim.enter_puk(pin, new)
    module.scheduler.spawn(module.power.sim_started())


@COMMANDS.write("+CLCK", Name(FACILITIES), Number(0, 2), Text(8, default=None))
def lock(module: Module, facility: str, mode: int, pin: str | None) -> Reply:
    """Print or set whether the SIM asks for its PIN, "SC" (AT manual 5.2)."""
    if mode == 2:
        module.sim.require()
        return [f"+CLCK: {int(facility == 'SC' and module.sim.locked)}"]
    if facility != "SC":
        raise CommandFailed(4)
    if pin is None:
        raise CommandFailed(11)
    module.sim.lock(mode == 1, pin)
    return None


def _attempts(module: Module, card: str) -> str:
    sim = module.sim
    left = (sim.pin_attempts, sim.puk_attempts) if card == "SC" else (3, 10)
    if module.switches.pin_attempts == "refused":
        raise CommandFailed
    if module.switches.pin_attempts == "bare":
        return f"+QPINC: {card},{left[0]},{left[1]}"
    return f'+QPINC: "{card}", {left[0]},{left[1]}'


@COMMANDS.read("+QPINC")
def attempts(module: Module) -> Reply:
    """Print the attempts left for both PINs (AT manual 5.7)."""
    module.sim.state()
    return [_attempts(module, "SC"), _attempts(module, "P2")]


@COMMANDS.write("+QPINC", Name(("SC", "P2")))
def attempts_of(module: Module, card: str) -> Reply:
    """Print the attempts left for one PIN (AT manual 5.7)."""
    module.sim.state()
    return [_attempts(module, card).replace(", ", ",")]


@COMMANDS.execute("+QINISTAT")
def initialised(module: Module) -> Reply:
    """Print how far the SIM has started (AT manual 5.8)."""
    return [f"+QINISTAT: {3 if module.sim.ready else 0}"]


@COMMANDS.read("+QSIMDET")
def detection(module: Module) -> Reply:
    """Print whether the module detects the insertion of a SIM (AT manual 5.9)."""
    return ["+QSIMDET: %d,%d" % module.terminal.profile.sim_detection]


@COMMANDS.write("+QSIMDET", Number(0, 1), Number(0, 1))
def set_detection(module: Module, enable: int, level: int) -> None:
    """Detect the insertion of a SIM, from the next start on (AT manual 5.9)."""
    module.terminal.profile.sim_detection = (enable, level)


@COMMANDS.read("+QSIMSTAT")
def inserted(module: Module) -> Reply:
    """Print whether a SIM is inserted, and changes reported (AT manual 5.10)."""
    reported = module.terminal.profile.sim_report
    return [f"+QSIMSTAT: {reported},{int(module.sim.inserted)}"]


@COMMANDS.write("+QSIMSTAT", Number(0, 1))
def report_insertion(module: Module, enable: int) -> None:
    """Report changes of the slot; the emulator has none (AT manual 5.10)."""
    module.terminal.profile.sim_report = enable
