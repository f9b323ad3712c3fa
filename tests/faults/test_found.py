"""Faults of the client that the table found, each alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
import requests
from urllib3.util import Retry

from requests_bg96.emulator import Fault, Silence, VirtualClock
from requests_bg96.stats import Recovery
from tests.faults.interrupts import Interrupter
from tests.support import SOMEWHERE, WORD, Rig, response, rig

ERROR = b"\r\n+CME ERROR: 703\r\n"


def strike(
    made: Rig,
    direction: str,
    marker: bytes,
    action: str,
    behind: bool = True,
    **more: object,
) -> None:
    """Add a fault after the next `marker` of the line, or before it.

    The dialogue runs once before, without a fault, to find the place.
    """
    made.session.post(SOMEWHERE, data=b"t=21.5")
    before = len(made.written), len(made.heard)
    made.session.post(SOMEWHERE, data=b"t=21.5")
    said = (made.written[before[0] :], made.heard[before[1] :])
    offset = said[direction == "to_host"].index(marker) + len(marker) * behind
    fault = Fault(direction, offset, action, **more)  # type: ignore[arg-type]
    made.emulator.add_fault(fault)


@pytest.mark.parametrize(
    "marker", [b"+QHTTPPOST:", b"+QHTTPPOST: 0", b"+QHTTPPOST: 0,"]
)
def test_a_garbled_result_does_not_send_a_second_request(marker: bytes) -> None:
    """The server has seen it, so `Retry` must not repeat it."""
    with rig(adapter={"max_retries": Retry(5)}) as made:
        strike(made, "to_host", marker, "insert", data=b"?")
        sent = len(made.servers.requests)
        with pytest.raises(requests.ConnectionError, match="while waiting"):
            made.session.post(SOMEWHERE, data=b"t=21.5")
        assert len(made.servers.requests) == sent + 1
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"


def test_a_connect_after_an_error_is_noticed() -> None:
    """Otherwise the next commands are the request's body."""
    with rig() as made:
        strike(made, "to_host", b"", "insert", data=ERROR)
        sent = len(made.servers.requests)
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"
        assert len(made.servers.requests) == sent + 1
        assert not any(b"AT+" in data for data in made.servers.requests)


def test_a_late_connect_is_noticed() -> None:
    """The command was given up. A greeting that CONNECT answers has failed."""
    with rig() as made:
        strike(made, "from_host", b"AT+QHTTPPOST=", "silence", seconds=30.0)
        with pytest.raises(requests.ConnectionError):
            made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(3, 5))
        for _ in range(2):
            answer = made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(60, 5))
            assert answer.content == b"hello"


def test_an_error_inside_ok_does_not_send_twice() -> None:
    """Only parts of OK come. The result URC after it answers the request, too."""
    with rig(adapter={"via": "file", "max_retries": Retry(5)}) as made:
        answer = b"K\r\n\r\n+QHTTPPOSTFILE"
        strike(made, "to_host", answer, "insert", behind=False, data=ERROR)
        sent = len(made.servers.requests)
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"
        assert len(made.servers.requests) == sent + 1
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"


@pytest.mark.parametrize("beyond", [0, 2])
def test_an_error_that_ok_contradicts_does_not_send_twice(beyond: int) -> None:
    """A request by file is at the server with OK, whatever noise says before."""
    with rig(adapter={"via": "file"}) as made:
        answer = b"\r\nOK\r\n\r\n+QHTTPPOSTFILE"[beyond:]
        strike(made, "to_host", answer, "insert", behind=False, data=ERROR)
        sent = len(made.servers.requests)
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"
        assert len(made.servers.requests) == sent + 1


def test_a_byte_that_the_checksum_of_a_file_does_not_show() -> None:
    """It comes after the file, where a line must begin."""
    body = b"first: " + b"0123456789" * 4
    answer = response(body[:40])
    with rig(answer, adapter={"via": "file"}) as made:
        strike(made, "to_host", b"first: 012345678901", "double")
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == body[:40]
        assert made.written.count(b"AT+QFDWL=") == 4


def test_a_response_that_was_fetched_already() -> None:
    """Its OK was lost. The module always says 703, and is not asked without end."""
    with rig(adapter={"via": "file"}) as made:
        strike(
            made,
            "to_host",
            b"\r\nOK\r\n\r\n+QHTTPREADFILE",
            "insert",
            False,
            data=ERROR,
        )
        with contextlib.suppress(requests.RequestException):
            made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(10, 5))
        assert made.clock.now() < 30
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"


