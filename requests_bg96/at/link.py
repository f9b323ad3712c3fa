"""The drive loop: it connects a port, the line parser and a dialogue.

It carries out the steps of a dialogue one after the other, each within a deadline.
After an exception, the state of the line says how the module was left. Only the
question can resynchronise it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from ..base import times
from ..clock import Clock, Deadline
from ..errors import (
    BG96Error,
    ModuleRestarted,
    NoAnswer,
    Phase,
    StrayAnswer,
)
from ..settings import Settings
from ..stats import Recovery, Statistics
from .port import Port
from .question import ACCEPTED, Question
from .state import Event, State
from .steps import (
    BYTES_PER_SECOND,
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Escape,
    GiveBack,
    Kind,
    Pause,
    Reply,
    Speed,
    Step,
)
from .wire import RESTARTED, SLEEPS, Wire

__all__ = ("Link",)

T = TypeVar("T")

#: The command that the lines after a payload belong to.
_READ = Command("+QHTTPREAD")
#: The most bytes that are kept between a question and its answer.
QUESTION_LIMIT = 4_096


class Link(Wire):
    """Carries out dialogues with the module.

    :param port: an open port; the caller closes it.
    :param clock: the clock.
    :param on_urc: called with each unsolicited line.
    :param stats: counts bytes and recoveries.
    :param settings: only ``dtr`` and ``verify_echo`` matter here.
    :param state: the state of the line before the port was opened.
    :param owed: what completes a payload that the module was waiting for then.
    """

    def __init__(
        self,
        port: Port,
        clock: Clock,
        on_urc: Callable[[bytes], None],
        stats: Statistics,
        settings: Settings,
        state: State = State.CLOSED,
        owed: bytes = b"",
    ) -> None:
        super().__init__(
            port,
            clock,
            on_urc,
            stats,
            expects_echo=settings.verify_echo,
            state=state,
        )
        #: What completes the payload that the module may still wait for at the prompt
        #: of a socket, even when the port is opened again.
        self.owed = owed
        #: Whether the module has ever shown that it listens.
        self.met = False
        #: Whether the module has echoed a question since the last payload of a server.
        #: If not, only HTTP, the module's result URC and the trailer tell the end of
        #: it.
        self.proved = False
        #: How often the module has entered data mode. It may lose URCs there.
        self.data_modes = 0
        #: The seconds that the last answer to a question took.
        self._answered_in = times.QUESTION
        self._dtr = settings.dtr
        self._verify_echo = settings.verify_echo
        self._escaping = False
        self._dtr_tried = False
        #: How often data mode was left since the module last answered a question.
        self._escapes = 0
        self._steps: dict[type[Any], Callable[[Any, Deadline], Any]] = {
            Ask: self._ask,
            Command: self._command,
            Await: self._await,
            AwaitLateAnswer: self._await_late_answer,
            Pause: self._pause,
            Escape: self._escape,
            Speed: self._speed,
            GiveBack: self._give_back,
        }

    def run(self, dialogue: Dialogue[T], deadline: Deadline) -> T:
        """Carry out `dialogue` and return its result.

        :param deadline: limits all steps except sending payloads, which have their own
            time.
        :raises BG96Error: if the dialogue raises it, or does not catch it.
        """
        outcome: Any = None
        failure: BG96Error | None = None
        self._look_for_watchers()
        while True:
            try:
                step = dialogue.throw(failure) if failure else dialogue.send(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            except BG96Error as error:
                error.reached(self.phase)
                raise
            outcome, failure = None, None
            try:
                outcome = self._steps[type(step)](step, deadline)
            except BG96Error as error:
                failure = self._failed(step, error)

    @property
    def leaves_by_dtr(self) -> bool:
        """Whether DTR will be tried to leave data mode."""
        return self._dtr and not self._dtr_tried

    def give_up(self) -> None:
        """Record that nobody continues what is on the line."""
        self.state.on(Event.GIVE_UP)

    def end_payload(self, trailer: bytes) -> None:
        """Return to lines after the payload, first to those that ended it.

        :param trailer: the lines from OK to ``+QHTTPREAD``, with any URCs.
        """
        # If a question has brought the end, its answer tells the state of the line.
        if self.state.state is State.RECEIVING:
            self.state.on(Event.TRAILER)
        self.discount(len(trailer))
        self._look_for_watchers()
        self._payload_ended()
        self._lines.receive_data(trailer)
        while line := self._take_line():
            if _READ.kind_of(line) is Kind.URC:
                # The next command will notice a restart.
                with suppress(ModuleRestarted):
                    self.note(line)

    def question(self) -> Question:
        """Return a fresh question whether the module listens."""
        return Question(echo=self._verify_echo, dtr=self._dtr)

    def ask_amid_payload(self, line: bytes) -> None:
        """Send a line of a question; the caller reads the answer as payload."""
        self.state.on(Event.ASK)
        self._write(line, State.DOUBTED)

    def hear_answer(self, behind: bytes) -> bool:
        """Take the end of the answer to a question, after its echo.

        :param behind: the bytes that have already come after the echo.
        :returns: whether it is the right answer.
        """
        self.state.on(Event.ECHO)
        self._lines.receive_data(behind)
        self._echoed = False
        until = Deadline(self._clock, times.QUESTION)
        try:
            reply = self._end_of(Command(""), until)
        except NoAnswer:
            self.give_up()
            return False
        if reply.connected:
            self.state.on(Event.STRAY_CONNECT)
        self.proved = reply.final == b"OK"
        self._note_line_end()
        if not self.proved:
            self.give_up()
        return self.proved

    # The steps

    def _failed(self, step: Step, error: BG96Error) -> BG96Error:
        """Complete the `error` of a failed `step`, and return it."""
        if isinstance(step, Command):
            self.give_up()
            error.command = error.command or str(step)
        return error

    def _ask(self, ask: Ask, deadline: Deadline) -> bool:
        listened = self.state.listens
        if listened:
            self._note_pending(deadline.within(times.QUESTION))
        self.show("> is the module in command mode?")
        self._urcs.clear()
        question, pending = self.question(), self._lines.drain()
        self.state.on(Event.ASK)
        self._write(question.invitation, State.ASKED)
        started = self._clock.now()
        until = deadline.within(self._patience(ask))
        before, accepted = self._heard(ACCEPTED.search, until)
        answer = None
        if accepted:
            self._write(question.line, State.ASKED)
            until = deadline.within(self._patience(ask))
            heard, _ = self._heard(question.split, until)
            answer = question.split(heard)
        if answer is None or not self.hear_answer(answer[1]):
            self.show("< no")
            if self.state.state is State.ASKED:
                self.state.on(Event.NO_ECHO)
            return False
        self.show("< yes")
        if listened:
            # If it was not listening, bytes before its answer may be a server's.
            self._note_again(pending + before + answer[0])
        self._dtr_tried = False
        self._escapes = 0
        self.late_answer = None
        self.met = True
        self._answered_in = self._clock.now() - started
        self._asked = Deadline(self._clock, times.START)
        return True

    def _heard(
        self, wanted: Callable[[bytes], object], until: Deadline
    ) -> tuple[bytes, bool]:
        """Return the bytes until they match `wanted`, and whether that was in time."""
        heard = b""
        while not wanted(heard):
            data = self.port.read(until)
            if not data or until.over:
                return heard, False
            # Earlier bytes are payload of an old exchange.
            heard = heard[-QUESTION_LIMIT:] + data
        return heard, True

    def _patience(self, ask: Ask) -> float:
        """Return the seconds for the answer to a line of the question."""
        if not ask.brief:
            return times.QUESTION
        return min(times.QUESTION, max(times.BRIEF, 3 * self._answered_in))

    def _note_again(self, heard: bytes) -> None:
        """Note the URCs that a listening module sent besides its answers."""
        found = [line for line in self._urcs if line in (*RESTARTED, SLEEPS)]
        for line in (*heard.splitlines(), *found):
            if line not in (b"", b"OK"):
                self.note(line)

    def _command(self, command: Command, deadline: Deadline) -> Reply:
        until = self._give(command, deadline)
        before = self.phase
        if command.commits:
            self.phase = Phase.SEND
        reply = self._answer_to(command, until)
        if command.commits and not (reply.ok or self._urcs):
            # The module reports that the command failed. Other lines before that could
            # have been OK.
            self.phase, reply = before, dataclasses.replace(reply, phase=before)
        if reply.connected:
            self._connect(command)
            reply = self._transfer(command, reply, deadline)
        self.late_answer = None
        return reply

    def _answer_to(self, command: Command, until: Deadline) -> Reply:
        """Return the final result code of `command`, or CONNECT."""
        reply = self._end_of(command, until)
        if not command.fetches:
            self._note_line_end()
        elif not reply.connected:
            # If noise has destroyed CONNECT, the result is a line of the payload.
            self.give_up()
        # A command typed by a caller (bare) may lead to data mode or not.
        if reply.final == b"OK" and command.connects and not command.bare:
            raise StrayAnswer(
                "the module answered OK before CONNECT: it belongs to another command"
            )
        return reply

    def _note_line_end(self) -> None:
        """Record the line end of a result that no server can have sent."""
        if self.proved:
            self._in_lf = self._in_lf + 1 if self._lines.ended_in_lf else 0

    def _connect(self, command: Command) -> None:
        """Enter data mode, if `command` leads to it."""
        if not command.connects:
            self._raise_in_data_mode()
        self.state.on(Event.RECEIVE if command.payload is None else Event.SEND)
        self.proved = self.proved and not command.leads
        self.data_modes += 1
        if self._verify_echo and command.payload is not None:
            self._compare_echo()

    def _transfer(self, command: Command, reply: Reply, deadline: Deadline) -> Reply:
        """Send or receive the payload of the command, if it has one.

        The time that the line or the flash memory needs for it is not counted.
        """
        started, size = self._clock.now(), command.sink_size
        if command.payload is not None:
            size = len(command.payload)
            until = Deadline(self._clock, command.payload_timeout)
            if not command.bulky:
                until = deadline.within(command.payload_timeout)
            self.late_answer = command, until.when
            reply = self._upload(command, command.payload, until, list(reply.lines))
        elif command.sink is not None:
            reply = self._download(command, command.sink)
        else:
            return reply
        if reply.connected:
            self._raise_in_data_mode()
        if command.bulky:
            spent = self._clock.now() - started
            deadline.postpone(min(spent, size / BYTES_PER_SECOND))
        return reply

    def _await_late_answer(self, awaited: AwaitLateAnswer, deadline: Deadline) -> Reply:
        self.state.on(Event.AWAIT)
        reply = self._end_of(awaited.command, deadline.within(awaited.timeout))
        if reply.connected:
            self.state.on(Event.STRAY_CONNECT)
        if awaited.command.commits and reply.ok:
            self.phase = Phase.SEND
        return reply

    def _await(self, awaited: Await, deadline: Deadline) -> bytes:
        until = deadline.within(awaited.timeout)
        self.state.on(Event.AWAIT)
        self.late_answer = awaited, self._clock.now() + awaited.timeout
        while True:
            for line in self._urcs:
                if line.startswith(awaited.prefix):
                    self._urcs.remove(line)
                    self.late_answer = None
                    self.state.on(Event.RESULT)
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
        """Leave data mode; continue an earlier attempt that ran out of time."""
        self._stats.recovered(Recovery.ESCAPE)
        if self.state.data_mode:
            self.late_answer = None
        self.state.on(Event.ESCAPE)
        try:
            self._leave_data_mode(deadline)
        except BG96Error:
            self.give_up()
            raise
        self._escaping = False
        self._escapes += 1
        self.state.on(Event.ESCAPED)

    def _leave_data_mode(self, deadline: Deadline) -> None:
        if self.leaves_by_dtr:
            # If the module was told to ignore DTR, the next attempt uses +++.
            self._dtr_tried = True
            self.port.drop_dtr()
            return
        if not self._escaping:
            self._keep_silent(deadline)
            self._write(b"+++", State.LEAVING)
            self._escaping = True
        self._keep_silent(deadline)

    def _keep_silent(self, deadline: Deadline) -> None:
        silence = self._clock.now() - self._last_write
        until = Deadline(self._clock, times.GUARD - silence)
        while not until.over:
            self.port.read(deadline.within(until.left()))
            if deadline.over:
                raise NoAnswer(
                    "the time is too short to leave data mode; use a longer timeout"
                )

    def _speed(self, speed: Speed, _: Deadline) -> None:
        self.port.baudrate = speed.baudrate
        if self.state.state is not State.IN_DATA_MODE:
            self.state.on(Event.DOUBT)

    def _give_back(self, back: GiveBack, deadline: Deadline) -> None:
        """Send AT+IPR; wait for OK, so that all bytes leave at the old speed."""
        self.show(f"> AT+IPR={back.baudrate}, whether it is heard or not")
        self.state.on(Event.ASK)
        self._write(b"AT+IPR=%d\r" % back.baudrate, State.ASKED)
        self._heard(ACCEPTED.search, deadline.within(times.MODULE_ANSWERS))
        self.state.on(Event.NO_ECHO)
