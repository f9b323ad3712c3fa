"""What can go wrong below HTTP.

A caller of requests never meets these as they are: `connection` turns each into the
urllib3 exception that stock requests would have raised, and chains it as the cause.
A caller of `BG96Modem` meets them directly.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = (
    "CME_MEANING",
    "HTTP_MEANING",
    "BG96Error",
    "ContextError",
    "DataModeError",
    "EchoError",
    "LimitError",
    "ModuleError",
    "ModuleRestarted",
    "MuteError",
    "NoAnswer",
    "Phase",
    "PortError",
    "ReentryError",
    "SetupError",
    "SpoolError",
    "StrayAnswer",
    "StreamEnded",
    "TransferError",
    "TrustError",
    "UnfitURL",
    "meaning",
    "reaching",
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

#: AT manual 12.5; those that bringing up a connection can meet.
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
    """How far an exchange has come, which decides what may be repeated."""

    #: Until CONNECT of QHTTPGET or QHTTPPOST: the server has surely seen nothing.
    CONNECT = "connecting"
    #: The request is being handed to the module.
    SEND = "sending the request"
    #: The module waits for the server's response.
    WAIT = "waiting for the response"
    #: The response is being read from the module.
    READ = "reading the response"


class BG96Error(Exception):
    """The modem could not do what it was asked to.

    :param text: what was found, and what to do about it.
    :param command: the AT command under way, secrets left out.
    :param err: the module's error number, if it gave one.
    :param phase: how far the exchange had come; None where that is not known yet, and
        outside of an exchange.
    """

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
        # Of an exception's own arguments, subclasses take others.
        return type(self).__new__, (type(self), *self.args), self.__dict__

    def __str__(self) -> str:
        phase = None if self.phase is None else f"while {self.phase.value}"
        details = [detail for detail in (self.command, phase) if detail is not None]
        return f"{self.text} ({', '.join(details)})" if details else self.text

    def reached(self, phase: Phase | None) -> None:
        """Record how far the exchange had come, unless that is known already."""
        if self.phase is None:
            self.phase = phase


@contextmanager
def reaching(phase: Phase) -> Iterator[None]:
    """Let what fails within have come to `phase`, unless it knows better."""
    try:
        yield
    except BG96Error as error:
        error.reached(phase)
        raise


class LimitError(BG96Error, ValueError):
    """The request cannot be carried by the module; not a byte of it was sent."""

    def __str__(self) -> str:
        return self.text


class UnfitURL(LimitError):
    """The URL cannot be carried by the module; not a byte was sent."""


class PortError(BG96Error):
    """The serial port is not there, is not ours, or went away."""

    #: Whether it is there, and not for us.
    taken = False


class SetupError(BG96Error):
    """The module cannot be made ready: SIM, PIN, registration or PDP context."""

    #: Whether a reset may help.
    curable = False


class MuteError(SetupError):
    """Nothing answers."""

    curable = True


class ContextError(SetupError):
    """The PDP context cannot be activated."""

    curable = True


class EchoError(BG96Error):
    """A command did not reach the module as it was sent."""


class StrayAnswer(BG96Error):
    """An answer is not to the command that was given, but late, to an earlier one."""


class DataModeError(BG96Error):
    """The module is in data mode, where nothing should have led it."""


class TrustError(BG96Error):
    """A connection cannot be checked as it was asked for, and so is not made."""


class NoAnswer(BG96Error):
    """The time for an answer ran out."""


class ReentryError(BG96Error):
    """The modem is asked for something by what it calls while it is at work.

    It cannot wait: what it would wait for goes on only when it returns.
    """

    def __init__(self) -> None:
        super().__init__(
            "this thread has the modem already, and would wait for itself: a logging "
            "handler, a progress= function, a warning's hook or a signal handler must "
            "not use the modem that calls it; hand it to another thread, as "
            "logging.handlers.QueueHandler does"
        )


class ModuleRestarted(BG96Error):
    """The module has restarted and forgotten its settings and the request."""


class TransferError(BG96Error):
    """Bytes of the response are missing, or not what they should be."""


class SpoolError(BG96Error):
    """There is no room for what the reader of a response has not read yet."""


class StreamEnded(BG96Error):
    """The response was ended on this side, before its end had come."""


class ModuleError(BG96Error):
    """The module answered with an error.

    :param err: the number of ``+CME ERROR`` or of the result URC; None for ``ERROR``.
    :param command: the AT command it answered.
    :param answer: the answer as it came, where there is no number.
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
    """Return what the manuals call the error number `err`."""
    return HTTP_MEANING.get(err) or CME_MEANING.get(err) or "not in the manuals"
