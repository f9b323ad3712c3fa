"""A modem whose sockets lead to servers that a test lets speak."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from requests_bg96 import BG96Modem
from requests_bg96.emulator import Emulator, Fault, StreamNetwork, VirtualClock
from requests_bg96.modem_socket import ModemSocket
from tests.emulator.peers import Peer, Peers
from tests.support import TREACHEROUS

Delivery = Literal["whole", "bytewise", "random"]
DELIVERIES: Mapping[Delivery, Any] = {
    "whole": None,
    "bytewise": 1,
    "random": "random",
}
HOST, PORT = "server.example", 80
#: Bytes that a parser by lines or by patterns takes for something else.
TRICKY = b"".join(
    (
        *TREACHEROUS,
        b'\r\n+QIURC: "closed",0\r\n',
        b'\r\n+QIURC: "pdpdeact",1\r\n',
        b"\r\n+QIRD: 5\r\nhello\r\n",
        b"\r\nSEND OK\r\n> ",
        b"\r\nSEND FAIL\r\n",
        b"\x1a\x1b+++",
    )
)


@dataclasses.dataclass
class Stage:
    """A modem, the emulator behind it, and the servers behind that."""

    modem: BG96Modem
    emulator: Emulator
    peers: Peers
    #: Everything that went over the line, piece by piece, by its direction.
    traffic: list[tuple[str, bytes]]

    @property
    def clock(self) -> Any:
        """The time of all."""
        return self.emulator.clock

    @property
    def written(self) -> bytes:
        """What the host wrote, all of it."""
        return b"".join(data for way, data in self.traffic if way == "from_host")

    @property
    def commands(self) -> list[str]:
        """The command lines of sockets that the host wrote."""
        found = re.findall(rb"AT\+QI[A-Z]+[^\r]*(?=\r)", self.written)
        return [line.decode("ascii") for line in found]

    def connect(self, timeout: float | None = 10.0) -> tuple[ModemSocket, Peer]:
        """Return a connection, and the server at its other end."""
        made = self.modem.sockets.connect(HOST, PORT, timeout)
        return made, self.peers.made[-1]

    def fault(self, direction: Any, behind: int, action: Any, **more: Any) -> None:
        """Add a fault after a number of further bytes of a direction."""
        self.emulator.add_fault(Fault(direction, behind, action, **more))

    def insert(self, data: bytes, behind: int = 0) -> None:
        """Insert bytes into those of the module."""
        self.fault("to_host", behind, "insert", data=data)


@contextlib.contextmanager
def stage(
    *, settings: Mapping[str, Any] | None = None, clock: Any = None, **options: Any
) -> Iterator[Stage]:
    """Make all of it, in virtual time.

    :param settings: of the modem.
    :param options: of the emulator.
    """
    clock = clock or VirtualClock()
    peers, traffic = Peers(), list[tuple[str, bytes]]()
    options.setdefault("network", StreamNetwork(peers))
    with Emulator(
        clock=clock, on_line=lambda way, data: traffic.append((way, data)), **options
    ) as emulator:
        modem = BG96Modem(emulator.url, clock=clock, **(settings or {}))
        try:
            yield Stage(modem, emulator, peers, traffic)
        finally:
            modem.close()


def received(made: ModemSocket, size: int) -> bytes:
    """Receive exactly `size` bytes, or fewer if the end comes before."""
    data = b""
    while len(data) < size and (piece := made.recv(size - len(data))):
        data += piece
    return data


def exchange(made: ModemSocket, peer: Peer, data: bytes = b"ping") -> None:
    """Check that bytes go both ways."""
    before = len(peer.heard)
    made.sendall(data)
    made.sendall(b"")
    peer.says.append(data[::-1])
    assert received(made, len(data)) == data[::-1]
    assert peer.heard[before:] == data
