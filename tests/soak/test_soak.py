"""The short form; ``tox -e soak`` makes more requests."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Iterator

import pytest

from requests_bg96.emulator import SystemClock, VirtualClock
from tests.soak.soak import Report, Soak

#: The bytes by which permanent things may grow: tables, strings, counters.
GROWTH = 300_000


@contextlib.contextmanager
def traced(wanted: bool = True) -> Iterator[None]:
    """Count memory, which makes a run four times as long."""
    if wanted:
        tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def check(report: Report) -> None:
    """Check that nothing is lost, sent twice, or held."""
    assert report.problems == []
    assert report.before is not None and report.after is not None
    assert report.after.memory - report.before.memory < GROWTH
    assert report.after.descriptors == report.before.descriptors
    assert report.after.threads == report.before.threads


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_among_many_requests(seed: int) -> None:
    """Time is virtual, and the line loses bytes that nobody reads."""
    with traced(seed == 1):
        report = Soak(VirtualClock(), 0.1, seed).run(60)
    check(report)
    assert report.faults.total() > 2 and report.outcomes["right"] > 40
    assert report.accounted["up"] > 8_000 and report.accounted["down"] > 80_000


def test_faults_among_many_requests_over_sockets() -> None:
    """Connections are kept, and several responses are unread at a time."""
    report = Soak(VirtualClock(), 0.1, 1, "socket").run(60)
    assert report.problems == []
    assert report.faults.total() > 2 and report.outcomes["right"] > 40
    assert report.accounted["up"] > 8_000 and report.accounted["down"] > 80_000


def test_many_requests_in_real_time() -> None:
    """Threads read for callers who are away."""
    with traced():
        report = Soak(SystemClock(), 0.0).run(50)
    check(report)
    assert report.outcomes["right"] > 40
