"""Bytes, lines and payload on a port, and the module's unsolicited lines.

`link` is built on this.
"""

from __future__ import annotations

import collections
import logging
import re
from collections.abc import Callable

from ..base import times
from ..base.recording import Recording
from ..clock import Clock, Deadline
from ..errors import (
    DataModeError,
    EchoError,
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

__all__ = ("RESTARTED", "SLEEPS", "Wire", "logger")

#: All files in this folder log with this name, which users know.
logger = logging.getLogger("requests_bg96.link")

#: Only a module that has just started sends these (AT manual 11.1, 12.7). Two drivers
#: for the BG96 wait for "APP RDY".
RESTARTED = (b"RDY", b"APP RDY", b"POWERED DOWN", b"NORMAL POWER DOWN")
#: A module says this when it enters Power Saving Mode, in which it is as if off, until
#: it starts again (two drivers for the BG96).
SLEEPS = b"PSM POWER DOWN"
#: The most lines of an answer; the longest is a list of files.
LINES_LIMIT = 4_096

_PUSHED = re.compile(rb'\+QIURC: *"recv",(\d{1,2}),')


class Wire:
    """A port, its lines, and the state of the module behind it.

    :param port: an open port; the caller closes it.
    :param clock: the clock.
    :param on_urc: called with each unsolicited line.
    :param stats: counts bytes.
    :param expects_echo: whether an echo is normal, rather than the sign of a restart.
    :param state: the state of the line before the port was opened.
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
        #: How far the current exchange has come; None if there is none.
        self.phase: Phase | None = None
        #: Gets what the log shows of the current exchange; None without a trace.
        self.recording: Recording | None = None
        #: Whether a log or a trace sees the dialogue.
        self._is_seen = False
        #: The command or URC that timed out, and when a late answer can no longer come.
        self.late_answer: tuple[Command | Await, float] | None = None
        self._clock = clock
        self._on_urc = on_urc
        self._stats = stats
        self._lines = LineBuffer()
        #: How many results in a row, certainly the module's, ended with LF alone.
        self._in_lf = 0
        self._urcs: collections.deque[bytes] = collections.deque(maxlen=64)
        #: Whether the module sends bytes of a server unasked, for another program.
        self.pushes = False
        self._expects_echo = expects_echo
        self._echoed = False
        #: Until then, an echo is not the sign of a restart: the question was just
        #: answered.
        self._asked: Deadline | None = None
        self._said: Command | None = None
        self._payload_size = 0
        self._last_write = clock.now()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self.port.url}, {self.state.state.value}>"

    @property
    def line_end(self) -> bytes:
        """The line end of the module: CR LF, or LF if it does not send CR.

        It is LF only after two results in a row, because the line may have lost one CR.
        """
        return b"\n" if self._in_lf > 1 else b"\r\n"

    def note(self, line: bytes) -> None:
        """Note an unsolicited line.

        :raises ModuleRestarted: if it shows a restart.
        :raises DataModeError: if it is the CONNECT of a command that was given up.
        :raises StrayAnswer: if bytes of a server follow, which must not be read as
            lines: another program has left a socket open (TCP manual 2.1.1, direct push
            mode).
        """
        if connects(line):
            self._raise_in_data_mode()
        if found := _PUSHED.match(line):
            self.pushes = True
            # A late answer cannot be told from the server's bytes.
            self.late_answer = None
            self.state.on(Event.GIVE_UP)
            raise StrayAnswer(
                "another program has left a socket open, and the module sends its "
                "data: close it with "
                f'BG96Modem.command("AT+QICLOSE={found[1].decode("ascii")}")'
            )
        self._urcs.append(line)
        self._on_urc(line)
        if line in (*RESTARTED, SLEEPS) and self.state.listens:
            # A module that was not listened to may have started and sleep again.
            asleep = (self._lines.last_line or line) == SLEEPS
            self._raise_restarted(f"said {line.decode('latin-1')}", asleep)

    def _raise_in_data_mode(self) -> None:
        """Raise an error: the module would take the next bytes for payload."""
        self.state.on(Event.STRAY_CONNECT)
        raise DataModeError("the module is in data mode, but should listen")

    def _raise_restarted(self, how: str, asleep: bool = False) -> None:
        self.state.on(Event.DOUBT)
        self.late_answer = None
        error = ModuleRestarted(f"the module has restarted: it {how}")
        error.asleep = asleep
        raise error

    # Answers

    def _give(self, command: Command, deadline: Deadline) -> Deadline:
        """Write the line of `command`; return the time for its answer."""
        if not self.state.listens:
            raise DataModeError("the module has not shown that it listens")
        self._note_pending(deadline)
        self._urcs.clear()
        self._echoed = False
        until = deadline.within(command.timeout)
        if command.commits and command.result_timeout is not None:
            until = Deadline(self._clock, command.result_timeout)
        late = max(command.timeout, until.seconds)
        self.late_answer = command, self._clock.now() + late
        if self._is_seen:
            self.show(f"> {command}")
        self._said = command
        self.state.on(Event.COMMAND)
        self._write(command.line, State.COMMANDED)
        return until

    def _compare_echo(self) -> None:
        """Refuse to send a payload if the module understood another length.

        It would take the rest of the payload for commands.
        """
        if not self._echoed:
            raise EchoError("the module's echo differs from the command that was sent")

    def _end_of(
        self, command: Command, until: Deadline, lines: list[bytes] | None = None
    ) -> Reply:
        """Return the end of `command`; sort each line before it.

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
            # The result has come, and the module sends no OK.
            self._urcs.extend(lines[before:])
            return self._ended(b"OK", lines)
        raise NoAnswer(f"the module gave no answer within {until.seconds:.1f} s")

    def _ends(self, line: bytes, command: Command, lines: list[bytes]) -> bool:
        """Sort `line`; return whether it ends `command`."""
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
        """Take an echo for a restart, unless the module cannot turn the echo off.

        The question has turned the echo off. If the very next command has an echo, the
        module cannot turn it off, because a restart takes longer.
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
        if self._is_seen:
            self._show_line(line)
        return line

    def _take_line(self) -> bytes | None:
        """Return the next line that has already come."""
        line = self._lines.next_line()
        if line is not None and self._is_seen:
            self._show_line(line)
        return line

    def _show_line(self, line: bytes) -> None:
        self.show(f"< {self._said.shows(line) if self._said else printable(line)}")

    def _look_for_watchers(self) -> None:
        """Learn whether a log or a trace sees the lines that follow.

        For each line, this would take long.
        """
        debugged = logger.isEnabledFor(logging.DEBUG)
        self._is_seen = debugged or self.recording is not None

    def show(self, text: str) -> None:
        """Log a line of the dialogue, and record it for a trace.

        :param text: the line, without secrets.
        """
        logger.debug("%s", text)
        if self.recording is not None:
            self.recording.note(self.phase, text)

    def _note_pending(self, deadline: Deadline) -> None:
        """Note all lines that have come, so that none is taken for the next answer.

        A port may deliver them in pieces.
        """
        while data := self.port.pending():
            self._lines.receive_data(data)
            while line := self._take_line():
                self.note(line)
            if deadline.over:
                return

    # Payload

    def read_payload(
        self,
        deadline: Deadline,
        given_up: Callable[[], bool] | None = None,
        expected: int = 0,
    ) -> bytes:
        """Return payload as it comes; b"" when the deadline is over.

        :param given_up: tells whether to stop waiting.
        :param expected: how many bytes are certainly still to come.
        :raises StreamEnded: if `given_up` returns True.
        """
        data = self._lines.drain()
        data = data or self.port.read(deadline, given_up, expected)
        if given_up and not data and given_up():
            raise StreamEnded("the response was given up while it was being read")
        self._payload_size += len(data)
        self._stats.bytes_down += len(data)
        return data

    def discount(self, size: int) -> None:
        """Subtract `size` bytes that were counted as payload, but are not."""
        self._payload_size -= size
        self._stats.bytes_down -= size

    def _payload_ended(self) -> None:
        if self._is_seen:
            self.show(f"< {self._payload_size} bytes")
        if self.recording is not None and self.phase is Phase.READ:
            self.recording.received = self._payload_size
        self._payload_size = 0

    def _upload(
        self, command: Command, payload: bytes, until: Deadline, lines: list[bytes]
    ) -> Reply:
        """Send the announced payload of `command`; return the end of the command.

        :param lines: the information lines before it.
        :raises NoAnswer: if the module does not take it by `until`.
        """
        if reply := self._pending_end(command, lines):
            # CONNECT was late, and the module no longer waits for the payload.
            return reply
        self.phase = command.payload_phase or self.phase
        if self._is_seen:
            self.show(f"> {len(payload)} bytes")
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
                # The module takes no more payload. It would read the rest as commands.
                return reply
            if left and until.over:
                raise NoAnswer(
                    "the module did not take the payload in time; check the wiring "
                    "of RTS and CTS"
                )
        if command.acknowledged:
            until = until.within(times.ACKNOWLEDGEMENT)
        elif command.result_timeout is not None:
            until = Deadline(self._clock, command.result_timeout)
            self.late_answer = command, until.when
        return self._end_of(command, until, lines)

    def _pending_end(self, command: Command, lines: list[bytes]) -> Reply | None:
        """Return the end of `command` if it has already come."""
        if data := self.port.pending():
            self._lines.receive_data(data)
        elif not self._lines.has_line:
            return None
        while line := self._take_line():
            if self._ends(line, command, lines):
                return self._ended(line, lines)
        return None

    def _await_acknowledgement(self, until: Deadline) -> None:
        """Wait for the confirmation of a block, or for a line in place of it.

        The manual does not say whether a full last block is confirmed.
        """
        while not self._lines.take_acknowledgement():
            if self._lines.has_line:
                return
            if not (data := self.port.read(until)):
                raise NoAnswer("the module does not confirm the payload")
            self._lines.receive_data(data)

    def _download(self, command: Command, sink: Callable[[bytes], None]) -> Reply:
        """Pass the payload of `command` to `sink`; return the end of the command."""
        left = command.sink_size
        while left:
            until = Deadline(self._clock, command.payload_timeout)
            if not (data := self.read_payload(until, expected=left)):
                raise NoAnswer(f"{left} bytes of the payload did not come")
            sink(data[:left])
            self._lines.receive_data(data[left:])
            self.discount(len(data[left:]))
            left -= min(left, len(data))
        self._payload_ended()
        until = Deadline(self._clock, command.payload_timeout)
        return self._end_of(command, until, self._surplus(until))

    def _surplus(self, until: Deadline) -> list[bytes]:
        """Return, as a line, the bytes after a payload that are not a line.

        The checksum, an exclusive or, does not always show a byte that came twice.
        """
        found = b""
        while len(found) < BLOCK and (
            data := self._lines.drain() or self.port.read(until)
        ):
            found += data
            if (start := found.find(self.line_end[:1])) >= 0:
                self._lines.receive_data(found[start:])
                return [found[:start]] if start else []
        return [found]

    # Bytes

    def _write(self, data: bytes, state: State) -> None:
        """Write `data`, which is allowed in `state` only.

        :raises StateError: if the line is in another state.
        """
        if self.state.state is not state:
            self.state.refuse(state)
        self.port.write(data)
        self._last_write = self._clock.now()
