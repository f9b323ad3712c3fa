"""The cases: each byte of each dialogue, in both directions, with each fault."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from requests_bg96.emulator import Fault
from requests_bg96.emulator.faults import Direction
from tests.faults.exchanges import EXCHANGES, Exchange
from tests.faults.rigs import begun

DIRECTIONS: tuple[Direction, ...] = ("from_host", "to_host")

#: Each kind of fault, at byte 0.
FAULTS: dict[str, Fault] = {
    "drop": Fault("to_host", 0, "drop"),
    "garble": Fault("to_host", 0, "garble"),
    "double": Fault("to_host", 0, "double"),
    "insert a URC": Fault("to_host", 0, "insert", data=b"\r\n+CEREG: 1\r\n"),
    "insert an error": Fault("to_host", 0, "insert", data=b"\r\n+CME ERROR: 703\r\n"),
    "lull": Fault("to_host", 0, "silence", seconds=2.0),
    "silence": Fault("to_host", 0, "silence", seconds=20.0),
    "deafness": Fault("to_host", 0, "silence", seconds=100.0),
    "urc": Fault("to_host", 0, "urc", data=b"+CEREG: 1"),
    "cme 701": Fault("to_host", 0, "cme", code=701),
    "cme 703": Fault("to_host", 0, "cme", code=703),
    "cme 709": Fault("to_host", 0, "cme", code=709),
    "reset": Fault("to_host", 0, "reset"),
    "reset quietly": Fault("to_host", 0, "reset_quiet"),
    "power down": Fault("to_host", 0, "power_down"),
    "lose the context": Fault("to_host", 0, "lose_context"),
    "hang up": Fault("to_host", 0, "hang_up"),
    "unplug": Fault("to_host", 0, "unplug"),
    "replug": Fault("to_host", 0, "replug"),
}
#: Payload whose bytes are all alike.
DULL = re.compile(rb"(?:x|y|[0-9]){64,}")
#: Faults that change bytes, and that nobody may notice.
NOISE = ("drop", "garble", "double", "insert a URC", "insert an error")
#: The fault of the byte after the offset, or of several bytes.
FORWARD = ("drop", "garble", "double", "lull", "silence", "deafness")


class Case(NamedTuple):
    """One exchange with one fault.

    :param exchange: the exchange.
    :param beginning: what came before, one of its beginnings.
    :param direction: the direction of the byte.
    :param offset: the bytes of the dialogue before it.
    :param kind: the kind of the fault, a key of `FAULTS`.
    """

    exchange: Exchange
    beginning: str
    direction: Direction
    offset: int
    kind: str

    def __str__(self) -> str:
        return (
            f"{self.exchange.name}, {self.beginning}, {self.direction} {self.offset}: "
            f"{self.kind}"
        )

    @property
    def fault(self) -> Fault:
        """The fault."""
        return dataclasses.replace(
            FAULTS[self.kind], direction=self.direction, offset=self.offset
        )


@dataclasses.dataclass(frozen=True)
class Dialogue:
    """The bytes on the line without a fault."""

    from_host: bytes
    to_host: bytes

    def said(self, direction: Direction) -> bytes:
        """The bytes of one direction."""
        return self.from_host if direction == "from_host" else self.to_host


@functools.lru_cache(maxsize=None)
def clean_dialogue(exchange: Exchange, beginning: str) -> Dialogue:
    """Run a dialogue without faults, and return it."""
    with begun(exchange, beginning) as scene:
        rig = scene.rig
        # Bytes that still come belong to what was before.
        rig.emulator.mark()
        before = rig.written, rig.heard
        found = exchange.ask(rig, "first")
        assert found.content == exchange.expected(b"first")
        written, heard = rig.written, rig.heard
        return Dialogue(written[len(before[0]) :], heard[len(before[1]) :])


def every_case(every: int = 1) -> Iterator[Case]:
    """All cases, or one of each `every`, always in the same order."""
    numbers = itertools.count()
    for exchange in EXCHANGES:
        for beginning in exchange.beginnings:
            dialogue = clean_dialogue(exchange, beginning)
            for direction in DIRECTIONS:
                said = dialogue.said(direction)
                for offset in offsets(said):
                    for kind in FAULTS:
                        # After the last byte, the next request begins.
                        if offset == len(said) and kind in FORWARD:
                            continue
                        if next(numbers) % every == 0:
                            yield Case(exchange, beginning, direction, offset, kind)


def offsets(said: bytes) -> list[int]:
    """Each byte, and after the last one; of a long run of payload, every 16th.

    A run is of one character, or of digits.
    """
    dull: set[int] = set()
    for run in DULL.finditer(said):
        inside = range(run.start() + 16, run.end() - 16)
        dull.update(offset for offset in inside if offset % 16)
    return [offset for offset in range(len(said) + 1) if offset not in dull]
