"""`requests-bg96 ca`, with servers on loopback and a bundle of test roots."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import ssl
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec

from requests_bg96.base.trust import authorities
from requests_bg96.cli import roots
from requests_bg96.cli.main import main
from requests_bg96.cli.roots import RootError, split_address
from tests.certificates import HERE, Issued, authority, issue
from tests.https.cases import CASES, TLS12, TLS13, modem_session
from tests.servers import refused_url
from tests.tls_servers import hang_up, serve_tls, server_context

ROOTS = [authority(f"Root {number}") for number in range(37)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bundle with comments, like that of certifi."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.pem"
    path.write_bytes(b"".join(b"\n# A root\n" + root.pem for root in ROOTS))
    return str(path)


def context(directory: pathlib.Path, root: Issued, **arguments: Any) -> ssl.SSLContext:
    """A server whose chain ends in this root."""
    key = arguments.pop("key", None)
    hosts = arguments.pop("hosts", HERE)
    shown = issue("server", authority("Middle", root), hosts=hosts, key=key)
    return server_context(shown, directory, **arguments)


#: The day on which the roots expire.
EXPIRES = ROOTS[0].certificate.not_valid_after_utc.date()


def certificates(text: str) -> bytes:
    """The certificates in a file, without the comments."""
    lines = [line for line in text.splitlines(True) if line.strip()]
    return "".join(line for line in lines if line[0] != "#").encode()


def invoke(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["ca", *arguments])


@pytest.mark.parametrize("number", [0, 1, 17, 18, 19, 35, 36])
def test_the_root_is_found(tmp_path: pathlib.Path, bundle: str, number: int) -> None:
    """It is found at any place, with one handshake per halving and few more."""
    with serve_tls(context(tmp_path, ROOTS[number])) as server:
        address = f"localhost:{server.server_address[1]}"
        found = invoke(address, "--bundle", bundle)
    assert found.exit_code == 0, found.output
    assert certificates(found.stdout) == ROOTS[number].pem
    assert f"Root {number}, expires {EXPIRES} (" in found.stderr
    assert f"# Root {number}, expires {EXPIRES}, for {address}\n" in found.stdout
    assert server.connections <= 8
    assert "warning" not in found.stderr


def test_what_is_written_is_what_the_module_needs(
    tmp_path: pathlib.Path, bundle: str
) -> None:
    """A request over the modem works with that file alone."""
    output = tmp_path / "root.pem"
    with serve_tls(context(tmp_path, ROOTS[5], versions=TLS12)) as server:
        address = f"https://127.0.0.1:{server.server_address[1]}/"
        found = invoke(address, "--bundle", bundle, "-o", str(output))
        assert (found.exit_code, found.stdout) == (0, "")
        case = CASES["right in everything"]
        with modem_session(case, True, False, str(output)) as session:
            assert session.get(server.at()).text == "hello"
    assert certificates(output.read_text()) == ROOTS[5].pem


def test_the_chain_that_the_module_sees(tmp_path: pathlib.Path, bundle: str) -> None:
    """A host may have two certificates with two roots."""
    served = context(tmp_path, ROOTS[3])
    other = issue(
        "server",
        ROOTS[30],
        hosts=HERE,
        key=ec.generate_private_key(ec.SECP256R1()),
    )
    served.load_cert_chain(*other.save(tmp_path, "other"))
    with serve_tls(served) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", bundle)
    assert certificates(found.stdout) == ROOTS[3].pem


@pytest.mark.parametrize(
    "arguments",
    [{"versions": TLS13}, {"key": ec.generate_private_key(ec.SECP256R1())}],
    ids=["TLS 1.3", "ECDSA"],
)
def test_a_host_that_the_module_cannot_speak_to(
    tmp_path: pathlib.Path, bundle: str, arguments: dict[str, Any]
) -> None:
    """The command finds its root, and says so."""
    with serve_tls(context(tmp_path, ROOTS[9], **arguments)) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", bundle)
    assert certificates(found.stdout) == ROOTS[9].pem
    assert "the module cannot connect to localhost" in found.stderr


def test_suites_that_the_module_does_not_have(
    tmp_path: pathlib.Path, bundle: str
) -> None:
    """TLS 1.2 and an RSA key are not enough."""
    served = context(tmp_path, ROOTS[9], versions=TLS12)
    served.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    with serve_tls(served) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", bundle)
    assert certificates(found.stdout) == ROOTS[9].pem
    assert "the module cannot connect to localhost" in found.stderr


def test_several_hosts(tmp_path: pathlib.Path, bundle: str) -> None:
    """Each root stands in the file once, with its day; the module takes the file."""
    output = tmp_path / "roots.pem"
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(serve_tls(context(tmp_path, ROOTS[number])))
            for number in (3, 30, 3)
        ]
        places = [f"localhost:{one.server_address[1]}" for one in servers]
        found = invoke(*places, "--bundle", bundle, "-o", str(output), "--json")
    text = output.read_text()
    assert certificates(text) == ROOTS[3].pem + ROOTS[30].pem
    assert f"# Root 3, expires {EXPIRES}, for {places[0]}, {places[2]}\n" in text
    assert authorities(str(output)).content == certificates(text)
    told = json.loads(found.stdout)
    assert [one["address"] for one in told] == places
    assert [one["root"] for one in told] == ["Root 3", "Root 30", "Root 3"]
    assert {one["expires"] for one in told} == {EXPIRES.isoformat()}
    assert told[1]["pem"].encode() == ROOTS[30].pem and told[0]["suits_module"]


def test_one_of_several_that_fails(tmp_path: pathlib.Path, bundle: str) -> None:
    """Then nothing is written."""
    output = tmp_path / "roots.pem"
    with serve_tls(context(tmp_path, ROOTS[3])) as server:
        place = f"localhost:{server.server_address[1]}"
        found = invoke(place, "127.0.0.1:1", "--bundle", bundle, "-o", str(output))
    assert found.exit_code == 1 and not output.exists()


def test_a_name_that_is_not_one_line(tmp_path: pathlib.Path) -> None:
    """It cannot add anything to the file, and not to a terminal."""
    name = "Root\n-----BEGIN CERTIFICATE-----\x1b[2J"
    root = authority(name)
    path = tmp_path / "bundle.pem"
    path.write_bytes(root.pem)
    with serve_tls(context(tmp_path, root)) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", str(path))
    assert certificates(found.stdout) == root.pem
    assert "Root?-----BEGIN CERTIFICATE-----?[2J, expires" in found.stderr


#: All texts about the size of requests' bundle.
TOLD = re.compile(
    r"2 kB(?: to send(?: to the module| once))?,? "
    r"(?:and not|in place of|instead of) (\d+)"
)


def test_what_texts_say_of_the_whole_bundle() -> None:
    """All texts have the same kB for the whole bundle.

    A fifth more or less is allowed, because certifi's roots change.
    """
    page = pathlib.Path(__file__).resolve().parents[2].joinpath("docs/choose.rst")
    texts = (page.read_text(encoding="utf-8"), invoke("--help").stdout, roots.__doc__)
    told = [TOLD.findall(" ".join(str(text).split())) for text in texts]
    assert told[0] == told[1] == told[2] and len(told[0]) == 1
    sent = authorities(requests.utils.DEFAULT_CA_BUNDLE_PATH).content
    assert len(sent) / 1000 == pytest.approx(int(told[0][0]), rel=0.2)


def test_no_root_in_the_bundle(tmp_path: pathlib.Path, bundle: str) -> None:
    """The command says so, and writes nothing."""
    output = tmp_path / "root.pem"
    with serve_tls(context(tmp_path, authority("Unknown"))) as server:
        address = f"localhost:{server.server_address[1]}"
        found = invoke(address, "--bundle", bundle, "-o", str(output))
    assert found.exit_code == 1
    assert "any of the 37 certificates in the bundle" in found.stderr
    assert not output.exists()


def test_a_certificate_for_another_host(tmp_path: pathlib.Path, bundle: str) -> None:
    """No root makes that valid."""
    with serve_tls(context(tmp_path, ROOTS[0], hosts=("other.example",))) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", bundle)
    assert found.exit_code == 1
    assert "Hostname mismatch" in found.stderr


def test_a_host_that_is_not_there(bundle: str) -> None:
    """The host is given by address or by name."""
    port = refused_url().rpartition(":")[2].strip("/")
    for host in (f"127.0.0.1:{port}", "nowhere.example"):
        found = invoke(host, "--bundle", bundle)
        assert found.exit_code == 1
        assert f"Error: {host}" in found.stderr and "cannot be reached" in found.stderr


def test_a_host_that_hangs_up(bundle: str) -> None:
    """Neither TLS version works."""
    with serve_tls(hang_up) as server:
        found = invoke(f"localhost:{server.server_address[1]}", "--bundle", bundle)
    assert found.exit_code == 1
    assert "handshake" in found.stderr


def test_a_bundle_without_certificates(tmp_path: pathlib.Path) -> None:
    """The error names it."""
    (tmp_path / "empty.pem").write_text("")
    found = invoke("localhost", "--bundle", str(tmp_path / "empty.pem"))
    assert found.exit_code == 1
    assert "empty.pem" in found.stderr


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org", ("example.org", 443)),
        ("example.org:8443", ("example.org", 8443)),
        ("https://example.org/", ("example.org", 443)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("[2001:db8::1]:8443", ("2001:db8::1", 8443)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """A host, with a port or without."""
    assert split_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", ":443", "a:b", "a:0", "a:65536", "a b", "http://a/", "a/b", "2001:db8::1"],
)
def test_what_is_no_address(text: str) -> None:
    """The command refuses it before it uses a network."""
    with pytest.raises(RootError, match="HOST"):
        split_address(text)
