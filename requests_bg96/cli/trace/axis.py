"""Where the bars of a waterfall stand."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from .reading import Exchange

__all__ = ("Axis",)

#: If the longest request is shorter than this part of the line, no bar has a width.
SHORT = 0.01


class Axis:
    """Places times on a line from 0 to 1, with long idle times shortened.

    A gateway that sends once in an hour would otherwise have bars without a width. The
    limit is the average of the busy times.

    :param exchanges: what is shown, in the order of their start.
    """

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        #: The busy times: their start, and how much time is cut out before it.
        self._starts = [0.0]
        self._cut = [0.0]
        busy = _busy(exchanges)
        limit = sum(end - start for start, end in busy) / max(len(busy), 1)
        cut = 0.0
        for (_, before), (start, _) in zip(busy, busy[1:]):
            if start - before > limit:
                cut += start - before - limit
                self._starts.append(start)
                self._cut.append(cut)
        #: Whether idle time was shortened.
        self.shortened = cut > 0
        #: The seconds that the line stands for.
        self.length = max((end for _, end in busy), default=0.0) - cut
        #: The seconds of the longest request.
        self.longest = max((one.seconds for one in exchanges), default=0.0)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.length} s>"

    @property
    def crowded(self) -> bool:
        """Whether the bars are too short to be seen, unless all begin at the left."""
        return self.longest < SHORT * self.length

    def place(self, seconds: float) -> float:
        """Return where a time in the busy time of a request stands, from 0 to 1."""
        part = bisect.bisect_right(self._starts, seconds) - 1
        return min(1.0, (seconds - self._cut[part]) / (self.length or 1.0))


def _busy(exchanges: Sequence[Exchange]) -> list[tuple[float, float]]:
    """Return the times in which there was a request, in their order."""
    busy: list[tuple[float, float]] = []
    for one in exchanges:
        end = one.start + one.seconds
        if busy and one.start <= busy[-1][1]:
            busy[-1] = busy[-1][0], max(end, busy[-1][1])
        else:
            busy.append((one.start, end))
    return busy
