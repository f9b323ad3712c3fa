"""Receive a response from the link, until its end is certain.

HTTP tells the end of most responses (`framing`). For the others, we use a silence, a
question to the module, and its answer.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..at.question import ACCEPTED, Question
from ..base import times
from ..clock import Clock, Deadline
from ..errors import BG96Error, ModuleError, Phase, StreamEnded, TransferError
from .drain import Drain
from .framing import MISPLACED, Framing, Trailer

if TYPE_CHECKING:
    from ..at.link import Link

__all__ = ("TRANSITIONS", "Receiver", "ResponseState")


class ResponseState(enum.Enum):
    """The state of a response."""

    # A member equals only itself. `enum.Enum.__hash__` is in Python, and slower.
    __hash__ = object.__hash__

    #: The body is coming.
    READING = "reading"
    #: The end by HTTP was reached. The trailer is still to come.
    ENDED = "ended"
    #: The body is complete, and its reader may have all of it. The trailer is late.
    WHOLE = "whole"
    #: Its reader gave it up at an arbitrary byte. Its rest and the trailer cannot be
    #: told apart.
    BROKEN_OFF = "broken off"
    #: It no longer uses the line.
    OVER = "over"
    #: It was left before its end, and the module must be resynchronised.
    LOST = "lost"


#: For each state, the states that may follow.
TRANSITIONS: dict[ResponseState, frozenset[ResponseState]] = {
    ResponseState.READING: frozenset(
        {
            ResponseState.ENDED,
            ResponseState.WHOLE,
            ResponseState.BROKEN_OFF,
            ResponseState.OVER,
            ResponseState.LOST,
        }
    ),
    ResponseState.ENDED: frozenset(
        {
            ResponseState.WHOLE,
            ResponseState.BROKEN_OFF,
            ResponseState.OVER,
            ResponseState.LOST,
        }
    ),
    ResponseState.WHOLE: frozenset({ResponseState.OVER, ResponseState.LOST}),
    ResponseState.BROKEN_OFF: frozenset({ResponseState.LOST}),
    ResponseState.OVER: frozenset(),
    ResponseState.LOST: frozenset(),
}

#: Seconds of silence after which the withheld bytes are examined.
SILENCE = {
    Trailer.LINE_END: times.LINE_END,
    Trailer.BEGUN: times.TRAILER_BEGUN,
    Trailer.FULL: times.TRAILER_GAP,
}
#: Only an answer of the module decides about these.
UNSETTLED = (Trailer.BEGUN, Trailer.FULL)
#: After this many unanswered questions, over some seconds, the module is not done.
IN_VAIN = 3
#: The most bytes that may come with the answers: URCs, answers to earlier questions.
HELD_LIMIT = 4_096
#: The most bytes of an answer whose OK noise has destroyed.
NOISE_LIMIT = 10

#: Lines, the last perhaps incomplete. No line is empty: there would be 2**n ways to
#: divide n line ends.
_ANSWERS = re.compile(rb"[^\r\n]{0,200}(?:[\r\n]+[^\r\n]{1,200})*[\r\n]*")


#: The response no longer uses the line.
OVER = frozenset({ResponseState.OVER, ResponseState.LOST})
#: No more bytes will come for the reader.
COMPLETE = frozenset({ResponseState.WHOLE, ResponseState.OVER, ResponseState.LOST})


class Receiver:
    """Takes one response from the link, from CONNECT of AT+QHTTPREAD to its trailer.

    :param link: the link that it comes from.
    :param framing: finds its end.
    :param clock: the clock.
    :param on_end: called when it no longer uses the line, or is lost.
    """

    def __init__(
        self, link: Link, framing: Framing, clock: Clock, on_end: Callable[[], None]
    ) -> None:
        self.framing = framing
        self.state = ResponseState.READING
        #: The error that its reader gets in place of missing bytes.
        self.failure: BG96Error | None = None
        #: The time of the last bytes, or of the end.
        self.last_came = clock.now()
        self._link = link
        self._clock = clock
        self._on_end = on_end
        #: The questions so far; the module may answer any of them late.
        self._questions: list[Question] = []
        #: The bytes since then, which may be answers.
        self._held = b""
        self._doubt: Deadline | None = None
        self._overdue: Deadline | None = None
        #: What the withheld bytes could be so far.
        self._trailer = Trailer.NONE

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state.value}, {self.framing}>"

    @property
    def over(self) -> bool:
        """Whether it no longer uses the line: it is over, or lost."""
        return self.state in OVER

    @property
    def complete(self) -> bool:
        """Whether no more bytes will come for the reader."""
        return self.state in COMPLETE

    def take(self, size: int) -> bytes:
        """Return up to `size` bytes for the reader.

        The last byte waits until the trailer shows that no byte is missing. A reader
        that knows the length would not return to get the error.
        """
        kept = 1 if self.state is ResponseState.ENDED else 0
        return self.framing.take(size, kept)

    def step(
        self, deadline: Deadline, given_up: Callable[[], bool] | None = None
    ) -> bool:
        """Receive more; return whether bytes or the end came.

        :param given_up: tells whether its reader no longer waits.
        """
        try:
            came = self._receive(deadline, given_up)
        except BaseException as error:
            self.failed(error)
            came = True
        if came:
            self.last_came = self._clock.now()
        return came

    def drain(self, deadline: Deadline) -> None:
        """Read and drop the rest, while that takes less time than leaving data mode."""
        link, until = self._link, deadline.within(times.TRAILER)
        drain = Drain(self._clock, link.port.baudrate, by_dtr=link.leaves_by_dtr)
        while not (self.over or until.over or drain.is_vain(self.framing.remaining)):
            self.step(until, lambda: drain.is_vain(self.framing.remaining))
            self.framing.take(self.framing.available)

    def receive_pending(self) -> None:
        """Take the bytes that have already come."""
        try:
            self._take_in(self._link.read_payload(Deadline(self._clock, 0.0)))
        except BaseException as error:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """End the response with `error`: keep ours for the reader, raise any other."""
        if isinstance(error, StreamEnded):
            self._go(ResponseState.BROKEN_OFF)
        elif isinstance(error, BG96Error):
            self.fail(error)
        else:
            self.fail(TransferError("reading was interrupted"))
            raise error

    def fail(self, failure: BG96Error) -> None:
        """Lose the response, unless it is over; its reader gets `failure`."""
        failure.reached(Phase.READ)
        self.failure = failure
        if self.framing.finished:
            self.framing.take(self.framing.available)
        self.lose()

    def lose(self) -> None:
        """Lose the response, unless it is over."""
        if not self.over:
            self._end(ResponseState.LOST)

    def _go(self, state: ResponseState) -> None:
        if state not in TRANSITIONS[self.state]:
            raise RuntimeError(f"a response cannot be {state} that is {self.state}")
        self.state = state

    def _end(self, state: ResponseState) -> None:
        self._go(state)
        if state is ResponseState.LOST:
            self._link.give_up()
        if self._link.recording is not None:
            self._link.recording.end(self.failure)
        # From here on, another response may use the line.
        self._on_end()

    def _receive(self, deadline: Deadline, given_up: Callable[[], bool] | None) -> bool:
        expected = self.framing.remaining or 0
        data = self._link.read_payload(self._patience(deadline), given_up, expected)
        self._take_in(data)
        if self.state not in OVER and (not data or self._is_overdue()):
            self._look_into()
            self._update()
        return bool(data) or self.state in OVER

    def _is_overdue(self) -> bool:
        """Return whether lines have followed a trailer for as long as a silence takes.

        A module that sends URCs all the time is never silent.
        """
        if self._trailer is not Trailer.FULL:
            self._overdue = None
        elif self._overdue is None:
            seconds = times.ASK_AGAIN * len(self._questions) or times.TRAILER_GAP
            self._overdue = Deadline(self._clock, seconds)
        return self._overdue is not None and self._overdue.over

    def _patience(self, deadline: Deadline) -> Deadline:
        """Return the deadline until which a silence means nothing."""
        if self._doubt is not None:
            deadline = deadline.within(self._doubt.left())
        if self._held:
            return deadline.within(times.ANSWER_SILENCE)
        if self._questions and self._trailer in UNSETTLED:
            return deadline.within(times.ASK_AGAIN * len(self._questions))
        if self._trailer is Trailer.LINE_END and self._link.port.has_pauses:
            return deadline.within(times.NETWORK_LINE_END)
        if self.framing.finished and self._trailer is not Trailer.FULL:
            return deadline.within(times.TRAILER)
        seconds = SILENCE.get(self._trailer)
        return deadline if seconds is None else deadline.within(seconds)

    def _take_in(self, data: bytes) -> None:
        """Take bytes; after a question they may be an answer to it."""
        if self._questions and data and self._trailer in UNSETTLED:
            self._held += data
            if not _ANSWERS.fullmatch(self._held) or len(self._held) > HELD_LIMIT:
                self._take_for_payload()
        else:
            self.framing.receive_data(data)
        if self._doubt is not None or self.framing.in_doubt:
            self._settle_doubt()
        self._update()
        if self.state is ResponseState.READING:
            return
        if self._trailer is Trailer.WRONG:
            raise TransferError(MISPLACED)
        if not self._questions and self.framing.certain:
            self._finish(*self.framing.take_trailer(), whole=True, answered=True)

    def _update(self) -> None:
        """Update the state from the framing."""
        self._trailer = self.framing.trailer
        if self.framing.finished and self.state is ResponseState.READING:
            bodyless = self.framing.bodyless
            self._go(ResponseState.WHOLE if bodyless else ResponseState.ENDED)

    def _settle_doubt(self) -> None:
        if not self.framing.in_doubt:
            self._doubt = None
        elif self._doubt is None:
            self._doubt = Deadline(self._clock, times.CHUNKS_DOUBTED)
        elif self._doubt.over:
            self.framing.decide()
            self._doubt = None

    def _look_into(self) -> None:
        """Decide what the withheld bytes are, after a silence."""
        trailer = self._trailer
        if trailer is Trailer.FULL:
            self._ask()
        elif self.framing.finished:
            # The module is late, not the body.
            if self.state is ResponseState.ENDED:
                self._go(ResponseState.WHOLE)
        elif trailer is Trailer.BEGUN:
            self._ask()
        elif trailer is Trailer.LINE_END:
            self.framing.release()

    def _ask(self) -> None:
        """Ask the module whether it is done; only the module can answer.

        The bytes after that may be the answers, or more of the body while the question
        is on its way. Only the module's echo tells.
        """
        question = self._link.question()
        self._questions.append(question)
        self._overdue = None
        limit = Deadline(self._clock, times.ANSWERS)
        old = len(self._held)
        self._link.ask_amid_payload(question.invitation)
        if self._hear(lambda: bool(ACCEPTED.search(self._held, old)), limit):
            # The OK may be the trailer's, whose other half comes a moment later.
            self._hear(lambda: False, limit.within(times.TRAILER_GAP))
            self._link.ask_amid_payload(question.line)
            self._hear(lambda: self._answer() is not None, limit)
        if (answer := self._answer()) is not None:
            self._conclude(*answer)
        elif not ACCEPTED.search(self._held) and len(self._held) > NOISE_LIMIT:
            self._take_for_payload()
        elif not self._held and len(self._questions) >= IN_VAIN:
            self.framing.fill()

    def _hear(self, done: Callable[[], bool], limit: Deadline) -> bool:
        until = limit.within(times.ANSWER)
        while not done():
            data = self._link.read_payload(until)
            self._held += data
            if not data or len(self._held) > HELD_LIMIT:
                return False
            until = limit.within(times.ANSWER_SILENCE)
        return True

    def _answer(self) -> tuple[bytes, bytes] | None:
        """Return the bytes before and after the echo of a question."""
        for question in self._questions:
            if answer := question.split(self._held):
                return answer
        return None

    def _take_for_payload(self) -> None:
        held, self._held = self._held, b""
        self.framing.receive_data(held)

    def _conclude(self, before: bytes, behind: bytes) -> None:
        """End the response, after the module has proved that it is in command mode."""
        answer = len(self._held) - len(before)
        answered = self._link.hear_answer(behind)
        whole = self.framing.finished
        err, trailer, lines = self.framing.conclude(before)
        self._link.discount(answer)
        self._finish(err, trailer + lines, whole=whole, answered=answered)

    def _finish(self, err: int, lines: bytes, *, whole: bool, answered: bool) -> None:
        self._link.end_payload(lines)
        if err and not whole:
            self.failure = ModuleError(err, "AT+QHTTPREAD", phase=Phase.READ)
        self._end(ResponseState.OVER if answered else ResponseState.LOST)
