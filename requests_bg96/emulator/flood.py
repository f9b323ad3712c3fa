"""A firmware that repeats a URC without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("flood",)

#: A change of the signal, as AT+QINDCFG="csq" reports it (AT manual 4.3).
LINE = b'+QIND: "csq",20,99'


def flood(module: Module, rate: int) -> Procedure[None]:
    """Send a URC without end. One that cannot be sent at once is lost.

    :param rate: URCs per second.
    """
    while True:
        yield from module.scheduler.sleep(1 / rate)
        module.terminal.fleeting_urc(LINE)
