"""The steps of a dialogue, which is a script without I/O.

A dialogue is a generator. It yields steps, and gets the result of each:

===================  ==================================================
`Command`            a `Reply`, also for an error of the module
`Await`              the line of the URC
`AwaitLateAnswer`    a `Reply` to a command that timed out before
`Ask`                whether the module has proved that it listens
`Pause`              whether bytes came
`Escape`             None
`GiveBack`           None
`Listen`             None
`Speed`              None
===================  ==================================================

If a step has no result (no answer in time, a lost port, a restart of the module), the
error is thrown into the dialogue. So a test drives a dialogue with `send` and `throw`,
without a port.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ..errors import BG96Error, ModuleError, NoAnswer, Phase, StrayAnswer
from .printable import printable

__all__ = (
    "BLOCK",
    "BYTES_PER_SECOND",
    "Ask",
    "Await",
    "Command",
    "Dialogue",
    "Escape",
    "AwaitLateAnswer",
    "GiveBack",
    "Kind",
    "Listen",
    "Pause",
    "Reply",
    "Speed",
    "Step",
    "asked",
    "connects",
    "must",
    "prove",
    "require_values",
)

T = TypeVar("T")

#: The bytes that AT+QFUPL confirms at a time (FILE manual 2.4).
BLOCK = 1_024
#: Half the speed of 9,600 baud: no upload is slower.
BYTES_PER_SECOND = 480

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
BARE_URCS = (
    b"RDY",
    b"APP RDY",
    b"POWERED DOWN",
    b"NORMAL POWER DOWN",
    b"PSM POWER DOWN",
    b"RING",
)

_CONNECT = re.compile(rb"CONNECT(?: .*)?")
#: A caller's commands with which the module sends payload (HTTP, FILE, TCP manual).
_FETCHES = re.compile(r"READ|DWL|QIRD|QIOPEN|QISWTMD|\A[OD]", re.IGNORECASE)


def connects(line: bytes) -> bool:
    """Return whether the module enters data mode with `line`."""
    return _CONNECT.fullmatch(line) is not None


class Kind(enum.Enum):
    """What a line means for the current command."""

    ECHO = enum.auto()
    INFORMATION = enum.auto()
    #: The final result code, or CONNECT.
    FINAL = enum.auto()
    #: An unsolicited result code, which does not belong to the command.
    URC = enum.auto()


# If it were frozen, each would take four times as long to make.
@dataclasses.dataclass
class Command:
    """One command line. It also classifies the lines of its answer; do not change it.

    :param text: the line without its ``AT`` prefix and carriage return.
    :param timeout: seconds until the final result code, or CONNECT.
    :param payload: bytes to send after CONNECT. Without it, CONNECT ends the command.
    :param payload_timeout: seconds for sending the payload and its OK.
    :param result_timeout: seconds until the OK after the payload, or after a command
        that `commits`, if the module may send it after a result that takes longer.
    :param payload_phase: the phase that an exchange enters with CONNECT.
    :param bulky: whether the payload has its own time, by its size and the line's
        speed, which no deadline counts.
    :param leads: whether CONNECT leads to bytes that another part reads.
    :param sink: called with the bytes that the module sends after CONNECT.
    :param sink_size: how many bytes these are.
    :param commits: whether the server may act as soon as the module has the command.
    :param reports: whether a result URC of the same name follows, or comes before OK.
    :param bare: whether information text comes without a prefix, as with ``ATI``.
    :param shown: replaces `text` in logs and errors, if it contains secrets.
    :param acknowledged: whether the module confirms each `BLOCK` bytes of the payload.
    :param progress: called with the number of sent bytes.
    """

    text: str
    timeout: float = 5.0
    payload: bytes | None = None
    payload_timeout: float = 5.0
    result_timeout: float | None = None
    payload_phase: Phase | None = None
    bulky: bool = False
    leads: bool = False
    sink: Callable[[bytes], None] | None = None
    sink_size: int = 0
    commits: bool = False
    reports: bool = False
    bare: bool = False
    shown: str | None = None
    acknowledged: bool = False
    progress: Callable[[int], None] | None = None

    def __str__(self) -> str:
        return f"AT{self.text if self.shown is None else self.shown}"

    def __repr__(self) -> str:
        # A logger that keeps its arguments would otherwise keep a private key, or a
        # PIN.
        return f"<{type(self).__name__} {self}>"

    def kind_of(self, line: bytes) -> Kind:
        """Return what `line` means while this is the current command.

        The order follows "AT Commands Manual" 1.4 and 1.5 and ITU-T V.250 chapter 5.
        """
        if line == self.line.rstrip():
            return Kind.ECHO
        if line in FINAL_LINES or line.startswith(FINAL_PREFIXES):
            return Kind.FINAL
        if line.startswith(b"CONNECT") and connects(line):
            return Kind.FINAL
        if line.startswith(self.prefixes):
            return Kind.INFORMATION
        if self.bare and not line.startswith((b"+", *BARE_URCS)):
            return Kind.INFORMATION
        return Kind.URC

    def shows(self, line: bytes) -> str:
        """Return `line` in a form that may be shown during this command."""
        if line == self.line.rstrip():
            return f"the echo of {self}"
        return printable(line)

    @functools.cached_property
    def line(self) -> bytes:
        """The bytes for the module."""
        return f"AT{self.text}\r".encode("ascii")

    @property
    def connects(self) -> bool:
        """Whether CONNECT may answer it."""
        return self.leads or self.payload is not None or self.sink is not None

    @property
    def fetches(self) -> bool:
        """Whether CONNECT leads to bytes that a server may choose."""
        typed = self.bare and not _FETCHES.search(self.text)
        return self.sink is not None or (self.leads and not typed)

    @functools.cached_property
    def prefixes(self) -> tuple[bytes, ...]:
        """The beginnings of this command's information lines."""
        names = re.findall(rb"\+[A-Z]+", self.line.upper())
        return tuple([name + b":" for name in names])


