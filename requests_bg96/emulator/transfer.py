"""Send payload to the host in data mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .data_mode import DataMode, DataModeEnd
from .http_exchange import HttpExchange
from .scheduler import NEVER, Procedure, Wait
from .terminal import OUTPUT_LIMIT

if TYPE_CHECKING:
    from .module import Module

__all__ = ("read_out", "send_out")

#: More bytes than the host can send at once. In this direction, they are ignored.
_ANY = 1 << 30


def send_out(module: Module, data: bytes) -> Procedure[DataModeEnd]:
    """Send bytes as fast as the line takes them."""
    with module.terminal.data():
        mode = DataMode(module)
        for start in range(0, len(data), OUTPUT_LIMIT):
            yield from _room(module, mode)
            if mode.escaped:
                return DataModeEnd.ESCAPED
            module.terminal.raw(data[start : start + OUTPUT_LIMIT])
    return DataModeEnd.COMPLETE


def read_out(
    module: Module, exchange: HttpExchange, seconds: float
) -> Procedure[DataModeEnd]:
    """Send the body of a response while it comes from the network.

    Bytes of the network wait until the line has room.

    :param exchange: its response is read.
    :param seconds: the longest silence of the network (HTTP manual 2.6).
    :raises HttpFailed: if the body ends early, or the silence is too long.
    """
    between = module.switches.urc_in_payload == "between"
    with module.terminal.data(urcs=between):
        mode = DataMode(module)
        while not exchange.body_done:
            yield from _room(module, mode)
            if not mode.escaped:
                yield from _packet(module, exchange, mode, seconds)
            if mode.escaped:
                return DataModeEnd.ESCAPED
            if not exchange.body_done:
                module.terminal.raw(exchange.read())
    return DataModeEnd.COMPLETE


def _room(module: Module, mode: DataMode) -> Procedure[None]:
    """Wait until the line has room, or the host leaves data mode."""
    while not mode.escaped and module.terminal.room() == NEVER:
        yield Wait(lambda: min(module.terminal.room(), mode.when()))
        mode.read(_ANY)
    mode.read(_ANY)


def _packet(
    module: Module, exchange: HttpExchange, mode: DataMode, seconds: float
) -> Procedure[None]:
    """Wait for a packet, for `seconds`, or until the host leaves data mode."""
    until = module.scheduler.now + seconds
    while not mode.escaped and exchange.when() > module.scheduler.now:
        ready = yield Wait(lambda: min(exchange.when(), mode.when()), until)
        mode.read(_ANY)
        if not ready:
            exchange.lapse()
            break
