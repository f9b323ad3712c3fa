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

from .clock import Clock, Deadline, SystemClock
from .errors import BG96Error, ModuleError, NoAnswer, Phase, TransferError
from .framing import Framing, Trailer
from .link import Link
from .spool import Spool
from .turns import Turns

__all__ = ("Exchange",)

#: Seconds of silence after which the bytes withheld are looked into. The two halves of
#: a trailer come some 5 ms apart on hardware; a line by network may add its own pauses.
SILENCE = {Trailer.BEGUN: 0.25, Trailer.CHUNKS: 0.25, Trailer.FULL: 0.03}
#: Seconds between two questions whether the module is done.
ASK_AGAIN = 1.0
#: Seconds that the module has for the answer, and for more payload instead of one.
ANSWER_SECONDS = 0.5
ANSWER_SILENCE = 0.05
#: Seconds for both: what goes on for longer is no answer.
ANSWER_LIMIT = 1.0
#: Seconds for the trailer behind a body that is whole.
TRAILER_SECONDS = 2.0
#: Seconds for which reading on is better than leaving data mode, which takes two.
DRAIN_SECONDS = 1.5
#: Seconds that a caller may be away before the line is read for them. At 921,600 baud
#: they fill half of the 4,096 bytes that a Linux tty keeps.
ABSENCE = 0.02
#: What is wrong where a response keeps the modem for too long.
BUSY = "the modem is busy with another response, which goes on"

#: The answers to up to so many questions.
_ANSWERS = rb"(?:(?:AT\r+)?\r\nOK\r\n){1,%d}\Z"
#: The most bytes that one has; what was heard before it may be long.
_ANSWER_SIZE = 64


