"""Convert each failure of the modem to an exception of urllib3.

The class of the exception is the retry policy. Until the module has answered CONNECT,
the server has seen nothing, and the family of `ConnectTimeoutError` lets urllib3 repeat
a request of any method. After that the server may have seen the request, and
`ReadTimeoutError` and `ProtocolError` let urllib3 repeat only idempotent methods.
"""

from __future__ import annotations

import enum
from typing import NoReturn

from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from ..base.codes import SOCKET_LATE, SOCKET_UNRESOLVED
from ..errors import (
    BG96Error,
    LimitError,
    NoAnswer,
    Phase,
    ReentryError,
    SocketsInUse,
    TrustError,
)

__all__ = ("SOURCE_ADDRESS", "Outcome", "outcome_of", "raise_translated")

SOURCE_ADDRESS = (
    "the module makes the connection and cannot use source_address; remove it"
)


class Outcome(enum.Enum):
    """The kinds of failure that urllib3 distinguishes."""

    REFUSED = NewConnectionError
    UNRESOLVED = NameResolutionError
    CONNECT_TIMEOUT = ConnectTimeoutError
    READ_TIMEOUT = ReadTimeoutError
    BROKEN = ProtocolError
    INSECURE = SSLError
    #: No exception of urllib3: the adapter raises an exception of requests.
    OURS = BG96Error


_LATE = (Outcome.CONNECT_TIMEOUT, Outcome.READ_TIMEOUT)

#: The outcome before the server has seen the request, and afterwards. It is that of all
#: failures without a number (the port, the SIM, a plain ERROR) and of most numbers.
OTHERWISE = (Outcome.REFUSED, Outcome.BROKEN)
#: The outcomes of the other numbers (HTTP manual, chapter 5; TCP manual, chapter 4).
OUTCOMES: dict[int, tuple[Outcome, Outcome]] = {
    702: _LATE,
    703: _LATE,
    704: _LATE,
    711: (Outcome.OURS, Outcome.BROKEN),
    714: (Outcome.UNRESOLVED, Outcome.BROKEN),
    722: _LATE,
    726: _LATE,
    727: _LATE,
    728: _LATE,
    730: (Outcome.OURS, Outcome.OURS),
    SOCKET_LATE: _LATE,
    SOCKET_UNRESOLVED: (Outcome.UNRESOLVED, Outcome.BROKEN),
}
#: The module has one number for all failures in a handshake.
HANDSHAKE_ADVICE = (
    "The TLS handshake failed, and the module does not say why. Check the CA (does the "
    "server's chain end in one of verify=?), the dates of the certificate, the host's "
    "name in it, and the client certificate if the server wants one. Check the server, "
    "too: the module speaks TLS 1.2 at most, with RSA certificates only (not TLS 1.3 "
    "or ECDSA), and not every firmware sends the host's name (SNI). With the argument "
    "via='socket', this machine makes TLS, and says why it fails"
)


def outcome_of(error: BG96Error, *, https: bool) -> Outcome:
    """Return the outcome of `error`.

    :param https: whether the request used TLS.
    """
    if isinstance(error, SocketsInUse):
        return Outcome.CONNECT_TIMEOUT
    if isinstance(error, (LimitError, ReentryError)):
        return Outcome.OURS
    if isinstance(error, TrustError):
        return Outcome.INSECURE
    unseen = error.phase in (None, Phase.CONNECT)
    if error.err == 701 and https and unseen:
        return Outcome.INSECURE
    pair = _LATE if isinstance(error, NoAnswer) else OTHERWISE
    if error.err is not None:
        pair = OUTCOMES.get(error.err, pair)
    return pair[not unseen]


def urllib3_error(
    error: BG96Error, conn: HTTPConnection, url: str, host: str | None = None
) -> Exception:
    """Return the exception to raise from `error`.

    :param conn: the connection that failed.
    :param url: the requested URL.
    :param host: where it leads, if that is not `conn.host`.
    """
    host = host or conn.host
    outcome = outcome_of(error, https=conn.default_port == 443)
    if outcome is Outcome.OURS:
        return error
    if outcome is Outcome.UNRESOLVED:
        return NameResolutionError(host, conn, error)  # type: ignore[arg-type]
    if outcome is Outcome.READ_TIMEOUT:
        text = f"Read timed out: {error}"
        return ReadTimeoutError(conn, url, text)  # type: ignore[arg-type]
    if outcome is Outcome.REFUSED:
        return NewConnectionError(conn, str(error))
    if outcome is Outcome.CONNECT_TIMEOUT:
        return ConnectTimeoutError(conn, f"Connection to {host} timed out: {error}")
    if outcome is Outcome.INSECURE:
        hint = f". {HANDSHAKE_ADVICE}" if error.err else ""
        return SSLError(f"{error}{hint}")
    return ProtocolError(str(error), error)


def raise_translated(
    error: BG96Error, conn: HTTPConnection, url: str, host: str | None = None
) -> NoReturn:
    """Raise urllib3's exception for `error`, or `error` itself if there is none.

    :param conn: the connection that failed.
    :param url: the requested URL.
    :param host: where it leads, if that is not `conn.host`.
    """
    translated = urllib3_error(error, conn, url, host)
    if translated is error:
        raise error
    raise translated from error
