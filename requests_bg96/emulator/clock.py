"""Time as one object, so that hours of a module's life can pass in milliseconds."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ("Clock", "SystemClock", "VirtualClock")


class Clock(Protocol):
    """What the emulator, and a client under test, asks of time."""

    def now(self) -> float:
        """Return the time in seconds since an arbitrary moment."""

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass."""

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait for a notification of a condition that the caller holds.

        :param condition: held by the calling thread, released while it waits.
        :param timeout: seconds; infinity waits for the notification alone.
        :returns: False when the time was over first.
        """

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Have an action called every so many seconds, until it returns False.

        :param name: of the thread, where one is made for that.
        """


class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep for this many seconds."""
        time.sleep(max(0.0, seconds))

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait for a notification, at most ``timeout`` seconds."""
        if timeout == math.inf:
            return condition.wait()
        # Longer waits overflow the operating system's own timeout.
        return condition.wait(min(timeout, threading.TIMEOUT_MAX))

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Call ``action`` every ``seconds``, in a thread, until it returns False."""

        def run() -> None:
            self.sleep(seconds)
            while action():
                self.sleep(seconds)

        threading.Thread(target=run, name=name, daemon=True).start()


@dataclasses.dataclass(eq=False)
class _Repeated:
    """An action that is called again and again.

    :param due: when it is called next.
    :param seconds: between two calls.
    :param action: returns whether it is to be called again.
    """

    due: float
    seconds: float
    action: Callable[[], bool]


class VirtualClock:
    """A time that passes only when somebody waits for it.

    :param start: seconds, the first value of `now`.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        #: When each action is due next, and how often.
        self._repeated: list[_Repeated] = []
        self._repeating = threading.Lock()

    def __repr__(self) -> str:
        return f"<VirtualClock at {self._now:.3f} s>"

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the time on at once, and call what is due meanwhile."""
        seconds = max(0.0, seconds)
        # What is called may let time pass by itself, and calls nothing then.
        if self._repeated and self._repeating.acquire(blocking=False):
            try:
                seconds = self._call_due(self._now + seconds)
            finally:
                self._repeating.release()
        with self._lock:
            self._now += seconds

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Call ``action`` every ``seconds`` that pass, until it returns False.

        It is called by whoever lets the time pass, so each run is like the last.
        """
        self._repeated.append(_Repeated(self._now + seconds, seconds, action))

    def _call_due(self, until: float) -> float:
        """Call what is due until then; return the seconds that are left."""
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
        """Move the time on instead of waiting.

        Without a bound there is no time to move to: only then is the
        notification waited for in earnest.
        """
        if timeout == math.inf:
            return condition.wait()
        self.sleep(timeout)
        return False
