"""Find the one root certificate in a bundle that a host's chain ends in.

A gateway that talks to few hosts then sends its module some 2 kB instead of 180. Run
this in advance, on a machine with an ordinary network: it uses the sockets of that
machine, and no modem.

It finds the root by handshakes with half of the bundle, then a half of that half, and
so on: about seven handshakes for 120 roots. It uses only the public parts of `ssl`.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from ..emulator.tls_client import CIPHER_NAMES

__all__ = (
    "Found",
    "MODULE_CIPHERS",
    "RootError",
    "day_of",
    "find_root",
    "name_of",
    "read_bundle",
    "split_address",
    "unreachable",
)

#: Seconds for each step of a connection.
TIMEOUT = 20.0

#: The cipher suites of the module (SSL manual 2.1.1), as OpenSSL names them.
MODULE_CIPHERS = ":".join(CIPHER_NAMES.values())

_PEM = re.compile(
    r"^-----BEGIN CERTIFICATE-----[\s\w+/=]+?^-----END CERTIFICATE-----", re.MULTILINE
)


class RootError(Exception):
    """No root was found; the text says why."""


def unreachable(where: str, error: OSError | UnicodeError) -> str:
    """Return the text for a server that this machine cannot reach."""
    why = getattr(error, "strerror", None) or error
    return f"{where} cannot be reached from this machine: {why}"


@dataclasses.dataclass(frozen=True)
class Found:
    """A root.

    :param pem: the certificate.
    :param subject: the name of its subject, for people.
    :param expires: the day on which it expires, None if it is no CA's.
    :param handshakes: how many handshakes were necessary.
    :param suits_module: whether the server accepts what the module supports: TLS 1.2,
        its cipher suites, and a certificate with an RSA key.
    """

    pem: str
    subject: str
    expires: datetime.date | None
    handshakes: int
    suits_module: bool


def split_address(text: str) -> tuple[str, int]:
    """Return the host and port of ``HOST[:PORT]``; the default port is 443.

    :raises RootError: if `text` has another form.
    """
    match = re.fullmatch(
        r"(?:https://)?(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+)(?::(\d{1,5}))?/?", text
    )
    if match is None or not 0 < int(match[2] or 443) < 65536:
        raise RootError(f"{text!r} is not HOST or HOST:PORT")
    return match[1].strip("[]"), int(match[2] or 443)


def read_bundle(path: str) -> list[str]:
    """Return the certificates in the file `path`, in PEM.

    :raises RootError: if there are none.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = [match[0] + "\n" for match in _PEM.finditer(file.read())]
    except OSError as error:
        raise RootError(f"{path} cannot be read: {error.strerror}") from error
    if not found:
        raise RootError(f"there is no PEM certificate in {path}")
    return list(dict.fromkeys(found))


def find_root(host: str, port: int, bundle: Sequence[str]) -> Found:
    """Find the root in `bundle` that the chain of a host ends in.

    The handshakes use TLS 1.2 and a certificate with an RSA key, as the module does. A
    host may have several certificates with different roots.

    :param host: name or address; its certificate must be valid and for this host.
    :param bundle: certificates in PEM.
    :raises RootError: if the host cannot be reached or cannot be trusted.
    """
    try:
        return _Search(host, port, as_module=True).found(bundle)
    except _Unsuitable:
        return _Search(host, port, as_module=False).found(bundle)


class _Unsuitable(RootError):
    """The host does not accept what was offered."""


class _Search:
    """Handshakes with one host.

    :param as_module: whether to offer only what the module supports.
    """

    def __init__(self, host: str, port: int, *, as_module: bool) -> None:
        self._host = host
        self._port = port
        self._as_module = as_module
        self._handshakes = 0

    def found(self, bundle: Sequence[str]) -> Found:
        """Return the root."""
        candidates = list(bundle)
        why = self._refused(candidates)
        if why is not None:
            raise RootError(
                f"{self._host}:{self._port} cannot be trusted by any of the "
                f"{len(candidates)} certificates in the bundle: {why.verify_message}"
            )
        while len(candidates) > 1:
            half = candidates[: len(candidates) // 2]
            rest = candidates[len(half) :]
            candidates = rest if self._refused(half) else half
        if self._refused(candidates):
            raise RootError(
                f"no single certificate is enough for {self._host}:{self._port}, or "
                "the host shows another chain at every connection"
            )
        (pem,) = candidates
        subject, expires = _described(pem)
        return Found(pem, subject, expires, self._handshakes, self._as_module)

    def _refused(self, trusted: Sequence[str]) -> ssl.SSLCertVerificationError | None:
        """Return why these roots are not enough; None if they are."""
        self._handshakes += 1
        where = f"{self._host}:{self._port}"
        context = self._context(trusted)
        try:
            with socket.create_connection((self._host, self._port), TIMEOUT) as plain:
                context.wrap_socket(plain, server_hostname=self._host).close()
        except ssl.SSLCertVerificationError as error:
            return error
        except ssl.SSLError as error:
            text = f"the handshake with {where} failed: {error.reason}"
            raise _Unsuitable(text) from error
        except (OSError, UnicodeError) as error:
            raise RootError(unreachable(where, error)) from error
        return None

    def _context(self, trusted: Sequence[str]) -> ssl.SSLContext:
        context = _context(trusted)
        if self._as_module:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(MODULE_CIPHERS)
        return context


def _context(trusted: Sequence[str]) -> ssl.SSLContext:
    # Only these: no roots of the machine or its environment.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata="".join(trusted))
    return context


def _described(pem: str) -> tuple[str, datetime.date | None]:
    """Return the name of a root, and the day on which it expires."""
    # A bundle may also contain certificates that are not a CA's.
    found: list[Any] = _context([pem]).get_ca_certs()
    if not found:
        return NAMELESS, None
    return name_of(found[0]["subject"]) or NAMELESS, day_of(found[0]["notAfter"])


#: The name of a root that has none.
NAMELESS = "a root without a name"


def name_of(subject: Any) -> str:
    """Return a name for people, from a subject or issuer as `ssl` has it."""
    names = {kind: value for group in subject for kind, value in group}
    for kind in ("commonName", "organizationalUnitName", "organizationName"):
        if kind in names:
            # The issuer of a certificate chooses the name in it.
            return "".join(one if one.isprintable() else "?" for one in names[kind])
    return ""


def day_of(time: str) -> datetime.date:
    """Return the day of a time as `ssl` has it, in UTC."""
    seconds = ssl.cert_time_to_seconds(time)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date()
