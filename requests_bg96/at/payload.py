"""Payload on the wire: what goes to the module, or comes from it, in data mode."""

from __future__ import annotations

from collections.abc import Callable

from ..base import times
from ..clock import Deadline
from ..errors import NoAnswer, StreamEnded
from .port import WRITE_SIZE
from .state import State
from .steps import BLOCK, Command, Reply
from .wire import Wire, logger

__all__ = ("Payloads",)


class Payloads(Wire):
    """A wire that sends payload, takes it, and counts it."""

    _payload_size = 0

    def read_payload(
        self, deadline: Deadline, given_up: Callable[[], bool] | None = None
    ) -> bytes:
        """Return payload as it comes; b"" when the deadline is over.

        :param given_up: tells whether to wait no longer.
        :raises StreamEnded: once it says so.
        """
        data = self._lines.take_rest() or self._read(deadline, given_up)
        if given_up and not data and given_up():
            raise StreamEnded("the response was given up while it was read")
        self._payload_size += len(data)
        self._stats.bytes_down += len(data)
        return data

    def discount(self, size: int) -> None:
        """Take `size` bytes for no payload that were read as such."""
        self._payload_size -= size
        self._stats.bytes_down -= size

    def _payload_ended(self) -> None:
        logger.debug("< %d bytes", self._payload_size)
        self._payload_size = 0

    def _upload(self, command: Command, payload: bytes, until: Deadline) -> Reply:
        """Send the payload that `command` has announced; return the end of it.

        :raises NoAnswer: where the module does not take it by `until`.
        """
        lines: list[bytes] = []
        if reply := self._pending_end(command, lines):
            # CONNECT was late, and the module has given the payload up already.
            return reply
        self.phase = command.payload_phase or self.phase
        logger.debug("> %d bytes", len(payload))
        size = BLOCK if command.acknowledged else WRITE_SIZE
        for start in range(0, len(payload), size):
            piece = payload[start : start + size]
            self._write(piece, State.SENDING)
            if command.acknowledged and len(piece) == size:
                self._await_acknowledgement(until.within(times.ACKNOWLEDGEMENT))
            if command.progress:
                command.progress(start + len(piece))
            left = start + len(piece) < len(payload)
            if left and (reply := self._pending_end(command, lines)):
                # The module takes no more: what is left would be commands to it.
                return reply
            if left and until.over:
                raise NoAnswer("the module does not take the payload in time")
        if command.acknowledged:
            until = until.within(times.ACKNOWLEDGEMENT)
        elif command.result_timeout is not None:
            until = Deadline(self._clock, command.result_timeout)
            self.late_answer = command, until
        return self._end_of(command, until, lines)

    def _pending_end(self, command: Command, lines: list[bytes]) -> Reply | None:
        """Return the end of `command` if it has come already."""
        self._receive_pending()
        while line := self._take_line():
            if self._ends(line, command, lines):
                return self._ended(line, lines)
        return None

    def _await_acknowledgement(self, until: Deadline) -> None:
        """Wait for the confirmation of a block, or a line, which says why it lacks.

        The manual leaves open whether a last block that is full is confirmed.
        """
        while not self._lines.take_acknowledgement():
            if self._lines.has_line:
                return
            if not (data := self._read(until)):
                raise NoAnswer("the module does not confirm what it was sent")
            self._lines.receive_data(data)

    def _download(self, command: Command, sink: Callable[[bytes], None]) -> Reply:
        """Give the payload of `command` to `sink`; return the end of it."""
        left = command.sink_size
        while left:
            until = Deadline(self._clock, command.payload_timeout)
            if not (data := self.read_payload(until)):
                raise NoAnswer(f"{left} bytes of the payload did not come")
            sink(data[:left])
            self._lines.receive_data(data[left:])
            self.discount(len(data[left:]))
            left -= min(left, len(data))
        self._payload_ended()
        until = Deadline(self._clock, command.payload_timeout)
        return self._end_of(command, until, self._surplus(until))

    def _surplus(self, until: Deadline) -> list[bytes]:
        """Return, as a line, what stands behind a payload where a line must begin.

        A checksum of exclusive ors does not always tell that a byte came twice.
        """
        found = b""
        while len(found) < BLOCK and (
            data := self._lines.take_rest() or self._read(until)
        ):
            found += data
            if (start := found.find(self.line_end[:1])) >= 0:
                self._lines.receive_data(found[start:])
                return [found[:start]] if start else []
        return [found]
