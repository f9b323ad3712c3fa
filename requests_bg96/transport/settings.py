"""The settings that all connections of an adapter share."""

from __future__ import annotations

import dataclasses
import warnings

from urllib3.exceptions import SecurityWarning

from ..base import times
from ..base.module_files import Progress
from ..stats import Statistics
from .compression import Compression
from .host_tls import HostTLS
from .seams import Collector, Connector, HTTPClient
from .ways import Way, check, choose

__all__ = ("Transport",)


@dataclasses.dataclass(frozen=True)
class Transport:
    """The settings that all connections of an adapter share.

    :param http: the module's HTTP client.
    :param sockets: the module's TCP sockets.
    :param stats: counts what is chosen with ``auto``.
    :param keep_alive: whether to keep ``Connection: keep-alive`` in requests to the
        module's HTTP client.
    :param connect_seconds: the connect timeout if the caller gives none.
    :param read_seconds: the read timeout if the caller gives none.
    :param via: ``line``, ``file``, ``socket`` or ``auto``, if the caller does not
        choose for a request.
    :param progress: called while certificates are sent to the module.
    :param trace: collects the requests; None does not.
    :param warned: the hosts that a warning was given for.
    :param tls: makes TLS over sockets.
    :param compression: compresses bodies of requests.
    :raises ValueError: if `via` is none of these.
    """

    http: HTTPClient
    sockets: Connector
    stats: Statistics = dataclasses.field(compare=False)
    keep_alive: bool = False
    connect_seconds: float = times.CONNECT
    read_seconds: float = times.READ
    via: str = "line"
    progress: Progress | None = None
    trace: Collector | None = None
    warned: set[str] = dataclasses.field(default_factory=set, compare=False)
    tls: HostTLS = dataclasses.field(default_factory=HostTLS, compare=False)
    compression: Compression = Compression()

    def __post_init__(self) -> None:
        check(self.via)

    def way(self, scheme: str, *, proxied: bool = False) -> Way:
        """Return the way of the current request.

        :param scheme: of its URL.
        :param proxied: whether it goes through a proxy.
        """
        return choose(self.via, scheme, self.stats, proxied=proxied)

    def warn_of(self, host: str) -> None:
        """Warn once for each host that its name was not checked."""
        if host not in self.warned:
            warnings.warn(
                f"the certificate of {host} was checked, but not the host's name in "
                "it: the module's firmware cannot check names, and "
                "allow_unchecked_host=True accepts this",
                SecurityWarning,
                stacklevel=2,
            )
            # Mark as warned only afterwards: under -W error, warn() raises.
            self.warned.add(host)
