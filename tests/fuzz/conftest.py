"""Fixtures for what comes over ``scripted://``, and for what is kept of it."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from tests.fuzz.scripted import known_to_pyserial

Bounded = Callable[[int], contextlib.AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def port() -> Iterator[None]:
    """Have ``scripted://``."""
    with known_to_pyserial():
        yield


@contextlib.contextmanager
def within(size: int) -> Iterator[None]:
    """Take `size` bytes of memory at most, at any time."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        assert tracemalloc.get_traced_memory()[1] - before < size
    finally:
        tracemalloc.stop()


@pytest.fixture
def memory() -> Bounded:
    """Bound the memory of a ``with`` block, in bytes."""
    return within
