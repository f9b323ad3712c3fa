"""AT+QPING (TCP/IP manual 2.1.11).

The network of the emulator has no ICMP. Every host with an address answers.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ..contexts import wrong_parameter
from ..network import Resolved
from ..parameters import Number, Text
from ..registry import Registry
from ..scheduler import Procedure, Wait

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry(refuse=wrong_parameter)

#: The bytes of a request and of its answer, and the TTL of the answer, as modules of
#: the same maker print them.
SIZE = 32
TTL = 255
#: The seconds until an answer: LTE-M has this order of magnitude (inference).
ANSWER_TIME = 0.06

COMMANDS.test("+QPING", "+QPING: (1-16),<host>,(1-255),(1-10)")


@COMMANDS.write(
    "+QPING",
    Number(1, 16),
    Text(255),
    Number(1, 255, default=4),
    Number(1, 10, default=4),
)
def ping(module: Module, number: int, host: str, seconds: int, count: int) -> None:
    """Send requests to a host; URCs have the results (TCP/IP manual 2.1.11)."""
    module.contexts.succeed()
    module.scheduler.spawn(_ping(module, number, host, seconds, count))


def _ping(
    module: Module, number: int, host: str, seconds: int, count: int
) -> Procedure[None]:
    if not module.contexts[number].active:
        _print(module, 561)
        return
    address = yield from _address(module, host, seconds)
    if address is None:
        _print(module, 565)
        return
    answered = 0
    for _ in range(count):
        answered += yield from _ask(module, number, address, seconds)
    time = round(ANSWER_TIME * 1000) if answered else 0
    _print(module, 0, count, answered, count - answered, time, time, time)


def _ask(module: Module, number: int, address: str, seconds: int) -> Procedure[bool]:
    """Send one request; return whether the host has answered."""
    module.counters.sent += SIZE
    yield from module.scheduler.sleep(ANSWER_TIME)
    if not module.contexts[number].active:
        # The context was lost: the answer never comes.
        yield from module.scheduler.sleep(seconds - ANSWER_TIME)
        _print(module, 569)
        return False
    module.counters.received += SIZE
    _print(module, 0, f'"{address}"', SIZE, round(ANSWER_TIME * 1000), TTL)
    return True


def _address(module: Module, host: str, seconds: int) -> Procedure[str | None]:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    lookup = module.network.resolve(host, module.scheduler.now)
    ready = yield Wait(lookup.due, module.scheduler.now + seconds)
    event = lookup.take() if ready else None
    return event.addresses[0] if isinstance(event, Resolved) else None


def _print(module: Module, *fields: object) -> None:
    module.urc(f"+QPING: {','.join(map(str, fields))}".encode())
