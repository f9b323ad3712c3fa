"""The module's end of its serial port: bytes in and out, and their format."""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Callable, Iterator, Sequence

from .line_feeds import LineFeeds
from .results import FINAL_NUMBERS, cme_text
from .scheduler import NEVER, NOW
from .settings import FACTORY_REGISTERS, Profile
from .switches import Switches

__all__ = ("INPUT_LIMIT", "Input", "OUTPUT_LIMIT", "Terminal")

#: The number of line ends before the prompt, and the prompt, by ``send_prompt``.
PROMPTS = {"blank": (1, b"> "), "plain": (1, b">"), "no_line_end": (0, b"> ")}

#: The bytes that the module keeps until it reads them; further ones are lost. No
#: manual has a limit; this one only limits the memory.
INPUT_LIMIT = 1 << 16

#: The bytes of payload that wait for the line before the network has to wait. It is
#: smaller than most bodies, and larger than a packet.
OUTPUT_LIMIT = 2048

#: The first character that is no control character.
FIRST_TEXT = 0x20
_TEXT = re.compile(rb"[^\x00-\x1f]*")

#: The seconds that RI is on for one URC (Hardware Design 3.14).
RING_TIME = 0.12


class Input:
    """The bytes of the host that the module has not read, with their times."""

    def __init__(self) -> None:
        self._segments: collections.deque[tuple[float, memoryview]] = (
            collections.deque()
        )
        self.size = 0
        self.last = NOW

    def __bool__(self) -> bool:
        return bool(self._segments)

    def add(self, data: bytes, now: float) -> None:
        """Append bytes that came at one time, if there is room."""
        data = data[: INPUT_LIMIT - self.size]
        if data:
            self._segments.append((now, memoryview(data)))
            self.size += len(data)

    def when(self) -> float:
        """Return NOW if there are bytes, or NEVER."""
        return NOW if self._segments else NEVER

    @property
    def first(self) -> int:
        """The next byte; there must be one."""
        return self._segments[0][1][0]

    def take(self, limit: int) -> tuple[float, bytes]:
        """Return at most `limit` bytes that came together, after their time."""
        self.last, data = self._segments.popleft()
        if len(data) > limit:
            self._segments.appendleft((self.last, data[limit:]))
            data = data[:limit]
        self.size -= len(data)
        return self.last, bytes(data)

    def take_text(self, limit: int) -> bytes:
        """Return the next bytes, at most `limit`, before a control character."""
        first = self._segments[0][1][:limit]
        found = _TEXT.match(first)
        return self.take(found.end())[1] if found and found.end() else b""

    def clear(self) -> None:
        """Discard all bytes."""
        self._segments.clear()
        self.size = 0


