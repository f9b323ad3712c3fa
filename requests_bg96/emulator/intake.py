"""The module's input buffer. Without flow control, a host can overrun it."""

from __future__ import annotations

from .paced_queue import BITS_PER_BYTE, PacedQueue
from .scheduler import NEVER, NOW

__all__ = ("INPUT_BUFFER", "Intake")

#: The bytes of the buffer. Without flow control, a host may send this many before it
#: waits for a confirmation (FILE manual 2.4).
INPUT_BUFFER = 1024


class Intake:
    """The bytes that have reached the module, and that it has not read.

    The module reads command lines at once. Flow control is for data mode only (AT
    manual 3.3), so a module can be too slow only there.

    :param rate: the bytes per second that the module reads in data mode; None is as
        fast as the line.
    :param capacity: the bytes of the buffer; further ones are lost.
    """

    def __init__(self, rate: int | None, capacity: int) -> None:
        self._wire = PacedQueue(rate * BITS_PER_BYTE if rate else None)
        #: The bytes that the module has not read.
        self.waiting = self._wire.waiting
        self._slow = rate is not None
        self._capacity = capacity

    def room(self, data_mode: bool) -> float:
        """Return the number of bytes that can come without a loss."""
        if not (self._slow and data_mode):
            return NEVER
        return max(0, self._capacity - len(self._wire))

    def add(self, data: bytes, data_mode: bool, now: float) -> None:
        """Add bytes; those without room are lost."""
        room = self.room(data_mode)
        self._wire.push(data if room == NEVER else data[: int(room)], now)

    def due(self, data_mode: bool) -> float:
        """Return the time at which the module reads the next bytes."""
        due = self._wire.due()
        return due if data_mode or due == NEVER else NOW

    def take(self, data_mode: bool, now: float) -> bytes:
        """Return the bytes that the module reads at the time `now`."""
        size = len(self._wire)
        return self._wire.pull(now, size) if data_mode else self._wire.flush()