@pytest.mark.parametrize(
    ("idle", "text"), [(2.0, "nothing answers AT"), (0.0, "no answer within 20.0 s")]
)
def test_a_module_that_is_cut_off_for_long(idle: float, text: str) -> None:
    """It is tried for as long as the caller has time."""
    with rig() as made:
        made.get()
        made.clock.sleep(idle)
        made.emulator.add_fault(Fault("from_host", 0, "silence", seconds=50.0))
        with pytest.raises(requests.ConnectTimeout, match=text):
            made.get(timeout=(20, 5))
        assert made.clock.now() == pytest.approx(idle + 20.0, abs=0.5)
        assert made.get(timeout=(60, 5)).content == b"hello"


class Later(VirtualClock):
    """A clock that acts at a given time."""

    def __init__(self) -> None:
        super().__init__()
        self.at = float("inf")
        self.action: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() >= self.at:
            self.at = float("inf")
            self.action()


@pytest.mark.parametrize("after, comes", [(10.0, True), (20.0, False)])
def test_a_port_that_is_away_for_a_while(after: float, comes: bool) -> None:
    """As that of a module on USB while it starts; but not for ever."""
    clock = Later()
    with rig(clock=clock) as made:
        made.get()
        made.emulator.unplug()
        clock.at, clock.action = clock.now() + after, made.emulator.plug
        if comes:
            assert made.get(timeout=(60, 5)).content == b"hello"
        else:
            with pytest.raises(requests.ConnectionError, match="unplugged"):
                made.get(timeout=(60, 5))
            assert clock.now() == pytest.approx(15.0, abs=1.0)


def test_a_file_that_does_not_arrive_takes_no_time_of_its_own() -> None:
    """The line's time for a payload does not count, but silence does."""
    with rig(adapter={"via": "file"}) as made:
        strike(made, "from_host", b"POST /path", "silence", seconds=200.0)
        before = made.clock.now()
        with pytest.raises(requests.ConnectionError):
            made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(20, 5))
        assert made.clock.now() - before < 21.0


def test_a_connect_that_is_too_late() -> None:
    """The module no longer waits for the request, whose lines would be commands."""
    with rig() as made:
        strike(made, "to_host", b"", "silence", seconds=20.0)
        sent = len(made.servers.requests)
        assert made.session.post(SOMEWHERE, data=b"AT+CFUN=0\r").content == b"hello"
        assert len(made.servers.requests) == sent + 1
        assert made.emulator.module.functionality == 1


def test_a_module_that_noise_has_told_to_wait_for_hours() -> None:
    """No request has the time for it, but one of them is the last that fails."""
    with rig() as made:
        for _ in range(2):
            made.get(timeout=15)
        made.emulator.add_fault(Fault("from_host", len(b"AT+QHTTPGET=15"), "drop"))
        made.servers.answers = [[Silence()], response(b"hello")]
        with pytest.raises(requests.ReadTimeout):
            made.get(timeout=15)
        with pytest.raises(requests.ConnectTimeout, match="703"):
            made.get(timeout=15)
        assert made.get(timeout=15).content == b"hello"
        assert made.modem.stats.recoveries[Recovery.CONTEXT] == 1
        assert made.clock.now() < 60


@pytest.mark.parametrize("beyond", range(0, 80, 8))
def test_a_urc_inside_an_echo(beyond: int) -> None:
    """A line with a speed leaves time for one between two bytes of the question."""
    answer = response(b"hello", b"Connection: close")
    with rig(answer, baudrate=115_200) as made:
        made.get()
        before = len(made.heard)
        made.get()
        echo = WORD.search(made.heard[before:])
        assert echo is not None
        offset = echo.start() + beyond
        made.emulator.add_fault(Fault("to_host", offset, "urc", data=b"+CEREG: 1"))
        assert made.get().content == b"hello"
        assert b"+CEREG: 1" in made.heard


def test_interrupted_while_the_port_is_closed() -> None:
    """At any line, the next request opens it again."""
    for line in range(1, 200):
        with rig() as made:
            made.get()
            ended = False
            with contextlib.suppress(KeyboardInterrupt):
                Interrupter(line).run(made.modem.close)
                ended = True
            assert made.get().content == b"hello"
            if ended:
                break
    assert 30 < line < 150


def test_a_module_that_restarts_between_two_connections() -> None:
    """It hears no command meanwhile; the next connection is asked for again."""
    answer = response(b"hello", b"Connection: close")
    with rig(answer, adapter={"via": "socket"}) as made:
        made.get()
        before = len(made.heard)
        made.get()
        last = len(made.heard) - before - len(b"\nOK\r\n")
        made.emulator.add_fault(Fault("to_host", last, "reset_quiet"))
        made.get()
        assert made.get(timeout=40).content == b"hello"
        assert len(made.servers.requests) == 4
