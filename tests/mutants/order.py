"""Which tests to run for a mutant, in which order, and for how long."""

from __future__ import annotations

import json
import pathlib
import signal
import sys
import threading
from types import CodeType, FrameType
from typing import Any

import pytest

__all__ = ("PATIENCE", "Order")

#: A run hangs if it takes this many times the processor time of the first, and some
#: seconds. A busy machine does not change that.
PATIENCE = 3
#: These seconds for one test, whose processor time is at most its duration.
GRACE_SECONDS = 1.0


class Order:
    """A plugin that begins with the quickest tests, and ends a test that hangs.

    The test that failed last comes before all others: often it notices the next mutant,
    too.

    :param folder: for what it learns in the first run, without a mutant.
    :param module: the file whose functions are changed.
    """

    def __init__(self, folder: pathlib.Path, module: pathlib.Path) -> None:
        self._learned = folder / "learned.json"
        self._failed = folder / "failed.txt"
        self._module = str(module)
        self._durations: dict[str, float] = {}
        self._calls: dict[str, set[str]] = {}
        self._now = ""
        self._learns = False

    def learn(self) -> None:
        """Note from now on which functions of the module each test calls."""
        self._learns = True
        threading.settrace(self._note)
        sys.settrace(self._note)

    def keep(self) -> None:
        """Write what was learned."""
        calls = {name: sorted(called) for name, called in self._calls.items()}
        self._learned.write_text(json.dumps([self._durations, calls]))

    def load(self) -> None:
        """Read what an earlier run has learned, if there was one."""
        if self._learned.exists():
            self._durations, calls = json.loads(self._learned.read_text())
            self._calls = {name: {*called} for name, called in calls.items()}

    def sorted(
        self, items: list[pytest.Item], code: CodeType | None = None
    ) -> list[pytest.Item]:
        """Return the tests in the best order.

        :param code: of a function; only the tests that call it are returned.
        """
        failed = self._failed.read_text() if self._failed.exists() else ""
        called = None if code is None else _key(code)
        return sorted(
            [
                one
                for one in items
                if called in (None, *self._calls.get(one.nodeid, ()))
            ],
            key=lambda one: (
                one.nodeid != failed,
                self._durations.get(one.nodeid, 0.0),
            ),
        )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests."""
        self.load()
        items[:] = self.sorted(items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Let the system end this process if a known test takes too long."""
        self._now = nodeid
        if self._learns:
            self._clear_caches()
        if self._learned.exists():
            seconds = self._durations.get(nodeid, 0.0) * PATIENCE + GRACE_SECONDS
            signal.setitimer(signal.ITIMER_PROF, seconds)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Measure one test, and keep its name if it fails."""
        taken = self._durations.get(report.nodeid, 0.0)
        self._durations[report.nodeid] = taken + report.duration
        if report.failed:
            self._failed.write_text(report.nodeid)

    def _clear_caches(self) -> None:
        """Forget results that the module keeps, so that each test calls it again."""
        for module in [*sys.modules.values()]:
            if getattr(module, "__file__", None) == self._module:
                for value in vars(module).values():
                    if hasattr(value, "cache_clear"):
                        value.cache_clear()

    def _note(self, frame: FrameType, _: str, __: Any) -> None:
        if frame.f_code.co_filename == self._module:
            self._calls.setdefault(self._now, set()).add(_key(frame.f_code))


def _key(code: CodeType) -> str:
    return f"{code.co_firstlineno} {code.co_name}"
