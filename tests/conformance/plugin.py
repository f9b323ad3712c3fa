"""A pytest plugin for the suite: sets the transport, records what happens."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import urllib3.connection

from . import guard, transports
from .results import Result, save
from .rsa import rsa_certificates

results: dict[str, Result] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options by which the runner steers this process."""
    choices = ["stock", *transports.ADAPTERS]
    parser.addoption("--transport", choices=choices, required=True)
    parser.addoption("--results", type=pathlib.Path, required=True)
    parser.addoption("--part", type=int, default=0, help="of the tests, from 0 on")
    parser.addoption("--parts", type=int, default=1, help="how many there are")


def pytest_configure() -> None:
    """Refuse all other hosts before the first import of the suite."""
    guard.refuse_other_hosts()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave the other parts of the tests to other processes."""
    items[:] = items[config.getoption("--part") :: config.getoption("--parts")]


@pytest.fixture(scope="session")
def tarpit() -> Iterator[str]:
    """A place where connecting hangs."""
    with guard.tarpit() as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def certificates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Servers whose certificates the module understands, if it makes TLS."""
    if request.config.getoption("--transport") == "socket":
        yield
        return
    with rsa_certificates(tmp_path_factory.mktemp("rsa")):
        yield


@pytest.fixture(autouse=True)
def transport(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tarpit: str
) -> Iterator[None]:
    """Put one test on the chosen transport, and count what it does there."""
    if hasattr(request.module, "TARPIT"):
        monkeypatch.setattr(request.module, "TARPIT", tarpit)
    result = results.setdefault(request.node.nodeid, Result())
    for kind, name, counting in (
        (urllib3.connection.HTTPConnection, "_new_conn", _counting),
        (urllib3.connection.HTTPSConnection, "connect", _counting_secured),
    ):
        monkeypatch.setattr(kind, name, counting(result, getattr(kind, name)))
    name = request.config.getoption("--transport")
    with transports.choose(name, result):
        yield


def _counting(result: Result, original: Callable[..., Any]) -> Callable[..., Any]:
    def _new_conn(connection: urllib3.connection.HTTPConnection) -> Any:
        result.dialled += 1
        sock = original(connection)
        secured = isinstance(connection, urllib3.connection.HTTPSConnection)
        result.connected += not secured
        return sock

    return _new_conn


def _counting_secured(
    result: Result, original: Callable[..., Any]
) -> Callable[..., Any]:
    def connect(connection: urllib3.connection.HTTPSConnection) -> Any:
        original(connection)
        # After a handshake that fails no request goes out.
        result.connected += 1

    return connect


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the worst of set-up, call and tear-down, and the first failure's text."""
    report = yield
    result = results.setdefault(item.nodeid, Result())
    if not report.passed and result.outcome == "passed":
        result.outcome = report.outcome
        if report.failed:
            result.message = _headline(report)
    return report


def _headline(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).partition("\n")[0]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the results to the runner."""
    save(session.config.getoption("--results"), results)
