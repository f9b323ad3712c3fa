"""What is known of the module."""

from __future__ import annotations

import dataclasses
import enum

from ..clock import SystemClock
from ..stats import Statistics
from . import repeating
from .backoff import Backoff
from .codes import BAUDRATES, Limits

__all__ = ("Checked", "Knowledge", "PinTry", "Rates", "Told")


@dataclasses.dataclass
class Rates:
    """The speeds of the line, in baud.

    :param matter: whether the module hears only its own speed. Over its own USB and
        over TCP, it hears any.
    :param found: the speed at which it last answered; None before that.
    :param tried: the speed that it was told, if it may not have heard it.
    :param wanted: the speeds that the caller wants, the best first; None if that is not
        known yet.
    :param proved: the speeds that the line carries.
    :param refused: the speeds that it does not.
    """

    matter: bool = True
    found: int | None = None
    tried: int | None = None
    wanted: tuple[int, ...] | None = None
    proved: set[int] = dataclasses.field(default_factory=set)
    refused: set[int] = dataclasses.field(default_factory=set)

    @property
    def usual(self) -> int:
        """The speed to begin with."""
        return self.found or BAUDRATES[0]

    @property
    def likely(self) -> tuple[int, ...]:
        """The speeds that a module may have, if it no longer answers at the first.

        A module that starts has the factory's, unless another one was stored.
        """
        told = (self.tried, BAUDRATES[0]) if self.matter else ()
        return (*dict.fromkeys(filter(None, (self.usual, *told))),)


class PinTry(enum.Enum):
    """The result of the PIN."""

    #: It was not tried, or it was right.
    NONE = enum.auto()
    #: No answer came.
    IN_DOUBT = enum.auto()
    REFUSED = enum.auto()


@dataclasses.dataclass
class Checked:
    """What was found right. It holds until the module may have restarted.

    :param settings: whether the settings of AT+QHTTPCFG and others are right.
    :param clock: whether the module's clock is right.
    :param tls: the last settings of AT+QSSLCFG.
    :param files: the names of our files that the module has.
    """

    settings: bool = False
    clock: bool = False
    tls: dict[str, str] | None = None
    files: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Told:
    """What the module was told since its start. A restart clears it.

    :param context: whether the PDP context is active.
    :param url: the last URL of AT+QHTTPURL.
    :param confirmed_url: the URL that was read back since then.
    :param sockets: whether the sockets that the module has are known, and their
        settings are right.
    :param joins_reads: whether it has answered a read of a socket and another command
        on the same line.
    :param busy_count: how often in a row it has answered that it is busy with a
        request.
    """

    context: bool = False
    url: bytes | None = dataclasses.field(default=None, repr=False)
    confirmed_url: bytes | None = dataclasses.field(default=None, repr=False)
    sockets: bool = False
    joins_reads: bool = False
    busy_count: int = 0


@dataclasses.dataclass
class Knowledge:
    """What is known of a module, grouped by how long it holds.

    `Link` has what is known of the open port, such as the state of the line. What is
    not in `checked` or `told` holds when the module restarts.

    :param checked: holds until the module may have restarted unnoticed.
    :param told: holds until it restarts, or another program may have used it.
    :param contents: by file name, the digest of the content that arrived; b"" if it is
        not known.
    :param peers: by origin, the checks of the connections since the context was last
        deactivated. The module may have kept some of these connections.
    :param temporary_files: the names of temporary files that are not deleted yet.
    :param cleaned_up: whether the temporary files of other programs were deleted.
    :param tls_keys: the keys that AT+QSSLCFG knows.
    :param pin: the result of the PIN.
    :param pin_written_down: whether a file in the module records that the PIN was
        tried.
    :param identity: the answer to ATI.
    :param limits: the answers to its test commands.
    :param asleep: whether it has said that it saves power, and did not answer since.
    :param prompt: whether it answered OK to the last request before the result. Then a
        missing OK shows early that the line is dead.
    :param reads_singly: whether each line has only one read of a socket, because a line
        with more commands has failed.
    :param url_apart: whether AT+QHTTPURL has a line of its own, because a line with
        more commands has failed.
    :param rates: the speeds of the line.
    :param activation: the pauses between attempts to activate the PDP context.
    :param resets: the pauses between resets of the module.
    :param stats: the counts.
    """

    checked: Checked = dataclasses.field(default_factory=Checked)
    told: Told = dataclasses.field(default_factory=Told)
    contents: dict[str, bytes] = dataclasses.field(default_factory=dict)
    peers: dict[bytes, dict[str, str]] = dataclasses.field(default_factory=dict)
    temporary_files: set[str] = dataclasses.field(default_factory=set)
    cleaned_up: bool = False
    tls_keys: frozenset[str] | None = None
    pin: PinTry = PinTry.NONE
    pin_written_down: bool = False
    identity: str | None = None
    limits: Limits = Limits()
    asleep: bool = False
    prompt: bool = False
    reads_singly: bool = False
    url_apart: bool = False
    rates: Rates = dataclasses.field(default_factory=Rates)
    activation: Backoff = dataclasses.field(
        default_factory=lambda: Backoff(repeating.CONTEXT, SystemClock())
    )
    resets: Backoff = dataclasses.field(
        default_factory=lambda: Backoff(repeating.RESET, SystemClock())
    )
    stats: Statistics = dataclasses.field(default_factory=Statistics)

    def forget(self) -> None:
        """Forget what a restart, or another program, may have changed."""
        self.doubt()
        self.told = Told()

    def doubt(self) -> None:
        """Forget what an unnoticed restart would have changed; it is checked again."""
        self.checked = Checked()
