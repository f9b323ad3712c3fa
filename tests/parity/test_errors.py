"""A failure has the same class of exception with any transport."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import urllib3
from urllib3.util import Timeout

from tests.conformance.guard import tarpit
from tests.conftest import Script
from tests.parity.conftest import MakeAdapter
from tests.servers import HANG, Reply, Server, chunked, raw, refused_url, reply


def failure(session: requests.Session, url: str, **arguments: Any) -> Exception:
    """The exception of a GET."""
    arguments.setdefault("timeout", 15)
    with pytest.raises(requests.RequestException) as caught:
        session.get(url, **arguments)
    return caught.value


def reason(error: Exception) -> type:
    """The class of urllib3's exception inside one of requests'."""
    assert isinstance(error.args[0], urllib3.exceptions.MaxRetryError)
    return type(error.args[0].reason)


def test_refused(session: requests.Session) -> None:
    """No server listens there."""
    error = failure(session, refused_url())
    assert type(error) is requests.ConnectionError
    assert reason(error) is urllib3.exceptions.NewConnectionError


def test_unresolvable(session: requests.Session) -> None:
    """A name that does not exist (RFC 2606)."""
    error = failure(session, "http://does-not-exist.invalid/")
    assert type(error) is requests.ConnectionError
    assert reason(error) is urllib3.exceptions.NameResolutionError


@pytest.mark.parametrize(
    "timeout", [0.3, (0.3, 10), Timeout(connect=0.3, read=10)], ids=repr
)
def test_connect_timeout(session: requests.Session, timeout: Any) -> None:
    """A host that does not answer."""
    started = time.monotonic()
    with tarpit() as url:
        error = failure(session, url, timeout=timeout)
    assert type(error) is requests.ConnectTimeout
    assert 0.3 <= time.monotonic() - started < 3


@pytest.mark.parametrize("timeout", [0.4, (10, 0.4), Timeout(read=0.4)], ids=repr)
def test_silence_before_the_head(
    session: requests.Session, raw_server: Script, timeout: Any
) -> None:
    """The server takes the request, and sends nothing."""
    server = raw_server(raw(HANG))
    started = time.monotonic()
    error = failure(session, server.url, timeout=timeout)
    assert type(error) is requests.ReadTimeout
    assert 0.4 <= time.monotonic() - started < 5
    assert len(server.requests) == 1


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nX-"])
def test_silence_within_the_head(
    session: requests.Session, raw_server: Script, start: bytes
) -> None:
    """The server stops before the head is complete."""
    error = failure(session, raw_server(raw(start, HANG)).url, timeout=0.4)
    assert type(error) is requests.ReadTimeout


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSED = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("start", [LENGTH + b"12345", CHUNKED + b"A\r\n12345", CLOSED])
def test_silence_within_the_body(
    session: requests.Session, raw_server: Script, start: bytes
) -> None:
    """requests raises a ConnectionError, because the head did arrive."""
    error = failure(session, raw_server(raw(start, HANG)).url, timeout=0.4)
    assert type(error) is requests.ConnectionError
    assert "Read timed out" in str(error)


@pytest.mark.parametrize(
    "start",
    [
        LENGTH + b"12345",
        LENGTH,
        CHUNKED,
        CHUNKED + b"5",
        CHUNKED + b"A\r\n12345",
        CHUNKED + chunked(b"12345"),
        CHUNKED + b"5\r\n12345\r\nzz\r\n12345\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_truncated_or_malformed_body(
    session: requests.Session, raw_server: Script, start: bytes
) -> None:
    """The server closes too early, or its chunks are wrong."""
    server = raw_server(raw(start), reply(body=b"next"))
    assert (
        type(failure(session, server.url)) is requests.exceptions.ChunkedEncodingError
    )
    assert session.get(server.url).content == b"next"


def test_truncated_body_of_a_stream(
    session: requests.Session, raw_server: Script
) -> None:
    """The received bytes are returned first."""
    server = raw_server(raw(LENGTH + b"12345"))
    with session.get(server.url, stream=True, timeout=15) as answer:
        pieces = answer.iter_content(1)
        assert b"".join(next(pieces) for _ in range(5)) == b"12345"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            next(pieces)


@pytest.mark.parametrize(
    "answer",
    [
        raw(),
        raw(b"HTTP"),
        raw(b"this is not HTTP\r\n\r\n"),
        raw(b"HTTP/1.1 abc OK\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"v" * 70_000 + b"\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 150 + b"\r\n"),
    ],
    ids=["nothing", "a word", "not HTTP", "bad status", "long line", "many headers"],
)
def test_bad_head(session: requests.Session, raw_server: Script, answer: Reply) -> None:
    """No response, or one that http.client refuses."""
    server = raw_server(answer, reply(body=b"next"))
    assert type(failure(session, server.url)) is requests.ConnectionError
    assert session.get(server.url).content == b"next"


def test_two_content_lengths(session: requests.Session, raw_server: Script) -> None:
    """They contradict each other."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    error = failure(session, raw_server(raw(head)).url)
    assert type(error) is requests.exceptions.InvalidHeader


