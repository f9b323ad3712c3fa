"""No pattern takes more than linear time or so for its input."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import types
from collections.abc import Iterator
from typing import Any

import pytest

import requests_bg96
from requests_bg96.response.trailer import forms_in
from tests.faults.trial import bounded

#: A repeated text, with a text before it, and one after it that never matches.
PARTS = (
    *("\r", "\n", "\r\n", "A", "0", "V1", " ", '"', "a,", "1;", ".", "-", "\t", "["),
    *("AT1\r\n", "\r\nx\r\n", "OK\r\n", "\r\nOK\r\n", "\r\n+QHTTPREAD: 0\r\n", "Q0"),
    *("x: y\r\n", '+A: 1,"a"', "\r\n+CME ERROR: 1\r\n", "0\r\n", "a=b", "a.", "%20"),
)
BEFORE = ("", "\r\n", "\r\nOK\r\n", "A", '"', "+A: ", "HTTP/1.1 200 OK\r\n", "0")
BEHIND = ("!", "x" * 201, "\r\r!", "\0")
#: Its bytes. A pattern that tries all ways to divide them never ends.
SIZE = 160


#: These run something at import, or need HTTPie.
LEFT_OUT = ("__main__", "cli.httpie")


def modules() -> Iterator[types.ModuleType]:
    """All modules of the package that can be imported."""
    for found in pkgutil.walk_packages(requests_bg96.__path__, "requests_bg96."):
        if not found.name.endswith(LEFT_OUT):
            yield importlib.import_module(found.name)


def patterns() -> dict[str, re.Pattern[Any]]:
    """The patterns at the top of modules, and those of trailers, by name."""
    owners: list[object] = [*modules(), forms_in(b"\r\n"), forms_in(b"\n")]
    return {
        f"{getattr(owner, '__name__', owner)}.{name}": value
        for owner in owners
        for name, value in vars(owner).items()
        if isinstance(value, re.Pattern)
    }


PATTERNS = patterns()


def test_they_are_found() -> None:
    assert "requests_bg96.response.receiver._ANSWERS" in PATTERNS
    assert len(PATTERNS) > 50


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern(name: str) -> None:
    """A pattern that hangs does so for ever."""
    pattern = PATTERNS[name]
    with bounded():
        for before, part, behind in itertools.product(BEFORE, PARTS, BEHIND):
            text: Any = before + part * (SIZE // len(part)) + behind
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            pattern.fullmatch(text)
            pattern.search(text)
