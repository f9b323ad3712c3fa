"""The module's input buffer, which a host without flow control can overrun."""

from __future__ import annotations

from .paced_queue import BITS_PER_BYTE, PacedQueue
from .scheduler import NEVER, NOW

__all__ = ("INPUT_BUFFER", "Intake")

#: Bytes that the module holds at least: so many the host may send before it waits for
#: a confirmation where there is no flow control (FILE manual 2.4).
INPUT_BUFFER = 1024


class Intake:
    """What has reached the module, and the module has not yet taken.

    Command lines it takes as they come; flow control is for data mode alone (AT manual
    3.3), so there alone a module can be too slow.

    :param rate: bytes that the module takes in a second of data mode; None is a module
        that is never slower than its line.
    :param capacity: bytes that it holds; what comes beyond them is lost.
    """

    def __init__(self, rate: int | None, capacity: int) -> None:
        self._wire = PacedQueue(rate * BITS_PER_BYTE if rate else None)
        self._slow = rate is not None
        self._capacity = capacity

    def room(self, data_mode: bool) -> float:
        """Return how many bytes may come without loss."""
        if not (self._slow and data_mode):
            return NEVER
        return max(0, self._capacity - len(self._wire))

    def add(self, data: bytes, data_mode: bool, now: float) -> None:
        """Let bytes come, and be lost where there is no room for them."""
        room = self.room(data_mode)
        self._wire.push(data if room == NEVER else data[: int(room)], now)

    def due(self, data_mode: bool) -> float:
        """Return when the module takes the next bytes."""
        if data_mode or not self._wire:
            return self._wire.due()
        return NOW

    def take(self, data_mode: bool, now: float) -> bytes:
        """Return what the module takes by now."""
        size = len(self._wire)
        return self._wire.pull(now, size) if data_mode else self._wire.flush()
