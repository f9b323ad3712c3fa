"""Virtual time, so that hours of a module's life pass in milliseconds."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable

__all__ = ("VirtualClock",)


@dataclasses.dataclass(eq=False)
class _Repeated:
    """An action that a clock repeats.

    :param due: the time of the next call, in seconds.
    :param seconds: the time between two calls.
    :param action: returns whether to call it again.
    """

    due: float
    seconds: float
    action: Callable[[], bool]


class VirtualClock:
    """A clock whose time passes only when somebody waits. It then passes at once.

    :param start: the first value of `now`, in seconds.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._repeated: list[_Repeated] = []
        self._repeating = threading.Lock()

    def __repr__(self) -> str:
        return f"<VirtualClock at {self._now:.3f} s>"

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance the time by `seconds` at once, and call the actions that are due."""
        seconds = max(0.0, seconds)
        # An action may sleep itself. Its sleep must not call actions again.
        if self._repeated and self._repeating.acquire(blocking=False):
            try:
                seconds = self._call_due(self._now + seconds)
            finally:
                self._repeating.release()
        with self._lock:
            self._now += seconds

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Call `action` every `seconds` that pass, until it returns False.

        The thread that sleeps makes the calls. So each run of a test is the same.
        """
        self._repeated.append(_Repeated(self._now + seconds, seconds, action))

    def _call_due(self, until: float) -> float:
        """Call the actions that are due before `until`; return the seconds left."""
        while self._repeated:
            first = min(self._repeated, key=lambda each: each.due)
            if first.due > until:
                break
            with self._lock:
                self._now = max(self._now, first.due)
            first.due += first.seconds
            if not first.action():
                self._repeated.remove(first)
        return max(0.0, until - self._now)

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Advance the time by `timeout` seconds at once, and return False.

        If `timeout` is infinity, wait for the notification instead.
        """
        if timeout == math.inf:
            return condition.wait()
        self.sleep(timeout)
        return False
