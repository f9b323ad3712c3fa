"""What is known of the module."""

from __future__ import annotations

import dataclasses
import enum

from ..stats import Statistics
from .codes import GET_LIMIT, POST_LIMIT, URL_LIMIT

__all__ = ("Checked", "Knowledge", "Limits", "PinTry", "Told")


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much a module takes, in bytes; by default what the manual's does.

    :param url: with AT+QHTTPURL.
    :param get: with AT+QHTTPGET, header and body.
    :param post: with AT+QHTTPPOST, header and body.
    """

    url: int = URL_LIMIT
    get: int = GET_LIMIT
    post: int = POST_LIMIT


class PinTry(enum.Enum):
    """What came of the PIN when it was tried."""

    #: It was not tried, or was right.
    NONE = enum.auto()
    #: No answer came.
    IN_DOUBT = enum.auto()
    REFUSED = enum.auto()


@dataclasses.dataclass
class Checked:
    """What was found right lately; it holds until the module may have restarted.

    :param settings: whether AT+QHTTPCFG and the like are as they must be.
    :param clock: whether the module's clock is right.
    :param tls: what AT+QSSLCFG was given last.
    :param files: the names of ours that the module has.
    """

    settings: bool = False
    clock: bool = False
    tls: dict[str, str] | None = None
    files: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Told:
    """What the module was told since it has started, and loses when it restarts.

    :param context: whether the PDP context is active.
    :param url: what AT+QHTTPURL was given last.
    :param confirmed_url: what it was found to be, since it was given last.
    :param busy_count: how often it has said in a row that it is busy with a request.
    """

    context: bool = False
    url: bytes | None = dataclasses.field(default=None, repr=False)
    confirmed_url: bytes | None = dataclasses.field(default=None, repr=False)
    busy_count: int = 0


@dataclasses.dataclass
class Knowledge:
    """What is known of a module, grouped by how long it stays true.

    What is known of the open port, such as the state of the line, belongs to `Link`.
    The rest here stays true when the module restarts.

    :param checked: until the module may have restarted unnoticed.
    :param told: until it restarts, or a stranger may have used it.
    :param contents: by the name of each file, the digest of what arrived under it;
        b"" while nobody knows.
    :param peers: by origin, what the connections to it were checked for since the
        context was last taken down; a module may keep some of them.
    :param temporary_files: the names of those that could not be deleted yet.
    :param cleaned_up: whether those that other programs have left were looked for.
    :param tls_keys: what AT+QSSLCFG knows.
    :param pin: what came of the PIN when it was tried.
    :param pin_written_down: whether a file in the module says that it was tried.
    :param identity: what ATI says.
    :param limits: what its test commands say.
    :param prompt: whether it said OK to the last request before it had the result: then
        a missing OK shows early that the line is dead.
    :param stats: what was done so far.
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
    prompt: bool = False
    stats: Statistics = dataclasses.field(default_factory=Statistics)

    def forget(self) -> None:
        """Forget what a restart, or a stranger at the port, may have changed."""
        self.doubt()
        self.told = Told()

    def doubt(self) -> None:
        """Look again at what a restart that nobody noticed would have changed."""
        self.checked = Checked()
