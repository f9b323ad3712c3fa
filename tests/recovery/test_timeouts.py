"""Every wait ends, and the next request works."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
from requests.exceptions import ConnectTimeout, ReadTimeout
from urllib3.util import Timeout

from requests_bg96 import BG96Adapter
from requests_bg96.clock import SystemClock
from requests_bg96.emulator import ConnectSilence, Delay, Fault, Silence
from tests.checks import check_next, outcome
from tests.support import SOMEWHERE, Answers, Rig, response, rig

#: The seconds after which the module itself ends an attempt to connect.
GIVEN_UP = 150.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


def failure(
    made: Rig, timeout: Any = None, **arguments: Any
) -> tuple[Exception, float]:
    """The exception of a GET, and the seconds until it."""
    started = made.clock.now()
    with pytest.raises(requests.RequestException) as caught:
        made.session.request(
            arguments.pop("method", "GET"), SOMEWHERE, timeout=timeout, **arguments
        )
    return caught.value, made.clock.now() - started


def counted(made: Rig) -> int:
    """The number of requests at a server."""
    return len(made.servers.requests)


# Each silence


@pytest.mark.parametrize("timeout", [7, (7, 1000), Timeout(connect=7, read=1000)])
def test_connect(timeout: Any) -> None:
    """The server does not answer."""
    with rig() as made:
        made.servers.failures = [ConnectSilence()]
        error, seconds = failure(made, timeout)
        assert type(error) is ConnectTimeout
        assert 7 <= seconds < 7.5
        check_next(made, GIVEN_UP)
        assert counted(made) == 2


def test_a_connection_that_comes_late() -> None:
    """Its CONNECT leads to data mode, which is left; no payload is sent."""
    with rig() as made:
        made.get()
        made.emulator.network._delay = 20.0  # type: ignore[attr-defined]
        error, _ = failure(made, 5, method="POST", data=b"late")
        assert type(error) is ConnectTimeout
        made.emulator.network._delay = 0.0  # type: ignore[attr-defined]
        check_next(made, 60)
        assert all(b"late" not in body for body in made.servers.bodies)


@pytest.mark.parametrize("timeout", [7, (1000, 7), Timeout(connect=1000, read=7)])
@pytest.mark.parametrize(
    "answer", [[Silence()], [b"HTTP/1.1 200 OK\r\n", Silence()], [Delay(30), HEAD]]
)
def test_head(timeout: Any, answer: Answers) -> None:
    """The server takes the request, and sends nothing or not enough."""
    with rig(answer) as made:
        error, seconds = failure(made, timeout)
        assert type(error) is ReadTimeout
        assert 7 <= seconds < 10
        assert "waiting for the response" in str(error)
        check_next(made)


@pytest.mark.parametrize(
    "answer", [[HEAD, Silence()], [HEAD + b"12345", Silence()], [HEAD, Delay(60), b"x"]]
)
@pytest.mark.parametrize("trailer", ["Content-Length: 10", "Connection: close"])
def test_body(answer: list[Any], trailer: str) -> None:
    """The server stops inside the body; the error is that of stock requests."""
    answer = [answer[0].replace(b"Content-Length: 10", trailer.encode()), *answer[1:]]
    with rig(answer) as made:
        error, seconds = failure(made, (100, 7))
        assert type(error) is requests.ConnectionError
        assert "Read timed out" in str(error)
        assert 7 <= seconds < 12
        check_next(made)


def test_silences_do_not_add_up() -> None:
    """Each silence counts alone: a slow server is not a dead one."""
    slow: Answers = [HEAD] + [part for _ in range(10) for part in (Delay(6), b"x")]
    with rig(slow) as made:
        assert made.get(timeout=7).content == b"x" * 10
        assert made.clock.now() > 60


def test_a_module_that_falls_silent_inside_a_body() -> None:
    """Neither payload nor an error comes. The read ends after `read` seconds.

    Without its trailer, a body with a length is complete.
    """
    body = b"1234567890"
    with rig([HEAD + body]) as made:
        made.get()
        heard = made.heard
    start = heard.index(body)
    for offset in range(len(heard) - 60, len(heard)):
        with rig([HEAD + body], faults=[mute(offset)]) as made:
            found = outcome(made.session, timeout=(5, 5))
            assert made.clock.now() < 15
        if offset >= start + len(body):
            assert isinstance(found, requests.Response) and found.content == body
        else:
            assert type(found) is silent_ending(heard, offset, body), offset
            assert "Read timed out" in str(found)


def silent_ending(heard: bytes, offset: int, body: bytes) -> type[Exception]:
    """The exception if no byte comes after `offset`.

    :param heard: the bytes of a GET without faults.
    """
    if offset < heard.index(b"\r\nQuectel"):
        # The client does not know yet that there is a module.
        return requests.ConnectionError
    if offset < heard.index(b"\r\nOK\r\n\r\n+QHTTPGET: 0"):
        return ConnectTimeout
    # As with stock requests, which return a response after its head.
    started = offset >= heard.index(body)
    return requests.ConnectionError if started else ReadTimeout


def mute(offset: int) -> Fault:
    """A line that carries no more bytes to the host."""
    return Fault("to_host", offset, "silence")


def test_a_line_that_is_cut() -> None:
    """The error comes in time, whichever byte was the last."""
    with rig() as made:
        made.get()
        heard = made.heard
    end = heard.index(b"hello") + len(b"hello")
    for offset in (*range(0, end - 150, 40), *range(end - 150, end)):
        with rig(faults=[mute(offset)]) as made:
            error, seconds = failure(made, (20, 10))
            assert type(error) is silent_ending(heard, offset, b"hello"), offset
            assert seconds <= 35


# Requests without a timeout


def test_no_timeout_is_the_adapters_own() -> None:
    """No request waits for ever."""
    with rig([Silence()], adapter={"timeout": (50, 20)}) as made:
        error, seconds = failure(made)
        assert type(error) is ReadTimeout and 20 <= seconds < 21
        made.servers.failures = [ConnectSilence()]
        error, seconds = failure(made, (None, 5))
        assert type(error) is ConnectTimeout and 50 <= seconds < 51
        check_next(made, GIVEN_UP)


def test_the_default() -> None:
    """Longer than the module needs to connect, and a minute of silence."""
    assert BG96Adapter("emulator://none").timeout == (150.0, 60.0)


@pytest.mark.parametrize(
    ("seconds", "whole"), [(0.3, 1), (1, 1), (1.2, 2), (59.01, 60), (100_000, 65_535)]
)
def test_the_seconds_for_the_module(seconds: float, whole: int) -> None:
    """Our seconds, rounded up to whole ones."""
    with rig() as made:
        made.get(timeout=(10, seconds))
        assert b"AT+QHTTPGET=%d," % whole in made.written
        assert b"AT+QHTTPREAD=%d\r" % whole in made.written
        made.session.post(SOMEWHERE, data=b"x", timeout=(10, seconds))
        size = len(made.servers.requests[-1])
        assert b"AT+QHTTPPOST=%d,11,%d\r" % (size, whole) in made.written


def test_the_time_for_an_upload() -> None:
    """It follows from length and baud rate, not from the read timeout."""
    with rig(baudrate=9600, adapter={"baudrate": 9600}) as made:
        made.emulator.module.store.line_rate = 9600
        body = b"x" * 50_000
        assert made.session.post(SOMEWHERE, data=body, timeout=(10, 2)).ok
        size = len(made.servers.requests[-1])
        seconds = 10 + -(-20 * size // 9600)
        assert b"AT+QHTTPPOST=%d,%d,2\r" % (size, seconds) in made.written
        assert made.clock.now() > 50


# The total timeout


@pytest.mark.parametrize(
    ("silent", "wanted"),
    [
        ("connect", ConnectTimeout),
        ("head", ReadTimeout),
        ("body", requests.ConnectionError),
    ],
)
def test_total(silent: str, wanted: type[Exception]) -> None:
    """urllib3's total limits connecting and the first byte together."""
    answer: Answers = [HEAD, Silence()] if silent == "body" else [Silence()]
    with rig(answer) as made:
        if silent == "connect":
            made.servers.failures = [ConnectSilence()]
        error, seconds = failure(made, Timeout(total=8))
        assert type(error) is wanted
        assert 7.99 <= seconds < 16
        check_next(made, GIVEN_UP)


