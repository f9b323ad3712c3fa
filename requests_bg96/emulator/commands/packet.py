"""PDP contexts of the 3GPP commands (AT manual 9.2-9.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parameters import Name, Number, ParameterError, Rest, Text
from ..registry import Registry, Reply
from ..results import CommandFailed

if TYPE_CHECKING:
    from ..module import Module

__all__ = ["COMMANDS"]

COMMANDS = Registry()

TYPES = ("IP", "PPP", "IPV6", "IPV4V6")

COMMANDS.test(
    "+CGDCONT", *(f'+CGDCONT: (1-16),"{kind}",,,(0-3),(0-4)' for kind in TYPES)
)
COMMANDS.test("+CGACT", "+CGACT: (0,1)")


@COMMANDS.read("+CGDCONT")
def definitions(module: Module) -> Reply:
    """List the defined contexts (AT manual 9.2)."""
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
    """Define a context, or delete it by its number alone (AT manual 9.2)."""
    if module.contexts[number].active:
        raise CommandFailed
    if kind is None:
        module.store.definitions.pop(number, None)
    else:
        module.store.definitions[number] = (kind, apn, address)


@COMMANDS.read("+CGACT")
def activations(module: Module) -> Reply:
    """List which of the defined contexts are active (AT manual 9.5)."""
    numbers = sorted({*module.store.definitions, *module.contexts.active()})
    return [f"+CGACT: {n},{int(module.contexts[n].active)}" for n in numbers]


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
    try:
        numbers = [Number(1, 16).convert(token) for token in tokens]
    except ParameterError:
        raise CommandFailed from None
    return _addresses(module, numbers)
