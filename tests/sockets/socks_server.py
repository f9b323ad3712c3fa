"""A SOCKS proxy on loopback (RFC 1928, RFC 1929, and the texts on SOCKS 4 and 4a)."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator

from tests.servers import PATIENCE, LoopbackServer, serving
from tests.sockets.proxies import pump

#: The first bytes of what a server says to a command of SOCKS 5.
HOST_UNREACHABLE, REFUSED = 4, 5
#: The last bytes of a reply: an address and a port, by their type.
BOUND = {
    1: b"\1\x7f\0\0\1\x1f\x40",
    3: b"\3\5proxy\x1f\x40",
    4: b"\4" + bytes(15) + b"\1\x1f\x40",
}


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a client asked for.

    :param version: 4 or 5.
    :param host: the name or the address.
    :param named: whether it was sent as a name.
    :param user: the user name, or the user id of SOCKS 4.
    """

    version: int
    host: str
    port: int
    named: bool
    user: bytes | None


@dataclasses.dataclass
class Behaviour:
    """How a proxy behaves.

    :param users: the password of each user; None lets everybody in.
    :param code: what it answers to all commands; None connects.
    :param bound: the type of address in its answers.
    :param bytewise: whether each byte of its answers comes alone.
    :param names: whether it knows SOCKS 4a.
    :param early: what it sends together with its last answer.
    """

    users: dict[bytes, bytes] | None = None
    code: int | None = None
    bound: int = 1
    bytewise: bool = False
    names: bool = True
    early: bytes = b""


#: Serves one client in place of the proxy, until the event.
Script = Callable[[socket.socket, threading.Event], None]


class SocksServer(LoopbackServer):
    """A proxy that remembers what it was asked. All names lead to loopback."""

    def __init__(self, behaviour: Behaviour, script: Script | None) -> None:
        super().__init__(_Handler)
        self.behaviour = behaviour
        self.script = script
        self.asked: list[Asked] = []
        #: How many clients have come.
        self.clients = 0

    def url(self, scheme: str, credentials: str = "") -> str:
        """Where it is."""
        return f"{scheme}://{credentials}127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: SocksServer
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        self.server.clients += 1
        if self.server.script is not None:
            self.server.script(self.request, self.server.closing)
        elif self._read(1) == b"\5":
            self._serve_5()
        else:
            self._serve_4()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (piece := self.request.recv(size - len(data))):
                raise EOFError
            data += piece
        return data

    def _read_text(self) -> bytes:
        return self._read(self._read(1)[0])

    def _read_line(self) -> bytes:
        data = b""
        while (byte := self._read(1)) != b"\0":
            data += byte
        return data

    def _say(self, data: bytes) -> None:
        size = 1 if self.server.behaviour.bytewise else len(data)
        for start in range(0, len(data), size):
            self.request.sendall(data[start : start + size])
            if size == 1:
                self.server.closing.wait(0.005)

    # SOCKS 5

    def _serve_5(self) -> None:
        user = None
        methods = self._read_text()
        if self.server.behaviour.users is None:
            self._say(b"\5\0")
        elif 2 not in methods:
            self._say(b"\5\xff")
            return
        else:
            self._say(b"\5\2")
            if (user := self._know()) is None:
                return
        version, command, _, kind = self._read(4)
        assert (version, command) == (5, 1)
        if kind == 3:
            host = self._read_text().decode("ascii")
        else:
            packed = self._read({1: 4, 4: 16}[kind])
            host = str(ipaddress.ip_address(packed))
        (port,) = struct.unpack(">H", self._read(2))
        self._lead(Asked(5, host, port, kind == 3, user))

    def _know(self) -> bytes | None:
        """Return the user, whose password is right."""
        assert self._read(1) == b"\1"
        user, password = self._read_text(), self._read_text()
        known = (self.server.behaviour.users or {}).get(user) == password
        self._say(b"\1\0" if known else b"\1\1")
        return user if known else None

    def _answer_5(self, code: int) -> bytes:
        return bytes((5, code, 0)) + BOUND[self.server.behaviour.bound]

    # SOCKS 4

    def _serve_4(self) -> None:
        command, port, packed = struct.unpack(">BH4s", self._read(7))
        assert command == 1
        user, host = self._read_line(), str(ipaddress.ip_address(packed))
        named = host.startswith("0.0.0.") and self.server.behaviour.names
        if named:
            host = self._read_line().decode("ascii")
        self._lead(Asked(4, host, port, named, user))

    def _answer_4(self, code: int) -> bytes:
        return bytes((0, 91 if code else 90)) + bytes(6)

    # Both

    def _lead(self, asked: Asked) -> None:
        self.server.asked.append(asked)
        behaviour = self.server.behaviour
        answer = self._answer_5 if asked.version == 5 else self._answer_4
        if behaviour.code is not None:
            self._say(answer(behaviour.code))
            return
        loopback = asked.named and ":" not in asked.host
        host = "127.0.0.1" if loopback else asked.host
        try:
            there = socket.create_connection((host, asked.port), PATIENCE)
        except OSError:
            self._say(answer(REFUSED))
            return
        with there:
            self._say(answer(0) + behaviour.early)
            pump(self.request, there)


@contextlib.contextmanager
def socks(script: Script | None = None, **behaviour: object) -> Iterator[SocksServer]:
    """Run a proxy while the context is open.

    :param script: serves each client in its place.
    :param behaviour: of `Behaviour`.
    """
    made = Behaviour(**behaviour)  # type: ignore[arg-type]
    with serving(SocksServer(made, script)) as server:
        yield server
