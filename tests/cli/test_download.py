"""``requests-bg96 download``: names, attempts, digests, and what a person sees."""

from __future__ import annotations

import hashlib
import json
import pathlib
import random
import signal
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from requests_bg96.cli.main import main
from requests_bg96.emulator import CallableNetwork, Emulator
from tests.cli.terminal import Terminal
from tests.file_server import FileServer
from tests.servers import Reply, Request, raw, serve

DATA = random.Random(7).randbytes(5000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def file_server() -> FileServer:
    """The server."""
    return FileServer(DATA)


@pytest.fixture
def port(
    file_server: FileServer, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A module in front of it; the working directory is an empty one."""
    monkeypatch.chdir(tmp_path)
    with Emulator(network=CallableNetwork(file_server)) as emulator:
        yield emulator.url


def download(port: str, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["download", *words, "--port", port])


@pytest.mark.parametrize(
    "words, name",
    [
        (["server.example/a/firm%20ware.bin?x=/y"], "firm ware.bin"),
        (["server.example/a/", "other"], "other"),
        (["server.example/a/b", "."], "b"),
    ],
)
def test_names(port: str, tmp_path: pathlib.Path, words: list[str], name: str) -> None:
    result = download(port, *words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{name}: 5000 bytes\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == DATA


@pytest.mark.parametrize(
    "path",
    ["", "/", "/..", "/a/.", "/%2e%2e", "/..%2f..%2fx%5C", "/a%5Cb", "/%00", "/a%3A"],
)
def test_urls_without_a_name(port: str, file_server: FileServer, path: str) -> None:
    """Nothing is written elsewhere, and nothing is asked for."""
    result = download(port, f"http://server.example{path}")
    assert result.exit_code == 2 and "add PATH" in result.stderr
    assert file_server.asked == []


def test_it_goes_on(port: str, file_server: FileServer) -> None:
    """While bytes come, by itself; then with the same command."""
    file_server.cuts = [1000, 1500, 2000]
    assert download(port, "server.example/f", "--json").exit_code == 0
    assert len(file_server.asked) == 4 and file_server.sent < 5000 + 4 * 512
    file_server.cuts = [1000, 1500]
    result = download(port, "server.example/f", "--tries", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    file_server.cuts = [600, 0]
    result = download(port, "server.example/f")
    assert result.exit_code == 1
    result = download(port, "server.example/f", "--json")
    assert result.exit_code == 0, (result.stderr, file_server.asked)
    assert json.loads(result.stdout) == {"path": "f", "bytes": 5000}
    assert pathlib.Path("f").read_bytes() == DATA


def test_digests(port: str, file_server: FileServer) -> None:
    assert download(port, "server.example/f", "--digest", SHA).exit_code == 0
    result = download(port, "server.example/f", "--digest", "x")
    assert result.exit_code == 2 and "--digest" in result.stderr
    pathlib.Path("f").unlink()
    file_server.content = bytes(5000)
    result = download(port, "server.example/f", "--digest", f"sha256:{SHA}")
    assert result.exit_code == 7 and SHA in result.stderr
    assert list(pathlib.Path().iterdir()) == []


def test_an_error_of_the_server(port: str) -> None:
    with serve(
        lambda _: raw(b"HTTP/1.1 404 Gone\r\nContent-Length: 1\r\n\r\nx")
    ) as one:
        result = download("emulator://", f"{one.url}/secret")
    assert result.exit_code == 5
    assert result.stderr == "Error: the server answered 404 Gone\nHint: check the URL\n"


def test_headers_of_the_user(port: str) -> None:
    """They go with each request; a wrong one is refused."""
    seen: list[Request] = []

    def app(request: Request) -> Reply:
        seen.append(request)
        head = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 3\r\n\r\n'
        return raw(head, b"abc")

    with serve(app) as server:
        words = ["-H", "X-Key: 1", "-u", "user:word"]
        result = download("emulator://", f"{server.url}/f", *words)
    assert result.exit_code == 0
    assert seen[0].one("X-Key") == "1" and seen[0].one("Authorization")
    assert seen[0].one("Accept-Encoding") == "identity"
    assert download(port, "server.example/f", "-H", "x").exit_code == 2


def test_no_port(tmp_path: pathlib.Path) -> None:
    """It is not tried again, and leaves nothing."""
    result = download("/dev/none", "server.example/f", str(tmp_path / "f"))
    assert result.exit_code == 3 and list(tmp_path.iterdir()) == []


def test_at_a_terminal(tmp_path: pathlib.Path) -> None:
    """There is a bar with the rate; control-C keeps what came for the next time."""
    file_server = FileServer(random.Random(8).randbytes(40_000))
    path = tmp_path / "f"

    def app(request: Request) -> Reply:
        fields = {name.lower(): value for name, value in request.headers}
        return raw(b"".join(file_server.respond(fields)))

    with serve(app) as server:
        words = ["download", f"{server.url}/f", str(path), "--port"]
        with Terminal([*words, "emulator://?baudrate=115200"]) as terminal:
            terminal.sees(b"kB/s")
            terminal.program.send_signal(signal.SIGINT)
            assert terminal.ends() == 130
            assert b"Traceback" not in terminal.seen
        kept = path.with_name("f.part").stat().st_size
        assert kept > 0
        with Terminal([*words, "emulator://"]) as terminal:
            assert terminal.ends() == 0
            assert b"f: 40000 bytes\r\n" in terminal.seen
    assert path.read_bytes() == file_server.content
    assert file_server.asked == [None, f"bytes={kept - 512}-"]
