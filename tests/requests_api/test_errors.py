"""A failure of the module, as a user of requests sees it, by number and phase."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import requests
import urllib3.connection
import urllib3.exceptions
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, InvalidURL
from urllib3.util import Retry

from requests_bg96.emulator import (
    Delay,
    Fault,
    Hangup,
    NetworkFailure,
    Silence,
    Switches,
    TlsFailure,
)
from requests_bg96.emulator.results import cme_text
from requests_bg96.errors import Phase
from tests.checks import caused, check_next, place
from tests.support import SOMEWHERE, Answers, Rig, response, rig

P0, P1, P2, P3 = Phase
Kind = Literal["refused", "name", "late", "ours", "url"]

#: The error of each number before the server has seen anything. After CONNECT, "late"
#: is still a timeout, "ours" is still ours, and all others are a broken connection.
KINDS: dict[int, Kind] = {err: "refused" for err in range(701, 731)}
KINDS |= {err: "late" for err in (702, 703, 704, 722, 726, 727, 728)}
KINDS |= {711: "url", 714: "name", 730: "ours"}


class Number(NetworkFailure):
    """A connection that fails with any number."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


def failure(made: Rig, method: str = "GET", **arguments: Any) -> Exception:
    """The exception of a request."""
    with pytest.raises(requests.RequestException) as caught:
        made.session.request(method, SOMEWHERE, **arguments)
    return caught.value


def reason(error: BaseException) -> type:
    """The class of urllib3's exception inside one of requests'."""
    inner = error.args[0]
    if isinstance(inner, urllib3.exceptions.MaxRetryError):
        return type(inner.reason)
    return type(inner)


def check_text(error: Exception, err: int, command: str, phase: Phase) -> None:
    """Check that the text has all facts, and the cause has them as attributes."""
    for part in (str(err), cme_text(err), command, phase.value):
        assert part in str(error)
    cause = caused(error)
    assert (cause.err, cause.phase) == (err, phase)
    assert command in (cause.command or "")


DATA = {"POST": b"x" * 3000}
COMMAND = {"GET": "AT+QHTTPGET", "POST": "AT+QHTTPPOST"}
METHODS = pytest.mark.parametrize("method", ["GET", "POST"])
NUMBERS = pytest.mark.parametrize("err", KINDS)


@NUMBERS
@METHODS
def test_while_connecting(err: int, method: str) -> None:
    """The server has certainly seen nothing."""
    with rig() as made:
        made.servers.failures = [Number(err)] * 1000
        error = failure(made, method, data=DATA.get(method), timeout=20)
        wanted, inner = {
            "refused": (requests.ConnectionError, "NewConnectionError"),
            "name": (requests.ConnectionError, "NameResolutionError"),
            "late": (ConnectTimeout, "ConnectTimeoutError"),
            "url": (InvalidURL, "str"),
            "ours": (requests.RequestException, "str"),
        }[KINDS[err]]
        assert type(error) is wanted and reason(error).__name__ == inner
        check_text(error, err, COMMAND[method], P0)
        assert made.servers.requests == [] and made.clock.now() <= 20
        assert error.request is not None
        made.servers.failures = []
        check_next(made)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_handshake_that_fails() -> None:
    """The module prints only 701; with https it is an SSLError."""
    with rig() as made:
        made.servers.failures = [TlsFailure()]
        with pytest.raises(requests.exceptions.SSLError) as caught:
            made.session.get("https://server.example/", verify=False)
        check_text(caught.value, 701, "AT+QHTTPGET", P0)
        assert "TLS handshake" in str(caught.value)


def check_behind_connect(error: Exception, err: int) -> None:
    """The server may have seen it: these classes do not repeat a POST."""
    if KINDS[err] == "late":
        assert type(error) is requests.ReadTimeout
        assert reason(error) is urllib3.exceptions.ReadTimeoutError
    elif KINDS[err] == "ours":
        assert type(error) is requests.RequestException
    else:
        assert type(error) is requests.ConnectionError
        assert reason(error) is urllib3.exceptions.ProtocolError


