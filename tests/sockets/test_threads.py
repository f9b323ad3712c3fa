"""Many threads with sockets on one modem, in the machine's time."""

from __future__ import annotations

import contextlib
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from requests_bg96 import BG96Modem
from requests_bg96.emulator import SystemClock
from requests_bg96.modem_socket import ModemSocket
from tests.emulator.peers import Peer
from tests.sockets.stage import HOST, PORT, Stage, exchange, received, stage
from tests.thread_support import (
    Stopwatch,
    no_deadlock,
    running,
    started,
    until,
)

#: Far less than one slice of a wait, and more than a busy machine takes for a turn.
AT_ONCE = 0.03


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test hangs."""
    with no_deadlock():
        yield


def shared(**options: object) -> contextlib.AbstractContextManager[Stage]:
    """A modem in the machine's time."""
    return stage(clock=SystemClock(), **options)  # type: ignore[arg-type]


def waiting(made: ModemSocket) -> tuple[threading.Thread, list[bytes]]:
    """A thread that waits for bytes, and what it has received."""
    got: list[bytes] = []
    thread = started(lambda: got.append(made.recv(100)))
    time.sleep(0.05)
    return thread, got


def median_seconds(action: Callable[[], object]) -> float:
    """The median time of twenty calls."""
    times = []
    for _ in range(20):
        watch = Stopwatch()
        action()
        times.append(watch.seconds)
    return statistics.median(times)


def test_twelve_threads() -> None:
    """Each has its own connection, and its own bytes."""
    with shared() as made:
        pairs = [made.connect() for _ in range(12)]

        def use(number: int) -> bool:
            one, peer = pairs[number]
            for size in (1, 1_500, 4_000):
                exchange(one, peer, bytes([65 + number]) * size)
            return True

        with ThreadPoolExecutor(12) as pool:
            assert all(pool.map(use, range(12)))


def test_a_sender_does_not_wait_for_the_listener() -> None:
    """A thread that only waits for data gives the module up at once."""
    with shared() as made:
        one, _ = made.connect()
        other, peer = made.connect()
        thread, got = waiting(one)
        assert median_seconds(lambda: other.sendall(b"now")) < AT_ONCE
        assert peer.heard == b"now" * 20
        one.shutdown(socket.SHUT_RD)
        thread.join(5.0)
        assert got == [b""]


def test_a_command_does_not_wait_for_the_listener() -> None:
    """Other users of the modem do not wait for it, either."""
    with shared() as made:
        one, peer = made.connect()
        thread, got = waiting(one)
        assert median_seconds(lambda: made.modem.signal()) < AT_ONCE
        peer.says.append(b"x")
        made.modem.signal()
        thread.join(5.0)
        assert got == [b"x"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_port_with_a_descriptor() -> None:
    """The listener is woken there, too, and not only every 50 ms."""
    with shared() as made, made.emulator.pty() as path:
        modem = BG96Modem(path)
        one = modem.sockets.connect(HOST, PORT, 10.0)
        other = modem.sockets.connect(HOST, PORT, 10.0)
        thread, got = waiting(one)
        assert median_seconds(lambda: other.sendall(b"now")) < AT_ONCE
        made.peers[0].says.append(b"x")
        modem.signal()
        thread.join(5.0)
        assert got == [b"x"]
        modem.close()


def test_one_listens_for_all() -> None:
    """The thread that hears of bytes wakes the thread that waits for them."""
    with shared() as made:
        pairs = [made.connect() for _ in range(6)]
        threads = [waiting(one) for one, _ in pairs]
        for number in (5, 0, 3, 1, 4, 2):
            watch = Stopwatch()
            pairs[number][1].says.append(b"%d" % number)
            made.emulator.urc(b"+CREG: 1")
            threads[number][0].join(5.0)
            assert threads[number][1] == [b"%d" % number]
            assert watch.seconds < 0.5


def test_each_has_its_own_timeout() -> None:
    """The listener's end does not end the others' waits, nor theirs its."""
    with shared() as made:
        seconds = (0.6, 0.2, 0.4)
        pairs = [made.connect() for _ in seconds]

        def wait(pair: tuple[ModemSocket, Peer], timeout: float) -> float:
            pair[0].settimeout(timeout)
            watch = Stopwatch()
            with pytest.raises(TimeoutError):
                pair[0].recv(1)
            return watch.seconds

        with ThreadPoolExecutor(3) as pool:
            took = [*pool.map(wait, pairs, seconds)]
        for expected, found in zip(seconds, took):
            assert expected <= found < expected + 0.25
        for one, peer in pairs:
            one.settimeout(5.0)
            exchange(one, peer)


def test_no_thread_of_its_own() -> None:
    """There is none while nobody waits, and none while somebody does."""
    before = threading.active_count()
    with shared() as made:
        one, peer = made.connect()
        assert threading.active_count() == before
        thread, _ = waiting(one)
        assert threading.active_count() == before + 1
        peer.says.append(b"x")
        made.modem.signal()
        thread.join(5.0)


def test_reading_and_sending_on_one_connection() -> None:
    """Two threads do so at the same time."""
    with shared() as made:
        one, peer = made.connect()
        with running(one.sendall, b"u" * 60_000):
            peer.says += [b"d" * 1_000] * 60
            assert received(one, 60_000) == b"d" * 60_000
        assert peer.heard == b"u" * 60_000


def test_closed_in_another_thread() -> None:
    """The waiting thread gets an error at once."""
    with shared() as made:
        one, peer = made.connect()
        errors: list[BaseException] = []

        def wait() -> None:
            try:
                one.recv(1)
            except OSError as error:
                errors.append(error)

        thread = started(wait)
        time.sleep(0.05)
        watch = Stopwatch()
        one.close()
        thread.join(5.0)
        assert watch.seconds < 0.5
        assert isinstance(errors[0], ConnectionAbortedError)
        until(lambda: peer.gone or made.modem.signal() is None)


def test_closing_while_others_wait() -> None:
    """The listener closes it for them."""
    with shared() as made:
        one, _ = made.connect()
        other, peer = made.connect()
        thread, got = waiting(one)
        other.close()
        until(lambda: peer.gone)
        one.shutdown(socket.SHUT_RD)
        thread.join(5.0)
        assert got == [b""]


def test_a_long_download_lets_others_in() -> None:
    """Each command is a turn."""
    with shared(baudrate=115_200) as made:
        one, peer = made.connect()
        other, beside = made.connect()
        peer.says += [b"d" * 1_000] * 60
        with running(received, one, 60_000):
            time.sleep(0.2)
            watch = Stopwatch()
            exchange(other, beside, b"a few bytes")
            assert watch.seconds < 1.5
