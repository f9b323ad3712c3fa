"""Find ``+++`` between silences, which ends data mode (HTTP manual 1.3)."""

from __future__ import annotations

import math

__all__ = ("EscapeDetector", "GUARD_TIME")

#: The seconds of silence on both sides of ``+++``, and the time to send it in.
GUARD_TIME = 1.0

_SEQUENCE = b"+++"

#: Times in seconds are rounded; this much does not count.
_EPSILON = 1e-6


class EscapeDetector:
    """Tells payload from the escape sequence, by the times of the bytes.

    It holds up to three bytes while they may be the sequence.

    :param last: the time of the host's last byte before data mode.
    """

    def __init__(self, last: float) -> None:
        self._last = last
        self._started = math.inf
        self._held = b""

    @property
    def held(self) -> int:
        """The number of bytes that may be payload or the sequence."""
        return len(self._held)

    def feed(self, data: bytes, now: float) -> bytes:
        """Take bytes that came at one time; return the bytes that are payload."""
        silence = now - self._last >= GUARD_TIME - _EPSILON
        self._last = now
        if self._held:
            quick = now - self._started < GUARD_TIME
            if quick and _SEQUENCE.startswith(self._held + data):
                self._held += data
                return b""
            return self.release() + data
        if silence and data and _SEQUENCE.startswith(data):
            self._held, self._started = data, now
            return b""
        return data

    def due(self) -> float:
        """Return the time at which silence decides about the held bytes.

        It is infinite if none are held.
        """
        if not self._held:
            return math.inf
        start = self._last if self._held == _SEQUENCE else self._started
        return start + GUARD_TIME

    def escaped(self, now: float) -> bool:
        """Return whether the sequence is complete, with its silence."""
        return self._held == _SEQUENCE and now >= self.due()

    def overdue(self, now: float) -> bytes:
        """Return the held bytes if their time is over, because they are payload."""
        if self._held and self._held != _SEQUENCE and now >= self.due():
            return self.release()
        return b""

    def release(self) -> bytes:
        """Return the held bytes, because they are payload."""
        held, self._held = self._held, b""
        return held
