"""What is said to the module: scripts without I/O.

A dialogue is a generator. It yields steps, and is sent what came of each:

=================  ====================================================
`Command`          a `Reply`; an error of the module is one too
`Await`            the URC's line
`Hearken`          a `Reply`, to a command that was given up before
`Ask`              whether the module has shown that it listens
`Pause`            whether something was said
`Escape`           None
`Speed`            None
=================  ====================================================

What cannot be answered (no answer in time, the port gone, the module restarted) is
thrown into it. So a test drives a dialogue with `send` and `throw`, and no port.
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
    "Hearken",
    "Kind",
    "Pause",
    "Reply",
    "Speed",
    "Step",
    "asked",
    "connects",
    "must",
    "prove",
    "told",
)

T = TypeVar("T")

#: What AT+QFUPL confirms at a time (FILE manual 2.4).
BLOCK = 1_024
#: Half of what 9,600 baud carries: no upload takes longer.
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
BARE_URCS = (b"RDY", b"APP RDY", b"POWERED DOWN", b"NORMAL POWER DOWN", b"RING")

_CONNECT = re.compile(rb"CONNECT(?: .*)?")
#: Commands of a caller by which the module sends payload (HTTP, FILE, TCP manual).
_FETCHES = re.compile(r"READ|DWL|QIRD|QIOPEN|QISWTMD|\A[OD]", re.IGNORECASE)


def connects(line: bytes) -> bool:
    """Return whether with `line` the module goes to data mode."""
    return _CONNECT.fullmatch(line) is not None


class Kind(enum.Enum):
    """What a line is to the command under way."""

    ECHO = enum.auto()
    INFORMATION = enum.auto()
    #: The final result code, or CONNECT.
    FINAL = enum.auto()
    #: An unsolicited result code: it does not belong to the command.
    URC = enum.auto()


@dataclasses.dataclass(frozen=True)
class Command:
    """One command line, from which the answer's lines are told apart.

    :param text: the line without its ``AT`` prefix and carriage return.
    :param timeout: seconds that the final result code, or CONNECT, may take.
    :param payload: bytes to send after CONNECT; without it, CONNECT ends the command.
    :param payload_timeout: seconds that sending the payload and its OK may take.
    :param result_timeout: seconds that the OK behind the payload may take, where the
        module may say it behind a result that takes longer.
    :param payload_phase: the phase that an exchange enters with CONNECT.
    :param bulky: whether the payload, up or down, takes a time of its own, by its size
        and the line's speed, which no deadline counts.
    :param leads: whether CONNECT leads to bytes that somebody else reads.
    :param sink: called with the bytes that the module sends after CONNECT.
    :param sink_size: how many they are.
    :param commits: whether the server may act on it as soon as the module has it.
    :param reports: whether a result URC of its own name follows, or comes before OK.
    :param bare: whether information text comes without a prefix, as with ``ATI``.
    :param shown: what stands for `text` in logs and errors where it holds secrets.
    :param acknowledged: whether the module confirms each `BLOCK` bytes of the payload.
    :param progress: called with the number of bytes sent.
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
        # Loggers that keep their arguments would keep a private key, or a PIN.
        return f"<{type(self).__name__} {self}>"

    def kind_of(self, line: bytes) -> Kind:
        """Return what `line` is while this is the command under way.

        In this order, as "AT Commands Manual" 1.4 and 1.5 and ITU-T V.250 chapter 5 lay
        it down.
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
        """Return `line` as it may be shown while this is the command under way."""
        if line == self.line.rstrip():
            return f"the echo of {self}"
        return printable(line)

    @functools.cached_property
    def line(self) -> bytes:
        """The bytes that go to the module."""
        return f"AT{self.text}\r".encode("ascii")

    @property
    def connects(self) -> bool:
        """Whether CONNECT may answer it."""
        return self.leads or self.payload is not None or self.sink is not None

    @property
    def fetches(self) -> bool:
        """Whether CONNECT leads to bytes from the module, which a server may choose."""
        typed = self.bare and not _FETCHES.search(self.text)
        return self.sink is not None or (self.leads and not typed)

    @functools.cached_property
    def prefixes(self) -> tuple[bytes, ...]:
        """What this command's information lines begin with."""
        names = re.findall(rb"\+[A-Z]+", self.line.upper())
        return tuple([name + b":" for name in names])


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
    phase: Phase | None = None

    def __repr__(self) -> str:
        # Its lines may hold a password, or be somebody's body.
        end = "ok" if self.ok else f"error {self.err}"
        return f"<{type(self).__name__} {end}, {len(self.lines)} lines>"

    @property
    def ok(self) -> bool:
        """Whether the command succeeded, or leads on to data."""
        return self.final == b"OK" or self.connected

    @functools.cached_property
    def connected(self) -> bool:
        """Whether the module is in data mode."""
        return self.final.startswith(b"CONNECT")

    def values(self, name: str) -> list[str]:
        """Return what follows ``name:`` on each information line that has it."""
        prefix = f"{name}:".encode("ascii")
        return [
            line[len(prefix) :].strip().decode("latin-1")
            for line in self.lines
            if line.startswith(prefix)
        ]


@dataclasses.dataclass(frozen=True)
class Ask:
    """Ask the module whether it is in command mode, so that nobody else can answer.

    It turns the long form of results on, and echo off unless it is wanted.
    """


@dataclasses.dataclass(frozen=True)
class Await:
    """Wait up to `timeout` seconds for the URC that begins with `prefix`."""

    prefix: bytes
    timeout: float


@dataclasses.dataclass(frozen=True)
class Hearken:
    """Wait up to `timeout` seconds for the end of `command`, which was sent before."""

    command: Command
    timeout: float


@dataclasses.dataclass(frozen=True)
class Pause:
    """Let `seconds` pass and say whether anything came in them.

    Where the time for it is lacking, `otherwise` is raised.
    """

    seconds: float
    otherwise: BG96Error


@dataclasses.dataclass(frozen=True)
class Escape:
    """Leave data mode, and drop what the module was saying in it."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """Set the port, not the module, to `baudrate`."""

    baudrate: int


Step = Command | Ask | Await | Hearken | Pause | Escape | Speed
Dialogue = Generator[Step, Any, T]


def asked(command: Command) -> Dialogue[Reply]:
    """Send `command` and return its `Reply`, whatever it is."""
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
    """Have the module show that it is in command mode, so that what it says is its own.

    :raises NoAnswer: if it does not.
    """
    if not (yield Ask()):
        raise NoAnswer("the module does not show that it is in command mode")


def told(reply: Reply, name: str) -> list[str]:
    """Return what `reply` tells of `name`, which is asked for and cannot be nothing.

    :raises StrayAnswer: if it is OK alone.
    """
    values = reply.values(name)
    if reply.ok and not values:
        raise StrayAnswer(f"the module was asked for {name}, and answers OK alone")
    return values