class Exchange:
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
        on_end: Callable[[Exchange], None],
    ) -> None:
        self.framing = framing
        #: Whether the line is rid of this response.
        self.over = False
        #: Whether it was left in the midst of it, and the module must be called back.
        self.lost = False
        #: Whether nobody will read the rest.
        self.abandoned = False
        self._link = link
        self._read_seconds = read_seconds
        self._clock = clock
        self._on_end = on_end
        self._turns = Turns()
        self._at_work: int | None = None
        self._spool = Spool()
        self._failure: BG96Error | None = None
        self._confirmed = False
        self._questions = 0
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

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes as soon as there are any; b"" at the end.

        :raises NoAnswer: after `read_seconds` of silence.
        :raises TransferError: where what came cannot be right.
        :raises ModuleError: where the module gave up.
        :raises PortError: in another process than that which made the request.
        """
        self._link.port.check_process()
        with self._piece(threading.TIMEOUT_MAX):
            until = Deadline(self._clock, self._read_seconds)
            while not (data := self._take(size)) and not self.complete:
                if self._step(until):
                    until = Deadline(self._clock, self._read_seconds)
                elif until.over:
                    self._fail(NoAnswer(f"no data for {self._read_seconds} s"))
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
            until = deadline.within(TRAILER_SECONDS)
            if left is not None and left * 10 / rate <= DRAIN_SECONDS:
                while not (self.over or until.over):
                    self._step(until)
                    self.framing.take(self.framing.available)
            if not self.over:
                self._end(lost=True)

    def close(self) -> None:
        """Stop reading for good."""
        self._done.set()
        self.abandoned = True

    def keep_up(self) -> None:
        """Let nothing be lost on a line that nothing holds back.

        A thread reads while the reader is away, and ends with the response.
        """
        done = self.complete or self.framing.finished
        if not done and isinstance(self._clock, SystemClock):
            name = f"requests-bg96 reads {self._link.port.url}"
            threading.Thread(target=self._keep_up, name=name, daemon=True).start()

    def _keep_up(self) -> None:
        while not self._done.wait(ABSENCE):
            with self._piece(threading.TIMEOUT_MAX):
                if self._clock.now() - self._last_read < ABSENCE:
                    continue
                if self.complete or self.framing.finished:
                    return
                with self._failing():
                    self._receive_pending()
                self._put_aside()

    @contextmanager
    def _piece(self, seconds: float) -> Iterator[None]:
        """Have the response to oneself, those who wait for it one after the other.

        :raises NoAnswer: where that takes more than `seconds`; at once where it takes
            for ever: the garbage collector may close it in the thread that reads it.
        """
        own = self._at_work == threading.get_ident()
        turn = self._turns.take(0 if own else seconds)
        if turn is None:
            raise NoAnswer(BUSY)
        try:
            self._at_work = threading.get_ident()
            yield
        finally:
            self._at_work = None
            self._turns.give(turn)

    def _spool_piece(self, started: float, deadline: Deadline) -> None:
        # Whoever had the last turn may have heard something since.
        silence = self._clock.now() - max(started, self._last_came)
        until = deadline.within(self._read_seconds - silence)
        came = self.complete or self._step(until)
        if not came and until.over and not deadline.over:
            self._fail(NoAnswer(f"no data for {self._read_seconds} s"))
        self._put_aside()
        # There may always be something to read.
        if deadline.over and not self.complete:
            raise NoAnswer(BUSY)

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
            self._spool.put(self.framing.take(self._deliverable))

    def _step(self, deadline: Deadline) -> bool:
        """Get on with it; return whether bytes came, or the end."""
        came = True
        with self._failing():
            step = self._confirm if self.framing.finished else self._receive
            came = step(deadline)
        if came:
            self._last_came = self._clock.now()
        return came

    def _receive_pending(self) -> None:
        self.framing.receive_data(self._link.read_payload(Deadline(self._clock, 0.0)))

    def _receive(self, deadline: Deadline) -> bool:
        trailer = self.framing.trailer
        silence = SILENCE.get(trailer, deadline.left())
        if self._questions:
            silence = ASK_AGAIN
        data = self._link.read_payload(deadline.within(silence))
        if data and self._questions:
            self._hear(data)
        elif data:
            self.framing.receive_data(data)
        elif trailer is Trailer.FULL:
            return self._ask()
        elif trailer in (Trailer.BEGUN, Trailer.CHUNKS):
            self.framing.release()
        return bool(data)

    def _ask(self) -> bool:
        """Ask the module, which answers in command mode only, whether it is done."""
        self._questions += 1
        self._link.send_line(b"AT\r")
        return self._hear(b"")

    def _hear(self, heard: bytes) -> bool:
        """Tell the answer, which may be late, from more of the body.

        The body may have gone on, and ended, while the question was on its way.
        """
        answers = re.compile(_ANSWERS % self._questions)
        size = _ANSWER_SIZE * self._questions
        match = answers.search(heard, max(0, len(heard) - size))
        until = Deadline(self._clock, ANSWER_SILENCE if match else ANSWER_SECONDS)
        limit = Deadline(self._clock, ANSWER_LIMIT)
        while data := self._link.read_payload(until):
            heard += data
            if limit.over:
                match = None
                break
            if match := answers.search(heard, max(0, len(heard) - size)):
                until = Deadline(self._clock, ANSWER_SILENCE)
        end = match.start() if match else len(heard)
        self.framing.receive_data(heard[:end])
        if match and self.framing.trailer is Trailer.FULL:
            self._link.discount(len(heard) - end)
            self._take_trailer()
        else:
            self.framing.receive_data(heard[end:])
            self._questions = 0 if heard else self._questions
        return bool(heard)

    def _confirm(self, deadline: Deadline) -> bool:
        """Look behind a body that is whole; return whether the trailer came."""
        until = deadline.within(TRAILER_SECONDS)
        self._confirmed = self.framing.bodyless or self._confirmed
        while (trailer := self.framing.trailer) is not Trailer.FULL:
            if trailer is Trailer.WRONG:
                raise TransferError(
                    "the response does not end where its length says, so bytes of it "
                    "are missing or too many"
                )
            data = self._link.read_payload(until)
            if not data:
                # It is the module that is late, not the body.
                self._confirmed = True
                return False
            self.framing.receive_data(data)
        self._confirmed = True
        self._take_trailer()
        return True

    def _take_trailer(self) -> None:
        whole = self.framing.finished
        err, trailer = self.framing.take_trailer()
        self._link.end_payload(trailer)
        if err and not whole:
            self._failure = ModuleError(err, "AT+QHTTPREAD", phase=Phase.READ)
        # From here on the line is another's.
        self._end(lost=False)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Let every exception end the response, and keep ours for the reader."""
        try:
            yield
        except BG96Error as error:
            self._fail(error)
        except BaseException:
            self._fail(TransferError("reading was interrupted"))
            raise

    def _fail(self, failure: BG96Error) -> None:
        failure.phase = Phase.READ
        self._failure = failure
        if self.framing.finished:
            self.framing.take(self.framing.available)
        self._end(lost=True)

    def _end(self, *, lost: bool) -> None:
        self._confirmed = True
        self.over, self.lost = True, lost
        self._done.set()
        self._on_end(self)
