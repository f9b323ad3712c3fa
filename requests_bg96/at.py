"""AT commands and their answers, without I/O.

Commands become bytes here, and bytes become lines. A line belongs to the command in
progress (its echo, its information text, CONNECT or its final result code) or it is
an unsolicited result code (URC); `classify` decides in that order, as
"AT Commands Manual" 1.4 and 1.5 and ITU-T V.250 chapter 5 lay it down.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable

from .errors import LimitError, Phase, TransferError

__all__ = (
    "ACKNOWLEDGEMENT",
    "BLOCK",
    "Command",
    "Kind",
    "LineBuffer",
    "Reply",
    "classify",
    "connects",
    "error_number",
    "joined",
    "number",
    "quoted",
)

#: No line of the module is nearly as long (AT+QHTTPURL? prints up to 700 bytes); what
#: grows beyond is noise, and is dropped rather than kept.
LINE_LIMIT = 4_096

#: What AT+QFUPL confirms at a time, with a byte `ACKNOWLEDGEMENT` (FILE manual 2.4).
BLOCK = 1_024
ACKNOWLEDGEMENT = b"A"

FINAL_LINES = frozenset(
    (
        b"OK",
        b"ERROR",
        b"NO CARRIER",
        b"BUSY",
        b"NO ANSWER",
        b"NO DIALTONE",
        b"ABORTED",
    )
)
FINAL_PREFIXES = (b"+CME ERROR:", b"+CMS ERROR:")
BARE_URCS = (b"RDY", b"APP RDY", b"POWERED DOWN", b"NORMAL POWER DOWN", b"RING")

_CONNECT = re.compile(rb"CONNECT(?: .*)?")
# More digits are noise; Python refuses to read some thousands of them.
_ERROR_NUMBER = re.compile(rb"\+CM[ES] ERROR: *(\d{1,9})(?!\d)")
_NUMBER = re.compile("[0-9]{1,18}")
#: Commands of a caller by which the module sends payload (HTTP, FILE, TCP manual).
_FETCHES = re.compile(r"READ|DWL|QIRD|QIOPEN|QISWTMD|\A[OD]", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Command:
    """One command line, from which the answer's lines are told apart.

    :param text: the line without its ``AT`` prefix and carriage return.
    :param timeout: seconds that the final result code, or CONNECT, may take.
    :param payload: bytes to send after CONNECT; without it, CONNECT ends the command.
    :param payload_timeout: seconds that sending the payload and its OK may take.
    :param payload_phase: the phase that an exchange enters with CONNECT.
    :param bulky: whether the payload, up or down, takes a time of its own, by its size
        and the line's speed, which no deadline counts.
    :param leads: whether CONNECT leads to bytes that somebody else reads.
    :param sink: called with the bytes that the module sends after CONNECT.
    :param sink_size: how many they are.
    :param commits: whether the server may act on it as soon as the module has it.
    :param bare: whether information text comes without a prefix, as with ``ATI``.
    :param shown: what stands for `text` in logs and errors where it holds secrets.
    :param acknowledged: whether the module confirms each `BLOCK` bytes of the payload.
    :param progress: called with the number of bytes sent.
    """

    text: str
    timeout: float = 5.0
    payload: bytes | None = None
    payload_timeout: float = 5.0
    payload_phase: Phase = Phase.CONNECT
    bulky: bool = False
    leads: bool = False
    sink: Callable[[bytes], None] | None = None
    sink_size: int = 0
    commits: bool = False
    bare: bool = False
    shown: str | None = None
    acknowledged: bool = False
    progress: Callable[[int], None] | None = None

    def __str__(self) -> str:
        return f"AT{self.text if self.shown is None else self.shown}"

    def __repr__(self) -> str:
        # Loggers that keep their arguments would keep a private key, or a PIN.
        return f"<{type(self).__name__} {self}>"

    @property
    def line(self) -> bytes:
        """The bytes that go to the module."""
        return f"AT{self.text}\r".encode("ascii")

    @property
    def connects(self) -> bool:
        """Whether CONNECT may answer it."""
        return self.leads or self.payload is not None or self.sink is not None

    @property
    def reports(self) -> bool:
        """Whether a result URC of its own name follows."""
        return self.commits or self.payload_phase is Phase.SEND

    @property
    def fetches(self) -> bool:
        """Whether CONNECT leads to bytes from the module, which a server may choose."""
        typed = self.bare and not _FETCHES.search(self.text)
        return self.sink is not None or (self.leads and not typed)

    @property
    def prefixes(self) -> tuple[bytes, ...]:
        """What this command's information lines begin with."""
        names = re.findall(r"\+[A-Z]+", self.text.upper())
        return tuple(f"{name}:".encode("ascii") for name in names)


