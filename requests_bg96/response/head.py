"""The head of a response: what it says of the end of the body (RFC 9112 chapter 6)."""

from __future__ import annotations

import dataclasses
import http.client
import io
import re
import socket
from typing import cast

from ..errors import TransferError

__all__ = ("Body", "body_of")

#: No body is this long: no file system has such files.
LENGTH_LIMIT = 1 << 63

#: A head in which every parser finds the same fields and the same end.
_PLAIN_HEAD = re.compile(
    rb"HTTP/1\.[01] [2-5]\d\d[^\r\n]*\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r\n)+\r\n"
)
_LENGTH = re.compile(rb"(?i)\ncontent-length:([^\r\n]*)")
_DIGITS = re.compile(rb"[ \t]*[0-9]{1,18}[ \t]*")
_CODING = re.compile(rb"(?i)\ntransfer-encoding:")


@dataclasses.dataclass(frozen=True)
class Body:
    """What a head says of the body; by default nothing.

    :param bodyless: whether there is none. The module does not know this.
    :param chunked: whether it has chunk framing, which the module may remove.
    :param length: the number of its bytes, if told.
    :param unambiguous: whether every parser finds the same in this head.
    """

    bodyless: bool = False
    chunked: bool = False
    length: int | None = None
    unambiguous: bool = False


class _Head:
    """A socket for `http.client` that contains only a head."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._head)


def body_of(head: bytes, method: str) -> Body:
    """Return what `head` says of the body of an answer to `method`.

    :raises TransferError: if the body would be longer than any.
    """
    if _is_unambiguous(head):
        # So http.client finds the same. It would take ten times as long.
        bodyless = method == "HEAD" or head[9:12] in (b"204", b"304")
        length = None if bodyless else int(_LENGTH.findall(head)[0])
        return Body(bodyless, length=length, unambiguous=True)
    # http.client decides, so that both find the same end.
    response = http.client.HTTPResponse(cast(socket.socket, _Head(head)))
    try:
        response.begin()
    except http.client.HTTPException:
        # http.client will raise the same error again when it reads the head.
        return Body()
    status, told = response.status, response.length
    if method == "HEAD" or status in (204, 304) or status < 200:
        return Body(bodyless=True)
    if _is_chunked(response):
        return Body(chunked=True)
    if told is not None and told >= LENGTH_LIMIT:
        raise TransferError("the Content-Length is larger than any body")
    return Body(length=told)


def _is_chunked(response: http.client.HTTPResponse) -> bool:
    """Return whether urllib3 reads chunks; it looks at all codings."""
    codings = ",".join(response.headers.get_all("transfer-encoding", []))
    return "chunked" in map(str.strip, codings.lower().split(","))


def _is_unambiguous(head: bytes) -> bool:
    """Return whether every parser finds the same end and the same length in `head`."""
    lengths = _LENGTH.findall(head)
    plain = _PLAIN_HEAD.fullmatch(head) and not _CODING.search(head)
    single = len(lengths) == 1 and _DIGITS.fullmatch(lengths[0])
    return bool(plain and single)
