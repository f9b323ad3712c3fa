"""The question whether the module is in command mode, which only it can answer.

A server can send everything that a module says: trailers, OK, the answers to commands
that it foresees. It cannot send the echo of a line that nobody could foresee. So the
module is told to echo, and then is sent a line with a fresh random word in it. The
module echoes in command mode only (field transcripts show no echo of payload), and
what it echoes it echoes in the order of its output: what stands before the echo may
be anybody's, what stands behind it is the module's.

The word is made of settings that are in force already, ``Q0`` and ``V1``, in random
order, so every module takes it (ITU-T V.250 5.2.2, 6.2.5, 6.2.6). Forty of them are a
number of 40 bits from `secrets`, used once and never logged: to guess it in one
attempt has a chance of 1 in 10**12, and each attempt is another word. It costs two
lines, 97 bytes to the module and 97 from it, and two turns of the line.
"""

from __future__ import annotations

import re
import secrets

__all__ = ("ACCEPTED", "Question")

#: The answer to the first line of a question, amid whatever else comes.
ACCEPTED = re.compile(rb"(?:^|[\r\n])OK\r?\n")

#: Letters of a word. Each is one bit.
LENGTH = 40


class Question:
    """One question, in two lines.

    :param echo: whether the module is to echo from then on.
    :param dtr: whether DTR ends data mode from then on (AT manual 3.2).
    """

    __slots__ = ("_word", "invitation")

    def __init__(self, *, echo: bool, dtr: bool) -> None:
        #: The first line. Its answer proves nothing, for everybody knows it.
        self.invitation = b"ATQ0V1E1&D%d\r" % dtr
        letters = (secrets.choice((b"Q0", b"V1")) for _ in range(LENGTH))
        self._word = b"AT" + b"".join(letters) + b"E%d" % echo

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def line(self) -> bytes:
        """The second line, whose echo proves that the module listens."""
        return self._word + b"\r"

    def split(self, heard: bytes) -> tuple[bytes, bytes] | None:
        """Return what stands before the echo, and behind it; None without an echo."""
        before, echo, behind = heard.partition(self._word)
        return (before, behind) if echo else None
