"""The drive loop: joins a port, the line parser and a dialogue.

What a dialogue yields is done here, one step at a time, each within a deadline. After
any exception the link says how the module was left: in data mode, or with an answer
outstanding; only resynchronising leads on from there.
"""

from __future__ import annotations

import collections
import dataclasses
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ..base.codes import GUARD_SECONDS
from ..clock import Clock, Deadline
from ..errors import (
    BG96Error,
    DataModeError,
    EchoError,
    ModuleRestarted,
    NoAnswer,
    Phase,
    StrayAnswer,
    StreamEnded,
    TransferError,
)
from ..settings import Settings
from ..stats import Recovery, Statistics
from .lines import Kind, LineBuffer, classify, error_number
from .port import WRITE_SIZE, Port
from .printable import printable
from .question import Question
from .steps import (
    BLOCK,
    BYTES_PER_SECOND,
    Ask,
    Await,
    Command,
    Dialogue,
    Escape,
    Hearken,
    Pause,
    Reply,
    Speed,
    Step,
    connects,
)

__all__ = ("Link",)

T = TypeVar("T")

logger = logging.getLogger("requests_bg96.link")

#: What only a module that has just started says (AT manual 11.1, 12.7; "APP RDY" is
#: what two drivers for the BG96 wait for).
RESTARTED = (b"RDY", b"APP RDY", b"POWERED DOWN", b"NORMAL POWER DOWN")
#: Lines of an answer; the longest is a list of files.
ANSWER_LIMIT = 4_096
#: The command to whose answer the lines behind a payload belong.
_READ = Command("+QHTTPREAD")
#: The module ends an upload after 5 s without data, and says so.
ACKNOWLEDGEMENT_SECONDS = 7.0
#: Seconds in which no module starts: it is mute for more than four (hardware design
#: manual 3.6.1).
START_SECONDS = 3.0
#: Seconds for an OK that comes behind the result URC, if it comes at all.
OVERDUE_SECONDS = 1.0
#: Bytes that may be heard between a question and its answer.
QUESTION_LIMIT = 4_096
_PUSHED = re.compile(rb'\+QIURC: *"recv",(\d{1,2}),')
_ACCEPTED = re.compile(rb"(?:^|[\r\n])OK\r?\n")
#: More than the guard time of "+++", for a line that adds delays of its own.
GUARD = GUARD_SECONDS + 0.05


