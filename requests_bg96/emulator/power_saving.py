"""Power Saving Mode and eDRX: how seldom the network reaches the module.

The network grants what the module asks for (3GPP TS 24.301, 5.3.11 and 5.3.12).
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .scheduler import NEVER, NOW, Procedure, Task, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("CAT_M1", "PowerSaving", "PowerSavingSettings", "WINDOW")

#: The seconds without data after which the network releases the radio. Each network has
#: its own number; 10 s is usual.
RELEASED_AFTER = 10.0
#: The units in seconds, by their three bits (3GPP TS 24.008, Tables 10.5.163 and
#: 10.5.163a). The others deactivate a timer.
ACTIVE_UNITS = {0: 2, 1: 60, 2: 360}
PERIOD_UNITS = {0: 600, 1: 3_600, 2: 36_000, 3: 2, 4: 30, 5: 60, 6: 1_152_000}
#: The cycles of eDRX for Cat M1 in seconds, by their four bits (the same, Table
#: 10.5.5.32).
SHORT_CYCLES = (5.12, 10.24, 20.48, 40.96, 61.44, 81.92, 102.4, 122.88, 143.36, 163.84)
CYCLES = (*SHORT_CYCLES, 327.68, 655.36, 1_310.72, 2_621.44)
#: The paging time window of the network, 5.12 s.
WINDOW = "0011"
#: <AcT-type> of Cat M1 in AT+CEDRXS.
CAT_M1 = 4


@dataclasses.dataclass
class PowerSavingSettings:
    """What the module asks the network for, in non-volatile memory.

    :param mode: of AT+CPSMS.
    :param period: the bits of T3412.
    :param active: the bits of T3324.
    :param cycles: the bits of eDRX, by <AcT-type>.
    """

    mode: int = 0
    period: str = "00101100"
    active: str = "00001010"
    cycles: dict[int, str] = dataclasses.field(default_factory=dict)


class PowerSaving:
    """Turns the module off when the network need not reach it.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._task: Task | None = None

    @property
    def granted(self) -> tuple[int, int] | None:
        """T3412 and T3324 in seconds, if the network has granted them."""
        asked = self._module.store.power_saving
        period = _seconds(asked.period, PERIOD_UNITS)
        active = _seconds(asked.active, ACTIVE_UNITS)
        if asked.mode != 1 or not self._module.radio.registered:
            return None
        if period is None or active is None or period <= active:
            return None
        return period, active

    def negotiate(self) -> None:
        """Agree on the timers, as with each registration and each new setting."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if (granted := self.granted) is None:
            return
        if self._module.store.configuration.get("psm/urc") == "1":
            self._module.urc(b"+QPSMTIMER: %d,%d" % granted)
        self._task = self._module.scheduler.spawn(self._watch(*granted))

    def heard_at(self, time: float) -> float:
        """Return when the module gets what the network has for it at a time.

        With eDRX, a module whose radio is released looks only once in each cycle.
        """
        bits = self._module.store.power_saving.cycles.get(CAT_M1)
        released = self._module.counters.last + RELEASED_AFTER
        if bits is None or not released < time < NEVER:
            return time
        cycle = _cycle(bits)
        return math.ceil(time / cycle) * cycle

    def _moves(self, last: float) -> float:
        """Return NOW if there were data since the time `last`."""
        return NOW if self._module.counters.last > last else NEVER

    def _unused(self) -> float:
        """Return NOW if no command, payload or HTTP request is in progress."""
        module = self._module
        return NEVER if module.http.under_way else module.terminal.free()

    def _watch(self, period: int, active: int) -> Procedure[None]:
        """Turn the module off once the active time has passed without data."""
        module, scheduler = self._module, self._module.scheduler
        if module.store.configuration.get("psm/enter") == "1":
            active = 0
        last = scheduler.now
        while True:
            released = last + RELEASED_AFTER
            moves = functools.partial(self._moves, last)
            moved = yield Wait(moves, released + active)
            last = max(last, module.counters.last)
            if not moved:
                yield Wait(self._unused)
                if module.counters.last <= last:
                    break
        # T3412 has run since the radio was released.
        module.power.save(released + period)


def _seconds(bits: str, units: Mapping[int, int]) -> int | None:
    """Return the value of a timer, or None if it is deactivated."""
    unit = units.get(int(bits[:3], 2))
    return None if unit is None else unit * int(bits[3:], 2)


def _cycle(bits: str) -> float:
    number = int(bits, 2)
    # The others are as 0000.
    return CYCLES[number] if number < len(CYCLES) else CYCLES[0]
