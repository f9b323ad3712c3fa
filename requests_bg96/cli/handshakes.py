"""What a TLS server accepts, found by handshakes over this machine's network."""

from __future__ import annotations

import dataclasses
import datetime
import socket
import ssl
import warnings
from collections.abc import Iterable
from typing import Any

from ..emulator.tls_client import CIPHER_NAMES
from .roots import (
    MODULE_CIPHERS,
    Found,
    RootError,
    day_of,
    find_root,
    name_of,
    unreachable,
)

__all__ = ("TlsProfile", "examine")

#: Seconds for each step of a connection.
TIMEOUT = 10.0
#: TLS versions by their names for people.
VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
#: The object identifier of an RSA key in a certificate, in DER (RFC 8017 appendix C).
RSA_KEY = bytes.fromhex("06092a864886f70d010101")
#: Everything that OpenSSL knows, also what it finds weak.
ALL = "ALL:@SECLEVEL=0"


@dataclasses.dataclass(frozen=True)
class TlsProfile:
    """What a server accepts, and what it shows.

    :param versions: the TLS versions, such as ``1.2``.
    :param suites: the cipher suites of the module that it accepts with TLS 1.2, as
        AT+QSSLCFG names them.
    :param untested: those that this machine cannot offer.
    :param keys: the kinds of key in its certificates: RSA, and another one.
    :param sni: whether it shows its certificate only to a client that tells its name.
    :param issuer: who issued its certificate.
    :param expires: the day on which that expires.
    :param root: the root of its chain; None if it cannot be trusted.
    :param distrust: why it cannot be trusted.
    :param stock: whether this machine's own TLS trusts it.
    """

    versions: tuple[str, ...]
    suites: tuple[str, ...]
    untested: tuple[str, ...]
    keys: tuple[str, ...]
    sni: bool
    issuer: str = ""
    expires: datetime.date | None = None
    root: Found | None = None
    distrust: str = ""
    stock: bool = False


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A handshake that succeeded.

    :param der: the server's certificate.
    :param facts: the same as `ssl` tells it, if it was verified.
    """

    der: bytes
    facts: dict[str, Any]


class _Place:
    """A server, to shake hands with.

    :param host: its name or address.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def shake(self, context: ssl.SSLContext, *, sni: bool = True) -> _Shown | None:
        """Return what the server shows, None if the handshake fails.

        :raises RootError: if the server cannot be reached.
        """
        named = self._host if sni else None
        try:
            plain = socket.create_connection((self._host, self._port), TIMEOUT)
        except (OSError, UnicodeError) as error:
            text = unreachable(f"{self._host}:{self._port}", error)
            raise RootError(text) from error
        try:
            with plain, context.wrap_socket(plain, server_hostname=named) as made:
                facts = made.getpeercert() or {}
                return _Shown(made.getpeercert(binary_form=True) or b"", facts)
        except TimeoutError as error:
            text = f"{self._host}:{self._port} does not answer a handshake"
            raise RootError(text) from error
        except OSError:
            return None


def examine(host: str, port: int, bundle: list[str]) -> TlsProfile:
    """Examine a server.

    :param bundle: the roots to trust, in PEM.
    :raises RootError: if it cannot be reached, or does not speak TLS.
    """
    place = _Place(host, port)
    shown = place.shake(_context())
    old = _context(ssl.TLSVersion.TLSv1_2, MODULE_CIPHERS)
    as_module = place.shake(old)
    versions = tuple(
        name for name, version in VERSIONS.items() if place.shake(_context(version))
    )
    if not versions:
        raise RootError(f"{host}:{port} does not speak TLS")
    tested = {code: _offer(name) for code, name in CIPHER_NAMES.items()}
    suites = [
        code for code, context in tested.items() if context and place.shake(context)
    ]
    best = as_module or shown
    seen = [one for one in (as_module, shown) if one]
    without = place.shake(old if as_module else _context(), sni=False)
    server = TlsProfile(
        versions,
        _codes(suites),
        _codes(code for code, context in tested.items() if context is None),
        tuple(dict.fromkeys(_key(one.der) for one in seen)),
        best is not None and (without is None or without.der != best.der),
    )
    return _trusted(server, place, host, port, bundle)


def _trusted(
    server: TlsProfile, place: _Place, host: str, port: int, bundle: list[str]
) -> TlsProfile:
    """Add whether the server can be trusted."""
    try:
        root, distrust = find_root(host, port, bundle), ""
    except RootError as error:
        root, distrust = None, str(error)
    context = ssl.create_default_context(cadata="".join(bundle))
    own = place.shake(context)
    facts = own.facts if own else {}
    return dataclasses.replace(
        server,
        issuer=name_of(facts.get("issuer", ())),
        expires=day_of(facts["notAfter"]) if facts else None,
        root=root,
        distrust=distrust,
        stock=own is not None,
    )


def _context(version: ssl.TLSVersion | None = None, ciphers: str = ALL) -> Any:
    """Return a context that trusts everybody, with this version or any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    if version is not None:
        with warnings.catch_warnings():
            # This asks for old versions on purpose.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
    return context


def _offer(cipher: str) -> Any:
    """Return a context that offers one suite; None if OpenSSL does not have it."""
    try:
        return _context(ssl.TLSVersion.TLSv1_2, cipher)
    except ssl.SSLError:
        return None


def _codes(codes: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"0X{code:04X}" for code in codes)


def _key(der: bytes) -> str:
    return "RSA" if RSA_KEY in der else "ECDSA or another"
