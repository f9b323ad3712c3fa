"""`verify` and `cert`, from any source, become the module's checks each time."""

from __future__ import annotations

import contextlib
import pathlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from urllib3.exceptions import InsecureRequestWarning, SecurityWarning

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.emulator import Clock, Emulator, Fault, Switches, SystemClock
from tests.certificates import HERE, authority, issue
from tests.https.cases import HurriedClock
from tests.https_support import (
    LATER,
    URL,
    RecordingServers,
    client_files,
    colliding_files,
    flipping_seed,
    root_file,
    root_pem,
    secured,
)
from tests.support import Rig, response
from tests.tls_servers import hang, hang_up, serve_tls, server_context

OTHER_URL = "https://other.example/"


@pytest.fixture
def root(tmp_path: pathlib.Path) -> str:
    """The path of a CA."""
    return root_file(tmp_path)


@pytest.fixture
def other_root(tmp_path: pathlib.Path) -> str:
    """The path of another CA."""
    return root_file(tmp_path, "Other")


def trusted(servers: RecordingServers) -> list[bytes | None]:
    """The CA of each connection; None without a check."""
    return [tls.ca_certificate if tls.level else None for tls in servers.seen]


# Sources of the settings


def test_verify_of_the_session(root: str) -> None:
    """It is used, and that of a request has priority."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.session.verify = root
        made.session.get(URL)
        with pytest.warns(InsecureRequestWarning):
            made.session.get(URL, verify=False)
        made.session.verify = False
        with pytest.warns(InsecureRequestWarning):
            made.session.get(URL)
        made.session.get(URL, verify=root)
    assert trusted(servers) == [root_pem(), None, None, root_pem()]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_verify_of_the_environment(
    root: str, other_root: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As in requests: in place of True, and of the adapter's own CAs."""
    monkeypatch.setenv(name, root)
    servers = RecordingServers()
    with secured(servers, adapter={"ca_certs": other_root}) as made:
        made.session.get(URL)
        made.session.get(URL, verify=other_root)
        made.session.trust_env = False
        made.session.get(URL)
    other = root_pem("Other")
    assert trusted(servers) == [root_pem(), other, other]


def test_true_is_the_bundle_of_requests() -> None:
    """The whole bundle, if the adapter has no CAs of its own."""
    servers = RecordingServers()
    with secured(servers) as made:
        made.session.get(URL)
    bundle = pathlib.Path(requests.utils.DEFAULT_CA_BUNDLE_PATH).read_bytes()
    (found,) = trusted(servers)
    assert found is not None
    assert found.count(b"BEGIN CERTIFICATE") == bundle.count(b"BEGIN CERTIFICATE")


def test_a_bundle_that_is_not_there(tmp_path: pathlib.Path) -> None:
    """The error is that of stock requests."""
    with secured(RecordingServers()) as made, requests.Session() as stock:
        for session in (made.session, stock):
            with pytest.raises(OSError, match="suitable TLS CA certificate bundle"):
                session.get(URL, verify=str(tmp_path / "nowhere.pem"))


def test_a_bundle_without_certificates(tmp_path: pathlib.Path) -> None:
    """There is no CA, so nothing can be checked."""
    empty, servers = tmp_path / "empty.pem", RecordingServers()
    empty.write_text("no certificates\n")
    with secured(servers) as made:
        with pytest.raises(requests.exceptions.SSLError, match="no PEM certificate"):
            made.session.get(URL, verify=str(empty))
        with pytest.raises(requests.exceptions.SSLError, match="openssl rehash"):
            made.session.get(URL, verify=str(tmp_path))
    assert servers.seen == []


def test_a_file_that_changes(tmp_path: pathlib.Path) -> None:
    """Its content at the time of the request counts."""
    path, servers = root_file(tmp_path), RecordingServers()
    with secured(servers) as made:
        made.session.get(URL, verify=path)
        pathlib.Path(path).write_bytes(root_pem("Other"))
        made.session.get(URL, verify=path)
    assert trusted(servers) == [root_pem(), root_pem("Other")]


@pytest.mark.parametrize("pair", [False, True])
def test_cert_of_the_session(tmp_path: pathlib.Path, root: str, pair: bool) -> None:
    """Two files, or one file with both; a request without one sends none."""
    cert, key = client_files(tmp_path)
    both = tmp_path / "both.pem"
    contents = [pathlib.Path(path).read_bytes() for path in (cert, key)]
    both.write_bytes(b"".join(contents))
    servers = RecordingServers()
    with secured(servers) as made:
        made.session.verify = root
        made.session.cert = (cert, key) if pair else str(both)
        made.session.get(URL)
        made.session.cert = None
        made.session.get(URL)
    first, second = servers.seen
    assert (first.level, second.level) == (2, 1)
    assert [first.client_certificate, first.client_key] == contents


