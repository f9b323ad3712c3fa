"""A module that sends its script, whatever it is asked.

It is at the far end of ``scripted://``, a port for pyserial. Its time is virtual. A
byte takes the time of the line's speed, so a client that only listens lets time pass.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import serial

from requests_bg96.emulator import VirtualClock
from tests.support import to_question

#: The package in which pyserial looks for ``scripted://``.
PACKAGE = __package__ or ""
#: The bytes between two answers of a script.
NEXT = b"\xfe"
#: A second of silence in a script.
SECOND = b"\xfd"
#: The number of looks at the port before time passes.
PATIENCE = 100_000

_numbers = itertools.count(1)
_by_name: weakref.WeakValueDictionary[str, ScriptedModule] = (
    weakref.WeakValueDictionary()
)


class Hangs(BaseException):
    """The host looks again and again without end."""


class ScriptedModule:
    """Says the next answer whenever something is written to it.

    :param answers: one for each piece that the host writes, with `SECOND` in them;
        after the last it is silent. Or a function of the piece.
    :param flood: said from the start, whenever the line is free.
    :param listens: whether it answers the question whether it listens by itself.
    :param piece: the most bytes that come at once.
    :param slow: seconds that the host takes for each look at what has come.
    """

    def __init__(
        self,
        answers: Iterable[bytes] | Callable[[bytes], bytes] = (),
        flood: Iterable[bytes] = (),
        *,
        listens: bool = True,
        baudrate: int = 921_600,
        piece: int = 64,
        slow: float = 0.0,
    ) -> None:
        self.clock = VirtualClock()
        #: All bytes that were written.
        self.heard: list[bytes] = []
        #: The number of bytes that the host has read.
        self.said = 0
        self._answers = iter(()) if callable(answers) else iter(answers)
        self._answer = answers if callable(answers) else self._next
        self._flood = iter(flood)
        self._listens = listens
        self._byte_time = 10 / baudrate
        self._piece = piece
        self._slow = slow
        self._due: collections.deque[tuple[float, bytes]] = collections.deque()
        self._free = 0.0
        self._looked = 0
        self._looked_at = 0.0
        self.name = f"scripted-{next(_numbers)}"
        _by_name[self.name] = self

    @classmethod
    def find(cls, name: str) -> ScriptedModule:
        """Return the module with this name."""
        return _by_name[name]

    @property
    def url(self) -> str:
        """The port."""
        return f"scripted://{self.name}"

    def hear(self, data: bytes) -> None:
        """Take bytes of the host."""
        self.heard.append(data)
        self.clock.sleep(len(data) * self._byte_time)
        self._free = max(self._free, self.clock.now())
        answer = to_question(data) if self._listens else None
        self._say(self._answer(data) if answer is None else answer)

    def waiting(self) -> int:
        """Return the number of bytes for the host now."""
        now = self.clock.now()
        self._looked = self._looked + 1 if now == self._looked_at else 0
        self._looked_at = now
        if self._looked > PATIENCE:
            raise Hangs(f"looked {PATIENCE} times at {now} s")
        if not self._due and self._free <= now:
            self._say(next(self._flood, b""))
        if not self._due or self._due[0][0] > now:
            return 0
        return len(self._due[0][1])

    def take(self, size: int, seconds: float) -> bytes:
        """Return up to `size` bytes as soon as there are any, within `seconds`."""
        self.clock.sleep(self._slow)
        until = self.clock.now() + seconds
        if not self.waiting():
            due = self._due[0][0] if self._due else until
            self.clock.sleep(min(due, until) - self.clock.now())
        if not self.waiting():
            return b""
        due, data = self._due.popleft()
        if len(data) > size:
            self._due.appendleft((due, data[size:]))
        self.said += len(data[:size])
        return data[:size]

    def _next(self, _: bytes) -> bytes:
        return next(self._answers, b"")

    def _say(self, answer: bytes) -> None:
        for number, part in enumerate(answer.split(SECOND)):
            self._free += bool(number)
            for start in range(0, len(part), self._piece):
                data = part[start : start + self._piece]
                self._free += len(data) * self._byte_time
                self._due.append((self._free, data))


@contextlib.contextmanager
def known_to_pyserial() -> Iterator[None]:
    """Make ``scripted://`` known to pyserial."""
    serial.protocol_handler_packages.append(PACKAGE)
    try:
        yield
    finally:
        serial.protocol_handler_packages.remove(PACKAGE)


def script(data: bytes, limit: int = 64) -> list[bytes]:
    """Return the answers in `data`, which `NEXT` separates."""
    return data.split(NEXT, limit)


def joined(answers: Iterable[Any]) -> bytes:
    """Return answers as one script. No byte of it has another meaning."""
    return NEXT.join(
        answer.replace(NEXT, b"?").replace(SECOND, b"?") for answer in answers
    )
