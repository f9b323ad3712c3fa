"""``python -m tests.mutants``: change a module, and see which test notices.

A survivor is a change that no test has noticed. Either a test is missing, or the change
has no effect: then it belongs into `tests.mutants.equivalents`, with the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.mutants.equivalents import Place, equivalents
from tests.mutants.making import Mutant, mutants
from tests.mutants.patching import patch_for
from tests.mutants.running import Tests, preload
from tests.mutants.table import ROOT, table

#: What a run of the tests needs.
COPIED = ("requests_bg96", "tests", "docs", "tox.ini", "setup.cfg", "pyproject.toml")


class Trial:
    """The mutants of one module, or of a part of it.

    :param folder: a copy of the repository, in which the module is changed.
    :param name: the module's path, and ``::`` with the part.
    :param tests: the files of its tests.
    """

    def __init__(self, folder: pathlib.Path, name: str, tests: list[str]) -> None:
        self._module, _, self._scope = name.partition("::")
        self._path = folder / self._module
        self._tests = Tests(folder, self._path, tests)
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
        made = list(mutants(self._text, self._scope))
        chosen = [one for one in made[::every] if not lines or one.line in lines]
        tried = [one for one in chosen if one.place not in self._equivalent]
        survivors = self._survivors(tried)
        took = time.monotonic() - started
        counts = (
            f"killed {len(tried) - survivors}, "
            f"equivalent {len(chosen) - len(tried)}, survived {survivors}"
        )
        head = f"{self._name}: {len(chosen)} of {len(made)}"
        print(f"{head}: {counts} ({took:.0f} s)", flush=True)
        return self._all_match(made) and not survivors

    def _survivors(self, tried: list[Mutant]) -> int:
        """Run the tests with each mutant; print and count the survivors."""
        name = self._module.removesuffix(".py").replace("/", ".")
        patches = [patch_for(name, self._text, one.code) for one in tried]
        killed = self._tests.run_first(patches)
        if len(killed) != len(tried):
            sys.exit(f"{self._name}: its tests fail without a mutant")
        # Its bytecode may be as old as a mutant.
        for bytecode in self._path.parent.glob(f"__pycache__/{self._path.stem}.*"):
            bytecode.unlink()
        try:
            return sum(map(self._survives, tried, killed))
        finally:
            self._path.write_text(self._text, encoding="utf-8")

    def _survives(self, mutant: Mutant, killed: bool | None) -> bool:
        """Return whether the tests pass with a mutant; print it then.

        :param killed: whether a test has noticed it; None if it must still be tried.
        """
        passed = killed is False
        if killed is None:
            self._path.write_text(mutant.code, encoding="utf-8")
            passed = self._tests.pass_now()
        if passed:
            self._show(mutant.place, f":{mutant.line}")
        return passed

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
