"""Payload of sockets: pieces of an announced length, between lines.

The HTTP commands lead to data mode. The commands of sockets do not: the module asks for
the bytes to send with a prompt, and sends the received bytes after a line that tells
their number (TCP manual 2.1.7, 2.1.8). Payload is only ever counted. So it may look
like a URC or like a result.
"""

from __future__ import annotations

import re
from typing import Any

from ..base import times
from ..base.codes import BITS_PER_BYTE
from ..clock import Deadline
from ..errors import NoAnswer, StrayAnswer, TransferError
from .link import Link
from .port import WRITE_SIZE
from .socket_steps import MOST_SENT, Fetch, Fetched, Send
from .state import Event, State
from .steps import BARE_URCS, Ask, Command, Kind, Listen, Reply

__all__ = ("SocketLink",)

#: Completes a payload that was broken off. In command mode, a module ignores it (ITU-T
#: V.250 5.2.2).
FILLER = b"\0"
#: Ends a payload without a length, of which nothing is sent (TCP manual 2.1.7). Noise
#: may have made such a command.
CANCEL = b"\x1b"
#: How often to try the filler: once in this many attempts that the question does not
#: answer. Try to leave data mode first, because the filler would complete a request.
FILL_EVERY = 3

#: A line with fewer bytes than this counts as silent.
SETTLED_BYTES = 3

#: URCs alone have fewer bytes than this without a pause.
MOST_HINTS = 256
#: URCs of sockets, which are only hints.
_HINTS = re.compile(
    rb'(?:\r?\n\+QI(?:URC: "(?:recv|closed)",\d{1,2}|OPEN: \d{1,2},\d{1,3})\r?\n)*'
)

#: The prompt, with one byte that noise has changed or dropped. No result code is so
#: short, and none lacks its line end.
_MARRED = re.compile(rb".{1,2}|.{0,2}>.{0,2}")
#: What makes a module carry out a command: the end of a line, or of "repeat the last
#: one" (ITU-T V.250 5.2.1, 5.2.4).
_COMMANDING = re.compile(rb"\r|[Aa]/")
_TOLD = re.compile(rb"\+QIRD: *(\d{1,4})")
_COUNTERS = re.compile(rb"\+QIRD: *\d+, *\d+, *\d+")
_NAMED = re.compile(rb"\+[A-Z]+:")


