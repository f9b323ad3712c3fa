"""A firmware that says the same URC over and over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("flood",)

#: A change of the signal, which AT+QINDCFG="csq" asks for (AT manual 4.3).
LINE = b'+QIND: "csq",20,99'


def flood(module: Module, rate: int) -> Procedure[None]:
    """Say lines for ever; one that something stands in the way of is lost.

    :param rate: lines in a second.
    """
    while True:
        yield from module.scheduler.sleep(1 / rate)
        module.terminal.fleeting_urc(LINE)
