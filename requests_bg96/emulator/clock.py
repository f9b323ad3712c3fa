"""Time as one object, so that hours of a module's life can pass in milliseconds."""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock"]


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


class VirtualClock:
    """A time that passes only when somebody waits for it.

    :param start: seconds, the first value of :meth:`now`.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<VirtualClock at {self._now:.3f} s>"

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the time on at once."""
        with self._lock:
            self._now += max(0.0, seconds)

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Move the time on instead of waiting.

        Without a bound there is no time to move to: only then is the
        notification waited for in earnest.
        """
        if timeout == math.inf:
            return condition.wait()
        self.sleep(timeout)
        return False
