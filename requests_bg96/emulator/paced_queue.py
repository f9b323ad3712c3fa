"""A queue whose bytes leave at a rate: one direction of a serial line."""

from __future__ import annotations

from .scheduler import NEVER, NOW

__all__ = ("BITS_PER_BYTE", "PacedQueue")

#: A start bit, eight data bits and a stop bit: 8N1 (Hardware Design 3.10).
BITS_PER_BYTE = 10

#: The bytes that leave together, as from the FIFO of a UART.
QUANTUM = 16

#: Times in seconds are rounded; this much does not count.
_EPSILON = 1e-9


class PacedQueue:
    """A queue whose bytes arrive one after the other.

    :param baudrate: the bits per second; None is without a rate, like USB.
    """

    def __init__(self, baudrate: int | None) -> None:
        #: The bytes that have not left; always the same object.
        self.waiting = bytearray()
        self._rate = baudrate / BITS_PER_BYTE if baudrate else None
        self._start = NOW

    def __len__(self) -> int:
        return len(self.waiting)

    def set_baudrate(self, baudrate: int) -> None:
        """Change the rate, if the queue has one."""
        if self._rate is not None:
            self._rate = baudrate / BITS_PER_BYTE

    def push(self, data: bytes, now: float) -> None:
        """Add bytes after those in the queue."""
        if data and not self.waiting:
            self._start = max(self._start, now)
        self.waiting += data

    def due(self) -> float:
        """Return the time at which the next bytes have arrived."""
        if not self.waiting:
            return NEVER
        if self._rate is None:
            return NOW
        return self._start + min(len(self.waiting), QUANTUM) / self._rate

    def pull(self, now: float, limit: int) -> bytes:
        """Return the bytes that have arrived, at most `limit`."""
        if self._rate is not None:
            limit = min(limit, self._arrived(now, self._rate))
        data = bytes(self.waiting[:limit])
        del self.waiting[: len(data)]
        if self._rate is not None:
            self._start += len(data) / self._rate
        return data

    def flush(self) -> bytes:
        """Return all bytes, as if they had arrived."""
        data = bytes(self.waiting)
        self.waiting.clear()
        return data

    def _arrived(self, now: float, rate: float) -> int:
        arrived = int((max(0.0, now - self._start) + _EPSILON) * rate)
        if now >= self.due():
            # After a long time, a float is too coarse for the time of one byte. Let
            # the bytes that are due come nevertheless, or the line stops.
            arrived = max(arrived, min(len(self.waiting), QUANTUM))
        return arrived

    def clear(self) -> None:
        """Discard all bytes."""
        self.waiting.clear()
