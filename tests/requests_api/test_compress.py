"""``compress=``: which bodies are compressed, and that no other request notices."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import pickle
import random
import tempfile
from collections.abc import Collection, Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.util import Retry

from requests_bg96 import BG96Adapter, install
from requests_bg96.transport.compression import IN_MEMORY, Compression
from tests.support import SOMEWHERE, Rig, response, rig

HOST = "server.example"
BODY = b'{"temperature": 21.5, "humidity": 40.0}, ' * 30
#: It cannot be made smaller.
NOISE = random.Random(13).randbytes(1_000)
REDIRECT = b"Location: http://other.example/path"


def parts(data: bytes) -> tuple[list[bytes], bytes]:
    """The header fields and the body of a request, as the server got them."""
    head, _, body = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[1:], body


def check(data: bytes, body: bytes = BODY) -> None:
    """Check that a request is compressed, once, and has the length of what it has."""
    fields, sent = parts(data)
    assert gzip.decompress(sent) == body and len(sent) < len(body)
    assert fields.count(b"Content-Encoding: gzip") == 1
    lengths = [field for field in fields if field.lower().startswith(b"content-length")]
    assert lengths == [b"Content-Length: %d" % len(sent)]


def check_plain(data: bytes, body: bytes = BODY) -> None:
    """Check that a request has its body unchanged."""
    fields, sent = parts(data)
    assert sent == body and b"Content-Length: %d" % len(body) in fields
    assert b"Content-Encoding: gzip" not in fields


@pytest.fixture(params=["line", "file", "socket", "auto"])
def made(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A session that compresses for one host."""
    arguments = {"via": request.param, "compress": [HOST]}
    with rig(adapter=arguments) as made:
        yield made


def put(made: Rig, data: Any = BODY, **arguments: Any) -> requests.Response:
    """Send a PUT."""
    return made.session.put(SOMEWHERE, data=data, **arguments)


# What is compressed


def test_in_each_way(made: Rig) -> None:
    """The caller's request, which the response has, is left as it is."""
    wanted = requests.Request("PUT", SOMEWHERE, data=BODY)
    request = made.session.prepare_request(wanted)
    fields = dict(request.headers)
    for _ in range(2):
        answer = made.session.send(request)
        assert answer.request is request and request.body == BODY
        assert dict(request.headers) == fields
    for data in made.servers.requests:
        check(data)


@pytest.mark.parametrize(
    "arguments, body",
    [
        ({"data": {"text": "a" * 500}}, b"text=" + b"a" * 500),
        ({"json": ["a" * 500]}, json.dumps(["a" * 500]).encode()),
        ({"data": "ü" * 500}, "ü".encode() * 500),
        ({"data": bytearray(BODY)}, BODY),
        ({"data": io.BytesIO(BODY)}, BODY),
    ],
    ids=["form", "json", "text", "bytearray", "file"],
)
def test_kinds_of_bodies(arguments: dict[str, Any], body: bytes) -> None:
    """As stock requests serialises them."""
    with rig(adapter={"compress": [HOST]}) as made:
        made.session.post(SOMEWHERE, **arguments)
        check(made.servers.requests[0], body)


def test_a_file_from_its_place(made: Rig, tmp_path: pathlib.Path) -> None:
    """As stock requests sends it, and it is read to its end."""
    path = tmp_path / "readings"
    path.write_bytes(b"12345" + BODY)
    with path.open("rb") as file:
        file.seek(5)
        put(made, file)
        assert file.tell() == 5 + len(BODY)
    check(made.servers.requests[0])


def test_a_large_file() -> None:
    """Its compressed form is not kept in memory, and the file for it is closed."""
    with tempfile.TemporaryFile() as file:
        half = random.Random(1).randbytes(IN_MEMORY) + bytes(100_000)
        file.write(half)
        file.seek(0)
        form = Compression.for_hosts([HOST]).applied(
            HOST, "/", file, {"Content-Length": str(len(half))}
        )
        with form as (packed, headers):
            assert headers and packed._rolled
            assert gzip.decompress(packed.read()) == half
            assert int(headers["Content-Length"]) == packed.tell() < len(half)
        assert packed.closed


# What is not


@pytest.mark.parametrize(
    "data, arguments",
    [
        (b"a" * 199, {}),
        (NOISE, {}),
        (BODY, {"headers": {"content-encoding": "identity"}}),
        (BODY, {"headers": {"Content-MD5": "x"}}),
        (BODY, {"headers": {"Content-Range": f"bytes 0-{len(BODY) - 1}/*"}}),
        (BODY, {"headers": {b"Repr-Digest": b"x"}}),
    ],
    ids=["short", "noise", "encoded", "md5", "range", "digest"],
)
def test_bodies_that_stay(made: Rig, data: Any, arguments: dict[str, Any]) -> None:
    """Short ones, ones that do not get smaller, and ones that a header describes."""
    put(made, data, **arguments)
    check_plain(made.servers.requests[0], data)


def test_a_file_that_does_not_get_smaller(made: Rig) -> None:
    """It is read a second time, from its place."""
    file = io.BytesIO(b"12345" + NOISE)
    file.seek(5)
    put(made, file)
    check_plain(made.servers.requests[0], NOISE)


