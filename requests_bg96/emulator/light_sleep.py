"""Sleep of a module that stays in the network: AT+QSCLK and DTR.

The sources are AT manual 11.5 and Hardware Design 3.4.4.1.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .scheduler import NEVER, NOW, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("LightSleep",)

#: The seconds without a byte and a command after which a module sleeps, and those from
#: DTR until it hears. No manual has these numbers.
SLEEPS_AFTER = 1.0
WAKES_IN = 0.05


class LightSleep:
    """Tells whether the module hears its port.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        #: <n> of AT+QSCLK: whether the module may sleep.
        self.allowed = 0
        self.asleep = False
        self._dtr = False
        self._heard = 0
        self._deaf_until = NOW

    def restart(self) -> None:
        """Start again, awake: no manual says that the setting is stored."""
        self.allowed = 0
        self.asleep = False

    def allow(self, mode: int) -> None:
        """Allow sleep (1), or not (0)."""
        if mode and not self.allowed:
            self._module.scheduler.spawn(self._doze())
        self.allowed = mode

    def set_dtr(self, on: bool) -> None:
        """Follow the DTR line; ON is the low level of the pin, which wakes."""
        self._dtr = on
        if on and self.asleep:
            self.asleep = False
            self._deaf_until = self._module.scheduler.now + WAKES_IN

    def hears(self, now: float) -> bool:
        """Return whether the module hears bytes that come at the time `now`."""
        if self.asleep and self._module.switches.sleep_input == "wakes":
            # These bytes are lost nevertheless.
            self.asleep = False
            self._deaf_until = now + WAKES_IN
        self._heard += 1
        return not self.asleep and now >= self._deaf_until

    def _doze(self) -> Procedure[None]:
        scheduler = self._module.scheduler
        while True:
            yield Wait(self._idle)
            stirs = functools.partial(self._stirs, self._heard)
            stirred = yield Wait(stirs, scheduler.now + SLEEPS_AFTER)
            if not self.allowed:
                return
            if not stirred:
                self.asleep = True
                yield Wait(lambda: NEVER if self.asleep else NOW)

    def _idle(self) -> float:
        module = self._module
        busy = module.http.under_way or module.terminal.free() == NEVER
        return NEVER if self._dtr or busy else NOW

    def _stirs(self, heard: int) -> float:
        stirs = self._heard != heard or self._idle() == NEVER or not self.allowed
        return NOW if stirs else NEVER
