"""The serial line between module and host: its speed, its buffers, its faults."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from typing import Literal, Union

from .faults import Fault, FaultTap
from .intake import INPUT_BUFFER, Intake
from .module import Module
from .noise import SHARE, Noise
from .paced_queue import PacedQueue
from .scheduler import NEVER, NOW

__all__ = ("Fragment", "HOST_BUFFER", "Line")

logger = logging.getLogger("requests_bg96.emulator")

Fragment = Union[int, Literal["random"], None]
Observer = Callable[[str, bytes], None]

#: The bytes that the host's operating system keeps for a program: those of a Linux tty.
HOST_BUFFER = 4096

#: The bytes that the sender of a line with a speed holds.
FIFO = 64

#: The longest piece with ``fragment="random"``.
RANDOM_PIECE = 64


class Line:
    """Carries bytes between a module and the program on the host.

    :param module: the module.
    :param baudrate: the bits per second in both directions; None is as fast as USB.
    :param fragment: the most bytes that the host finds at once.
    :param overflow: the bytes of the host's buffer. Without flow control, further bytes
        are lost. With None, the line waits.
    :param input_rate: the bytes per second that the module reads in data mode; None is
        as fast as they come.
    :param input_buffer: the bytes of the module's buffer. Without flow control, further
        bytes are lost.
    :param clean_to: the highest rate in baud that the line carries without noise; None
        carries all.
    :param noise: the share of the bytes that change above `clean_to`.
    :param faults: the faults.
    :param fire: called with a fault of module or network.
    :param seed: the seed of the noise.
    :param on_line: called with "to_host" or "from_host", and the bytes.
    :raises ValueError: if there is an overflow without a baudrate.
    """

    def __init__(
        self,
        module: Module,
        *,
        baudrate: int | None,
        fragment: Fragment,
        overflow: int | None,
        input_rate: int | None = None,
        input_buffer: int = INPUT_BUFFER,
        clean_to: int | None = None,
        noise: float = SHARE,
        faults: Iterable[Fault],
        fire: Callable[[Fault], None],
        seed: int,
        on_line: Observer | None,
    ) -> None:
        if overflow is not None and baudrate is None:
            raise ValueError("overflow needs a baudrate")
        self._module = module
        self._random = random.Random(seed)
        self._noise = Noise(clean_to, noise, self._random)
        self._fragment = fragment
        self._lossy = overflow is not None
        self._capacity = overflow or HOST_BUFFER
        self._incoming = PacedQueue(baudrate)
        self._outgoing = PacedQueue(baudrate)
        self._intake = Intake(input_rate, input_buffer)
        self._rate = module.store.line_rate
        self._paced = baudrate is not None
        faults = list(faults)
        self._from_host = FaultTap("from_host", faults, fire, self._random)
        self._to_host = FaultTap("to_host", faults, fire, self._random)
        self._on_line = on_line
        self._received = bytearray()
        self._window = 0
        self._now = NOW
        self.open = False
        self.rtscts = False
        self.baudrate: int | None = None

    # The side of the host.

    def attach(self, now: float) -> None:
        """Open the line; bytes that nobody has read are lost."""
        self.step(now)
        self._outgoing.clear()
        self._module.terminal.discard()
        self._module.terminal.line_feeds.forget()
        self.reset_received()
        self.open = True
        self.mark()

    def detach(self) -> None:
        """Close the line."""
        self.open = False
        self._incoming.clear()

    def mark(self) -> None:
        """Count the offsets of faults from here."""
        self._from_host.mark()
        self._to_host.mark()

    def add_fault(self, fault: Fault) -> None:
        """Add a fault; its offset counts from here."""
        self._from_host.add(fault)
        self._to_host.add(fault)

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the module, which has advanced to `now`."""
        self._incoming.push(data, now)
        self.step(now)

    @property
    def unsent(self) -> int:
        """The number of bytes that have not reached the module."""
        return len(self._incoming)

    @property
    def available(self) -> int:
        """The number of bytes that the host can read now."""
        if not self._window:
            self._window = min(len(self._received), self._piece())
        return self._window

    def take(self, limit: int) -> bytes:
        """Return at most `limit` of the bytes that the host can read."""
        limit = min(limit, self.available)
        data = bytes(self._received[:limit])
        del self._received[:limit]
        self._window -= limit
        return data

    def reset_received(self) -> None:
        """Discard the bytes that the host has not read."""
        self._received.clear()
        self._window = 0

    def discard_unsent(self) -> None:
        """Discard the bytes that have not reached the module."""
        self._incoming.clear()

    # Time.

    def step(self, now: float) -> float:
        """Do everything that is due at `now`; return the time of the next step."""
        while True:
            due = self._due()
            if due > now:
                self._now = max(self._now, now)
                self._module.scheduler.rest(self._now)
                return due
            self._now = max(self._now, due, min(now, self._module.scheduler.now))
            self._advance(self._now)

    def _due(self) -> float:
        """Return the time of the next step; most calls find that all is still."""
        due = self._module.scheduler.due()
        if self._incoming.waiting:
            due = min(due, self._incoming_due())
        if self._intake.waiting:
            due = min(due, self._intake.due(self._data_mode))
        if self._module.terminal.pending or self._outgoing.waiting:
            due = min(due, self._outgoing_due())
        return due

    def _incoming_due(self) -> float:
        due = self._incoming.due()
        if due == NEVER or not self._input_room:
            return NEVER
        return max(due, self._from_host.silent_until)

    def _outgoing_due(self) -> float:
        pending = self._module.pending and len(self._outgoing) < FIFO
        due = NOW if pending else self._outgoing.due()
        if due == NEVER or not self.open or not self._room():
            return NEVER
        return max(due, self._to_host.silent_until)

    def _advance(self, now: float) -> None:
        self._carry_in(now)
        self._take_in(now)
        self._module.step(now)
        self._follow_rate()
        if self.open:
            self._carry_out(now)

    def _follow_rate(self) -> None:
        """Follow the rate of AT+IPR, if the line has a speed."""
        rate = self._module.store.line_rate
        if rate != self._rate:
            self._rate = rate
            self._incoming.set_baudrate(rate)
            self._outgoing.set_baudrate(rate)

    def _carry_in(self, now: float) -> None:
        room = self._input_room
        if self._incoming.due() > now or not room:
            return
        limit = min(self._from_host.room(now), room)
        data = self._incoming.pull(now, int(min(limit, 1 << 20)))
        self._deliver(self._from_host.passed(data), now)
        self._from_host.strike(now)
        self._deliver(self._from_host.inserted(), now)

    def _deliver(self, data: bytes, now: float) -> None:
        if data:
            self._tell("from_host", data)
            rate = self._module.store.line_rate
            heard = self._as_heard(data, rate)
            self._intake.add(heard, self._data_mode, now)
            self._take_in(now)

    def _take_in(self, now: float) -> None:
        if data := self._intake.take(self._data_mode, now):
            self._module.receive(data, now)

    @property
    def _data_mode(self) -> bool:
        return self._module.terminal.data_mode

    @property
    def _input_room(self) -> float:
        """The number of bytes that may go to the module, with those to be lost."""
        held = self.rtscts and self._module.store.flow_control[1] == 2
        return self._intake.room(self._data_mode) if held else NEVER

    def _carry_out(self, now: float) -> None:
        room = self._room()
        if self._module.pending and len(self._outgoing) < FIFO and room:
            amount = FIFO - len(self._outgoing) if self._paced else room
            # The last byte may change the rate for the bytes after it.
            rate = self._module.store.line_rate
            data = self._as_heard(self._module.take(amount), rate)
            self._outgoing.push(data, now)
        if self._outgoing.due() > now or not room:
            return
        limit = self._to_host.room(now)
        self._store(
            self._to_host.passed(self._outgoing.pull(now, int(min(limit, room))))
        )
        self._to_host.strike(now)
        self._store(self._to_host.inserted())

    def _room(self) -> int:
        """Return the number of bytes that may go to the host, with those to be lost."""
        if self._lossy and not self._held_by_host:
            return HOST_BUFFER
        return max(0, self._capacity - len(self._received))

    @property
    def _held_by_host(self) -> bool:
        # RTS needs both ends (AT manual 3.3).
        return self.rtscts and self._module.store.flow_control[0] == 2

    def _store(self, data: bytes) -> None:
        if data:
            self._tell("to_host", data)
        if self._lossy:
            data = data[: max(0, self._capacity - len(self._received))]
        self._received += data

    def _as_heard(self, data: bytes, rate: int) -> bytes:
        """Return what arrives of `data`: noise if the two ends differ in rate."""
        if self.baudrate in (None, rate):
            return self._noise.changed(data, rate)
        # After framing errors, no byte of a command line can be recognised.
        return bytes(byte | 0x80 for byte in self._random.randbytes(len(data)))

    def _piece(self) -> int:
        if self._fragment == "random":
            return self._random.randint(1, RANDOM_PIECE)
        return self._fragment or HOST_BUFFER

    def _tell(self, direction: str, data: bytes) -> None:
        logger.debug("%s %r", "<-" if direction == "to_host" else "->", data)
        if self._on_line:
            self._on_line(direction, data)
