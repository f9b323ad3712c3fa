"""Decide whether a request that the server has not seen is sent to the module again.

The rules are in `base.repeating`. `Driver` carries out the decision.
"""

from __future__ import annotations

import dataclasses
import enum

from ..base import repeating
from ..clock import Deadline
from ..errors import (
    BG96Error,
    DataModeError,
    EchoError,
    ModuleRestarted,
    MuteError,
    NoAnswer,
    Phase,
    PortError,
    SetupError,
    StrayAnswer,
)

__all__ = ("REPEATED", "Attempts", "Remedy")

#: The errors after which a request may be repeated.
REPEATED = (
    DataModeError,
    EchoError,
    ModuleRestarted,
    NoAnswer,
    PortError,
    SetupError,
    StrayAnswer,
)


class Remedy(enum.Enum):
    """What to do before the next attempt; the value is the rule for it."""

    #: There is no next attempt: the caller gets the error.
    NONE = None
    #: Synchronise the module and set it up, as before every request.
    SET_UP = repeating.REQUEST
    #: The same, but the module was not lost before.
    CALL = repeating.MUTE
    AWAIT_PORT = repeating.PORT
    RESET = repeating.RESET


@dataclasses.dataclass
class Attempts:
    """The failed attempts at one request.

    :param deadline: the time by which the server must be connected.
    :param lost: how many attempts have lost the module or the port.
    :param away: how long to wait for the port, if it could not be opened.
    :param port_failed: whether the last attempt could not open the port.
    :param comes_back: whether the port existed before.
    """

    deadline: Deadline
    lost: int = 0
    away: Deadline | None = None
    port_failed: bool = False
    comes_back: bool = False

    def count(self, error: BG96Error, *, was_open: bool) -> None:
        """Record a failed attempt.

        :param error: its error, of a class in `REPEATED`.
        :param was_open: whether the port was open when it began.
        """
        self.port_failed = isinstance(error, PortError) and not was_open
        if self.port_failed:
            self.comes_back = self.away is not None or self.lost > 0
            self.away = self.away or self.deadline.within(repeating.PORT.seconds or 0.0)
        elif not isinstance(error, SetupError):
            self.lost += 1

    def remedy(self, error: BG96Error, *, met: bool, may_reset: bool) -> Remedy:
        """Return what to do before the next attempt, if one may succeed.

        :param error: as for `count`.
        :param met: whether the module has ever answered on this port.
        :param may_reset: whether the module may be reset now.
        """
        if error.phase not in (None, Phase.CONNECT) or self.deadline.over:
            return Remedy.NONE
        if isinstance(error, SetupError) and error.curable and may_reset:
            return Remedy.RESET
        if not met:
            return Remedy.NONE
        if isinstance(error, SetupError):
            # A module that has answered before may be starting, or disconnected
            # briefly.
            return Remedy.CALL if isinstance(error, MuteError) else Remedy.NONE
        if self.port_failed:
            return self._remedy_for_port(error)
        again = repeating.REQUEST.allows(self.lost)
        return Remedy.SET_UP if again else Remedy.NONE

    def _remedy_for_port(self, error: BG96Error) -> Remedy:
        # A port that comes back may first belong to root, or to a program that probes
        # ports.
        taken = isinstance(error, PortError) and error.taken and not self.comes_back
        over = self.away is None or self.away.over
        return Remedy.NONE if taken or over else Remedy.AWAIT_PORT
