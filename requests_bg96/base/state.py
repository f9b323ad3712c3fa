"""What is known of the module."""

from __future__ import annotations

import dataclasses
import enum

from ..stats import Statistics
from .codes import GET_LIMIT, POST_LIMIT, URL_LIMIT

__all__ = ("Limits", "ModuleState", "PinTry")


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
class ModuleState:
    """What is known of a module.

    :param checked: whether what follows has been asked for lately.
    :param context: whether the PDP context is active.
    :param url: what AT+QHTTPURL was given last.
    :param confirmed_url: what it was found to be, since it was given last.
    :param tls: what AT+QSSLCFG was given last.
    :param files: the names of ours that it has.
    :param contents: by the name of each file, the digest of what arrived under it;
        b"" while nobody knows. No restart changes that.
    :param peers: by origin, what the connections to it were checked for since the
        context was last taken down; a module may keep some of them.
    :param litter: the names of files that could not be deleted yet.
    :param swept: whether files that other programs have left were looked for.
    :param refusals: how often it has said in a row that it is busy with a request.
    :param clock_checked: whether its clock is right.
    :param tls_keys: what AT+QSSLCFG knows; no restart changes that.
    :param identity: what ATI says; no restart changes that.
    :param limits: what its test commands say; nor that.
    :param prompt: whether it said OK to the last request before it had the result: then
        a missing OK shows early that the line is dead.
    :param stats: what was done so far.
    :param pin: what came of the PIN when it was tried; nor that.
    :param pin_written_down: whether a file in the module says that it was tried.
    """

    checked: bool = False
    context: bool = False
    url: bytes | None = dataclasses.field(default=None, repr=False)
    confirmed_url: bytes | None = dataclasses.field(default=None, repr=False)
    tls: dict[str, str] | None = None
    files: set[str] = dataclasses.field(default_factory=set)
    contents: dict[str, bytes] = dataclasses.field(default_factory=dict)
    peers: dict[bytes, dict[str, str]] = dataclasses.field(default_factory=dict)
    litter: set[str] = dataclasses.field(default_factory=set)
    swept: bool = False
    refusals: int = 0
    clock_checked: bool = False
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
        self.context = False
        self.url = self.confirmed_url = None

    def doubt(self) -> None:
        """Have asked again what a restart that nobody noticed would have changed."""
        self.checked = self.clock_checked = False
        self.tls = None
        self.files.clear()
