"""The AT dialogue of one exchange, and how long its phases took."""

from __future__ import annotations

import re

from ..clock import Clock
from ..errors import BG96Error, Phase, TransferError

__all__ = ("PHASES", "Line", "Recording", "SocketRecording")

#: The phases of an exchange, in their order: it waits for the modem, the module is set
#: up, the module connects to the server, this machine makes TLS, the module takes the
#: request, the server answers, the host reads the response.
PHASES = ("turn", "setup", "connect", "ssl", "send", "wait", "receive")
#: The most lines that are kept of one exchange. A module may send URCs without end.
LINES_KEPT = 1_000

#: Seconds since the exchange began, the phase, and the line as the log shows it.
Line = tuple[float, str, str]

#: The commands with which the module connects to a server (HTTP manual 2.2, TCP manual
#: 2.1.3).
_CONNECTS = ("> AT+QHTTPGET=", "> AT+QHTTPPOST", "> AT+QIOPEN=")
_NAMES = {Phase.SEND: "send", Phase.WAIT: "wait", Phase.READ: "receive"}


class Recording:
    """Keeps the lines of one exchange, and adds up the time of each phase.

    The link passes it the lines that it logs, in the form in which it logs them. The
    time between two lines belongs to the phase of the second line.

    :param clock: the clock of the modem.
    """

    def __init__(self, clock: Clock) -> None:
        self.lines: list[Line] = []
        #: How many lines were not kept, because of the limit.
        self.omitted = 0
        #: By phase: seconds. A phase that was not reached is not there.
        self.seconds: dict[str, float] = {}
        #: The bytes of the response, head and body; None if it did not end.
        self.received: int | None = None
        #: All bytes on the line, to the module and from it.
        self.line_bytes_up = 0
        self.line_bytes_down = 0
        self.error: BaseException | None = None
        self.ended = False
        self._clock = clock
        self._began = self._last = clock.now()
        self._phase = "turn"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.lines)} lines>"

    def take_turn(self) -> None:
        """Record that the exchange has the modem, at each attempt."""
        self._spend(self._phase if self._phase == "turn" else "setup")
        self._phase = "setup"

    def note(self, phase: Phase | None, text: str) -> None:
        """Record a line of the dialogue.

        :param phase: how far the exchange has come.
        :param text: the line, without secrets.
        """
        if self.ended:
            return
        before, self._phase = self._phases_of(phase, text)
        self._spend(before)
        if len(self.lines) < LINES_KEPT:
            self.lines.append((self._last - self._began, self._phase, text))
        else:
            self.omitted += 1

    def count(self, *, up: int = 0, down: int = 0) -> None:
        """Count bytes on the line, until the exchange ends."""
        if not self.ended:
            self.line_bytes_up += up
            self.line_bytes_down += down

    def end(self, error: BaseException | None = None) -> None:
        """Record the end of the exchange; only the first end counts.

        :param error: why it failed.
        """
        if self.ended:
            return
        self.ended, self.error = True, error
        self._spend(self._phase_of(error))

    def _phase_of(self, error: BaseException | None) -> str:
        """Return the phase that ends with the exchange."""
        reached = error.phase if isinstance(error, BG96Error) else None
        return _NAMES.get(reached, self._phase) if reached else self._phase

    def _phases_of(self, phase: Phase | None, text: str) -> tuple[str, str]:
        """Return the phase that ends with a line, and the phase that it begins."""
        if phase is not None and phase is not Phase.CONNECT:
            return _NAMES[phase], _NAMES[phase]
        if text.startswith(_CONNECTS):
            return "setup", "connect"
        if self._phase == "connect" and not text.startswith("> AT"):
            return "connect", "connect"
        return "setup", "setup"

    def _spend(self, phase: str) -> None:
        now = self._clock.now()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now


#: What the module says about one of its sockets. It may be another than ours.
_ABOUT = re.compile(r'< \+(?:QIOPEN: *|QIURC: *"(?:recv|closed)", *)([0-9]+)')


class SocketRecording(Recording):
    """Keeps the same for an exchange over a TCP socket of the module.

    The lines do not tell the phase there. The code that makes the exchange does.

    :param clock: the clock of the modem.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        #: The <connectID> of its socket; None before it has one.
        self.number: int | None = None
        #: Whether the response tells where it ends, so that it needs no end of the
        #: connection.
        self.framed = False
        self._cut = False
        #: The phase that begins with its first turn at the module.
        self._first = "setup"

    def enter(self, phase: str) -> None:
        """Record that a phase begins; the first may have to wait for the modem.

        :param phase: one of `PHASES`.
        """
        if self.ended:
            return
        if self._phase == "turn" and phase in ("setup", "send"):
            self._first = phase
            return
        self._spend(self._phase)
        self._phase = phase

    def take_turn(self) -> None:
        """Record that the exchange has the modem; only its first turn counts."""
        if self._phase == "turn" and not self.ended:
            self._spend("turn")
            self._phase = self._first

    def note(self, phase: Phase | None, text: str) -> None:
        """Record a line of the dialogue, unless it is about another socket.

        :param phase: is not looked at.
        :param text: the line, without secrets.
        """
        about = _ABOUT.match(text)
        if about is None or int(about[1]) == self.number:
            super().note(phase, text)

    def receive(self, size: int) -> None:
        """Count bytes of the response, after TLS; 0 is the end of the connection."""
        if self._phase in ("wait", "receive") and not self.ended:
            self.received = (self.received or 0) + size
            self._cut = not size

    def end_reading(self, error: BaseException | None = None) -> None:
        """Record that nobody reads the response any more, if it has begun.

        :param error: why.
        """
        if self._phase == "receive" and not self.ended:
            if error is None and self._cut and self.framed:
                error = TransferError("the server has ended the response too early")
            self.end(error)

    def _phases_of(self, phase: Phase | None, text: str) -> tuple[str, str]:
        return self._phase, self._phase

    def _phase_of(self, error: BaseException | None) -> str:
        return self._phase
