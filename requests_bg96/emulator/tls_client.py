"""The module's end of TLS, with the OpenSSL of this machine.

All settings come from the module's SSL context. Nothing comes from the machine: no
trust store, no environment variable, and no minimum version, cipher list or security
level of the system.

* It offers what the module has (SSL manual 2.1.1): TLS 1.0 to 1.2, and those of its
  cipher suites that OpenSSL has. Common builds have no SSL 3.0, RC4 or 3DES. A context
  that allows only these fails as if the server had refused them.
* It checks dates with the module's clock. OpenSSL cannot use that clock, so it does
  not check dates. Certificates of the CA file that are not valid at that time are not
  loaded. After OpenSSL has verified the chain, the dates of all its certificates are
  checked. If a server sends several intermediate certificates with one name, OpenSSL
  chooses one without its dates.
* It checks dates after the handshake and before the first byte of the request. So it
  checks the name of a host that SNI did not send. OpenSSL checks the rest during the
  handshake.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from .network import TlsFailure, TlsSettings

__all__ = ("TlsClient", "validity")

#: OpenSSL's names for the codes of "ciphersuite" (SSL manual 2.1.1; IANA's registry of
#: TLS cipher suites), in the order of the offer.
CIPHER_NAMES = {
    0xC02F: "ECDHE-RSA-AES128-GCM-SHA256",
    0xC028: "ECDHE-RSA-AES256-SHA384",
    0xC027: "ECDHE-RSA-AES128-SHA256",
    0xC014: "ECDHE-RSA-AES256-SHA",
    0xC013: "ECDHE-RSA-AES128-SHA",
    0x003D: "AES256-SHA256",
    0x0035: "AES256-SHA",
    0x002F: "AES128-SHA",
    0xC012: "ECDHE-RSA-DES-CBC3-SHA",
    0x000A: "DES-CBC3-SHA",
    0xC011: "ECDHE-RSA-RC4-SHA",
    0x0005: "RC4-SHA",
    0x0004: "RC4-MD5",
}
ALL_CIPHERS = 0xFFFF

#: The versions of "sslversion". With 4 (all), OpenSSL decides the lowest.
VERSIONS = (
    ssl.TLSVersion.SSLv3,
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
)

#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL; Python has no name for it.
NO_CHECK_TIME = 0x200000

_PEM = re.compile(
    rb"^-----BEGIN CERTIFICATE-----\s.+?^-----END CERTIFICATE-----",
    re.MULTILINE | re.DOTALL,
)

#: The filters of warnings belong to the whole process.
_filters = threading.Lock()


class TlsClient:
    """TLS to one host, with the settings of one SSL context.

    :param host: the name or address in the URL.
    :param settings: the SSL context.
    """

    def __init__(self, host: str, settings: TlsSettings) -> None:
        self._host = host
        self._settings = settings
        self._by_address = _is_address(host)
        self._context: ssl.SSLContext | None = None
        # If the context cannot be made, the handshake fails later, at its time.
        with contextlib.suppress(TlsFailure, OSError, ValueError):
            self._context = self._made()

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Return the connection with TLS, before the handshake.

        :param connection: a socket that does not block. The result closes it.
        :raises TlsFailure: if the settings allow no TLS.
        :raises OSError: if the connection is closed.
        """
        if self._context is None:
            raise TlsFailure
        told = self._settings.server_name or self._by_address
        return self._context.wrap_socket(
            connection,
            do_handshake_on_connect=False,
            server_hostname=self._host if told else None,
        )

    def check(self, connection: ssl.SSLSocket) -> None:
        """Check after a handshake what OpenSSL does not check.

        :raises TlsFailure: if a certificate is not valid now, or is for another host.
        """
        if not self._checking:
            return
        if not self._settings.ignore_time:
            for certificate in _verified_chain(connection):
                if not self._is_valid(certificate):
                    raise TlsFailure
        if self._settings.check_host and not self._openssl_checks_host:
            if not _names(connection.getpeercert() or {}, self._host):
                raise TlsFailure

    @property
    def _checking(self) -> bool:
        # No document tells what is checked with ignorecertchain. Here it is nothing.
        return self._settings.level > 0 and not self._settings.ignore_chain

    @property
    def _openssl_checks_host(self) -> bool:
        # Python has one name for both SNI and the check. SNI is never an address.
        return self._settings.server_name or self._by_address

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._set_versions(context)
        self._set_ciphers(context)
        if self._checking:
            self._set_authorities(context)
        if self._settings.level == 2:
            self._set_certificate(context)
        return context

    def _set_versions(self, context: ssl.SSLContext) -> None:
        version = self._settings.version
        with _filters, warnings.catch_warnings():
            # The user of the module chooses old versions, not this program.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = (
                VERSIONS[version]
                if version < len(VERSIONS)
                else ssl.TLSVersion.MINIMUM_SUPPORTED
            )
            context.maximum_version = VERSIONS[min(version, len(VERSIONS) - 1)]

    def _set_ciphers(self, context: ssl.SSLContext) -> None:
        code = self._settings.cipher_suite
        codes = CIPHER_NAMES if code == ALL_CIPHERS else (code,)
        names = [CIPHER_NAMES[one] for one in codes]
        # Without @SECLEVEL, the machine would decide on versions and digests.
        context.set_ciphers(":".join([*names, "@SECLEVEL=0"]))

    def _set_authorities(self, context: ssl.SSLContext) -> None:
        """Trust the CA file. Without it, no server can be checked (SSL manual 4.1)."""
        if self._settings.ca_certificate is None:
            raise TlsFailure
        found = _certificates(self._settings.ca_certificate)
        trusted = [one for one in found if self._is_valid(one)]
        if not trusted:
            raise TlsFailure
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = self._settings.check_host and self._openssl_checks_host
        context.verify_flags |= NO_CHECK_TIME
        context.load_verify_locations(cadata=b"".join(trusted))

    def _set_certificate(self, context: ssl.SSLContext) -> None:
        """Load the certificate for a server that asks for one."""
        certificate = self._settings.client_certificate
        key = self._settings.client_key
        if certificate is None or key is None:
            return
        with _private_file(certificate + b"\n" + key) as path:
            # With an empty password, OpenSSL does not ask for one on the terminal.
            context.load_cert_chain(path, password="")

    def _is_valid(self, certificate: bytes) -> bool:
        if self._settings.ignore_time:
            return True
        first, last = validity(certificate)
        time = self._settings.time
        return time is not None and first <= time <= last