@NUMBERS
@METHODS
def test_while_sending(err: int, method: str) -> None:
    """The module stops to take bytes during the request."""
    start, _ = place(
        b"%b /path" % method.encode(), method=method, data=DATA.get(method)
    )
    fault = Fault("from_host", start + 40, "cme", code=err)
    with rig(faults=[fault]) as made:
        error = failure(made, method, data=DATA.get(method))
        check_behind_connect(error, err)
        check_text(error, err, COMMAND[method], P1)
        assert made.servers.requests == []
        check_next(made)


@NUMBERS
@METHODS
def test_while_waiting(err: int, method: str) -> None:
    """The result URC has it."""
    start, _ = place(
        b"%b /path" % method.encode(), method=method, data=DATA.get(method)
    )
    start += 10
    urc = f"{COMMAND[method][2:]}: {err}".encode()
    with rig([Silence()], faults=[Fault("from_host", start, "urc", data=urc)]) as made:
        error = failure(made, method, data=DATA.get(method))
        check_behind_connect(error, err)
        check_text(error, err, COMMAND[method], P2)
        assert len(made.servers.requests) == 1


@NUMBERS
def test_while_asking_for_the_response(err: int) -> None:
    """AT+QHTTPREAD is refused."""
    start, _ = place(b"AT+QHTTPREAD")
    # A busy module is asked again; each answer is a fault of its own.
    offsets = range(start + 3, start + 1000, len(b"AT+QHTTPREAD=10\r"))
    faults = [Fault("from_host", offset, "cme", code=err) for offset in offsets]
    with rig(faults=faults) as made:
        error = failure(made, timeout=10)
        check_behind_connect(error, err)
        check_text(error, err, "AT+QHTTPREAD", P3)
        assert made.clock.now() < 15
        assert len(made.servers.requests) == 1


HALF: Answers = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50,
    Delay(5.0),
    b"x" * 50,
]


@NUMBERS
def test_while_reading(err: int) -> None:
    """The body ends early: the classes of stock requests for its content."""
    _, start = place(b"xxxxx", HALF)
    with rig(HALF, faults=[Fault("to_host", start + 50, "cme", code=err)]) as made:
        error = failure(made)
        if KINDS[err] == "late":
            assert type(error) is requests.ConnectionError
            assert "Read timed out" in str(error)
        else:
            assert type(error) is ChunkedEncodingError
        check_text(error, err, "AT+QHTTPREAD", P3)
        check_next(made)


# Failures without a number


def test_bare_error() -> None:
    """CMEE is on, but some commands still answer a bare ERROR."""
    with rig(sim="ready", registration="home") as made:
        assert made.get().content == b"hello"
        made.emulator.module.sim.power(False)
        error = failure(made, timeout=5)
        assert type(error) is requests.ConnectionError
        assert reason(error) is urllib3.exceptions.NewConnectionError
        assert "ERROR" in str(error) and "AT+QHTTPGET" in str(error)
        assert caught_err(error) is None


def caught_err(error: Exception) -> int | None:
    """The number in the cause, or None."""
    return caused(error).err


@pytest.mark.parametrize("trailer", ["cme", "urc"])
@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n12345",
    ],
)
@pytest.mark.parametrize("chunked", ["raw", "decoded"])
def test_a_server_that_hangs_up(trailer: str, start: bytes, chunked: str) -> None:
    """Both forms of the module's answer, with each framing."""
    with rig([start, Hangup()], switches=switches(trailer, chunked)) as made:
        error = failure(made)
        assert type(error) is ChunkedEncodingError
        check_next(made)


def switches(trailer: str, chunked: str) -> Switches:
    """A firmware."""
    return Switches.from_text({"hangup_trailer": trailer, "chunked": chunked})


