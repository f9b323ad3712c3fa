"""What a request costs on the air and on the line: ``python -m benchmarks.air``.

Real servers on loopback answer over the emulator. Between the two, a relay asks the
kernel what its TCP connection with the module has carried (``TCP_INFO``, Linux): the
payload of TCP, with that of TLS, and the segments, with those that only acknowledge,
open or close. Each segment adds `HEADERS` bytes.
"""

from __future__ import annotations

import contextlib
import pathlib
import select
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests
from cryptography.hazmat.primitives.serialization import Encoding

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator, Switches
from tests.certificates import HERE, Issued, authority, issue
from tests.servers import Request, kept, serve
from tests.tls_servers import serve_tls, server_context

#: The headers of IPv4 and TCP without options, in bytes.
HEADERS = 40
#: The payload of a segment: an MTU of 1,400 bytes, as with a mobile network.
SEGMENT = 1_360
#: Where the kernel's answer has bytes acknowledged and received, and segments sent and
#: received (linux/tcp.h).
INFO = struct.Struct("=120x2Q2I")
#: Seconds in which the last segments of a connection arrive.
SETTLED = 0.2
BODY = b'{"temperature": 21.5, "humidity": 40.0}, ' * 25
PAGE = b"x" * 1_000
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
CLOSE = {"Connection": "close"}


class Traffic(NamedTuple):
    """Bytes of payload and segments, from the module and to it."""

    up: int = 0
    down: int = 0
    segments_up: int = 0
    segments_down: int = 0

    def plus(self, other: Traffic, sign: int = 1) -> Traffic:
        """Return the sum, or with -1 the difference."""
        return Traffic(*(one + sign * two for one, two in zip(self, other)))

    def __str__(self) -> str:
        up = self.up + HEADERS * self.segments_up
        down = self.down + HEADERS * self.segments_down
        return f"{self.up:6,} {self.down:6,}   {up:6,} {down:6,}"


def carried(connection: socket.socket) -> Traffic:
    """Return what a connection of the relay has carried, as the kernel counts it."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO.size)
    acknowledged, received, sent, came = INFO.unpack(told)
    # The SYN counts as a byte that was acknowledged.
    return Traffic(received, acknowledged - 1, came, sent)


class Relay:
    """Carries the connections of a module to a server, and counts.

    :param server: the server's port.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._open: list[socket.socket] = []
        self._ended = Traffic()
        self._lock = threading.Lock()
        self._listener = socket.create_server((HERE[1], 0))
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def total(self) -> Traffic:
        """Return what all connections have carried."""
        time.sleep(SETTLED)
        with self._lock:
            found = self._ended
            for one in self._open:
                found = found.plus(carried(one))
            return found

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                module = self._listener.accept()[0]
                with self._lock:
                    self._open.append(module)
                threading.Thread(
                    target=self._carry, args=(module,), daemon=True
                ).start()

    def _carry(self, module: socket.socket) -> None:
        with socket.create_connection((HERE[1], self._server)) as server, module:
            others = {module: server, server: module}
            with contextlib.suppress(OSError):
                while others:
                    for one in select.select([*others], [], [])[0]:
                        if data := one.recv(1 << 16):
                            (server if one is module else module).sendall(data)
                        else:
                            others.pop(one).shutdown(socket.SHUT_WR)
            time.sleep(SETTLED / 2)
            with self._lock:
                self._open.remove(module)
                self._ended = self._ended.plus(carried(module))


def row(
    what: str,
    relay: Relay,
    made: tuple[requests.Session, BG96Adapter],
    **arguments: Any,
) -> str:
    """Measure one request."""
    session, adapter = made
    before = relay.total()
    with adapter.modem.measure() as cost:
        answer = session.request(
            "POST" if "data" in arguments else "GET", **arguments, timeout=(60, 60)
        )
    assert answer.content == PAGE
    spent = relay.total().plus(before, -1)
    line = f"{cost.line_bytes_up:6,} {cost.line_bytes_down:6,}"
    return f"{what:<44} {line}   {spent}"


@contextlib.contextmanager
def over(**arguments: Any) -> Iterator[tuple[requests.Session, BG96Adapter]]:
    """Make a session over an emulator."""
    emulator = Emulator(switches=Switches(sni_checkhost=True))
    with emulator, requests.Session() as session:
        session.trust_env = False
        adapter = BG96Adapter(emulator.url, **arguments)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session, adapter


def plain(relay: Relay) -> Iterator[str]:
    """Measure http."""
    url = f"http://{HERE[1]}:{relay.port}/"
    with over() as made:
        made[0].get(url)
        yield row("GET, module's HTTP client", relay, made, url=url)
        yield row("POST, module's HTTP client", relay, made, url=url, data=BODY)
        made[1].compress = [HERE[1]]
        made[1].init_poolmanager(1, 1)
        yield row("POST compressed, the same", relay, made, url=url, data=BODY)
    with over(via="socket") as made:
        made[0].get(url, headers=CLOSE)
        yield row("GET, socket, new", relay, made, url=url, headers=CLOSE)
        made[0].get(url)
        yield row("GET, socket, kept", relay, made, url=url)
        yield row("POST, socket, kept", relay, made, url=url, data=BODY)


def secure(relay: Relay, version: str, ca: str) -> Iterator[str]:
    """Measure https."""
    url = f"https://{HERE[0]}:{relay.port}/"
    asked: dict[str, Any] = {"url": url, "verify": ca}
    if version == "1.2":
        with over() as made:
            made[0].get(**asked)
            yield row("GET, module's TLS 1.2, always new", relay, made, **asked)
    name = f"GET, socket, TLS {version}"
    with over(via="socket") as made:
        made[1].modem.prepare()
        yield row(f"{name}, new", relay, made, **asked, headers=CLOSE)
        yield row(f"{name}, resumed", relay, made, **asked, headers=CLOSE)
        made[0].get(**asked)
        yield row(f"{name}, kept", relay, made, **asked)


def answer(_: Request) -> Any:
    """Answer each request, and keep the connection."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    return kept(head % len(PAGE) + PAGE)


@contextlib.contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """Put a relay before a server."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()


def certificates() -> tuple[Issued, Issued]:
    """Make a root, and the certificate of a server with one CA between them."""
    root = authority("Root")
    return root, issue("server", authority("Between", root), hosts=HERE)


def show(rows: Iterator[str]) -> None:
    """Print each row as soon as it is measured."""
    for one in rows:
        print(one, flush=True)


def main() -> None:
    """Measure and print everything."""
    if not hasattr(socket, "TCP_INFO"):
        sys.exit("this needs Linux")
    print(f"{'bytes':<44} {'line':^13}   {'TCP payload':^13}   {'with headers':^13}")
    with serve(answer) as server, relayed(server.server_address[1]) as relay:
        show(plain(relay))
    root, shown = certificates()
    with tempfile.TemporaryDirectory() as name:
        ca = pathlib.Path(name, "root.pem")
        ca.write_bytes(root.pem)
        for version, found in VERSIONS.items():
            context = server_context(shown, pathlib.Path(name), versions=(found, found))
            with serve_tls(context, answer) as secured:
                with relayed(secured.server_address[1]) as relay:
                    show(secure(relay, version, str(ca)))
    ders = [one.public_bytes(Encoding.DER) for one in (shown.certificate, *shown.chain)]
    print(f"The server shows certificates of {sum(map(len, ders)):,} bytes.")


if __name__ == "__main__":
    main()
