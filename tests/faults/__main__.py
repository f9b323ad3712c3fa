"""The whole table: ``python -m tests.faults``."""

from __future__ import annotations

import argparse
import collections
import itertools
import multiprocessing
import sys
import time
from collections.abc import Iterable

from tests.conformance import guard
from tests.faults.cases import FAULTS, Case, every_case
from tests.faults.trial import Hangs, Verdict, carry_out

#: The most problems that are printed.
SHOWN = 40


def verdict(case: Case) -> tuple[Case, Verdict]:
    """Carry a case out."""
    try:
        return case, carry_out(case)
    except Hangs as error:
        return case, Verdict("hangs", 0.0, (str(error),))


def main() -> int:
    """Run the cases that the command line asks for, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--every", type=int, default=1, help="take every n-th case")
    parser.add_argument("--exchange", help="of this name only")
    parser.add_argument("--kind", help="of this kind of fault only")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--shown", type=int, default=SHOWN)
    options = parser.parse_args()
    guard.refuse_other_hosts()
    cases: Iterable[Case] = (
        case
        for case in every_case()
        if options.exchange in (None, case.exchange.name)
        and options.kind in (None, case.kind)
    )
    cases = itertools.islice(cases, 0, None, options.every)
    started = time.monotonic()
    summary = Summary(options.shown)
    with multiprocessing.Pool(options.jobs) as pool:
        for found in pool.imap_unordered(verdict, cases, chunksize=100):
            summary.add(*found)
    summary.show(time.monotonic() - started)
    return bool(summary.problems)


class Summary:
    """The cases by fault and by outcome, and the problems.

    :param shown: the most problems to print.
    """

    def __init__(self, shown: int) -> None:
        self._shown = shown
        self._counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self._longest = 0.0
        self.problems = 0

    def add(self, case: Case, found: Verdict) -> None:
        """Count a case."""
        self._counts[case.kind, found.outcome] += 1
        self._longest = max(self._longest, found.seconds)
        if found.problems:
            self.problems += 1
            if self.problems <= self._shown:
                print(f"{case}: {'; '.join(found.problems)}", flush=True)

    def show(self, seconds: float) -> None:
        """Print a table."""
        outcomes = sorted({outcome for _, outcome in self._counts})
        total: collections.Counter[str] = collections.Counter()
        for number, outcome in enumerate(outcomes, 1):
            print(f"({number}) {outcome}")
        head = "".join(f"{f'({n})':>9}" for n in range(1, len(outcomes) + 1))
        print(f"{'':18}{head}")
        for kind in FAULTS:
            row = [self._counts[kind, outcome] for outcome in outcomes]
            total.update(dict(zip(outcomes, row)))
            print(f"{kind:18}" + "".join(f"{count:9,}" for count in row))
        print(f"{'all':18}" + "".join(f"{total[one]:9,}" for one in outcomes))
        print(
            f"{total.total():,} cases, {self.problems:,} with problems, the longest "
            f"took {self._longest:.1f} s of virtual time; {seconds:.0f} s of this "
            "machine's"
        )


if __name__ == "__main__":
    sys.exit(main())
