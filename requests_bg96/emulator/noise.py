"""The noise of a line that is too fast for its cable or its clocks."""

from __future__ import annotations

import random

__all__ = ("Noise", "SHARE")

#: The share of the bytes that change above the limit, by default: a cable that is a
#: little too long. With 1, nothing can be understood.
SHARE = 0.02


class Noise:
    """Changes bytes at random, if they are sent faster than the line carries.

    :param limit: the highest rate in baud at which no byte changes; None is no limit.
    :param share: the share of the bytes that change above it, 0 to 1.
    :param source: the random numbers.
    :raises ValueError: if there is no such share.
    """

    def __init__(self, limit: int | None, share: float, source: random.Random) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"noise is {share}: use 0 to 1")
        self._limit = limit
        self._share = share
        self._source = source

    def changed(self, data: bytes, rate: int) -> bytes:
        """Return what arrives of `data` at a rate."""
        if self._limit is None or rate <= self._limit:
            return data
        return bytes(map(self._byte, data))

    def _byte(self, byte: int) -> int:
        hit = self._source.random() < self._share
        return byte ^ self._source.randrange(1, 256) if hit else byte
