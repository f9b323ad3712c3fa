"""Whole exchanges with any content, over a line that cuts them anywhere."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from requests_bg96.emulator import ReceivedRequest, Switches
from requests_bg96.emulator.line import Fragment
from tests.support import (
    SOMEWHERE,
    Answers,
    bodies,
    chunks,
    response,
    rig,
    without_questions,
)

FRAGMENTS: list[Fragment] = [1, 8, "random"]
TOKEN = string.ascii_lowercase + string.digits + "!#$%&'*+-.^_`|~"

methods = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"]
)
names = st.text(TOKEN, min_size=1, max_size=12).map("x-".__add__)
#: Values that requests accepts: no line ends, no leading space.
values = st.text(
    st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40
).filter(lambda value: value == value.strip())
headers = st.dictionaries(names, values, max_size=4)
large = st.integers(1, 6000).map(lambda size: bytes(range(256)) * (size // 256 + 1))
uploads = st.none() | bodies | large
framings = st.sampled_from(["length", "close", "raw", "decoded"])


def answered(framing: str, body: bytes) -> Answers:
    """A response with this framing, as the server sends it."""
    if framing == "length":
        return response(body)
    if framing == "close":
        return response(body, b"Connection: close")
    return response(chunks(body, [7, 100, 1]), b"Transfer-Encoding: chunked")


def like_chunks(body: bytes) -> bool:
    """Whether a body could be chunk framing that a module has not decoded."""
    return bool(re.match(rb"\s*[0-9A-Fa-f]+[ \t]*(;.*)?\r?\n", body)) or (
        b"0\r\n" in body or len(body) < 7
    )


def head_of(request: bytes) -> dict[str, str]:
    """The received fields, with their names in lower case."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (line.decode("latin-1").split(": ", 1) for line in lines)
    return {name.lower(): value for name, value in pairs}


def body_of(request: bytes) -> bytes:
    """The bytes after the head."""
    return request.partition(b"\r\n\r\n")[2]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(methods, headers, uploads, bodies | large, framings, st.sampled_from(FRAGMENTS))
def test_any_exchange(
    method: str,
    fields: dict[str, str],
    up: bytes | None,
    down: bytes,
    framing: str,
    fragment: Fragment,
) -> None:
    """Both directions carry the bytes unchanged, twice."""
    assume(framing != "decoded" or not like_chunks(down))
    kind = "raw" if framing == "raw" else "decoded"
    firmware = Switches.from_text({"chunked": kind})
    with rig(fragment=fragment, switches=firmware) as made:
        made.servers.answers = [answered(framing, down)]
        for _ in range(2):
            answer = made.session.request(method, SOMEWHERE, data=up, headers=fields)
            assert answer.content == down
            sent = made.servers.requests[-1]
            assert sent.startswith(f"{method} /path HTTP/1.1\r\n".encode())
            assert body_of(sent) == (up or b"")
            found = head_of(sent)
            assert {name: found[name] for name in fields} == fields


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(names, values), max_size=6), st.sampled_from(FRAGMENTS))
def test_any_response_header(fields: list[tuple[str, str]], fragment: Fragment) -> None:
    """Repeated names and odd values are kept, in order."""
    lines = [f"{name}: {value}".encode("latin-1") for name, value in fields]
    with rig(response(b"body", *lines), fragment=fragment) as made:
        answer = made.get()
        assert answer.content == b"body"
        for name in dict(fields):
            found = answer.raw.headers.getlist(name)
            assert found == [value for other, value in fields if other == name]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.binary(max_size=3000), max_size=5), st.sampled_from(FRAGMENTS))
def test_any_generator(pieces: list[bytes], fragment: Fragment) -> None:
    """A body from a generator is sent in chunks, and arrives complete."""
    with rig(fragment=fragment) as made:
        made.session.post(SOMEWHERE, data=(piece for piece in pieces))
        found = body_of(made.servers.requests[0])
        sizes = b"".join(
            b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece
        )
        assert found == sizes + b"0\r\n\r\n"


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.sampled_from([1, 2, 5, 100, 4096]), min_size=1, max_size=6),
    bodies,
    framings,
    st.sampled_from(FRAGMENTS),
)
def test_any_way_of_reading(
    sizes: list[int], body: bytes, framing: str, fragment: Fragment
) -> None:
    """A stream in pieces of any size is the body."""
    assume(framing != "decoded" or not like_chunks(body))
    kind = "raw" if framing == "raw" else "decoded"
    firmware = Switches.from_text({"chunked": kind})
    with rig(fragment=fragment, switches=firmware) as made:
        made.servers.answers = [answered(framing, body)]
        got = b""
        with made.get(stream=True) as answer:
            for size in sizes:
                got += answer.raw.read(size)
            got += answer.raw.read()
        assert got == body


#: A line that loses bytes that nobody takes within 50 ms.
LINE: dict[str, Any] = {"baudrate": 115_200, "overflow": 512}


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.sampled_from([1, 100, 1000]), min_size=1, max_size=4),
    bodies | large,
    framings,
)
def test_any_way_of_reading_with_pauses(
    sizes: list[int], body: bytes, framing: str
) -> None:
    """By default, nothing stops the line, but no byte is lost."""
    assume(framing != "decoded" or not like_chunks(body))
    kind = "raw" if framing == "raw" else "decoded"
    with rig(switches=Switches.from_text({"chunked": kind}), **LINE) as made:
        assert not made.modem.settings.rtscts
        made.servers.answers = [answered(framing, body)]
        got = b""
        with made.get(stream=True) as answer:
            for size in sizes:
                got += answer.raw.read(size)
                made.clock.sleep(0.2)
            got += answer.raw.read()
        assert got == body


def test_the_same_over_any_line() -> None:
    """The bytes on the line do not depend on the pieces."""
    seen = set()
    for fragment in (None, *FRAGMENTS):
        with rig(fragment=fragment) as made:
            made.session.post(SOMEWHERE, data=b"x" * 3000)
            made.get()
            seen.add((without_questions(made.written), without_questions(made.heard)))
    assert len(seen) == 1


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_redirects_cookies_and_login(fragment: Fragment) -> None:
    """Several exchanges of one request."""

    def app(request: ReceivedRequest) -> bytes:
        fields = head_of(request.data)
        if request.data.startswith(b"GET /path"):
            moved = (b"Location: /home", b"Set-Cookie: a=b; path=/", b"Set-Cookie: c=d")
            return response(b"moved", *moved, status=b"302 Found")
        if "authorization" not in fields:
            digest = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
            return response(b"", digest, status=b"401 Unauthorized")
        return response(fields["cookie"].encode())

    with rig(app, fragment=fragment) as made:
        auth = requests.auth.HTTPDigestAuth("me", "secret")
        answer = made.get(auth=auth)
        assert sorted(answer.text.split("; ")) == ["a=b", "c=d"]
        assert [one.status_code for one in answer.history] == [302]
        assert len(made.servers.requests) == 3
