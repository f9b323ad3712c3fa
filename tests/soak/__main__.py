"""The long form: ``python -m tests.soak``."""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc

from requests_bg96.emulator import SystemClock, VirtualClock
from tests.conformance import guard
from tests.soak.soak import Report, Soak


def main() -> int:
    """Make the requests that the command line asks for, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--share", type=float, default=0.01, help="that have a fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--via", choices=("line", "socket", "auto"), default="line")
    parser.add_argument("--real-time", action="store_true")
    options = parser.parse_args()
    guard.refuse_other_hosts()
    tracemalloc.start()
    clock = SystemClock() if options.real_time else VirtualClock()
    started = time.monotonic()
    report = Soak(clock, options.share, options.seed, options.via).run(options.requests)
    show(report, time.monotonic() - started)
    return bool(report.problems)


def show(report: Report, seconds: float) -> None:
    """Print a report."""
    for problem in report.problems:
        print(problem)
    for name, count in report.outcomes.most_common():
        print(f"{count:7,} {name}")
    faults = ", ".join(f"{name} {count}" for name, count in report.faults.items())
    print(f"{report.faults.total():7,} faults: {faults}")
    print(f"{report.accounted['up']:,} bytes up, {report.accounted['down']:,} down")
    print(f"before: {report.before}\nafter:  {report.after}")
    print(f"{report.seconds:,.0f} s of its time, {seconds:.0f} s of this machine's")


if __name__ == "__main__":
    sys.exit(main())
