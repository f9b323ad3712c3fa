"""The turns at the modem, in the order of arrival."""

from __future__ import annotations

import collections
import threading
import weakref
from collections.abc import Callable

from ..errors import ReentryError

__all__ = ("OCCUPIED", "Turn", "Turns")

#: The error if a response occupies the modem for too long.
OCCUPIED = (
    "the modem is busy with another response, which has not ended: a module reads one "
    "response at a time. End that response (response.close(), or "
    "response.raw.shutdown() in another thread), use a longer connect timeout, or use "
    "a second modem"
)


class Turn:
    """A thread's turn, or its place in the queue; it ends with this object."""

    __slots__ = ("__weakref__", "again", "thread", "wake")

    thread: int
    #: Whether the turn before was of the same thread.
    again: bool
    #: Called, with the lock of the turns, when another thread begins to wait. It must
    #: not wait itself.
    wake: Callable[[], object] | None


class Turns:
    """A lock that its waiters get in the order of their arrival.

    `threading.Lock` has no order, so some of many threads may wait for ever. If a
    thread is interrupted by Control-C between taking the lock and preparing to give it
    back, nobody can release it. Here, a turn ends with the object that stands for it.
    """

    def __init__(self) -> None:
        # Use this lock directly. Python code takes a condition's lock, and may be
        # interrupted after that.
        self._lock = threading.RLock()
        self._condition = threading.Condition(self._lock)
        self._waiting: collections.deque[Callable[[], Turn | None]]
        self._waiting = collections.deque()
        #: None, or a reference that returns None, if nobody has the turn.
        self._holder: Callable[[], Turn | None] | None = None
        #: The thread of the last turn.
        self._last = 0

    def __repr__(self) -> str:
        state = "taken" if self._turn else "free"
        return f"<{type(self).__name__} {state}, {len(self._waiting)} waiting>"

    @property
    def _turn(self) -> Turn | None:
        return None if self._holder is None else self._holder()

    @property
    def wanted(self) -> bool:
        """Whether a thread waits for a turn."""
        return bool(self._waiting)

    def wake(self) -> None:
        """Wake the thread that has the turn, if it only waits."""
        with self._lock:
            holder = self._turn
            if holder is not None and holder.wake is not None:
                holder.wake()

    def take(self, seconds: float) -> Turn | None:
        """Wait up to `seconds` for a turn; return it, or None if it did not come.

        :raises ReentryError: if this thread has the turn and would wait for itself.
            This can happen if the garbage collector closes a response in the thread
            that reads it.
        """
        turn = Turn()
        turn.thread = threading.get_ident()
        turn.wake = None
        # Called when the turn is lost, to wake the waiters.
        place = weakref.ref(turn, self._lost)
        with self._lock:
            holder = None if self._holder is None else self._holder()
            if holder is not None and holder.thread == turn.thread and seconds:
                raise ReentryError
            if not self._waiting and holder is None:
                self._hold(turn, place)
                return turn
            self._waiting.append(place)
            if holder is not None and holder.wake is not None:
                holder.wake()
            try:
                if self._condition.wait_for(lambda: self._next_is(turn), seconds):
                    self._hold(turn, place)
                    return turn
                return None
            finally:
                self._waiting.remove(place)
                self._condition.notify_all()

    def _hold(self, turn: Turn, place: Callable[[], Turn | None]) -> None:
        self._holder = place
        turn.again = self._last == turn.thread
        self._last = turn.thread

    def give(self, turn: Turn) -> None:
        """Give the turn to the next waiter."""
        with self._lock:
            if self._holder is not None and self._holder() is turn:
                self._holder = None
            if self._waiting:
                self._condition.notify_all()

    def _lost(self, place: object) -> None:
        with self._lock:
            self._condition.notify_all()

    def _next_is(self, turn: Turn) -> bool:
        while self._waiting and self._waiting[0]() is None:
            self._waiting.popleft()
        return self._turn is None and self._waiting[0]() is turn
