"""What a server does, and what the client does meanwhile, as data."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, Union

from requests_bg96.emulator import Switches

__all__ = (
    "ACCOUNT",
    "Answer",
    "BANK",
    "Case",
    "Close",
    "Coded",
    "EVIL",
    "Errand",
    "FORGED",
    "HARM",
    "LURE",
    "Manner",
    "Mimic",
    "Part",
    "REDIRECT",
    "Reaction",
    "SECRET",
    "Say",
    "Wait",
    "in_lf",
)

#: The server that attacks, and one that does not.
EVIL, BANK = "evil.example", "bank.example"
#: Where each is asked.
LURE, ACCOUNT = f"http://{EVIL}/", f"{BANK}/account"
#: What nobody but the bank, and the network, may get.
SECRET = "5ec2e7"
#: A body that does harm as commands.
HARM = b'\rAT+QFDEL="*"\rAT+CFUN=0\rAT+QPOWD\r' * 3

FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nforged"
#: The head of a response that points to the bank, but for its end.
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://" + ACCOUNT.encode() + b"\r\n"


@dataclasses.dataclass(frozen=True)
class Say:
    """Send these bytes."""

    data: bytes


@dataclasses.dataclass(frozen=True)
class Wait:
    """Let so many seconds pass."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Close:
    """Close the connection, by RST if `reset`."""

    reset: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """Send what the module would have answered to what the host has just written."""


@dataclasses.dataclass(frozen=True)
class Mimic:
    """From here on, answer everything as the module would, so many seconds later."""

    delay: float = 0.0


@dataclasses.dataclass(frozen=True)
class Coded:
    """From here on, send everything in chunks, one for each piece."""


Part = Union[Say, Wait, Close, Answer, Mimic, Coded]


@dataclasses.dataclass(frozen=True)
class Reaction:
    """What is done when the host writes what the pattern is found in.

    :param to: a pattern; the random words are blotted out in what it is looked for in.
    :param parts: what is done, in place of mimicking.
    :param times: how often.
    """

    to: bytes
    parts: tuple[Part, ...]
    times: int = 1


class Manner(enum.Enum):
    """What the client does with the response of the server that attacks."""

    FOLLOW = "reads it, and follows where it points to"
    READ = "reads it"
    CLOSE = "closes it unread"
    UNREAD = "leaves it unread until later"
    PARTLY = "reads a few bytes of it, and leaves it"
    TIMEOUT = "reads it with little patience"
    INTERRUPTED = "is interrupted by the user"
    KILLED = "is killed, and started anew"
    FOREIGN = "is another program, which ends in the midst of it"


@dataclasses.dataclass(frozen=True)
class Errand:
    """What the client asks of the server that it trusts.

    :param secure: whether by https, with the server checked.
    :param data: the body.
    """

    secure: bool = False
    data: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """One attack.

    :param opening: what the server does when it is asked.
    :param reactions: what it does to what the host writes from then on.
    :param method: of the request that it is asked by.
    :param data: the body of that.
    :param manner: what the client makes of the response.
    :param since: the command from which on its looks at its port are counted.
    :param point: after how many of them it is interrupted, or killed.
    :param errand: what the client does next.
    :param switches: the firmware.
    :param settings: keyword arguments of the adapter.
    :param line: keyword arguments of the emulator: the line's speed and pieces.
    """

    opening: tuple[Part, ...]
    reactions: tuple[Reaction, ...] = ()
    method: str = "GET"
    data: bytes | None = None
    manner: Manner = Manner.FOLLOW
    since: bytes = b"AT+QHTTPREAD="
    point: int = 0
    errand: Errand = Errand()
    switches: Switches = Switches()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    line: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def in_lf(case: Case) -> Case:
    """Return the attack on a module that ends its lines in LF, by a server that knows.

    HTTP stays as it is.
    """
    reactions = (
        dataclasses.replace(one, parts=tuple(map(_in_lf, one.parts)))
        for one in case.reactions
    )
    return dataclasses.replace(
        case,
        opening=tuple(map(_in_lf, case.opening)),
        reactions=tuple(reactions),
        switches=dataclasses.replace(case.switches, line_end="lf"),
    )


def _in_lf(part: Part) -> Part:
    if isinstance(part, Say) and not part.data.startswith(b"HTTP/"):
        return Say(part.data.replace(b"\r\n", b"\n"))
    return part
