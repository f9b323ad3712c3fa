"""Dialogues with real modules, replayed byte for byte.

A transcript is a text file. ``>`` is what the host sent, ``<`` what the module said,
both with Python's escapes; neighbouring lines of one kind are one piece. In ``<``
lines ``{address}`` and ``{text}`` stand for what differs from module to module. ``~``
lets seconds pass, ``@`` is what the next server answers ("silence" for nothing), ``!``
is an option of the emulator, ``=`` a command that came before the transcript. ``{sum
NAME}`` in a ``>`` line is a file from :data:`FILES`.
"""

from __future__ import annotations

import codecs
import pathlib
import re

import pytest

from requests_bg96.emulator import Silence
from requests_bg96.emulator.options import options_from_text
from tests.emulator.host import OK, Host, HostMaker
from tests.emulator.samples import FILES

FOLDER = pathlib.Path(__file__).parents[1] / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))

WILDCARDS = {
    b"{address}": rb"\d+[.]\d+[.]\d+[.]\d+",
    b"{text}": rb"[^\r\n]*",
}


def unescape(text: str) -> bytes:
    """Return the bytes of an escaped text."""
    data = codecs.escape_decode(text.encode())[0]
    for name, content in FILES.items():
        data = data.replace(b"{file %s}" % name.encode(), content)
    return data


def pattern(expected: bytes) -> re.Pattern[bytes]:
    """Return what a module must say, wildcards included."""
    text = re.escape(expected)
    for name, wildcard in WILDCARDS.items():
        text = text.replace(re.escape(name), wildcard)
    return re.compile(text)


def read_transcript(path: pathlib.Path) -> list[tuple[str, str]]:
    """Return signs and texts; neighbours of one sign are joined."""
    steps: list[tuple[str, str]] = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        sign, text = line[0], line[2:]
        if sign in "><" and steps and steps[-1][0] == sign:
            steps[-1] = (sign, steps[-1][1] + text)
        else:
            steps.append((sign, text))
    return steps


def play(host: Host, steps: list[tuple[str, str]]) -> None:
    """Play a transcript against the emulator."""
    heard = b""
    for sign, text in steps:
        if sign == ">":
            host.send(unescape(text))
        elif sign == "~":
            heard += host.hear(float(text))
        elif sign == "@":
            quiet = text == "silence"
            host.servers.answers.append([Silence()] if quiet else unescape(text))
        elif sign == "=":
            assert host.ask(unescape(text) + b"\r").endswith(OK)
        elif sign == "<":
            heard += host.hear()
            expected = unescape(text)
            assert pattern(expected).fullmatch(heard), (expected, heard)
            heard = b""
    assert host.hear() == heard == b""


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_emulator_says_what_the_module_said(
    path: pathlib.Path, any_host: HostMaker
) -> None:
    steps = read_transcript(path)
    texts = dict(text.split("=", 1) for sign, text in steps if sign == "!")
    play(any_host(**options_from_text(texts)), steps)


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 7
