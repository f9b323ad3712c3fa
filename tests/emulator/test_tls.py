"""The module's TLS: the settings of its SSL context, with real servers."""

from __future__ import annotations

import datetime
import os
import pathlib
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from requests_bg96.emulator import SocketNetwork, SystemClock, TlsSettings, VirtualClock
from requests_bg96.emulator.network import Connected, Event, Failed
from requests_bg96.emulator.tls_client import CIPHER_NAMES, _private_file, validity
from tests.certificates import DAY, HERE, Issued, authority, issue
from tests.thread_support import until
from tests.tls_servers import TlsServer, hang, hang_up, serve_tls, server_context

ROOT = authority("Trusted Root")
MIDDLE = authority("Middle", ROOT)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
FAILED = Failed(701)

TLS = ssl.TLSVersion


def attempt(server: TlsServer, host: str = "localhost", **settings: Any) -> Event:
    """The result of a connection with these settings."""
    settings.setdefault("time", NOW)
    if settings.get("level"):
        settings.setdefault("ca_certificate", ROOT.pem)
    network, clock = SocketNetwork(), SystemClock()
    network.attach(clock, lambda: None)
    link = network.connect(
        host, server.server_address[1], TlsSettings(**settings), clock.now()
    )
    try:
        until(lambda: link.due() <= clock.now())
        return link.take()
    finally:
        link.close()


@pytest.fixture
def directory(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory for the servers' certificates."""
    return tmp_path


def good(**arguments: Any) -> Issued:
    """A server's certificate that is right, except for the arguments."""
    arguments.setdefault("issuer", MIDDLE)
    arguments.setdefault("hosts", HERE)
    return issue("server", **arguments)


@pytest.mark.parametrize(
    ("sslversion", "spoken", "agreed"),
    [
        (0, TLS.TLSv1, False),
        (1, TLS.TLSv1, True),
        (1, TLS.TLSv1_2, False),
        (2, TLS.TLSv1_1, True),
        (2, TLS.TLSv1, False),
        (3, TLS.TLSv1_2, True),
        (3, TLS.TLSv1_1, False),
        (3, TLS.TLSv1_3, False),
        (4, TLS.TLSv1, True),
        (4, TLS.TLSv1_2, True),
        (4, TLS.TLSv1_3, False),
    ],
)
def test_versions(
    directory: pathlib.Path, sslversion: int, spoken: TLS, agreed: bool
) -> None:
    """One of them, or all up to TLS 1.2."""
    context = server_context(good(), directory, versions=(spoken, spoken))
    with serve_tls(context) as server:
        event = attempt(server, version=sslversion)
    assert event == (Connected() if agreed else FAILED)


@pytest.mark.parametrize("code", CIPHER_NAMES, ids="{:04X}".format)
def test_suites(directory: pathlib.Path, code: int) -> None:
    """Only the one that is set. Those that OpenSSL lacks fail."""
    context = server_context(good(), directory)
    context.set_ciphers("ALL:@SECLEVEL=0")
    known = {suite["name"] for suite in context.get_ciphers()}
    with serve_tls(context) as server:
        event = attempt(server, cipher_suite=code)
    found = [cipher[0] for cipher in server.ciphers]
    name = CIPHER_NAMES[code]
    assert event == (Connected() if name in known else FAILED)
    assert found == ([name] if name in known else [])


@pytest.mark.parametrize(
    "offered",
    ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305", "AES128-SHA256"],
)
def test_suites_that_the_module_lacks(directory: pathlib.Path, offered: str) -> None:
    """They are not offered, whatever OpenSSL has."""
    context = server_context(good(), directory, versions=(TLS.TLSv1_2, TLS.TLSv1_2))
    context.set_ciphers(offered)
    with serve_tls(context) as server:
        assert attempt(server) == FAILED


def test_no_ecdsa(directory: pathlib.Path) -> None:
    """Only RSA keys work."""
    shown = good(key=ec.generate_private_key(ec.SECP256R1()))
    with serve_tls(server_context(shown, directory)) as server:
        assert attempt(server) == FAILED


@pytest.mark.parametrize("told", [False, True])
def test_sni(directory: pathlib.Path, told: bool) -> None:
    """The name is sent only if it is set, and never an address."""
    names: list[str | None] = []
    context = server_context(good(), directory)
    context.sni_callback = lambda sock, name, _: names.append(name)
    with serve_tls(context) as server:
        for host in HERE:
            assert attempt(server, host, server_name=told) == Connected()
    assert names == (["localhost", None] if told else [None, None])


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("hosts", "asked", "right"),
    [
        (("localhost",), "localhost", True),
        (("LOCALHOST",), "localhost", True),
        (("other.example", "localhost"), "localhost", True),
        (("other.example",), "localhost", False),
        (("*",), "localhost", False),
        (("*.localhost",), "localhost", False),
        (("127.0.0.1",), "localhost", False),
        (("127.0.0.1",), "127.0.0.1", True),
        (("localhost",), "127.0.0.1", False),
        (("127.0.0.2",), "127.0.0.1", False),
        ((), "localhost", False),
    ],
)
def test_host(
    directory: pathlib.Path,
    told: bool,
    hosts: tuple[str, ...],
    asked: str,
    right: bool,
) -> None:
    """It is checked only if that is set, with SNI or without."""
    settings: dict[str, Any] = {"level": 1, "server_name": told}
    with serve_tls(server_context(good(hosts=hosts), directory)) as server:
        event = attempt(server, asked, check_host=True, **settings)
        assert event == (Connected() if right else FAILED)
        assert attempt(server, asked, check_host=False, **settings) == Connected()


