"""Faults as data: at this byte of the dialogue, do that."""

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
    """One thing that goes wrong, once.

    :param direction: the bytes that are counted: "to_host" or "from_host".
    :param offset: the number of bytes that pass before it happens, since the port
        was opened or since `Emulator.mark`. It happens at once when they have
        passed: a module that is reset behind the last byte of a command has not
        looked at it.
    :param action: "drop", "garble" and "double" change ``count`` bytes; "insert" puts
        ``data`` among them. "silence" holds the direction up for ``seconds``. "urc"
        lets the module say ``data`` where it may say a URC, "cme" lets the command in
        progress, or the next one, fail with ``code``. "replug" pulls the cable and
        puts it back in. The others do what the methods of `Emulator` of that
        name do; "hang_up" closes the connection from the server's side.
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
            raise ValueError(f"no such direction: {self.direction!r}")
        if self.action not in get_args(Action):
            raise ValueError(f"no such action: {self.action!r}")


class FaultTap:
    """Counts one direction and harms it where it is told to.

    :param faults: those of this direction are used.
    :param fire: called with a fault that is about more than bytes.
    :param source: of the noise.
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
        """Count anew from here."""
        self._count = 0

    def add(self, fault: Fault) -> None:
        """Let a fault happen whose offset counts from here, if it is of this way."""
        if fault.direction == self._direction:
            offset = self._count + fault.offset
            self._faults.append(dataclasses.replace(fault, offset=offset))
            self._faults.sort(key=lambda fault: fault.offset)

    def room(self, now: float) -> int | float:
        """Return how many bytes may pass now."""
        self.strike(now)
        if now < self.silent_until:
            return 0
        return self._faults[0].offset - self._count if self._faults else NEVER

    def passed(self, data: bytes) -> bytes:
        """Return what comes out of bytes that `room` let in."""
        self._count += len(data)
        before = self.inserted()
        if not any(self._left.values()):
            return before + data
        changed = (self._changed(data[i : i + 1]) for i in range(len(data)))
        return before + b"".join(changed)

    def inserted(self) -> bytes:
        """Return what is to be put behind the bytes that have passed."""
        data, self._inserted = self._inserted, b""
        return data

    def strike(self, now: float) -> None:
        """Let everything happen whose bytes have passed."""
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
