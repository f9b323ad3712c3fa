"""The dialogue between a test's adapter and its emulator, as a text for people."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable, Iterator

from requests_bg96.at.printable import recognisable

__all__ = ("Dialogue",)

#: The most runs of bytes in one direction that are kept; the oldest go first.
RUNS = 400
#: The most bytes of a run that are searched for lines; it may be a long body.
KEPT = 4_096

_COMMAND = re.compile(rb"AT[+&]?[A-Z]*")
_VALUE = rb'(?:[0-9]{1,9}|"[a-z]{1,20}")'
_PLAIN = rb"[+&]?[A-Z]*(?:[0-9]?|=?\?|=%b(?:,%b)*)" % (_VALUE, _VALUE)
#: The only command lines that are shown with their values, which are no secrets.
_PLAIN_LINE = re.compile(rb"AT%b(?:;%b)*" % (_PLAIN, _PLAIN))
_SECRET = re.compile(rb"PIN|PWD|CLCK|CSGP")
_LINE_END = re.compile(rb"[\r\n]+")


@dataclasses.dataclass
class Run:
    """Bytes that passed in one direction before any passed in the other.

    :param seconds: the time of the first.
    :param to_host: the direction.
    :param data: the first of them.
    :param size: how many there were.
    """

    seconds: float
    to_host: bool
    data: bytes = b""
    size: int = 0

    def add(self, data: bytes) -> None:
        """Add bytes."""
        self.data += data[: max(0, KEPT - len(self.data))]
        self.size += len(data)

    def lines(self) -> Iterator[str]:
        """Yield the lines in a form that may be shown; bytes of unknown form by size.

        A body, a header, a URL or a PIN is never shown.
        """
        hidden, show = self.size - len(self.data), _answer if self.to_host else _command
        for line in _LINE_END.split(self.data):
            if (shown := show(line)) is None:
                hidden += len(line)
                continue
            if hidden:
                yield f"{hidden} bytes"
                hidden = 0
            yield shown
        if hidden:
            yield f"{hidden} bytes"


class Dialogue:
    """Listens to the line of an emulator.

    :param now: returns the time of the emulator, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = now()
        self._runs: collections.deque[Run] = collections.deque(maxlen=RUNS)

    def __call__(self, direction: str, data: bytes) -> None:
        """Note bytes that pass; the emulator calls this."""
        to_host = direction == "to_host"
        if not self._runs or self._runs[-1].to_host is not to_host:
            self._runs.append(Run(self._now() - self._began, to_host))
        self._runs[-1].add(data)

    @property
    def text(self) -> str:
        """The lines, with the seconds since the start of the test."""
        return "\n".join(
            f"{run.seconds:9.3f} s {'<' if run.to_host else '>'} {line}"
            for run in tuple(self._runs)
            for line in run.lines()
        )


def _command(line: bytes) -> str | None:
    """Return a command line in a form that may be shown; None if it is none."""
    if _PLAIN_LINE.fullmatch(line) and not _SECRET.search(line):
        return line.decode("ascii")
    name = _COMMAND.match(line)
    return f"{name[0].decode('ascii')}..." if name and name[0] != b"AT" else None


def _answer(line: bytes) -> str | None:
    """Return a line of the module; None if it may be anything else."""
    return line.decode("ascii") if recognisable(line) else None
