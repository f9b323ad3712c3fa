"""Clocks, so that tests can run hours in seconds.

The client and the emulator share them. This module belongs to neither: it imports
nothing of the package.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ("Clock", "Deadline", "SystemClock")


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return a monotonic time in seconds."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait until another thread notifies `condition`. Only the emulator waits so.

        :param condition: the caller holds it; it is released during the wait.
        :param timeout: the most seconds to wait, or infinity.
        :returns: whether the notification came in time.
        """

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Call `action` every `seconds` in the background, until it returns False.

        :param name: the name of the thread, if one is made.
        """


class SystemClock:
    """The clock of this machine. All objects are equal, because there is only one."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    #: Returns the time in seconds; a request asks some dozens of times.
    now: staticmethod[[], float] = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        time.sleep(max(0.0, seconds))

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait until another thread notifies `condition`, at most `timeout` seconds."""
        if timeout == math.inf:
            return condition.wait()
        # A longer wait is an OverflowError.
        return condition.wait(min(timeout, threading.TIMEOUT_MAX))

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Call `action` every `seconds`, in a thread, until it returns False."""

        def run() -> None:
            self.sleep(seconds)
            while action():
                self.sleep(seconds)

        threading.Thread(target=run, name=name, daemon=True).start()


class Deadline:
    """The time at which a wait must end.

    :param clock: the clock.
    :param seconds: from now.
    :param now: the time, if it is known already.
    """

    __slots__ = ("_clock", "seconds", "when")

    def __init__(self, clock: Clock, seconds: float, now: float | None = None) -> None:
        self._clock = clock
        self.seconds: float = seconds
        self.when: float = (clock.now() if now is None else now) + seconds

    def left(self) -> float:
        """Return the seconds left, never less than 0."""
        return max(0.0, self.when - self._clock.now())

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self._clock.now() >= self.when

    def postpone(self, seconds: float) -> None:
        """Move the deadline by `seconds` that were spent on something else."""
        self.when += seconds

    def within(self, seconds: float) -> Deadline:
        """Return a deadline in `seconds`, or this one if it is earlier."""
        now = self._clock.now()
        return Deadline(self._clock, min(seconds, max(0.0, self.when - now)), now)
