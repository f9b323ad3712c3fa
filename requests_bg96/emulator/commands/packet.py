"""PDP contexts by the commands of 3GPP, and data counters (AT manual 9.2-9.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Name, Number, ParameterError, Rest, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry()

TYPES = ("IP", "PPP", "IPV6", "IPV4V6")

COMMANDS.test(
    "+CGDCONT", *(f'+CGDCONT: (1-16),"{kind}",,,(0-3),(0-4)' for kind in TYPES)
)
COMMANDS.test("+CGACT", "+CGACT: (0,1)")
COMMANDS.test("+CGEREP", "+CGEREP: (0-2),(0,1)")
COMMANDS.test("+QGDCNT", "+QGDCNT: (0,1)")


@COMMANDS.read("+CGDCONT")
def definitions(module: Module) -> Reply:
    """List the definitions of contexts (AT manual 9.2)."""
    return [
        f'+CGDCONT: {number},"{kind}","{apn}","{address}",0,0'
        for number, (kind, apn, address) in sorted(module.store.definitions.items())
    ]


@COMMANDS.write(
    "+CGDCONT",
    Number(1, 16),
    Name(TYPES, default=None),
    Text(100, default=""),
    Text(40, default="0.0.0.0"),
    Number(0, 3, default=0),
    Number(0, 4, default=0),
)
def define(
    module: Module,
    number: int,
    kind: str | None,
    apn: str,
    address: str,
    data_compression: int,
    header_compression: int,
) -> None:
    """Define a context; the number alone deletes its definition (AT manual 9.2)."""
    if module.contexts[number].active:
        raise CommandFailed
    if kind is None:
        module.store.definitions.pop(number, None)
    else:
        module.store.definitions[number] = (kind, apn, address)


@COMMANDS.read("+CGACT")
def activations(module: Module) -> Reply:
    """List the defined contexts with their states (AT manual 9.5)."""
    active = module.contexts.up()
    numbers = sorted({*module.store.definitions, *active})
    return [f"+CGACT: {n},{int(n in active)}" for n in numbers]


@COMMANDS.write("+CGACT", Number(0, 1), Rest())
def activate(module: Module, state: int, tokens: tuple[str, ...]) -> None:
    """Activate or deactivate contexts; by default all defined ones (AT manual 9.5)."""
    numbers = _numbers(tokens) or sorted(module.store.definitions)
    module.sim.require()
    for number in numbers:
        if state:
            module.contexts.dial(number)
        else:
            module.contexts.hang_up(number)


@COMMANDS.read("+CGEREP")
def event_report(module: Module) -> Reply:
    """Print how events are reported (AT manual 9.9)."""
    return ["+CGEREP: %d,%d" % module.store.event_report]


@COMMANDS.write("+CGEREP", Number(0, 2, default=0), Number(0, 1, default=0))
def set_event_report(module: Module, mode: int, buffered: int) -> None:
    """Set how events are reported; the emulator has none (AT manual 9.9)."""
    module.store.event_report = (mode, buffered)


@COMMANDS.execute("+CGEREP")
def clear_event_report(module: Module) -> None:
    """Set the defaults for reports of events (AT manual 9.9)."""
    module.store.event_report = (0, 0)


def _numbers(tokens: tuple[str, ...]) -> list[int]:
    try:
        return [Number(1, 16).convert(token) for token in tokens]
    except ParameterError:
        raise CommandFailed from None


def _addresses(module: Module, numbers: list[int]) -> Reply:
    return [
        (
            f'+CGPADDR: {number},"{module.contexts.address(number)}"'
            if module.contexts[number].active
            else f"+CGPADDR: {number}"
        )
        for number in numbers
    ]


@COMMANDS.execute("+CGPADDR")
def addresses(module: Module) -> Reply:
    """Print the addresses of all defined contexts (AT manual 9.7)."""
    return _addresses(module, sorted(module.store.definitions))


@COMMANDS.write("+CGPADDR", Rest())
def addresses_of(module: Module, tokens: tuple[str, ...]) -> Reply:
    """Print the addresses of some contexts (AT manual 9.7)."""
    return _addresses(module, _numbers(tokens))


@COMMANDS.read("+QGDCNT")
def counters(module: Module) -> Reply:
    """Print the bytes sent and received (AT manual 9.12)."""
    return [f"+QGDCNT: {module.counters.sent},{module.counters.received}"]


@COMMANDS.write("+QGDCNT", Number(0, 1))
def set_counters(module: Module, action: int) -> None:
    """Clear the counters (0) or store them (1) (AT manual 9.12)."""
    if action == 0:
        module.counters.clear()
    else:
        module.counters.store()
