"""Fixtures for ``scripted://``, and for limits of memory."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from tests.fuzz.scripted import known_to_pyserial

Bounded = Callable[[int], contextlib.AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def port() -> Iterator[None]:
    """Make ``scripted://`` known."""
    with known_to_pyserial():
        yield


@contextlib.contextmanager
def within(size: int) -> Iterator[None]:
    """Use at most `size` bytes of memory at any time."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        assert tracemalloc.get_traced_memory()[1] - before < size
    finally:
        tracemalloc.stop()


@pytest.fixture
def memory() -> Bounded:
    """Limit the memory of a ``with`` block, in bytes."""
    return within
