"""The rules for repeating after a failure: how often, how far apart, and how long.

A request that the server may have seen is never repeated here. `urllib3.util.Retry`
does that, if the caller wants it. These rules apply before CONNECT, or between us and
the module only. A PIN is never tried again (`dialogues.sim`).
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("RULES", "Rule")


class Rule(NamedTuple):
    """One rule.

    :param finding: the failure.
    :param action: what the library does then.
    :param attempts: the most attempts, with the first; None if only time limits them.
    :param pause: seconds between two attempts.
    :param seconds: for how long; None for the whole timeout of the request.
    :param pauses: seconds after each failure in a row, in place of `pause`. The last
        one holds from then on. `Backoff` adds a random part.
    :param lasting: seconds after a failure that lasts.
    """

    finding: str
    action: str
    attempts: int | None = None
    pause: float = 0.0
    seconds: float | None = None
    pauses: tuple[float, ...] = ()
    lasting: float = 0.0

    def allows(self, failed: int) -> bool:
        """Return whether another attempt may follow `failed` of them."""
        return self.attempts is None or failed < self.attempts

    @property
    def times(self) -> range:
        """The attempts, for a loop."""
        if self.attempts is None:
            raise ValueError("no number of attempts ends this")
        return range(self.attempts)


REQUEST = Rule(
    "the module or the port was lost before CONNECT",
    "send the request to the module again",
    attempts=3,
)
#: A module on USB is away while it starts, some 5 s (hardware design manual 3.6.1), and
#: until the system has found it.
PORT = Rule(
    "a port that existed cannot be opened",
    "open it again, under its new name",
    pause=0.5,
    seconds=15.0,
)
WAKE = Rule(
    "the module does not answer or its port is missing, and there is ``wake=``",
    "wake the module, and resynchronise it",
    pause=15.0,
)
MUTE = Rule(
    "a module that has answered before no longer answers",
    "resynchronise it",
)
#: The manual allows no more resets (HTTP manual 4.2). In the long run, it allows one an
#: hour (TCP manual 1.1; GSMA TS.34).
RESET = Rule(
    "nothing else helps, and ``allow_reset=True``",
    "reset the module",
    attempts=1,
    pauses=(600.0, 1_800.0, 3_600.0),
    lasting=3_600.0,
)
#: Operators allow 30 refused activations an hour, or 4 automatic ones.
CONTEXT = Rule(
    "the network refuses the PDP context",
    "refuse all requests, with the time of the next attempt",
    attempts=24,
    seconds=3_600.0,
    pauses=(0.0, 30.0, 120.0, 480.0, 900.0),
    lasting=3_600.0,
)
FIND = Rule(
    "nothing answers on a newly opened port",
    "leave data mode; every second time, try all speeds",
    attempts=4,
)
SPEED = Rule(
    "the line has faults at the speed that ``baudrate`` wants",
    "go back to the speed before, and try again",
    attempts=2,
)
SPEED_BACK = Rule(
    "the module does not hear that it must go back to the speed before",
    "tell it again",
    attempts=20,
)
CALL = Rule(
    "the module does not answer but should listen",
    "leave data mode, and ask the question twice",
    attempts=3,
)
REPAIR = Rule(
    "the module reports an error that a new set-up or PDP context repairs",
    "do this, once for each kind of error",
    attempts=2,
)
BUSY = Rule(
    "the module is busy with another request (703, 704)",
    "send the request again; in the end, deactivate the PDP context",
    attempts=40,
    pause=0.5,
)
FETCH_BUSY = Rule(
    "the module is busy when the response is fetched (703, 704)",
    "fetch it again",
    pause=0.5,
)
FETCH_DOUBTFUL = Rule(
    "the module refuses to send the response, perhaps because of noise",
    "give the command again",
    attempts=2,
    pause=0.5,
)
URL = Rule(
    "the URL of a verified request reads back differently",
    "send it again",
    attempts=3,
)
TLS = Rule(
    "TLS settings read back differently",
    "write them again",
    attempts=2,
)
FILE = Rule(
    "a file did not arrive intact, to the module or from it",
    "send it again",
    attempts=3,
)
#: After 20 s the manual gives it up (TCP manual 1.1).
SIM = Rule(
    "the SIM is busy, or not ready yet",
    "ask it again",
    attempts=20,
    pause=1.0,
)
REGISTRATION = Rule(
    "the module is not registered in a network",
    "ask it again",
    pause=1.0,
)
SOCKET_FORMATS = Rule(
    "the settings of sockets read back differently",
    "write them again",
    attempts=3,
)
SOCKET_WORN = Rule(
    "sockets cannot be opened any more (552, or five failures in a row)",
    "deactivate the PDP context, unless another socket uses it",
    attempts=5,
)
SOCKETS_IN_USE = Rule(
    "requests use all sockets of the module",
    "open one again",
    pause=0.1,
)
SOCKET_BUSY = Rule(
    "the module is too busy to open a socket (564, 568)",
    "open it again",
    pause=0.5,
)
#: "Some modules forget" the URC, says a driver that polls each 500 ms.
SOCKET_SILENCE = Rule(
    "no URC comes for a socket that a thread waits for",
    "ask the module, because the URC may be lost",
    pause=1.0,
)
SOCKET_LOST = Rule(
    "the module was lost while a thread waits for a socket",
    "resynchronise it, and ask which sockets it still has",
    attempts=3,
)
SOCKET_REFUSED = Rule(
    "the module refuses a command for a connected socket",
    "give the command again",
    attempts=3,
)
SOCKET_FULL = Rule(
    "the module's send buffer is full (SEND FAIL), and it has taken nothing",
    "ask whether there is room, and send it again then, or after these pauses",
    pauses=(0.02, 0.04, 0.08, 0.16, 0.32, 0.5),
)

#: In the order in which a request meets them.
RULES = (
    PORT,
    FIND,
    SPEED,
    SPEED_BACK,
    CALL,
    WAKE,
    MUTE,
    RESET,
    SIM,
    REGISTRATION,
    CONTEXT,
    TLS,
    URL,
    FILE,
    BUSY,
    REPAIR,
    REQUEST,
    FETCH_BUSY,
    FETCH_DOUBTFUL,
    SOCKET_FORMATS,
    SOCKET_WORN,
    SOCKETS_IN_USE,
    SOCKET_BUSY,
    SOCKET_SILENCE,
    SOCKET_LOST,
    SOCKET_REFUSED,
    SOCKET_FULL,
)
