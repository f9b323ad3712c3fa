"""A fault of the line during an exchange does not affect the next request."""

from __future__ import annotations

import pytest
import requests

from requests_bg96.emulator import Delay, Fault, Switches
from tests.support import SOMEWHERE, Rig, response, rig

#: More than one line may have, without a line end.
LONG = response(b"x" * 75_000)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("rtscts", [True, False])
def test_port_lost_under_an_unread_response(closed: bool, rtscts: bool) -> None:
    """Whether it was given up or not, the next request opens the port again.

    Meanwhile the module continues with the response.
    """
    with rig(LONG, adapter={"rtscts": rtscts}, baudrate=921_600) as made:
        unread = made.get(stream=True)
        assert unread.raw.read(100)
        made.emulator.unplug()
        made.emulator.plug()
        if closed:
            unread.close()
        assert made.get(timeout=(30, 10)).content == b"x" * 75_000


def say_before(made: Rig, line: bytes) -> None:
    """Let `line` come before the module's next bytes, as if it were late."""
    made.emulator.add_fault(Fault("from_host", 0, "insert", data=line))


@pytest.mark.parametrize("pause", [0.0, 5.0])
@pytest.mark.parametrize("late", [b"AT\r", b"AT\rAT+CPIN?\r", b"AT+CPIN?\r" * 3])
def test_late_answers_are_not_those_to_what_is_asked(late: bytes, pause: float) -> None:
    """Otherwise a client that is some answers behind would stay so."""
    with rig(answer_delay=0.1) as made:
        made.session.post(SOMEWHERE, data=b"first")
        made.emulator.clock.sleep(pause)
        say_before(made, late)
        for data in (b"second", b"third"):
            assert made.session.post(SOMEWHERE, data=data, timeout=(30, 5)).ok
        assert made.servers.bodies == [b"first", b"second", b"third"]


def test_late_answer_in_pieces() -> None:
    """All bytes that have come are read before a command, not only one read."""
    with rig(fragment=1) as made:
        made.modem.open()
        with made.emulator.condition:
            made.emulator.line.send(b"AT\r", made.clock.now())
        made.emulator.clock.sleep(1.0)
        assert made.modem.info()["model"] == "BG96"


def test_lost_byte_of_an_upload_is_waited_for_as_long_as_for_a_response() -> None:
    """The module waits ten seconds for it, the caller five."""
    with rig() as made:
        made.session.post(SOMEWHERE, data=b"x" * 1_000)
        made.emulator.add_fault(Fault("from_host", 500, "drop"))
        started = made.clock.now()
        with pytest.raises(requests.exceptions.ReadTimeout):
            made.session.post(SOMEWHERE, data=b"x" * 1_000, timeout=(5, 5))
        assert 5 <= made.clock.now() - started <= 6
        assert made.session.post(SOMEWHERE, data=b"again", timeout=(30, 5)).ok


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
#: The length is not known before. The module writes it in half a minute.
PIECES: list[bytes | Delay] = [Delay(4.0), b"piece"]
SLOW = [HEAD, *PIECES * 8]


def test_file_that_grows_is_waited_for() -> None:
    """The read timeout is for silence, even if only the module hears the server."""
    with rig(SLOW, adapter={"via": "file"}) as made:
        assert made.get(timeout=(5, 5)).content == b"piece" * 8


def test_lost_end_of_a_response_by_file() -> None:
    """The client does not wait for a file that stops growing and a silent module."""
    with rig(HEAD + b"hello", adapter={"via": "file"}) as made:
        made.get()
        before = len(made.heard)
        made.get()
        end = made.heard[before:].index(b"+QHTTPREADFILE: 0")
        made.emulator.add_fault(Fault("to_host", end + 5, "drop"))
        started = made.clock.now()
        with pytest.raises(requests.exceptions.ReadTimeout):
            made.get(timeout=(5, 5))
        assert made.clock.now() - started <= 11
        assert made.get(timeout=(30, 5)).content == b"hello"


@pytest.mark.parametrize("late", [0.2, 0.6, 0.9, 1.7, 2.6])
def test_late_answer_after_a_body(late: float) -> None:
    """If only the module knows the end, its answer is not part of the body."""
    with rig(HEAD + b"hello") as made:
        made.get()
        before = len(made.heard)
        made.get()
        end = made.heard[before:].index(b"+QHTTPREAD: 0\r\n") + 15
        made.emulator.add_fault(Fault("to_host", end, "silence", seconds=late))
        assert made.get(timeout=(5, 5)).content == b"hello"
        assert made.get(timeout=(5, 5)).content == b"hello"


def test_dead_line_in_an_upload_by_file() -> None:
    """Each block is confirmed, so an unconfirmed one is the last."""
    data = b"x" * 100_000
    with rig(adapter={"via": "file"}) as made:
        made.session.post(SOMEWHERE, data=data)
        before = len(made.heard)
        made.session.post(SOMEWHERE, data=data)
        sent = made.heard[before:].index(b"CONNECT\r\nA") + 20
        fault = Fault("to_host", sent, "silence", seconds=1_000)
        made.emulator.add_fault(fault)
        started = made.clock.now()
        with pytest.raises(requests.exceptions.ConnectTimeout):
            made.session.post(SOMEWHERE, data=data, timeout=(5, 5))
        assert made.clock.now() - started <= 8


def test_request_given_up_that_ends_while_the_next_one_waits() -> None:
    """Its response then blocks the module, and did not at first."""
    hello = HEAD + b"hello"
    switches = Switches(unread_response="busy")
    with rig(hello, hello, [Delay(7.0), hello], hello, switches=switches) as made:
        made.get()
        before = len(made.heard)
        made.get()
        sent = made.heard[before:].index(b"+QHTTPGET: 0") - 2
        made.emulator.add_fault(Fault("to_host", sent, "replug"))
        with pytest.raises(requests.exceptions.ConnectionError):
            made.get()
        assert made.get(timeout=(15, 5)).content == b"hello"
