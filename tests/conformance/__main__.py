"""Download the suite, run it in every way at once, compare, and say so."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from collections.abc import Sequence

from . import compare, exceptions, run, sdist

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = ROOT / "docs" / "conformance.rst"


def conformance(work: pathlib.Path) -> bool:
    """Run the suite under ``work``; True when nothing differs unexpectedly."""
    listed = exceptions.read(EXCEPTIONS)
    suite = sdist.fetch(work)
    # Most of the suite's time is spent asleep in its servers, so the runs share
    # the machine well.
    runs = {
        "stock": run.start(suite, work, "stock", []),
        "modem": run.start(suite, work, "modem", []),
        "keep-alive": run.start(suite, work, "keep-alive", list(listed.keep_alive)),
    }
    results = {name: run.results_of(parts) for name, parts in runs.items()}
    verdict = compare.compare(
        results["stock"], results["modem"], results["keep-alive"], listed
    )
    print(verdict.text())
    return not verdict.differences


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and turn the verdict into an exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("--work-dir", type=pathlib.Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work_dir or pathlib.Path(scratch)
        return 0 if conformance(work.resolve()) else 1


if __name__ == "__main__":
    sys.exit(main())
