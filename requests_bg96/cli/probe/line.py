"""The line to the module, by bytes: what was said and heard is the evidence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ...at.port import Port
from ...at.printable import printable
from ...clock import Clock, Deadline

__all__ = ("Line", "Undecided")

_FINAL = re.compile(
    rb"\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR:[^\r\n]*|CONNECT[^\r\n]*)\r\n"
)
#: Characters of one piece of evidence; a body tells no more by its rest.
_MOST = 400


class Undecided(Exception):
    """What was seen does not answer the question."""


class Line:
    """Says and hears bytes, and keeps both.

    :param port: to the module.
    :param clock: the time.
    """

    def __init__(self, port: Port, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._evidence: list[str] = []
        self._secrets: list[bytes] = []

    def conceal(self, url: str) -> None:
        """Keep what a URL may have for its server alone out of the evidence."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        secrets = (user + at, parts.query)
        self._secrets += [secret.encode() for secret in secrets if secret]

    def now(self) -> float:
        """Return the time in seconds."""
        return self._clock.now()

    def evidence(self) -> list[str]:
        """Return what was said (``>``) and heard (``<``) since the last call."""
        evidence, self._evidence = self._evidence, []
        return evidence

    @contextlib.contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Keep what is said and heard within out of the evidence."""
        before = list(self._evidence)
        try:
            yield
        finally:
            self._evidence = before

    def send(self, data: bytes) -> None:
        """Say bytes."""
        self._note(">", data)
        self._port.write(data)

    def hear(self, seconds: float, until: re.Pattern[bytes] | None = None) -> bytes:
        """Return what comes within a time, or until a pattern is found in it."""
        deadline = Deadline(self._clock, seconds)
        heard = b""
        while not (until and until.search(heard)):
            data = self._port.read(deadline)
            if not data:
                break
            heard += data
        self._note("<", heard)
        return heard

    def ask(self, command: str, seconds: float = 5.0) -> bytes:
        """Say a command, and return its answer up to the result code.

        :raises Undecided: if there is none.
        """
        self.send(command.encode("ascii") + b"\r")
        heard = self.hear(seconds, _FINAL)
        if not _FINAL.search(heard):
            raise Undecided(f"no answer to {command} within {seconds:.0f} s")
        return heard

    def give(self, command: str, data: bytes, seconds: float = 130.0) -> bytes:
        """Say a command and the data that it wants; return the last answer.

        :raises Undecided: if it does not want any.
        """
        heard = self.ask(command, seconds)
        if b"CONNECT" not in heard:
            said = ", ".join(map(printable, filter(None, heard.split(b"\r\n"))))
            raise Undecided(f"{command}: {said}")
        self.send(data)
        return self.hear(seconds, _FINAL)

    def leave_data_mode(self) -> None:
        """Say ``+++`` with silence on both sides (HTTP manual 1.3)."""
        self.hear(1.1)
        self.send(b"+++")
        self.hear(1.5)

    def _note(self, sign: str, data: bytes) -> None:
        for secret in self._secrets:
            data = data.replace(secret, b"...")
        if data:
            text = repr(data)[2:-1]
            self._evidence.append(
                f"{sign} {text if len(text) <= _MOST else text[:_MOST] + '...'}"
            )
