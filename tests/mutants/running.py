"""Run tests in processes of their own, with a changed module."""

from __future__ import annotations

import functools
import importlib
import os
import pathlib
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence

import _pytest.main
import hypothesis
import pytest

from tests.mutants.order import PATIENCE, Order
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
#: More than `PATIENCE` times the processor time of the first run, for a run that hangs
#: outside of the tests.
GRACE_SECONDS = 3
#: How a run with a patch ends, and whether a test has then noticed the patch.
OUTCOMES = {"killed": True, "survived": False, "untried": None}
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
    :param module: the file of the module, in the copy.
    :param files: of the tests, in the copy.
    """

    def __init__(
        self, folder: pathlib.Path, module: pathlib.Path, files: list[str]
    ) -> None:
        self._folder = folder
        self._files = files
        self._seconds = resource.RLIM_INFINITY
        self._learned = folder / "learned"
        shutil.rmtree(self._learned, ignore_errors=True)
        self._learned.mkdir()
        self._order = Order(self._learned, module)

    def run_first(self, patches: Sequence[Patch | None]) -> list[bool | None]:
        """Run the tests without a mutant, and then with each patch.

        The tests are imported once for all of them, and only those that call the
        changed function are run, so this is quick.

        :returns: for each patch, whether a test has noticed it, or None if no test has
            tried it. If the tests fail without a mutant, the list is empty.
        """
        results = self._folder / "results.txt"
        results.write_text("")
        loop = _PatchLoop(self._order, patches, results)
        _forked(lambda: self._test(True, self._order, loop), wait=float("inf"))
        found = results.read_text().splitlines()
        if found:
            self._seconds = int(found[0])
        return [OUTCOMES[one] for one in found[1:]]

    def pass_now(self) -> bool:
        """Run the tests with the module as it is in the copy now."""
        return _forked(lambda: self._test(False, self._order), self._seconds)

    def _test(self, first: bool, *plugins: object) -> bool:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.dont_write_bytecode = not first
        return pytest.main([*OPTIONS, *self._files], plugins=plugins) == 0


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


class _PatchLoop:
    """A plugin that runs the collected tests many times, each time in a process.

    :param order: of the tests.
    :param patches: for each run.
    :param path: the file for the results: the seconds of processor time that a run may
        take, and then a line for each patch.
    """

    def __init__(
        self, order: Order, patches: Sequence[Patch | None], path: pathlib.Path
    ) -> None:
        self._order = order
        self._patches = patches
        self._path = path

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests."""
        before = _processor_seconds()
        if not _forked(lambda: self._learn(session)):
            return True
        seconds = int((_processor_seconds() - before) * PATIENCE) + GRACE_SECONDS
        self._order.load()
        with self._path.open("w", buffering=1) as file:
            print(seconds, file=file)
            for patch in self._patches:
                print(self._outcome(session, patch, seconds), file=file)
        return True

    def _outcome(
        self, session: pytest.Session, patch: Patch | None, seconds: int
    ) -> str:
        """Run the tests that call the changed function; return a key of `OUTCOMES`."""
        code = patch and patch.original
        items = self._order.sorted(session.items, code) if code else []
        if not (patch and items):
            return "untried"
        passed = _forked(functools.partial(_tried, session, items, patch), seconds)
        return "survived" if passed else "killed"

    def _learn(self, session: pytest.Session) -> bool:
        """Run all tests without a mutant."""
        self._order.learn()
        passed = _run(session)
        self._order.keep()
        return passed


def _tried(session: pytest.Session, items: list[pytest.Item], patch: Patch) -> bool:
    patch.apply()
    session.items = items
    return _run(session)


def _run(session: pytest.Session) -> bool:
    try:
        _pytest.main.pytest_runtestloop(session)
    except session.Failed:
        return False
    return session.testsfailed == 0
