"""The URL of AT+QHTTPURL, and the head that the module makes of it."""

from __future__ import annotations

import dataclasses
import re

__all__ = ("CONTENT_TYPES", "MalformedUrl", "Url", "request_head")

#: By AT+QHTTPCFG="contenttype" (HTTP manual 2.1).
CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
)

_URL = re.compile(r"(https?)://([^/?#]+)([^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:[^@]*@)?(\[[^\]]+\]|[^:]+)(?::([0-9]{1,5}))?")


class MalformedUrl(Exception):
    """A text that is no URL of HTTP or HTTPS."""


@dataclasses.dataclass(frozen=True)
class Url:
    """A URL taken apart.

    :param text: as it was set.
    :param tls: True for https.
    :param authority: host and port as written, for the Host header.
    :param target: path and query, for the request line.
    """

    text: str
    tls: bool
    host: str
    port: int
    authority: str
    target: str

    @classmethod
    def parse(cls, text: str) -> Url:
        """Take a URL apart; the case of the scheme does not matter.

        :raises MalformedUrl: without http(s)://, host, or a port up to 65535.
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

    The fields are those of the sample in HTTP manual 1.2.1; the User-Agent was
    seen on the wire.

    :param length: bytes of the body of a POST; None makes a GET.
    :param content_type: 0 to 3.
    :param method: of a request with a body.
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
