"""What a socket costs: its commands, its waits, and how they are counted."""

from __future__ import annotations

import pytest

from requests_bg96.emulator import Fault
from tests.sockets.over import in_virtual_time
from tests.sockets.stage import exchange, stage

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
URL = "http://server.example/"


@pytest.mark.parametrize(
    ("pause", "asked"), [(0.0, "AT"), (2.0, "AT"), (4.0, "AT+QISTATE=1,0")]
)
def test_a_kept_connection(pause: float, asked: str) -> None:
    """Soon after an answer, AT shows that the module has not restarted."""
    with in_virtual_time(lambda _: ANSWER) as (made, session):
        assert session.get(URL).content == b"hi"
        made.clock.sleep(pause)
        before = len(made.written)
        assert session.get(URL).content == b"hi"
        said = made.written[before:].decode("ascii")
        first, send, *_ = said.split("\r")
        assert (first, send.partition(",")[0]) == (asked, "AT+QISEND=0")
        assert said.count("AT+QI") == 2 + (asked != "AT")


def test_a_silence_is_no_answer() -> None:
    """A wait in which nothing came does not show that the module has not restarted."""
    with stage() as made:
        one, peer = made.connect()
        exchange(one, peer)
        one.settimeout(0.9)
        with pytest.raises(TimeoutError):
            one.recv(1)
        # Less than START after the wait, but more after the last answer.
        made.clock.sleep(2.5)
        before = len(made.written)
        assert not one.wait_readable(0)
        assert made.written[before:] == b"AT+QISTATE=1,0\r"


def test_a_module_that_restarts_after_a_response() -> None:
    """The next request is sent once, over a new connection."""
    heard: list[bytes] = []

    def server(request: bytes) -> bytes:
        heard.append(request)
        return ANSWER

    with in_virtual_time(server) as (made, session):
        assert session.post(URL).content == b"hi"
        made.emulator.add_fault(Fault("from_host", 0, "reset_quiet"))
        assert session.post(URL, timeout=60).content == b"hi"
        assert len(heard) == 2


def test_a_context_that_is_lost_with_the_last_bytes() -> None:
    """It is noticed before the connection is used again."""
    with stage() as made:
        one, peer = made.connect()
        exchange(one, peer)
        peer.says.append(b"data")
        made.fault("to_host", 10, "lose_context")
        # Both URCs come before the bytes are fetched.
        made.modem.signal()
        made.modem.signal()
        assert one.recv(10) == b"data"
        assert one.wait_readable(0.0)
        with pytest.raises(ConnectionResetError):
            one.recv(10)


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_a_full_send_buffer_costs_little(seconds: float) -> None:
    """The module is asked for room. The payload is not sent to find out."""
    with stage() as made:
        one, peer = made.connect(60.0)
        peer.reads = False
        data = b"~" * 14_600

        def read_on() -> bool:
            peer.reads = True
            return False

        made.clock.repeat(read_on, seconds, "reads")
        before = made.clock.now()
        one.sendall(data)
        assert made.clock.now() - before < 2.5 * seconds
        made.modem.signal()
        assert peer.heard == data
        assert made.written.count(b"~") == len(data) + 1_460


def test_a_send_buffer_that_stays_full_costs_little() -> None:
    """The payload is tried again, ever more rarely."""
    with stage() as made:
        one, peer = made.connect(20.0)
        peer.reads = False
        with pytest.raises(TimeoutError, match="send buffer"):
            one.sendall(b"~" * 20_000)
        assert made.written.count(b"~") < 8_192 + 40 * 1_460


def test_the_counts() -> None:
    """Payload of sockets is counted as the bytes of requests and responses are."""
    with stage() as made:
        one, peer = made.connect()
        stats = made.modem.stats
        assert (stats.bytes_up, stats.bytes_down) == (0, 0)
        exchange(one, peer, b"y" * 3_000)
        assert (stats.bytes_up, stats.bytes_down) == (3_000, 3_000)


def test_the_counts_of_requests() -> None:
    """They have the heads."""
    heard: list[bytes] = []

    def server(request: bytes) -> bytes:
        heard.append(request)
        return ANSWER

    with in_virtual_time(server) as (made, session):
        for _ in range(3):
            session.get(URL)
        stats = made.modem.stats
        assert stats.requests == 3
        assert stats.bytes_up == sum(map(len, heard))
        assert stats.bytes_down == 3 * len(ANSWER)
