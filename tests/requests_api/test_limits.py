"""Requests that the module cannot send are refused before their first byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.exceptions import InvalidHeader, InvalidURL, RequestException

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.emulator import VirtualClock
from requests_bg96.errors import LimitError
from tests.support import SOMEWHERE, Rig, response, rig


def refusal(made: Rig, method: str, url: str, **arguments: Any) -> Exception:
    """The exception of a request of which no byte was sent."""
    with pytest.raises(RequestException) as caught:
        made.session.request(method, url, **arguments)
    assert made.traffic == [] and made.servers.hosts == []
    return caught.value


def url_of(size: int) -> str:
    """A URL of this length."""
    return "http://server.example/".ljust(size, "x")


def commands(made: Rig) -> list[bytes]:
    """The command lines with payload."""
    lines = made.written.replace(b"http", b"\rhttp").split(b"\r")
    return [line for line in lines if line.startswith(b"AT+QHTTP")]


@pytest.mark.parametrize(("size", "told"), [(699, 699), (700, 700), (701, 22)])
def test_long_urls(size: int, told: int) -> None:
    """Beyond 700 bytes, the module gets the server's address, and we send the rest."""
    with rig() as made:
        url = url_of(size)
        assert made.session.get(url).content == b"hello"
        assert b"AT+QHTTPURL=%d," % told in made.written
        target = url.removeprefix("http://server.example").encode()
        assert made.servers.requests[0].startswith(b"GET %b HTTP/1.1\r\n" % target)


def test_a_very_long_url_with_a_port() -> None:
    """The port is part of the address."""
    with rig() as made:
        made.session.get(f"http://server.example:8080/{'x' * 5000}")
        assert made.servers.hosts == [("server.example", 8080)]
        assert b"AT+QHTTPURL=27,10\r" in made.written


def bare(made: Rig, size: int, method: str = "GET") -> bytes:
    """Send a request of this size without a body; return what the server received."""
    request = requests.Request(method, SOMEWHERE, headers={"X": ""})
    prepared = made.session.prepare_request(request)
    made.session.send(prepared)
    prepared.headers["X"] = "x" * (size - len(made.servers.requests[-1]))
    made.session.send(prepared)
    assert len(made.servers.requests[-1]) == size
    return made.servers.requests[-1]


