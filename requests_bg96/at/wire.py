"""Bytes, lines and payload on a port, and what the module says unasked.

`link` does on top of this what dialogues want.
"""

from __future__ import annotations

import collections
import logging
import re
from collections.abc import Callable

from ..base import times
from ..clock import Clock, Deadline
from ..errors import (
    DataModeError,
    ModuleRestarted,
    NoAnswer,
    Phase,
    StrayAnswer,
    StreamEnded,
    TransferError,
)
from ..stats import Statistics
from .lines import LineBuffer, error_number
from .port import WRITE_SIZE, Port
from .printable import printable
from .state import Event, LineState, State
from .steps import BLOCK, Await, Command, Kind, Reply, connects

__all__ = ("Wire", "logger")

#: The name that users know, wherever in this folder a line is logged.
logger = logging.getLogger("requests_bg96.link")

#: What only a module that has just started says (AT manual 11.1, 12.7; "APP RDY" is
#: what two drivers for the BG96 wait for).
RESTARTED = (b"RDY", b"APP RDY", b"POWERED DOWN", b"NORMAL POWER DOWN")
#: Lines of an answer; the longest is a list of files.
LINES_LIMIT = 4_096

_PUSHED = re.compile(rb'\+QIURC: *"recv",(\d{1,2}),')


