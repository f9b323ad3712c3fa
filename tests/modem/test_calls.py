"""The number of calls for one request in the client."""

from __future__ import annotations

from benchmarks.calls import count


def test_a_warm_get_makes_few_calls() -> None:
    """A reader of the code must follow each call."""
    assert count().ours.total() <= 350