def test_bad_coding(session: requests.Session, raw_server: Script) -> None:
    """A body that is not gzip, although the head says so."""
    answer = reply(body=b"not gzip", headers=[("Content-Encoding", "gzip")])
    error = failure(session, raw_server(answer).url)
    assert type(error) is requests.exceptions.ContentDecodingError


def test_bad_json(session: requests.Session, raw_server: Script) -> None:
    """A body that is not JSON."""
    with pytest.raises(requests.exceptions.JSONDecodeError):
        session.get(raw_server(reply(body=b"{")).url).json()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://", requests.exceptions.InvalidURL),
        ("http://*.example/", requests.exceptions.InvalidURL),
        ("http://:1/", requests.exceptions.InvalidURL),
        ("http://127.0.0.1:99999/", requests.exceptions.InvalidURL),
        ("127.0.0.1/", requests.exceptions.MissingSchema),
        ("gopher://127.0.0.1/", requests.exceptions.InvalidSchema),
    ],
)
def test_bad_url(session: requests.Session, url: str, expected: type) -> None:
    """Refused before anything is sent."""
    assert type(failure(session, url)) is expected


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", " leading"])
def test_bad_header(session: requests.Session, http_server: Server, value: str) -> None:
    """A header that would become two is refused, and nothing is sent."""
    error = failure(session, http_server.url, headers={"X-Own": value})
    assert type(error) is requests.exceptions.InvalidHeader
    assert http_server.requests == []


@pytest.mark.parametrize("timeout", [(1, 2, 3), "soon", -1, (0, 1)], ids=repr)
def test_bad_timeout(
    session: requests.Session, http_server: Server, timeout: Any
) -> None:
    """It is a ValueError, and nothing is sent."""
    with pytest.raises(ValueError):
        session.get(http_server.url, timeout=timeout)
    assert http_server.requests == []


@pytest.mark.parametrize(
    "timeout", [None, 5, (5, 5), (None, 5), Timeout(total=5), (5, None)], ids=repr
)
def test_good_timeout(
    session: requests.Session, http_server: Server, timeout: Any
) -> None:
    """All forms that requests accepts."""
    assert session.get(f"{http_server.url}/echo", timeout=timeout).ok


def test_after_a_read_timeout(session: requests.Session, raw_server: Script) -> None:
    """The next request does not get the late response of the last one."""
    server = raw_server(raw(HANG), reply(body=b"next"))
    assert type(failure(session, server.url, timeout=0.4)) is requests.ReadTimeout
    assert session.get(server.url, timeout=15).content == b"next"


def test_exceptions_carry_the_request(session: requests.Session) -> None:
    """As those of requests do."""
    url = refused_url()
    error = failure(session, url)
    assert isinstance(error, requests.RequestException)
    assert error.request is not None
    assert (error.request.url, error.response) == (url, None)


def test_retries_on_status(make_adapter: MakeAdapter, http_server: Server) -> None:
    """503 twice, a wait for Retry-After, then the answer."""
    retry = urllib3.Retry(total=3, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=retry))
        answer = session.post(f"{http_server.url}/busy/2", data="once")
    assert answer.json()["body"] == "once"
    assert [request.body for request in http_server.requests] == [b"once"] * 3
    assert [past.status for past in answer.raw.retries.history] == [503, 503]


def test_retry_after_is_waited_for(
    make_adapter: MakeAdapter, raw_server: Script
) -> None:
    """A whole second, as the server asked."""
    server = raw_server(reply("429 Slow", headers=[("Retry-After", "1")]), reply())
    retry = urllib3.Retry(total=1, status_forcelist=[429])
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=retry))
        started = time.monotonic()
        assert session.get(server.url).status_code == 200
    assert 1 <= time.monotonic() - started < 4


def test_retries_exhausted(make_adapter: MakeAdapter, http_server: Server) -> None:
    """Too many 503 are a RetryError, unless the caller wants the last one."""
    retry = urllib3.Retry(total=1, status_forcelist=[503])
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=retry))
        error = failure(session, f"{http_server.url}/busy/9")
    assert type(error) is requests.exceptions.RetryError
    assert len(http_server.requests) == 2


def test_retries_on_a_lost_connection(
    make_adapter: MakeAdapter, raw_server: Script
) -> None:
    """The server closes: a GET is repeated, a POST is not."""
    server = raw_server(raw(), reply(body=b"again"), raw(), reply())
    retry = urllib3.Retry(total=2)
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=retry))
        assert session.get(server.url).content == b"again"
        with pytest.raises(requests.ConnectionError):
            session.post(server.url, data="x")
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_retries_on_a_read_timeout(
    make_adapter: MakeAdapter, raw_server: Script
) -> None:
    """A GET may be repeated after a silence."""
    server = raw_server(raw(HANG), reply(body=b"again"))
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=urllib3.Retry(read=1)))
        assert session.get(server.url, timeout=(10, 1)).content == b"again"
    assert len(server.requests) == 2


def test_refused_connections_are_retried(make_adapter: MakeAdapter) -> None:
    """As often as asked, for each method, and counted."""
    retry = urllib3.Retry(connect=2)
    with requests.Session() as session:
        session.mount("http://", make_adapter(max_retries=retry))
        with pytest.raises(requests.ConnectionError) as caught:
            session.post(refused_url(), data="x")
    assert reason(caught.value) is urllib3.exceptions.NewConnectionError
