"""The exception of urllib3 for each failure, without a modem."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from requests_bg96.errors import (
    BG96Error,
    LimitError,
    ModuleError,
    NoAnswer,
    Phase,
    PortError,
    ReentryError,
    SetupError,
    SocketsInUse,
    TransferError,
    TrustError,
    UnfitURL,
)
from requests_bg96.transport.outcomes import (
    SOURCE_ADDRESS,
    Outcome,
    outcome_of,
    raise_translated,
    urllib3_error,
)

#: The server has not seen the request, or may have seen it.
UNSEEN: tuple[Phase | None, ...] = (None, Phase.CONNECT)
SEEN: tuple[Phase | None, ...] = (Phase.SEND, Phase.WAIT, Phase.READ)
#: All numbers of the manuals, and one that is in none.
NUMBERS = (*range(701, 731), *range(550, 577), 3, 999)
#: Of these, the ones that are no refused or broken connection.
LATE = {702, 703, 704, 722, 726, 727, 728, 569}
UNRESOLVED = {714, 565}
SEEN_OR_NOT = pytest.mark.parametrize("phase", UNSEEN + SEEN)
HTTP = HTTPConnection("server.example")


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("err", NUMBERS)
def test_numbers(err: int, https: bool) -> None:
    """Before the server can have seen the request, and afterwards."""
    before, behind = Outcome.REFUSED, Outcome.BROKEN
    if err in LATE:
        before, behind = Outcome.CONNECT_TIMEOUT, Outcome.READ_TIMEOUT
    elif err in UNRESOLVED:
        before = Outcome.UNRESOLVED
    elif err in (711, 730):
        before = Outcome.OURS
        behind = Outcome.OURS if err == 730 else behind
    elif err == 701 and https:
        before = Outcome.INSECURE
    for phases, outcome in ((UNSEEN, before), (SEEN, behind)):
        for phase in phases:
            error = ModuleError(err, "AT+X", phase=phase)
            assert outcome_of(error, https=https) is outcome
            # The number tells more than the class.
            late = NoAnswer("late", err=err, phase=phase)
            known = err in LATE | UNRESOLVED | {711, 730} or outcome is Outcome.INSECURE
            assert not known or outcome_of(late, https=https) is outcome


@pytest.mark.parametrize("https", [False, True])
@SEEN_OR_NOT
def test_classes(phase: Phase | None, https: bool) -> None:
    """Some decide alone, some by what the server may have seen."""

    def outcome(error: BG96Error) -> Outcome:
        error.phase = phase
        return outcome_of(error, https=https)

    assert outcome(SocketsInUse()) is Outcome.CONNECT_TIMEOUT
    for ours in (LimitError("big"), UnfitURL("long"), ReentryError()):
        assert outcome(ours) is Outcome.OURS
    assert outcome(TrustError("unsafe")) is Outcome.INSECURE
    late = Outcome.READ_TIMEOUT if phase in SEEN else Outcome.CONNECT_TIMEOUT
    assert outcome(NoAnswer("late")) is late
    failed = Outcome.BROKEN if phase in SEEN else Outcome.REFUSED
    for kind in (BG96Error, PortError, SetupError, TransferError):
        assert outcome(kind("lost")) is failed
    assert outcome(ModuleError(None, "AT")) is failed


def test_the_classes_of_urllib3() -> None:
    """They are the values of the outcomes, so none is an alias of another."""
    assert [one.value for one in Outcome] == [
        NewConnectionError,
        NameResolutionError,
        ConnectTimeoutError,
        ReadTimeoutError,
        ProtocolError,
        SSLError,
        BG96Error,
    ]


CASES: list[tuple[BG96Error, Outcome]] = [
    (PortError("lost"), Outcome.REFUSED),
    (ModuleError(714, "AT+X"), Outcome.UNRESOLVED),
    (NoAnswer("late"), Outcome.CONNECT_TIMEOUT),
    (NoAnswer("late", phase=Phase.READ), Outcome.READ_TIMEOUT),
    (TransferError("broken", phase=Phase.READ), Outcome.BROKEN),
    (TrustError("unsafe"), Outcome.INSECURE),
    (LimitError("big"), Outcome.OURS),
]


@pytest.mark.parametrize(("error", "outcome"), CASES)
def test_what_is_raised(error: BG96Error, outcome: Outcome) -> None:
    """The exception for the outcome, with the error as its cause."""
    with pytest.raises(outcome.value) as caught:
        raise_translated(error, HTTP, "/path")
    raised: BaseException = caught.value
    assert type(raised) is (type(error) if outcome is Outcome.OURS else outcome.value)
    assert raised is error or raised.__cause__ is error
    assert (raised is error) == (outcome is Outcome.OURS)
    assert error.__cause__ is None
    assert str(error) in str(raised)
    assert getattr(raised, "url", "/path") == "/path"


def test_where_a_connection_leads_instead() -> None:
    """The text names the proxy that it leads to."""
    with pytest.raises(NameResolutionError, match="resolve 'proxy.example'"):
        raise_translated(ModuleError(714, "AT+X"), HTTP, "/path", "proxy.example")


def test_what_exceptions_have() -> None:
    """The connection, the host and the URL, as those of urllib3 have."""

    def made(error: BG96Error) -> Any:
        return urllib3_error(error, HTTP, "/path")

    late = made(NoAnswer("late", phase=Phase.WAIT))
    assert (late.pool, late.url) == (HTTP, "/path")
    assert late.args[0].endswith(
        "Read timed out: late (while waiting for the response)"
    )
    unmet = made(NoAnswer("late", phase=Phase.CONNECT))
    assert unmet.args[0] is HTTP
    text = "Connection to server.example timed out: late (while connecting)"
    assert unmet.args[1] == text
    refused = made(PortError("lost"))
    assert refused.conn is HTTP and str(refused).endswith(": lost")
    nameless = made(ModuleError(714, "AT+X"))
    assert nameless.conn is HTTP
    assert "resolve 'server.example'" in str(nameless) and "(AT+X)" in str(nameless)
    broken = TransferError("broken", phase=Phase.READ)
    assert made(broken).args == (str(broken), broken)


def test_advice_for_a_handshake() -> None:
    """Only where the module does not say what is wrong."""
    https = HTTPSConnection("server.example")
    failed = urllib3_error(ModuleError(701, "AT+X"), https, "/")
    assert type(failed) is SSLError
    assert str(failed).startswith(f"{ModuleError(701, 'AT+X')}. The TLS handshake")
    unsafe = urllib3_error(TrustError("unsafe"), https, "/")
    assert type(unsafe) is SSLError and unsafe.args == ("unsafe",)
    plain = urllib3_error(ModuleError(701, "AT+X"), HTTP, "/")
    assert type(plain) is NewConnectionError and "TLS" not in str(plain)


def test_what_the_module_does_not_have() -> None:
    """The text names the argument that was passed."""
    refused = urllib3_error(BG96Error(SOURCE_ADDRESS), HTTP, "/")
    assert type(refused) is NewConnectionError and "source_address" in str(refused)


def test_all_numbers_are_tested() -> None:
    """The sets of this file are of different numbers."""
    sets = (LATE, UNRESOLVED, {711, 730, 701})
    assert all(not one & other for one, other in itertools.combinations(sets, 2))
    assert {*itertools.chain(*sets)} <= {*NUMBERS}
