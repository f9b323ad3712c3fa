"""Certificates for the TLS servers of the tests, right and wrong."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
#: The names and addresses of the tests' servers.
HERE = ("localhost", "127.0.0.1")

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.lru_cache(maxsize=None)
def rsa_key(number: int) -> rsa.RSAPrivateKey:
    """One of a few keys, because making one takes time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclasses.dataclass(frozen=True)
class Issued:
    """A certificate, its key, and the certificates up to its root."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        """The certificate and its chain."""
        found = (self.certificate, *self.chain)
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in found)

    @property
    def key_pem(self) -> bytes:
        """The private key."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def save(self, directory: pathlib.Path, name: str) -> tuple[str, str]:
        """Write both to files, and return their paths."""
        certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key_pem)
        return str(certificate), str(key)


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    ca: bool = False,
    hosts: tuple[str, ...] = (),
    key: Key | None = None,
    days: tuple[float, float] = (-10, 10),
    now: datetime.datetime | None = None,
) -> Issued:
    """Make a certificate.

    :param issuer: its issuer; None makes it self-signed.
    :param ca: whether it may issue others.
    :param hosts: the names and addresses that it is for.
    :param days: the first and last day of its validity, counted from `now`.
    """
    key = key or rsa_key(0)
    now = now or datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(_serial(name))
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            False,
        )
        .add_extension(_usage(ca), True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, False)
    if not ca:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    return Issued(builder.sign(signer, hashes.SHA256()), key, _chain(issuer))


def authority(name: str, issuer: Issued | None = None, **arguments: object) -> Issued:
    """Make a CA with a key of its own."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:1], "big") % 3
    arguments.setdefault("key", rsa_key(1 + number))
    return issue(name, issuer, ca=True, **arguments)  # type: ignore[arg-type]


def _chain(issuer: Issued | None) -> tuple[x509.Certificate, ...]:
    """The certificates that a server sends after its own: all except the root."""
    if issuer is None or issuer.certificate.issuer == issuer.certificate.subject:
        return ()
    return (issuer.certificate, *issuer.chain)


def _serial(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") | 1


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
