"""Fixtures for requests by sockets."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.sockets.over import Authorities, Over, over_sockets


@pytest.fixture
def over() -> Iterator[Over]:
    """A session by sockets."""
    with over_sockets() as made:
        yield made


@pytest.fixture
def authorities(tmp_path: pathlib.Path) -> Authorities:
    """A CA."""
    return Authorities(tmp_path)
