"""What the tests of the client share: bytes cut in pieces, servers, modems."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterable, Iterator
from typing import Any, cast

from hypothesis import strategies as st

OK = b"\r\nOK\r\n"
CONNECT = b"\r\nCONNECT\r\n"
#: What stands behind the payload of AT+QHTTPREAD.
TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"


def cme(err: int) -> bytes:
    """The line of an error number."""
    return b"\r\n+CME ERROR: %d\r\n" % err


def bytewise(data: bytes) -> list[bytes]:
    """Every byte on its own."""
    return [data[i : i + 1] for i in range(len(data))]


def cut(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Pieces of these sizes, over and over, until there is nothing left."""
    sizes = list(sizes) or [len(data) or 1]
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1


#: The sizes of pieces in which bytes may come.
piece_sizes = st.lists(st.integers(1, 40), max_size=12)

#: Pieces of bodies that are easily taken for something else.
TREACHEROUS = (
    TRAILER,
    TRAILER[:-1],
    b"\r\nOK\r\n",
    b"\r\n+QHTTPREAD: 0\r\n",
    b"\r\n+CME ERROR: 717\r\n",
    b'\r\nOK\r\n\r\n+QIURC: "pdpdeact",1\r\n\r\n+QHTTPREAD: 0\r\n',
    b"\r\nCONNECT\r\n",
    b"\r\nRDY\r\n",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"+++",
    b"HTTP/1.1 200 OK\r\n\r\n",
)

#: Any body, but more often than chance has it one that looks like the line's own text.
bodies = st.lists(
    st.sampled_from(TREACHEROUS) | st.binary(max_size=80), max_size=8
).map(b"".join)


def chunks(
    body: bytes, sizes: Iterable[int], extension: bytes = b"", fields: bytes = b""
) -> bytes:
    """`body` in chunk framing.

    :param extension: behind each size.
    :param fields: trailer fields, each with its line end.
    """
    framed = b"".join(
        b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in cut(body, sizes)
    )
    return framed + b"0%b\r\n%b\r\n" % (extension, fields)


def response(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with Content-Length, unless a field tells of another framing."""
    lines = [b"HTTP/1.1 " + status, *fields]
    names = {field.partition(b":")[0].lower() for field in fields}
    if not names & {b"content-length", b"transfer-encoding", b"connection"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Bytes:
    """A socket to http.client, from which these bytes can be read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def parsed(data: bytes, method: str = "GET") -> tuple[int, bytes]:
    """Status and body of a response, as http.client reads them."""
    found = http.client.HTTPResponse(
        cast(socket.socket, cast(Any, _Bytes(data))), method=method
    )
    found.begin()
    return found.status, found.read()
