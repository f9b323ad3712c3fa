"""Run tests in a process of their own, with a changed module."""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import resource
import signal
import sys
import time

import hypothesis
import pytest

__all__ = ("preload", "run")

#: Modules without mutants, imported once for all runs.
PRELOADED = (
    "_hypothesis_pytestplugin",
    "_pytest.pytester",
    "cryptography.x509",
    "h11",
    "hypothesis.strategies",
    "requests",
    "serial.tools.list_ports",
    "socketserver",
)
#: pytest would warn of modules that are imported before it starts.
OPTIONS = (
    "-x",
    "-q",
    "-pno:cacheprovider",
    "-pno:xdist",
    "-Wignore::pytest.PytestAssertRewriteWarning",
    "--hypothesis-profile=mutants",
)
#: A mutant may use memory without end.
MEMORY_LIMIT = 2 << 30
#: In the copy of the repository, how long each test takes.
DURATIONS = "durations.json"


class _QuickFirst:
    """A plugin: the first run measures the tests, the others begin with the quickest.

    :param first: whether this is the first run.
    """

    def __init__(self, first: bool) -> None:
        self._first = first
        self._durations: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests."""
        if not self._first:
            known = json.loads(pathlib.Path(DURATIONS).read_text())
            items.sort(key=lambda item: known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Measure one test."""
        taken = self._durations.get(report.nodeid, 0.0)
        self._durations[report.nodeid] = taken + report.duration

    def pytest_sessionfinish(self) -> None:
        """Keep the durations."""
        if self._first:
            pathlib.Path(DURATIONS).write_text(json.dumps(self._durations))


def preload() -> None:
    """Import what all runs need, and choose the examples of hypothesis."""
    for name in PRELOADED:
        importlib.import_module(name)
    # The same examples in each run, so that the same mutants survive. The first one
    # that fails is enough, so none is made shorter.
    hypothesis.settings.register_profile(
        "mutants",
        database=None,
        deadline=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def run(folder: pathlib.Path, tests: list[str], seconds: float, first: bool) -> bool:
    """Run tests, and return whether they pass.

    :param folder: a copy of the repository.
    :param tests: their files.
    :param seconds: a run that takes longer hangs, and does not pass.
    :param first: whether to keep the bytecode and the times, for the next runs.
    """
    child = os.fork()
    if not child:
        try:
            os._exit(_test(folder, tests, first))
        finally:
            os._exit(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _test(folder: pathlib.Path, tests: list[str], first: bool) -> int:
    """Run tests here, with the package in `folder`; return pytest's exit code."""
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    sys.dont_write_bytecode = not first
    return int(pytest.main([*OPTIONS, *tests], plugins=[_QuickFirst(first)]))
