"""A response that is being read from the module.

There are three readers: the caller of requests; another thread, whose request needs the
line, and which spools the rest; and, on a line without flow control, a thread that
spools while the caller is away. They take turns, one piece at a time.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable

from ..at.link import Link
from ..base import times
from ..base.turns import OCCUPIED, Turn, Turns
from ..clock import Clock, Deadline
from ..errors import BG96Error, NoAnswer, Phase, StreamEnded
from .descriptor import Descriptor
from .framing import Framing
from .receiver import COMPLETE, Receiver, ResponseState
from .spool import Spool

__all__ = ("LiveResponse",)

#: The error of a stream that was ended on this side.
ENDED = (
    "this program has ended the stream before its end, by closing it or shutting it "
    "down"
)


class Reader(enum.Enum):
    """Whether somebody will read the rest."""

    THERE = "there"
    #: The stream was shut down, but is not closed yet.
    GONE = "gone"
    CLOSED = "closed"


class LiveResponse:
    """One response, from CONNECT of AT+QHTTPREAD to its trailer.

    :param link: the link that it comes from.
    :param framing: finds its end.
    :param read_seconds: the longest silence before the reader gets `NoAnswer`.
    :param clock: the clock.
    :param on_end: called with the response when it no longer uses the line, or is lost.
        The reader calls it, and may not have the modem's turn.
    """

    def __init__(
        self,
        link: Link,
        framing: Framing,
        read_seconds: float,
        clock: Clock,
        on_end: Callable[[LiveResponse], None],
    ) -> None:
        self._receiver = Receiver(link, framing, clock, lambda: on_end(self))
        self._link = link
        self._read_seconds = read_seconds
        self._clock = clock
        self._turns = Turns()
        self._reader = Reader.THERE
        self._descriptor = Descriptor()
        self._spool = Spool()
        self._last_read = clock.now()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._receiver.state.value}>"

    @property
    def state(self) -> ResponseState:
        """The state of the response."""
        return self._receiver.state

    @property
    def complete(self) -> bool:
        """Whether no more bytes will come for the reader."""
        return self._receiver.complete

    @property
    def lost(self) -> bool:
        """Whether it was left before its end."""
        return self.state is ResponseState.LOST

    @property
    def closed(self) -> bool:
        """Whether its reader has closed it."""
        return self._reader is Reader.CLOSED

    @property
    def abandoned(self) -> bool:
        """Whether nobody will read the rest."""
        return self._reader is not Reader.THERE or self._descriptor.shut_down

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes as soon as there are any; b"" at the end.

        :raises StreamEnded: if it is `abandoned`, and all kept bytes are read.
        :raises NoAnswer: after `read_seconds` of silence.
        :raises TransferError: if the bytes cannot be right.
        :raises ModuleError: if the module gave up.
        :raises PortError: in another process than the one that made the request.
        """
        self._link.port.check_process()
        turn = self._take_turn(threading.TIMEOUT_MAX)
        try:
            until: Deadline | None = None
            receiver = self._receiver
            while not (data := self._take(size)) and receiver.state not in COMPLETE:
                if self.abandoned:
                    raise self._receiver.failure or StreamEnded(ENDED, phase=Phase.READ)
                until = until or Deadline(self._clock, self._read_seconds)
                if self._receiver.step(until, self._is_abandoned):
                    until = None
                elif until.over:
                    self._receiver.fail(self._silence())
            self._last_read = self._clock.now()
            if not data and self._receiver.failure:
                raise self._receiver.failure
            return data
        finally:
            self._turns.give(turn)

    def spool(self, deadline: Deadline) -> None:
        """Read the rest for a late reader, to free the line.

        The reader gets a turn after each piece. A failure of the response is kept for
        the reader.

        :raises NoAnswer: if the end does not come by the deadline.
        """
        started = self._clock.now()
        while not (self.complete or self.abandoned):
            turn = self._take_turn(deadline.left())
            try:
                self._spool_piece(started, deadline)
            finally:
                self._turns.give(turn)
        if not self._receiver.over:
            self.discard(deadline)

    def discard(self, deadline: Deadline) -> None:
        """Discard the rest: read it if that takes less time than leaving data mode.

        Otherwise the exchange is `lost`, and the module is still in data mode.
        """
        turn = self._take_turn(deadline.left())
        try:
            if self.state is not ResponseState.BROKEN_OFF:
                self._receiver.drain(deadline)
            self._receiver.lose()
        finally:
            self._turns.give(turn)

    def shutdown(self) -> None:
        """Stop the reading in all threads; do not wait for them."""
        if self._reader is Reader.THERE:
            self._reader = Reader.GONE

    def fileno(self) -> int:
        """Return a file descriptor that can only shut down the stream.

        :raises OSError: if the stream is closed.
        """
        return self._descriptor.fileno()

    def close(self) -> None:
        """Stop the reading; the reader will not come back."""
        self._reader = Reader.CLOSED
        self._descriptor.close()

    def cut_off(self, failure: BG96Error, deadline: Deadline) -> None:
        """End the response before the port is closed; its reader gets `failure`.

        :raises NoAnswer: if another thread uses it until the deadline.
        """
        failure.reached(Phase.READ)
        self._receiver.failure = failure
        self.shutdown()
        turn = self._take_turn(deadline.left())
        try:
            self._receiver.lose()
        finally:
            self._turns.give(turn)

    def start_background_read(self) -> None:
        """Without flow control, read in the background while the reader is away.

        This ends with the response.
        """
        if not (self._receiver.framing.finished or self._link.port.rtscts):
            name = f"requests-bg96 reads {self._link.port.url}"
            self._clock.repeat(self._read_for_absent, times.ABSENCE, name)

    def _read_for_absent(self) -> bool:
        """Spool the bytes that wait on the line; return whether to call this again."""
        # Another thread is reading now.
        turn = self._turns.take(0)
        if turn is None:
            return True
        try:
            if self._is_done():
                return False
            if self._clock.now() - self._last_read >= times.ABSENCE:
                self._receiver.receive_pending()
                self._spool_available()
            return not self._is_done()
        finally:
            self._turns.give(turn)

    def _is_done(self) -> bool:
        receiver = self._receiver
        return receiver.complete or receiver.framing.finished or self.abandoned

    def _take_turn(self, seconds: float) -> Turn:
        """Wait for exclusive use of the response, in the order of arrival.

        :raises NoAnswer: if that takes more than `seconds`.
        :raises ReentryError: if this thread would wait for itself.
        """
        turn = self._turns.take(seconds)
        if turn is None:
            raise NoAnswer(OCCUPIED)
        return turn

    def _spool_piece(self, started: float, deadline: Deadline) -> None:
        # Another thread may have received bytes since.
        silence = self._clock.now() - max(started, self._receiver.last_came)
        until = deadline.within(self._read_seconds - silence)
        came = self.complete or self._receiver.step(until, self._is_abandoned)
        if not came and until.over and not deadline.over:
            self._receiver.fail(self._silence())
        self._spool_available()
        # A fast server may always have more to read.
        if deadline.over and not self.complete:
            raise NoAnswer(OCCUPIED)

    def _silence(self) -> NoAnswer:
        return NoAnswer(
            f"no data for {self._read_seconds} s{self._receiver.framing.odd_end}"
        )

    def _take(self, size: int) -> bytes:
        if self._spool.size:
            return self._spool.take(size)
        return self._receiver.take(size)

    def _spool_available(self) -> None:
        if not self.abandoned:
            data = self._receiver.take(self._receiver.framing.available)
            try:
                self._spool.put(data)
            except BaseException as error:
                self._receiver.failed(error)

    def _is_abandoned(self) -> bool:
        return self.abandoned
