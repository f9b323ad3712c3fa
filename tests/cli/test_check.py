"""``requests-bg96 check``, against servers on loopback, with and without a module."""

from __future__ import annotations

import json
import pathlib
import socket
import ssl
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec

from requests_bg96.cli.main import main
from requests_bg96.cli.session import WAYS
from requests_bg96.emulator import Emulator, Switches
from tests.certificates import HERE, authority, issue
from tests.cli.terminal import Terminal
from tests.https.cases import TLS12, TLS13
from tests.servers import refused_url
from tests.tls_servers import hang, serve_tls, server_context

ROOT = authority("Root")
EC = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def bundle(tmp_path: pathlib.Path) -> str:
    """The roots to trust."""
    path = tmp_path / "bundle.pem"
    path.write_bytes(ROOT.pem + authority("Other").pem)
    return str(path)


def context(directory: pathlib.Path, **arguments: Any) -> ssl.SSLContext:
    """A server whose chain ends in that root."""
    key = arguments.pop("key", None)
    hosts = arguments.pop("hosts", HERE)
    days = arguments.pop("days", (-10, 10))
    middle = authority("Middle", arguments.pop("root", ROOT))
    shown = issue("server", middle, hosts=hosts, key=key, days=days)
    return server_context(shown, directory, **arguments)


def check(address: str, bundle: str, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["check", address, "--bundle", bundle, *words])


