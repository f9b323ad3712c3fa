"""What the head of a response says of its body, as http.client finds it."""

from __future__ import annotations

import http.client
import io
import socket
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_bg96.response.head import Body, body_of

#: Bytes that may be in a value: blanks of all kinds, and no line ends.
VALUES = st.binary(max_size=9).map(lambda value: value.translate(None, b"\r\n"))
NAMES = st.sampled_from(
    [b"Content-Length", b"content-length", b"Content-Lengths", b"X", b"Trailer"]
)
LENGTHS = st.sampled_from(
    [b"0", b" 12", b"12 ", b"\t12", b"\x0c12", b"\xa012", b"+12", b"1_2", b"", b"12,12"]
)
FIELDS = st.lists(st.tuples(NAMES, LENGTHS | VALUES), max_size=4)


class Sock:
    """A socket for `http.client` that contains only a head."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def makefile(self, mode: str) -> io.BytesIO:
        """Return the head."""
        return io.BytesIO(self._head)


def found(head: bytes, method: str) -> int | None:
    """The length that http.client finds; 0 also if there is no body."""
    sock = cast(socket.socket, Sock(head))
    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    return response.length


@given(
    FIELDS,
    st.sampled_from([200, 204, 206, 301, 304, 404, 503]),
    st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_an_unambiguous_head_says_what_http_client_finds(
    fields: list[tuple[bytes, bytes]], status: int, method: str
) -> None:
    """A head that is not given to http.client has the same meaning for it."""
    lines = b"".join(b"%b:%b\r\n" % field for field in fields)
    head = b"HTTP/1.1 %d Text\r\n%b\r\n" % (status, lines)
    body = body_of(head, method)
    if body.unambiguous:
        assert not body.chunked
        assert (0 if body.bodyless else body.length) == found(head, method)


@pytest.mark.parametrize("digits", [19, 5_000])
def test_a_length_of_many_digits_is_left_to_http_client(digits: int) -> None:
    """Python refuses to convert thousands of digits."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % (b"0" * digits)
    assert body_of(head, "GET") == Body(length=found(head, "GET"))


def test_a_usual_head_is_unambiguous() -> None:
    """Otherwise the test above would test nothing."""
    head = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 12\r\n\r\n"
    assert body_of(head, "GET") == Body(length=12, unambiguous=True)
    assert body_of(head, "HEAD").bodyless
