"""The line to the module, as bytes. The bytes sent and received are the evidence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ...at.port import Port
from ...at.printable import printable
from ...clock import Clock, Deadline

__all__ = ("RecordedLine", "Undecided")

_FINAL = re.compile(
    rb"\r\n(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR:[^\r\n]*|CONNECT[^\r\n]*)\r\n"
)
#: A line end of a module that sends LF alone.
_LF = re.compile(rb"(?<!\r)\n")
#: The most characters of one piece of evidence.
_MOST = 400


class Undecided(Exception):
    """The bytes that came do not answer the question."""


class RecordedLine:
    """Sends and receives bytes, and keeps both.

    Some modules end their lines with LF. The methods return CR LF for it, so that the
    questions need one form only. The evidence has the bytes as they came. The probe's
    server sends no LF without CR.

    :param port: the port of the module.
    :param clock: the clock.
    """

    def __init__(self, port: Port, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._evidence: list[str] = []
        self._secrets: list[bytes] = []
        #: The bytes that the last call of `hear` received.
        self.received = b""

    def conceal(self, url: str) -> None:
        """Keep the user, the password and the query of a URL out of the evidence."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        secrets = (user + at, parts.query)
        self._secrets += [secret.encode() for secret in secrets if secret]

    def now(self) -> float:
        """Return the time in seconds."""
        return self._clock.now()

    def evidence(self) -> list[str]:
        """Return the bytes sent (``>``) and received (``<``) since the last call."""
        evidence, self._evidence = self._evidence, []
        return evidence

    @contextlib.contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Keep the bytes of this block out of the evidence."""
        before = list(self._evidence)
        try:
            yield
        finally:
            self._evidence = before

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._note(">", data)
        self._port.write(data)

    def hear(self, seconds: float, until: re.Pattern[bytes] | None = None) -> bytes:
        """Return the bytes that come within `seconds`, or until they match `until`."""
        deadline = Deadline(self._clock, seconds)
        self.received = heard = b""
        while not (until and until.search(heard)):
            data = self._port.read(deadline)
            if not data:
                break
            self.received += data
            heard = _LF.sub(b"\r\n", self.received)
        self._note("<", self.received)
        return heard

    def ask(self, command: str, seconds: float = 5.0) -> bytes:
        """Send a command, and return its answer up to the result code.

        :raises Undecided: if there is no answer.
        """
        self.send(command.encode("ascii") + b"\r")
        heard = self.hear(seconds, _FINAL)
        if not _FINAL.search(heard):
            raise Undecided(f"no answer to {command} within {seconds:.0f} s")
        return heard

    def give(self, command: str, data: bytes, seconds: float = 130.0) -> bytes:
        """Send a command and its payload; return the last answer.

        :raises Undecided: if the command does not lead to data mode.
        """
        heard = self.ask(command, seconds)
        if b"CONNECT" not in heard:
            said = ", ".join(map(printable, filter(None, heard.split(b"\r\n"))))
            raise Undecided(f"{command}: {said}")
        return self.supply(data, seconds)

    def supply(self, data: bytes, seconds: float = 130.0) -> bytes:
        """Send a payload that the module waits for; return the last answer."""
        self.send(data)
        return self.hear(seconds, _FINAL)

    def leave_data_mode(self) -> None:
        """Send ``+++`` with silence on both sides (HTTP manual 1.3)."""
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
