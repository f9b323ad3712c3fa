"""The errors below HTTP.

Users of requests do not see them directly: `outcomes` converts each to the urllib3
exception that stock requests would raise, and chains the error as its cause. Users of
`BG96Modem` get them directly.
"""

from __future__ import annotations

import enum
from typing import Any

__all__ = (
    "CME_MEANING",
    "HTTP_MEANING",
    "TCP_MEANING",
    "BG96Error",
    "ContextError",
    "DataModeError",
    "EchoError",
    "LimitError",
    "ModuleError",
    "ModuleRestarted",
    "MuteError",
    "NoAnswer",
    "PauseError",
    "Phase",
    "PortError",
    "ReentryError",
    "SetupError",
    "SleepError",
    "SocketsInUse",
    "SpoolError",
    "StrayAnswer",
    "StreamEnded",
    "TransferError",
    "TrustError",
    "UnfitURL",
    "meaning",
)

#: HTTP manual, chapter 5.
HTTP_MEANING = {
    701: "HTTP(S) unknown error",
    702: "HTTP(S) timeout",
    703: "HTTP(S) busy",
    704: "HTTP(S) UART busy",
    705: "HTTP(S) no GET/POST requests",
    706: "HTTP(S) network busy",
    707: "HTTP(S) network open failed",
    708: "HTTP(S) network no configuration",
    709: "HTTP(S) network deactivated",
    710: "HTTP(S) network error",
    711: "HTTP(S) URL error",
    712: "HTTP(S) empty URL",
    713: "HTTP(S) IP address error",
    714: "HTTP(S) DNS error",
    715: "HTTP(S) socket create error",
    716: "HTTP(S) socket connect error",
    717: "HTTP(S) socket read error",
    718: "HTTP(S) socket write error",
    719: "HTTP(S) socket closed",
    720: "HTTP(S) data encode error",
    721: "HTTP(S) data decode error",
    722: "HTTP(S) read timeout",
    723: "HTTP(S) response failed",
    724: "Incoming call busy",
    725: "Voice call busy",
    726: "Input timeout",
    727: "Wait data timeout",
    728: "Wait HTTP(S) response timeout",
    729: "Memory allocation failed",
    730: "Invalid parameter",
}

#: TCP manual, chapter 4.
TCP_MEANING = {
    550: "unknown error",
    551: "operation blocked",
    552: "invalid parameters",
    553: "memory not enough",
    554: "create socket failed",
    555: "operation not supported",
    556: "socket bind failed",
    557: "socket listen failed",
    558: "socket write failed",
    559: "socket read failed",
    560: "socket accept failed",
    561: "open PDP context failed",
    562: "close PDP context failed",
    563: "socket identity has been used",
    564: "DNS busy",
    565: "DNS parse failed",
    566: "socket connect failed",
    567: "socket has been closed",
    568: "operation busy",
    569: "operation timeout",
    570: "PDP context broken down",
    571: "cancel send",
    572: "operation not allowed",
    573: "APN not configured",
    574: "port busy",
}

#: AT manual 12.5; the errors that can occur while a connection is set up.
CME_MEANING = {
    0: "phone failure",
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    30: "no network service",
    31: "network timeout",
    50: "incorrect parameters",
}


class Phase(enum.Enum):
    """How far an exchange has come; it decides what may be repeated."""

    #: Until CONNECT of QHTTPGET or QHTTPPOST. The server has seen nothing.
    CONNECT = "connecting"
    #: The module takes the bytes of the request.
    SEND = "sending the request"
    #: The module waits for the server's response.
    WAIT = "waiting for the response"
    #: The host reads the response from the module.
    READ = "reading the response"


