"""TLS servers as a product meets them: a leaf, an intermediate CA, a root."""

from __future__ import annotations

import contextlib
import pathlib
import ssl
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.socket_bench import HOST
from tests.certificates import HERE, authority, issue
from tests.tls_servers import server_context

__all__ = ("Certified", "certified")


class Certified(NamedTuple):
    """Servers and their root.

    :param root: the file with the root.
    :param chain: the bytes of the certificates that a server shows.
    :param contexts: of the servers, by ``"http"``, ``"TLS 1.2"`` and ``"TLS 1.3"``.
    """

    root: str
    chain: int
    contexts: dict[str, ssl.SSLContext | None]


@contextlib.contextmanager
def certified() -> Iterator[Certified]:
    """Make certificates with RSA keys, because the module's own TLS knows no others."""
    root = authority("Example Root")
    shown = issue("server", authority("Example Issuing", root), hosts=(HOST, *HERE))
    chain = (shown.certificate, *shown.chain)
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        path = directory / "root.pem"
        path.write_bytes(root.pem)
        contexts: dict[str, ssl.SSLContext | None] = {"http": None}
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            name = version.name.replace("TLSv", "TLS ").replace("_", ".")
            versions = (version, version)
            contexts[name] = server_context(shown, directory, versions=versions)
        size = sum(len(one.public_bytes(Encoding.DER)) for one in chain)
        yield Certified(str(path), size, contexts)
