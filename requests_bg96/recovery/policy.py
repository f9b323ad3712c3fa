"""Whether a request that the server has not seen is given to the module again.

The rules are in `base.repeating`. What is decided here is carried out by `Driver`.
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

#: What a request may be given again after.
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
    """What is done before the next attempt."""

    #: There is none: the error is the caller's.
    NONE = enum.auto()
    #: The module is called, and set up, as before every request.
    SET_UP = enum.auto()
    #: The same, and the module was not lost before.
    CALL = enum.auto()
    AWAIT_PORT = enum.auto()
    RESET = enum.auto()


@dataclasses.dataclass
class Attempts:
    """The attempts at one request that have failed.

    :param deadline: by which the server must be connected.
    :param lost: how many of them have lost the module, or the port.
    :param away: until when the port is waited for, where it could not be opened.
    :param port_failed: whether the last one could not open it.
    :param comes_back: whether the port was there before.
    """

    deadline: Deadline
    lost: int = 0
    away: Deadline | None = None
    port_failed: bool = False
    comes_back: bool = False

    def count(self, error: BG96Error, *, was_open: bool) -> None:
        """Record one that has failed.

        :param error: by which it failed, of the classes of `REPEATED`.
        :param was_open: whether the port was open when it began.
        """
        self.port_failed = isinstance(error, PortError) and not was_open
        if self.port_failed:
            self.comes_back = self.away is not None or self.lost > 0
            self.away = self.away or self.deadline.within(repeating.PORT.seconds or 0.0)
        elif not isinstance(error, SetupError):
            self.lost += 1

    def remedy(self, error: BG96Error, *, met: bool, may_reset: bool) -> Remedy:
        """Return what to do before the next attempt, if one may go better.

        :param error: as for `count`.
        :param met: whether the module has ever answered on this port.
        :param may_reset: whether it may be reset now.
        """
        if error.phase not in (None, Phase.CONNECT) or self.deadline.over:
            return Remedy.NONE
        if isinstance(error, SetupError) and error.curable and may_reset:
            return Remedy.RESET
        if not met:
            return Remedy.NONE
        if isinstance(error, SetupError):
            # One that has answered before may be starting, or be cut off for a while.
            return Remedy.CALL if isinstance(error, MuteError) else Remedy.NONE
        if self.port_failed:
            return self._remedy_for_port(error)
        again = self.lost < (repeating.REQUEST.attempts or 0)
        return Remedy.SET_UP if again else Remedy.NONE

    def _remedy_for_port(self, error: BG96Error) -> Remedy:
        # While it comes back it may belong to root, or to whoever looks at new ports.
        taken = isinstance(error, PortError) and error.taken and not self.comes_back
        over = self.away is None or self.away.over
        return Remedy.NONE if taken or over else Remedy.AWAIT_PORT
