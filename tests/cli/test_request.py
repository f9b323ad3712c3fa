"""``requests-bg96 get`` and the other methods, to programs and to a terminal."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from requests_bg96.cli.main import main
from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    Refused,
    Silence,
    Unresolvable,
)
from tests.behaviours import Behaviours
from tests.certificates import HERE, authority, issue
from tests.cli.terminal import Terminal
from tests.servers import HANG, Reply, Request, Server, raw, reply, serve
from tests.support import Answers, Servers, response
from tests.tls_servers import serve_tls, server_context

#: What no text mode leaves as it is.
DATA = bytes(range(256)) * 50


class Behind:
    """A module, and all servers behind it."""

    def __init__(self, emulator: Emulator, servers: Servers) -> None:
        self.url, self.servers = emulator.url, servers

    def answers(self, *answers: Answers) -> None:
        """Let the next requests be answered so."""
        self.servers.answers = [*answers]

    def run(self, *words: str, typed: bytes | None = None) -> Result:
        """Run a command."""
        return CliRunner().invoke(main, [*words, "--port", self.url], input=typed)

    def sent(self) -> tuple[bytes, dict[bytes, bytes], bytes]:
        """The request line, the headers, and the body of the last request."""
        head, _, body = self.servers.requests[-1].partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        pairs = (field.split(b": ", 1) for field in fields)
        return line, {name.lower(): value for name, value in pairs}, body


@pytest.fixture
def module() -> Iterator[Behind]:
    servers = Servers()
    with Emulator(network=CallableNetwork(servers)) as emulator:
        yield Behind(emulator, servers)


@pytest.fixture
def here() -> Iterator[Server]:
    """A server on this machine, for programs whose module is their own."""
    pages = {
        "/json": reply(
            body=b'{"a":[1,2],"b":"\\u001b[2J\xc3\xa9"}',
            headers=[("Content-Type", "application/json")],
        ),
        "/text": reply(
            body=b"one\x1b[31mtwo\x9b\r\nlast\xc3\xa9",
            headers=[("Content-Type", "text/plain"), ("X-Odd", "\x9b2J")],
        ),
        "/bytes": reply(body=DATA),
        "/hang": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HANG),
        "/slow": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", DATA, HANG),
    }

    def app(request: Request) -> Reply:
        return pages.get(request.path) or Behaviours()(request)

    with serve(app) as server:
        yield server


# To programs: bytes


def test_get(module: Behind) -> None:
    """The bytes, and nothing else."""
    module.answers(response(DATA))
    result = module.run("get", "server.example/path?q=1")
    assert (result.exit_code, result.stdout_bytes, result.stderr) == (0, DATA, "")
    line, headers, _ = module.sent()
    assert line == b"GET /path?q=1 HTTP/1.1"
    assert headers[b"host"] == b"server.example"


def test_a_coded_body(module: Behind) -> None:
    """It is decoded, and so are the bytes for programs."""
    module.answers(response(gzip.compress(DATA), b"Content-Encoding: gzip"))
    assert module.run("get", "server.example").stdout_bytes == DATA


def test_the_head(module: Behind) -> None:
    """-i shows it, `head` shows it, each header as often as it came."""
    module.answers(response(b"hello", b"Set-Cookie: a=1", b"Set-Cookie: b=2"))
    shown = module.run("get", "-i", "server.example").stdout_bytes
    assert shown == (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )
    module.answers(b"HTTP/1.0 404 Gone\r\nContent-Length: 5\r\n\r\n")
    shown = module.run("head", "server.example").stdout_bytes
    assert shown == b"HTTP/1.0 404 Gone\r\nContent-Length: 5\r\n\r\n"
    assert module.sent()[0].startswith(b"HEAD / ")


def test_redirects(module: Behind) -> None:
    """They are followed with -L only, and a password does not go elsewhere."""
    there = response(b"", b"Location: http://other.example/", status=b"302 Found")
    module.answers(there, response(b"end"))
    words = ("get", "-u", "user:word", "-i", "http://server.example/")
    assert module.run(*words).stdout_bytes.startswith(b"HTTP/1.1 302 Found")
    assert len(module.servers.requests) == 1
    module.answers(there, response(b"end"))
    shown = module.run(*words, "-L").stdout_bytes
    assert shown.startswith(b"HTTP/1.1 302 Found") and shown.endswith(b"\r\n\r\nend")
    asked = [b"Authorization" in request for request in module.servers.requests[1:]]
    assert asked == [True, False]


def test_json_output(module: Behind) -> None:
    """Programs get the body as text, or in Base64 if it is not text."""
    module.answers(response(b"caf\xe9", b"Content-Type: text/plain; charset=latin-1"))
    found = json.loads(module.run("get", "--json", "server.example").stdout)
    assert (found["status"], found["body"]) == (200, "café")
    assert found["headers"]["Content-Type"].startswith("text/plain")
    assert found["url"] == "http://server.example/" and found["redirects"] == []
    module.answers(response(DATA))
    found = json.loads(module.run("get", "--json", "server.example").stdout)
    assert base64.b64decode(found["body_base64"]) == DATA and "body" not in found


@pytest.mark.parametrize("charset", [b"base64", b"rot13", b"none", b"\x1b", b""])
def test_an_unknown_charset(module: Behind, charset: bytes) -> None:
    """What a server calls one may be a codec of Python that is not for text."""
    module.answers(response(b"hello", b"Content-Type: text/plain; charset=" + charset))
    found = json.loads(module.run("get", "--json", "server.example").stdout)
    assert found["body"] == "hello"


def test_a_file(module: Behind, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "body"
    module.answers(response(DATA))
    result = module.run("get", "server.example", "-o", str(path))
    assert (result.exit_code, result.output) == (0, "") and path.read_bytes() == DATA
    result = module.run("get", "server.example", "-o", str(path), "--json")
    assert json.loads(result.stdout)["status"] == 200 and "body" not in result.stdout
    module.run("get", "server.example", "-o", str(path), "-i")
    assert path.read_bytes().startswith(b"HTTP/1.1 200 OK\r\n")
    result = module.run("get", "server.example", "-o", "-")
    assert result.stdout_bytes == DATA


# What is sent


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_body(module: Behind, method: str) -> None:
    assert module.run(method, "server.example", "-d", "a=1").exit_code == 0
    line, headers, body = module.sent()
    assert line == method.upper().encode() + b" / HTTP/1.1"
    assert headers[b"content-type"] == b"application/x-www-form-urlencoded"
    assert body == b"a=1"
    assert module.run(method, "server.example").exit_code == 0
    assert module.sent()[2] == b""


def test_a_body_of_a_file(module: Behind, tmp_path: pathlib.Path) -> None:
    """It is sent as it is, also from standard input."""
    path = tmp_path / "body"
    path.write_bytes(DATA)
    named = ["-H", "content-type: image/x"]
    module.run("post", "server.example", "-d", f"@{path}", *named)
    assert module.sent()[2] == DATA
    assert module.sent()[1][b"content-type"] == b"image/x"
    module.run("post", "server.example", "-d", "@-", "-d", "é", typed=DATA)
    assert module.sent()[2] == DATA + "&é".encode()


def test_json_that_is_sent(module: Behind) -> None:
    module.run("put", "server.example", "-j", '{"t": 21.5}')
    _, headers, body = module.sent()
    assert (headers[b"content-type"], body) == (b"application/json", b'{"t": 21.5}')


def test_a_form(module: Behind, tmp_path: pathlib.Path) -> None:
    """Fields and files, in the order of the command line."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"\0\r\n")
    words = ["-F", "a=1;type=x", "-F", f"f=@{path};type=text/x", "-F", f"g=@{path}"]
    module.run("post", "server.example", *words, "-F", f"h=@{path};filename=n")
    _, headers, body = module.sent()
    assert headers[b"content-type"].startswith(b"multipart/form-data; boundary=")
    assert b'name="a"\r\n\r\n1;type=x\r\n' in body
    assert b'name="f"; filename="log.txt"\r\nContent-Type: text/x\r\n\r\n\0\r\n' in body
    assert b'name="g"; filename="log.txt"\r\n\r\n\0\r\n' in body
    assert b'name="h"; filename="n"\r\n' in body