class BG96Error(Exception):
    """The modem could not do what it was asked to do.

    :param text: what happened, and what to do.
    :param command: the current AT command, without secrets.
    :param err: the module's error number, if there is one.
    :param phase: how far the exchange had come; None if that is not known yet, and
        outside an exchange.
    """

    #: The seconds until the next attempt may be made, if a pause must pass first.
    retry_after: float | None = None

    def __init__(
        self,
        text: str,
        *,
        command: str | None = None,
        err: int | None = None,
        phase: Phase | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.command = command
        self.err = err
        self.phase = phase

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructors of subclasses take other arguments.
        return type(self).__new__, (type(self), *self.args), self.__dict__

    def __str__(self) -> str:
        phase = None if self.phase is None else f"while {self.phase.value}"
        details = [detail for detail in (self.command, phase) if detail is not None]
        return f"{self.text} ({', '.join(details)})" if details else self.text

    def reached(self, phase: Phase | None) -> None:
        """Record how far the exchange had come, unless that is known already."""
        if self.phase is None:
            self.phase = phase


class LimitError(BG96Error, ValueError):
    """The module cannot carry the request; none of its bytes were sent."""

    def __str__(self) -> str:
        return self.text


class UnfitURL(LimitError):
    """The module cannot carry the URL; nothing was sent."""


class SocketsInUse(LimitError):
    """All sockets of the module are in use."""

    def __init__(self) -> None:
        super().__init__(
            "all 12 sockets of the module are in use: read or close a response first"
        )


class PortError(BG96Error):
    """The serial port is missing, in use, or went away."""

    #: Whether the port exists, but is not available to us.
    taken = False


class NoAnswer(BG96Error):
    """The module did not answer in time."""


class SetupError(BG96Error):
    """The module cannot be prepared: SIM, PIN, registration or PDP context."""

    #: Whether a reset may help.
    curable = False


class MuteError(SetupError):
    """The module does not answer."""

    curable = True


class SleepError(MuteError, NoAnswer):
    """The module has said that it saves power, and did not wake in time."""

    #: A module that does not answer cannot be reset.
    curable = False


class ContextError(SetupError):
    """The PDP context cannot be activated."""

    curable = True
    #: Whether the network said that it will refuse the next attempt as well.
    lasting = False


class PauseError(SetupError):
    """The network was asked too often; `retry_after` says when to ask again."""


class EchoError(BG96Error):
    """The module received another command than the one that was sent."""


class StrayAnswer(BG96Error):
    """A late answer to an earlier command arrived."""


class DataModeError(BG96Error):
    """The module is in data mode unexpectedly."""


class TrustError(BG96Error):
    """A connection cannot be checked as required, so it is not made."""


class ReentryError(BG96Error):
    """Code that the modem calls tries to use the modem.

    It cannot wait: the modem continues only after this code returns.
    """

    def __init__(self) -> None:
        super().__init__(
            "this thread already uses the modem and would wait for itself. A logging "
            "handler, a progress= or wake= function, a warnings hook or a signal "
            "handler must not use the modem that calls it: use another thread, as "
            "logging.handlers.QueueHandler does"
        )


class ModuleRestarted(BG96Error):
    """The module restarted, and lost its settings and the request."""

    #: Whether it has not restarted yet, but sleeps.
    asleep = False


class TransferError(BG96Error):
    """Bytes of the response are missing or wrong."""


class SpoolError(BG96Error):
    """There is no room for the unread rest of a response."""


class StreamEnded(BG96Error):
    """The response was ended on this side before its end."""


class ModuleError(BG96Error):
    """The module answered with an error.

    :param err: the number of ``+CME ERROR`` or of the result URC; None for ``ERROR``.
    :param command: the AT command that it answered.
    :param answer: the answer, if it has no number.
    """

    def __init__(
        self,
        err: int | None,
        command: str,
        *,
        answer: str = "ERROR",
        phase: Phase | None = None,
    ) -> None:
        text = (
            f"the module answered {answer}"
            if err is None
            else f"the module reports {err}: {meaning(err)}"
        )
        super().__init__(text, command=command, err=err, phase=phase)


def meaning(err: int) -> str:
    """Return the manuals' name for the error number `err`."""
    meanings = (HTTP_MEANING, TCP_MEANING, CME_MEANING)
    found = (one[err] for one in meanings if err in one)
    return next(found, "not in the manuals")
