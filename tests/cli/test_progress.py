"""The bar for what takes over a second."""

from __future__ import annotations

import io
import re
import time

from rich.console import Console

from requests_bg96.cli.progress import Bar

#: Seconds: the longest that a bar may take to be seen.
PATIENCE = 20.0


class Screen:
    """A terminal that keeps what is written to it."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        self.console = Console(file=self.file, force_terminal=True, width=80)

    def sees(self, text: str) -> str:
        """Wait until the last line has `text`; return it without colours."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.file.getvalue())
            last = re.split(r"[\r\n]+", plain.rstrip("\r\n"))[-1]
            if text in last:
                return last
            time.sleep(0.02)
        raise AssertionError(self.file.getvalue())


def test_what_was_before_comes_back() -> None:
    """Certificates interrupt a wait; at their end, it waits again."""
    screen = Screen()
    bar = Bar(screen.console)
    bar.begin("waiting", lambda: 0, None)
    bar.done("sending certificates", 500, 1000)
    assert "0.5/1.0 kB" in screen.sees("sending certificates")
    bar.done("sending certificates", 1000, 1000)
    screen.sees("waiting")
    bar.end()


def test_a_wait() -> None:
    """Nobody knows its bytes or its end: it has the time that has passed."""
    screen = Screen()
    bar = Bar(screen.console)
    bar.begin("waiting", lambda: 0, None)
    line = screen.sees("0:00:01")
    bar.end()
    assert "?" not in line and "bytes" not in line
