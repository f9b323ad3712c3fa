"""Programs of ours at a terminal, as a person has them."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

#: Seconds: the longest that anything may take.
PATIENCE = 30.0


class Terminal:
    """A terminal with a program of ours.

    :param words: the command line after ``requests-bg96``.
    :param pipe: whether standard output is a pipe, and not the terminal.
    :param environment: variables besides those of this process.
    """

    def __init__(
        self, words: Sequence[str], *, pipe: bool = False, **environment: str
    ) -> None:
        self.end, self._other = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("4H", 40, 80, 0, 0))
        #: What has come to the terminal.
        self.seen = b""
        self.program: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "requests_bg96", *words],
            stdin=self._other,
            stdout=subprocess.PIPE if pipe else self._other,
            stderr=self._other,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **environment},
            start_new_session=True,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: Any) -> None:
        self.program.kill()
        self.program.wait(PATIENCE)
        if self.program.stdout:
            self.program.stdout.close()
        os.close(self.end)
        os.close(self._other)

    def sees(self, text: bytes, times: int = 1) -> None:
        """Wait until `text` has come so often."""
        until = time.monotonic() + PATIENCE
        while self.seen.count(text) < times:
            left = until - time.monotonic()
            assert left > 0, self.seen
            self._read(left)

    def types(self, keys: bytes) -> None:
        """Press these keys."""
        os.write(self.end, keys)

    def ends(self) -> int:
        """Wait for the end; return the exit status. All output is in `seen`."""
        until = time.monotonic() + PATIENCE
        while self.program.poll() is None:
            assert time.monotonic() < until, self.seen
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.program.returncode

    def _read(self, seconds: float) -> bool:
        if not select.select([self.end], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.end, 65536)
        return True
