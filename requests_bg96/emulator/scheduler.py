"""Procedures of the module as generators, run in the order of their time.

A procedure yields a `Wait` and is resumed with True when what it waits for
has come, with False when its time was over. Nothing here waits in earnest: the
owner asks `Scheduler.due` when there is something to do, and runs it then.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Generator
from typing import Any, TypeVar

__all__ = ("NEVER", "NOW", "Procedure", "Scheduler", "Task", "Wait", "never")

NEVER = math.inf
NOW = -math.inf

T = TypeVar("T")
Procedure = Generator["Wait", bool, T]


def never() -> float:
    """Say that a condition will not come by itself."""
    return NEVER


@dataclasses.dataclass(frozen=True)
class Wait:
    """What a procedure waits for.

    :param when: returns the time at which the condition is, or was, true:
        ``NOW`` if it already is, ``NEVER`` if that is not known.
    :param until: the time at which the procedure goes on without it.
    """

    when: Callable[[], float] = never
    until: float = NEVER

    def due(self) -> float:
        """Return the time at which the procedure goes on."""
        return min(self.when(), self.until)


class Task:
    """One running procedure."""

    def __init__(self, procedure: Procedure[Any]) -> None:
        self.procedure = procedure
        self.wait: Wait | None = Wait(lambda: NOW)
        self.started = False

    @property
    def done(self) -> bool:
        """Tell whether the procedure has ended."""
        return self.wait is None

    def resume(self, ready: bool) -> None:
        """Run the procedure up to its next wait."""
        try:
            if self.started:
                self.wait = self.procedure.send(ready)
            else:
                self.started = True
                self.wait = next(self.procedure)
        except StopIteration:
            self.wait = None

    def throw(self, failure: Exception) -> None:
        """Let the procedure fail where it waits."""
        try:
            self.wait = self.procedure.throw(failure)
        except StopIteration:
            self.wait = None

    def cancel(self) -> None:
        """End the procedure where it waits."""
        self.wait = None
        # A procedure that cancels all others is itself running just now.
        if inspect.getgeneratorstate(self.procedure) != inspect.GEN_RUNNING:
            self.procedure.close()


class Scheduler:
    """Runs tasks in virtual order: never late, whenever it is asked.

    :param now: seconds, the time at the start.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._tasks: list[Task] = []

    def spawn(self, procedure: Procedure[Any]) -> Task:
        """Start a procedure; it runs at the next `step`."""
        task = Task(procedure)
        self._tasks.append(task)
        return task

    def cancel_all(self) -> None:
        """End every procedure."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()

    def due(self) -> float:
        """Return the time of the next thing to do."""
        return min(
            (task.wait.due() for task in self._tasks if task.wait), default=NEVER
        )

    def step(self, now: float) -> float:
        """Run everything up to ``now`` and return when the next thing is due."""
        while True:
            while self._run_ready():
                pass
            due = self.due()
            if due > now:
                break
            self.now = max(self.now, due)
        self.now = max(self.now, now)
        return due

    def sleep(self, seconds: float) -> Procedure[None]:
        """Wait for this many seconds."""
        yield Wait(until=self.now + seconds)

    def _run_ready(self) -> bool:
        progress = False
        for task in list(self._tasks):
            if task.wait is None or task not in self._tasks:
                continue
            ready = task.wait.when() <= self.now
            if ready or task.wait.until <= self.now:
                task.resume(ready)
                progress = True
        self._tasks = [task for task in self._tasks if not task.done]
        return progress
