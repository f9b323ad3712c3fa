"""Whose turn it is at the modem: first come, first served."""

from __future__ import annotations

import collections
import threading

__all__ = ("Turns",)


class Turns:
    """A lock that goes to those who wait in the order in which they came.

    `threading.Lock` promises no order, and lets some of many threads starve.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: collections.deque[object] = collections.deque()
        self._taken = False

    def __repr__(self) -> str:
        state = "taken" if self._taken else "free"
        return f"<{type(self).__name__} {state}, {len(self._waiting)} waiting>"

    def take(self, seconds: float) -> bool:
        """Wait up to `seconds` for a turn; return whether it came."""
        ticket = object()
        with self._condition:
            self._waiting.append(ticket)
            try:
                came = self._condition.wait_for(lambda: self._next_is(ticket), seconds)
                self._taken = self._taken or came
                return came
            finally:
                self._waiting.remove(ticket)
                self._condition.notify_all()

    def give(self) -> None:
        """Let the next one have its turn."""
        with self._condition:
            self._taken = False
            self._condition.notify_all()

    def _next_is(self, ticket: object) -> bool:
        return not self._taken and self._waiting[0] is ticket
