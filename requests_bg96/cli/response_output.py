"""Write a response: its bytes as they are, or a text that a terminal can show."""

from __future__ import annotations

import base64
import codecs
import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import requests
from rich.highlighter import JSONHighlighter

from ..base.body import pieces_of
from .failures import Failure
from .output import console

__all__ = ("ReceivedBody", "as_data", "head_of", "plain", "show", "write")

#: The longest body that is prettified; a longer one is shown as it comes.
PRETTY = 1_000_000

#: Control characters could change what a terminal shows, or what it does.
_CONTROLS = {
    code: f"\\x{code:02x}"
    for code in (*range(32), *range(127, 160))
    if chr(code) not in "\t\n"
} | {ord("\r"): ""}


class ReceivedBody:
    """The body of a response, and how much of it has come.

    :param response: its body was not read yet.
    :param over: returns whether the time for it is over.
    """

    def __init__(self, response: requests.Response, over: Callable[[], bool]) -> None:
        self._response = response
        self._over = over
        self.bytes = 0
        coded = response.headers.get("Content-Encoding", "identity") != "identity"
        length = response.headers.get("Content-Length", "")
        #: The size of the body, None if it is not told.
        self.size = int(length) if length.isascii() and length.isdigit() else None
        if coded:
            self.size = None

    def __iter__(self) -> Iterator[bytes]:
        for piece in pieces_of(self._response):
            self.bytes += len(piece)
            yield piece
            if self._over():
                raise requests.Timeout(response=self._response)


def plain(text: str) -> str:
    """Return `text` without what could change a terminal."""
    return text.translate(_CONTROLS)


def head_of(response: requests.Response) -> str:
    """Return the head of a response, with an empty line after it."""
    version = "1.0" if getattr(response.raw, "version", 11) == 10 else "1.1"
    status = f"HTTP/{version} {response.status_code} {response.reason or ''}".rstrip()
    fields = getattr(response.raw, "headers", response.headers).items()
    lines = [status, *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""])


def show(
    response: requests.Response,
    body: Iterable[bytes],
    *,
    include: bool,
    as_bytes: bool = False,
) -> None:
    """Write a response to standard output.

    On a terminal, JSON is prettified, control characters are shown as text, and a
    binary body is refused. Otherwise the bytes are written as they are.

    :param include: whether to write the heads as well, also those of redirects.
    :param as_bytes: whether to write the bytes to a terminal, too.
    :raises Failure: if the body is binary and standard output is a terminal.
    """
    heads = [head_of(one) for one in (*response.history, response) if include]
    if as_bytes or not sys.stdout.isatty():
        write((head.encode("latin-1", "replace") for head in heads), sys.stdout.buffer)
        write(body, sys.stdout.buffer)
        return
    for head in heads:
        _echo(plain(head))
    _show_text(response, body)


def write(pieces: Iterable[bytes], file: Any) -> None:
    """Write each piece at once, because the next may take long."""
    for piece in pieces:
        file.write(piece)
        file.flush()


def as_data(response: requests.Response, body: bytes | None) -> dict[str, Any]:
    """Return a response as data for JSON.

    A body that is not text of its charset is in ``body_base64``.

    :param body: None if it was written elsewhere.
    """
    found: dict[str, Any] = {
        "url": response.url,
        "status": response.status_code,
        "reason": response.reason,
        "headers": dict(response.headers),
        "redirects": [one.url for one in response.history],
        "seconds": round(response.elapsed.total_seconds(), 3),
    }
    if body is not None:
        try:
            found["body"] = body.decode(_charset(response))
        except UnicodeDecodeError:
            found["body_base64"] = base64.b64encode(body).decode("ascii")
    return found


def _show_text(response: requests.Response, body: Iterable[bytes]) -> None:
    if "json" in response.headers.get("Content-Type", "").lower():
        body = _pretty(body)
    decoder = codecs.getincrementaldecoder(_charset(response))("replace")
    last = ""
    for piece in body:
        if b"\0" in piece:
            raise Failure(
                "the body is binary and was not shown",
                "write it with -o FILE, or send the output to another program",
            )
        text = plain(decoder.decode(piece))
        _echo(text)
        last = text or last
    if last and not last.endswith("\n"):
        _echo("\n")


def _echo(text: str) -> None:
    """Write a text to a terminal, which may not have all of its characters."""
    charset = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(charset, "backslashreplace").decode(charset))
    sys.stdout.flush()


def _pretty(body: Iterable[bytes]) -> Iterator[bytes]:
    """Show JSON with indents and colours; return what is to be shown as it is."""
    found = bytearray()
    pieces = iter(body)
    for piece in pieces:
        found += piece
        if len(found) > PRETTY:
            break
    else:
        try:
            value = json.loads(found)
        except ValueError:
            pass
        else:
            text = plain(json.dumps(value, indent=2, ensure_ascii=False))
            console().print(JSONHighlighter()(text))
            return iter(())
    return _behind(bytes(found), pieces)


def _behind(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _charset(response: requests.Response) -> str:
    """Return the charset that the server tells, or UTF-8."""
    told = requests.utils.get_encoding_from_headers(response.headers)
    # requests takes Latin-1 for texts whose charset is not told.
    if told and "charset" in response.headers.get("Content-Type", "").lower():
        # Python also has codecs that are not charsets, and decode to bytes.
        with contextlib.suppress(LookupError):
            b"x".decode(told, "replace")
            return told
    return "utf-8"
