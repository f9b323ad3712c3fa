"""The parts of a request, as the command line writes them."""

from __future__ import annotations

import getpass
import json
import os
import pathlib
import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click
from urllib3.util import SKIP_HEADER

from .failures import USAGE, Failure

#: The headers that urllib3 adds.
SKIPPABLE = ("accept-encoding", "user-agent")

__all__ = ("body_of", "credentials", "headers_of", "with_scheme")

#: What may stand after the value of a field of a form.
_ATTRIBUTE = re.compile(r";(type|filename)=([^;]*)")
#: A field of a form: a tuple as requests' ``files`` takes them.
Field = tuple[str, tuple[Any, ...]]


def with_scheme(url: str) -> str:
    """Return `url` with ``http://``, unless it has a scheme.

    :raises click.UsageError: if the scheme is another one than http and https.
    """
    scheme, colon, _ = url.partition("://")
    if not colon:
        return f"http://{url}"
    if scheme.lower() not in ("http", "https"):
        raise click.UsageError(f"{scheme}:// is not HTTP; use http:// or https://")
    return url


def headers_of(lines: Sequence[str]) -> dict[str, Any]:
    """Return the headers in lines of the form NAME:VALUE.

    A header without a value is not sent.

    :raises click.UsageError: if a line has no name, or no colon.
    """
    found: dict[str, Any] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"-H {line!r}: write it as NAME:VALUE")
        name, value = name.strip(), value.strip()
        # In place of these two, urllib3 would send its own.
        skipped = SKIP_HEADER if name.lower() in SKIPPABLE else None
        found[name] = os.fsencode(value) or skipped
    return found


def credentials(text: str | None) -> tuple[Any, Any] | None:
    """Return user and password of USER[:PASSWORD]; ask for a missing password."""
    if text is None:
        return None
    user, colon, password = text.partition(":")
    if not colon:
        password = _asked(user)
    # RFC 7617: UTF-8, as it was typed.
    return os.fsencode(user), os.fsencode(password)


def _asked(user: str) -> str:
    """Ask for a password at the terminal.

    :raises Failure: if there is no terminal.
    :raises KeyboardInterrupt: at control-C.
    """
    prompt = f"Password of {user}"
    try:
        with warnings.catch_warnings():
            # Without a terminal it would read standard input, which may be the body.
            warnings.simplefilter("error", getpass.GetPassWarning)
            found: str = click.prompt(
                prompt, hide_input=True, default="", show_default=False, err=True
            )
    except getpass.GetPassWarning:
        text = f"there is no terminal to ask for the password of {user}"
        raise Failure(text, f"pass it as {user}:PASSWORD", USAGE) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return found


def body_of(
    data: Sequence[str], fields: Sequence[str], json_data: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arguments of requests for a body, and the headers that it needs.

    :param data: texts, or ``@FILE``; several are joined by ``&``, as a form.
    :param fields: fields of a form with files.
    :param json_data: JSON, or ``@FILE``.
    :raises click.UsageError: if more than one is given, or the JSON is wrong.
    """
    given = [name for name in (data, fields, json_data) if name not in (None, (), [])]
    if len(given) > 1:
        raise click.UsageError("give only one of -d, -F and --json-data")
    if data:
        body = b"&".join(map(content, data))
        return {"data": body}, {"Content-Type": "application/x-www-form-urlencoded"}
    if fields:
        return {"files": [_field(text) for text in fields]}, {}
    if json_data is not None:
        return {"data": _json(json_data)}, {"Content-Type": "application/json"}
    return {}, {}


def content(text: str) -> bytes:
    """Return the bytes of a text, of a file for ``@FILE``, or of standard input."""
    if text == "@-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        return pathlib.Path(text[1:]).read_bytes()
    return os.fsencode(text)


def _json(text: str) -> bytes:
    body = content(text)
    try:
        json.loads(body)
    except ValueError as error:
        raise click.UsageError(f"--json-data: this is not JSON: {error}") from error
    return body


def _field(text: str) -> Field:
    """Return a field of a form: name=value, or name=@FILE with its name and type."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"-F {text!r}: write it as name=value or name=@FILE")
    if not value.startswith("@"):
        return name, (None, os.fsencode(value))
    attributes = dict(_ATTRIBUTE.findall(value))
    place = _ATTRIBUTE.sub("", value)
    filename = "" if place == "@-" else pathlib.Path(place[1:]).name
    filename = attributes.get("filename", filename)
    if "type" in attributes:
        return name, (filename, content(place), attributes["type"])
    return name, (filename, content(place))
