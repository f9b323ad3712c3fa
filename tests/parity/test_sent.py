"""A server gets the same request with any transport."""

from __future__ import annotations

import io
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from tests.behaviours import Behaviours
from tests.servers import Server, serve

EVERY_BYTE = bytes(range(256))
TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
#: Bodies that would confuse a module that parsed them.
BODIES = {
    "empty": b"",
    "every byte": EVERY_BYTE,
    "trailer in the middle": b"a" + TRAILER + b"b",
    "trailer at the end": b"a" + TRAILER,
    "escape sequence": b"+++",
    "control characters": b"\x11\x13\x1a\x1b\x00",
    "an AT command": b"AT+CFUN=1,1\r",
    "more than a QHTTPGET may take": EVERY_BYTE * 20,
}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method(session: requests.Session, http_server: Server, method: str) -> None:
    """Each method arrives unchanged, without a body."""
    answer = session.request(method, f"{http_server.url}/echo")
    assert answer.json() == {"method": method, "target": "/echo", "body": ""}


@pytest.mark.parametrize("method", ["PROPFIND", "REPORT", "M-SEARCH", "LOCK", "QUERY"])
def test_uncommon_method(
    session: requests.Session, http_server: Server, method: str
) -> None:
    """The modem has commands for two methods; the others work too, with a body."""
    answer = session.request(method, f"{http_server.url}/echo", data="<x/>")
    assert answer.json() == {"method": method, "target": "/echo", "body": "<x/>"}


def test_head(session: requests.Session, http_server: Server) -> None:
    """A response without a body; the next request works."""
    answer = session.head(f"{http_server.url}/echo")
    assert (answer.status_code, answer.content) == (200, b"")
    assert session.get(f"{http_server.url}/echo").json()["method"] == "GET"


def test_default_headers(
    session: requests.Session, http_server: Server, transport: str
) -> None:
    """requests' own fields in their order; the HTTP client makes one exchange each."""
    session.get(f"{http_server.url}/echo")
    assert http_server.last.headers == [
        ("Host", http_server.url.removeprefix("http://")),
        ("User-Agent", requests.utils.default_user_agent()),
        ("Accept-Encoding", requests.utils.default_headers()["Accept-Encoding"]),
        ("Accept", "*/*"),
        ("Connection", "close" if transport == "modem" else "keep-alive"),
    ]


def test_own_headers(session: requests.Session, http_server: Server) -> None:
    """Case, order, inner spaces, Latin-1, bytes and long values arrive unchanged."""
    headers: dict[str, str | bytes] = {
        "X-Zebra": "1",
        "x-aardvark": "two  words",
        "X-LATIN": "caf\xe9".encode("latin-1"),
        "X-Bytes": b"raw",
        "X-Long": "v" * 3000,
    }
    session.get(f"{http_server.url}/echo", headers=headers)
    own = [pair for pair in http_server.last.headers if pair[0].lower()[:2] == "x-"]
    assert own == [
        ("X-Zebra", "1"),
        ("x-aardvark", "two  words"),
        ("X-LATIN", "caf\xe9"),
        ("X-Bytes", "raw"),
        ("X-Long", "v" * 3000),
    ]


@pytest.mark.parametrize("value", ["close", "Upgrade, x-own", "TE"])
def test_own_connection_header(
    session: requests.Session, http_server: Server, value: str
) -> None:
    """A field that the caller sets is not changed."""
    session.get(f"{http_server.url}/echo", headers={"Connection": value})
    assert http_server.last.all("Connection") == [value]


def test_removed_headers(session: requests.Session, http_server: Server) -> None:
    """None removes a default field. An own Host replaces the default."""
    headers = {"User-Agent": None, "Accept": None, "Host": "virtual.example"}
    session.get(f"{http_server.url}/echo", headers=headers)  # type: ignore[arg-type]
    assert http_server.last.all("Accept") == []
    assert http_server.last.one("Host") == "virtual.example"


def test_params(session: requests.Session, http_server: Server) -> None:
    """Lists, spaces and non-ASCII in the query."""
    url = f"{http_server.url}/echo?a=0"
    params = {"b": ["1", "2"], "c": "d e", "f": "\u00e9&="}
    told = session.get(url, params=params).json()
    assert told["target"] == "/echo?a=0&b=1&b=2&c=d+e&f=%C3%A9%26%3D"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/echo/\u00fc/\u65e5", "/echo/%C3%BC/%E6%97%A5"),
        ("/echo/%2F%41%e4", "/echo/%2FA%E4"),
        ("/echo/a b", "/echo/a%20b"),
        ("/echo/;p=1,2:3@x!$'()*", "/echo/;p=1,2:3@x!$'()*"),
        ("/echo/?q#fragment", "/echo/?q"),
        ("/echo/../echo//x", "/echo//x"),
        ('/echo/"quoted"', "/echo/%22quoted%22"),
    ],
)
def test_path(
    session: requests.Session, http_server: Server, path: str, target: str
) -> None:
    """requests and urllib3 normalise URLs, and nothing after them does."""
    assert session.get(http_server.url + path).json()["target"] == target


@pytest.mark.parametrize("length", [600, 700, 701, 2048, 5000])
def test_long_url(session: requests.Session, http_server: Server, length: int) -> None:
    """A URL may be longer than QHTTPURL allows."""
    url = f"{http_server.url}/echo?q="
    url += "x" * (length - len(url))
    assert session.get(url).url == url
    assert http_server.last.target == url.removeprefix(http_server.url)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body(session: requests.Session, http_server: Server, body: bytes) -> None:
    """Any bytes go to the server and back."""
    assert session.post(f"{http_server.url}/bytes", data=body).content == body
    assert http_server.last.one("Content-Length") == str(len(body))