@pytest.mark.parametrize(
    ("size", "command"),
    [(2048, b"AT+QHTTPGET=60,2048,"), (2049, b"AT+QHTTPPOST=2049,")],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_requests_without_a_body(size: int, command: bytes, method: str) -> None:
    """Beyond 2,048 bytes, the other command is used. The bytes are the same."""
    with rig() as made:
        sent = bare(made, size, method)
        assert command in made.written
        assert sent.startswith(b"%b /path HTTP/1.1\r\n" % method.encode())


@pytest.mark.parametrize("body", [b"", b"x"])
def test_posts(body: bytes) -> None:
    """They have a body, or an empty one."""
    with rig() as made:
        made.session.post(SOMEWHERE, data=body)
        assert made.servers.bodies == [body]


MOST = 1_024_000
#: The bytes of the module's file system.
FILES = 14_483_456


def head_size(made: Rig) -> int:
    """The bytes of the head of a POST whose length has seven digits."""
    made.session.post(SOMEWHERE, data=b"x" * 1_000_000)
    return len(made.servers.requests[0]) - 1_000_000


@pytest.mark.parametrize(
    ("beyond", "command"), [(0, b"AT+QHTTPPOST=1024000,"), (1, b"AT+QHTTPPOSTFILE=")]
)
def test_the_largest_post(beyond: int, command: bytes) -> None:
    """1,024,000 bytes of header and body; a longer one goes by file."""
    with rig() as made:
        body = (b"\0\r\n+" * (MOST // 4))[: MOST - head_size(made)] + b"x" * beyond
        assert made.session.post(SOMEWHERE, data=body).content == b"hello"
        assert len(made.servers.requests[-1]) == MOST + beyond
        assert made.servers.bodies[-1] == body
        assert command in made.written


def check_too_much(error: Exception) -> None:
    """Check that the error names the limit and what to do."""
    assert type(error) is RequestException
    for part in (f"{FILES:,} bytes", "file system", "several requests"):
        assert part in str(error)


def test_a_post_beyond_the_file_system() -> None:
    """It is refused at once."""
    with rig() as made:
        check_too_much(refusal(made, "POST", SOMEWHERE, data=b"x" * FILES))


def pieces(total: int, seen: list[int]) -> Iterator[bytes]:
    """A body from a generator, and how much of it was used."""
    for _ in range(total // 100_000):
        seen.append(100_000)
        yield b"x" * 100_000


def test_a_generator_that_exceeds() -> None:
    """It is stopped once it is too long; nothing was sent."""
    with rig() as made:
        seen: list[int] = []
        error = refusal(made, "POST", SOMEWHERE, data=pieces(10 * FILES, seen))
        check_too_much(error)
        assert FILES - 200_000 < sum(seen) <= FILES + 100_000
        made.servers.answers = [response(b"next")]
        assert made.session.post(SOMEWHERE, data=pieces(100_000, seen)).ok
        assert made.servers.bodies[0].endswith(b"x\r\n0\r\n\r\n")


def test_too_large_a_file(tmp_path: Any) -> None:
    """The same for a file."""
    path = tmp_path / "large"
    path.write_bytes(b"x" * FILES)
    with rig() as made, path.open("rb") as file:
        check_too_much(refusal(made, "PUT", SOMEWHERE, data=file))


def test_too_long_a_host() -> None:
    """The host alone is too long."""
    with rig() as made:
        host = ".".join(["x" * 60] * 12)
        error = refusal(made, "GET", f"http://{host}/")
        assert type(error) is InvalidURL
        assert "host" in str(error) and "700" in str(error)


@pytest.mark.parametrize(
    "host", ["a b", "a\rb", "a\nb", "a\tb", "a\0b", "a\x7fb", "é b"]
)
def test_control_characters_in_a_host(host: str) -> None:
    """Refused by requests, by urllib3 or by us; or quoted, and then no host."""
    with rig() as made:
        try:
            made.session.get(f"http://x{host}y.example/")
        except (InvalidURL, requests.ConnectionError):
            assert made.traffic == []
        else:
            ((name, _),) = made.servers.hosts
            assert name.isascii() and name.isprintable() and " " not in name


@pytest.mark.parametrize("mark", ["\r", "\n", "\0", "\x1a", "\x7f", "\x1b"])
def test_control_characters_in_a_path(mark: str) -> None:
    """They arrive quoted by requests; none is sent unquoted."""
    with rig() as made:
        made.session.get(f"http://server.example/a{mark}b?c{mark}d")
        line = made.servers.requests[0].split(b"\r\n")[0]
        assert line == b"GET /a%%%02Xb?c%%%02Xd HTTP/1.1" % (ord(mark), ord(mark))


@pytest.mark.parametrize("mark", ["\r", "\n", "\0", "\x7f", " ", "é"])
def test_a_url_that_was_prepared_by_hand(mark: str) -> None:
    """Unquoted ones are refused, with the reason."""
    with rig() as made:
        request = made.session.prepare_request(requests.Request("GET", SOMEWHERE))
        request.url = f"{SOMEWHERE}{mark}HTTP/1.1"
        try:
            made.session.send(request)
        except (RequestException, UnicodeError):
            assert made.traffic == []
        else:
            line = made.servers.requests[0].split(b"\r\n")[0]
            assert line.count(b" ") == 2 and mark.encode() not in line[5:-9]


@pytest.mark.parametrize(
    "value", ["a\rb", "a\nb", "a\r\nX: y", "a\r\n\r\nGET / HTTP/1.1"]
)
def test_control_characters_in_a_header(value: str) -> None:
    """They are in a name or a value."""
    with rig() as made:
        assert isinstance(
            refusal(made, "GET", SOMEWHERE, headers={"X-A": value}), InvalidHeader
        )
        assert isinstance(
            refusal(made, "GET", SOMEWHERE, headers={value: "x"}), InvalidHeader
        )


NAMED = {
    "apn": "APN",
    "username": "user name",
    "password": "password",
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    "value", ['a"b', "a\rb", "a\nb", "a\0b", "é", "\x1a", "\x7f", "x" * 128]
)
def test_settings_that_could_leave_their_quotes(name: str, value: str) -> None:
    """The error names the setting, and does not show a password."""
    settings: dict[str, Any] = {name: value}
    with pytest.raises(LimitError) as caught:
        BG96Modem("emulator://none", **settings)
    assert NAMED[name] in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("value", ["", "a b;+QPOWD", "x" * 127, "\\", "a,b"])
def test_settings_that_stay_in_their_quotes(name: str, value: str) -> None:
    """All others arrive at the module unchanged."""
    with rig(adapter={"apn": "x", name: value}) as made:
        assert made.get().content == b"hello"
        context = made.emulator.module.contexts[1]
        found = {
            "apn": context.apn,
            "username": context.user,
            "password": context.password,
        }
        assert found[name] == value
        # The client recognises the value when it reads it back.
        made.traffic.clear()
        made.clock.sleep(10.0)
        assert made.get().content == b"hello"
        assert b"QIDEACT" not in made.written


@pytest.mark.parametrize(
    "pin", ["", "12", "123", "123456789", "12a4", '1234"', "1234\r", "١٢٣٤", "12 34"]
)
def test_no_pin(pin: str) -> None:
    """A PIN has 4 to 8 digits. The error does not show the value."""
    with pytest.raises(LimitError, match="PIN must be 4 to 8 digits") as caught:
        BG96Modem("emulator://none", pin=pin)
    assert not pin or pin not in str(caught.value)


@pytest.mark.parametrize("pin", ["1234", "12345678", "0000"])
def test_pin(pin: str) -> None:
    """Any of 4 to 8 digits."""
    assert BG96Modem("emulator://none", pin=pin).settings.pin == pin


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"auth": 4}, "auth is 4; the module takes 0 to 3"),
        ({"auth": -1}, "auth is -1"),
        ({"context_id": 0}, "context_id is 0; the module takes 1 to 16"),
        ({"context_id": 17}, "context_id is 17"),
        ({"ssl_context_id": 6}, "ssl_context_id is 6; the module takes 0 to 5"),
        ({"ssl_context_id": -1}, "ssl_context_id is -1"),
        ({"baudrate": 1_000_000}, "not support 1000000 baud; use 9600, 19200"),
        ({"baudrate": 0}, "not support 0 baud"),
    ],
)
def test_out_of_range(settings: dict[str, Any], text: str) -> None:
    """The error has the value and the range."""
    with pytest.raises(LimitError, match=text):
        BG96Adapter("emulator://none", **settings)