class Wire:
    """A port, its lines, and the state of what is behind it.

    :param port: an open port; it stays the caller's to close.
    :param clock: the time.
    :param on_urc: called with each unsolicited line.
    :param stats: where bytes are counted.
    :param expects_echo: whether an echo says nothing.
    :param state: of the line, before the port was opened.
    """

    def __init__(
        self,
        port: Port,
        clock: Clock,
        on_urc: Callable[[bytes], None],
        stats: Statistics,
        *,
        expects_echo: bool = False,
        state: State = State.CLOSED,
    ) -> None:
        self.port = port
        self.state = LineState(state)
        self.state.on(Event.OPEN)
        #: How far the exchange under way has come; None where there is none.
        self.phase: Phase | None = None
        #: The command or URC that was given up, and until when it may come yet.
        self.late_answer: tuple[Command | Await, float] | None = None
        self._clock = clock
        #: A time that is over: for what has come already.
        self._at_once = Deadline(clock, 0.0)
        self._on_urc = on_urc
        self._stats = stats
        self._lines = LineBuffer()
        #: Results in a row, surely the module's, that ended in LF alone.
        self._in_lf = 0
        self._urcs: collections.deque[bytes] = collections.deque(maxlen=64)
        self._expects_echo = expects_echo
        self._echoed = False
        #: Until when an echo cannot be a restart's, for the module was asked just now.
        self._asked: Deadline | None = None
        self._said: Command | None = None
        self._payload_size = 0
        self._last_write = clock.now()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self.port.url}, {self.state.state.value}>"

    @property
    def line_end(self) -> bytes:
        """What the module ends its lines with: CR LF, unless it is seen to lack the CR.

        It is only where two results in a row do: one may have lost it on the line.
        """
        return b"\n" if self._in_lf > 1 else b"\r\n"

    def note(self, line: bytes) -> None:
        """Take note of an unsolicited line.

        :raises ModuleRestarted: if it says so.
        :raises DataModeError: if it is the CONNECT of a command that was given up.
        :raises StrayAnswer: if a server's bytes follow, which are not to be read as
            lines: another program has left a socket open (TCP manual 2.1.1, direct push
            mode).
        """
        if connects(line):
            self._raise_in_data_mode()
        if found := _PUSHED.match(line):
            self.state.on(Event.GIVE_UP)
            raise StrayAnswer(
                "the module hands out what a socket of another program receives: close "
                f'it, with BG96Modem.command("AT+QICLOSE={found[1].decode("ascii")}")'
            )
        self._urcs.append(line)
        self._on_urc(line)
        if line in RESTARTED and self.state.listens:
            self._raise_restarted(f"said {line.decode('latin-1')}")

    def _raise_in_data_mode(self) -> None:
        """Raise: the module would take what is said next for payload."""
        self.state.on(Event.STRAY_CONNECT)
        raise DataModeError("the module is in data mode, where it should listen")

    def _raise_restarted(self, how: str) -> None:
        self.state.on(Event.DOUBT)
        self.late_answer = None
        raise ModuleRestarted(f"the module has restarted: it {how}")

    # Answers

    def _end_of(
        self, command: Command, until: Deadline, lines: list[bytes] | None = None
    ) -> Reply:
        """Return the end of `command`, having put each line before it where it belongs.

        :raises NoAnswer: if it does not come in time.
        """
        lines = [] if lines is None else lines
        before = len(lines)
        while line := self._next_line(until):
            if self._ends(line, command, lines):
                self._urcs.extend(lines[before:] if command.reports else ())
                return self._ended(line, lines)
            if command.reports and len(lines) > before:
                until = until.within(times.OVERDUE)
            if until.over:
                break
        if command.reports and len(lines) > before:
            # The result is there, and the module leaves OK out.
            self._urcs.extend(lines[before:])
            return self._ended(b"OK", lines)
        raise NoAnswer(f"the module gave no answer within {until.seconds:.1f} s")

    def _ends(self, line: bytes, command: Command, lines: list[bytes]) -> bool:
        """Put `line` where it belongs; return whether it ends `command`."""
        kind = command.kind_of(line)
        if kind is Kind.ECHO:
            self._echoed = True
        elif kind is Kind.INFORMATION:
            if len(lines) == LINES_LIMIT:
                raise TransferError(f"the answer has more than {LINES_LIMIT} lines")
            lines.append(line)
        elif kind is Kind.URC:
            self.note(line)
        return kind is Kind.FINAL

    def _ended(self, final: bytes, lines: list[bytes]) -> Reply:
        err = error_number(final) if final.startswith(b"+") else None
        reply = Reply(final, tuple(lines), err, self.phase)
        if not reply.connected:
            self.state.on(Event.RESULT)
        if self._echoed:
            self._look_at_echo()
        return reply

    def _look_at_echo(self) -> None:
        """Take an echo for a restart, unless the module cannot turn it off.

        One that comes with the first command behind the question is of such a module:
        the question has turned echo off, and a restart takes longer.
        """
        if self._expects_echo or not self.state.listens:
            return
        self._expects_echo = self._asked is not None and not self._asked.over
        if not self._expects_echo:
            self._raise_restarted("echoes again")

    # Lines

    def _next_line(self, until: Deadline) -> bytes | None:
        while (line := self._lines.next_line()) is None:
            data = self.port.read(until)
            if not data:
                return None
            self._lines.receive_data(data)
        if logger.isEnabledFor(logging.DEBUG):
            self._log(line)
        return line

    def _take_line(self) -> bytes | None:
        """Return the next line of those that have come already."""
        line = self._lines.next_line()
        if line is not None and logger.isEnabledFor(logging.DEBUG):
            self._log(line)
        return line

    def _log(self, line: bytes) -> None:
        shown = self._said.shows(line) if self._said else printable(line)
        logger.debug("< %s", shown)

    def _note_pending(self, deadline: Deadline) -> None:
        """Hear all that has come, which would be taken for the answer to what is next.

        A port may hand it out in pieces.
        """
        while data := self.port.read(self._at_once):
            self._lines.receive_data(data)
            while line := self._take_line():
                self.note(line)
            if deadline.over:
                return

    # Payload

    def read_payload(
        self, deadline: Deadline, given_up: Callable[[], bool] | None = None
    ) -> bytes:
        """Return payload as it comes; b"" when the deadline is over.

        :param given_up: tells whether to wait no longer.
        :raises StreamEnded: once it says so.
        """
        data = self._lines.take_rest() or self.port.read(deadline, given_up)
        if given_up and not data and given_up():
            raise StreamEnded("the response was given up while it was read")
        self._payload_size += len(data)
        self._stats.bytes_down += len(data)
        return data

    def discount(self, size: int) -> None:
        """Take `size` bytes for no payload that were read as such."""
        self._payload_size -= size
        self._stats.bytes_down -= size

    def _payload_ended(self) -> None:
        logger.debug("< %d bytes", self._payload_size)
        self._payload_size = 0

    def _upload(self, command: Command, payload: bytes, until: Deadline) -> Reply:
        """Send the payload that `command` has announced; return the end of it.

        :raises NoAnswer: if the module does not take it by `until`.
        """
        lines: list[bytes] = []
        if reply := self._pending_end(command, lines):
            # CONNECT was late, and the module has given the payload up already.
            return reply
        self.phase = command.payload_phase or self.phase
        logger.debug("> %d bytes", len(payload))
        size = BLOCK if command.acknowledged else WRITE_SIZE
        for start in range(0, len(payload), size):
            piece = payload[start : start + size]
            self._write(piece, State.SENDING)
            if command.acknowledged and len(piece) == size:
                self._await_acknowledgement(until.within(times.ACKNOWLEDGEMENT))
            if command.progress:
                command.progress(start + len(piece))
            left = start + len(piece) < len(payload)
            if left and (reply := self._pending_end(command, lines)):
                # The module takes no more: what is left would be commands to it.
                return reply
            if left and until.over:
                raise NoAnswer("the module does not take the payload in time")
        if command.acknowledged:
            until = until.within(times.ACKNOWLEDGEMENT)
        elif command.result_timeout is not None:
            until = Deadline(self._clock, command.result_timeout)
            self.late_answer = command, until.when
        return self._end_of(command, until, lines)

    def _pending_end(self, command: Command, lines: list[bytes]) -> Reply | None:
        """Return the end of `command` if it has come already."""
        if data := self.port.read(self._at_once):
            self._lines.receive_data(data)
        elif not self._lines.has_line:
            return None
        while line := self._take_line():
            if self._ends(line, command, lines):
                return self._ended(line, lines)
        return None

    def _await_acknowledgement(self, until: Deadline) -> None:
        """Wait for the confirmation of a block, or a line, which says why it lacks.

        The manual leaves open whether a last block that is full is confirmed.
        """
        while not self._lines.take_acknowledgement():
            if self._lines.has_line:
                return
            if not (data := self.port.read(until)):
                raise NoAnswer("the module does not confirm what it was sent")
            self._lines.receive_data(data)

    def _download(self, command: Command, sink: Callable[[bytes], None]) -> Reply:
        """Give the payload of `command` to `sink`; return the end of it."""
        left = command.sink_size
        while left:
            until = Deadline(self._clock, command.payload_timeout)
            if not (data := self.read_payload(until)):
                raise NoAnswer(f"{left} bytes of the payload did not come")
            sink(data[:left])
            self._lines.receive_data(data[left:])
            self.discount(len(data[left:]))
            left -= min(left, len(data))
        self._payload_ended()
        until = Deadline(self._clock, command.payload_timeout)
        return self._end_of(command, until, self._surplus(until))

    def _surplus(self, until: Deadline) -> list[bytes]:
        """Return, as a line, what stands behind a payload where a line must begin.

        A checksum of exclusive ors does not always tell that a byte came twice.
        """
        found = b""
        while len(found) < BLOCK and (
            data := self._lines.take_rest() or self.port.read(until)
        ):
            found += data
            if (start := found.find(self.line_end[:1])) >= 0:
                self._lines.receive_data(found[start:])
                return [found[:start]] if start else []
        return [found]

    # Bytes

    def _write(self, data: bytes, state: State) -> None:
        """Write `data`, which belongs to `state` and to no other.

        :raises StateError: if the line is in another state.
        """
        if self.state.state is not state:
            self.state.refuse(state)
        self.port.write(data)
        self._last_write = self._clock.now()
