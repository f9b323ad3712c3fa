"""The question whether the module is in command mode, which only the module can answer.

A server can send every line that a module can send: trailers, OK, and the answers to
commands that it foresees. It cannot send the echo of a line that nobody can foresee. So
we turn the module's echo on, and then send a line with a fresh random word. The module
echoes in command mode only (no transcript shows an echo of payload). Its echo comes in
the order of its output. So bytes before the echo may be a server's, and bytes after the
echo are the module's.

The word consists of settings that are already in force, ``Q0`` and ``V1``, in random
order, so every module accepts it (ITU-T V.250 5.2.2, 6.2.5, 6.2.6). Forty of them are a
number of 40 bits from `secrets`, which is used once and never logged. The chance to
guess it in one attempt is 1 in 10**12, and each attempt has another word. The question
costs two lines (97 bytes to the module and 97 from it) and two turns of the line.
"""

from __future__ import annotations

import re
import secrets

__all__ = ("ACCEPTED", "Question")

#: The answer to the first line of a question, among other bytes.
ACCEPTED = re.compile(rb"(?:^|[\r\n])OK\r?\n")

#: The settings in a word. Each is one bit.
LENGTH = 40


class Question:
    """One question, in two lines.

    :param echo: whether the echo stays on after it.
    :param dtr: whether DTR ends data mode after it (AT manual 3.2).
    """

    __slots__ = ("_word", "invitation")

    def __init__(self, *, echo: bool, dtr: bool) -> None:
        #: The first line. Its answer proves nothing, because everybody knows it.
        self.invitation = b"ATQ0V1E1&D%d\r" % dtr
        bits = secrets.randbits(LENGTH)
        settings = [b"V1" if bits >> place & 1 else b"Q0" for place in range(LENGTH)]
        self._word = b"AT" + b"".join(settings) + b"E%d" % echo

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def line(self) -> bytes:
        """The second line, whose echo proves that the module listens."""
        return self._word + b"\r"

    def split(self, heard: bytes) -> tuple[bytes, bytes] | None:
        """Return the bytes before and after the echo, or None without an echo."""
        before, echo, behind = heard.partition(self._word)
        return (before, behind) if echo else None
