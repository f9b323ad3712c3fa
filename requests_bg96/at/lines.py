"""Split the module's bytes into lines, without I/O."""

from __future__ import annotations

import re

from ..errors import TransferError

__all__ = ("ACKNOWLEDGEMENT", "LineBuffer", "error_number")

#: All lines of the module are much shorter (AT+QHTTPURL? prints up to 700 bytes). A
#: longer line is noise, and is dropped.
LINE_LIMIT = 4_096

#: AT+QFUPL confirms a block with this byte (FILE manual 2.4).
ACKNOWLEDGEMENT = b"A"

#: The module asks for the payload of a socket (TCP manual 2.1.7).
_PROMPT = re.compile(rb"[\r\n\0]*> ?")
# More digits are noise. Python refuses to convert thousands of them.
_ERROR_NUMBER = re.compile(rb"\+CM[ES] ERROR: *(\d{1,9})(?!\d)")


def error_number(final: bytes) -> int | None:
    """Return the number of a ``+CME ERROR`` or ``+CMS ERROR`` line, or None."""
    found = _ERROR_NUMBER.match(final)
    return int(found.group(1)) if found else None


class LineBuffer:
    """Takes bytes and returns lines, or the bytes that are not lines.

    Feed it with `receive_data`, and take lines with `next_line` until it returns None.
    """

    def __init__(self) -> None:
        #: Whether the last line ended with LF alone.
        self.ended_in_lf = False
        self._buffer = bytearray()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} holds {len(self._buffer)} bytes>"

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came from the port."""
        self._buffer += data

    def next_line(self) -> bytes | None:
        """Return the next line that is not empty, without its line end, or None.

        :raises TransferError: after `LINE_LIMIT` bytes without a line end. They are
            dropped.
        """
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            self.ended_in_lf = not line.endswith(b"\r")
            line = line.strip(b"\r\0")
            del self._buffer[: end + 1]
            if line:
                return line
        if len(self._buffer) > LINE_LIMIT:
            self.clear()
            raise TransferError(
                f"the module sent {LINE_LIMIT} bytes without a line end; check the "
                "port, its speed and its wiring"
            )
        return None

    @property
    def has_line(self) -> bool:
        """Whether `next_line` will return a line, or raise an error."""
        return b"\n" in self._buffer or len(self._buffer) > LINE_LIMIT

    @property
    def last_line(self) -> bytes | None:
        """The last line that has come as a whole, without its line end, or None."""
        lines = bytes(self._buffer).rpartition(b"\n")[0].split(b"\n")
        found = [line.strip(b"\r\0") for line in lines]
        return next((line for line in reversed(found) if line), None)

    @property
    def is_empty(self) -> bool:
        """Whether all bytes were taken."""
        return not self._buffer

    def take_acknowledgement(self) -> bool:
        """Take the byte that confirms a block; return whether it was next."""
        if not self._buffer.startswith(ACKNOWLEDGEMENT):
            return False
        self.take(len(ACKNOWLEDGEMENT))
        return True

    def take_prompt(self, behind: bytes = b"") -> bool:
        """Take the prompt of AT+QISEND; return whether it was next.

        It is ``>``, usually with a blank after it, and has no line end. So look for
        it before each line.

        :param behind: what must come before it, and is taken, too.
        """
        if not self._buffer.startswith(behind):
            return False
        if found := _PROMPT.match(self._buffer, len(behind)):
            self.take(found.end())
        return found is not None

    def skip_line_ends(self) -> None:
        """Forget line ends before the next line, which `has_line` also counts."""
        self.take(len(self._buffer) - len(self._buffer.lstrip(b"\r\n\0")))

    def take(self, size: int) -> bytes:
        """Return and forget up to `size` bytes that are not a line."""
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def drain(self) -> bytes:
        """Return and forget the bytes that are not a line."""
        rest = bytes(self._buffer)
        if rest:
            self.clear()
        return rest

    def clear(self) -> None:
        """Forget all bytes."""
        self._buffer.clear()
