"""Certificates with RSA keys for the suite's servers: the module has no ECDSA.

The libraries of these servers have changed to ECDSA. Each handshake with them would
fail over the modem, even those that must fail for another reason.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pathlib
from collections.abc import Iterator
from unittest import mock

#: The hosts of the certificate of pytest-httpbin.
HOSTS = ("localhost", "127.0.0.1", "::1")


@contextlib.contextmanager
def rsa_certificates(directory: pathlib.Path) -> Iterator[None]:
    """Let the suite's servers use them during a ``with`` block."""
    # Only the suite's environment has these packages.
    trustme = importlib.import_module("trustme")
    certs = importlib.import_module("pytest_httpbin.certs")
    serve = importlib.import_module("pytest_httpbin.serve")
    kind = trustme.KeyType.RSA
    authority = trustme.CA(key_type=kind)
    certificate = authority.issue_cert(*HOSTS, key_type=kind)
    authority.cert_pem.write_to_path(str(directory / "client.pem"))
    certificate.private_key_pem.write_to_path(str(directory / "server.key"))
    certificate.cert_chain_pems[0].write_to_path(str(directory / "server.pem"))
    made = functools.partialmethod(trustme.CA.__init__, key_type=kind)
    issued = functools.partialmethod(trustme.CA.issue_cert, key_type=kind)
    with (
        mock.patch.object(serve, "CERT_DIR", str(directory)),
        mock.patch.object(certs, "where", lambda: str(directory / "client.pem")),
        mock.patch.object(trustme.CA, "__init__", made),
        mock.patch.object(trustme.CA, "issue_cert", issued),
    ):
        yield
