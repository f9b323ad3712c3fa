"""Leaving data mode: ``+++`` between silences, or the DTR line (HTTP manual 1.3)."""

from __future__ import annotations

from .scheduler import NEVER

__all__ = ("EscapeDetector", "GUARD_TIME")

#: Seconds of silence on both sides of ``+++``, and the time to type it in.
GUARD_TIME = 1.0

_SEQUENCE = b"+++"

#: Forgives the rounding of times in seconds.
_EPSILON = 1e-6


class EscapeDetector:
    """Tells data from an escape sequence by the times at which bytes came.

    Up to three bytes are held back while they may still be the sequence.

    :param last: the time at which the host sent its last byte before data mode.
    """

    def __init__(self, last: float) -> None:
        self._last = last
        self._started = NEVER
        self._held = b""

    @property
    def held(self) -> int:
        """The number of bytes that may be data or a sequence."""
        return len(self._held)

    def feed(self, data: bytes, now: float) -> bytes:
        """Take what came at one time and return what is surely data."""
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
        """Return when silence will have decided about the held bytes."""
        if not self._held:
            return NEVER
        start = self._last if self._held == _SEQUENCE else self._started
        return start + GUARD_TIME

    def escaped(self, now: float) -> bool:
        """Tell whether the sequence is complete, silence included."""
        return self._held == _SEQUENCE and now >= self.due()

    def overdue(self, now: float) -> bytes:
        """Return held bytes that time has turned into data."""
        if self._held and self._held != _SEQUENCE and now >= self.due():
            return self.release()
        return b""

    def release(self) -> bytes:
        """Return the held bytes: they are data after all."""
        held, self._held = self._held, b""
        return held
