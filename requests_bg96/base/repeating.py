"""What is done again after a failure: how often, how far apart, and for how long.

A request that the server may have seen is never sent again from here: that is for
`urllib3.util.Retry`, as the caller sets it. What is here happens before CONNECT, or
between us and the module only. A PIN is never tried again (`dialogues.sim`).
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("RULES", "Rule")


class Rule(NamedTuple):
    """What is done again.

    :param finding: after what.
    :param action: what is done then.
    :param attempts: at most, the first one included; None for no limit but the time.
    :param pause: seconds between two attempts.
    :param seconds: for how long; None for as long as the request's timeout allows.
    """

    finding: str
    action: str
    attempts: int | None = None
    pause: float = 0.0
    seconds: float | None = None

    def allows(self, failed: int) -> bool:
        """Return whether another attempt may follow `failed` of them."""
        return self.attempts is None or failed < self.attempts

    @property
    def times(self) -> range:
        """The attempts, to go through."""
        if self.attempts is None:
            raise ValueError("no number of attempts ends this")
        return range(self.attempts)


REQUEST = Rule(
    "the module or the port was lost before CONNECT",
    "the request is given to the module again",
    attempts=3,
)
#: A module on USB is away for as long as it takes to start, some 5 s (hardware design
#: manual 3.6.1) and the system's own.
PORT = Rule(
    "a port that was there cannot be opened",
    "it is opened again, under its new name",
    pause=0.5,
    seconds=15.0,
)
MUTE = Rule(
    "a module that has answered before does not answer",
    "it is called again",
)
#: The manual allows it no more often (HTTP manual 4.2).
RESET = Rule(
    "nothing else helps, and ``allow_reset=True``",
    "the module is reset",
    attempts=1,
    pause=600.0,
)
FIND = Rule(
    "nothing answers on a port that was just opened",
    "data mode is left, and every second time all speeds are tried",
    attempts=4,
)
CALL = Rule(
    "the module does not answer where it should listen",
    "data mode is left, and it is asked twice again",
    attempts=3,
)
MEND = Rule(
    "the module reports an error that set-up, or a fresh PDP context, mends",
    "that is done, once for each kind of error",
    attempts=2,
)
BUSY = Rule(
    "the module is busy with another request (703, 704)",
    "the request is given to it again; in the end it loses its PDP context",
    attempts=40,
    pause=0.5,
)
FETCH_BUSY = Rule(
    "the module is busy when the response is fetched (703, 704)",
    "it is fetched again",
    pause=0.5,
)
FETCH_DOUBTFUL = Rule(
    "a command that fetches the response is refused, which may be noise",
    "it is given again",
    attempts=2,
    pause=0.5,
)
URL = Rule(
    "the URL of a verified request reads back as another",
    "it is sent again",
    attempts=3,
)
TLS = Rule(
    "TLS settings read back as others",
    "they are written again",
    attempts=2,
)
FILE = Rule(
    "a file did not arrive intact, to the module or from it",
    "it is sent again",
    attempts=3,
)
#: After 20 s the manual gives it up (TCP manual 1.1).
SIM = Rule(
    "the SIM is busy, or not yet there",
    "it is asked again",
    attempts=20,
    pause=1.0,
)
REGISTRATION = Rule(
    "the module is not registered in a network",
    "it is asked again",
    pause=1.0,
)

#: In the order in which a request meets them.
RULES = (
    PORT,
    FIND,
    CALL,
    MUTE,
    RESET,
    SIM,
    REGISTRATION,
    TLS,
    URL,
    FILE,
    BUSY,
    MEND,
    REQUEST,
    FETCH_BUSY,
    FETCH_DOUBTFUL,
)