def test_a_server_that_hangs_up_before_the_head() -> None:
    """719: the request may have been executed."""
    with rig([Hangup()]) as made:
        error = failure(made, "POST", data=b"x")
        assert type(error) is requests.ConnectionError
        check_text(error, 719, "AT+QHTTPPOST", P2)
        assert made.servers.bodies == [b"x"]


# Repetition


def mounted(made: Rig, retry: Retry) -> None:
    """Let the adapter of `made` retry."""
    made.adapter.max_retries = retry


@METHODS
@pytest.mark.parametrize("err", [701, 702, 713, 714, 716, 717, 719, 729])
def test_connecting_is_repeated_for_every_method(err: int, method: str) -> None:
    """The request is executed once."""
    with rig() as made:
        mounted(made, Retry(total=3, backoff_factor=0))
        made.servers.failures = [Number(err)] * 3
        answer = made.session.request(method, SOMEWHERE, data=DATA.get(method))
        assert answer.content == b"hello"
        assert len(made.servers.requests) == 1 and len(made.servers.hosts) == 4


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_idempotent_requests_are_repeated(method: str) -> None:
    """Even after the server may have seen them."""
    with rig([Hangup()], [Hangup()], response()) as made:
        mounted(made, Retry(total=3, backoff_factor=0))
        assert made.session.request(method, SOMEWHERE).status_code == 200
        assert len(made.servers.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("answer", [[Hangup()], [Silence()], [b"HTTP/1.1 2", Hangup()]])
def test_other_requests_are_not_repeated(method: str, answer: Answers) -> None:
    """The server counts one."""
    with rig(answer) as made:
        mounted(made, Retry(total=3, backoff_factor=0))
        error = failure(made, method, data=b"once", timeout=5)
        assert isinstance(error, requests.ConnectionError | requests.ReadTimeout)
        assert made.servers.bodies == [b"once"]


def test_nothing_is_repeated_unasked() -> None:
    """Not even a GET."""
    with rig([Hangup()], response()) as made:
        assert type(failure(made)) is requests.ConnectionError
        assert len(made.servers.requests) == 1


def test_retry_after() -> None:
    """A status that the caller wants to be repeated."""
    busy = response(b"", b"Retry-After: 0", status=b"503 Service Unavailable")
    with rig(busy, busy, response(b"at last")) as made:
        mounted(made, Retry(total=3, status_forcelist=[503], allowed_methods=None))
        assert made.session.post(SOMEWHERE, data=b"x").content == b"at last"
        assert made.servers.bodies == [b"x"] * 3


# Repairs of the module, while the server has seen nothing


def test_a_context_that_is_lost() -> None:
    """Between two requests, with its URC and without."""
    with rig() as made:
        made.get()
        made.emulator.lose_context()
        assert made.get().content == b"hello"
        made.emulator.module.contexts[1].active = False
        assert made.get().content == b"hello"
        assert len(made.servers.requests) == 3


@pytest.mark.parametrize("err", [705, 706, 707, 708, 709, 710, 712])
@METHODS
def test_one_failure_is_repaired(err: int, method: str) -> None:
    """The request is executed once."""
    with rig() as made:
        made.servers.failures = [Number(err)]
        answer = made.session.request(method, SOMEWHERE, data=DATA.get(method))
        assert answer.content == b"hello"
        assert len(made.servers.requests) == 1 and len(made.servers.hosts) == 2


@pytest.mark.parametrize("err", [703, 704])
def test_a_module_that_is_busy_for_a_while(err: int) -> None:
    """The client waits for it."""
    with rig() as made:
        made.servers.failures = [Number(err)] * 10
        assert made.get(timeout=20).content == b"hello"
        assert 5 <= made.clock.now() <= 20


def test_a_busy_modem_at_the_first_read() -> None:
    """The read is repeated, not the request."""
    start, _ = place(b"AT+QHTTPREAD")
    with rig(faults=[Fault("from_host", start + 3, "cme", code=703)]) as made:
        assert made.get().content == b"hello"
        assert len(made.servers.requests) == 1
