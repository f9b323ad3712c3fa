"""Faults of line, module and network, each at a byte of the dialogue."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from .scheduler import NEVER, NOW

__all__ = ("Action", "Direction", "Fault", "FaultTap")

Direction = Literal["to_host", "from_host"]
Action = Literal[
    "drop",
    "garble",
    "double",
    "insert",
    "silence",
    "urc",
    "cme",
    "reset",
    "reset_quiet",
    "power_down",
    "lose_context",
    "hang_up",
    "unplug",
    "replug",
]


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault, which happens once.

    :param direction: the direction whose bytes count: "to_host" or "from_host".
    :param offset: the number of bytes before it, since the port was opened or since
        `Emulator.mark`. It happens at once after them. So a module that is reset after
        the last byte of a command does not run that command.
    :param action: "drop", "garble" and "double" change `count` bytes. "insert" adds
        `data`. "silence" stops the direction for `seconds`. "urc" sends `data` as a
        URC. "cme" lets the command in progress, or the next one, fail with `code`.
        "replug" pulls the cable and plugs it in again. The others are the methods of
        `Emulator` with these names; "reset_quiet" is a reset without URCs, and
        "power_down" is `Emulator.power_off`.
    :param count: bytes.
    :param seconds: of silence.
    :param data: the bytes of "insert", or the line of "urc".
    :param code: the number after ``+CME ERROR:``.
    :raises ValueError: if there is no such direction or action.
    """

    direction: Direction
    offset: int
    action: Action
    count: int = 1
    seconds: float = math.inf
    data: bytes = b""
    code: int = 701

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise ValueError(f"there is no direction {self.direction!r}")
        if self.action not in get_args(Action):
            raise ValueError(f"there is no action {self.action!r}")


class FaultTap:
    """Counts the bytes of one direction, and applies its faults.

    :param direction: the direction.
    :param faults: faults of both directions; the others are ignored.
    :param fire: called with a fault of module or network.
    :param source: the random numbers of the noise.
    """

    def __init__(
        self,
        direction: Direction,
        faults: Iterable[Fault],
        fire: Callable[[Fault], None],
        source: random.Random,
    ) -> None:
        mine = [fault for fault in faults if fault.direction == direction]
        self._direction = direction
        self._faults = sorted(mine, key=lambda fault: fault.offset)
        self._fire = fire
        self._source = source
        self._count = 0
        self._left = {"drop": 0, "garble": 0, "double": 0}
        self._inserted = b""
        self.silent_until = NOW

    def mark(self) -> None:
        """Count from here."""
        self._count = 0

    def add(self, fault: Fault) -> None:
        """Add a fault whose offset counts from here, if it is of this direction."""
        if fault.direction == self._direction:
            offset = self._count + fault.offset
            self._faults.append(dataclasses.replace(fault, offset=offset))
            self._faults.sort(key=lambda fault: fault.offset)

    def room(self, now: float) -> int | float:
        """Return the number of bytes that may pass now."""
        self.strike(now)
        if now < self.silent_until:
            return 0
        return self._faults[0].offset - self._count if self._faults else NEVER

    def passed(self, data: bytes) -> bytes:
        """Return the bytes to deliver for bytes that pass."""
        self._count += len(data)
        before = self.inserted()
        if not any(self._left.values()):
            return before + data
        changed = (self._changed(data[i : i + 1]) for i in range(len(data)))
        return before + b"".join(changed)

    def inserted(self) -> bytes:
        """Return the bytes to insert after those that have passed."""
        data, self._inserted = self._inserted, b""
        return data

    def strike(self, now: float) -> None:
        """Apply the faults whose offset has been reached."""
        while self._faults and self._faults[0].offset <= self._count:
            self._strike(self._faults.pop(0), now)

    def _strike(self, fault: Fault, now: float) -> None:
        if fault.action in self._left:
            self._left[fault.action] += fault.count
        elif fault.action == "insert":
            self._inserted += fault.data
        elif fault.action == "silence":
            self.silent_until = now + fault.seconds
        else:
            self._fire(fault)

    def _changed(self, byte: bytes) -> bytes:
        for action, left in self._left.items():
            if left:
                self._left[action] -= 1
                return {
                    "drop": b"",
                    "double": byte * 2,
                    "garble": bytes((byte[0] ^ self._source.randrange(1, 256),)),
                }[action]
        return byte
