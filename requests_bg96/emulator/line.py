"""The serial line between the module and the host: speed, buffers, faults."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from typing import Literal, Union

from .faults import Fault, FaultTap
from .intake import INPUT_BUFFER, Intake
from .module import Module
from .paced_queue import PacedQueue
from .scheduler import NEVER, NOW

__all__ = ("Fragment", "HOST_BUFFER", "Line")

logger = logging.getLogger("requests_bg96.emulator")

Fragment = Union[int, Literal["random"], None]
Observer = Callable[[str, bytes], None]

#: Bytes that the host's operating system keeps for a program: that of Linux' tty.
HOST_BUFFER = 4096

#: Bytes that the sending side of a paced line has in hand.
FIFO = 64

#: The longest piece under ``fragment="random"``.
RANDOM_PIECE = 64


class Line:
    """Carries bytes between one module and the program on the host.

    :param module: the far end.
    :param baudrate: bits per second of both directions; None is as fast as USB.
    :param fragment: the most bytes that the host finds at once.
    :param overflow: bytes of the host's buffer that are lost when it is full, unless
        flow control is in force; None is a line that always waits.
    :param input_rate: bytes that the module takes in a second of data mode; None is as
        many as come.
    :param input_buffer: bytes that it holds besides; further ones are lost, unless flow
        control is in force.
    :param faults: what goes wrong.
    :param fire: does what faults ask for beyond bytes.
    :param seed: of all noise.
    :param on_line: called with "to_host" or "from_host" and the bytes.
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
        faults: Iterable[Fault],
        fire: Callable[[Fault], None],
        seed: int,
        on_line: Observer | None,
    ) -> None:
        if overflow is not None and baudrate is None:
            raise ValueError("overflow needs a baudrate: without one nothing is late")
        self._module = module
        self._random = random.Random(seed)
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

    # The host's side.

    def attach(self, now: float) -> None:
        """Begin a dialogue: what was said to nobody is lost."""
        self.step(now)
        self._outgoing.clear()
        self._module.terminal.discard()
        self._module.terminal.line_feeds.forget()
        self.reset_received()
        self.open = True
        self.mark()

    def detach(self) -> None:
        """End a dialogue."""
        self.open = False
        self._incoming.clear()

    def mark(self) -> None:
        """Let the offsets of faults count from here."""
        self._from_host.mark()
        self._to_host.mark()

    def add_fault(self, fault: Fault) -> None:
        """Let one more thing go wrong; its offset counts from here."""
        self._from_host.add(fault)
        self._to_host.add(fault)

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the module."""
        self.step(now)
        self._incoming.push(data, now)
        self.step(now)

    @property
    def unsent(self) -> int:
        """Bytes on their way to the module."""
        return len(self._incoming)

    @property
    def available(self) -> int:
        """Bytes that the host finds now."""
        if not self._window:
            self._window = min(len(self._received), self._piece())
        return self._window

    def take(self, limit: int) -> bytes:
        """Return at most ``limit`` bytes of what the host finds."""
        limit = min(limit, self.available)
        data = bytes(self._received[:limit])
        del self._received[:limit]
        self._window -= limit
        return data

    def reset_received(self) -> None:
        """Throw away what the host has not read."""
        self._received.clear()
        self._window = 0

    def discard_unsent(self) -> None:
        """Throw away what has not reached the module."""
        self._incoming.clear()

    # Time.

    def step(self, now: float) -> float:
        """Let everything happen up to ``now``; return when the next thing will."""
        while True:
            due = self._due()
            if due > now:
                self._now = max(self._now, now)
                self._module.step(self._now)
                return due
            self._now = max(self._now, due, min(now, self._module.scheduler.now))
            self._advance(self._now)

    def _due(self) -> float:
        return min(
            self._module.due(),
            self._incoming_due(),
            self._intake.due(self._data_mode),
            self._outgoing_due(),
        )

    def _incoming_due(self) -> float:
        if not self._input_room:
            return NEVER
        return max(self._incoming.due(), self._from_host.silent_until)

    def _outgoing_due(self) -> float:
        if not self.open or not self._room():
            return NEVER
        pending = self._module.pending and len(self._outgoing) < FIFO
        due = NOW if pending else self._outgoing.due()
        return max(due, self._to_host.silent_until)

    def _advance(self, now: float) -> None:
        self._carry_in(now)
        self._take_in(now)
        self._module.step(now)
        self._follow_rate()
        if self.open:
            self._carry_out(now)

    def _follow_rate(self) -> None:
        """Let AT+IPR change the speed of a line that has one."""
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
        """Return how many bytes may go to the module, lost ones included."""
        held = self.rtscts and self._module.store.flow_control[1] == 2
        return self._intake.room(self._data_mode) if held else NEVER

    def _carry_out(self, now: float) -> None:
        room = self._room()
        if self._module.pending and len(self._outgoing) < FIFO and room:
            amount = FIFO - len(self._outgoing) if self._paced else room
            # Taking the last byte may change the rate for what comes after it.
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
        """Return how many bytes may go to the host's buffer, lost ones included."""
        if self._lossy and not self._held_by_host:
            return HOST_BUFFER
        return max(0, self._capacity - len(self._received))

    @property
    def _held_by_host(self) -> bool:
        # RTS counts when both ends use it (AT manual 3.3).
        return self.rtscts and self._module.store.flow_control[0] == 2

    def _store(self, data: bytes) -> None:
        if data:
            self._tell("to_host", data)
        if self._lossy:
            data = data[: max(0, self._capacity - len(self._received))]
        self._received += data

    def _as_heard(self, data: bytes, rate: int) -> bytes:
        """Return bytes of a rate as they are read at the other end's."""
        if self.baudrate in (None, rate):
            return data
        # Framing errors leave no byte of a command line recognisable.
        return bytes(byte | 0x80 for byte in self._random.randbytes(len(data)))

    def _piece(self) -> int:
        if self._fragment == "random":
            return self._random.randint(1, RANDOM_PIECE)
        return self._fragment or HOST_BUFFER

    def _tell(self, direction: str, data: bytes) -> None:
        logger.debug("%s %r", "<-" if direction == "to_host" else "->", data)
        if self._on_line:
            self._on_line(direction, data)