class Terminal:
    """Formats the module's lines, and holds URCs while they cannot be sent.

    In all methods, `before` and `after` are the numbers of line ends before and after a
    line. Only a faulty firmware has more or fewer than one.

    :param now: returns the time.
    :param switches: the firmware.
    """

    def __init__(self, now: Callable[[], float], switches: Switches) -> None:
        self._now = now
        self._switches = switches
        self._output = bytearray()
        self._held: list[tuple[bytes, int, int]] = []
        self._busy = False
        self._after_drain: Callable[[], None] | None = None
        self.input = Input()
        self.line_feeds = LineFeeds()
        self.reset(Profile(), 1)

    def reset(self, profile: Profile, cmee: int) -> None:
        """Start again: with a profile, the factory's registers and empty buffers."""
        self.profile = profile
        self.registers = dict(FACTORY_REGISTERS)
        self.cmee = cmee
        self.data_mode = False
        self.dtr_dropped = False
        self.ring_until = NOW
        self._busy = False
        self._between = False
        self._held.clear()
        self.input.clear()

    # Calls of the line.

    @property
    def pending(self) -> int:
        """The number of bytes for the line."""
        return len(self._output)

    def take(self, limit: int) -> bytes:
        """Return at most `limit` bytes for the line."""
        data = bytes(self._output[:limit])
        del self._output[:limit]
        self._drained()
        return data

    def after_drain(self, action: Callable[[], None]) -> None:
        """Run an action once all bytes so far have left."""
        self._after_drain = action

    def discard(self) -> None:
        """Discard the bytes that have not left."""
        self._output.clear()
        self._after_drain = None

    def room(self) -> float:
        """Return NOW if there is room for payload, or NEVER."""
        return NOW if len(self._output) < OUTPUT_LIMIT else NEVER

    def listens(self) -> float:
        """Return NOW if a byte came and there is room for an answer, or NEVER."""
        return NOW if self.input.size and len(self._output) < OUTPUT_LIMIT else NEVER

    @property
    def space(self) -> int:
        """The number of bytes for which there is room."""
        return OUTPUT_LIMIT - len(self._output)

    def _drained(self) -> None:
        if not self._output and self._after_drain:
            action, self._after_drain = self._after_drain, None
            action()

    def claims_next(self, *, late: bool = False) -> bool:
        """Return whether the next byte is the line feed of the command line before."""
        is_line_feed = self.input.first == self.registers[4]
        return self.line_feeds.claims(is_line_feed, late=late)

    # Lines of the module.

    def raw(self, data: bytes) -> None:
        """Send bytes unchanged."""
        self._output += data

    def echo(self, data: bytes) -> None:
        """Repeat the host's bytes, if echo is on."""
        if self.profile.echo or not self._switches.echo_off:
            self._output += data

    def information(self, lines: Sequence[str]) -> None:
        """Send the information text of one command."""
        if lines:
            self._output += self._block(*(line.encode("latin-1") for line in lines))

    def final(self, name: str, before: int = 1, after: int = 1) -> None:
        """Send a result code, as text or number (AT manual 2.15)."""
        if self.profile.quiet:
            return
        if self.profile.verbose:
            self._output += self._block(name.encode(), before=before, after=after)
        else:
            self._output += b"%d" % FINAL_NUMBERS[name] + self.line_end[:1]

    def error(self, code: int | None) -> None:
        """Send the error of a command, in the format of AT+CMEE (AT manual 2.23)."""
        if code is None or self.cmee == 0:
            self.final("ERROR")
        elif not self.profile.quiet:
            reason = cme_text(code) if self.cmee == 2 else str(code)
            self._output += self._block(b"+CME ERROR: " + reason.encode())

    def connect(self, length: int | None = None) -> None:
        """Send CONNECT; QFREAD adds a length (FILE manual 2.7)."""
        if length is None:
            self.final("CONNECT")
        elif not self.profile.quiet:
            self._output += self._block(b"CONNECT %d" % length)

    def measured(self, line: str, data: bytes, *, joint: bool = False) -> None:
        """Send a line, which tells the number of bytes, and the bytes.

        :param joint: whether a comma separates them, and not a line end.
        """
        whole = self._block(line.encode(), after=0 if joint else 1)
        self._output += whole + b"," * joint + data

    # Unsolicited result codes.

    def urc(self, line: bytes, before: int = 1, after: int = 1) -> None:
        """Send a URC as soon as no command and no payload prevents it."""
        if self._hindered:
            if not self.data_mode or self._switches.urc_in_data == "held":
                self._held.append((line, before, after))
        else:
            self.announce(line, before, after)

    def fleeting_urc(self, line: bytes) -> None:
        """Send a URC now; if that is not possible, it is lost."""
        if not self._hindered and self.room() == NOW:
            self.announce(line)

    def free(self) -> float:
        """Return NOW if data can be pushed, or NEVER."""
        return NEVER if self._hindered else self.room()

    def push(self, line: str, data: bytes, *, joint: bool = False) -> None:
        """Send a URC, which tells the number of bytes, and the bytes."""
        self.measured(line, data, joint=joint)
        self.ring_until = self._now() + RING_TIME

    @property
    def _hindered(self) -> bool:
        return (self._busy or self.data_mode) and not self._between

    def release_urcs(self) -> None:
        """Send the held URCs."""
        held, self._held = self._held, []
        for line, before, after in held:
            self.announce(line, before, after)

    @contextlib.contextmanager
    def command(self) -> Iterator[None]:
        """Hold URCs during a command: they never come inside its answer."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        self.release_urcs()
        # With ATQ1, there may be nothing that leaves.
        self._drained()

    @contextlib.contextmanager
    def data(self, urcs: bool = False) -> Iterator[None]:
        """Be in data mode, with DCD on.

        :param urcs: whether URCs may come between two packets.
        """
        self.data_mode = True
        self._between = urcs
        self.dtr_dropped = False
        try:
            yield
        finally:
            self.data_mode = False
            self._between = False

    @contextlib.contextmanager
    def prompt(self) -> Iterator[None]:
        """Send the prompt; the module stays in command mode."""
        before, text = PROMPTS[self._switches.send_prompt]
        self._output += self.line_end * before + text
        self._between = self._switches.urc_at_prompt == "between"
        if self._between:
            self.release_urcs()
        try:
            yield
        finally:
            self._between = False

    def announce(self, line: bytes, before: int = 1, after: int = 1) -> None:
        """Send a URC at once, even during a command or in data mode."""
        self._output += self._block(line, before=before, after=after)
        self.ring_until = self._now() + RING_TIME

    @property
    def line_end(self) -> bytes:
        """The line end (AT manual 2.18, 2.19)."""
        end = bytes((self.registers[3], self.registers[4]))
        return end[1:] if self._switches.line_end == "lf" else end

    def _block(self, *lines: bytes, before: int = 1, after: int = 1) -> bytes:
        end = self.line_end
        start = end * before if self.profile.verbose else b""
        return start + end.join(lines) + end * after
