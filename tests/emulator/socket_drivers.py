"""Socket drivers that use the module as drivers in the field do.

Each has the pattern of a driver that is known to work: what it waits for, what it reads
by length, and what ends a read. None is our client.
"""

from __future__ import annotations

import re
from typing import Any, Callable

#: The seconds that drivers wait for most answers.
PATIENCE = 5.0


class Wire:
    """The port, byte by byte.

    :param port: a port of pyserial.
    :param now: returns the time.
    """

    def __init__(self, port: Any, now: Callable[[], float]) -> None:
        self._port = port
        self.now = now
        port.timeout = 0.01

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._port.write(data)

    def byte(self, until: float) -> bytes:
        """Return the next byte, or b"" if none comes in time."""
        while self.now() < until:
            if data := self._port.read(1):
                return bytes(data)
        return b""

    def exactly(self, length: int) -> bytes:
        """Return this many bytes."""
        until = self.now() + PATIENCE
        return b"".join(self.byte(until) for _ in range(length))

    def up_to(self, *ends: bytes, seconds: float = PATIENCE) -> bytes:
        """Return the bytes until one of some texts."""
        data, until = b"", self.now() + seconds
        while not data.endswith(ends):
            byte = self.byte(until)
            assert byte, (ends, data)
            data += byte
        return data


class Driver:
    """The common part of the drivers: a port, and what URCs have reported.

    :param wire: the port.
    """

    mode = 0
    ready = False
    closed = False

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def command(self, text: bytes, seconds: float = PATIENCE) -> bytes:
        """Send a command; return the bytes until its result."""
        self.wire.write(b"AT" + text + b"\r")
        answer = self.wire.up_to(b"\r\nOK\r\n", b"ERROR\r\n", seconds=seconds)
        self.notice(answer)
        return answer

    def notice(self, text: bytes) -> None:
        """Look for URCs in other bytes."""
        self.ready = self.ready or b'+QIURC: "recv"' in text
        self.closed = self.closed or b'+QIURC: "closed"' in text

    def open(self) -> None:
        """Open socket 0."""
        answer = self.command(b'+QIOPEN=1,0,"TCP","example.org",80,0,%d' % self.mode)
        assert answer.endswith(b"OK\r\n")
        self.notice(self.wire.up_to(b"+QIOPEN: 0,0\r\n", seconds=150))

    def send(self, data: bytes) -> None:
        """Send bytes, at most 1,460."""
        self.wire.write(b"AT+QISEND=0,%d\r" % len(data))
        self.notice(self.wire.up_to(b">"))
        self.wire.write(data)
        self.notice(self.wire.up_to(b"\r\nSEND OK\r\n"))

    def receive(self) -> bytes:
        """Return some bytes; b"" at the end of the connection."""
        raise NotImplementedError

    def close(self) -> None:
        """Close socket 0."""
        assert self.command(b"+QICLOSE=0", 15).endswith(b"OK\r\n")

    def unread(self) -> int:
        """The number of bytes that can be read."""
        answer = self.command(b"+QIRD=0,0")
        found = re.search(rb"\+QIRD: (\d+),(\d+),(\d+)\r\n", answer)
        return int(found[3]) if found else 0

    def header(self, length: int) -> int:
        """Ask for data; return how many bytes come."""
        self.wire.write(b"AT+QIRD=0,%d\r" % length)
        line = self.wire.up_to(b"\r\n+QIRD: ")
        self.notice(line)
        return int(self.wire.up_to(b"\r\n"))

    def rest(self, seconds: float) -> None:
        """Let a time pass, and record URCs."""
        until = self.wire.now() + seconds
        while byte := self.wire.byte(until):
            self.notice(byte + self.wire.up_to(b"\n"))

    def finish(self) -> None:
        """Read the result after data."""
        self.notice(self.wire.up_to(b"OK\r\n"))


