"""Run tests in processes of their own, with a changed module."""

from __future__ import annotations

import functools
import importlib
import os
import pathlib
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence

import _pytest.main
import hypothesis
import pytest

from tests.mutants.patching import Patch

__all__ = ("Tests", "preload")

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
#: A run hangs if it takes this many times the processor time of the first, and some
#: seconds. A busy machine does not change that.
PATIENCE, GRACE_SECONDS = 3, 3
#: It also hangs if it waits for so long.
WAIT_SECONDS = 300.0


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


class Tests:
    """The tests of one module.

    :param folder: a copy of the repository, in which the module may be changed.
    :param files: of the tests, in the copy.
    """

    def __init__(self, folder: pathlib.Path, files: list[str]) -> None:
        self._folder = folder
        self._files = files
        self._seconds = resource.RLIM_INFINITY
        self._order = _Order(folder / "durations.txt")

    def run_first(self, patches: Sequence[Patch | None]) -> list[bool]:
        """Run the tests without a mutant, and then with each patch.

        The tests are imported once for all of them, so this is quick.

        :returns: for each patch, whether a test has noticed it. If the tests fail
            without a mutant, the list is empty.
        """
        results = self._folder / "results.txt"
        results.write_text("")
        loop = _PatchLoop(self._order, patches, results)
        _forked(lambda: self._test(True, loop), wait=float("inf"))
        found = results.read_text().splitlines()
        if found:
            self._seconds = int(found[0])
        return [one == "killed" for one in found[1:]]

    def pass_now(self) -> bool:
        """Run the tests with the module as it is in the copy now."""
        return _forked(lambda: self._test(False, self._order), self._seconds)

    def _test(self, first: bool, plugin: object) -> bool:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.dont_write_bytecode = not first
        return pytest.main([*OPTIONS, *self._files], plugins=[plugin]) == 0


def _forked(
    action: Callable[[], bool],
    seconds: int = resource.RLIM_INFINITY,
    wait: float = WAIT_SECONDS,
) -> bool:
    """Return what `action` returns in another process.

    :param seconds: of processor time; False if that is not enough.
    :param wait: seconds until it must have ended; False if it has not.
    """
    child = os.fork()
    if not child:
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            os._exit(not action())
        finally:
            os._exit(1)
    end = time.monotonic() + wait
    try:
        while time.monotonic() < end:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                return status == 0
            time.sleep(0.01)
    except KeyboardInterrupt:
        os.killpg(child, signal.SIGKILL)
        raise
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _processor_seconds() -> float:
    """Return the processor time of all ended children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Order:
    """A plugin that begins with the quickest tests.

    :param path: the file with the durations of an earlier run, if there is one.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._durations: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests."""
        self.sort(items)

    def sort(self, items: list[pytest.Item]) -> None:
        """Sort the tests by their durations."""
        if self._path.exists():
            lines = self._path.read_text().splitlines()
            # A test may have a blank or a line end in its name, as an escape only.
            known = {name: float(took) for took, _, name in map(_parted, lines)}
            items.sort(key=lambda item: known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Measure one test."""
        taken = self._durations.get(report.nodeid, 0.0)
        self._durations[report.nodeid] = taken + report.duration

    def keep(self) -> None:
        """Write the durations."""
        lines = [f"{took} {name}" for name, took in self._durations.items()]
        self._path.write_text("\n".join(lines))


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(" ")


class _PatchLoop:
    """A plugin that runs the collected tests many times, each time in a process.

    :param order: of the tests.
    :param patches: for each run.
    :param path: the file for the results: the seconds of processor time that a run may
        take, and then a line for each patch.
    """

    def __init__(
        self, order: _Order, patches: Sequence[Patch | None], path: pathlib.Path
    ) -> None:
        self._order = order
        self._patches = patches
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Measure one test."""
        self._order.pytest_runtest_logreport(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests."""
        before = _processor_seconds()
        if not _forked(lambda: self._run(session, None)):
            return True
        seconds = int((_processor_seconds() - before) * PATIENCE) + GRACE_SECONDS
        self._order.sort(session.items)
        with self._path.open("w", buffering=1) as file:
            print(seconds, file=file)
            for patch in self._patches:
                passed = patch is None or _forked(
                    functools.partial(self._run, session, patch), seconds
                )
                print("survived" if passed else "killed", file=file)
        return True

    def _run(self, session: pytest.Session, patch: Patch | None) -> bool:
        if patch is not None and not patch.apply():
            return True
        try:
            _pytest.main.pytest_runtestloop(session)
        except session.Failed:
            return False
        if patch is None:
            self._order.keep()
        return session.testsfailed == 0
