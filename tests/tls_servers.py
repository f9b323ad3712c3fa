"""Real TLS servers on loopback, right and wrong."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from tests.certificates import Issued
from tests.servers import PATIENCE, App, Server, reply, serving


def server_context(
    shown: Issued,
    directory: pathlib.Path,
    *,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (
        ssl.TLSVersion.TLSv1_2,
        ssl.TLSVersion.TLSv1_3,
    ),
    client_ca: Issued | None = None,
    by_name: tuple[str, Issued] | None = None,
) -> ssl.SSLContext:
    """The TLS context of a server.

    :param shown: its certificate.
    :param directory: for files, because Python's ssl reads only files.
    :param client_ca: the CA of the clients' certificates.
    :param by_name: the certificate for clients that send this name.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # The test is about old versions.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = versions
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(*shown.save(directory, f"server-{id(context)}"))
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.pem.decode("ascii"))
    if by_name is not None:
        name, other = by_name
        named = server_context(other, directory, versions=versions)

        def choose(sock: Any, told: str | None, _: ssl.SSLContext) -> None:
            if told == name:
                sock.context = named

        context.sni_callback = choose
    return context


#: Makes TLS on a connection, or raises an OSError.
Greeting = Callable[[socket.socket, threading.Event], socket.socket]


def greeting(context: ssl.SSLContext) -> Greeting:
    """Make a normal handshake."""
    return lambda sock, _: context.wrap_socket(sock, server_side=True)


def hang(sock: socket.socket, closing: threading.Event) -> socket.socket:
    """Send nothing until the client has gone."""
    while not closing.is_set() and sock.recv(4096):
        pass
    raise ConnectionAbortedError("the client has gone")


def hang_up(sock: socket.socket, closing: threading.Event) -> socket.socket:
    """Close the connection after the client's hello."""
    sock.recv(4096)
    raise ConnectionAbortedError("as it should be")


class TlsServer(Server):
    """An HTTPS server on a free port of 127.0.0.1. It remembers what came.

    The record is complete at the end of the ``with`` block.
    """

    daemon_threads = False

    def __init__(self, app: App, greet: Greeting) -> None:
        super().__init__(app)
        self._greet = greet
        self.connections = 0
        #: The certificate of each client, as `ssl` returns it.
        self.clients: list[Any] = []
        #: The cipher suite of each connection.
        self.ciphers: list[Any] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, if its handshake succeeds."""
        request.settimeout(PATIENCE)
        self.connections += 1
        # The test asks the client about failures of a handshake.
        with contextlib.suppress(OSError):
            with self._greet(request, self.closing) as secured:
                if isinstance(secured, ssl.SSLSocket):
                    self.clients.append(secured.getpeercert())
                    self.ciphers.append(secured.cipher())
                super().finish_request(secured, client_address)

    def at(self, host: str = "localhost") -> str:
        """A URL of the server."""
        return f"https://{host}:{self.server_address[1]}/"


@contextlib.contextmanager
def serve_tls(
    context: ssl.SSLContext | Greeting, app: App | None = None
) -> Iterator[TlsServer]:
    """Run a TLS server during a ``with`` block."""
    greet = greeting(context) if isinstance(context, ssl.SSLContext) else context
    with serving(TlsServer(app or (lambda _: reply(body=b"hello")), greet)) as server:
        yield server
        assert server.errors == []
