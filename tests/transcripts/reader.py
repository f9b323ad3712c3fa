"""Reads dialogues with real modules.

A transcript is a text file. ``>`` is what the host sent, ``<`` what the module said,
both with Python's escapes; neighbouring lines of one kind are one piece. In ``<``
lines ``{address}``, ``{number}`` and ``{text}`` stand for what differs from module to
module. ``~`` lets seconds pass, ``@`` is what the next server answers ("silence" for
nothing), ``^`` what the server of the last socket sends, ``!`` is an option of the
emulator, ``=`` a command that came before the transcript. ``{file NAME}`` stands for a
file of :data:`FILES`.
"""

from __future__ import annotations

import codecs
import pathlib

from tests.emulator.samples import FILES

FOLDER = pathlib.Path(__file__).parent
#: Those over sockets, which the client does not use.
SOCKETS = sorted(FOLDER.glob("sockets/*.txt"))
#: Those that the emulator replays; ``siblings`` has those of other modules.
TRANSCRIPTS = sorted(FOLDER.glob("*.txt")) + SOCKETS


def unescape(text: str) -> bytes:
    """Return the bytes of an escaped text."""
    data = codecs.escape_decode(text.encode())[0]
    for name, content in FILES.items():
        data = data.replace(b"{file %s}" % name.encode(), content)
    return data


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