@pytest.mark.parametrize(
    "settings", [{"auth": "1"}, {"context_id": 1.5}, {"context_id": "1\r"}]
)
def test_wrong_types(settings: dict[str, Any]) -> None:
    """They are not numbers of the module."""
    with pytest.raises(LimitError):
        BG96Adapter("emulator://none", **settings)


def test_settings_and_a_modem() -> None:
    """A modem has its own settings."""
    modem = BG96Modem("emulator://none", clock=VirtualClock())
    with pytest.raises(TypeError, match="apn"):
        BG96Adapter(modem, apn="iot.example")


@pytest.mark.parametrize(
    "timeout", [0, -1, (-1, 5), (5, 0), "soon", (1, 2, 3), (None, "x"), True]
)
def test_wrong_timeouts(timeout: Any) -> None:
    """As by stock requests, before a byte is sent."""
    with rig() as made:
        with pytest.raises(ValueError):
            made.get(timeout=timeout)
        assert made.traffic == []
        with pytest.raises(ValueError):
            requests.Session().get("http://127.0.0.1:1/", timeout=timeout)


@pytest.mark.parametrize(
    "text", ["", "QPOWD", "AT\r", "AT+CSQ\rAT+QPOWD", "ATé", "AT\n"]
)
def test_wrong_commands(text: str) -> None:
    """A command is one line of ASCII that begins with AT."""
    with rig() as made:
        with pytest.raises(LimitError):
            made.modem.command(text)
        assert made.traffic == []
