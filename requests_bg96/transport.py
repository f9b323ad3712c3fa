"""What every connection of an adapter shares."""

from __future__ import annotations

import contextvars
import dataclasses
import warnings

from urllib3.exceptions import SecurityWarning

from .dialogues.files import Progress
from .modem import BG96Modem

__all__ = ("VIA", "Transport")

#: The way that the requests of this context go, where they differ from the adapter's.
VIA: contextvars.ContextVar[str | None] = contextvars.ContextVar("via", default=None)


@dataclasses.dataclass(frozen=True)
class Transport:
    """What every connection of an adapter shares.

    :param modem: over which it goes.
    :param keep_alive: whether ``Connection: keep-alive`` is left as it is.
    :param connect_seconds: the connect timeout where the caller gives none.
    :param read_seconds: the read timeout where the caller gives none.
    :param via: ``line`` or ``file``, where the caller does not say for one request.
    :param progress: called while certificates are sent to the module.
    :param warned: the hosts that were warned of.
    """

    modem: BG96Modem
    keep_alive: bool = False
    connect_seconds: float = 150.0
    read_seconds: float = 60.0
    via: str = "line"
    progress: Progress | None = None
    warned: set[str] = dataclasses.field(default_factory=set, compare=False)

    def warn_of(self, host: str) -> None:
        """Warn, once for each host, that its name was not checked."""
        if host not in self.warned:
            warnings.warn(
                f"the certificate of {host} was checked, but not that it was issued "
                "to that host: the module's firmware cannot, and "
                "allow_unchecked_host=True accepts it",
                SecurityWarning,
                stacklevel=2,
            )
            # Not before: who makes an error of it is to get it the next time too.
            self.warned.add(host)
