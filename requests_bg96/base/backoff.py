"""Pauses between attempts at something that a network refuses, or a module denies.

Operators block a SIM that asks too often. After each failure the pause is longer. A
random part is added, so that a thousand boxes that lose a cell at once do not all come
back at once. Sources: GSMA TS.34 "IoT Device Connection Efficiency Guidelines"; u-blox
UBX-20050829 "SARA-R42 application note" 7.2.4, which has operators' numbers.
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import random
import time
from pathlib import Path
from typing import Any

from ..clock import Clock
from .repeating import Rule

__all__ = ("Backoff", "Record")

logger = logging.getLogger(__name__)

#: A pause is longer by up to this part of it, by chance.
SPREAD = 0.5


class Record:
    """The file that keeps pauses when the program ends. One modem has one file.

    Wrong times of this machine's clock change a pause, but never make it longer than
    its rule allows.

    :param path: the file; None keeps nothing.
    """

    def __init__(self, path: str | None) -> None:
        self._path = None if path is None else Path(path)

    def load(self, name: str) -> tuple[int, float]:
        """Return the failures in a row, and the seconds that are left of the pause."""
        entry: Any = self._entries().get(name)
        try:
            failures, seconds, written = map(float, entry)
            elapsed = max(0.0, time.time() - written)
            return max(0, int(failures)), max(0.0, seconds - elapsed)
        except (TypeError, ValueError, OverflowError):
            return 0, 0.0

    def save(self, name: str, failures: int, seconds: float) -> None:
        """Keep them. A file that cannot be written is logged, and stops nothing."""
        if self._path is None:
            return
        entries = {**self._entries(), name: (failures, seconds, time.time())}
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(entries), encoding="utf-8")
            os.replace(beside, self._path)
        except OSError as error:
            logger.warning("the pauses cannot be kept in %s: %s", self._path, error)

    def _entries(self) -> dict[str, object]:
        found: object = None
        if self._path is not None:
            # ValueError: another program's file, or half of one.
            with contextlib.suppress(OSError, ValueError):
                found = json.loads(self._path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}


class Backoff:
    """When the next attempt may be made.

    :param rule: has the pauses, and how many attempts there may be in which time.
    :param clock: the clock.
    :param name: of the entry in `record`.
    :param record: keeps the pauses when the program ends.
    """

    def __init__(
        self, rule: Rule, clock: Clock, name: str = "", record: Record | None = None
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._name = name
        self._record = record or Record(None)
        self._random = random.Random()
        #: The times of the last attempts.
        self._attempts: collections.deque[float] = collections.deque(
            maxlen=rule.attempts
        )
        #: How many attempts in a row have failed.
        self.failures: int
        self.failures, seconds = self._record.load(name)
        longest = max(*rule.pauses, rule.lasting) * (1 + SPREAD)
        self._until = clock.now() + min(seconds, longest)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.failures} failures, {self.left:.0f} s>"

    @property
    def left(self) -> float:
        """The seconds until the next attempt; 0 if it may be made now."""
        now = self._clock.now()
        until = self._until
        if len(self._attempts) == self._attempts.maxlen and self._rule.seconds:
            until = max(until, self._attempts[0] + self._rule.seconds)
        return max(0.0, until - now)

    def attempt(self) -> None:
        """Count an attempt, which is made now."""
        self._attempts.append(self._clock.now())

    def failed(self, *, lasting: bool = False) -> None:
        """Begin the pause after a failure.

        :param lasting: whether the failure lasts: time alone does not end it.
        """
        pauses = self._rule.pauses
        pause = pauses[min(self.failures, len(pauses) - 1)]
        if lasting:
            pause = max(pause, self._rule.lasting)
        pause *= 1 + SPREAD * self._random.random()
        self.failures += 1
        self._until = self._clock.now() + pause
        self._record.save(self._name, self.failures, pause)

    def allow(self) -> None:
        """End the pause now, because the module was reset. The failures still count."""
        self._until = self._clock.now()

    def succeeded(self) -> None:
        """Forget the failures."""
        if self.failures:
            self.failures, self._until = 0, self._clock.now()
            self._record.save(self._name, 0, 0.0)
