"""Read dialogues with real modules.

A transcript is a text file. ``>`` is what the host sent, ``<`` what the module sent,
both with Python's escapes. Adjacent lines of one kind are one piece. In ``<`` lines,
``{address}``, ``{number}`` and ``{text}`` stand for parts that differ between modules.
``~`` lets seconds pass. ``@`` is the answer of the next server ("silence" for none).
``^`` is what the server of the last socket sends. ``!`` is an option of the emulator.
``=`` is a command before the transcript. ``{file NAME}`` stands for a file of `FILES`.
"""

from __future__ import annotations

import codecs
import pathlib

from tests.emulator.samples import FILES

FOLDER = pathlib.Path(__file__).parent
#: Transcripts of sockets, which the client does not use.
SOCKETS = sorted(FOLDER.glob("sockets/*.txt"))
#: Transcripts that the emulator replays; ``siblings`` has those of other modules.
TRANSCRIPTS = sorted(FOLDER.glob("*.txt")) + SOCKETS


def unescape(text: str) -> bytes:
    """Return the bytes of a text with escapes."""
    data = codecs.escape_decode(text.encode())[0]
    for name, content in FILES.items():
        data = data.replace(b"{file %s}" % name.encode(), content)
    return data


def read_transcript(path: pathlib.Path) -> list[tuple[str, str]]:
    """Return signs and texts; adjacent lines with one sign are joined."""
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
