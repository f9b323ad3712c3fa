"""What `verify` and `cert` of a request mean, as files for the module.

The module knows only files in its own file system. A digest of its content names each
file. So a file is sent once, and never stands for another.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re

from ..errors import TrustError

__all__ = ("StoredFile", "Trust", "authorities", "client_certificate", "client_key")

#: The names of our files; FILE manual 2.3 advises 8.3.
OWN_NAME = re.compile(r"[0-9a-f]{8}\.(?:ca|crt|key)")

#: Like OpenSSL: at the beginning of a line, so not in a comment.
_CERTIFICATE = re.compile(
    rb"^-----BEGIN CERTIFICATE-----[\s\w+/=]+?^-----END CERTIFICATE-----", re.MULTILINE
)
_KEY = re.compile(
    rb"^-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----.+?^-----END (?P=kind)-----",
    re.MULTILINE | re.DOTALL,
)
#: Like OpenSSL in a directory: named by the hash of their subject.
_HASHED_NAME = re.compile(r"([0-9a-f]{8})\.(0|[1-9]\d*)")


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """A file for the module.

    :param kind: ``ca``, ``crt`` or ``key``; the name ends with it.
    :param content: its content, which is never shown.
    """

    kind: str
    content: bytes = dataclasses.field(repr=False)

    @functools.cached_property
    def name(self) -> str:
        """The name in the module's file system."""
        return f"{self.digest.hex()[:8]}.{self.kind}"

    @functools.cached_property
    def digest(self) -> bytes:
        """The digest that identifies the file; its name is the beginning of it."""
        return hashlib.sha256(self.content).digest()


@dataclasses.dataclass(frozen=True)
class Trust:
    """The checks of a TLS connection.

    :param ca: the CA certificates for the server's chain; None checks nothing of the
        server.
    :param check_host: whether to compare the server's name with the host in the URL.
    :param certificate: the client's certificate and its chain.
    :param key: the client's key.
    """

    ca: StoredFile | None = None
    check_host: bool = True
    certificate: StoredFile | None = None
    key: StoredFile | None = None

    @property
    def seclevel(self) -> int:
        """0 for no check, 1 for the server, 2 for a client certificate, too."""
        if self.certificate is not None:
            return 2
        return 0 if self.ca is None else 1

    @property
    def ignores_chain(self) -> bool:
        """Whether a client certificate is shown to a server that is not checked."""
        return self.certificate is not None and self.ca is None

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The files that the module needs."""
        return tuple(file for file in (self.ca, self.certificate, self.key) if file)


def authorities(path: str) -> StoredFile:
    """Return the CA certificates in the file or directory `path`.

    :raises TrustError: if there are none.
    """
    names = [path]
    if os.path.isdir(path):
        names = [os.path.join(path, name) for name in _hashed(os.listdir(path))]
        if not names:
            raise TrustError(
                f"the directory {path} has no certificates with the names that "
                f"OpenSSL looks for; run `openssl rehash {path}`"
            )
    # The module does not need a bundle's comments, which are a tenth of it.
    found = dict.fromkeys(
        certificate for name in names for certificate in _certificates(name)
    )
    if not found:
        raise TrustError(f"there is no PEM certificate in {path}")
    return StoredFile("ca", b"".join(found))


def _hashed(names: list[str]) -> list[str]:
    """Return the names that OpenSSL would look for; it counts up from 0."""
    found = filter(None, map(_HASHED_NAME.fullmatch, sorted(names)))
    return [
        match[0]
        for match in found
        if all(f"{match[1]}.{n}" in names for n in range(int(match[2])))
    ]


def client_certificate(path: str) -> StoredFile:
    """Return the client's certificate, and its chain, in the file `path`.

    :raises TrustError: if there is none.
    """
    found = _certificates(path)
    if not found:
        raise TrustError(f"there is no PEM certificate in {path}")
    return StoredFile("crt", b"".join(found))


def client_key(path: str) -> StoredFile:
    """Return the private key in the file `path`.

    :raises TrustError: if there is none, or it is encrypted.
    """
    match = _KEY.search(_read(path))
    if match is None:
        raise TrustError(f"there is no PEM private key in {path}")
    if b"ENCRYPTED" in match[0]:
        raise TrustError(
            f"the private key in {path} is encrypted, and the module cannot decrypt "
            "it; decrypt it with `openssl pkey`"
        )
    return StoredFile("key", _unix(match[0]))


def _certificates(path: str) -> tuple[bytes, ...]:
    return tuple(_unix(match) for match in _CERTIFICATE.findall(_read(path)))


def _unix(pem: bytes) -> bytes:
    return b"\n".join(line.strip() for line in pem.splitlines()) + b"\n"


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror}") from error