def test_total_is_used_up_by_connecting() -> None:
    """The rest is for the response."""
    with rig([Silence()]) as made:
        made.emulator.network._delay = 5.0  # type: ignore[attr-defined]
        error, seconds = failure(made, Timeout(total=8))
        assert type(error) is ReadTimeout
        assert 7.99 <= seconds < 10


# After a timeout


def test_a_late_result_is_dropped() -> None:
    """The next request waits for it, and does not take it for its own."""
    late: Answers = [Delay(20), response(b"late")]
    with rig(late) as made:
        # The module waits longer than the client: it has whole seconds.
        error, seconds = failure(made, (10, 6.5))
        assert type(error) is ReadTimeout and seconds < 7
        check_next(made, 60)
        assert counted(made) == 3


def test_a_response_that_comes_late_is_not_the_next_ones() -> None:
    """The late URC reports success, but its body is not ours."""
    with rig([Delay(6.8), response(b"late")]) as made:
        error, _ = failure(made, (10, 6.5))
        assert type(error) is ReadTimeout
        check_next(made, 60)


@pytest.mark.parametrize("at_most", [1.0, 3.0])
def test_a_next_request_with_little_time(at_most: float) -> None:
    """It fails within its own time, and the next one works."""
    with rig() as made:
        made.servers.failures = [ConnectSilence()]
        failure(made, 2)
        error, seconds = failure(made, (at_most, 5))
        assert type(error) is ConnectTimeout
        assert seconds < at_most + 1
        check_next(made, GIVEN_UP)


def test_many_timeouts_in_a_row() -> None:
    """There is one in each phase; then a request works."""
    with rig() as made:
        silent: list[tuple[Answers, type[Exception]]] = [
            ([Silence()], ReadTimeout),
            ([HEAD, Silence()], requests.ConnectionError),
        ]
        for answer, wanted in silent * 3:
            made.servers.failures = [ConnectSilence()]
            assert type(failure(made, 3)[0]) is ConnectTimeout
            made.servers.failures = []
            made.servers.answers = [answer]
            assert type(failure(made, (150, 3))[0]) is wanted
        check_next(made)


# Another thread has the modem


def test_waiting_for_the_modem_counts() -> None:
    """The wait for it is part of connecting."""
    gate = threading.Event()

    def slow(request: Any) -> Any:
        assert gate.wait(10)
        return response(b"first")

    with rig(slow, response(b"second"), clock=SystemClock()) as made:
        thread = threading.Thread(target=made.get)
        thread.start()
        while not made.servers.requests:
            time.sleep(0.005)
        with pytest.raises(ConnectTimeout, match="busy"):
            made.get(timeout=(0.2, 5))
        gate.set()
        thread.join()
        assert made.get(timeout=5).content == b"second"
        assert counted(made) == 2