def validity(certificate: bytes) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the first and the last time at which a certificate is valid, in UTC.

    They are an element of TBSCertificate (RFC 5280 4.1), after the serial number, the
    algorithm and the issuer. A version may come before these.

    :param certificate: in DER.
    :raises ValueError: if it is not a certificate.
    """
    body = _elements(_elements(certificate)[0][1])[0][1]
    fields = [element for element in _elements(body) if element[0] != 0xA0]
    if len(fields) < 4:
        raise ValueError("this is not a certificate")
    first, last = (_moment(*element) for element in _elements(fields[3][1])[:2])
    return first, last


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return the elements of DER: their tags and contents."""
    found = []
    while data:
        size, start = (data + b"\0")[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        content = data[start : start + size]
        if len(content) < size or len(data) < start:
            raise ValueError("an element of DER is incomplete")
        found.append((data[0], content))
        data = data[start + size :]
    if not found:
        raise ValueError("there is no element of DER")
    return found


def _moment(tag: int, content: bytes) -> datetime.datetime:
    """Parse a UTCTime or GeneralizedTime (RFC 5280 4.1.2.5)."""
    text = content.decode("ascii")
    if tag == 0x17:
        text = ("20" if text < "50" else "19") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ")


def _certificates(data: bytes) -> list[bytes]:
    """Return the certificates of a file in DER; the file is PEM or DER."""
    texts = [match[0].decode("ascii") for match in _PEM.finditer(data)]
    return [ssl.PEM_cert_to_DER_cert(text) for text in texts] or [data]


@contextlib.contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Make a file that only this user can read, during a ``with`` block."""
    # mkstemp sets the mode. Close the file, because Windows cannot read an open one.
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        os.unlink(path)


def _verified_chain(connection: ssl.SSLSocket) -> list[bytes]:
    """Return the chain that OpenSSL has verified, with the root, in DER."""
    if sys.version_info >= (3, 13):
        return list(connection.get_verified_chain())
    # Before Python 3.13, the method is not public. These versions do not change.
    chain = getattr(connection, "_sslobj").get_verified_chain()
    encoding: Any = 2  # _ssl.ENCODING_DER
    return [certificate.public_bytes(encoding) for certificate in chain]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _names(certificate: Any, host: str) -> bool:
    """Return whether a certificate is for a host (RFC 6125 6.4).

    :param certificate: a result of `ssl.SSLSocket.getpeercert`.
    :param host: a name, not an address.
    """
    host = host.rstrip(".").lower()
    parent = host.partition(".")[2]
    names = {
        value.lower()
        for kind, value in certificate.get("subjectAltName", ())
        if kind == "DNS"
    }
    return host in names or ("." in parent and f"*.{parent}" in names)
