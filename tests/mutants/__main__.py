"""``python -m tests.mutants``: change a module, and see which test notices.

A survivor is a change that no test has noticed. Either a test is missing, or the change
has no visible effect.
"""

from __future__ import annotations

import argparse
import collections
import configparser
import contextlib
import importlib
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator

import pytest

from tests.mutants.making import Mutant, mutants

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: What a run of the tests needs.
COPIED = ("requests_bg96", "tests", "docs", "tox.ini", "setup.cfg", "pyproject.toml")
#: Modules without mutants, imported once for all runs.
PRELOADED = ("requests", "hypothesis.strategies", "cryptography.x509", "serial", "h11")
#: pytest would warn of modules that are imported before it starts.
OPTIONS = (
    "-x",
    "-q",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestAssertRewriteWarning",
)
#: A mutant may use memory without end.
MEMORY_LIMIT = 2 << 30
#: A run hangs if it takes this many times as long as the first, and some seconds.
PATIENCE, GRACE_SECONDS = 3, 3.0


def table() -> dict[str, list[str]]:
    """Return the modules of tox.ini, or parts of them, each with its tests."""
    config = configparser.ConfigParser()
    config.read(ROOT / "tox.ini", encoding="utf-8")
    rows = config["mutants"]["modules"].strip().splitlines()
    cells = (row.partition(" = ") for row in rows)
    return {name.strip(): tests.split() for name, _, tests in cells}


def run(folder: pathlib.Path, tests: list[str], seconds: float) -> str:
    """Run tests in a process, and return the result."""
    child = os.fork()
    if not child:
        try:
            os._exit(_test(folder, tests))
        finally:
            os._exit(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return "survived" if status == 0 else "killed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def _test(folder: pathlib.Path, tests: list[str]) -> int:
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
    sys.dont_write_bytecode = True
    return int(pytest.main([*OPTIONS, *tests]))


class Trial:
    """The mutants of one module, or of a part of it.

    :param folder: a copy of the repository, in which the module is changed.
    :param name: the module's path, and ``::`` with the part.
    :param tests: the files of its tests.
    """

    def __init__(self, folder: pathlib.Path, name: str, tests: list[str]) -> None:
        path, _, self._scope = name.partition("::")
        self._folder = folder
        self._path = folder / path
        self._tests = tests
        self._name = name
        self._text = self._path.read_text(encoding="utf-8")

    def run(self, every: int, lines: set[int]) -> None:
        """Run the tests with each mutant, or with every few; print the survivors."""
        started = time.monotonic()
        if run(self._folder, self._tests, 600.0) != "survived":
            sys.exit(f"{self._name}: its tests fail without a mutant")
        seconds = (time.monotonic() - started) * PATIENCE + GRACE_SECONDS
        made = list(mutants(self._text, self._scope))
        chosen = [one for one in made[::every] if not lines or one.line in lines]
        counts: collections.Counter[str] = collections.Counter()
        try:
            for mutant in chosen:
                counts[self._put(mutant, seconds)] += 1
        finally:
            self._path.write_text(self._text, encoding="utf-8")
        took = time.monotonic() - started
        told = ", ".join(f"{counts[one]} {one}" for one in sorted(counts))
        head = f"{self._name}: {len(chosen)} of {len(made)}"
        print(f"{head}: {told} ({took:.0f} s)", flush=True)

    def _put(self, mutant: Mutant, seconds: float) -> str:
        self._path.write_text(mutant.code, encoding="utf-8")
        result = run(self._folder, self._tests, seconds)
        if result == "survived":
            where = f"{self._name.partition('::')[0]}:{mutant.line}"
            print(f"{where}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
        return result


@contextlib.contextmanager
def copied() -> Iterator[pathlib.Path]:
    """A copy of the repository, so that no mutant is ever in it."""
    unwanted = shutil.ignore_patterns("__pycache__")
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source, to = ROOT / name, pathlib.Path(folder, name)
            if source.is_dir():
                shutil.copytree(source, to, ignore=unwanted)
            else:
                shutil.copy(source, to)
        yield pathlib.Path(folder)


def main() -> None:
    """Make the mutants that the command line asks for, and print the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", help="of tox.ini; all of them if none")
    parser.add_argument("--every", type=int, default=1, help="put each N-th only")
    parser.add_argument("--line", type=int, nargs="*", default=(), help="these only")
    options = parser.parse_args()
    for name in PRELOADED:
        importlib.import_module(name)
    known = table()
    wanted = [name for name in known if name in options.modules or not options.modules]
    with copied() as folder:
        for name in wanted:
            Trial(folder, name, known[name]).run(options.every, {*options.line})


if __name__ == "__main__":
    main()
