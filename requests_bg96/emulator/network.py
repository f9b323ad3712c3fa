"""What the module sees of a network: links, and the events that come from them.

An event has a time. The module takes it when its own time has come there, so a
result does not depend on when the host happened to look.
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
    """A connection that does not come about, or breaks.

    :param error: a number of HTTP manual 5; without one, that of the class.
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
    """The TLS handshake fails (701)."""

    error = 701


class ConnectSilence(NetworkFailure):
    """Nobody answers the attempt to connect, ever."""

    error = 702


@dataclasses.dataclass(frozen=True)
class TlsSettings:
    """One SSL context as AT+QSSLCFG has it (SSL manual 2.1.1), files read in.

    :param version: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all.
    :param cipher_suite: one code, 0xFFFF for all.
    :param level: 0 no check, 1 check the server, 2 show a certificate as well.
    :param ignore_time: True leaves the dates of certificates unchecked.
    :param negotiate_time: seconds for the handshake.
    :param server_name: True tells the server the name of the host (SNI).
    :param check_host: True checks that the certificate is for the host.
    :param ignore_chain: True leaves the chain of certificates unchecked.
    :param time: the module's clock, in UTC; without it no certificate is valid now.
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
    """The connection is made, TLS included.

    :param address: of the server.
    :param local_port: of this end.
    """

    address: str = dataclasses.field(default="192.0.2.1", compare=False, repr=False)
    local_port: int = dataclasses.field(default=0, compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Failed:
    """The connection is not made, or breaks for a reason of its own."""

    error: int


@dataclasses.dataclass(frozen=True)
class Received:
    """One packet came in."""

    data: bytes


@dataclasses.dataclass(frozen=True)
class Closed:
    """The server has closed; ``reset`` if it did so by RST."""

    reset: bool = False


@dataclasses.dataclass(frozen=True)
class Resolved:
    """The addresses of a name."""

    addresses: tuple[str, ...]


Event = Union[Connected, Failed, Received, Closed, Resolved]


class Lookup(Protocol):
    """A source of events."""

    def due(self) -> float:
        """Return the time of the next event; infinity while it is not known."""

    def take(self) -> Event:
        """Return the next event."""


class ServerConnection(Lookup, Protocol):
    """One connection to a server, from the attempt to make it on."""

    @property
    def unsent(self) -> int:
        """The bytes that the server has not acknowledged."""

    def send(self, data: bytes, now: float) -> None:
        """Send bytes to the server."""

    def shut_down(self, now: float) -> None:
        """Send no more: the server sees the end, and may go on to send."""

    def finish(self, now: float) -> None:
        """Say that the request is complete."""

    def close(self) -> None:
        """Close the connection; no event comes any more."""

    def hang_up(self, now: float) -> None:
        """Let the server close the connection now."""


class Network(Protocol):
    """Makes links."""

    @property
    def busy(self) -> bool:
        """Whether events may come without the clock moving."""

    def attach(self, clock: Clock, notify: Callable[[], None]) -> None:
        """Take the clock of the emulator and its call for attention."""

    def connect(
        self, host: str, port: int, tls: TlsSettings | None, now: float
    ) -> ServerConnection:
        """Start to connect."""

    def resolve(self, host: str, now: float) -> Lookup:
        """Start to look a name up."""
