"""Download the suite, run it in every way at once, compare, and say so."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from collections.abc import Mapping, Sequence

from . import compare, exceptions, run, sdist

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = ROOT / "docs" / "conformance.rst"
#: The ways of the adapter that are compared with the stock adapter.
WAYS = ["line", "socket"]


def conformance(work: pathlib.Path, ways: Sequence[str]) -> bool:
    """Run the suite under ``work``; True when nothing differs unexpectedly."""
    listed = exceptions.read(EXCEPTIONS)
    suite = sdist.fetch(work)
    tests: dict[str, list[str]] = {"stock": []}
    if "socket" in ways:
        tests["socket"] = []
    if "line" in ways:
        tests["modem"], tests["keep-alive"] = [], list(listed.keep_alive)
    # Most of the suite's time is spent asleep in its servers, so the runs share
    # the machine well.
    runs = {name: run.start(suite, work, name, names) for name, names in tests.items()}
    results = {name: run.results_of(parts) for name, parts in runs.items()}
    good = True
    for way in ways:
        verdict = verdict_on(way, results, listed)
        print(verdict.text(way))
        good = good and not verdict.differences
    return good


def verdict_on(
    way: str, results: Mapping[str, compare.Results], listed: exceptions.Exceptions
) -> compare.Verdict:
    """The verdict on one way."""
    stock = results["stock"]
    if way == "socket":
        return compare.compare(stock, results["socket"], {}, listed.of_sockets)
    return compare.compare(stock, results["modem"], results["keep-alive"], listed)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and turn the verdict into an exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("--work-dir", type=pathlib.Path)
    parser.add_argument(
        "--via", choices=WAYS, action="append", help="one way; by default, all of them"
    )
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work_dir or pathlib.Path(scratch)
        return 0 if conformance(work.resolve(), options.via or WAYS) else 1


if __name__ == "__main__":
    sys.exit(main())