def found(context: Any, bundle: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit status, and what it finds of a server."""
    with serve_tls(context) as server:
        result = check(
            f"localhost:{server.server_address[1]}", bundle, "--json", *words
        )
    return result.exit_code, json.loads(result.stdout)


def ways(told: dict[str, Any]) -> dict[str, bool]:
    """Return which way works."""
    return {way["via"]: way["works"] for way in told["ways"]}


def test_a_server_that_suits(tmp_path: pathlib.Path, bundle: str) -> None:
    """Everything that there is to know of it."""
    status, told = found(context(tmp_path), bundle)
    assert status == 0 and ways(told) == {"line": True, "socket": True}
    assert told["versions"] == ["1.2", "1.3"] and told["keys"] == ["RSA"]
    assert {"0XC02F", "0XC014", "0X0035"} <= {*told["suites"]}
    assert not {*told["suites"]} & {*told["untested"]}
    assert told["sni"] is False and told["issuer"] == "Middle"
    assert told["root"]["subject"] == "Root" and told["root"]["suits_module"]
    assert told["expires"] < told["root"]["expires"] or told["expires"]


def test_text(tmp_path: pathlib.Path, bundle: str) -> None:
    """Lines that are not broken, without colours."""
    with serve_tls(context(tmp_path)) as server:
        result = check(f"localhost:{server.server_address[1]}", bundle)
    lines = result.stdout.splitlines()
    assert lines[0] == "TLS versions  1.2, 1.3"
    assert 'via="line"    yes  the firmware must know' in result.stdout
    assert "\x1b" not in result.output and result.exit_code == 0


UNSUITED: list[tuple[dict[str, Any], str]] = [
    ({"versions": TLS13}, "the server has TLS 1.3, and the module needs 1.2"),
    ({"key": EC}, "no certificate with an RSA key"),
]


@pytest.mark.parametrize("arguments, text", UNSUITED)
def test_a_server_for_sockets_only(
    tmp_path: pathlib.Path, bundle: str, arguments: dict[str, Any], text: str
) -> None:
    """The exit status tells whether this version has a way to it."""
    status, told = found(context(tmp_path, **arguments), bundle)
    assert ways(told) == {"line": False, "socket": True}
    assert text in told["ways"][0]["text"]
    assert status == (0 if "socket" in WAYS else 1)


def test_other_suites(tmp_path: pathlib.Path, bundle: str) -> None:
    """A suite that the module does not have, though it has TLS 1.2 and RSA."""
    served = context(tmp_path, versions=TLS12)
    served.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    status, told = found(served, bundle)
    assert ways(told) == {"line": False, "socket": True}
    assert told["suites"] == [] and "none of the module's suites" in str(told["ways"])


def test_one_suite(tmp_path: pathlib.Path, bundle: str) -> None:
    served = context(tmp_path, versions=TLS12)
    served.set_ciphers("ECDHE-RSA-AES128-SHA256")
    _, told = found(served, bundle)
    assert told["suites"] == ["0XC027"] and told["versions"] == ["1.2"]
    assert ways(told) == {"line": True, "socket": True}


def test_a_server_that_needs_the_name(tmp_path: pathlib.Path, bundle: str) -> None:
    right = issue("server", authority("Middle", ROOT), hosts=HERE)
    served = context(tmp_path, hosts=("other.example",), by_name=("localhost", right))
    _, told = found(served, bundle)
    assert told["sni"] is True and "SNI" in told["ways"][0]["text"]


DISTRUSTED: list[dict[str, Any]] = [
    {"root": authority("Unknown")},
    {"hosts": ("other.example",)},
    {"days": (-10, -1)},
]


@pytest.mark.parametrize("arguments", DISTRUSTED)
def test_a_server_that_cannot_be_trusted(
    tmp_path: pathlib.Path, bundle: str, arguments: dict[str, Any]
) -> None:
    """No way trusts it, and the module itself is not asked."""
    status, told = found(context(tmp_path, **arguments), bundle, "--modem")
    assert status == 1 and not any(ways(told).values())
    assert told["root"] is None and "cannot be trusted" in told["distrust"]
    assert "not asked" in told["ways"][2]["text"]


@pytest.mark.parametrize("knows", [True, False])
def test_the_module_itself(tmp_path: pathlib.Path, bundle: str, knows: bool) -> None:
    """One request, which is checked with the root."""
    switches = Switches(sni_checkhost=knows)
    with Emulator(switches=switches) as emulator:
        status, told = found(
            context(tmp_path), bundle, "--modem", "--port", emulator.url
        )
    assert status == (0 if knows else 1)
    assert ways(told) == {"line": True, "socket": True, "modem": knows}
    text = told["ways"][2]["text"]
    assert ("the server answered 200" if knows else "cannot check the host") in text


def test_at_a_terminal(tmp_path: pathlib.Path, bundle: str) -> None:
    """What is asked is shown, and then that it waits for the module."""
    with serve_tls(context(tmp_path)) as server:
        place = f"localhost:{server.server_address[1]}"
        words = ["check", place, "--bundle", bundle, "--modem", "--port"]
        port = "emulator://?baudrate=4800&sni_checkhost=true"
        with Terminal([*words, port]) as terminal:
            assert terminal.ends() == 0
    assert b"asking localhost" in terminal.seen
    assert b"waiting" in terminal.seen
    assert b"the server answered 200" in terminal.seen
    assert b"Traceback" not in terminal.seen


def test_no_server(bundle: str) -> None:
    """Nobody there, no TLS, no answer, no address."""
    place = refused_url().split("//")[1].strip("/")
    result = check(place, bundle)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"Error: {place} cannot be reached" in result.stderr

    def talk(sock: socket.socket, _: object) -> socket.socket:
        sock.sendall(b"220 ready\r\n")
        raise ConnectionAbortedError("as it should be")

    with serve_tls(talk) as plain:
        result = check(f"localhost:{plain.server_address[1]}", bundle)
    assert result.exit_code == 1 and "does not speak TLS" in result.stderr
    result = check("nonsense:x", bundle)
    assert result.exit_code == 1 and "is not HOST or HOST:PORT" in result.stderr


def test_a_server_that_hangs(bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for once."""
    monkeypatch.setattr("requests_bg96.cli.handshakes.TIMEOUT", 0.3)
    with serve_tls(hang) as server:
        result = check(f"localhost:{server.server_address[1]}", bundle)
    assert result.exit_code == 1 and "does not answer a handshake" in result.stderr
    assert server.connections == 1
