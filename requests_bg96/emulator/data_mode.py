"""Data mode: it receives payload from the host, and notices the ends of data mode."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

from .escape import EscapeDetector
from .scheduler import NOW, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("DataMode", "DataModeEnd", "collect")


class DataModeEnd(enum.Enum):
    """How data mode ended."""

    COMPLETE = "complete"
    TIMEOUT = "timeout"
    ESCAPED = "escaped"


class DataMode:
    """The payload of the host in data mode, without the escape sequence.

    :param module: its port is in data mode.
    """

    def __init__(self, module: Module) -> None:
        self._terminal = module.terminal
        self._scheduler = module.scheduler
        if self._terminal.input and self._terminal.claims_next():
            self._terminal.input.take(1)
        self._detector = EscapeDetector(module.terminal.input.last)

    def when(self) -> float:
        """Return the time at which something can be read, or data mode ends."""
        if self._terminal.input or self._dropped:
            return NOW
        return self._detector.due()

    def read(self, limit: int) -> bytes:
        """Return received payload, at most `limit` bytes."""
        if self._terminal.input and self._terminal.claims_next(late=True):
            self._pass_over(1)
        data = self._detector.overdue(self._scheduler.now)
        while self._terminal.input and len(data) + self._detector.held < limit:
            room = limit - len(data) - self._detector.held
            came, segment = self._terminal.input.take(room)
            data += self._detector.feed(segment, came)
        if self._terminal.input and len(data) < limit:
            # More bytes came at once, so it was not the escape sequence.
            data += self._detector.release()
        return data

    def _pass_over(self, length: int) -> None:
        """Drop bytes that are not payload. A silence starts after them nevertheless."""
        came, segment = self._terminal.input.take(length)
        self._detector.feed(segment, came)

    @property
    def escaped(self) -> bool:
        """Whether the host wants to leave data mode."""
        return self._dropped or self._detector.escaped(self._scheduler.now)

    @property
    def _dropped(self) -> bool:
        # AT&D0 ignores the line (AT manual 3.2).
        return self._terminal.dtr_dropped and self._terminal.profile.dtr != 0


def collect(
    module: Module,
    length: int,
    seconds: float,
    sink: Callable[[bytes], None],
    *,
    gap: bool = False,
) -> Procedure[DataModeEnd]:
    """Send CONNECT, and pass payload of the host to `sink`.

    :param length: the bytes of payload. The bytes after them are commands.
    :param seconds: the time for all of them, or with `gap` for each silence.
    :param sink: called with each piece.
    :param gap: whether `seconds` limits each silence.
    :returns: how data mode ended.
    """
    module.terminal.connect()
    deadline = module.scheduler.now + seconds
    with module.terminal.data():
        mode = DataMode(module)
        while length:
            ready = yield Wait(mode.when, deadline)
            data = mode.read(length)
            if data:
                sink(data)
            length -= len(data)
            if mode.escaped:
                return DataModeEnd.ESCAPED
            if not ready:
                return DataModeEnd.TIMEOUT
            if gap:
                deadline = module.scheduler.now + seconds
    return DataModeEnd.COMPLETE
