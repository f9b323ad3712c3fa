"""A program gets the same response with any transport."""

from __future__ import annotations

import datetime
import gzip
import http.client
import zlib
from collections.abc import Callable

import pytest
import requests
import urllib3

from tests.conftest import Script
from tests.servers import Reply, Server, chunked, kept, raw, reply

EVERY_BYTE = bytes(range(256))
TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
BODIES = {
    "empty": b"",
    "every byte": EVERY_BYTE,
    "trailer in the middle": b"before" + TRAILER + b"after",
    "trailer at the end": b"before" + TRAILER,
    "only a trailer": TRAILER,
    "two trailers": TRAILER + TRAILER,
    "half a trailer": b"before" + TRAILER[:9],
    "an error": b"\r\n+CME ERROR: 705\r\n",
    "no carrier": b"\r\nNO CARRIER\r\n",
    "another response": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "100 kB": EVERY_BYTE * 400,
}


def length_framed(body: bytes) -> Reply:
    """A response with Content-Length."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    return kept(head + body)


def chunk_framed(body: bytes) -> Reply:
    """A response in chunks that do not follow the body's structure."""
    pieces = [body[start : start + 7001] for start in range(0, len(body), 7001)]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return kept(head + chunked(*pieces) + b"0\r\n\r\n")


def close_framed(body: bytes) -> Reply:
    """A response that ends with the connection."""
    return raw(b"HTTP/1.1 200 OK\r\n\r\n" + body)


Framing = Callable[[bytes], Reply]
every_framing = pytest.mark.parametrize(
    "framing",
    [length_framed, chunk_framed, close_framed],
    ids=["length", "chunked", "close"],
)


@every_framing
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body(
    session: requests.Session, raw_server: Script, framing: Framing, body: bytes
) -> None:
    """Each body arrives intact with each framing, and so does the next one."""
    server = raw_server(framing(body), framing(b"next"))
    assert session.get(server.url).content == body
    assert session.get(server.url).content == b"next"


def test_head_of_a_response(session: requests.Session, raw_server: Script) -> None:
    """Status, reason, names with their case, duplicates, order and odd values."""
    server = raw_server(
        raw(
            b"HTTP/1.1 207 Multi  Status!\r\n"
            b"X-First: 1\r\nx-SECOND:2\r\nX-First: 3\r\nX-Empty:\r\n"
            b"X-Latin: caf\xe9\r\nX-Spaces:   padded\r\nContent-Length: 0\r\n\r\n"
        )
    )
    answer = session.get(server.url)
    assert (answer.status_code, answer.reason) == (207, "Multi  Status!")
    assert answer.raw.version == 11
    assert list(answer.raw.headers.items()) == [
        ("X-First", "1"),
        ("X-First", "3"),
        ("x-SECOND", "2"),
        ("X-Empty", ""),
        ("X-Latin", "caf\xe9"),
        ("X-Spaces", "padded"),
        ("Content-Length", "0"),
    ]
    assert answer.headers["x-first"] == "1, 3"
    assert answer.raw.headers.getlist("X-First") == ["1", "3"]


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200", 200, ""),
        (b"HTTP/1.1 200 ", 200, ""),
        (b"HTTP/1.1 299 Caf\xe9", 299, "Caf\xe9"),
        (b"HTTP/1.1 418 I'm a teapot", 418, "I'm a teapot"),
        (b"HTTP/1.1 599 +QHTTPREAD: 0", 599, "+QHTTPREAD: 0"),
    ],
)
def test_status_line(
    session: requests.Session,
    raw_server: Script,
    line: bytes,
    status: int,
    reason: str,
) -> None:
    """It has no reason, or an odd one."""
    server = raw_server(raw(line + b"\r\nContent-Length: 2\r\n\r\nok"))
    answer = session.get(server.url)
    assert (answer.status_code, answer.reason) == (status, reason)
    assert answer.content == b"ok"


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 404, 500, 503])
def test_status(session: requests.Session, http_server: Server, status: int) -> None:
    """Each class of status, and ``raise_for_status``."""
    answer = session.get(f"{http_server.url}/status/{status}", allow_redirects=False)
    assert (answer.status_code, answer.ok) == (status, status < 400)
    if not answer.ok:
        with pytest.raises(requests.HTTPError, match=str(status)):
            answer.raise_for_status()


