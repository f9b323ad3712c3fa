"""Bytes of a serial port: how they are read and written, on a pseudo-terminal."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from requests_bg96.at.port import NAP, READ_SIZE, Port
from requests_bg96.clock import Deadline, SystemClock
from requests_bg96.errors import PortError

CLOCK = SystemClock()
#: More bytes than a pseudo-terminal keeps while nobody reads them.
MANY = bytes(range(256)) * 200


class Watched(SystemClock):
    """A clock that remembers the naps of a port."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Remember it, and sleep."""
        self.naps.append(seconds)
        super().sleep(seconds)


class Ends(NamedTuple):
    """The two ends of a line: the module's descriptor, and the host's port."""

    module: int
    port: Port
    naps: list[float]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A port on a pseudo-terminal in raw mode."""
    module, slave = os.openpty()
    tty.setraw(slave)
    clock = Watched()
    port = Port(os.ttyname(slave), baudrate=115_200, rtscts=False, clock=clock)
    try:
        yield Ends(module, port, clock.naps)
    finally:
        port.close()
        os.close(slave)
        os.close(module)


def within(seconds: float) -> Deadline:
    """Return the end of a wait."""
    return Deadline(CLOCK, seconds)


def test_what_has_come_is_taken_at_once(ends: Ends) -> None:
    """The read does not wait, even if nothing has come."""
    assert ends.port.pending() == b""
    os.write(ends.module, b"RDY\r\n")
    assert ends.port.read(within(5)) == b"RDY\r\n"
    assert ends.port.pending() == b""


def test_more_bytes_than_the_system_takes_at_once(ends: Ends) -> None:
    """The rest is sent as soon as there is room, and nothing is lost or sent twice."""
    found = bytearray()

    def read() -> None:
        # The system's buffer is full by then.
        time.sleep(0.2)
        while len(found) < len(MANY):
            found.extend(os.read(ends.module, 4_096))

    reader = threading.Thread(target=read)
    reader.start()
    ends.port.write(MANY)
    reader.join()
    assert found == MANY


def test_bytes_of_a_long_payload_gather(ends: Ends) -> None:
    """They are read in few pieces, if it is known that many more come."""
    sent = 40

    def send() -> None:
        for _ in range(sent):
            os.write(ends.module, b"x" * 10)
            time.sleep(NAP / 10)

    sender = threading.Thread(target=send)
    sender.start()
    found: list[bytes] = []
    while sum(map(len, found)) < sent * 10:
        found.append(ends.port.read(within(5), expected=READ_SIZE))
    sender.join()
    # A busy machine delays either side, which only makes the pieces fewer.
    assert len(found) <= sent / 2
    assert b"".join(found) == b"x" * sent * 10


def test_the_end_of_a_payload_does_not_gather(ends: Ends) -> None:
    """Its last bytes are not late; and nothing waits before the line was slow."""
    for left, naps in ((READ_SIZE, 0), (READ_SIZE - 1, 0), (1, 0), (READ_SIZE, 1)):
        os.write(ends.module, b"x")
        assert ends.port.read(within(5), expected=left) == b"x"
        assert ends.naps == [NAP] * naps


def test_a_port_that_goes_away() -> None:
    """Its reader gets an error, and not an end."""
    module, slave = os.openpty()
    tty.setraw(slave)
    port = Port(os.ttyname(slave), baudrate=115_200, rtscts=False, clock=CLOCK)
    os.close(slave)
    os.close(module)
    with pytest.raises(PortError, match="cannot be read"):
        port.read(within(5))
    with pytest.raises(PortError, match="cannot be read"):
        port.pending()
    with pytest.raises(PortError, match="cannot be written"):
        port.write(b"AT\r")
    port.close()