def test_levels(directory: pathlib.Path) -> None:
    """0 checks nothing; 1 checks, and needs a CA file."""
    stranger = authority("Some Root").pem
    with serve_tls(server_context(good(), directory)) as server:
        for level, ca_certificate, made in (
            (0, None, True),
            (0, stranger, True),
            (1, None, False),
            (1, b"no certificate", False),
            (1, b"", False),
            (1, stranger, False),
            (1, stranger + ROOT.pem, True),
            (1, ROOT.certificate.public_bytes(Encoding.DER), True),
            (2, ROOT.pem, True),
            (2, stranger, False),
        ):
            event = attempt(server, level=level, ca_certificate=ca_certificate)
            assert event == (Connected() if made else FAILED), level


def test_an_ignored_chain(directory: pathlib.Path) -> None:
    """Nothing is checked."""
    with serve_tls(server_context(good(hosts=()), directory)) as server:
        settings: dict[str, Any] = {"level": 1, "check_host": True}
        assert attempt(server, **settings) == FAILED
        for ca_certificate in (None, ROOT.pem):
            event = attempt(
                server, ca_certificate=ca_certificate, ignore_chain=True, **settings
            )
            assert event == Connected()


# The client's certificate


def client(**arguments: Any) -> dict[str, Any]:
    """The settings of the module's certificate and key."""
    made = issue("client", ROOT, **arguments)
    return {"client_certificate": made.pem, "client_key": made.key_pem}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_certificate_is_shown_at_level_2(
    directory: pathlib.Path, level: int
) -> None:
    """Only a server that asks for it gets it."""
    asking = server_context(
        good(), directory, client_ca=ROOT, versions=(TLS.TLSv1_2, TLS.TLSv1_2)
    )
    with serve_tls(asking) as server:
        event = attempt(server, level=level, **client())
        assert event == (Connected() if level == 2 else FAILED)
    asking.verify_mode = ssl.CERT_OPTIONAL
    with serve_tls(asking) as server:
        assert attempt(server, level=level, **client()) == Connected()
    (shown,) = server.clients
    assert bool(shown) == (level == 2)


@pytest.mark.parametrize(
    "files",
    [
        {"client_key": issue("other", key=authority("Other").key).key_pem},
        {"client_key": b"no key"},
        {"client_certificate": b"no certificate"},
    ],
    ids=["another's key", "no key", "no certificate"],
)
def test_a_certificate_that_cannot_be_shown(
    directory: pathlib.Path, files: dict[str, bytes]
) -> None:
    """The handshake fails, even if the server does not ask for it."""
    with serve_tls(server_context(good(), directory)) as server:
        assert attempt(server, level=2, **{**client(), **files}) == FAILED