def test_folded_header(session: requests.Session, raw_server: Script) -> None:
    """A field that continues on the next line is one field."""
    head = b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n two\r\nContent-Length: 2\r\n\r\nok"
    answer = session.get(raw_server(raw(head)).url)
    assert answer.headers["X-Folded"].split() == ["one", "two"]
    assert answer.content == b"ok"


def test_bare_line_feeds(session: requests.Session, raw_server: Script) -> None:
    """A head whose lines end in LF is understood."""
    server = raw_server(raw(b"HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 2\n\nok"))
    answer = session.get(server.url)
    assert (answer.headers["X-A"], answer.content) == ("1", b"ok")


def test_large_head(session: requests.Session, raw_server: Script) -> None:
    """Sixty fields of a kilobyte each."""
    headers = [(f"X-{number}", "v" * 1000) for number in range(60)]
    server = raw_server(reply(body=b"ok", headers=headers))
    answer = session.get(server.url)
    assert answer.headers["X-59"] == "v" * 1000
    assert answer.content == b"ok"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_status_without_a_body(
    session: requests.Session, raw_server: Script, status: bytes
) -> None:
    """These have none, whatever their Content-Length says."""
    head = b"HTTP/1.1 %b\r\nContent-Length: 5000\r\n\r\n" % status
    server = raw_server(kept(head), reply(body=b"next"))
    assert session.get(server.url).content == b""
    assert session.get(server.url).content == b"next"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5000", b"Transfer-Encoding: chunked", b"X-None: 1"]
)
def test_head_without_a_body(
    session: requests.Session, raw_server: Script, framing: bytes
) -> None:
    """The answer to HEAD describes a body that does not come."""
    head = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing
    server = raw_server(kept(head), reply(body=b"next"))
    answer = session.head(server.url)
    assert (answer.status_code, answer.content) == (200, b"")
    name, _, value = framing.decode().partition(": ")
    assert answer.headers[name] == value
    assert session.get(server.url).content == b"next"


def test_interim_responses(session: requests.Session, raw_server: Script) -> None:
    """100 Continue is ignored, even twice."""
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\n"
    server = raw_server(kept(interim + final))
    answer = session.post(server.url, data="x")
    assert (answer.status_code, answer.content) == (200, b"final")
    assert "X-I" not in answer.headers


def test_early_hints(
    session: requests.Session, raw_server: Script, transport: str
) -> None:
    """http.client takes 103 for the final response; the module ignores it."""
    hints = b"HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
    server = raw_server(raw(hints + final), reply(body=b"next"))
    answer = session.get(server.url)
    expected = (200, b"final") if transport == "modem" else (103, b"")
    assert (answer.status_code, answer.content) == expected
    assert session.get(server.url).content == b"next"


