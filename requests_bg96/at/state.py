"""The state of the line between us and the module, and all that may change it.

Nothing on the line says what the module is doing, and a server can send every line that
a module says. So what we know is kept here, in one state, and a byte is only written
where the state allows it.

``CLOSED``
    The port is closed.
``CLOSED_IN_DATA_MODE``
    As ``CLOSED``; the module was in data mode, and may be in it still when the port is
    opened again.
``UNKNOWN``
    Nobody knows whether the module listens. It may have restarted, or sends what
    another program has asked for. Only the question leads on, or leaving data mode.
``ASKED``
    The question is under way (`question`). Only the module's own echo answers it.
``ECHOED``
    The module has echoed the question, and so is in command mode. Its answer is to
    come.
``LISTENING``
    The module is in command mode, and nothing is under way. Only from here, and from
    ``AWAITING``, is a command given.
``COMMANDED``
    A command is under way. Its final result code is awaited, or CONNECT.
``AWAITING``
    The module works on a request, and its result URC is awaited. It listens meanwhile.
``LATE``
    What was awaited did not come in time, and may come yet. No command is given, for
    its answer could not be told from the late one.
``SENDING``
    The module is in data mode and takes payload.
``RECEIVING``
    The module is in data mode and sends payload, which a server may have chosen.
``DOUBTED``
    As ``RECEIVING``; the module was asked whether it is done. What comes may be the
    answer, or more payload.
``IN_DATA_MODE``
    The module is in data mode, and nobody goes on with it: what is written would be
    payload. It must be left.
``LEAVING``
    Data mode is being left, by DTR or by ``+++`` and its silences. The module may
    still be in it.

A state is left by an event only, along `TRANSITIONS`. Any other event there is a
mistake in this program, and raises `StateError` before a byte is written.
"""

from __future__ import annotations

import enum
from typing import NoReturn

__all__ = ("IN_DATA_MODE", "LISTENS", "TRANSITIONS", "Event", "LineState", "State")


class StateError(RuntimeError):
    """The program would do what the state of the line does not allow."""


class State(enum.Enum):
    """What the line is at; the module's docstring says what each means."""

    CLOSED = "closed"
    CLOSED_IN_DATA_MODE = "closed in data mode"
    UNKNOWN = "unknown"
    ASKED = "asked"
    ECHOED = "echoed"
    LISTENING = "listening"
    COMMANDED = "commanded"
    AWAITING = "awaiting"
    LATE = "late"
    SENDING = "sending"
    RECEIVING = "receiving"
    DOUBTED = "doubted"
    IN_DATA_MODE = "in data mode"
    LEAVING = "leaving"


