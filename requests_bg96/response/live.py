"""A response being read from the module, by whoever reads it.

The reader is the caller of requests, who reads when it pleases them; another thread,
whose request must wait for the line, and spools the rest; or, on a line that nothing
holds back, a thread that spools while the caller is away. Each has the port for one
piece at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..at.link import Link
from ..at.question import ACCEPTED, Question
from ..base import times
from ..base.turns import Turns
from ..clock import Clock, Deadline, SystemClock
from ..errors import (
    BG96Error,
    ModuleError,
    NoAnswer,
    Phase,
    ReentryError,
    StreamEnded,
    TransferError,
)
from .descriptor import Descriptor
from .framing import MISPLACED, Framing, Trailer
from .spool import Spool

__all__ = ("LiveResponse",)

#: Seconds of silence after which the bytes withheld are looked into.
SILENCE = {
    Trailer.LINE_END: times.LINE_END,
    Trailer.BEGUN: times.TRAILER_BEGUN,
    Trailer.FULL: times.TRAILER_GAP,
}
#: What only an answer of the module settles.
UNSETTLED = (Trailer.BEGUN, Trailer.FULL)
#: Questions without an answer, over some seconds: then the module is not done.
IN_VAIN = 3
#: Bytes that may come with the answers: URCs, and the answers to earlier questions.
HELD_LIMIT = 4_096
#: Bytes of an answer in which noise has hidden the OK.
NOISE_LIMIT = 10
#: What is wrong where a response keeps the modem for too long, and what to do.
BUSY = (
    "the modem is busy with another response, which goes on: one module reads one "
    "response at a time. End that one (response.close(), or response.raw.shutdown() "
    "in another thread), allow a longer connect timeout, or use a second modem"
)
#: What became of a stream that was ended on this side.
ENDED = (
    "the stream was ended by this program, which has closed it, or shut it down, "
    "before its end had come"
)

_READ = b"+QHTTPREAD:"
#: Lines, the last of which may be incomplete; or so little that noise may be in it.
_ANSWERS = re.compile(
    rb"[^\r\n]{0,200}(?:[\r\n]+[^\r\n]{0,200})*|.{,%d}" % NOISE_LIMIT,
    re.DOTALL,
)


class LiveResponse:
    """One response, from CONNECT of AT+QHTTPREAD to its trailer.

    :param link: on which the response comes.
    :param framing: which tells where it ends.
    :param read_seconds: the longest silence before the reader gets `NoAnswer`.
    :param clock: the time.
    :param on_end: called with the exchange once it is over.
    """

    def __init__(
        self,
        link: Link,
        framing: Framing,
        read_seconds: float,
        clock: Clock,
        on_end: Callable[[LiveResponse], None],
    ) -> None:
        self.framing = framing
        #: Whether the line is rid of this response.
        self.over = False
        #: Whether it was left in the midst of it, and the module must be called back.
        self.lost = False
        #: Whether its reader has closed it.
        self.closed = False
        self._link = link
        self._read_seconds = read_seconds
        self._clock = clock
        self._on_end = on_end
        self._turns = Turns()
        self._given_up = self._broken_off = False
        self._descriptor = Descriptor()
        self._spool = Spool()
        self._failure: BG96Error | None = None
        self._confirmed = False
        #: Those asked so far; the module may answer any of them late.
        self._questions: list[Question] = []
        #: What came since, which may be answers.
        self._held = b""
        self._doubt: Deadline | None = None
        self._overdue: Deadline | None = None
        self._last_came = self._last_read = clock.now()
        self._done = threading.Event()

    def __repr__(self) -> str:
        state = "lost" if self.lost else "over" if self.over else "reading"
        return f"<{type(self).__name__} {state}, {self.framing}>"

    @property
    def complete(self) -> bool:
        """Whether no more bytes will come for the reader."""
        whole = self.framing.bodyless or self._confirmed
        return self.over or (self.framing.finished and whole)

    @property
    def abandoned(self) -> bool:
        """Whether nobody will read the rest."""
        return self._given_up or self._descriptor.shut_down

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes as soon as there are any; b"" at the end.

        :raises StreamEnded: once it is `abandoned`, and all that was kept is read.
        :raises NoAnswer: after `read_seconds` of silence.
        :raises TransferError: where what came cannot be right.
        :raises ModuleError: where the module gave up.
        :raises PortError: in another process than that which made the request.
        """
        self._link.port.check_process()
        with self._piece(threading.TIMEOUT_MAX):
            until = Deadline(self._clock, self._read_seconds)
            while not (data := self._take(size)) and not self.complete:
                if self.abandoned:
                    raise self._failure or StreamEnded(ENDED, phase=Phase.READ)
                if self._step_unless_abandoned(until):
                    until = Deadline(self._clock, self._read_seconds)
                elif until.over:
                    self._fail(self._silence())
            self._last_read = self._clock.now()
            if not data and self._failure:
                raise self._failure
            return data

    def spool(self, deadline: Deadline) -> None:
        """Read the rest for a reader who comes later, to free the line.

        A reader who comes meanwhile has their turn after each piece. What goes wrong
        with the response is kept for them.

        :raises NoAnswer: where the end does not come by the deadline.
        """
        started = self._clock.now()
        while not (self.complete or self.abandoned):
            with self._piece(deadline.left()):
                self._spool_piece(started, deadline)
        if not self.over:
            self.discard(deadline)

    def discard(self, deadline: Deadline) -> None:
        """Be done with what nobody will read, having read on where little is left.

        Else the exchange is `lost`, and the module still in data mode.
        """
        with self._piece(deadline.left()):
            left = self.framing.remaining
            rate = self._link.port.baudrate
            until = deadline.within(times.TRAILER)
            little = left is not None and left * 10 / rate <= times.DRAIN
            if little and not self._broken_off:
                while not (self.over or until.over):
                    self._step(until)
                    self.framing.take(self.framing.available)
            if not self.over:
                self._end(lost=True)

    def shutdown(self) -> None:
        """Stop reading for good, in this thread and in any other; do not wait there."""
        self._given_up = True
        self._done.set()

    def fileno(self) -> int:
        """Return a file descriptor by which the stream can be shut down, and no more.

        :raises OSError: where it is closed.
        """
        return self._descriptor.fileno()

    def close(self) -> None:
        """Stop reading for good; its reader will not come back."""
        self.closed = True
        self.shutdown()
        self._descriptor.close()

    def cut_off(self, failure: BG96Error, deadline: Deadline) -> None:
        """Be over, for the port will be closed; `failure` is what its reader gets.

        :raises NoAnswer: where another thread does not let go of it by the deadline.
        """
        failure.reached(Phase.READ)
        self._failure = failure
        self.shutdown()
        with self._piece(deadline.left()):
            if not self.over:
                self._end(lost=True)

    def keep_up(self) -> None:
        """Let nothing be lost on a line that nothing holds back.

        A thread reads while the reader is away, and ends with the response.
        """
        done = self.complete or self.framing.finished
        if not done and isinstance(self._clock, SystemClock):
            name = f"requests-bg96 reads {self._link.port.url}"
            threading.Thread(target=self._keep_up, name=name, daemon=True).start()

    def _keep_up(self) -> None:
        while not self._done.wait(times.ABSENCE):
            with self._piece(threading.TIMEOUT_MAX):
                if self._clock.now() - self._last_read < times.ABSENCE:
                    continue
                if self.complete or self.framing.finished:
                    return
                with self._failing():
                    self._receive_pending()
                self._put_aside()

    @contextmanager
    def _piece(self, seconds: float) -> Iterator[None]:
        """Have the response to oneself, those who wait for it one after the other.

        :raises NoAnswer: where that takes more than `seconds`.
        :raises ReentryError: where it would take for ever: the garbage collector may
            close it in the thread that reads it, and so may what is called by that.
        """
        if self._turns.mine:
            raise ReentryError
        turn = self._turns.take(seconds)
        if turn is None:
            raise NoAnswer(BUSY)
        try:
            yield
        finally:
            self._turns.give(turn)

    def _spool_piece(self, started: float, deadline: Deadline) -> None:
        # Whoever had the last turn may have heard something since.
        silence = self._clock.now() - max(started, self._last_came)
        until = deadline.within(self._read_seconds - silence)
        came = self.complete or self._step_unless_abandoned(until)
        if not came and until.over and not deadline.over:
            self._fail(self._silence())
        self._put_aside()
        # There may always be something to read.
        if deadline.over and not self.complete:
            raise NoAnswer(BUSY)

    def _silence(self) -> NoAnswer:
        return NoAnswer(f"no data for {self._read_seconds} s{self.framing.odd_end}")

    def _take(self, size: int) -> bytes:
        if self._spool:
            return self._spool.take(size)
        return self.framing.take(min(size, self._deliverable))

    @property
    def _deliverable(self) -> int:
        """How many bytes may go to the reader.

        The last byte waits until the trailer shows that none is missing: a reader who
        knows the length would not come back to be told so.
        """
        sure = self._confirmed or self.framing.bodyless or not self.framing.finished
        return max(0, self.framing.available - (0 if sure else 1))

    def _put_aside(self) -> None:
        if not self.abandoned and self._deliverable > 0:
            with self._failing():
                self._spool.put(self.framing.take(self._deliverable))

    def _step_unless_abandoned(self, deadline: Deadline) -> bool:
        with self._link.interruptible(lambda: self.abandoned):
            return self._step(deadline)

    def _step(self, deadline: Deadline) -> bool:
        """Get on with it; return whether bytes came, or the end."""
        came = True
        with self._failing():
            came = self._receive(deadline)
        if came:
            self._last_came = self._clock.now()
        return came

    def _receive_pending(self) -> None:
        self._take_in(self._link.read_payload(Deadline(self._clock, 0.0)))

    def _receive(self, deadline: Deadline) -> bool:
        until = self._patience(deadline)
        data = self._link.read_payload(until)
        self._take_in(data)
        if not self.over and (not data or self._is_overdue()):
            self._look_into()
        return bool(data) or self.over

    def _is_overdue(self) -> bool:
        """Whether lines have followed a trailer for as long as a silence would take.

        A module that says URCs all the time is never silent.
        """
        if self.framing.trailer is not Trailer.FULL:
            self._overdue = None
        elif self._overdue is None:
            seconds = times.ASK_AGAIN * len(self._questions) or times.TRAILER_GAP
            self._overdue = Deadline(self._clock, seconds)
        return self._overdue is not None and self._overdue.over

    def _patience(self, deadline: Deadline) -> Deadline:
        """Return until when a silence says nothing."""
        if self._doubt is not None:
            deadline = deadline.within(self._doubt.left())
        if self._held:
            return deadline.within(times.ANSWER_SILENCE)
        if self._questions and self.framing.trailer in UNSETTLED:
            return deadline.within(times.ASK_AGAIN * len(self._questions))
        if self.framing.trailer is Trailer.LINE_END and self._link.port.has_pauses:
            return deadline.within(times.NETWORK_LINE_END)
        if self.framing.finished and self.framing.trailer is not Trailer.FULL:
            return deadline.within(times.TRAILER)
        return deadline.within(SILENCE.get(self.framing.trailer, deadline.left()))

    def _take_in(self, data: bytes) -> None:
        """Take bytes as they came; behind a question they may be an answer to it."""
        if self._questions and data and self.framing.trailer in UNSETTLED:
            self._held += data
            if not _ANSWERS.fullmatch(self._held) or len(self._held) > HELD_LIMIT:
                self._take_for_payload()
        else:
            self.framing.receive_data(data)
        self._settle_doubt()
        if not self.framing.finished:
            return
        if self.framing.trailer is Trailer.WRONG:
            raise TransferError(MISPLACED)
        certain = self.framing.certain and not self._questions
        if certain and self.framing.trailer is Trailer.FULL:
            self._take_trailer(*self.framing.take_trailer())

    def _settle_doubt(self) -> None:
        if not self.framing.in_doubt:
            self._doubt = None
        elif self._doubt is None:
            self._doubt = Deadline(self._clock, times.CHUNKS_DOUBTED)
        elif self._doubt.over:
            self.framing.decide()
            self._doubt = None

    def _look_into(self) -> None:
        """Settle what the bytes withheld are, after a silence."""
        trailer = self.framing.trailer
        if self._doubt is not None and self._doubt.over:
            self._settle_doubt()
        elif trailer is Trailer.FULL:
            self._ask()
        elif self.framing.finished:
            # It is the module that is late, not the body.
            self._confirmed = True
        elif trailer is Trailer.BEGUN:
            self._ask()
        elif trailer is Trailer.LINE_END:
            self.framing.release()

    def _ask(self) -> None:
        """Ask the module whether it is done, as nobody but it can answer.

        What comes meanwhile may be the answers, or more of the body with the question
        on its way. Only the module's echo tells.
        """
        question = self._link.question()
        self._questions.append(question)
        self._overdue = None
        limit = Deadline(self._clock, times.ANSWERS)
        old = len(self._held)
        self._link.ask_amid_payload(question.invitation)
        accepted = self._hear(lambda: bool(ACCEPTED.search(self._held, old)), limit)
        # The OK may be the trailer's, of which the other half comes a moment later.
        moment = limit.within(times.TRAILER_GAP)
        if accepted and not self._hear(lambda: _READ in self._held[old:], moment):
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
            if not data or limit.over or len(self._held) > HELD_LIMIT:
                return done()
            until = limit.within(times.ANSWER_SILENCE)
        return True

    def _answer(self) -> tuple[bytes, bytes] | None:
        """Return what stands before the echo of a question, and behind it."""
        for question in self._questions:
            if answer := question.split(self._held):
                return answer
        return None

    def _take_for_payload(self) -> None:
        held, self._held = self._held, b""
        self.framing.receive_data(held)

    def _conclude(self, before: bytes, behind: bytes) -> None:
        """End the response where the module has shown that it is in command mode."""
        answer, self._held = len(self._held) - len(before), b""
        answered = self._link.hear_answer(behind)
        whole = self.framing.finished
        err, trailer, lines = self.framing.conclude(before)
        self._link.discount(answer)
        self._finish(err, trailer + lines, whole=whole, answered=answered)

    def _take_trailer(self, err: int, trailer: bytes) -> None:
        self._finish(err, trailer, whole=True, answered=True)

    def _finish(self, err: int, lines: bytes, *, whole: bool, answered: bool) -> None:
        self._confirmed = True
        self._link.end_payload(lines)
        if err and not whole:
            self._failure = ModuleError(err, "AT+QHTTPREAD", phase=Phase.READ)
        # From here on the line is another's.
        self._end(lost=not answered)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Let every exception end the response, and keep ours for the reader."""
        try:
            yield
        except StreamEnded:
            # In the midst of anything: what is left cannot be told from the trailer.
            self._broken_off = True
        except BG96Error as error:
            self._fail(error)
        except BaseException:
            self._fail(TransferError("reading was interrupted"))
            raise

    def _fail(self, failure: BG96Error) -> None:
        failure.reached(Phase.READ)
        self._failure = failure
        if self.framing.finished:
            self.framing.take(self.framing.available)
        if not self.over:
            self._end(lost=True)

    def _end(self, *, lost: bool) -> None:
        self._confirmed = True
        self.over, self.lost = True, lost
        if lost:
            self._link.give_up()
        self._done.set()
        self._on_end(self)
