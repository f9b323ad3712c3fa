"""What a head says of the end of the body."""

from __future__ import annotations

import dataclasses

import pytest

from requests_bg96.errors import TransferError
from requests_bg96.response.head import Body, body_of
from tests.support import response

FIVE = b"Content-Length: 5"
CODED = b"Transfer-Encoding: chunked"


def head(*fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A head with these fields."""
    return b"\r\n".join((b"HTTP/1.1 " + status, *fields)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (head(), Body(False, False, None)),
        (head(FIVE), Body(False, False, 5)),
        (head(b"content-length:0"), Body(False, False, 0)),
        (head(b"Content-Length: -5"), Body(False, False, None)),
        (head(b"Content-Length: 5x"), Body(False, False, None)),
        (head(CODED), Body(False, True, None)),
        (head(FIVE, CODED), Body(False, True, None)),
        (head(b"transfer-encoding:gzip , CHUNKED"), Body(False, True, None)),
        (head(CODED, b"Transfer-Encoding: gzip"), Body(False, True, None)),
        (head(b"Transfer-Encoding: x-chunked"), Body(False, False, None)),
        (head(FIVE, status=b"199 Odd"), Body(True, False, None)),
        (head(FIVE, status=b"200"), Body(False, False, 5)),
        (head(CODED, status=b"204 No Content"), Body(True, False, None)),
        (head(FIVE, status=b"204 No Content"), Body(True, False, None)),
        (head(CODED, status=b"304 Not Modified"), Body(True, False, None)),
        (head(FIVE, status=b"205 Reset Content"), Body(False, False, 5)),
        (head(FIVE, status=b"304 Not Modified"), Body(True, False, None)),
        (head(FIVE, status=b"404 Not Found"), Body(False, False, 5)),
        (b"\r\n\r\n", Body(False, False, None)),
        (b"ICY 200 OK\r\n" + FIVE + b"\r\n\r\n", Body(False, False, None)),
        (head(FIVE, status=b"20 OK"), Body(False, False, None)),
        (head(*[b"X: y"] * 101), Body(False, False, None)),
    ],
)
def test_the_body_that_a_head_announces(sent: bytes, body: Body) -> None:
    """As http.client reads it, and urllib3 the codings; a fault says nothing."""
    found = body_of(sent, "GET")
    assert dataclasses.replace(found, unambiguous=False) == body


def test_a_head_alone() -> None:
    """The answer to HEAD has no body, whatever it says."""
    for fields in ((), (FIVE,), (CODED,)):
        found = body_of(head(*fields), "HEAD")
        assert (found.bodyless, found.chunked, found.length) == (True, False, None)
        assert not body_of(head(*fields), "POST").bodyless


def test_the_longest_body() -> None:
    """No file system has a file of 2 ** 63 bytes."""
    assert body_of(head(b"Content-Length: %d" % (2**63 - 1)), "GET").length == 2**63 - 1
    with pytest.raises(TransferError, match="Content-Length"):
        body_of(head(b"Content-Length: %d" % 2**63), "GET")


def test_what_all_parsers_read_alike() -> None:
    """One length, no coding, and one way to write each line."""
    assert body_of(head(FIVE), "GET").unambiguous
    other = head(b"X: y", b"content-LENGTH:\t05 ", b"Y:", status=b"599 ")
    assert body_of(other, "GET").unambiguous
    assert body_of(head(FIVE).replace(b"1.1", b"1.0"), "GET").unambiguous


@pytest.mark.parametrize(
    "sent",
    [
        head(),
        head(b"X: y"),
        head(FIVE, FIVE),
        head(FIVE, b"CONTENT-length: 6"),
        head(FIVE, CODED),
        head(b"TRANSFER-encoding: gzip", FIVE),
        head(b"Content-Length: +5"),
        head(b"Content-Length: 5, 5"),
        head(b"Content-Length:"),
        head(FIVE, b"X : y"),
        head(FIVE, b" folded"),
        head(FIVE, b": y"),
        head(FIVE, b"X: a\rb"),
        head(FIVE, status=b"100 Continue"),
        head(FIVE, status=b"600 Odd"),
        head(FIVE).replace(b"1.1", b"1.2"),
        head(FIVE).replace(b"\r\n", b"\n"),
        head(FIVE).lower(),
        response(b"hello"),
    ],
)
def test_what_parsers_read_differently(sent: bytes) -> None:
    """The module may have found another end in it."""
    assert not body_of(sent, "GET").unambiguous