def test_falsy_is_false(root: str) -> None:
    """None does not check, as with stock requests; True after it does."""
    servers = RecordingServers()
    with secured(servers, adapter={"ca_certs": root}) as made:
        prepared = requests.Request("GET", URL).prepare()
        for verify in (None, True, "", True, 0, True):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                made.adapter.send(prepared, verify=verify).content
            kinds = [warning.category for warning in caught]
            assert kinds == ([] if verify else [InsecureRequestWarning])
    assert servers.levels == [0, 1] * 3


# Several sessions on one modem


def test_sessions_alternate(tmp_path: pathlib.Path, root: str, other_root: str) -> None:
    """Each has its own checks, over one modem, and no file is sent twice."""
    servers, cert = RecordingServers(), client_files(tmp_path)
    with secured(servers) as made, requests.Session() as second:
        second.mount("https://", BG96Adapter(made.modem))
        made.session.verify, second.verify, second.cert = root, other_root, cert
        for _ in range(3):
            made.session.get(URL)
            second.get(OTHER_URL)
        assert made.written.count(b"AT+QFUPL=") == 4
        assert b"AT+QIDEACT" not in made.written
    assert trusted(servers) == [root_pem(), root_pem("Other")] * 3
    assert servers.levels == [1, 2] * 3


def test_threads_get_their_own_checks(root: str, other_root: str) -> None:
    """Even if one adapter makes all requests."""
    servers = RecordingServers()
    with secured(servers) as made:

        def ask(url: str, verify: str) -> None:
            for _ in range(5):
                made.session.get(url, verify=verify)

        threads = [
            threading.Thread(target=ask, args=arguments)
            for arguments in ((URL, root), (OTHER_URL, other_root))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = {"server.example": root_pem(), "other.example": root_pem("Other")}
    assert len(servers.seen) == 10
    for host, found in zip(servers.hosts, trusted(servers)):
        assert found == expected[host]


#: A server that keeps its connections, and a module that reuses them.
KEEPING = Switches(sni_checkhost=True, reuse_sockets=True)


def _unchecked(made: Rig) -> None:
    with pytest.warns(InsecureRequestWarning):
        made.session.get(URL, verify=False)


def test_an_unchecked_connection_is_not_continued(root: str) -> None:
    """An unchecked server may keep it open, and wait for a password."""
    servers = RecordingServers()
    with secured(servers, KEEPING, adapter={"keep_alive": True}) as made:
        _unchecked(made)
        _unchecked(made)
        assert servers.levels == [0]
        made.session.get(URL, verify=root)
        assert servers.levels == [0, 1]
        made.session.get(URL, verify=root)
        # A request without checks may use a checked connection.
        _unchecked(made)
        assert servers.levels == [0, 1]
    assert len(servers.requests) == 5


def test_a_connection_is_not_continued_with_another_ca(
    root: str, other_root: str
) -> None:
    """The same holds for another certificate of the client."""
    servers = RecordingServers()
    with secured(servers, KEEPING, adapter={"keep_alive": True}) as made:
        made.session.get(URL, verify=root)
        made.session.get(URL, verify=other_root)
    assert trusted(servers) == [root_pem(), root_pem("Other")]


def test_a_connection_is_not_continued_with_a_ca_of_the_same_name(
    tmp_path: pathlib.Path,
) -> None:
    """Such files can be made: a name has 32 bits of the digest."""
    servers, paths = RecordingServers(), colliding_files(tmp_path)
    with secured(servers, KEEPING, adapter={"keep_alive": True}) as made:
        for path in paths:
            made.session.get(URL, verify=path)
    assert trusted(servers) == [pathlib.Path(path).read_bytes() for path in paths]


def test_a_url_that_an_unchecked_request_has_set(root: str) -> None:
    """Noise has changed its host, which nobody has checked."""
    servers = RecordingServers()
    with secured(servers) as well:
        _unchecked(well)
        offset = well.written.index(b"https://server") + len(b"https://ser")
    noise = Fault("from_host", offset, "garble")
    with secured(servers, faults=[noise], seed=flipping_seed(1)) as made:
        servers.hosts.clear()
        _unchecked(made)
        assert servers.hosts == ["serwer.example"]
        made.session.get(URL, verify=root)
        made.session.get(URL, verify=root)
        assert servers.hosts[1:] == ["server.example"] * 2
        # Settings that were read back once are not asked for again.
        assert made.written.count(b"AT+QHTTPURL?") == 2


def test_a_certificate_is_not_shown_for_another(
    tmp_path: pathlib.Path, root: str
) -> None:
    """A connection with a certificate is not for a client without one."""
    servers, cert = RecordingServers(), client_files(tmp_path)
    with secured(servers, KEEPING, adapter={"keep_alive": True}) as made:
        made.session.get(URL, verify=root, cert=cert)
        _unchecked(made)
    assert servers.levels == [2, 0]


# Warnings and errors


@pytest.mark.parametrize(
    ("switches", "verify", "verified"),
    [(LATER, True, True), (Switches(), True, False), (LATER, False, False)],
)
def test_is_verified(
    root: str, switches: Switches, verify: bool, verified: bool
) -> None:
    """True if chain, dates and host were all checked."""
    adapter = {"allow_unchecked_host": True}
    body = b"x" * 100_000
    with secured(RecordingServers(response(body)), switches, adapter=adapter) as made:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = made.session.get(URL, verify=root if verify else False, stream=True)
        assert found.raw.connection is not None
        assert found.raw.connection.is_verified is verified
        assert found.content == body


def test_a_host_that_is_not_checked_is_warned_of_once(root: str) -> None:
    """Each host has one warning, with its name."""
    adapter = {"allow_unchecked_host": True}
    with secured(RecordingServers(), Switches(), adapter=adapter) as made:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for url in (URL, OTHER_URL) * 3:
                made.session.get(url, verify=root)
    texts = [str(warning.message) for warning in caught]
    assert {warning.category for warning in caught} == {SecurityWarning}
    assert len(texts) == 2
    assert "server.example" in texts[0] and "other.example" in texts[1]


def test_the_warning_comes_before_anything_is_sent(root: str) -> None:
    """If the warning is an error, nothing is sent, then or later."""
    servers = RecordingServers()
    with secured(servers, Switches(), adapter={"allow_unchecked_host": True}) as made:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(2):
                with pytest.raises(SecurityWarning):
                    made.session.get(URL, verify=root)
    assert servers.seen == []


def test_the_argument_is_for_one_modem(root: str) -> None:
    """Another adapter refuses, and cannot change the setting of the modem's owner."""
    with secured(
        RecordingServers(), Switches(), adapter={"allow_unchecked_host": True}
    ) as made:
        with pytest.warns(SecurityWarning):
            made.session.get(URL, verify=root)
        servers = RecordingServers()
        with secured(servers, Switches()) as strict:
            with pytest.raises(
                requests.exceptions.SSLError, match="allow_unchecked_host=True"
            ):
                strict.session.get(URL, verify=root)
        assert servers.seen == []
    with pytest.raises(TypeError, match="pass these to the BG96Modem"):
        BG96Adapter(BG96Modem("loop://"), allow_unchecked_host=True)


@contextlib.contextmanager
def emulated(clock: Clock, **arguments: Any) -> Iterator[requests.Session]:
    """A session over a modem on the network of this machine."""
    with (
        Emulator(switches=LATER, clock=clock) as emulator,
        requests.Session() as session,
    ):
        adapter = BG96Adapter(emulator.url, clock=clock, **arguments)
        session.mount("https://", adapter)
        yield session


@pytest.mark.parametrize("set_clock", [True, False])
def test_a_clock_that_is_wrong_trusts_nobody(
    tmp_path: pathlib.Path, root: str, set_clock: bool
) -> None:
    """After a loss of supply, the module has the year 2008, and may not be set."""
    shown = issue("server", authority("Root"), hosts=HERE)
    with serve_tls(server_context(shown, tmp_path)) as server:
        with emulated(SystemClock(), set_clock=set_clock) as session:
            if set_clock:
                assert session.get(server.at(), verify=root).ok
            else:
                with pytest.raises(requests.exceptions.SSLError, match="dates"):
                    session.get(server.at(), verify=root)


def test_the_text_of_a_failed_handshake(root: str) -> None:
    """It says what to check. The cause has the module's number."""
    with serve_tls(hang_up) as server, emulated(SystemClock()) as session:
        with pytest.raises(requests.exceptions.SSLError) as caught:
            session.get(server.at(), verify=root)
    for hint in ("701", "CA", "dates", "host's name", "TLS 1.3", "ECDSA", "SNI"):
        assert hint in str(caught.value)
    reason = caught.value.args[0].reason
    assert reason.__cause__.err == 701


def test_a_handshake_that_outlasts_a_short_timeout(root: str) -> None:
    """The module allows at least 10 s. The host has stopped waiting by then."""
    with serve_tls(hang) as server, emulated(HurriedClock()) as session:
        with pytest.raises(requests.ConnectTimeout):
            session.get(server.at(), verify=root, timeout=(5, 5))