@dataclasses.dataclass(frozen=True)
class Reply:
    """What the module answered.

    :param final: the final result code, or CONNECT.
    :param lines: the information lines in their order.
    :param err: the number of ``+CME ERROR``, where there is one.
    :param phase: how far the exchange had come when the final result code came.
    """

    final: bytes
    lines: tuple[bytes, ...] = ()
    err: int | None = None
    phase: Phase = Phase.CONNECT

    def __repr__(self) -> str:
        # Its lines may hold a password, or be somebody's body.
        end = "ok" if self.ok else f"error {self.err}"
        return f"<{type(self).__name__} {end}, {len(self.lines)} lines>"

    @property
    def ok(self) -> bool:
        """Whether the command succeeded, or leads on to data."""
        return self.final == b"OK" or self.connected

    @property
    def connected(self) -> bool:
        """Whether the module is in data mode."""
        return connects(self.final)

    def values(self, name: str) -> list[str]:
        """Return what follows ``name:`` on each information line that has it."""
        prefix = f"{name}:".encode("ascii")
        return [
            line[len(prefix) :].strip().decode("latin-1")
            for line in self.lines
            if line.startswith(prefix)
        ]


class Kind(enum.Enum):
    """What a line is to the command in progress."""

    ECHO = enum.auto()
    INFORMATION = enum.auto()
    FINAL = enum.auto()
    URC = enum.auto()


def classify(line: bytes, command: Command | None) -> Kind:
    """Return what `line` is while `command`, if any, is in progress."""
    if command is None:
        return Kind.URC
    if line == command.line.rstrip():
        return Kind.ECHO
    if line in FINAL_LINES or line.startswith(FINAL_PREFIXES):
        return Kind.FINAL
    if connects(line):
        return Kind.FINAL
    if line.startswith(command.prefixes):
        return Kind.INFORMATION
    if command.bare and not line.startswith((b"+", *BARE_URCS)):
        return Kind.INFORMATION
    return Kind.URC


def connects(line: bytes) -> bool:
    """Return whether with `line` the module goes to data mode."""
    return _CONNECT.fullmatch(line) is not None


def error_number(final: bytes) -> int | None:
    """Return the number in a ``+CME ERROR`` or ``+CMS ERROR`` line, if it is one."""
    found = _ERROR_NUMBER.match(final)
    return int(found.group(1)) if found else None


def number(text: str) -> int | None:
    """Return the number that `text` is, and nothing else; None where it is none.

    Not every character that `str.isdigit` takes is one to `int`, nor are some thousands
    of digits.
    """
    return int(text) if _NUMBER.fullmatch(text) else None


def joined(*texts: str) -> str:
    """Return extended commands as one line.

    ``AT+CMEE=1;+QIACT?`` (AT manual 3.5): one answer, and the rest is not carried out
    after the first that fails.
    """
    return ";".join(texts)


def quoted(value: str, what: str, limit: int = 127) -> str:
    """Return `value` in the quotes of a string parameter.

    :param what: what it is, for the error.
    :param limit: the most bytes it may have.
    :raises LimitError: where it could end the quotes or the line, is not ASCII, or is
        too long.
    """
    if '"' in value or not (value.isascii() and (value.isprintable() or not value)):
        raise LimitError(
            f"the {what} must be printable ASCII without quotes: it becomes part of an "
            "AT command line"
        )
    if len(value) > limit:
        raise LimitError(f"the {what} has {len(value)} bytes; at most {limit} fit")
    return f'"{value}"'


class LineBuffer:
    """Bytes in, lines out, and what is no line handed over as it came.

    Feed it with `receive_data`, take lines with `next_line` until it says None.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} holds {len(self._buffer)} bytes>"

    def receive_data(self, data: bytes) -> None:
        """Take bytes as they came from the port."""
        self._buffer += data

    def next_line(self) -> bytes | None:
        """Return the next line that is not empty, without its line end, or None.

        :raises TransferError: after `LINE_LIMIT` bytes without a line end; they are
            dropped.
        """
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = bytes(self._buffer[:end]).strip(b"\r\0")
            del self._buffer[: end + 1]
            self._searched = 0
            if line:
                return line
        self._searched = len(self._buffer)
        if self._searched > LINE_LIMIT:
            self.clear()
            raise TransferError(
                f"the module sent {LINE_LIMIT} bytes without a line end; check the "
                "port, its speed and its wiring"
            )
        return None

    @property
    def has_line(self) -> bool:
        """Whether `next_line` has something to say: a line, or that none ends."""
        return b"\n" in self._buffer or len(self._buffer) > LINE_LIMIT

    def take_acknowledgement(self) -> bool:
        """Take the byte that confirms a block, if it is next; return whether it was."""
        if not self._buffer.startswith(ACKNOWLEDGEMENT):
            return False
        del self._buffer[:1]
        self._searched = 0
        return True

    def take_rest(self) -> bytes:
        """Return, and forget, the bytes that no line was made of."""
        rest = bytes(self._buffer)
        self.clear()
        return rest

    def clear(self) -> None:
        """Forget what is buffered."""
        self._buffer.clear()
        self._searched = 0
