"""In any order of actions, each byte arrives once and in its place."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from requests_bg96.emulator import Hangup, Switches
from requests_bg96.emulator.switches import allowed_values
from tests.emulator.host import DELIVERIES, Delivery, Host, make_hosts
from tests.emulator.peers import Peer, opened

#: Switches that change neither the format of data nor their fate.
HARMLESS = (
    "recv_urc",
    "read_closed",
    "client_state",
    "send_closed",
    "send_buffer",
    "receive_buffer",
    "payload_echo",
    "urc_at_prompt",
    "push_size",
    "close_answer",
    "recvind",
)

MEASURED = re.compile(rb'\r\n(\+QIURC: "recv",0,|\+QIRD: )([1-9]\d*)\r\n')
LINE = re.compile(rb"\r\n> |\r\n[^\r\n]+\r\n")


class Reader:
    """Parses the bytes at the host.

    :param pushes: whether data come after a URC with a length.
    """

    def __init__(self) -> None:
        self.data = b""
        self.lines: list[bytes] = []

    def take(self, heard: bytes, *, pushes: bool) -> None:
        """Parse one complete item."""
        while heard:
            found = MEASURED.match(heard)
            if found and (pushes or b"QIRD" in found[1]):
                end = found.end() + int(found[2])
                self.data += heard[found.end() : end]
                if b"QIRD" in found[1]:
                    assert heard[end : end + 2] == b"\r\n"
                    end += 2
                heard = heard[end:]
                continue
            line = LINE.match(heard)
            assert line, heard[:80]
            self.lines.append(line[0])
            heard = heard[line.end() :]


class Session:
    """A host that acts with one socket."""

    def __init__(self, host: Host, peer: Peer, mode: int, source: random.Random):
        self.host, self.peer, self.mode, self.source = host, peer, mode, source
        self.reader = Reader()
        self.said = b""
        self.sent = b""

    def collect(self) -> bytes:
        """Return the bytes until a silence."""
        return b"".join(iter(lambda: self.host.hear(1.0), b""))

    def hear(self) -> None:
        """Read and parse."""
        self.reader.take(self.collect(), pushes=self.mode == 1)

    def speak(self) -> None:
        """Let the server send something."""
        data = self.source.randbytes(self.source.randint(1, 4000))
        self.said += data
        self.peer.says.append(data)

    def send(self) -> None:
        """Send something, while the server sends at the prompt."""
        data = self.source.randbytes(self.source.randint(1, 1460))
        self.host.send(b"AT+QISEND=0,%d\r" % len(data))
        self.hear()
        if self.source.random() < 0.5:
            self.speak()
        self.hear()
        echo = self.host.emulator.module.sockets.echoes
        self.host.send(data)
        heard = self.collect()
        if echo:
            assert heard.startswith(data)
        self.reader.take(heard[len(data) * echo :], pushes=self.mode == 1)
        results = [one for one in self.reader.lines if b"SEND" in one]
        if results and results[-1] == b"\r\nSEND OK\r\n":
            self.sent += data

    def read(self) -> None:
        """Read some bytes, if the mode is so."""
        if self.mode == 0:
            self.host.send(b"AT+QIRD=0,%d\r" % self.source.randint(1, 1500))
            self.hear()

    def switch(self) -> None:
        """Change the mode while nothing is in progress."""
        self.hear()
        self.mode = 1 - self.mode
        self.host.send(b"AT+QISWTMD=0,%d\r" % self.mode)
        self.hear()

    def look(self) -> None:
        """Ask for the counters, or for the state."""
        commands = (b"+QIRD=0,0", b"+QISEND=0,0", b"+QISTATE", b"+CSQ")
        self.host.send(b"AT" + self.source.choice(commands) + b"\r")
        self.hear()


def firmware(source: random.Random) -> Switches:
    """Values of the switches that must not matter."""
    values: dict[str, Any] = {
        name: source.choice(allowed_values()[name]) for name in HARMLESS
    }
    return Switches(**values)


@pytest.mark.parametrize("seed", range(24))
def test_streams(seed: int) -> None:
    source = random.Random(seed)
    delivery: Delivery = source.choice(DELIVERIES)
    for make in make_hosts(delivery):
        mode = source.randint(0, 1)
        line = source.choice((None, 115200))
        host, peer = opened(make, mode, switches=firmware(source), baudrate=line)
        session = Session(host, peer, mode, source)
        actions = [session.speak, session.send, session.read, session.look]
        for _ in range(40):
            source.choice(actions)()
        for _ in range(2):
            session.hear()
            session.switch()
        peer.says.append(Hangup())
        session.hear()
        while session.mode == 0 and len(session.reader.data) < len(session.said):
            session.read()
        assert session.reader.data == session.said
        assert peer.heard == session.sent
