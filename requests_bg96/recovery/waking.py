"""Wake a module that sleeps or is off, by a function of the user."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..base import repeating, times
from ..clock import Clock, Deadline
from ..errors import BG96Error, MuteError, PortError
from ..stats import Recovery, Statistics

__all__ = ("Waking",)


class Waking:
    """Decides when to call the user's function.

    :param function: presses the power key, or turns DTR on; None if there is none.
    :param clock: the clock.
    :param stats: counts the calls.
    """

    def __init__(
        self, function: Callable[[], object] | None, clock: Clock, stats: Statistics
    ) -> None:
        self._function = function
        self._clock = clock
        self._stats = stats
        self._last = -math.inf

    @property
    def possible(self) -> bool:
        """Whether there is a function."""
        return self._function is not None

    def wake(self, why: object, deadline: Deadline) -> bool:
        """Wake the module, unless that is not possible or was just done.

        :returns: whether it was done.
        """
        now = self._clock.now()
        if self._function is None or now - self._last < repeating.WAKE.pause:
            return False
        self._last = now
        self._stats.recovered(Recovery.WAKE, why)
        self._function()
        if isinstance(why, PortError):
            # A module on USB brings its port with it.
            self._clock.sleep(min(times.BOOT, deadline.left()))
        return True

    def helps(self, failure: BG96Error, deadline: Deadline, *, again: bool) -> bool:
        """Wake the module if that may help; return whether to call it once more.

        :param failure: the error of the last call.
        :param again: what to return if the failure does not show that the module
            sleeps: it has restarted, or one answer is missing. Another call shows that.
        """
        if not self.possible or deadline.over:
            return False
        if isinstance(failure, PortError):
            return not failure.taken and self.wake(failure, deadline)
        if isinstance(failure, MuteError):
            return self.wake(failure, deadline)
        return again
