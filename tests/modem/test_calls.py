"""How long the way of a request through the client is, in calls."""

from __future__ import annotations

from benchmarks.calls import count


def test_a_warm_get_makes_few_calls() -> None:
    """Each call is something that a reader of the code must follow."""
    assert count().ours.total() <= 350
