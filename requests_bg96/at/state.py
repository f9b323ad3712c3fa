"""The state of the line between us and the module, and everything that may change it.

Nothing on the line tells what the module is doing, and a server can send every line
that a module can send. So this one state holds what we know. A byte is written only if
the state allows it.

``CLOSED``
    The port is closed.
``CLOSED_IN_DATA_MODE``
    As ``CLOSED``, but the module was in data mode. It may still be in data mode when
    the port is opened again.
``UNKNOWN``
    We do not know whether the module listens. It may have restarted, or may be sending
    what another program has asked for. Ask the question, or leave data mode.
``ASKED``
    The question was sent (`question`). Only the module's own echo answers it.
``ECHOED``
    The module has echoed the question, so it is in command mode. Its answer is still to
    come.
``LISTENING``
    The module is in command mode, and no command is running. Commands are given only
    here and in ``AWAITING``.
``COMMANDED``
    A command is running. Its final result code, or CONNECT, is still to come.
``AWAITING``
    The module works on a request, and its result URC is still to come. The module
    listens meanwhile.
``LATE``
    An answer or a URC did not come in time, but may still come. No command is given,
    because its answer could not be told from the late one.
``SENDING``
    The module is in data mode and takes payload.
``RECEIVING``
    The module is in data mode and sends payload, which a server may have chosen.
``DOUBTED``
    As ``RECEIVING``, but the module was asked whether it is done. The next bytes may be
    the answer, or more payload.
``PROMPTED``
    The module has sent its prompt, and takes a number of bytes that it was told as
    payload of a socket. It is in command mode nevertheless.
``MEASURED``
    The module has announced a number of bytes of a socket, and sends them. A server has
    chosen them. The module is in command mode nevertheless.
``IN_DATA_MODE``
    The module is in data mode, or waits at its prompt, and no exchange uses it. It
    would take every byte for payload, so data mode must be left.
``LEAVING``
    We are leaving data mode, with DTR or with ``+++`` and its silences. The module may
    still be in it.

Only an event along `TRANSITIONS` changes the state. Any other event is an error in this
program, and raises `StateError` before a byte is written.
"""

from __future__ import annotations

import enum
from typing import NoReturn

__all__ = ("IN_DATA_MODE", "LISTENS", "TRANSITIONS", "Event", "LineState", "State")


class StateError(RuntimeError):
    """The program tried something that the state of the line does not allow."""


class State(enum.Enum):
    """The states of the line; the docstring of this file explains each."""

    # A member equals only itself. `enum.Enum.__hash__` is in Python, and slower.
    __hash__ = object.__hash__

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
    PROMPTED = "prompted"
    MEASURED = "measured"
    IN_DATA_MODE = "in data mode"
    LEAVING = "leaving"


class Event(enum.Enum):
    """The events that change the state: our actions, and lines from the module."""

    __hash__ = object.__hash__

    #: The port was opened.
    OPEN = "open"
    #: The port was closed, or is lost.
    CLOSE = "close"
    #: The question is sent.
    ASK = "ask"
    #: The module has echoed the question.
    ECHO = "echo"
    #: It has not.
    NO_ECHO = "no echo"
    #: A command is given.
    COMMAND = "command"
    #: We wait for a result that does not belong to a command sent now.
    AWAIT = "await"
    #: The awaited final result code, or result URC, has come.
    RESULT = "result"
    #: CONNECT has come, and the module takes payload.
    SEND = "send"
    #: CONNECT has come, and the module sends payload.
    RECEIVE = "receive"
    #: The prompt has come, and the module takes a number of bytes that it was told.
    PROMPT = "prompt"
    #: The module has announced a number of bytes, and sends them.
    MEASURE = "measure"
    #: This number of bytes is complete.
    WHOLE = "whole"
    #: CONNECT has come unexpectedly.
    STRAY_CONNECT = "stray CONNECT"
    #: The payload has ended, with its trailer.
    TRAILER = "trailer"
    #: An answer or a URC did not come in time, or an exchange was given up.
    GIVE_UP = "give up"
    #: The module has restarted, has another speed, or sends unexpected bytes.
    DOUBT = "doubt"
    #: We begin to leave data mode.
    ESCAPE = "escape"
    #: Data mode was left, if the module was in it.
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
        Event.PROMPT: State.PROMPTED,
        Event.MEASURE: State.MEASURED,
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
    State.PROMPTED: {
        Event.CLOSE: State.CLOSED_IN_DATA_MODE,
        Event.WHOLE: State.COMMANDED,
        Event.GIVE_UP: State.IN_DATA_MODE,
        Event.DOUBT: State.UNKNOWN,
    },
    State.MEASURED: {
        Event.CLOSE: State.CLOSED,
        Event.WHOLE: State.COMMANDED,
        Event.GIVE_UP: State.UNKNOWN,
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

#: In these states, the module is known to listen, or to carry out a command. Here, a
#: boot message, or an echo that was turned off, means that it has restarted.
LISTENS = frozenset(
    {
        State.LISTENING,
        State.COMMANDED,
        State.AWAITING,
        State.SENDING,
        State.RECEIVING,
        State.DOUBTED,
        State.PROMPTED,
        State.MEASURED,
    }
)
#: In these states, the module may take written bytes for payload.
IN_DATA_MODE = frozenset(
    {
        State.SENDING,
        State.RECEIVING,
        State.DOUBTED,
        State.PROMPTED,
        State.IN_DATA_MODE,
        State.LEAVING,
        State.CLOSED_IN_DATA_MODE,
    }
)


class LineState:
    """The state of one line.

    :param state: the first state: closed, in data mode or not.
    """

    __slots__ = ("state",)

    def __init__(self, state: State = State.CLOSED) -> None:
        self.state = state

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state.value}>"

    @property
    def listens(self) -> bool:
        """Whether the module is known to listen, or to carry out a command."""
        return self.state in LISTENS

    @property
    def data_mode(self) -> bool:
        """Whether the module may take written bytes for payload."""
        return self.state in IN_DATA_MODE

    def on(self, event: Event) -> None:
        """Change to the state that `event` leads to.

        :raises StateError: if there is no such transition.
        """
        try:
            self.state = TRANSITIONS[self.state][event]
        except KeyError:
            raise StateError(f"{event} where the line is {self.state}") from None

    def refuse(self, state: State) -> NoReturn:
        """Refuse an action of `state`, because the line is not in it.

        :raises StateError: always.
        """
        raise StateError(f"the line is {self.state}, not {state}")
