"""One direction of a serial line: bytes that take their time."""

from __future__ import annotations

from .scheduler import NEVER, NOW

__all__ = ("BITS_PER_BYTE", "PacedQueue")

#: Start bit, eight data bits, stop bit: 8N1 (Hardware Design 3.10).
BITS_PER_BYTE = 10

#: Bytes that are looked at together, as the FIFO of a UART does.
QUANTUM = 16

#: Guards against the rounding of times in seconds.
_EPSILON = 1e-9


class PacedQueue:
    """A queue whose bytes arrive one after the other.

    :param baudrate: bits per second; None is a wire without a speed, as USB.
    """

    def __init__(self, baudrate: int | None) -> None:
        self._queue = bytearray()
        self._rate = baudrate / BITS_PER_BYTE if baudrate else None
        self._start = NOW

    def __len__(self) -> int:
        return len(self._queue)

    def set_baudrate(self, baudrate: int) -> None:
        """Change the speed of a wire that has one."""
        if self._rate is not None:
            self._rate = baudrate / BITS_PER_BYTE

    def push(self, data: bytes, now: float) -> None:
        """Begin to send bytes behind those that are under way."""
        if data and not self._queue:
            self._start = max(self._start, now)
        self._queue += data

    def due(self) -> float:
        """Return when the next bytes will be there."""
        if not self._queue:
            return NEVER
        if self._rate is None:
            return NOW
        return self._start + min(len(self._queue), QUANTUM) / self._rate

    def pull(self, now: float, limit: int) -> bytes:
        """Return what has arrived, at most ``limit`` bytes."""
        if self._rate is not None:
            limit = min(limit, self._arrived(now, self._rate))
        data = bytes(self._queue[:limit])
        del self._queue[: len(data)]
        if self._rate is not None:
            self._start += len(data) / self._rate
        return data

    def flush(self) -> bytes:
        """Return everything, as if it had arrived."""
        data = bytes(self._queue)
        self._queue.clear()
        return data

    def _arrived(self, now: float, rate: float) -> int:
        arrived = int((max(0.0, now - self._start) + _EPSILON) * rate)
        if now >= self.due():
            # Late in a long life a float is too coarse for one byte: what is due
            # must come all the same, or the line would stand still.
            arrived = max(arrived, min(len(self._queue), QUANTUM))
        return arrived

    def clear(self) -> None:
        """Lose what is under way."""
        self._queue.clear()
