"""Sockets of another program, which was stopped: the next program can do without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from requests_bg96.emulator import Delay
from tests.emulator.peers import Peer
from tests.recovery.programs import left
from tests.sockets.stage import HOST, PORT, TRICKY, Stage, exchange, stage

OPEN = b'AT+QIOPEN=1,%d,"TCP","' + HOST.encode() + b'",%d,0,%d\r'


@contextlib.contextmanager
def left_open(mode: int, *numbers: int, baudrate: int = 115_200) -> Iterator[Stage]:
    """A modem whose module has sockets in this access mode already."""
    with stage(baudrate=baudrate, settings={"baudrate": baudrate}) as made:
        made.emulator.module.store.line_rate = baudrate
        left(made, b"AT+QIACT=1\r", *(OPEN % (one, PORT, mode) for one in numbers))
        yield made


def talks(peer: Peer, pause: float) -> None:
    """Let a server send small packets for some seconds."""
    for place in range(100):
        peer.says += [TRICKY[place : place + 20], Delay(pause)]


@pytest.mark.parametrize(
    "numbers, pause",
    [((0,), 0.05), ((3,), 0.05), (range(12), 0.5)],
    ids=["0", "3", "all"],
)
def test_a_server_whose_bytes_come_unasked(
    numbers: tuple[int, ...], pause: float
) -> None:
    """Direct push mode: they come between any two commands, and look like answers."""
    with left_open(1, *numbers) as made:
        for peer in made.peers.made:
            talks(peer, pause)
        exchange(*made.connect(60.0))
        assert all(peer.gone for peer in made.peers.made[:-1])


def test_a_server_whose_bytes_come_later() -> None:
    """While this program waits for its own."""
    with left_open(1, 5) as made:
        exchange(*made.connect(60.0))
        assert made.peers[0].gone


@pytest.mark.parametrize("baudrate", [9_600, 115_200])
@pytest.mark.parametrize("length", [b"", b",1460"])
def test_a_program_that_ended_at_the_prompt(baudrate: int, length: bytes) -> None:
    """Its payload is completed, and meets no other speed on a slow line."""
    with left_open(0, 0, baudrate=baudrate) as made:
        left(made, b"AT+QISEND=0%b\r" % length)
        exchange(*made.connect(60.0))


@pytest.mark.parametrize("length", [b"", b",1460"])
def test_a_prompt_that_echoes(length: bytes) -> None:
    """What comes there is no more than what was sent."""
    with left_open(0, 0) as made:
        left(made, b"AT+QISDE=1\r", b"AT+QISEND=0%b\r" % length)
        exchange(*made.connect(60.0))