def test_headers(module: Behind) -> None:
    module.run("get", "server.example", "-H", "X-A: b:c", "-H", "User-Agent:")
    headers = module.sent()[1]
    assert headers[b"x-a"] == b"b:c" and b"user-agent" not in headers


def test_a_password(module: Behind) -> None:
    """It is asked for if it is missing, and never printed."""
    module.run("get", "server.example", "-u", "user:wo:rd")
    given = module.sent()[1][b"authorization"]
    assert given == b"Basic " + base64.b64encode(b"user:wo:rd")
    result = module.run("get", "server.example", "-u", "user", typed=b"wo:rd\n")
    assert module.sent()[1][b"authorization"] == given
    assert "Password of user" in result.stderr and "wo:rd" not in result.output
    assert result.stdout == "hello"


def test_the_machines_network(
    module: Behind, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """Neither its proxies nor its passwords are used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine server.example login user password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert module.run("get", "http://server.example").stdout == "hello"
    assert b"authorization" not in module.sent()[1]


def test_other_characters(module: Behind) -> None:
    """Bytes are sent as they were typed, also those that are no text."""
    words = ["-H", "X: \u4e2d\udcff", "-u", "\u4e2d:\udcff", "-d", "\u4e2d\udcff"]
    assert module.run("post", "server.example", *words).exit_code == 0
    _, headers, body = module.sent()
    assert headers[b"x"] == body == "\u4e2d".encode() + b"\xff"
    given = headers[b"authorization"].removeprefix(b"Basic ")
    assert base64.b64decode(given) == "\u4e2d:".encode() + b"\xff"
    module.run("post", "server.example", "-F", "a=\udcff")
    assert b"\r\n\r\n\xff\r\n" in module.sent()[2]


WRONG = [
    (["get", "server.example", "-H", "\u4e2d: x"], "cannot be part of a header"),
    (["get", "http://\u4e2d:x@server.example"], "cannot be part of a header"),
    (["get", "server.example", "-m", "nan"], "no number of seconds"),
    (["get", "server.example", "-m", "inf"], "no number of seconds"),
    (["get", "server.example", "-m", "0"], "-m"),
    (["get", "http://[::1"], "not a valid host"),
    (["download", "http://[::1"], "add PATH"),
    (["get", "ftp://server.example"], "ftp:// is not HTTP"),
    (["get", "http://"], "No host supplied"),
    (["get", "server.example", "-H", "X"], "NAME:VALUE"),
    (["get", "server.example", "-H", ":x"], "NAME:VALUE"),
    (["get", "server.example", "-H", "X: a\r\nY: b"], "in header value"),
    (["get", "server.example", "-H", "X\r\nY: b"], "in header name"),
    (["get", "server.example", "-d", "x"], "No such option"),
    (["post", "server.example", "-d", "x", "-F", "a=b"], "only one"),
    (["post", "server.example", "-j", "{"], "not JSON"),
    (["post", "server.example", "-F", "a"], "name=value"),
    (["get", "server.example", "--key", __file__], "--key needs --cert"),
    (["get", "server.example", "--pin", "x"], "the PIN must be"),
]


@pytest.mark.parametrize("words, text", WRONG)
def test_what_is_refused(module: Behind, words: list[str], text: str) -> None:
    """Each error is one line, and nothing is sent."""
    result = module.run(*words)
    assert (result.exit_code, result.stdout) == (2, "") and text in result.stderr
    assert module.servers.requests == []


def test_a_missing_file(module: Behind) -> None:
    result = module.run("post", "server.example", "-d", "@/no/such")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: /no/such: No such file")


# What goes wrong


def test_fail(module: Behind) -> None:
    """By default, any answer is a success; with --fail, no body is shown."""
    module.answers(response(b"page", status=b"404 Not Here"))
    assert module.run("get", "server.example").exit_code == 0
    result = module.run("get", "server.example", "--fail")
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr.startswith("Error: the server answered 404 Not Here\nHint: ")
    module.answers(response(b"page", status=b"399 So"))
    assert module.run("get", "server.example", "--fail").stdout == "page"


def test_a_reason_that_changes_terminals(module: Behind) -> None:
    """It is shown without what a terminal obeys."""
    module.answers(response(b"", status=b"404 \x1b[2J\x9b2J\x07Gone"))
    result = module.run("get", "server.example", "--fail")
    assert "the server answered 404 ?[2J?2J?Gone\n" in result.stderr


@pytest.mark.parametrize("place", [b"file:///etc/passwd", b"ftp://127.0.0.1/"])
def test_redirects_to_what_is_not_http(module: Behind, place: bytes) -> None:
    """They lead nowhere."""
    module.answers(response(b"", b"Location: " + place, status=b"302 Found"))
    result = module.run("get", "server.example", "-L")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "No connection adapters" in result.stderr


def test_failures_of_the_network(module: Behind) -> None:
    module.servers.failures = [Unresolvable(), Refused()]
    for text in ("check the host's name", "check the host and the port"):
        result = module.run("get", "http://server.example/secret")
        assert (result.exit_code, result.stdout) == (1, "")
        assert text in result.stderr and len(result.stderr.splitlines()) == 2
        assert "secret" not in result.stderr


def test_a_response_that_breaks_off(module: Behind) -> None:
    """What came is written, and the exit status tells of the rest."""
    module.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"half" * 4)
    result = module.run("get", "server.example")
    assert (result.exit_code, result.stdout) == (1, "half" * 4)
    assert result.stderr.startswith("Error: ")


def test_silence(module: Behind) -> None:
    """Each has its time."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"
    module.answers([head, b"half" * 4, Silence()])
    result = module.run("get", "server.example", "--read-timeout", "0.5")
    assert (result.exit_code, result.stdout) == (6, "half" * 4)
    assert result.stderr.startswith("Error: ") and "--read-timeout" in result.stderr


def test_the_time_of_all(module: Behind) -> None:
    """It ends a response that never falls silent for long."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"
    drops = [part for _ in range(100) for part in (b"x" * 50, Delay(0.1))]
    module.answers([head, *drops])
    started = time.monotonic()
    result = module.run("get", "server.example", "-m", "1.5")
    assert result.exit_code == 6 and time.monotonic() - started < 5
    assert "did not end within 1.5 s" in result.stderr
    assert result.stdout_bytes and not result.stdout_bytes.strip(b"x")


def test_https_that_cannot_be_checked(module: Behind) -> None:
    """The way out is named; an unchecked request is not warned of a second time."""
    result = module.run("get", "https://server.example")
    assert result.exit_code == 7 and "--allow-unchecked-host" in result.stderr
    assert module.servers.requests == []
    result = module.run("get", "https://server.example", "--allow-unchecked-host")
    assert result.exit_code == 0 and result.stdout == "hello"
    assert result.stderr.startswith("warning: the certificate of server.example")
    result = module.run("get", "https://server.example", "-k")
    assert (result.exit_code, result.output) == (0, "hello")


def test_the_dialogue(module: Behind) -> None:
    """On standard error, without a secret."""
    secrets = ["-u", "user:word1", "--pin", "1234", "--apn", "x", "--username", "me"]
    words = ["post", "http://server.example/path2?key=word3", "-d", "word4", *secrets]
    module.answers(response(b"word5", b"X: word6"))
    result = module.run(*words, "-v", "--password", "word7", "--auth", "1")
    assert result.exit_code == 0 and result.stdout == "word5"
    assert "> AT+QHTTPPOST=" in result.stderr and "< CONNECT\n" in result.stderr
    for secret in ("word", "path2", "1234", base64.b64encode(b"user:word1").decode()):
        assert secret not in result.stderr
    # It is not on for the next command in this process.
    assert module.run("get", "server.example").stderr == ""


# At a terminal


def test_text_at_a_terminal(here: Server) -> None:
    """JSON is prettified; nothing that a server sends changes the terminal."""
    port = ["--port", "emulator://"]
    with Terminal(["get", f"{here.url}/json", *port]) as terminal:
        assert terminal.ends() == 0
    shown = re.sub(rb"\x1b\[[0-9;]*m", b"", terminal.seen)
    assert shown != terminal.seen
    assert b'{\r\n  "a": [\r\n    1,\r\n    2\r\n  ],\r\n' in shown
    assert b"\\u001b[2J\xc3\xa9" in shown and b"\x1b" not in shown
    with Terminal(["get", "-i", f"{here.url}/text", *port]) as terminal:
        assert terminal.ends() == 0
    assert terminal.seen.endswith(b"one\\x1b[31mtwo\xef\xbf\xbd\r\nlast\xc3\xa9\r\n")
    assert b"X-Odd: \\x9b2J\r\n" in terminal.seen and b"\x1b" not in terminal.seen


def test_a_terminal_with_few_characters(here: Server) -> None:
    words = ["get", f"{here.url}/text", "--port", "emulator://"]
    with Terminal(words, PYTHONIOENCODING="ascii") as terminal:
        assert terminal.ends() == 0
    assert terminal.seen.endswith(b"last\\xe9\r\n")


def test_bytes_at_a_terminal(here: Server) -> None:
    """They are refused, unless -o - wants them."""
    words = ["get", f"{here.url}/bytes", "--port", "emulator://"]
    with Terminal(words) as terminal:
        assert terminal.ends() == 1
    assert b"the body is binary" in terminal.seen and b"\0" not in terminal.seen
    with Terminal([*words, "-o", "-"]) as terminal:
        assert terminal.ends() == 0
    assert b"\0" in terminal.seen


def test_a_bar(here: Server) -> None:
    """On standard error, after a second, gone at the end; and control-C ends it all."""
    port = "emulator://?baudrate=38400"
    words = ["get", f"{here.url}/slow", "--port", port]
    with Terminal(words, pipe=True) as terminal:
        terminal.sees(b"receiving")
        terminal.sees(b"/90.0")
        terminal.program.send_signal(signal.SIGINT)
        assert terminal.ends() == 130
        # The cursor is there again.
        assert terminal.seen.count(b"\x1b[?25l") == terminal.seen.count(b"\x1b[?25h")
        assert b"Traceback" not in terminal.seen
        assert terminal.program.stdout is not None
        assert DATA.startswith(terminal.program.stdout.read()[:12000])


def test_sigterm_during_a_bar(here: Server, tmp_path: pathlib.Path) -> None:
    """The cursor is there again, and the trace is written."""
    har = tmp_path / "a.har"
    words = ["get", f"{here.url}/slow", "-o", str(tmp_path / "b"), "--har", str(har)]
    with Terminal([*words, "--port", "emulator://?baudrate=38400"]) as terminal:
        terminal.sees(b"kB/s")
        terminal.program.terminate()
        assert terminal.ends() == 143
        assert terminal.seen.count(b"\x1b[?25l") == terminal.seen.count(b"\x1b[?25h")
        assert b"Traceback" not in terminal.seen
    assert len(json.loads(har.read_text())["log"]["entries"]) == 1


def test_no_terminal_for_a_password() -> None:
    """Standard input is the body, and no password is read from it."""
    words = [
        "post",
        "-u",
        "user",
        "-d",
        "@-",
        "--port",
        "emulator://",
        "server.example",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "requests_bg96", *words],
        input="body\n",
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    first, hint = done.stderr.splitlines()
    assert first == "Error: there is no terminal to ask for the password of user"
    assert hint == "Hint: pass it as user:PASSWORD"


def test_control_c_at_a_password() -> None:
    words = ["get", "-u", "user", "--port", "emulator://", "server.example"]
    with Terminal(words) as terminal:
        terminal.sees(b"Password of user")
        terminal.program.send_signal(signal.SIGINT)
        assert terminal.ends() == 130
        assert b"Aborted" not in terminal.seen


def test_a_bar_of_an_upload(here: Server, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"x" * 20_000)
    words = ["post", f"{here.url}/status/200", "-d", f"@{path}", "--port"]
    with Terminal([*words, "emulator://?baudrate=57600"], pipe=True) as terminal:
        terminal.sees(b"sending")
        assert terminal.ends() == 0


def test_a_bar_of_certificates(tmp_path: pathlib.Path) -> None:
    """They are sent before the first checked request to a server."""
    roots = [authority(f"Root {number}") for number in range(9)]
    path = tmp_path / "roots.pem"
    path.write_bytes(b"".join(root.pem for root in roots))
    shown = issue("server", roots[5], hosts=HERE)
    with serve_tls(server_context(shown, tmp_path)) as server:
        words = ["get", server.at(), "--cacert", str(path), "--allow-unchecked-host"]
        port = "emulator://?baudrate=57600"
        with Terminal([*words, "--port", port], pipe=True) as terminal:
            terminal.sees(b"sending certificates")
            assert terminal.ends() == 0
            assert b"Root" not in terminal.seen


def test_no_bar_without_a_terminal(here: Server) -> None:
    """Only the body is written, even if that takes long."""
    result = CliRunner().invoke(
        main, ["get", f"{here.url}/bytes", "--port", "emulator://?baudrate=57600"]
    )
    assert (result.exit_code, result.stderr, result.stdout_bytes) == (0, "", DATA)


def test_a_pipe_that_nobody_reads(here: Server) -> None:
    """It ends the program without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    words = ["get", f"{here.url}/bytes", "--port", "emulator://"]
    done = subprocess.run(
        [sys.executable, "-m", "requests_bg96", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