class SocketLink(Link):
    """A link that also carries the payload of sockets.

    The parameters are those of `Link`.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._steps |= {Send: self._send, Fetch: self._fetch, Listen: self._listen}
        #: How many bytes had come, and were written, before the last attempt to leave
        #: data mode.
        self._moved = 0, 0
        #: The command whose payload may not be over yet; None if it certainly is.
        self._unsettled: str | None = None

    def _ask(self, step: Ask, deadline: Deadline) -> bool:
        answered = super()._ask(step, deadline)
        if answered:
            # It is not at its prompt any more.
            self.owed = b""
            self._unsettled = None
        return answered

    def _give(self, command: Command, deadline: Deadline) -> Deadline:
        if command.text != self._unsettled:
            self._settle()
        return super()._give(command, deadline)

    def _settle(self) -> None:
        """Ask the question if more than URCs follows the payload of a socket at once.

        If noise has made its announced length smaller, the rest follows, and then the
        module's OK. The server may have chosen the rest as answers to the next
        commands. While only that socket is read, they harm no other.

        :raises NoAnswer: if the module does not answer.
        """
        if self._unsettled is None:
            return
        self._unsettled = None
        heard = self._heard_until_silence()
        self._lines.receive_data(heard)
        if _HINTS.fullmatch(heard):
            while (line := self._take_line()) is not None:
                self.note(line)
        elif not self._ask(Ask(), Deadline(self._clock, 2 * times.QUESTION)):
            raise NoAnswer("more bytes came than the module had told")

    def _heard_until_silence(self) -> bytes:
        """Return what comes without a pause; if it is long, only the start of it."""
        quiet = max(times.SETTLED, SETTLED_BYTES * BITS_PER_BYTE / self.port.baudrate)
        heard, more = b"", self._lines.drain()
        while len(heard) < MOST_HINTS:
            # Not every port can wait for bytes for so short a time.
            self._clock.sleep(quiet)
            more += self.port.pending()
            if not more:
                break
            heard, more = heard + more, b""
        return heard

    def _send(self, step: Send, deadline: Deadline) -> Reply:
        payload = step.payload or b""
        until = self._give(step, deadline)
        self.owed = _completing(payload)
        lines: list[bytes] = []
        reply = self._refusal(step, lines, until)
        if reply is None:
            reply = self._at_prompt(step, payload, lines, deadline)
        if reply.connected:
            self._raise_in_data_mode()
        self.owed = b""
        self.late_answer = None
        return reply

    def _refusal(self, step: Send, lines: list[bytes], until: Deadline) -> Reply | None:
        """Return the answer that came in place of the prompt; None at the prompt."""
        while not self._prompted(step):
            if (line := self._take_line()) is not None:
                if self._ends(line, step, lines):
                    self._expect_no_prompt(step)
                    return self._ended(line, lines)
            elif data := self.port.read(until):
                self._lines.receive_data(data)
            elif _MARRED.fullmatch(self._lines.drain()):
                return None
            else:
                raise NoAnswer(f"the module did not ask for the payload of {step}")
        return None

    def _prompted(self, step: Send) -> bool:
        """Take the prompt; return whether it was next, perhaps after the echo.

        The echo ends with CR alone. Not every firmware begins the prompt with a line
        end, so there may be no line.
        """
        if self._lines.take_prompt(behind=step.line):
            self._echoed = True
            return True
        return self._lines.take_prompt()

    def _expect_no_prompt(self, step: Send) -> None:
        """Raise an error if the prompt follows the result: noise has made one of them.

        Otherwise, the next commands would be sent to the server.
        """
        until = Deadline(self._clock, times.CONTRADICTION)
        while not self._lines.take_prompt():
            self._lines.skip_line_ends()
            if self._lines.has_line or until.over:
                return
            self._lines.receive_data(self.port.read(until))
        self.state.on(Event.PROMPT)
        raise StrayAnswer(f"the module asked for the payload of {step} late")

    def _at_prompt(
        self, step: Send, payload: bytes, lines: list[bytes], deadline: Deadline
    ) -> Reply:
        """Send the payload, and return how it ended."""
        self.state.on(Event.PROMPT)
        if self._verify_echo:
            self._compare_echo()
        self.phase = step.payload_phase or self.phase
        until = deadline.within(step.payload_timeout)
        self.late_answer = step, until.when
        self.show(f"> {len(payload)} bytes")
        for start in range(0, len(payload), WRITE_SIZE):
            self._expect_no_end(step, lines)
            # How much of it the module gets is not known if this is interrupted.
            self.owed = FILLER * len(payload) + CANCEL
            self._write(payload[start : start + WRITE_SIZE], State.PROMPTED)
        self.state.on(Event.WHOLE)
        return self._end_of(step, until, lines)

    def _expect_no_end(self, step: Send, lines: list[bytes]) -> None:
        """Raise an error if the result comes before the whole payload was sent.

        Either noise has made it, or the module reads the rest as commands.
        """
        while data := self.port.pending():
            self._lines.receive_data(data)
        while (line := self._take_line()) is not None:
            if self._ends(line, step, lines):
                raise StrayAnswer(f"the module ended {step} before it had the payload")

    def _fetch(self, step: Fetch, deadline: Deadline) -> Fetched:
        until = self._give(step, deadline)
        blocks: list[bytes] = []
        counted = False
        lines: list[bytes] = []
        while line := self._next_line(until):
            whole = len(blocks) == step.reads
            if not whole and (found := _TOLD.fullmatch(line)):
                blocks.append(self._measured(step, int(found[1])))
            elif whole and step.counts and not counted and _COUNTERS.fullmatch(line):
                counted = True
            elif not _is_plausible(step, line):
                self._misread("the module's answer to AT+QIRD is not readable")
            elif self._ends(line, step, lines):
                reply = self._ended(line, lines)
                return self._fetched(step, Fetched(reply, tuple(blocks), counted))
            if until.over:
                break
        raise NoAnswer(f"the module gave no answer within {until.seconds:.1f} s")

    def _fetched(self, step: Fetch, found: Fetched) -> Fetched:
        reply = found.reply
        if reply.connected:
            self._raise_in_data_mode()
        whole = len(found.blocks) == step.reads
        if reply.ok != whole and not (whole and step.counts):
            self._misread(f"the module's answer to {step} is not whole")
        self.late_answer = None
        if step.is_joined and not whole:
            self._expect_no_more(step)
        if step.counts and not found.counted:
            # If the module answers each command of the line by itself, more may come.
            self.proved = False
        if any(found.blocks):
            self._unsettled = step.text
        return found

    def _expect_no_more(self, step: Fetch) -> None:
        """Raise an error if more than URCs follows the error in a line of commands.

        Noise has made that error then, and the bytes of the later reads are lost.
        """
        until = Deadline(self._clock, times.CONTRADICTION)
        while (line := self._next_line(until)) is not None:
            if step.kind_of(line) is not Kind.URC or not _is_plausible(step, line):
                self._misread(f"more came behind the error in the answer to {step}")
            self.note(line)
            if until.over:
                return

    def _measured(self, step: Fetch, size: int) -> bytes:
        """Return the `size` bytes that follow, and check that a line end follows."""
        if size == 0:
            return b""
        if size > step.size:
            self._misread(f"the module told {size} bytes, but {step.size} were asked")
        # From here on, a late answer cannot be told from payload.
        self.late_answer = None
        self.state.on(Event.MEASURE)
        data = self._taken(step, size)
        end = self._taken(step, len(self.line_end))
        if end != self.line_end:
            raise TransferError(
                "the bytes of a socket do not end where the module told; the line has "
                "changed, lost or added some: check its speed and its wiring"
            )
        self.state.on(Event.WHOLE)
        self._stats.bytes_down += size
        self.show(f"< {size} bytes")
        return data

    def _taken(self, step: Fetch, size: int) -> bytes:
        """Return exactly `size` bytes as they come.

        :raises NoAnswer: after `payload_timeout` of silence.
        """
        data = self._lines.take(size)
        while len(data) < size:
            piece = self.port.read(Deadline(self._clock, step.payload_timeout))
            if not piece:
                raise NoAnswer(f"{size - len(data)} bytes of a socket did not come")
            self._lines.receive_data(piece)
            data += self._lines.take(size - len(data))
        return data

    def _misread(self, text: str) -> None:
        """Raise an error: the next lines may be payload."""
        self.late_answer = None
        self.state.on(Event.DOUBT)
        raise StrayAnswer(text)

    def _listen(self, step: Listen, deadline: Deadline) -> None:
        self._settle()
        until = deadline.within(step.seconds)
        self._lines.receive_data(self.port.pending())
        while True:
            while (line := self._take_line()) is not None:
                self.note(line)
            if step.given_up() or until.over:
                return
            self._lines.receive_data(self.port.read(until, step.given_up))

    def _leave_data_mode(self, deadline: Deadline) -> None:
        """Leave data mode, or the prompt: complete the payload that it waits for.

        A payload of another program has an unknown length. So if nothing else makes the
        module answer, complete the longest. A module at its prompt sends no more than
        an echo (TCP manual 2.1.16).
        """
        came, gone = self._stats.line_bytes_down, self._stats.line_bytes_up
        before, self._moved = self._moved, (came, gone)
        silent = came - before[0] <= gone - before[1]
        others = silent and self._escapes % FILL_EVERY == FILL_EVERY - 1
        owed = self.owed or (FILLER * MOST_SENT + CANCEL if others else b"")
        self.owed = b""
        if not owed:
            super()._leave_data_mode(deadline)
            return
        self.show(f"> {len(owed)} bytes, to complete a payload")
        self._write(owed, State.LEAVING)
        # Its last byte ends the payload, and must not meet another speed.
        until = Deadline(self._clock, len(owed) * BITS_PER_BYTE / self.port.baudrate)
        while not until.over:
            self.port.read(deadline.within(until.left()))
            if deadline.over:
                raise NoAnswer("the time is too short to complete a payload")


def _completing(payload: bytes) -> bytes:
    """Return what to send if the prompt for `payload` was missed.

    This is the payload itself, unless the module could take a part of it for commands
    if it is not at its prompt.
    """
    harmless = not _COMMANDING.search(payload)
    return (payload if harmless else FILLER * len(payload)) + CANCEL


def _is_plausible(step: Fetch, line: bytes) -> bool:
    """Return whether `line` is the module's, rather than payload."""
    kind = step.kind_of(line)
    if kind is Kind.URC:
        return line in BARE_URCS or _NAMED.match(line) is not None
    return kind is not Kind.INFORMATION
