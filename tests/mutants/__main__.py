"""``python -m tests.mutants``: change a module, and see which test notices.

A survivor is a change that no test has noticed. Either a test is missing, or the change
has no effect: then it belongs into `tests.mutants.equivalents`, with the reason.
"""

from __future__ import annotations

import argparse
import collections
import configparser
import contextlib
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.mutants.equivalents import Place, equivalents
from tests.mutants.making import Mutant, mutants
from tests.mutants.running import preload, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: What a run of the tests needs.
COPIED = ("requests_bg96", "tests", "docs", "tox.ini", "setup.cfg", "pyproject.toml")
#: A run hangs if it takes this many times as long as the first, and some seconds.
PATIENCE, GRACE_SECONDS = 3, 3.0
#: The counts of the results.
RESULTS = ("killed", "equivalent", "survived")


def table() -> dict[str, list[str]]:
    """Return the modules of tox.ini, or parts of them, each with its tests."""
    config = configparser.ConfigParser()
    config.read(ROOT / "tox.ini", encoding="utf-8")
    rows = config["mutants"]["modules"].strip().splitlines()
    cells = (row.partition(" = ") for row in rows)
    return {name.strip(): tests.split() for name, _, tests in cells}


class Trial:
    """The mutants of one module, or of a part of it.

    :param folder: a copy of the repository, in which the module is changed.
    :param name: the module's path, and ``::`` with the part.
    :param tests: the files of its tests.
    """

    def __init__(self, folder: pathlib.Path, name: str, tests: list[str]) -> None:
        self._module, _, self._scope = name.partition("::")
        self._folder = folder
        self._path = folder / self._module
        self._tests = tests
        self._name = name
        self._text = self._path.read_text(encoding="utf-8")
        self._equivalent = set(equivalents(self._module))

    def run(self, every: int, lines: set[int]) -> bool:
        """Run the tests with each mutant, or with some; print the survivors.

        Equivalent mutants are counted only.

        :param every: put each N-th only.
        :param lines: put those of these lines only; all if it is empty.
        :returns: whether none has survived, and the list of equivalents is right.
        """
        started = time.monotonic()
        if not run(self._folder, self._tests, 600.0, first=True):
            sys.exit(f"{self._name}: its tests fail without a mutant")
        for bytecode in self._path.parent.glob(f"__pycache__/{self._path.stem}.*"):
            bytecode.unlink()
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
        told = ", ".join(f"{one} {counts[one]}" for one in RESULTS)
        head = f"{self._name}: {len(chosen)} of {len(made)}"
        print(f"{head}: {told} ({took:.0f} s)", flush=True)
        return self._all_match(made) and not counts["survived"]

    def _put(self, mutant: Mutant, seconds: float) -> str:
        """Put a mutant, and return the result."""
        if mutant.place in self._equivalent:
            return "equivalent"
        self._path.write_text(mutant.code, encoding="utf-8")
        if not run(self._folder, self._tests, seconds, first=False):
            return "killed"
        self._show(mutant.place, f":{mutant.line}")
        return "survived"

    def _all_match(self, made: list[Mutant]) -> bool:
        """Return whether each entry of the list matches a mutant; print the others."""
        scope = f"{self._scope}." if self._scope else ""
        left = self._equivalent - {one.place for one in made}
        left = {one for one in left if f"{one.scope}.".startswith(scope)}
        for one in sorted(left):
            print("an equivalent that matches no mutant:")
            self._show(one)
        return not left

    def _show(self, place: Place, line: str = "") -> None:
        where = f"{self._module}{line} {place.scope}"
        print(f"{where}\n  - {place.before}\n  + {place.after}", flush=True)


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
    known = table()
    if unknown := {*options.modules} - {*known}:
        parser.error(f"not in tox.ini: {', '.join(sorted(unknown))}")
    preload()
    sound = []
    with copied() as folder:
        for name in options.modules or known:
            trial = Trial(folder, name, known[name])
            sound.append(trial.run(options.every, {*options.line}))
    sys.exit(not all(sound))


if __name__ == "__main__":
    main()