@dataclasses.dataclass(frozen=True)
class Reply:
    """The module's answer.

    :param final: the final result code, or CONNECT.
    :param lines: the information lines in their order.
    :param err: the number of ``+CME ERROR``, if there is one.
    :param phase: how far the exchange had come when the final result code came.
    """

    final: bytes
    lines: tuple[bytes, ...] = ()
    err: int | None = None
    phase: Phase | None = None

    def __repr__(self) -> str:
        # Its lines may contain a password, or a part of a body.
        end = "ok" if self.ok else f"error {self.err}"
        return f"<{type(self).__name__} {end}, {len(self.lines)} lines>"

    @property
    def ok(self) -> bool:
        """Whether the command succeeded, or led to data mode."""
        return self.final == b"OK" or self.connected

    @property
    def connected(self) -> bool:
        """Whether the module is in data mode."""
        return self.final.startswith(b"CONNECT")

    def values(self, name: str) -> list[str]:
        """Return the text after ``name:`` in each information line that has it."""
        prefix = f"{name}:".encode("ascii")
        return [
            line[len(prefix) :].strip().decode("latin-1")
            for line in self.lines
            if line.startswith(prefix)
        ]


@dataclasses.dataclass(frozen=True)
class Ask:
    """Ask the module whether it is in command mode, so that only it can answer.

    This turns the long form of results on, and the echo off unless it is required.

    :param brief: whether to wait only a little longer than the last answer took. Use
        it if the module has just answered, so that it is awake.
    """

    brief: bool = False


@dataclasses.dataclass(frozen=True)
class Await:
    """Wait up to `timeout` seconds for the URC that begins with `prefix`."""

    prefix: bytes
    timeout: float


@dataclasses.dataclass(frozen=True)
class AwaitLateAnswer:
    """Wait up to `timeout` seconds for the end of `command`, which was sent before."""

    command: Command
    timeout: float


@dataclasses.dataclass(frozen=True)
class Pause:
    """Wait `seconds`; the result is whether bytes came meanwhile.

    If there is not enough time, `otherwise` is raised.
    """

    seconds: float
    otherwise: BG96Error


@dataclasses.dataclass(frozen=True)
class Escape:
    """Leave data mode, and drop the bytes that the module was sending."""


@dataclasses.dataclass(frozen=True)
class Listen:
    """Note URCs for up to `seconds`.

    :param given_up: tells whether to stop; asked after each piece of bytes, and when
        another thread interrupts the port.
    """

    seconds: float
    given_up: Callable[[], bool]


@dataclasses.dataclass(frozen=True)
class Speed:
    """Set the port, not the module, to `baudrate`."""

    baudrate: int


@dataclasses.dataclass(frozen=True)
class GiveBack:
    """Tell the module a speed that works, on a line that may not carry the answer.

    Only a module that is in command mode may be told. Then ask it at that speed.
    """

    baudrate: int


Step = (
    Command | Ask | Await | AwaitLateAnswer | Listen | Pause | Escape | Speed | GiveBack
)
Dialogue = Generator[Step, Any, T]


def asked(command: Command) -> Dialogue[Reply]:
    """Send `command` and return its `Reply`, even if it is an error."""
    reply: Reply = yield command
    return reply


def must(command: Command) -> Dialogue[Reply]:
    """Send `command` and return its `Reply`.

    :raises ModuleError: if it is an error.
    """
    reply: Reply = yield command
    if not reply.ok:
        answer = printable(reply.final)
        raise ModuleError(reply.err, str(command), answer=answer, phase=reply.phase)
    return reply


def prove() -> Dialogue[None]:
    """Ask the question, so that the module's next lines are certainly its own.

    :raises NoAnswer: if the module does not answer it.
    """
    if not (yield Ask()):
        raise NoAnswer("the module has not proved that it is in command mode")


def require_values(reply: Reply, name: str) -> list[str]:
    """Return the values of `name` in `reply`, which must have at least one.

    :raises StrayAnswer: if the reply is OK alone.
    """
    values = reply.values(name)
    if reply.ok and not values:
        raise StrayAnswer(f"the module answered OK without {name}")
    return values
