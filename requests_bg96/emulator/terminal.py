"""The module's side of its serial port: bytes in, bytes out, and their format."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterator, Sequence

from .line_feeds import LineFeeds
from .results import FINAL_NUMBERS, cme_text
from .scheduler import NEVER, NOW
from .settings import FACTORY_REGISTERS, Profile
from .switches import Switches

__all__ = ("INPUT_LIMIT", "Input", "OUTPUT_LIMIT", "Terminal")

#: Line ends before the prompt, and the prompt, by the switch ``send_prompt``.
PROMPTS = {"blank": (1, b"> "), "plain": (1, b">"), "no_line_end": (0, b"> ")}

#: Bytes that the module keeps while it does something else; what comes on top is lost.
#: No manual names a limit, this one only bounds memory.
INPUT_LIMIT = 1 << 16

#: Bytes of payload that wait for the line before the network is held back: small
#: against any body, large against one packet.
OUTPUT_LIMIT = 2048

#: Seconds that RI stays active for one URC (Hardware Design 3.14).
RING_TIME = 0.12


class Input:
    """What the host sent and the module has not yet looked at, with its times."""

    def __init__(self) -> None:
        self._segments: collections.deque[tuple[float, memoryview]] = (
            collections.deque()
        )
        self.size = 0
        self.last = NOW

    def __bool__(self) -> bool:
        return bool(self._segments)

    def add(self, data: bytes, now: float) -> None:
        """Append what came in at one time, as far as there is room for it."""
        data = data[: INPUT_LIMIT - self.size]
        if data:
            self._segments.append((now, memoryview(data)))
            self.size += len(data)

    def when(self) -> float:
        """Return NOW if there is something to take."""
        return NOW if self._segments else NEVER

    @property
    def first(self) -> int:
        """The byte that is next; there must be one."""
        return self._segments[0][1][0]

    def take(self, limit: int) -> tuple[float, bytes]:
        """Return at most ``limit`` bytes that came together, and their time."""
        self.last, data = self._segments.popleft()
        if len(data) > limit:
            self._segments.appendleft((self.last, data[limit:]))
            data = data[:limit]
        self.size -= len(data)
        return self.last, bytes(data)

    def clear(self) -> None:
        """Forget everything."""
        self._segments.clear()
        self.size = 0


class Terminal:
    """Formats what the module says, and holds URCs back where it must.

    Where it takes ``before`` and ``after``, those are the line ends before and behind a
    line, of which there is one each unless a firmware has a fault.

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
        """Start anew: a profile, the factory's registers, empty buffers."""
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

    # What the line takes.

    @property
    def pending(self) -> int:
        """The number of bytes that wait for the line."""
        return len(self._output)

    def take(self, limit: int) -> bytes:
        """Return at most ``limit`` bytes for the line."""
        data = bytes(self._output[:limit])
        del self._output[:limit]
        self._drained()
        return data

    def after_drain(self, action: Callable[[], None]) -> None:
        """Run an action when everything said so far has left."""
        self._after_drain = action

    def discard(self) -> None:
        """Lose everything that has not left."""
        self._output.clear()
        self._after_drain = None

    def room(self) -> float:
        """Return NOW if payload may be written."""
        return NOW if len(self._output) < OUTPUT_LIMIT else NEVER

    def listens(self) -> float:
        """Return NOW if a character came, and what it may cause to be said has room."""
        return max(self.input.when(), self.room())

    def _drained(self) -> None:
        if not self._output and self._after_drain:
            action, self._after_drain = self._after_drain, None
            action()

    def claims_next(self, *, late: bool = False) -> bool:
        """Tell whether what came next is the line feed of the command line before."""
        is_line_feed = self.input.first == self.registers[4]
        return self.line_feeds.claims(is_line_feed, late=late)

    # What the module says.

    def raw(self, data: bytes) -> None:
        """Say these bytes as they are."""
        self._output += data

    def echo(self, data: bytes) -> None:
        """Repeat what was typed, if echo is on."""
        if self.profile.echo or not self._switches.echo_off:
            self._output += data

    def information(self, lines: Sequence[str]) -> None:
        """Say the information text of one command."""
        if lines:
            self._output += self._block(*(line.encode("latin-1") for line in lines))

    def final(self, name: str, before: int = 1, after: int = 1) -> None:
        """Say a result code by its word or number (AT manual 2.15)."""
        if self.profile.quiet:
            return
        if self.profile.verbose:
            self._output += self._block(name.encode(), before=before, after=after)
        else:
            self._output += b"%d" % FINAL_NUMBERS[name] + self.line_end[:1]

    def error(self, code: int | None) -> None:
        """Say that a command failed, as AT+CMEE wants it (AT manual 2.23)."""
        if code is None or self.cmee == 0:
            self.final("ERROR")
        elif not self.profile.quiet:
            reason = cme_text(code) if self.cmee == 2 else str(code)
            self._output += self._block(b"+CME ERROR: " + reason.encode())

    def connect(self, length: int | None = None) -> None:
        """Say CONNECT; QFREAD alone adds a length (FILE manual 2.7)."""
        if length is None:
            self.final("CONNECT")
        elif not self.profile.quiet:
            self._output += self._block(b"CONNECT %d" % length)

    def measured(self, line: str, data: bytes, *, joint: bool = False) -> None:
        """Say a line and the bytes that it tells the number of.

        :param joint: whether a comma stands between them, and not a line end.
        """
        whole = self._block(line.encode(), after=0 if joint else 1)
        self._output += whole + b"," * joint + data

    # Unsolicited result codes.

    def urc(self, line: bytes, before: int = 1, after: int = 1) -> None:
        """Say a URC now, or as soon as no command and no data stand in its way."""
        if self._hindered:
            if not self.data_mode or self._switches.urc_in_data == "held":
                self._held.append((line, before, after))
        else:
            self.announce(line, before, after)

    def fleeting_urc(self, line: bytes) -> None:
        """Say a URC that is lost where it cannot be said now."""
        if not self._hindered and self.room() == NOW:
            self.announce(line)

    def free(self) -> float:
        """Return NOW if payload may be said that no command asked for."""
        return NEVER if self._hindered else self.room()

    def push(self, line: str, data: bytes, *, joint: bool = False) -> None:
        """Say a URC with the bytes that it tells the number of."""
        self.measured(line, data, joint=joint)
        self.ring_until = self._now() + RING_TIME

    @property
    def _hindered(self) -> bool:
        return (self._busy or self.data_mode) and not self._between

    def release_urcs(self) -> None:
        """Say the URCs that were held."""
        held, self._held = self._held, []
        for line, before, after in held:
            self.announce(line, before, after)

    @contextlib.contextmanager
    def command(self) -> Iterator[None]:
        """Hold URCs while a command runs: they stand outside any response."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        self.release_urcs()
        # Under ATQ1 there is nothing that could leave.
        self._drained()

    @contextlib.contextmanager
    def data(self, urcs: bool = False) -> Iterator[None]:
        """Be in data mode: no echo, DCD on.

        :param urcs: whether URCs are said nevertheless, between two packets.
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
        """Ask for payload; the module stays in command mode."""
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
        """Say a URC whatever stands in its way."""
        self._output += self._block(line, before=before, after=after)
        self.ring_until = self._now() + RING_TIME

    @property
    def line_end(self) -> bytes:
        """What stands behind every line (AT manual 2.18, 2.19)."""
        end = bytes((self.registers[3], self.registers[4]))
        return end[1:] if self._switches.line_end == "lf" else end

    def _block(self, *lines: bytes, before: int = 1, after: int = 1) -> bytes:
        end = self.line_end
        start = end * before if self.profile.verbose else b""
        return start + end.join(lines) + end * after
