"""The comparison notices each way in which the runs can differ."""

from __future__ import annotations

import pathlib
import socket

import pytest

from tests.conformance import guard
from tests.conformance.compare import compare
from tests.conformance.exceptions import Exceptions, read
from tests.conformance.results import Result, load, save

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "conformance.rst"

STOCK = {
    "a": Result(dialled=1, connected=1),
    "b": Result(),
    "c": Result(outcome="failed"),
}
MODEM = {
    "a": Result(asked=2, exchanges=2),
    "b": Result(),
    "c": Result(outcome="failed"),
}


def test_equal_runs_have_no_differences() -> None:
    """A test that fails with the stock adapter may fail over the modem."""
    verdict = compare(STOCK, MODEM, {}, Exceptions())
    assert verdict.differences == []
    assert (verdict.run, verdict.passed, verdict.through_modem) == (2, 2, 1)
    assert verdict.text().endswith("\n2 passed, 0 failed")


@pytest.mark.parametrize(
    ("modem", "fault"),
    [
        (Result("failed", exchanges=1, message="E boom"), "failed over the modem"),
        (Result("skipped"), "skipped over the modem"),
        (Result(asked=1), "made no exchange"),
        (Result(exchanges=1), "asked the modem for nothing"),
        (Result(asked=1, exchanges=1, dialled=1), "past the modem"),
        (None, "did not run"),
    ],
)
def test_every_kind_of_difference_is_reported(modem: Result | None, fault: str) -> None:
    """One difference, in words, and a verdict that is not clean."""
    runs = {test: result for test, result in MODEM.items() if test != "a"}
    if modem is not None:
        runs["a"] = modem
    verdict = compare(STOCK, runs, {}, Exceptions())
    assert [fault in difference for difference in verdict.differences] == [True]
    assert verdict.passed == 1


def test_an_excused_test_is_counted_apart() -> None:
    """The table has the test's parameters, or not."""
    stock = {"x::t[1]": Result(dialled=1), "x::t[2]": Result(dialled=1)}
    verdict = compare(stock, {}, {}, Exceptions(impossible={"x::t": "proxy"}))
    assert (verdict.run, verdict.excluded, verdict.differences) == (2, 2, [])


def test_kept_alive_tests_are_judged_by_their_own_run() -> None:
    """Their result with one request per connection does not matter."""
    listed = Exceptions(keep_alive={"a": "two requests"})
    modem = MODEM | {"a": Result("failed")}
    good = compare(STOCK, modem, {"a": Result(asked=2, exchanges=2)}, listed)
    assert (good.differences, good.kept_alive) == ([], 1)
    bad = compare(STOCK, modem, {"a": Result("failed")}, listed)
    assert len(bad.differences) == 1


def test_a_row_that_excuses_nothing_is_a_difference() -> None:
    """The table must shrink when the code gets better."""
    verdict = compare(STOCK, MODEM, {}, Exceptions(impossible={"gone": "TLS"}))
    assert verdict.differences == ["gone: is listed, but needs no excuse"]


def test_a_row_for_a_test_that_passes_is_a_difference() -> None:
    """A test is excused only as long as it fails."""
    verdict = compare(STOCK, MODEM, {}, Exceptions(impossible={"a": "proxy"}))
    assert verdict.differences == ["a: is listed, but needs no excuse"]


def test_the_document_is_read() -> None:
    """Its sections are found by their titles, and each row has a reason."""
    listed = read(DOCUMENT)
    assert len(listed.keep_alive) == 4
    assert all(row.startswith("tests/test_") for row in listed.rows())


def test_results_survive_the_way_between_processes(tmp_path: pathlib.Path) -> None:
    """They are read as they were written."""
    save(tmp_path / "results.json", MODEM)
    assert load(tmp_path / "results.json") == MODEM


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", b"127.1.2.3", "::1", None])
def test_loopback_is_home(host: str | bytes | None) -> None:
    """Names and addresses of this machine."""
    assert guard.is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "10.255.255.1", "0.0.0.0", "fe80::1"])
def test_everything_else_is_not(host: str) -> None:
    """Private networks belong to others, too."""
    assert not guard.is_loopback(host)


def test_the_tarpit_answers_nobody() -> None:
    """A connect to it hangs, and is not refused."""
    with guard.tarpit() as url, socket.socket() as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.connect(("127.0.0.1", int(url.rpartition(":")[2])))
