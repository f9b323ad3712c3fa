"""Compress the bodies of requests to hosts that take it, to send fewer bytes."""

from __future__ import annotations

import dataclasses
import gzip
import io
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

__all__ = ("Compression",)

#: The smallest body to compress, in bytes, if the caller does not say. gzip adds 18
#: bytes to a body (RFC 1952 2.3), and the header field has 24.
MINIMUM = 200
#: The most bytes of a compressed body that are kept in memory and not on disk.
IN_MEMORY = 1 << 20
FIELD = ("Content-Encoding", "gzip")
#: The header fields that say something of the body as it is, which compression would
#: make wrong (RFC 9110 8.4 and 14.5, RFC 9530), and that of a body without a length.
KEPT = frozenset(
    "content-digest content-encoding content-md5 content-range digest repr-digest "
    "transfer-encoding".split()
)

Headers = Mapping[Any, Any]


@dataclasses.dataclass(frozen=True)
class Compression:
    """The hosts that take compressed bodies.

    :param minima: each host, with the size of the smallest body to compress, in bytes.
    """

    minima: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def for_hosts(cls, hosts: Collection[str]) -> Compression:
        """Return what a caller has asked for.

        :param hosts: their names, or a mapping from the names to the sizes.
        :raises ValueError: if one of them is not the name of a host.
        """
        if isinstance(hosts, str):
            raise ValueError(f"compress is {hosts!r}; pass a collection of host names")
        sizes = hosts if isinstance(hosts, Mapping) else dict.fromkeys(hosts, MINIMUM)
        return cls(frozenset((_host(name), size) for name, size in sizes.items()))

    @contextmanager
    def applied(
        self, host: str, url: str, body: Any, headers: Headers | None
    ) -> Iterator[tuple[Any, Headers | None]]:
        """Have body and headers in the form in which they are sent.

        :param host: that the connection leads to; it may be a proxy.
        :param url: of the request. If it has a host, that is the server.
        :param body: it is compressed only if that makes the request smaller.
        :param headers: they are not changed.
        """
        packed = None
        if self.minima and body and headers:
            if "://" in url and url[:1] != "/":
                host = parse_url(url).host or host
            size = self._size(host, headers)
            packed = None if size is None else _packed(body, size)
        if packed is None or headers is None:
            yield body, headers
            return
        with packed:
            yield packed, _headers_of(packed, headers)

    def _size(self, host: str, headers: Headers) -> int | None:
        """Return the size of a body that may be compressed, or None."""
        minimum = dict(self.minima).get(host.strip("[]"))
        values = {_text(name): value for name, value in headers.items()}
        length = _text(values.get("content-length", ""))
        if minimum is None or KEPT & {*values} or not length.isdecimal():
            return None
        return int(length) if int(length) >= minimum else None


def _headers_of(packed: Any, headers: Headers) -> Headers:
    """Return the header fields of a request with the compressed body."""
    length = str(packed.seek(0, os.SEEK_END))
    packed.seek(0)
    changed = {
        name: length if _text(name) == "content-length" else value
        for name, value in headers.items()
    }
    return {**changed, FIELD[0]: FIELD[1]}


def _host(name: str) -> str:
    """Return the name of a host as urllib3 writes it.

    :raises ValueError: if it is not one.
    """
    try:
        found = parse_url(f"//[{name}]" if ":" in name else f"//{name}")
    except LocationParseError:
        found = Url()
    blank = any(map(str.isspace, name))
    if blank or not found.host or found != Url(host=found.host):
        raise ValueError(f"compress has {name!r}, which is not the name of a host")
    return found.host.strip("[]")


def _text(value: str | bytes) -> str:
    """Return the name or the value of a header field, in lower case."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.lower()


def _packed(body: Any, size: int) -> Any:
    """Return a file with the compressed `body`.

    :returns: None if it cannot be compressed, or if that does not make the request
        smaller. It can then be read as before.
    """
    body = body.encode() if isinstance(body, str) else body
    in_memory = isinstance(body, (bytes, bytearray))
    start = None if in_memory else _place(body)
    if not in_memory and start is None:
        return None
    packed: Any = tempfile.SpooledTemporaryFile(IN_MEMORY)
    with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as file:
        shutil.copyfileobj(io.BytesIO(body) if in_memory else body, file)
    if packed.tell() + len(": \r\n".join(FIELD)) < size:
        return packed
    packed.close()
    if not in_memory:
        body.seek(start)
    return None


def _place(body: Any) -> int | None:
    """Return where a file of bytes will be read, or None if it cannot be read again."""
    if isinstance(body, io.TextIOBase) or not hasattr(body, "read"):
        return None
    try:
        place: int = body.tell()
        body.seek(place)
    except (AttributeError, OSError):
        return None
    return place
