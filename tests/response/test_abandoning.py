"""Responses that are closed early: what it costs, and that the next request is safe."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from requests_bg96.base import times
from requests_bg96.emulator import Delay, Switches, VirtualClock
from requests_bg96.response.drain import Drain
from requests_bg96.stats import Recovery
from tests.support import Rig, response, rig

NEXT = response(b"next")
#: The settings, which are asked for if the module may have restarted.
CHECK = b"AT+CMEE=1;"


def long(size: int, pause: float = 0.0) -> Iterator[Any]:
    """A response of `size` bytes, in packets with pauses."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    for _ in range(size // 1000):
        if pause:
            yield Delay(pause)
        yield bytes(1000)


def left_early(made: Rig, absent: float = 0.0) -> tuple[float, bytes]:
    """Close a response after some bytes; return the time to the end of the next one.

    :param absent: the seconds between the last read and the end.
    """
    answer = made.get(stream=True)
    answer.raw.read(1000)
    made.clock.sleep(absent)
    before, started = len(made.written), made.clock.now()
    answer.close()
    assert made.get(timeout=(30, 5)).content == b"next"
    return made.clock.now() - started, made.written[before:]


def abandoning(
    size: int, baudrate: int | None, *, dtr: bool, pause: float = 0.0
) -> Any:
    """A rig whose first response is long."""
    adapter: dict[str, Any] = {"dtr": dtr}
    if baudrate:
        adapter["baudrate"] = baudrate
    return rig(
        lambda request: long(size, pause),
        NEXT,
        adapter=adapter,
        baudrate=baudrate,
        answer_delay=0.005,
    )


@pytest.mark.parametrize(
    ("baudrate", "most"), [(115_200, 0.35), (921_600, 0.2), (None, 0.2)]
)
@pytest.mark.parametrize("size", [100_000, 5_000_000])
def test_with_dtr(size: int, baudrate: int | None, most: float) -> None:
    """At 115,200 baud, the bytes that the module has buffered take longest."""
    with abandoning(size, baudrate, dtr=True) as made:
        seconds, written = left_early(made)
        assert seconds < most
        # What the module was told is still known, and nothing is asked again.
        assert b"+++" not in written and CHECK not in written
        assert b"QHTTPURL" not in written
        assert made.modem.stats.recoveries[Recovery.RESYNCHRONISE] == 0


@pytest.mark.parametrize(
    ("size", "baudrate", "reads"),
    [
        (10_000, 115_200, True),
        (30_000, 115_200, False),
        (100_000, 921_600, True),
        (300_000, 921_600, False),
        # USB, whose speed in baud means nothing.
        (5_000_000, None, True),
    ],
)
def test_without_dtr(size: int, baudrate: int | None, reads: bool) -> None:
    """The rest is read if that takes less time at the rate at which it comes."""
    with abandoning(size, baudrate, dtr=False) as made:
        seconds, written = left_early(made)
        assert (b"+++" not in written) is reads
        assert seconds < (times.DRAIN + 0.1 if reads else 2.3)


def test_a_rest_that_is_read_is_not_kept() -> None:
    """On USB, much of it may come before leaving data mode would be faster."""
    adapter = {"dtr": False}
    with rig(lambda request: long(2_000_000), adapter=adapter, on_line=None) as made:
        answer = made.get(stream=True)
        tracemalloc.start()
        try:
            answer.close()
            assert made.modem.stats.bytes_down > 2_000_000
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(("pause", "reads"), [(0.02, True), (0.2, False)])
def test_a_network_that_is_slower_than_the_line(pause: float, reads: bool) -> None:
    """The rate is that of the network then: 50 kB/s, or 5."""
    with abandoning(40_000, None, dtr=False, pause=pause) as made:
        seconds, written = left_early(made)
        assert (b"+++" not in written) is reads
        assert seconds < (1.0 if reads else 2.4)


@pytest.mark.parametrize("dtr", [False, True])
@pytest.mark.parametrize("rtscts", [False, True])
def test_a_module_that_has_restarted_meanwhile(dtr: bool, rtscts: bool) -> None:
    """What it was told is not trusted if the last answer is old."""
    settings = {"dtr": dtr, "rtscts": rtscts, "baudrate": 115_200}
    switches = Switches(echo_after_reset=False)
    with rig(
        lambda request: long(400_000),
        NEXT,
        adapter=settings,
        baudrate=115_200,
        switches=switches,
    ) as made:
        answer = made.get(stream=True)
        answer.raw.read(1000)
        made.emulator.reset(urcs=False)
        made.clock.sleep(20.0)
        answer.close()
        assert made.session.post("http://server.example/path", b"x").content == b"next"
        assert made.servers.bodies == [b"", b"x"]


@pytest.mark.parametrize(("absent", "asked"), [(1.0, False), (10.0, True)])
def test_the_settings_after_a_pause(absent: float, asked: bool) -> None:
    """They are asked for if the module has answered nothing for some seconds."""
    with abandoning(5_000_000, 115_200, dtr=True) as made:
        assert (CHECK in left_early(made, absent)[1]) is asked


def test_dtr_that_is_not_wired() -> None:
    """Then the silences of +++ are used after it."""
    with abandoning(1_000_000, 115_200, dtr=True) as made:
        made.emulator.module.set_dtr = lambda on: None
        seconds, written = left_early(made)
        assert b"+++" in written and seconds < 6.0


def test_the_decision() -> None:
    """The first bytes do not count, because they may have waited."""
    clock = VirtualClock()
    drain = Drain(clock, 115_200, by_dtr=False)
    assert drain.is_vain(None) and not drain.is_vain(0)
    assert not drain.is_vain(100_000)
    clock.sleep(0.01)
    assert not drain.is_vain(96_000)
    clock.sleep(times.DRAIN_TRIAL)
    assert drain.is_vain(95_000) and not drain.is_vain(80_000)
    clock.sleep(times.DRAIN)
    assert drain.is_vain(1) and not drain.is_vain(0)


def test_a_rest_that_does_not_come() -> None:
    """Nothing can be measured."""
    clock = VirtualClock()
    drain = Drain(clock, 115_200, by_dtr=False)
    assert not drain.is_vain(10)
    clock.sleep(times.DRAIN_TRIAL)
    assert drain.is_vain(10)


def test_the_decision_with_dtr() -> None:
    """Only a few bytes are read."""
    drain = Drain(VirtualClock(), 115_200, by_dtr=True)
    assert drain.is_vain(577) and not drain.is_vain(576)
