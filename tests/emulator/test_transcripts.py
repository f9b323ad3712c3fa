"""Dialogues with real modules, replayed byte by byte."""

from __future__ import annotations

import pathlib
import re

import pytest

from requests_bg96.emulator import Silence, StreamNetwork
from requests_bg96.emulator.options import options_from_text
from tests.emulator.host import OK, Host, HostMaker
from tests.emulator.peers import Peers
from tests.transcripts.reader import SOCKETS, TRANSCRIPTS, read_transcript, unescape

WILDCARDS = {
    b"{address}": rb"\d+[.]\d+[.]\d+[.]\d+",
    b"{number}": rb"\d+",
    b"{text}": rb"[^\r\n]*",
}


def pattern(expected: bytes) -> re.Pattern[bytes]:
    """Return a pattern of the module's bytes, with wildcards."""
    text = re.escape(expected)
    for name, wildcard in WILDCARDS.items():
        text = text.replace(re.escape(name), wildcard)
    return re.compile(text)


def play(host: Host, steps: list[tuple[str, str]], peers: Peers) -> None:
    """Replay a transcript with the emulator."""
    heard = b""
    for sign, text in steps:
        if sign == ">":
            host.send(unescape(text))
        elif sign == "~":
            heard += host.hear(float(text))
        elif sign == "@":
            quiet = text == "silence"
            host.servers.answers.append([Silence()] if quiet else unescape(text))
        elif sign == "^":
            peers[-1].says.append(unescape(text))
        elif sign == "=":
            assert OK in host.ask(unescape(text) + b"\r")
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
    options, peers = options_from_text(texts), Peers()
    if path in SOCKETS:
        options["network"] = StreamNetwork(peers)
    play(any_host(**options), steps, peers)


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 10
    assert len(SOCKETS) >= 3
