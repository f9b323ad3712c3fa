"""The network as the module sees it: connections, and their events.

Each event has a time. The module takes an event when its own time has reached that
time. So a result does not depend on when the host looks.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Protocol, Union

from ..clock import Clock

__all__ = (
    "Closed",
    "ConnectSilence",
    "Connected",
    "Event",
    "Failed",
    "ServerConnection",
    "Lookup",
    "Network",
    "NetworkFailure",
    "Received",
    "Refused",
    "Resolved",
    "TlsFailure",
    "TlsSettings",
    "Unresolvable",
)


class NetworkFailure(Exception):
    """A connection cannot be made, or breaks.

    :param error: the error number (HTTP manual 5); by default that of the class.
    """

    error = 710

    def __init__(self, error: int | None = None) -> None:
        super().__init__(error)
        if error is not None:
            self.error = error


class Unresolvable(NetworkFailure):
    """The name of the server has no address (714)."""

    error = 714


class Refused(NetworkFailure):
    """The server refuses the connection (716)."""

    error = 716


class TlsFailure(NetworkFailure):
    """The TLS handshake failed (701)."""

    error = 701


class ConnectSilence(NetworkFailure):
    """The server never answers the attempt to connect (702)."""

    error = 702


@dataclasses.dataclass(frozen=True)
class TlsSettings:
    """One SSL context of AT+QSSLCFG (SSL manual 2.1.1), with the content of its files.

    :param version: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param cipher_suite: one code, or 0xFFFF for all.
    :param level: 0 checks nothing, 1 checks the server, 2 also sends the module's
        certificate.
    :param ca_certificate: the CA file, PEM or DER.
    :param client_certificate: the module's certificate.
    :param client_key: the key of that certificate.
    :param ignore_time: whether to ignore the dates of certificates.
    :param negotiate_time: the seconds for the handshake.
    :param server_name: whether to send the name of the host (SNI).
    :param check_host: whether to check that the certificate is for the host.
    :param ignore_chain: whether to ignore the chain of certificates.
    :param time: the module's clock, in UTC. Without it, no certificate is valid.
    """

    version: int = 4
    cipher_suite: int = 0xFFFF
    level: int = 0
    ca_certificate: bytes | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = None
    ignore_time: bool = True
    negotiate_time: int = 300
    server_name: bool = False
    check_host: bool = False
    ignore_chain: bool = False
    time: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True)
class Connected:
    """The connection is made, with TLS if it is used.

    :param address: the server's address.
    :param local_port: the port at the module.
    """

    address: str = dataclasses.field(default="192.0.2.1", compare=False, repr=False)
    local_port: int = dataclasses.field(default=0, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Failed:
    """The connection was not made, or it broke.

    :param error: the error number (HTTP manual 5).
    """

    error: int


@dataclasses.dataclass(frozen=True)
class Received:
    """A packet came."""

    data: bytes


@dataclasses.dataclass(frozen=True)
class Closed:
    """The server closed the connection, by RST if `reset`."""

    reset: bool = False


@dataclasses.dataclass(frozen=True)
class Resolved:
    """The addresses of a name."""

    addresses: tuple[str, ...]


Event = Union[Connected, Failed, Received, Closed, Resolved]


class Lookup(Protocol):
    """A source of events."""

    def due(self) -> float:
        """Return the time of the next event; infinity if it is not known."""

    def take(self) -> Event:
        """Return the next event."""


class ServerConnection(Lookup, Protocol):
    """One connection to a server, or the attempt to make it."""

    @property
    def unsent(self) -> int:
        """The bytes that the server has not acknowledged."""

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the server."""

    def shut_down(self, now: float) -> None:
        """Send the end of the data; the server may still send."""

    def finish(self, now: float) -> None:
        """Tell the connection that the request is complete."""

    def close(self) -> None:
        """Close the connection; no event comes after that."""

    def hang_up(self, now: float) -> None:
        """Close the connection, as the server does."""


class Network(Protocol):
    """Makes connections, and looks up names."""

    @property
    def busy(self) -> bool:
        """Whether events may come while virtual time stands still."""

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Attach the network to an emulator.

        :param clock: the emulator's clock.
        :param notify: the network calls it after each event.
        """

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> ServerConnection:
        """Start a connection.

        :param tls: the settings of TLS; None is without TLS.
        :param now: the time in seconds.
        """

    def resolve(self, host: str, now: float) -> Lookup:
        """Start to look up a name; the event is `Resolved` or `Failed`."""
