"""Whether it takes less time to read the rest of a response than to leave data mode."""

from __future__ import annotations

from ..base import times
from ..clock import Clock

__all__ = ("Drain",)


class Drain:
    """Decides, while the rest is read, whether to leave data mode instead.

    Nobody knows the speed of USB or of the network, so the rate is measured. It is
    measured from the second piece on: the first one may have waited in a buffer.

    :param clock: the clock.
    :param baudrate: the speed of the port in baud. With DTR, there is no time to
        measure the rate, and this speed is used in its place.
    :param by_dtr: whether DTR will be used to leave data mode.
    """

    def __init__(self, clock: Clock, baudrate: int, *, by_dtr: bool) -> None:
        self._clock = clock
        self._cost = times.DRAIN_BY_DTR if by_dtr else times.DRAIN
        self._most = baudrate / 10 * self._cost if by_dtr else None
        self._started = clock.now()
        self._left: int | None = None
        self._began: float | None = None

    def is_vain(self, left: int | None) -> bool:
        """Return whether it is better to leave data mode now.

        :param left: the bytes that are still to come; None if nobody knows. After them,
            only the trailer is to come, which is always worth its time.
        """
        if not left:
            return left is None
        if self._most is not None and left > self._most:
            return True
        now = self._clock.now()
        spent = now - self._started
        if self._left is None:
            self._left = left
        if self._began is None:
            if left == self._left:
                return spent >= times.DRAIN_TRIAL
            self._left, self._began = left, now
        if spent >= self._cost:
            return True
        measured = now - self._began
        rate = (self._left - left) / measured if measured else 0.0
        return measured >= times.DRAIN_TRIAL and left > rate * (self._cost - spent)