class Link:
    """A dialogue's way to the module.

    :param port: an open port; it stays the caller's to close.
    :param clock: the time.
    :param on_urc: called with each unsolicited line.
    :param stats: where bytes and recoveries are counted.
    :param settings: of which ``dtr`` and ``verify_echo`` matter here.
    """

    def __init__(
        self,
        port: Port,
        clock: Clock,
        on_urc: Callable[[bytes], None],
        stats: Statistics,
        settings: Settings,
    ) -> None:
        self.port = port
        #: How far the exchange under way has come.
        self.phase = Phase.CONNECT
        #: Whether the module takes, or sends, payload.
        self.data_mode = False
        #: What was given up before it ended, and until when it may yet end.
        self.unfinished: tuple[Command | Await, Deadline] | None = None
        #: Whether the module listens, and echo was turned off, so that an echo tells
        #: of a restart as a boot message does. Only greeting it makes it so again.
        self.settled = False
        #: Whether the module has ever shown that it listens.
        self.met = False
        #: Whether it has since a server's payload came: else the end of that is only
        #: what HTTP, the module's result URC and the trailer have agreed on.
        self.proved = False
        self._clock = clock
        self._on_urc = on_urc
        self._stats = stats
        self._dtr = settings.dtr
        self._verify_echo = settings.verify_echo
        self._lines = LineBuffer()
        #: Results in a row, surely the module's, that ended in LF alone.
        self._in_lf = 0
        self._urcs: collections.deque[bytes] = collections.deque(maxlen=64)
        self._echoed = False
        self._said: Command | None = None
        #: Whether an echo says nothing.
        self._expects_echo = settings.verify_echo
        #: Until when an echo cannot be a restart's, for the module was asked just now.
        self._asked: Deadline | None = None
        self._last_write = clock.now()
        self._escaping = False
        self._dtr_tried = False
        self._payload_size = 0
        self._given_up: Callable[[], bool] | None = None
        self._steps: dict[type[Any], Callable[[Any, Deadline], Any]] = {
            Ask: self._ask,
            Command: self._command,
            Await: self._await,
            Hearken: self._hearken,
            Pause: self._pause,
            Escape: self._escape,
            Speed: self._speed,
        }

    def __repr__(self) -> str:
        mode = "data mode" if self.data_mode else "command mode"
        return f"<{type(self).__name__} on {self.port.url}, {mode}>"

    @property
    def line_end(self) -> bytes:
        """What the module ends its lines with: CR LF, unless it is seen to lack the CR.

        It is only where two results in a row do: one may have lost it on the line.
        """
        return b"\n" if self._in_lf > 1 else b"\r\n"

    def run(self, dialogue: Dialogue[T], deadline: Deadline) -> T:
        """Carry out `dialogue` and return what it returns.

        :param deadline: bounds all of it, but for the sending of payloads, which have
            times of their own.
        :raises BG96Error: what the dialogue raises, or does not catch.
        """
        outcome: Any = None
        failure: BG96Error | None = None
        while True:
            try:
                step = dialogue.throw(failure) if failure else dialogue.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            except BG96Error as error:
                # What a dialogue makes of an answer does not know how far it came.
                if error.phase is Phase.CONNECT:
                    error.phase = self.phase
                raise
            outcome, failure = None, None
            try:
                outcome = self._perform(step, deadline)
            except BG96Error as error:
                failure = error

    @contextmanager
    def interruptible(self, given_up: Callable[[], bool]) -> Iterator[None]:
        """Have `read_payload` raise `StreamEnded` meanwhile, once it is asked to.

        :param given_up: tells whether it is.
        """
        self._given_up = given_up
        try:
            yield
        finally:
            self._given_up = None

    def read_payload(self, deadline: Deadline) -> bytes:
        """Return payload as it comes; b"" when the deadline is over.

        :raises StreamEnded: where it is `interruptible`.
        """
        data = self._lines.take_rest() or self._read_interruptibly(deadline)
        self._payload_size += len(data)
        self._stats.bytes_down += len(data)
        return data

    def discount(self, size: int) -> None:
        """Take `size` bytes for no payload that were read as such."""
        self._payload_size -= size
        self._stats.bytes_down -= size

    def end_payload(self, trailer: bytes) -> None:
        """Go back to lines behind the payload, first to those that ended it.

        :param trailer: the lines from OK to ``+QHTTPREAD``, and URCs among them.
        """
        self.data_mode = False
        self.discount(len(trailer))
        logger.debug("< %d bytes", self._payload_size)
        self._payload_size = 0
        self._lines.receive_data(trailer)
        while line := self._take_line():
            if classify(line, _READ) is Kind.URC:
                # A restart now is one that the next command will meet.
                with suppress(ModuleRestarted, DataModeError):
                    self.note(line)

    def question(self) -> Question:
        """Return a fresh question whether the module listens."""
        return Question(echo=self._verify_echo, dtr=self._dtr)

    def hear_answer(self, behind: bytes) -> bool:
        """Take the end of the answer to a question; return whether it came.

        :param behind: what came behind the echo already.
        """
        self._lines.clear()
        self._lines.receive_data(behind)
        self._echoed = False
        until = Deadline(self._clock, Question.SECONDS)
        try:
            self.proved = self._end_of(Command(""), until).final == b"OK"
            self._note_line_end()
        except NoAnswer:
            return False
        return self.proved

    def send_line(self, line: bytes) -> None:
        """Send a command line whose answer the caller reads as payload."""
        self._write(line)

    def note(self, line: bytes) -> None:
        """Take note of an unsolicited line.

        :raises ModuleRestarted: where it says so.
        :raises DataModeError: where it is the CONNECT of a command that was given up.
        :raises StrayAnswer: where a server's bytes follow, which are not to be read as
            lines: another program has left a socket open (TCP manual 2.1.1, direct push
            mode).
        """
        if connects(line):
            self._astray()
        if found := _PUSHED.match(line):
            self.settled = False
            raise StrayAnswer(
                "the module hands out what a socket of another program receives: close "
                f'it, with BG96Modem.command("AT+QICLOSE={found[1].decode("ascii")}")'
            )
        self._urcs.append(line)
        self._on_urc(line)
        if self.settled and line in RESTARTED:
            self.data_mode, self.unfinished = False, None
            self._restarted(f"said {line.decode('latin-1')}")

    # One step each

    def _perform(self, step: Step, deadline: Deadline) -> Any:
        try:
            return self._steps[type(step)](step, deadline)
        except BG96Error as error:
            error.phase = self.phase
            if error.command is None and isinstance(step, Command):
                error.command = str(step)
            raise

    def _ask(self, _: Ask, deadline: Deadline) -> bool:
        if self.settled:
            self._note_pending(deadline.within(Question.SECONDS))
        logger.debug("> is the module in command mode?")
        question, pending = self.question(), self._lines.take_rest()
        self._write(question.invitation)
        before, accepted = self._heard(_ACCEPTED.search, deadline)
        answer = None
        if accepted:
            self._write(question.line)
            answer = question.split(self._heard(question.split, deadline)[0])
        if answer is None or not self.hear_answer(answer[1]):
            logger.debug("< no")
            self.settled = False
            return False
        logger.debug("< yes")
        self._note_lines(pending + before + answer[0])
        self.data_mode = self._dtr_tried = False
        self.unfinished = None
        self.settled = self.met = self.proved = True
        self._asked = Deadline(self._clock, START_SECONDS)
        return True

    def _heard(
        self, wanted: Callable[[bytes], object], deadline: Deadline
    ) -> tuple[bytes, bool]:
        """Return what comes until it is as `wanted`, and whether that was in time."""
        until = deadline.within(Question.SECONDS)
        heard = b""
        while not wanted(heard):
            data = self._read(until)
            if not data or until.over:
                return heard, False
            # The rest is somebody's payload.
            heard = heard[-QUESTION_LIMIT:] + data
        return heard, True

    def _note_lines(self, heard: bytes) -> None:
        """Take note of the URCs among the answers of a module that was listening.

        Of another, what stands before its answer may be a server's.
        """
        if self.settled:
            for line in heard.splitlines():
                if line and classify(line, None) is Kind.URC and line != b"OK":
                    self.note(line)

    def _command(self, command: Command, deadline: Deadline) -> Reply:
        if not self.settled:
            raise DataModeError("the module has not shown that it listens")
        self._note_pending(deadline.within(command.timeout))
        self._urcs.clear()
        self._echoed = False
        self._expect(command, command.timeout)
        logger.debug("> %s", command)
        self._said = command
        self._write(command.line)
        before = self.phase
        if command.commits:
            self.phase = Phase.SEND
        reply = self._end_of(command, deadline.within(command.timeout))
        if not command.fetches:
            self._note_line_end()
        elif not reply.connected:
            # Where noise has hidden CONNECT, the result is a line of the payload.
            self.settled = False
        # What a caller types, which is bare, may lead to data mode or not.
        if command.connects and not command.bare and reply.final == b"OK":
            raise StrayAnswer("the module said OK before CONNECT, to something else")
        if command.commits and not (reply.ok or self._urcs):
            # It says itself that nothing came of it; unless that stands among pieces of
            # something else, which may have been OK.
            self.phase, reply = before, dataclasses.replace(reply, phase=before)
        if reply.connected:
            if not command.connects:
                self._astray()
            self._check_echo(command)
            self.proved = self.proved and not command.leads
            reply = self._transfer(command, reply, deadline)
        self.unfinished = None
        return reply

    def _check_echo(self, command: Command) -> None:
        """Send no payload whose length the module may have understood otherwise."""
        if self._verify_echo and command.payload is not None and not self._echoed:
            raise EchoError("the module's echo is not what was sent")

    def _transfer(self, command: Command, reply: Reply, deadline: Deadline) -> Reply:
        """Send or take the payload that belongs to the command, if any does.

        What it takes is not counted, as far as it may be the line's, or the flash's.
        """
        started, size = self._clock.now(), command.sink_size
        if command.payload is not None:
            size = len(command.payload)
            reply = self._upload(command, command.payload, deadline)
        elif command.sink is not None:
            reply = self._download(command, command.sink)
        if command.bulky:
            spent = self._clock.now() - started
            deadline.postpone(min(spent, size / BYTES_PER_SECOND))
        return reply

    def _expect(self, what: Command | Await, seconds: float) -> None:
        """Note what may end late, unless something given up before may end later."""
        until = Deadline(self._clock, seconds)
        earlier = None if self.settled else self.unfinished
        if earlier is None or earlier[1].when < until.when:
            self.unfinished = what, until

    def _upload(self, command: Command, payload: bytes, deadline: Deadline) -> Reply:
        lines: list[bytes] = []
        if reply := self._pending_end(command, lines):
            # CONNECT was late, and the module has given the payload up already.
            return reply
        self.phase = command.payload_phase
        until = Deadline(self._clock, command.payload_timeout)
        if not command.bulky:
            until = deadline.within(command.payload_timeout)
        self.unfinished = command, until
        logger.debug("> %d bytes", len(payload))
        size = BLOCK if command.acknowledged else WRITE_SIZE
        for start in range(0, len(payload), size):
            piece = payload[start : start + size]
            self._write(piece)
            if command.acknowledged and len(piece) == size:
                self._await_acknowledgement(until.within(ACKNOWLEDGEMENT_SECONDS))
            if command.progress:
                command.progress(start + len(piece))
            left = start + len(piece) < len(payload)
            if left and (reply := self._pending_end(command, lines)):
                # The module takes no more: what is left would be commands to it.
                return reply
            if left and until.over:
                raise NoAnswer("the module does not take the payload in time")
        if command.acknowledged:
            until = until.within(ACKNOWLEDGEMENT_SECONDS)
        elif command.result_timeout is not None:
            until = Deadline(self._clock, command.result_timeout)
            self.unfinished = command, until
        return self._end_of(command, until, lines)

    def _pending_end(self, command: Command, lines: list[bytes]) -> Reply | None:
        """Return the end of `command` if it has come already."""
        self._receive(self._read(Deadline(self._clock, 0.0)))
        while line := self._take_line():
            if self._ends(line, command, lines):
                return self._ended(line, lines)
        return None

    def _download(self, command: Command, sink: Callable[[bytes], None]) -> Reply:
        left = command.sink_size
        while left:
            until = Deadline(self._clock, command.payload_timeout)
            if not (data := self.read_payload(until)):
                raise NoAnswer(f"{left} bytes of the payload did not come")
            sink(data[:left])
            self._lines.receive_data(data[left:])
            self.discount(len(data[left:]))
            left -= min(left, len(data))
        logger.debug("< %d bytes", command.sink_size)
        self._payload_size = 0
        until = Deadline(self._clock, command.payload_timeout)
        return self._end_of(command, until, self._surplus(until))

    def _surplus(self, until: Deadline) -> list[bytes]:
        """Return, as a line, what stands behind a payload where a line must begin.

        A checksum of exclusive ors does not always tell that a byte came twice.
        """
        found = b""
        while len(found) < BLOCK and (
            data := self._lines.take_rest() or self._read(until)
        ):
            found += data
            if (start := found.find(self.line_end[:1])) >= 0:
                self._lines.receive_data(found[start:])
                return [found[:start]] if start else []
        return [found]

    def _await_acknowledgement(self, until: Deadline) -> None:
        """Wait for the confirmation of a block, or a line, which says why it lacks.

        The manual leaves open whether a last block that is full is confirmed.
        """
        while not self._lines.take_acknowledgement():
            if self._lines.has_line:
                return
            if not self._receive(self._read(until)):
                raise NoAnswer("the module does not confirm what it was sent")

    def _hearken(self, hearken: Hearken, deadline: Deadline) -> Reply:
        reply = self._end_of(hearken.command, deadline.within(hearken.timeout))
        if hearken.command.commits and reply.ok:
            self.phase = Phase.SEND
        return reply

    def _end_of(
        self, command: Command, until: Deadline, lines: list[bytes] | None = None
    ) -> Reply:
        lines = [] if lines is None else lines
        before = len(lines)
        while line := self._next_line(until):
            if self._ends(line, command, lines):
                self._urcs.extend(lines[before:] if command.reports else ())
                return self._ended(line, lines)
            if command.reports and len(lines) > before:
                until = until.within(OVERDUE_SECONDS)
            if until.over:
                break
        if command.reports and len(lines) > before:
            # The result is there, and the module leaves OK out.
            self._urcs.extend(lines[before:])
            return self._ended(b"OK", lines)
        raise NoAnswer(f"the module gave no answer within {until.seconds:.1f} s")

    def _ends(self, line: bytes, command: Command, lines: list[bytes]) -> bool:
        """Put `line` where it belongs; return whether it ends `command`."""
        kind = classify(line, command)
        if kind is Kind.ECHO:
            self._echoed = True
        elif kind is Kind.INFORMATION:
            if len(lines) == ANSWER_LIMIT:
                raise TransferError(f"the answer has more than {ANSWER_LIMIT} lines")
            lines.append(line)
        elif kind is Kind.URC:
            self.note(line)
        return kind is Kind.FINAL

    def _ended(self, final: bytes, lines: list[bytes]) -> Reply:
        reply = Reply(final, tuple(lines), error_number(final), self.phase)
        self._payload_size = 0
        self.data_mode = reply.connected
        self._look_at_echo()
        return reply

    def _note_line_end(self) -> None:
        """See what ended a result, where no server can have said it."""
        if self.proved:
            self._in_lf = self._in_lf + 1 if self._lines.ended_in_lf else 0

    def _look_at_echo(self) -> None:
        """Take an echo for a restart, unless the module cannot turn it off.

        One that comes with the first command behind the question is of such a module:
        the question has turned echo off, and a restart takes longer.
        """
        asked, self._asked = self._asked, None
        if self.settled and self._echoed and not self._expects_echo:
            self._expects_echo = asked is not None and not asked.over
            if not self._expects_echo:
                self._restarted("echoes again")

    def _await(self, awaited: Await, deadline: Deadline) -> bytes:
        until = deadline.within(awaited.timeout)
        self.unfinished = awaited, Deadline(self._clock, awaited.timeout)
        while True:
            for line in self._urcs:
                if line.startswith(awaited.prefix):
                    self._urcs.remove(line)
                    self.unfinished = None
                    return line
            next_line = None if until.over else self._next_line(until)
            if not next_line:
                what = awaited.prefix.decode("ascii")
                raise NoAnswer(f"no {what} came within {until.seconds:.1f} s")
            self.note(next_line)

    def _pause(self, pause: Pause, deadline: Deadline) -> bool:
        until = Deadline(self._clock, pause.seconds)
        if deadline.left() < pause.seconds:
            raise pause.otherwise
        heard = self._lines.has_line
        before = self._stats.line_bytes_down
        while not until.over and (line := self._next_line(until)):
            self.note(line)
        return heard or self._stats.line_bytes_down > before

    def _escape(self, _: Escape, deadline: Deadline) -> None:
        """Leave data mode, going on where an earlier attempt ran out of time."""
        self._stats.recovered(Recovery.ESCAPE)
        # What comes behind it may still be payload: only an answer shows more.
        self.settled = False
        if self._dtr and not self._dtr_tried:
            # A module that somebody has told to ignore DTR needs the other way.
            self._dtr_tried = True
            self.port.drop_dtr()
        else:
            if not self._escaping:
                self._keep_silent(deadline)
                self._write(b"+++")
                self._escaping = True
            self._keep_silent(deadline)
        self._lines.clear()
        if self.data_mode:
            self.unfinished = None
        self.data_mode = self._escaping = False

    def _keep_silent(self, deadline: Deadline) -> None:
        silence = self._clock.now() - self._last_write
        until = Deadline(self._clock, GUARD - silence)
        while not until.over:
            self._read(deadline.within(until.left()))
            if deadline.over:
                raise NoAnswer("the time is too short for leaving data mode")

    def _speed(self, speed: Speed, _: Deadline) -> None:
        self.port.baudrate = speed.baudrate
        self.settled = False
        self._lines.clear()

    # Bytes

    def _next_line(self, until: Deadline) -> bytes | None:
        while (line := self._take_line()) is None:
            if not self._receive(self._read(until)):
                return None
        return line

    def _take_line(self) -> bytes | None:
        line = self._lines.next_line()
        if line is not None:
            shown = self._said.shows(line) if self._said else printable(line)
            logger.debug("< %s", shown)
        return line

    def _note_pending(self, deadline: Deadline) -> None:
        """Hear all that has come, which would be taken for the answer to what is next.

        A port may hand it out in pieces.
        """
        while self._receive(self._read(Deadline(self._clock, 0.0))):
            while line := self._take_line():
                self.note(line)
            if deadline.over:
                return

    def _receive(self, data: bytes) -> bool:
        self._lines.receive_data(data)
        return bool(data)

    def _read_interruptibly(self, until: Deadline) -> bytes:
        if (given_up := self._given_up) is None:
            return self._read(until)
        data = self._counted(self.port.read(until, given_up))
        if not data and given_up():
            raise StreamEnded("the response was given up while it was read")
        return data

    def _read(self, until: Deadline) -> bytes:
        return self._counted(self.port.read(until))

    def _counted(self, data: bytes) -> bytes:
        self._stats.line_bytes_down += len(data)
        return data

    def _write(self, data: bytes) -> None:
        self._escaping = False
        self._stats.line_bytes_up += len(data)
        self.port.write(data)
        self._last_write = self._clock.now()

    def _astray(self) -> None:
        """Raise: the module would take what is said next for payload."""
        self.data_mode = True
        raise DataModeError("the module is in data mode, where it should listen")

    def _restarted(self, how: str) -> None:
        self.settled = False
        raise ModuleRestarted(f"the module has restarted: it {how}")
