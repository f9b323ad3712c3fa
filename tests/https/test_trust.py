"""What PEM files become, without a module."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization

from requests_bg96.base.trust import (
    OWN_NAME,
    StoredFile,
    Trust,
    authorities,
    client_certificate,
    client_key,
)
from requests_bg96.errors import TrustError
from tests.certificates import authority, issue
from tests.https_support import root_pem

ONE, TWO = root_pem("One"), root_pem("Two")


def write(directory: pathlib.Path, content: bytes, name: str = "file.pem") -> str:
    """Write a file, and return its path."""
    (directory / name).write_bytes(content)
    return str(directory / name)


def test_a_bundle_without_its_comments(tmp_path: pathlib.Path) -> None:
    """Certificates in order, each once, with the line ends of the module."""
    text = b"# One\n" + ONE + b"\n# Two\n" + TWO.replace(b"\n", b"\r\n") + ONE
    assert authorities(write(tmp_path, text)).content == ONE + TWO


@pytest.mark.parametrize(
    "prefix", [b"# ", b"#", b" ", b"old: "], ids=["comment", "bare", "blank", "text"]
)
def test_what_is_commented_out_is_not_trusted(
    tmp_path: pathlib.Path, prefix: bytes
) -> None:
    """OpenSSL finds a certificate only at the start of a line."""
    text = prefix + ONE + TWO
    assert authorities(write(tmp_path, text)).content == TWO


def test_a_directory_has_what_openssl_would_find(tmp_path: pathlib.Path) -> None:
    """Files with hashed names, no others, and no revocation lists."""
    write(tmp_path, ONE, "0123abcd.0")
    write(tmp_path, TWO, "0123abcd.1")
    # OpenSSL counts from 0, and stops at a gap.
    others = ("ca.pem", "0123abcd.r0", "0123abcd.pem", "README")
    for name in (*others, "0123abcd.3", "0123abcd.02", "76543210.1"):
        write(tmp_path, root_pem("Three"), name)
    assert authorities(str(tmp_path)).content == ONE + TWO


@pytest.mark.parametrize("read", [authorities, client_certificate, client_key])
def test_a_file_of_something_else(tmp_path: pathlib.Path, read: object) -> None:
    """The error names it."""
    assert callable(read)
    with pytest.raises(TrustError, match="file.pem"):
        read(write(tmp_path, b"something else"))
    with pytest.raises(TrustError, match="nowhere"):
        read(str(tmp_path / "nowhere"))


def test_a_client_is_one_file_or_two(tmp_path: pathlib.Path) -> None:
    """The certificate with its chain, and the key, each alone."""
    client = issue("client", authority("Middle", authority("One")))
    both = write(tmp_path, client.key_pem + client.pem)
    assert client_certificate(both).content == client.pem
    assert client_key(both).content == client.key_pem


@pytest.mark.parametrize(
    "kind",
    [
        serialization.PrivateFormat.PKCS8,
        serialization.PrivateFormat.TraditionalOpenSSL,
    ],
)
def test_an_encrypted_key_is_refused(
    tmp_path: pathlib.Path, kind: serialization.PrivateFormat
) -> None:
    """The module has no password for it."""
    pem = issue("client").key.private_bytes(
        serialization.Encoding.PEM,
        kind,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(TrustError, match="encrypted"):
        client_key(write(tmp_path, pem))


CA, CERTIFICATE = StoredFile("ca", b"abc"), StoredFile("crt", b"")
KEY = StoredFile("key", b"abc")


@pytest.mark.parametrize(
    ("trust", "level", "ignores_chain", "files"),
    [
        (Trust(), 0, False, ()),
        (Trust(CA), 1, False, (CA,)),
        (Trust(CA, True, CERTIFICATE, KEY), 2, False, (CA, CERTIFICATE, KEY)),
        (Trust(None, True, CERTIFICATE, KEY), 2, True, (CERTIFICATE, KEY)),
    ],
)
def test_levels(
    trust: Trust, level: int, ignores_chain: bool, files: tuple[StoredFile, ...]
) -> None:
    """No check, a check of the server, or of both (SSL manual 2.1.1)."""
    assert trust.seclevel == level
    assert trust.ignores_chain is ignores_chain
    assert trust.files == files
    assert trust.check_host
    assert Trust() == Trust(None, True, None, None)


def test_names_of_files() -> None:
    """They are 8.3 names, by SHA-256; the examples are from FIPS 180-2."""
    assert (CA.name, KEY.name) == ("ba7816bf.ca", "ba7816bf.key")
    assert CERTIFICATE.name == "e3b0c442.crt"
    assert CA.digest.hex().startswith(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
    )
    for ours in (CA, CERTIFICATE, KEY):
        assert OWN_NAME.fullmatch(ours.name)
    for other in ("ba7816bf.pem", "ba7816bf8.ca", "BA7816BF.ca", "ba7816bfxca"):
        assert not OWN_NAME.fullmatch(other)


BODY = b"\nMIIB\n"


@pytest.mark.parametrize(
    "kind", [b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY"]
)
def test_the_key_in_a_file(tmp_path: pathlib.Path, kind: bytes) -> None:
    """The first complete key, with the line ends of the module."""
    begin, end = b"-----BEGIN %b-----" % kind, b"-----END %b-----" % kind
    key = begin + BODY + end
    other = b"-----BEGIN X PRIVATE KEY-----" + BODY
    for text in (
        b"a comment\n" + key + b"\nanother\n" + key.replace(b"II", b"JJ"),
        key.replace(b"\n", b"\r\n"),
        begin + b"\n  MIIB \t\n" + end,
        b"# " + other + b"-----END X PRIVATE KEY-----\n" + key,
        other + b"# -----END X PRIVATE KEY-----\n" + key,
    ):
        assert client_key(write(tmp_path, text)).content == key + b"\n"
        assert client_key(write(tmp_path, text)).kind == "key"
    for text in (begin + BODY, b"x" + key, other + end, key.lower()):
        with pytest.raises(TrustError, match="PEM private key.*file.pem"):
            client_key(write(tmp_path, text))


def test_what_is_no_certificate(tmp_path: pathlib.Path) -> None:
    """An incomplete one, and one with other bytes in it."""
    for text in (ONE[:-30], ONE.replace(b"M", b"-", 1), ONE.lower(), b"x" + ONE):
        both = write(tmp_path, text + b"\n" + TWO)
        assert authorities(both).content == TWO
        assert client_certificate(both).content == TWO
        with pytest.raises(TrustError, match="PEM certificate.*file.pem"):
            authorities(write(tmp_path, text))
    assert authorities(write(tmp_path, ONE)).kind == "ca"
    assert client_certificate(write(tmp_path, ONE)).kind == "crt"


def test_a_directory_without_certificates(tmp_path: pathlib.Path) -> None:
    """Under the names that count, or in files with these names."""
    write(tmp_path, ONE, "ca.pem")
    with pytest.raises(TrustError, match="openssl rehash"):
        authorities(str(tmp_path))
    write(tmp_path, b"something else", "0123abcd.0")
    with pytest.raises(TrustError, match="PEM certificate"):
        authorities(str(tmp_path))
    for number in range(12):
        write(tmp_path, TWO if number == 11 else ONE, f"0123abcd.{number}")
    assert authorities(str(tmp_path)).content == ONE + TWO


def test_a_file_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    """The error has the system's reason."""
    with pytest.raises(TrustError, match="nowhere.*: No such file"):
        authorities(str(tmp_path / "nowhere"))


def test_a_key_is_not_shown(tmp_path: pathlib.Path) -> None:
    """Not in the output of a debugger or a traceback."""
    client = issue("client")
    path = write(tmp_path, client.key_pem + client.pem)
    trust = Trust(None, True, client_certificate(path), client_key(path))
    assert client.key_pem.splitlines()[3].decode() not in repr(trust)


def test_a_name_is_no_secret_and_no_chance(tmp_path: pathlib.Path) -> None:
    """It is the same in each process, so a file is found again."""
    path = write(tmp_path, ONE)
    script = "import sys; from requests_bg96.base.trust import authorities as a; "
    script += "print(a(sys.argv[1]).name)"
    found = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, check=True
    )
    assert found.stdout.decode().strip() == authorities(path).name
