"""What is said to the module: scripts without I/O.

A dialogue is a generator. It yields steps, and is sent what came of each:

=================  ====================================================
`at.Command`       a `Reply`; an error of the module is one too
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
from collections.abc import Generator
from typing import Any, TypeVar

from ..at import Command, Reply
from ..errors import BG96Error, ModuleError, NoAnswer, StrayAnswer
from ..printable import printable

__all__ = (
    "Ask",
    "Await",
    "Dialogue",
    "Escape",
    "Hearken",
    "Pause",
    "Speed",
    "Step",
    "asked",
    "must",
    "prove",
    "told",
)

T = TypeVar("T")


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

    :raises ModuleError: where it is an error.
    """
    reply = yield from asked(command)
    if not reply.ok:
        answer = printable(reply.final)
        raise ModuleError(reply.err, str(command), answer=answer, phase=reply.phase)
    return reply


def prove() -> Dialogue[None]:
    """Have the module show that it is in command mode, so that what it says is its own.

    :raises NoAnswer: where it does not.
    """
    if not (yield Ask()):
        raise NoAnswer("the module does not show that it is in command mode")


def told(reply: Reply, name: str) -> list[str]:
    """Return what `reply` tells of `name`, which is asked for and cannot be nothing.

    :raises StrayAnswer: where it is OK alone.
    """
    values = reply.values(name)
    if reply.ok and not values:
        raise StrayAnswer(f"the module was asked for {name}, and answers OK alone")
    return values
