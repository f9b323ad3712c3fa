"""Fixtures for all tests: a clean environment, servers, and a modem."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from serial.tools import list_ports

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator
from tests.behaviours import Behaviours
from tests.conformance import guard
from tests.servers import Reply, Request, Server, serve

#: requests prefers these to the settings of a session or a call.
UNWANTED = {"requests_ca_bundle", "curl_ca_bundle", "ssl_cert_file", "ssl_cert_dir"}
#: The machine's proxies and modems have an effect, too.
UNWANTED_FORM = re.compile(".*_proxy|bg96_.*")

Script = Callable[..., Server]


def pytest_configure() -> None:
    """No test may reach another machine."""
    guard.refuse_other_hosts()
    # A shell's background job ignores control-C, and so would programs that tests start
    # and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: two thirds of the time, a test waits for real time to pass."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first, so that no core waits for them at the end."""
    items.sort(key=lambda item: "/soak/" not in item.nodeid)


def pytest_collection_finish() -> None:
    """Hide the objects that exist before the tests from garbage collections."""
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's CA bundles, proxies, passwords and modems from the tests."""
    for name in os.environ:
        if name.lower() in UNWANTED or UNWANTED_FORM.fullmatch(name.lower()):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", os.devnull)
    # Also the configuration file of the user who runs the tests.
    monkeypatch.setenv("BG96_CONFIG", os.devnull)
    # A search of this machine's USB takes longer than most tests, and may find a modem.
    monkeypatch.setattr(list_ports, "comports", list)


@pytest.fixture
def http_server() -> Iterator[Server]:
    """The well-behaved server of `tests.behaviours`."""
    with serve(Behaviours()) as server:
        yield server


@pytest.fixture
def raw_server() -> Iterator[Script]:
    """Makes servers that send these replies in order, to any request."""
    with contextlib.ExitStack() as stack:

        def script(*replies: Reply) -> Server:
            remaining = iter(replies)

            def app(request: Request) -> Reply:
                return next(remaining)

            return stack.enter_context(serve(app))

        yield script


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A BG96 in software, turned on."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def modem_session(emulator: Emulator) -> Iterator[requests.Session]:
    """A session whose http:// requests go over the modem."""
    with requests.Session() as session:
        session.mount("http://", BG96Adapter(emulator.url))
        yield session


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process has no socket and no resolver: using one fails the test."""
    tried = []

    def forbidden(*args: Any, **kwargs: Any) -> Any:
        tried.append(args)
        raise AssertionError("a socket was to be used")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, forbidden)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, forbidden)
    yield
    assert not tried
