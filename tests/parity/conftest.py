"""Fixtures that run a test once for each transport."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from requests_bg96 import BG96Adapter

MakeAdapter = Callable[..., HTTPAdapter]


@pytest.fixture(params=["stock", "modem", "socket"])
def transport(request: pytest.FixtureRequest) -> Any:
    """The transport of this test's requests."""
    return request.param


@pytest.fixture
def make_adapter(transport: str, request: pytest.FixtureRequest) -> MakeAdapter:
    """The adapter class of the transport; over the modem, with its port."""
    if transport == "stock":
        return HTTPAdapter
    url = request.getfixturevalue("emulator").url
    if transport == "socket":
        return functools.partial(BG96Adapter, url, via="socket")
    return functools.partial(BG96Adapter, url)


@pytest.fixture
def session(make_adapter: MakeAdapter) -> Iterator[requests.Session]:
    """A session with that adapter on http://."""
    with requests.Session() as session:
        session.mount("http://", make_adapter())
        yield session
