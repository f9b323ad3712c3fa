"""Servers of sockets that a test controls, and the host's side of sockets."""

from __future__ import annotations

import re
from typing import Any, Iterator

from requests_bg96.emulator import Connection, StreamNetwork, Until
from requests_bg96.emulator.callable_network import Part
from tests.emulator.host import OK, Host, HostMaker

OPENED = b"\r\n+QIOPEN: 0,0\r\n"
PROMPT = b"\r\n> "
SEND_OK = b"\r\nSEND OK\r\n"
SEND_FAIL = b"\r\nSEND FAIL\r\n"
RECV = b'\r\n+QIURC: "recv",0\r\n'
CLOSED = b'\r\n+QIURC: "closed",0\r\n'
OPEN = b'AT+QIOPEN=1,0,"TCP","example.org",80\r'
PUSH = re.compile(rb'\r\n\+QIURC: "recv",(\d+),(\d+)\r\n')


class Peer:
    """The server's end of one connection.

    :param connection: the network's object for it.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.says: list[Part] = []
        self.heard = b""
        self.reads = True
        self.closes = True
        self.gone = False

    def parts(self) -> Iterator[Part]:
        """Send what the test gives, and read, until the module ends."""
        try:
            while True:
                yield Until(self._active)
                if self.reads:
                    self.heard += self.connection.read()
                if self.says:
                    yield self.says.pop(0)
                elif self._ends():
                    return
        finally:
            self.gone = True

    def _active(self) -> bool:
        unread = self.reads and self.connection.unread
        return bool(self.says or unread or self._ends())

    def _ends(self) -> bool:
        return self.closes and self.connection.ended


class Peers:
    """All servers, in the order of their connections."""

    def __init__(self) -> None:
        self.made: list[Peer] = []

    def __call__(self, connection: Connection) -> Iterator[Part]:
        self.made.append(Peer(connection))
        return self.made[-1].parts()

    def __getitem__(self, number: int) -> Peer:
        return self.made[number]


def with_peers(make: HostMaker, **options: Any) -> tuple[Host, Peers]:
    """A host without echo and with an active context, and its servers."""
    peers = Peers()
    host = make(network=StreamNetwork(peers), **options)
    return host.quiet(b"AT+QIACT=1"), peers


def opened(make: HostMaker, mode: int = 0, **options: Any) -> tuple[Host, Peer]:
    """A host with one socket, and its server."""
    host, peers = with_peers(make, **options)
    command = b'AT+QIOPEN=1,0,"TCP","example.org",80,0,%d\r' % mode
    assert host.ask(command) == OK + OPENED
    return host, peers[0]


def said(host: Host, peer: Peer, *parts: Part) -> bytes:
    """Let the server send something; return what the host receives."""
    peer.says += parts
    return host.hear()


def send(host: Host, data: bytes, number: int = 0) -> bytes:
    """Send bytes at the prompt; return what comes after them."""
    assert host.ask(b"AT+QISEND=%d,%d\r" % (number, len(data))) == PROMPT
    return host.ask(data)


def read(host: Host, length: int = 1500, number: int = 0) -> bytes:
    """Send AT+QIRD, and return the data, or b""."""
    heard = host.ask(b"AT+QIRD=%d,%d\r" % (number, length))
    if heard == b"\r\n+QIRD: 0\r\n" + OK:
        return b""
    line, data = heard.removeprefix(b"\r\n").split(b"\r\n", 1)
    assert line.startswith(b"+QIRD: ") and data.endswith(b"\r\n" + OK), heard
    data = data[: -len(b"\r\n" + OK)]
    assert int(line[7:]) == len(data)
    return data


def reason(host: Host) -> int:
    """The number that AT+QIGETERROR prints."""
    heard = host.ask(b"AT+QIGETERROR\r")
    return int(heard.removeprefix(b"\r\n+QIGETERROR: ").partition(b",")[0])


def pushed(data: bytes, number: int = 0) -> bytes:
    """The bytes of one push."""
    return b'\r\n+QIURC: "recv",%d,%d\r\n' % (number, len(data)) + data


def payload(heard: bytes, number: int = 0) -> bytes:
    """The payload of one socket in pushes; there must be nothing else."""
    data = b""
    while heard:
        found = PUSH.match(heard)
        assert found, heard[:80]
        end = found.end() + int(found[2])
        assert end <= len(heard)
        if int(found[1]) == number:
            data += heard[found.end() : end]
        heard = heard[end:]
    return data