def test_body_of_get(session: requests.Session, http_server: Server) -> None:
    """GET and DELETE may have a body."""
    assert session.get(f"{http_server.url}/echo", data="x").json()["body"] == "x"
    assert session.delete(f"{http_server.url}/echo", data="y").json()["body"] == "y"


def test_large_body(session: requests.Session, http_server: Server) -> None:
    """Half a megabyte in each direction."""
    body = EVERY_BYTE * 2048
    assert session.put(f"{http_server.url}/bytes", data=body).content == body


def test_form(session: requests.Session, http_server: Server) -> None:
    """A form, with a repeated field."""
    told = session.post(
        f"{http_server.url}/echo", data={"a": ["1", "2"], "b": "\u00e9"}
    )
    assert told.json()["body"] == "a=1&a=2&b=%C3%A9"
    kind = http_server.last.one("Content-Type")
    assert kind == "application/x-www-form-urlencoded"


def test_json(session: requests.Session, http_server: Server) -> None:
    """JSON, and its type."""
    told = session.post(f"{http_server.url}/echo", json={"t": [21.5, None, "\u00e9"]})
    assert json.loads(told.json()["body"]) == {"t": [21.5, None, "\u00e9"]}
    assert http_server.last.one("Content-Type") == "application/json"


def test_multipart(session: requests.Session, http_server: Server) -> None:
    """A field and two files, one of them binary."""
    files: dict[str, Any] = {
        "log": ("log.txt", "line\r\n", "text/plain"),
        "image": ("i.bin", io.BytesIO(EVERY_BYTE)),
    }
    session.post(f"{http_server.url}/bytes", data={"field": "f"}, files=files)
    kind, _, boundary = http_server.last.one("Content-Type").partition("; boundary=")
    assert kind == "multipart/form-data"
    assert http_server.last.body == (
        b'--%(b)b\r\nContent-Disposition: form-data; name="field"\r\n\r\nf\r\n'
        b'--%(b)b\r\nContent-Disposition: form-data; name="log"; filename="log.txt"'
        b"\r\nContent-Type: text/plain\r\n\r\nline\r\n\r\n"
        b'--%(b)b\r\nContent-Disposition: form-data; name="image"; filename="i.bin"'
        b"\r\n\r\n%(i)b\r\n--%(b)b--\r\n"
    ) % {b"b": boundary.encode(), b"i": EVERY_BYTE}


@pytest.mark.parametrize(
    "chunks",
    [[b"a", b"bc", TRAILER], [], [EVERY_BYTE * 40] * 3],
    ids=["short", "none", "long"],
)
def test_generator_body(
    session: requests.Session, http_server: Server, chunks: list[bytes]
) -> None:
    """A body of unknown length is sent in chunks."""

    def generate() -> Iterator[bytes]:
        yield from chunks

    answer = session.post(f"{http_server.url}/bytes", data=generate())
    assert answer.content == b"".join(chunks)
    assert http_server.last.one("Transfer-Encoding") == "chunked"
    assert http_server.last.all("Content-Length") == []


def test_file_body(
    session: requests.Session, http_server: Server, tmp_path: pathlib.Path
) -> None:
    """A file is sent from its position, with the remaining length."""
    path = tmp_path / "data.bin"
    path.write_bytes(EVERY_BYTE)
    with path.open("rb") as file:
        file.seek(100)
        answer = session.put(f"{http_server.url}/bytes", data=file)
    assert answer.content == EVERY_BYTE[100:]
    assert http_server.last.one("Content-Length") == "156"


def test_text_body(session: requests.Session, http_server: Server) -> None:
    """Text is sent as UTF-8, and its length counts bytes."""
    answer = session.post(f"{http_server.url}/bytes", data="\u00e9\u65e5")
    assert answer.content == b"\xc3\xa9\xe6\x97\xa5"


def test_basic_auth(session: requests.Session, http_server: Server) -> None:
    """As an argument, and in the URL, from which it is removed."""
    session.get(f"{http_server.url}/echo", auth=("user", "pass"))
    assert http_server.last.one("Authorization") == "Basic dXNlcjpwYXNz"
    session.get(f"{http_server.url}/echo".replace("//", "//me:it@"))
    assert http_server.last.one("Authorization") == "Basic bWU6aXQ="
    assert http_server.last.target == "/echo"


def test_digest_auth(session: requests.Session, http_server: Server) -> None:
    """The challenge and its answer are two exchanges; a wrong password is 401."""
    answer = session.get(f"{http_server.url}/digest", auth=HTTPDigestAuth("u", "p"))
    assert (answer.status_code, answer.content) == (200, b"welcome")
    assert [past.status_code for past in answer.history] == [401]
    wrong = session.get(f"{http_server.url}/digest", auth=HTTPDigestAuth("u", "x"))
    assert (wrong.status_code, wrong.content) == (401, b"who?")


def test_digest_auth_with_a_body(
    session: requests.Session, http_server: Server
) -> None:
    """The file is rewound and sent again after the challenge."""
    auth, file = HTTPDigestAuth("u", "p"), io.BytesIO(b"payload")
    answer = session.post(f"{http_server.url}/digest", data=file, auth=auth)
    assert answer.content == b"welcome"
    assert [request.body for request in http_server.requests] == [b"payload"] * 2


def test_ipv6_host(session: requests.Session) -> None:
    """A literal address in brackets."""
    with serve(Behaviours(), "::1") as server:
        assert session.get(f"{server.url}/echo?x").json()["target"] == "/echo?x"
        assert server.last.one("Host") == server.url.removeprefix("http://")