def test_the_key_is_on_disk_for_a_moment_and_for_this_user(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's ssl can read it only from a file."""
    scratch = directory / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with _private_file(b"secret") as path:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert [str(one) for one in scratch.iterdir()] == [path]
    for files in (client(), {**client(), "client_key": b"no key"}):
        with serve_tls(server_context(good(), directory)) as server:
            attempt(server, level=2, **files)
    assert list(scratch.iterdir()) == []


# Dates, by the module's clock


def _days(chain: str, days: tuple[float, float]) -> tuple[Issued, bytes]:
    """A server's certificate; one part of its chain is valid for these days."""
    dated: dict[str, Any] = {chain: {"days": days}}
    root = authority("Dated Root", **dated.get("root", {}))
    middle = authority("Dated Middle", root, **dated.get("middle", {}))
    return good(issuer=middle, **dated.get("server", {})), root.pem


@pytest.mark.parametrize("part", ["server", "middle", "root"])
def test_dates(directory: pathlib.Path, part: str) -> None:
    """Each part of the chain must be valid at the module's time."""
    shown, ca_certificate = _days(part, (-5, -2))
    settings: dict[str, Any] = {"level": 1, "ca_certificate": ca_certificate}
    with serve_tls(server_context(shown, directory)) as server:
        for day, valid in ((-6, False), (-4, True), (-1, False), (0, False)):
            event = attempt(server, ignore_time=False, time=NOW + day * DAY, **settings)
            assert event == (Connected() if valid else FAILED), day
        assert attempt(server, ignore_time=True, **settings) == Connected()
        assert attempt(server, ignore_time=False, time=None, **settings) == FAILED


def test_an_old_root_is_not_in_the_way_of_its_successor(
    directory: pathlib.Path,
) -> None:
    """A bundle may have both, with one name and one key."""
    old, new = authority("Twice", days=(-90, -5)), authority("Twice")
    shown = good(issuer=new)
    with serve_tls(server_context(shown, directory)) as server:
        for bundle in (old.pem + new.pem, new.pem + old.pem):
            event = attempt(server, level=1, ca_certificate=bundle, ignore_time=False)
            assert event == Connected()


@pytest.mark.parametrize("years", [(0, 1), (0, 40), (-60, -30), (0, 7000)])
def test_the_dates_of_a_certificate(years: tuple[int, int]) -> None:
    """They are read in both formats."""
    made = issue("x", days=(365 * years[0], 365 * years[1])).certificate
    found = validity(made.public_bytes(Encoding.DER))
    assert found == (
        made.not_valid_before_utc.replace(tzinfo=None),
        made.not_valid_after_utc.replace(tzinfo=None),
    )


@given(st.binary(max_size=60), st.integers(0, 400))
def test_the_dates_of_anything_else(noise: bytes, offset: int) -> None:
    """There are none."""
    der = ROOT.certificate.public_bytes(Encoding.DER)
    for data in (noise, der[:offset] + noise + der[offset + len(noise) :]):
        try:
            first, last = validity(data)
        except ValueError:
            continue
        assert isinstance(first, datetime.datetime)
        assert isinstance(last, datetime.datetime)


# Time, and the machine


def test_the_time_of_a_handshake(directory: pathlib.Path) -> None:
    """It ends by the module's clock, with the error of each failed handshake."""
    clock = VirtualClock()
    network, begun = SocketNetwork(), threading.Event()
    network.attach(clock, begun.set)
    with serve_tls(hang) as server:
        tls = TlsSettings(negotiate_time=10)
        link = network.connect("localhost", server.server_address[1], tls, 0.0)
        assert begun.wait(10)
        assert link.due() == 10.0
        assert link.take() == FAILED
        assert link.due() > 1e9


def test_a_failed_handshake_is_reported_without_a_lock(directory: pathlib.Path) -> None:
    """The emulator asks for events while it holds a lock that the report takes."""
    network, clock = SocketNetwork(), SystemClock()
    begun = threading.Event()
    asked: list[bool] = []

    def notified() -> None:
        assert begun.wait(10)
        other = threading.Thread(target=lambda: link.due(), daemon=True)
        other.start()
        other.join(5)
        asked.append(not other.is_alive())

    network.attach(clock, notified)
    with serve_tls(hang_up) as server:
        port = server.server_address[1]
        link = network.connect("localhost", port, TlsSettings(time=NOW), clock.now())
        begun.set()
        # When the handshake begins, and when it fails.
        until(lambda: len(asked) == 2)
        assert link.take() == FAILED
        link.close()
    assert asked == [True, True]


def test_nothing_of_the_machine_counts(directory: pathlib.Path) -> None:
    """Its trust store and its policy have no effect."""
    (directory / "root.pem").write_bytes(ROOT.pem)
    policy = directory / "openssl.cnf"
    policy.write_text(
        "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
        "MinProtocol = TLSv1.3\nCipherString = AES256-GCM-SHA384:@SECLEVEL=4\n"
    )
    environment = {
        **os.environ,
        "OPENSSL_CONF": str(policy),
        "SSL_CERT_FILE": str(directory / "root.pem"),
    }
    with serve_tls(server_context(good(), directory)) as server:
        found = [
            _elsewhere(server, environment, ca)
            for ca in (ROOT.pem, authority("Some Root").pem)
        ]
    assert found == ["Connected()", "Failed(error=701)"]


def _elsewhere(server: TlsServer, environment: dict[str, str], ca: bytes) -> str:
    """The result of `attempt` in a process with that environment."""
    script = (
        "import sys, types; from tests.emulator.test_tls import attempt; "
        "server = types.SimpleNamespace(server_address=('', int(sys.argv[1]))); "
        "print(attempt(server, level=1, ca_certificate=sys.stdin.buffer.read()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(server.server_address[1])],
        input=ca,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()
