"""The actions of a server, and those of the client meanwhile, as data."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, Union

from requests_bg96.emulator import Switches
from requests_bg96.emulator.faults import Action, Direction

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
    "Noise",
    "PACKET",
    "Part",
    "REDIRECT",
    "Reaction",
    "SECRET",
    "Say",
    "Wait",
    "in_lf",
)

#: The bytes of one packet.
PACKET = 1460
#: The server that attacks, and the one that does not.
EVIL, BANK = "evil.example", "bank.example"
#: Their URLs.
LURE, ACCOUNT = f"http://{EVIL}/", f"{BANK}/account"
#: A secret for the bank and the network only.
SECRET = "5ec2e7"
#: A body that is harmful as commands.
HARM = b'\rAT+QFDEL="*"\rAT+CFUN=0\rAT+QPOWD\r' * 3

FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nforged"
#: The head of a redirect to the bank, without its end.
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://" + ACCOUNT.encode() + b"\r\n"


@dataclasses.dataclass(frozen=True)
class Say:
    """Send these bytes."""

    data: bytes


@dataclasses.dataclass(frozen=True)
class Wait:
    """Let this many seconds pass."""

    seconds: float


@dataclasses.dataclass(frozen=True)
class Close:
    """Close the connection, by RST if `reset`."""

    reset: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """Send the module's answer to what the host has just written."""


@dataclasses.dataclass(frozen=True)
class Mimic:
    """From now on, answer everything as the module would, after this many seconds."""

    delay: float = 0.0


@dataclasses.dataclass(frozen=True)
class Coded:
    """From now on, send everything in chunks, one for each piece."""


Part = Union[Say, Wait, Close, Answer, Mimic, Coded]


@dataclasses.dataclass(frozen=True)
class Reaction:
    """The action when the host writes something that matches the pattern.

    :param to: the pattern; the random words are replaced before the match.
    :param parts: the action, in place of an imitation.
    :param times: how often.
    """

    to: bytes
    parts: tuple[Part, ...]
    times: int = 1


@dataclasses.dataclass(frozen=True)
class Noise:
    """A fault of the line, some bytes after the host has written something.

    :param to: a pattern of what the host writes.
    :param beyond: the bytes of the direction between that and the fault.
    :param direction: of the bytes that it hits.
    :param action: as in `requests_bg96.emulator.Fault`.
    :param data: the bytes that it inserts.
    :param in_errand: whether it waits for the request to the server that is trusted.
    """

    to: bytes
    beyond: int
    direction: Direction = "to_host"
    action: Action = "garble"
    data: bytes = b""
    in_errand: bool = False


class Manner(enum.Enum):
    """What the client does with the response of the server that attacks."""

    FOLLOW = "reads it, and follows where it points to"
    READ = "reads it"
    CLOSE = "closes it unread"
    UNREAD = "leaves it unread until later"
    PARTLY = "reads a few bytes of it, and leaves it"
    TIMEOUT = "reads it with little patience"
    INTERRUPTED = "is interrupted by the user"
    KILLED = "is killed, and started again"
    FOREIGN = "is another program, which ends before it is done"


@dataclasses.dataclass(frozen=True)
class Errand:
    """The client's request to the server that it trusts.

    :param secure: whether by https, with a check of the server.
    :param data: the body.
    """

    secure: bool = False
    data: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    """One attack.

    :param opening: the server's answer to the first request.
    :param reactions: its actions when the host writes, from then on.
    :param method: the method of the first request.
    :param data: the body of the first request.
    :param manner: what the client does with the response.
    :param since: the command after which the client's looks at its port count.
    :param point: the number of looks after which it is interrupted or killed.
    :param errand: the client's next request.
    :param switches: the firmware.
    :param settings: the arguments of the adapter.
    :param line: the arguments of the emulator: the line's speed and pieces.
    :param packets: the bytes of the server's packets, again and again.
    :param noise: what the line does.
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
    packets: tuple[int, ...] = (PACKET,)
    noise: tuple[Noise, ...] = ()

    @property
    def by_socket(self) -> bool:
        """Whether the requests go over the module's sockets."""
        return self.settings.get("via") == "socket"

    @property
    def changed_up(self) -> bool:
        """Whether the line changes what the host writes."""
        return any(one.direction == "from_host" for one in self.noise)


def in_lf(case: Case) -> Case:
    """Return the attack on a module with LF, by a server that knows it.

    The lines of HTTP do not change.
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
