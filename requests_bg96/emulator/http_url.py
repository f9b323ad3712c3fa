"""Parse the URL of AT+QHTTPURL, and make the head of a request from it."""

from __future__ import annotations

import dataclasses
import re

__all__ = ("CONTENT_TYPES", "MalformedUrl", "Url", "request_head")

#: The values of AT+QHTTPCFG="contenttype" (HTTP manual 2.1).
CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
)

_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(\[[^\]]+\]|[^:]+)(?::([0-9]{1,5}))?")


class MalformedUrl(Exception):
    """The text is not a URL of HTTP or HTTPS."""


@dataclasses.dataclass(frozen=True)
class Url:
    """A parsed URL.

    :param text: the whole URL.
    :param tls: whether the scheme is https.
    :param host: the host, without brackets.
    :param port: the port, 1 to 65535.
    :param authority: the host and the port as written, for the field Host.
    :param target: the path and the query, for the request line.
    """

    text: str
    tls: bool
    host: str
    port: int
    authority: str
    target: str

    @classmethod
    def parse(cls, text: str) -> Url:
        """Parse a URL. The scheme may be in capitals.

        :raises MalformedUrl: if the scheme, the host or the port is wrong.
        """
        url = _URL.match(text)
        authority = _AUTHORITY.fullmatch(url[2]) if url else None
        if not url or not authority:
            raise MalformedUrl(text)
        tls = url[1].lower() == "https"
        port = int(authority[2] or (443 if tls else 80))
        if not 0 < port < 65536:
            raise MalformedUrl(text)
        target = url[3] if url[3].startswith("/") else "/" + url[3]
        host = authority[1].strip("[]")
        written = url[2].rpartition("@")[2]
        return cls(text, tls, host, port, written, target)


def request_head(
    url: Url, length: int | None, content_type: int, method: str = "POST"
) -> bytes:
    """Return the head of a request with requestheader=0.

    Its fields are those of the sample in HTTP manual 1.2.1. A server has seen this
    User-Agent.

    :param length: the bytes of the body; None is a GET.
    :param content_type: an index of `CONTENT_TYPES`.
    :param method: the method of a request with a body.
    """
    lines = [
        f"{'GET' if length is None else method} {url.target} HTTP/1.1",
        f"Host: {url.authority}",
        "Accept: */*",
        "User-Agent: QUECTEL_MODULE",
        "Connection: Keep-Alive",
    ]
    if length is not None:
        lines.append(f"Content-Type: {CONTENT_TYPES[content_type]}")
        lines.append(f"Content-Length: {length}")
    return "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1")
