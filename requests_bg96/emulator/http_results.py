"""The end of an HTTP command: OK and the result URC, by the firmware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .results import Quiet
from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("end_read", "end_upload", "later", "say_result")

#: The seconds between OK and the URC of QHTTPREAD (a BG96 transcript).
URC_GAP = 0.005

#: The number of line ends before the first line of a trailer, between its two lines,
#: and after them, by the value of the switch ``read_trailer``.
SPACING = {
    "plain": (1, 1, 1),
    "none_before": (0, 1, 1),
    "two_before": (2, 1, 1),
    "none_between": (1, 0, 1),
    "two_between": (1, 2, 1),
    "two_behind": (1, 1, 2),
}


def later(module: Module, procedure: Procedure[None]) -> Procedure[None]:
    """Run the procedure that sends the result URC, after OK or before it."""
    if module.switches.result_urc == "behind_ok":
        module.scheduler.spawn(procedure)
    else:
        yield from procedure


def say_result(module: Module, line: bytes) -> None:
    """Send a result URC: before OK, or as other URCs."""
    if module.switches.result_urc == "before_ok":
        module.terminal.announce(line)
    else:
        module.urc(line)


def end_upload(module: Module, report: Procedure[None]) -> Procedure[None]:
    """End a command after its payload.

    :param report: sends the result.
    :raises Quiet: if the firmware omits OK.
    """
    yield from later(module, report)
    if module.switches.missing_ok in ("request", "both"):
        raise Quiet


def end_read(module: Module, result: int) -> None:
    """Send the trailer of QHTTPREAD, with an error number.

    :raises Quiet: if the firmware omits OK, or if it has been sent.
    """
    switches, terminal = module.switches, module.terminal
    line = b"+QHTTPREAD: %d" % result
    before, between, behind = SPACING[switches.read_trailer]
    if switches.missing_ok in ("read", "both"):
        terminal.announce(line, before, behind)
    elif switches.result_urc == "before_ok":
        terminal.announce(line, before)
        terminal.final("OK", between, behind)
    else:
        gap = 0.0 if switches.result_urc == "with_ok" else URC_GAP
        module.scheduler.spawn(_result(module, gap, line, between, behind))
        if before == 1:
            return
        terminal.final("OK", before)
    raise Quiet


def _result(
    module: Module, gap: float, line: bytes, before: int, after: int
) -> Procedure[None]:
    yield from module.scheduler.sleep(gap)
    module.urc(line, before, after)
