"""Whose turn it is at the modem: first come, first served."""

from __future__ import annotations

import collections
import threading
import weakref
from collections.abc import Callable

from ..errors import ReentryError

__all__ = ("Turn", "Turns")


class Turn:
    """Somebody's turn, or their place in the queue; it ends with this object."""

    __slots__ = ("__weakref__", "thread")

    thread: int


class Turns:
    """A lock that goes to those who wait in the order in which they came.

    `threading.Lock` promises no order, and lets some of many threads starve. Nor can
    it be had back from whoever was interrupted, by control-C, between taking it and
    getting ready to give it: here only those who have, or wait for, a turn hold on to
    it.
    """

    def __init__(self) -> None:
        # Taken as it is: that of a condition is taken by Python code, which may be
        # interrupted behind it.
        self._lock = threading.RLock()
        self._condition = threading.Condition(self._lock)
        self._waiting: collections.deque[Callable[[], Turn | None]]
        self._waiting = collections.deque()
        #: None while nobody has it, or who has had it is gone.
        self._holder: Callable[[], Turn | None] | None = None

    def __repr__(self) -> str:
        state = "taken" if self._turn else "free"
        return f"<{type(self).__name__} {state}, {len(self._waiting)} waiting>"

    @property
    def _turn(self) -> Turn | None:
        return None if self._holder is None else self._holder()

    @property
    def mine(self) -> bool:
        """Whether it is the turn of this very thread, which would wait for itself."""
        turn = None if self._holder is None else self._holder()
        return turn is not None and turn.thread == threading.get_ident()

    def take(self, seconds: float) -> Turn | None:
        """Wait up to `seconds` for a turn; return it, or None where it did not come.

        :raises ReentryError: in a thread that has it and would wait for itself. The
            garbage collector may close a response in the thread that reads it, and so
            may what is called by that.
        """
        turn = Turn()
        turn.thread = threading.get_ident()
        # Called when the turn is lost: whoever waits must look again.
        place = weakref.ref(turn, self._lost)
        with self._lock:
            holder = None if self._holder is None else self._holder()
            if holder is not None and holder.thread == turn.thread and seconds:
                raise ReentryError
            if not self._waiting and holder is None:
                self._holder = place
                return turn
            self._waiting.append(place)
            try:
                if self._condition.wait_for(lambda: self._next_is(turn), seconds):
                    self._holder = place
                    return turn
                return None
            finally:
                self._waiting.remove(place)
                self._condition.notify_all()

    def give(self, turn: Turn) -> None:
        """Let the next one have their turn."""
        with self._lock:
            if self._holder is not None and self._holder() is turn:
                self._holder = None
            self._condition.notify_all()

    def _lost(self, place: object) -> None:
        with self._lock:
            self._condition.notify_all()

    def _next_is(self, turn: Turn) -> bool:
        while self._waiting and self._waiting[0]() is None:
            self._waiting.popleft()
        return self._turn is None and self._waiting[0]() is turn
