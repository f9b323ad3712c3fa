"""Procedures of the module: generators that run in the order of their times.

A procedure yields a `Wait`. It is resumed with True if its condition is true, and
with False if its time is over. The scheduler does not wait itself: the owner asks
`Scheduler.due` for the time of the next step, and calls `Scheduler.step` then.
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
    """Return NEVER: the procedure waits for its time only."""
    return NEVER


@dataclasses.dataclass(frozen=True)
class Wait:
    """The condition that a procedure waits for.

    :param when: returns the time at which the condition is or was true: ``NOW`` if it
        is true already, ``NEVER`` if the time is not known.
    :param until: the time at which the wait ends without it.
    """

    when: Callable[[], float] = never
    until: float = NEVER


class Task:
    """One procedure that runs."""

    def __init__(self, procedure: Procedure[Any]) -> None:
        self.procedure = procedure
        self.wait: Wait | None = Wait(lambda: NOW)
        self.started = False

    @property
    def done(self) -> bool:
        """Whether the procedure has ended."""
        return self.wait is None

    def resume(self, ready: bool) -> None:
        """Run the procedure until its next wait."""
        try:
            if self.started:
                self.wait = self.procedure.send(ready)
            else:
                self.started = True
                self.wait = next(self.procedure)
        except StopIteration:
            self.wait = None

    def throw(self, failure: Exception) -> None:
        """Raise `failure` in the procedure."""
        try:
            self.wait = self.procedure.throw(failure)
        except StopIteration:
            self.wait = None

    def cancel(self) -> None:
        """End the procedure at its wait."""
        self.wait = None
        # A procedure that cancels all tasks is running itself.
        if inspect.getgeneratorstate(self.procedure) != inspect.GEN_RUNNING:
            self.procedure.close()


class Scheduler:
    """Runs tasks in the order of their times. It does not matter when `step` is called.

    :param now: the time at the start, in seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._tasks: list[Task] = []

    def spawn(self, procedure: Procedure[Any]) -> Task:
        """Add a procedure; the next `step` starts it."""
        task = Task(procedure)
        self._tasks.append(task)
        return task

    def cancel_all(self) -> None:
        """End all procedures."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()

    def due(self) -> float:
        """Return the time of the next step."""
        due = NEVER
        for task in self._tasks:
            if wait := task.wait:
                due = min(due, wait.when(), wait.until)
                if due == NOW:
                    break
        return due

    def step(self, now: float) -> float:
        """Run all tasks until `now`; return the time of the next step."""
        while (due := self._run_ready()) <= now:
            self.now = max(self.now, due)
        self.rest(now)
        return due

    def rest(self, now: float) -> None:
        """Set the time to `now`, at which no task is ready."""
        self.now = max(self.now, now)

    def sleep(self, seconds: float) -> Procedure[None]:
        """Wait for `seconds`."""
        yield Wait(until=self.now + seconds)

    def _run_ready(self) -> float:
        """Run the tasks that are ready, and return NOW.

        If none is ready, return the time of the next step. Each byte of a line costs a
        call, so this asks each task once.
        """
        due, ran = NEVER, False
        for task in tuple(self._tasks):
            # A task that has just run may have ended others.
            if (wait := task.wait) is None or task not in self._tasks:
                continue
            when = wait.when()
            if when <= self.now or wait.until <= self.now:
                task.resume(when <= self.now)
                ran = True
            elif not ran:
                due = min(due, when, wait.until)
        if not ran:
            return due
        self._tasks = [task for task in self._tasks if not task.done]
        return NOW