class Event(enum.Enum):
    """What changes the state: what we do, and what we hear."""

    #: The port was opened.
    OPEN = "open"
    #: The port was closed, or is lost.
    CLOSE = "close"
    #: The question is put.
    ASK = "ask"
    #: The module has echoed the question.
    ECHO = "echo"
    #: It has not.
    NO_ECHO = "no echo"
    #: A command is given.
    COMMAND = "command"
    #: A result is awaited that no command of now brings.
    AWAIT = "await"
    #: The awaited final result code, or result URC, has come.
    RESULT = "result"
    #: CONNECT has come, and the module takes payload.
    SEND = "send"
    #: CONNECT has come, and the module sends payload.
    RECEIVE = "receive"
    #: CONNECT has come where nobody wants it.
    STRAY_CONNECT = "stray CONNECT"
    #: The payload has ended, with its trailer.
    TRAILER = "trailer"
    #: What was awaited did not come in time, or nobody goes on with what was begun.
    GIVE_UP = "give up"
    #: The module has restarted, is at another speed, or sends what is nobody's.
    DOUBT = "doubt"
    #: Data mode is being left.
    ESCAPE = "escape"
    #: It has been left, if the module was in it.
    ESCAPED = "escaped"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CLOSED: {
        Event.OPEN: State.UNKNOWN,
        Event.GIVE_UP: State.CLOSED,
    },
    State.CLOSED_IN_DATA_MODE: {
        Event.OPEN: State.IN_DATA_MODE,
        Event.GIVE_UP: State.CLOSED_IN_DATA_MODE,
    },
    State.UNKNOWN: {
        Event.CLOSE: State.CLOSED,
        Event.ASK: State.ASKED,
        Event.AWAIT: State.LATE,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.UNKNOWN,
        Event.DOUBT: State.UNKNOWN,
        Event.ESCAPE: State.LEAVING,
    },
    State.ASKED: {
        Event.CLOSE: State.CLOSED,
        Event.ECHO: State.ECHOED,
        Event.NO_ECHO: State.UNKNOWN,
        Event.GIVE_UP: State.UNKNOWN,
    },
    State.ECHOED: {
        Event.CLOSE: State.CLOSED,
        Event.RESULT: State.LISTENING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.UNKNOWN,
    },
    State.LISTENING: {
        Event.CLOSE: State.CLOSED,
        Event.ASK: State.ASKED,
        Event.COMMAND: State.COMMANDED,
        Event.AWAIT: State.AWAITING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.UNKNOWN,
        Event.DOUBT: State.UNKNOWN,
    },
    State.COMMANDED: {
        Event.CLOSE: State.CLOSED,
        Event.RESULT: State.LISTENING,
        Event.SEND: State.SENDING,
        Event.RECEIVE: State.RECEIVING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.LATE,
        Event.DOUBT: State.UNKNOWN,
    },
    State.AWAITING: {
        Event.CLOSE: State.CLOSED,
        Event.COMMAND: State.COMMANDED,
        Event.RESULT: State.LISTENING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.LATE,
        Event.DOUBT: State.UNKNOWN,
    },
    State.LATE: {
        Event.CLOSE: State.CLOSED,
        Event.ASK: State.ASKED,
        Event.AWAIT: State.LATE,
        Event.RESULT: State.UNKNOWN,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.LATE,
        Event.DOUBT: State.UNKNOWN,
        Event.ESCAPE: State.LEAVING,
    },
    State.SENDING: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.RESULT: State.LISTENING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.GIVE_UP: State.IN_DATA_MODE,
        Event.DOUBT: State.UNKNOWN,
    },
    State.RECEIVING: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.ASK: State.DOUBTED,
        Event.RESULT: State.LISTENING,
        Event.STRAY_CONNECT: State.IN_DATA_MODE,
        Event.TRAILER: State.LISTENING,
        Event.GIVE_UP: State.IN_DATA_MODE,
        Event.DOUBT: State.UNKNOWN,
        Event.ESCAPE: State.LEAVING,
    },
    State.DOUBTED: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.ASK: State.DOUBTED,
        Event.ECHO: State.COMMANDED,
        Event.GIVE_UP: State.IN_DATA_MODE,
    },
    State.IN_DATA_MODE: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.ASK: State.ASKED,
        Event.GIVE_UP: State.IN_DATA_MODE,
        Event.ESCAPE: State.LEAVING,
    },
    State.LEAVING: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.GIVE_UP: State.IN_DATA_MODE,
        Event.ESCAPED: State.UNKNOWN,
    },
}

#: Where the module is known to listen, or to do what it was told. A boot message, or an
#: echo that was turned off, says here that it has restarted.
LISTENS = frozenset(
    {
        State.LISTENING,
        State.COMMANDED,
        State.AWAITING,
        State.SENDING,
        State.RECEIVING,
        State.DOUBTED,
    }
)
#: Where the module may take what is written for payload.
IN_DATA_MODE = frozenset(
    {
        State.SENDING,
        State.RECEIVING,
        State.DOUBTED,
        State.IN_DATA_MODE,
        State.LEAVING,
        State.CLOSED_IN_DATA_MODE,
    }
)


class LineState:
    """The state of one line.

    :param state: to begin with: closed, in data mode or not.
    """

    __slots__ = ("state",)

    def __init__(self, state: State = State.CLOSED) -> None:
        self.state = state

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state.value}>"

    @property
    def listens(self) -> bool:
        """Whether the module is known to listen, or to do what it was told."""
        return self.state in LISTENS

    @property
    def data_mode(self) -> bool:
        """Whether the module may take what is written for payload."""
        return self.state in IN_DATA_MODE

    def on(self, event: Event) -> None:
        """Go to the state that `event` leads to.

        :raises StateError: if it leads nowhere from here.
        """
        try:
            self.state = TRANSITIONS[self.state][event]
        except KeyError:
            raise StateError(f"{event} where the line is {self.state}") from None

    def refuse(self, state: State) -> NoReturn:
        """Refuse what belongs to `state`, which the line is not in.

        :raises StateError: always.
        """
        raise StateError(f"the line is {self.state}, not {state}")
