"""Whether a request that the server has not seen is offered to the module again."""

from __future__ import annotations

from ..clock import Clock, Deadline
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
from ..stats import Recovery
from .driver import Driver

__all__ = ("REPEATED", "Perseverance")

#: What a request may be offered again after.
REPEATED = (
    DataModeError,
    EchoError,
    ModuleRestarted,
    NoAnswer,
    PortError,
    SetupError,
    StrayAnswer,
)
#: How often it is offered: the module may have restarted, and the port may have gone,
#: once before each.
ATTEMPTS = 3
#: Seconds that a port is waited for which was there before: a module on USB is away
#: for as long as it takes to start, some 5 s (hardware design manual 3.6.1) and the
#: system's own.
AWAY_SECONDS = 15.0
AWAY_PAUSE = 0.5


class Perseverance:
    """The attempts at one request.

    :param driver: of the module.
    :param clock: the time.
    :param deadline: by which the server must be connected.
    """

    def __init__(self, driver: Driver, clock: Clock, deadline: Deadline) -> None:
        self._driver = driver
        self._clock = clock
        self._deadline = deadline
        self._attempts = 0
        self._was_open = False
        self._away: Deadline | None = None

    def begin(self) -> None:
        """Take note of how an attempt begins."""
        self._was_open = self._driver.link is not None

    def worthwhile(self, error: BG96Error) -> bool:
        """Return whether another attempt may go better, having waited for it.

        :param error: by which the last one ended, of the classes of `REPEATED`.
        """
        if error.phase is not Phase.CONNECT or self._deadline.over:
            return False
        if isinstance(error, SetupError):
            return self._after_setup(error)
        if isinstance(error, PortError) and not self._was_open:
            return self._wait_for_port(error)
        self._attempts += 1
        if not self._driver.met or self._attempts == ATTEMPTS:
            return False
        self._driver.stats.recovered(Recovery.SET_UP, error)
        return True

    def _after_setup(self, error: SetupError) -> bool:
        """One that has answered before may be starting, or be cut off for a while."""
        if error.curable and self._driver.reset(error, self._deadline):
            return True
        return isinstance(error, MuteError) and self._driver.met

    def _wait_for_port(self, error: PortError) -> bool:
        # While it comes back it may belong to root, or to whoever looks at new ports.
        comes_back = self._away is not None or self._attempts > 0
        if not self._driver.met or (error.taken and not comes_back):
            return False
        self._away = self._away or self._deadline.within(AWAY_SECONDS)
        self._clock.sleep(min(AWAY_PAUSE, self._away.left()))
        return not self._away.over