@pytest.mark.parametrize("via", ["socket", "auto"])
def test_a_stream_without_a_length(via: str) -> None:
    """It cannot be read twice, so it is sent as it comes."""
    with rig(adapter={"compress": [HOST], "via": via}) as made:
        put(made, iter([BODY, BODY]))
        fields, _ = parts(made.servers.requests[0])
        assert b"Transfer-Encoding: chunked" in fields
        assert BODY in made.servers.requests[0]


class Pipe:
    """A body with a length that can be read once."""

    def __init__(self) -> None:
        self.read = io.BytesIO(BODY).read

    def __len__(self) -> int:
        return len(BODY)


def test_a_body_that_can_be_read_once(made: Rig) -> None:
    put(made, Pipe())
    check_plain(made.servers.requests[0])


def test_a_text_file(made: Rig) -> None:
    """urllib3 encodes it."""
    put(made, io.StringIO(BODY.decode()))
    check_plain(made.servers.requests[0])


def test_no_body(made: Rig) -> None:
    for method in ("GET", "POST", "DELETE"):
        made.session.request(method, SOMEWHERE)
    for data in made.servers.requests:
        assert b"gzip\r\n" not in data.replace(b"Accept-Encoding", b"")
        assert parts(data)[1] == b""


@pytest.mark.parametrize("url", ["http://other.example/", "http://a.server.example/"])
def test_other_hosts(made: Rig, url: str) -> None:
    """Not even in a path."""
    made.session.put(url, data=BODY)
    made.session.put(f"{url}/{SOMEWHERE}", data=BODY)
    made.session.put(f"{url}/{HOST}/", data=BODY)
    for data in made.servers.requests:
        check_plain(data)


# Again


def test_a_redirect_to_another_host(made: Rig) -> None:
    """That host gets the body as the caller gave it."""
    moved = response(b"", REDIRECT, status=b"307 Moved")
    for data in (BODY, io.BytesIO(BODY)):
        made.servers.answers = [moved, response(b"hello")]
        answer = put(made, data)
        assert answer.content == b"hello" and len(answer.history) == 1
        first, second = made.servers.requests[-2:]
        check(first)
        check_plain(second)


def test_a_redirect_from_another_host(made: Rig) -> None:
    moved = response(b"", b"Location: " + SOMEWHERE.encode(), status=b"308 Moved")
    for data in (BODY, io.BytesIO(BODY)):
        made.servers.answers = [moved, response(b"hello")]
        made.session.put("http://other.example/", data=data)
        first, second = made.servers.requests[-2:]
        check_plain(first)
        check(second)


def test_a_challenge(made: Rig) -> None:
    """The request is sent again, compressed again."""
    asks = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
    for data in (BODY, io.BytesIO(BODY)):
        made.servers.answers = [
            response(b"", asks, status=b"401 No"),
            response(b"hello"),
        ]
        answer = put(made, data, auth=HTTPDigestAuth("user", "word"))
        assert answer.content == b"hello"
        first, second = made.servers.requests[-2:]
        check(first)
        check(second)
        assert b"Authorization: Digest" in second


def test_a_retry() -> None:
    """urllib3 sends the compressed body again, and does not compress it again."""
    again = Retry(2, status_forcelist=[503], allowed_methods=None)
    busy = response(b"", status=b"503 Busy")
    arguments = {"compress": [HOST], "max_retries": again}
    with rig(busy, response(b"hello"), adapter=arguments) as made:
        assert put(made).content == b"hello"
        first, second = made.servers.requests
        check(first)
        assert first == second


# The setting


def test_sizes() -> None:
    """A mapping has one for each host."""
    with rig(adapter={"compress": {HOST: 1_000, "other.example": 10_000}}) as made:
        put(made, BODY[:999])
        put(made, BODY[:1_000])
        made.session.put("http://other.example/", data=BODY)
        first, second, third = made.servers.requests
        check_plain(first, BODY[:999])
        check(second, BODY[:1_000])
        check_plain(third)


@pytest.mark.parametrize(
    "hosts, host",
    [
        (["SERVER.example"], HOST),
        ({"bücher.example"}, "bücher.example"),
        (("::1",), "[::1]"),
        (["192.0.2.1"], "192.0.2.1:8080"),
    ],
)
def test_names(hosts: Collection[str], host: str) -> None:
    """They may have any form that requests takes."""
    with rig(adapter={"compress": hosts}) as made:
        made.session.put(f"http://{host}/", data=BODY)
        check(made.servers.requests[0])


@pytest.mark.parametrize("name", ["", "a/b", "http://a", "a:80", "u@a", "a b"])
def test_what_is_no_host(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a host"):
        BG96Adapter("loop://", compress=[name])


def test_a_single_name() -> None:
    """Each of its letters would be a host."""
    with pytest.raises(ValueError, match="pass a collection"):
        BG96Adapter("loop://", compress=HOST)


def test_copies() -> None:
    """They compress, too."""
    made = BG96Adapter("loop://", compress=[HOST])
    for one in (pickle.loads(pickle.dumps(made)), made.sibling()):
        assert one.compress == [HOST]
        assert one.transport.compression == Compression.for_hosts({HOST: 200})


def test_other_adapters(made: Rig) -> None:
    """While it is installed, it compresses for all."""
    with install(made.adapter), requests.Session() as session:
        session.mount("http://", HTTPAdapter())
        session.put(SOMEWHERE, data=BODY)
    check(made.servers.requests[0])