def test_http_1_0(session: requests.Session, raw_server: Script) -> None:
    """The response of an old server, which ends with the connection."""
    server = raw_server(raw(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nbody"))
    answer = session.get(server.url)
    assert (answer.raw.version, answer.content) == (10, b"body")


def test_chunk_extensions_and_trailers(
    session: requests.Session, raw_server: Script
) -> None:
    """They are not part of the body, and the next response is right."""
    server = raw_server(
        kept(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'4;name="a;b"\r\nwiki\r\n00005 ; x=y\r\npedia\r\nA\r\n in chunks\r\n'
            b"0;last\r\nX-Trailer: OK\r\nX-Other: 1\r\n\r\n"
        ),
        reply(body=b"next"),
    )
    answer = session.get(server.url)
    assert answer.content == b"wikipedia in chunks"
    assert "X-Trailer" not in answer.headers
    assert session.get(server.url).content == b"next"


def test_one_byte_chunks(session: requests.Session, raw_server: Script) -> None:
    """The smallest chunks there are."""
    body = EVERY_BYTE[::-1]
    pieces = [bytes([byte]) for byte in body]
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
    server = raw_server(raw(head + chunked(*pieces) + b"0\r\n\r\n"))
    assert session.get(server.url).content == body


def test_bytes_past_the_content_length(
    session: requests.Session, raw_server: Script
) -> None:
    """They do not belong to any response."""
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"
    server = raw_server(raw(head + b"body and more"), reply(body=b"next"))
    assert session.get(server.url).content == b"body"
    assert session.get(server.url).content == b"next"


def deflated(body: bytes) -> bytes:
    """Deflate without the zlib header, as some servers send it."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize(
    ("coding", "encoded"),
    [
        ("gzip", gzip.compress(EVERY_BYTE * 50)),
        ("deflate", zlib.compress(EVERY_BYTE * 50)),
        ("deflate", deflated(EVERY_BYTE * 50)),
        ("gzip, deflate", zlib.compress(gzip.compress(EVERY_BYTE * 50))),
        ("identity", EVERY_BYTE * 50),
    ],
    ids=["gzip", "zlib", "raw deflate", "both", "identity"],
)
def test_content_coding(
    session: requests.Session, raw_server: Script, coding: str, encoded: bytes
) -> None:
    """Decoded in ``content``; unchanged in ``raw``."""
    answer = reply(body=encoded, headers=[("Content-Encoding", coding)])
    server = raw_server(answer, answer)
    assert session.get(server.url).content == EVERY_BYTE * 50
    with session.get(server.url, stream=True) as streamed:
        assert streamed.raw.read() == encoded


@every_framing
@pytest.mark.parametrize("size", [1, 7, 1024, 100_000])
def test_iter_content(
    session: requests.Session, raw_server: Script, framing: Framing, size: int
) -> None:
    """The pieces have any size."""
    body = EVERY_BYTE * 8
    server = raw_server(framing(body))
    with session.get(server.url, stream=True) as answer:
        pieces = list(answer.iter_content(size))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= size


def test_iter_lines(session: requests.Session, raw_server: Script) -> None:
    """Lines across pieces, decoded."""
    body = "één\ntwo\r\n\nthree".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    server = raw_server(reply(body=body, headers=headers))
    with session.get(server.url, stream=True) as answer:
        lines = list(answer.iter_lines(chunk_size=3, decode_unicode=True))
    assert lines == ["één", "two", "", "three"]


def test_raw_read(session: requests.Session, raw_server: Script) -> None:
    """``raw`` is a file: read some, read the rest, read nothing."""
    server = raw_server(reply(body=b"0123456789"))
    with session.get(server.url, stream=True) as answer:
        assert answer.raw.read(4) == b"0123"
        assert answer.raw.tell() == 4
        assert answer.raw.read() == b"456789"
        assert answer.raw.read() == b""


def test_types_of_raw(session: requests.Session, raw_server: Script) -> None:
    """The original classes, which cookies and other libraries need."""
    server = raw_server(reply(body=b"x", headers=[("X-Twice", "1"), ("X-Twice", "2")]))
    with session.get(server.url, stream=True) as answer:
        assert type(answer.raw) is urllib3.HTTPResponse
        original = answer.raw._original_response
        assert type(original) is http.client.HTTPResponse
        assert original.msg.get_all("X-Twice") == ["1", "2"]


def test_text_and_encoding(session: requests.Session, raw_server: Script) -> None:
    """The charset is that of the header."""
    headers = [("Content-Type", "text/html; charset=iso-8859-15")]
    server = raw_server(reply(body=b"\xa4 5", headers=headers))
    answer = session.get(server.url)
    assert (answer.encoding, answer.text) == ("iso-8859-15", "\u20ac 5")


def test_links_and_url(session: requests.Session, raw_server: Script) -> None:
    """Parsed headers, and the URL that was asked for."""
    headers = [("Link", '</2>; rel="next"')]
    server = raw_server(reply(headers=headers))
    answer = session.get(f"{server.url}/1")
    assert answer.links["next"]["url"] == "/2"
    assert answer.url == f"{server.url}/1"


def test_elapsed(session: requests.Session, http_server: Server) -> None:
    """The time from sending to the head: more than nothing, less than a minute."""
    elapsed = session.get(f"{http_server.url}/echo").elapsed
    assert datetime.timedelta(0) < elapsed < datetime.timedelta(seconds=10)
