"""The command ``http`` of HTTPie sends over the modem."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from urllib.parse import quote

import pytest

from requests_bg96.emulator import Emulator
from tests.conftest import Script
from tests.servers import Server, raw

pytest.importorskip("httpie", reason="needs HTTPie: tox -e httpie")
HTTP = shutil.which("http", path=str(pathlib.Path(sys.executable).parent)) or "http"


def http(
    emulator: Emulator, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run HTTPie, with its modem on a pseudo-terminal."""
    with emulator.pty() as port:
        return subprocess.run(
            [HTTP, "--ignore-stdin", "--pretty=none", *arguments],
            env={**os.environ, "BG96_PORT": port, **environment},
            capture_output=True,
            text=True,
        )


def over_modem(server: Server, path: str = "/") -> str:
    """The URL of a server, for the plugin."""
    return server.url.replace("http://", "http+bg96://", 1) + path


def test_a_request(emulator: Emulator, http_server: Server) -> None:
    """It has parameters and JSON; the server does not see the scheme."""
    url = over_modem(http_server, "/echo")
    done = http(emulator, "--verbose", url, "q==1", "t:=21.5")
    assert done.returncode == 0, done.stderr
    assert '{"t": 21.5}' in done.stdout
    assert "bg96" not in done.stdout.partition("\n\n")[2]
    assert emulator.exchanges == 1


def test_a_redirect(emulator: Emulator, http_server: Server) -> None:
    """An absolute Location stays on the modem."""
    url = f"{over_modem(http_server)}redirect/302?to={http_server.url}/echo"
    done = http(emulator, "--follow", "--all", "--headers", url)
    assert done.returncode == 0, done.stderr
    assert "Location: http+bg96://" in done.stdout
    assert emulator.exchanges == 2


@pytest.mark.parametrize("place", ["/echo", "//{host}/echo", "?to={url}/echo"])
def test_a_relative_redirect(
    emulator: Emulator, http_server: Server, place: str
) -> None:
    """It is made absolute, because urllib.parse does not join to our scheme."""
    to = place.format(host=http_server.url.partition("//")[2], url=http_server.url)
    url = f"{over_modem(http_server)}redirect/302?to={quote(to)}"
    done = http(emulator, "--follow", "--all", "--headers", url)
    assert done.returncode == 0, done.stderr
    assert emulator.exchanges >= 2


@pytest.mark.parametrize("scheme", ["ht\ttp", "HTTP", "http\t", "hTTps"])
def test_a_redirect_past_the_modem(
    emulator: Emulator, raw_server: Script, scheme: str
) -> None:
    """A server that spells the scheme in its own way does not get a connection."""
    head = f"HTTP/1.1 302 So\r\nContent-Length: 0\r\nLocation: {scheme}://127.0.0.1:1/"
    server = raw_server(raw(f"{head}\r\n\r\n".encode()))
    done = http(emulator, "--follow", over_modem(server))
    assert done.returncode == 1
    assert "ModemHTTP" in done.stderr


def test_settings(emulator: Emulator, http_server: Server) -> None:
    """Wrong ones are an error of HTTPie, and nothing is sent."""
    done = http(emulator, over_modem(http_server), BG96_AUTH="9")
    assert done.returncode == 1
    assert "auth is 9; the module takes 0 to 3" in done.stderr
    assert emulator.exchanges == 0


def test_a_settings_file(
    emulator: Emulator, http_server: Server, tmp_path: pathlib.Path
) -> None:
    """The one of the commands, whose errors name it."""
    path = tmp_path / "config.toml"
    path.write_text("apn = 5")
    done = http(emulator, over_modem(http_server), BG96_CONFIG=str(path))
    assert done.returncode == 1
    assert f"{path}: apn must be a text in quotes" in done.stderr


def test_other_urls_do_not_use_it(emulator: Emulator, http_server: Server) -> None:
    """HTTPie is as before."""
    done = http(emulator, http_server.url + "/echo")
    assert done.returncode == 0, done.stderr
    assert emulator.exchanges == 0


def test_it_is_listed(emulator: Emulator) -> None:
    """HTTPie finds both plugins."""
    command = [HTTP[: -len("http")] + "httpie", "plugins", "list"]
    told = subprocess.run(command, capture_output=True, text=True).stdout
    assert "bg96-http" in told and "bg96-https" in told
