"""A proxy on loopback that makes tunnels."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
from collections.abc import Iterator
from typing import Any

from tests.servers import PATIENCE, LoopbackServer, serving


class Proxy(LoopbackServer):
    """A proxy that answers CONNECT, and remembers the heads of all requests.

    :param status: what it answers to CONNECT.
    :param tls: what it needs for TLS, if it wants TLS itself.
    """

    def __init__(self, status: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(_Handler)
        self.status = status
        self.tls = tls
        self.heads: list[list[str]] = []
        #: The certificate that each client has shown, as `ssl` has it.
        self.clients: list[Any] = []

    @property
    def url(self) -> str:
        """Where it is."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(PATIENCE)
        if self.server.tls is None:
            self._serve(self.request)
            return
        with self.server.tls.wrap_socket(self.request, server_side=True) as client:
            self.server.clients.append(client.getpeercert())
            self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := client.recv(1)):
                return
            head += data
        lines = head.decode("ascii").splitlines()
        self.server.heads.append(lines)
        client.sendall(f"HTTP/1.1 {self.server.status}\r\n\r\n".encode())
        if self.server.status.startswith("200"):
            host, _, port = lines[0].split(" ")[1].rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                pump(client, there)


def pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    ways = {one: other, other: one}
    while True:
        pending = isinstance(one, ssl.SSLSocket) and one.pending()
        ready = [one] if pending else select.select([*ways], [], [], PATIENCE)[0]
        if not ready:
            return
        for source in ready:
            if not (data := source.recv(65_536)):
                return
            ways[source].sendall(data)


@contextlib.contextmanager
def proxy(
    status: str = "200 Established", tls: ssl.SSLContext | None = None
) -> Iterator[Proxy]:
    """Run a proxy while the context is open."""
    with serving(Proxy(status, tls)) as server:
        yield server
