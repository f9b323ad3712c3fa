"""What files of PEM become, without a module."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization

from requests_bg96.base.trust import Trust, authorities, client_certificate, client_key
from requests_bg96.errors import TrustError
from tests.certificates import authority, issue
from tests.https_support import root_pem

ONE, TWO = root_pem("One"), root_pem("Two")


def write(directory: pathlib.Path, content: bytes, name: str = "file.pem") -> str:
    """Write a file, and return its path."""
    (directory / name).write_bytes(content)
    return str(directory / name)


def test_a_bundle_without_its_comments(tmp_path: pathlib.Path) -> None:
    """Certificates in their order, each once, with the line ends of the module."""
    text = b"# One\n" + ONE + b"\n# Two\n" + TWO.replace(b"\n", b"\r\n") + ONE
    assert authorities(write(tmp_path, text)).content == ONE + TWO


@pytest.mark.parametrize(
    "prefix", [b"# ", b"#", b" ", b"old: "], ids=["comment", "bare", "blank", "text"]
)
def test_what_is_commented_out_is_not_trusted(
    tmp_path: pathlib.Path, prefix: bytes
) -> None:
    """OpenSSL finds a certificate at the beginning of a line only."""
    text = prefix + ONE + TWO
    assert authorities(write(tmp_path, text)).content == TWO


def test_a_directory_has_what_openssl_would_find(tmp_path: pathlib.Path) -> None:
    """Files of hashed names, no others, and no revocation lists."""
    write(tmp_path, ONE, "0123abcd.0")
    write(tmp_path, TWO, "0123abcd.1")
    # OpenSSL counts up from 0, and stops where there is none.
    others = ("ca.pem", "0123abcd.r0", "0123abcd.pem", "README")
    for name in (*others, "0123abcd.3", "0123abcd.02", "76543210.1"):
        write(tmp_path, root_pem("Three"), name)
    assert authorities(str(tmp_path)).content == ONE + TWO


@pytest.mark.parametrize("read", [authorities, client_certificate, client_key])
def test_a_file_of_something_else(tmp_path: pathlib.Path, read: object) -> None:
    """Is an error that names it."""
    assert callable(read)
    with pytest.raises(TrustError, match="file.pem"):
        read(write(tmp_path, b"something else"))
    with pytest.raises(TrustError, match="nowhere"):
        read(str(tmp_path / "nowhere"))


def test_a_client_is_one_file_or_two(tmp_path: pathlib.Path) -> None:
    """The certificate with its chain, and the key, each by itself."""
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


def test_a_key_is_not_shown(tmp_path: pathlib.Path) -> None:
    """Not in what a debugger or a traceback prints."""
    client = issue("client")
    path = write(tmp_path, client.key_pem + client.pem)
    trust = Trust(None, True, client_certificate(path), client_key(path))
    assert client.key_pem.splitlines()[3].decode() not in repr(trust)


def test_a_name_is_no_secret_and_no_chance(tmp_path: pathlib.Path) -> None:
    """The same in every process: a file is found again."""
    path = write(tmp_path, ONE)
    script = "import sys; from requests_bg96.base.trust import authorities as a; "
    script += "print(a(sys.argv[1]).name)"
    found = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, check=True
    )
    assert found.stdout.decode().strip() == authorities(path).name
