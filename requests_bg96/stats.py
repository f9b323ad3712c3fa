"""The counts of what a modem has done."""

from __future__ import annotations

import collections
import dataclasses
import enum
import logging
from typing import NamedTuple, Protocol

__all__ = ("Choice", "Cost", "DataUsage", "Meter", "Recovery", "Statistics")

logger = logging.getLogger(__name__)


class Recovery(enum.Enum):
    """The steps of recovery, the mildest first."""

    LATE = "waited for what was given up"
    DRAIN = "took a response that nobody waits for"
    ESCAPE = "left data mode"
    RESYNCHRONISE = "called the module back"
    SET_UP = "set the module up again"
    WAKE = "woke the module"
    CONTEXT = "activated the PDP context again"
    RESET = "reset the module"
    REOPEN = "opened the port again"


class Choice(enum.Enum):
    """What ``via="auto"`` has chosen for a request, and why."""

    HTTPS = "socket: this machine makes TLS, and checks all that requests checks"
    PROXY = "socket: the module's HTTP client has no proxies"
    STREAM = "socket: the module's HTTP client needs the length of the body"
    LARGE = "socket: the body is larger than AT+QHTTPPOST takes"
    HTTP = "line: it is a request without TLS"

    @property
    def way(self) -> str:
        """The way that was chosen."""
        return self.value.partition(":")[0]


class Meter(Protocol):
    """Counts bytes on the line."""

    def count(self, *, up: int = 0, down: int = 0) -> None:
        """Add bytes to the module and from it."""


class DataUsage(NamedTuple):
    """The bytes that went over the air.

    :param sent: by the module.
    :param received: by the module.
    """

    sent: int
    received: int


@dataclasses.dataclass
class Cost:
    """What the requests in a ``with`` block of `BG96Modem.measure` have cost.

    All is 0 until the block ends.

    :param requests: as in `Statistics`.
    :param bytes_up: as in `Statistics`.
    :param bytes_down: as in `Statistics`.
    :param line_bytes_up: as in `Statistics`.
    :param line_bytes_down: as in `Statistics`.
    :param air: the bytes over the air, as the module counts them. None if the firmware
        does not count them, or if the module has restarted in the block.
    """

    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    line_bytes_up: int = 0
    line_bytes_down: int = 0
    air: DataUsage | None = None

    def count(self, before: Statistics, after: Statistics) -> None:
        """Set the counts to the difference of two states."""
        for name in COUNTS:
            setattr(self, name, getattr(after, name) - getattr(before, name))


@dataclasses.dataclass
class Statistics:
    """Counts since the modem was made.

    :param requests: requests that were sent to the module.
    :param bytes_up: bytes of requests, head and body; over sockets, all payload sent,
        with that of TLS.
    :param bytes_down: the same of responses.
    :param line_bytes_up: all bytes written to the port.
    :param line_bytes_down: all bytes read from the port.
    :param recoveries: how often each step was taken.
    :param choices: how often ``via="auto"`` made each choice.
    """

    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    line_bytes_up: int = 0
    line_bytes_down: int = 0
    recoveries: collections.Counter[Recovery] = dataclasses.field(
        default_factory=collections.Counter
    )
    choices: collections.Counter[Choice] = dataclasses.field(
        default_factory=collections.Counter
    )

    @property
    def resets(self) -> int:
        """How often the module was reset."""
        return self.recoveries[Recovery.RESET]

    def recovered(self, step: Recovery, why: object = "") -> None:
        """Count and log a step of recovery."""
        self.recoveries[step] += 1
        logger.info("%s%s", step.value, f": {why}" if why else "")

    def chose(self, choice: Choice) -> None:
        """Count and log a choice of ``via="auto"``."""
        self.choices[choice] += 1
        logger.info("a request goes by %s", choice.value)


#: The counts of `Statistics` that `Cost` has, too.
COUNTS = [name for name in Cost.__dataclass_fields__ if name != "air"]