class Polling(Driver):
    """It polls the counters twice a second, and asks for the state."""

    def receive(self) -> bytes:
        while not self.unread():
            if b",2,1,0,0," not in self.command(b"+QISTATE=1,0"):
                return b""
            self.rest(0.5)
        data = self.wire.exactly(self.header(64))
        self.finish()
        return data


class Waiting(Driver):
    """It closes everything first, waits for URCs, and reads until fewer bytes come."""

    def open(self) -> None:
        for number in range(12):
            self.command(b"+QICLOSE=%d" % number, 20)
        super().open()

    def receive(self) -> bytes:
        while not self.ready:
            if self.closed:
                return b""
            self.notice(self.wire.up_to(b"\r\n", seconds=60))
        length = self.header(1500)
        data = self.wire.exactly(length)
        self.finish()
        # A URC may have come after the data: then there is more.
        self.ready = length == 1500 or self.closed and length > 0
        return data if data else self.receive()


class CtrlZ(Driver):
    """It ends payload with Ctrl-Z even with a length, and results at their CR."""

    def send(self, data: bytes) -> None:
        self.wire.write(b"AT+QISEND=0,%d\r" % len(data))
        self.wire.up_to(b"\r\n> ")
        self.wire.write(data + b"\x1a")
        self.wire.up_to(b"SEND OK")

    def receive(self) -> bytes:
        while not (length := self.header(1000)):
            self.finish()
            if b",4,1,0,0," in self.command(b"+QISTATE=1,0"):
                return b""
            self.rest(0.1)
        data = self.wire.exactly(length)
        assert self.wire.up_to(b"\r\nOK").strip() == b"OK"
        return data


class SixBytes(CtrlZ):
    """It drops six bytes after data: CR LF OK CR LF."""

    def receive(self) -> bytes:
        while not (length := self.header(1500)):
            self.finish()
            if b",4,1,0,0," in self.command(b"+QISTATE=1,0"):
                return b""
            self.rest(0.1)
        data = self.wire.exactly(length)
        assert self.wire.exactly(6) == b"\r\nOK\r\n"
        return data


class Pushed(Driver):
    """It reads pushed data by their length."""

    mode = 1

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._data = b""

    def send(self, data: bytes) -> None:
        self.wire.write(b"AT+QISEND=0,%d\r" % len(data))
        self._until(b"> ")
        self.wire.write(data)
        self._until(b"SEND OK")

    def receive(self) -> bytes:
        while not self._data:
            if self.closed:
                return b""
            self._line()
        data, self._data = self._data, b""
        return data

    def close(self) -> None:
        self.wire.write(b"AT+QICLOSE=0\r")
        self._until(b"OK")

    def _until(self, wanted: bytes) -> None:
        while self._line() != wanted:
            pass

    def _line(self) -> bytes:
        """Read a line, and the data that it announces."""
        text = self.wire.up_to(b"\n", b"> ", seconds=60)
        line = text.removesuffix(b"\r\n")
        self.notice(line)
        if found := re.fullmatch(rb'\+QIURC: "recv",0,(\d+)', line):
            self._data += self.wire.exactly(int(found[1]))
        return line


class Careful(Driver):
    """It leaves less than 64 bytes unacknowledged, and asks before each read."""

    def send(self, data: bytes) -> None:
        super().send(data)
        while True:
            answer = self.command(b"+QISEND=0,0")
            found = re.search(rb"\+QISEND: (\d+),(\d+),(\d+)\r\n", answer)
            assert found and int(found[1]) == int(found[2]) + int(found[3])
            if int(found[3]) < 64:
                return

    def receive(self) -> bytes:
        while not (length := self.unread()):
            if self.closed:
                return b""
            self.rest(1)
        data = self.wire.exactly(self.header(min(length, 1500)))
        self.finish()
        return data


DRIVERS: list[type[Driver]] = [Polling, Waiting, CtrlZ, Pushed, Careful]
