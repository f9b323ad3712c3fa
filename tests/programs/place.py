"""Where a program runs: its servers, and certificates as today's tools make them."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pathlib
import ssl
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.certificates import HERE, Issued, authority, issue
from tests.servers import App, Server, serve
from tests.tls_servers import TlsServer, serve_tls, server_context

TLS13 = ssl.TLSVersion.TLSv1_3


@dataclasses.dataclass(frozen=True)
class Place:
    """What a program needs to know.

    :param url: of the server that has TLS, with a slash at its end.
    :param plain_url: of the same server without TLS.
    :param ca: the file of the CA that has issued its certificate.
    :param cert: the files of a client certificate and its key.
    :param fingerprint: of the server's certificate (SHA-256).
    :param ca_fingerprint: of the CA's, which the server shows, too.
    :param directory: for files.
    """

    url: str
    plain_url: str
    ca: str
    cert: tuple[str, str]
    fingerprint: str
    ca_fingerprint: str
    directory: pathlib.Path

    @property
    def port(self) -> int:
        """The port of the server that has TLS."""
        return int(self.url.split(":")[-1].strip("/"))


@dataclasses.dataclass(frozen=True)
class Program:
    """A program of others.

    :param package: its name in the package index.
    :param does: what it does here.
    :param app: makes what the server answers.
    :param use: runs the program; returns what it has got. It is the same each time.
    :param mutual: whether the server wants a certificate of the client.
    """

    package: str
    does: str
    app: Callable[[], App]
    use: Callable[[Place], Any]
    mutual: bool = False


@dataclasses.dataclass
class Served:
    """A place, and its servers."""

    place: Place
    secured: TlsServer
    plain: Server

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, path and size of the requests. Threads make their order."""
        return sorted(
            (request.method, request.path, len(request.body))
            for server in (self.secured, self.plain)
            for request in server.requests
        )

    @property
    def connections(self) -> int:
        """How many connections the servers have had."""
        peers = {request.peer for request in self.plain.requests}
        return self.secured.connections + len(peers)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _digest(shown: Issued) -> str:
    der = shown.certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).hexdigest()


@contextlib.contextmanager
def serving(program: Program) -> Iterator[Served]:
    """Run the servers of a program, with ECDSA certificates and TLS 1.3 only."""
    root = authority("Root", key=_key())
    shown = issue("server", root, hosts=HERE, key=_key())
    shown = dataclasses.replace(shown, chain=(root.certificate,))
    client = issue("client", root, key=_key())
    app = program.app()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        ca = directory / "ca.pem"
        ca.write_bytes(root.pem)
        context = server_context(
            shown,
            directory,
            versions=(TLS13, TLS13),
            client_ca=root if program.mutual else None,
        )
        with serve_tls(context, app) as secured, serve(app) as plain:
            place = Place(
                secured.at(),
                plain.url.replace("127.0.0.1", "localhost") + "/",
                str(ca),
                client.save(directory, "client"),
                _digest(shown),
                _digest(root),
                directory,
            )
            yield Served(place, secured, plain)
