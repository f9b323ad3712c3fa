"""Fixtures of the emulator's tests."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.emulator.host import DELIVERIES, Delivery, HostMaker, make_hosts


@pytest.fixture(params=DELIVERIES)
def delivery(request: pytest.FixtureRequest) -> Delivery:
    """How bytes travel: whole, one by one, or in random pieces."""
    chosen: Delivery = request.param
    return chosen


@pytest.fixture
def any_host(delivery: Delivery) -> Iterator[HostMaker]:
    """Makes hosts with each way of delivery."""
    yield from make_hosts(delivery)


@pytest.fixture
def make_host() -> Iterator[HostMaker]:
    """Makes hosts whose bytes travel whole."""
    yield from make_hosts("whole")
