"""The state of the line: what leads where, and what is refused."""

from __future__ import annotations

import pytest

from requests_bg96.at.state import TRANSITIONS, Event, LineState, State, StateError

S, E = State, Event

#: Where the module may take what is written for payload.
DATA = {S.SENDING, S.RECEIVING, S.DOUBTED, S.IN_DATA_MODE, S.LEAVING}
CLOSED = {S.CLOSED, S.CLOSED_IN_DATA_MODE}
#: Where it is known to be in command mode, or to do what it was told.
LISTENS = {S.LISTENING, S.COMMANDED, S.AWAITING, S.SENDING, S.RECEIVING, S.DOUBTED}
OPEN = {*State} - CLOSED
#: Where it was told something, and where it is not known what it does.
AT_WORK = {S.COMMANDED, S.SENDING, S.RECEIVING}
UNSURE = {S.UNKNOWN, S.ASKED}

#: For each event, where it leads from which states; from all others it is refused.
WAYS: dict[Event, dict[State, set[State]]] = {
    E.OPEN: {S.UNKNOWN: {S.CLOSED}, S.IN_DATA_MODE: {S.CLOSED_IN_DATA_MODE}},
    E.CLOSE: {
        S.CLOSED: {S.CLOSED} | OPEN - DATA,
        S.CLOSED_IN_DATA_MODE: {S.CLOSED_IN_DATA_MODE} | DATA,
    },
    E.ASK: {
        S.ASKED: {S.UNKNOWN, S.LISTENING, S.AWAITING, S.LATE, S.IN_DATA_MODE},
        # Amid payload the question does not end it.
        S.DOUBTED: {S.RECEIVING, S.DOUBTED},
    },
    E.ECHO: {S.ECHOED: {S.ASKED}, S.COMMANDED: {S.DOUBTED}},
    E.NO_ECHO: {S.UNKNOWN: {S.ASKED}},
    E.COMMAND: {S.COMMANDED: {S.LISTENING, S.AWAITING}},
    E.AWAIT: {S.AWAITING: {S.LISTENING, S.AWAITING}, S.LATE: {S.UNKNOWN, S.LATE}},
    E.RESULT: {
        S.LISTENING: {S.ECHOED, S.AWAITING} | AT_WORK,
        # It tells that the wait is over, and not that the module is ours.
        S.UNKNOWN: {S.LATE},
    },
    E.SEND: {S.SENDING: {S.COMMANDED}},
    E.RECEIVE: {S.RECEIVING: {S.COMMANDED}},
    E.STRAY_CONNECT: {
        S.IN_DATA_MODE: OPEN - {S.DOUBTED, S.IN_DATA_MODE, S.LEAVING},
    },
    E.TRAILER: {S.LISTENING: {S.RECEIVING, S.DOUBTED}},
    E.GIVE_UP: {
        S.CLOSED: {S.CLOSED},
        S.CLOSED_IN_DATA_MODE: {S.CLOSED_IN_DATA_MODE},
        S.UNKNOWN: {S.ECHOED, S.LISTENING} | UNSURE,
        S.LATE: {S.COMMANDED, S.AWAITING, S.LATE},
        S.IN_DATA_MODE: DATA,
    },
    E.DOUBT: {S.UNKNOWN: {S.LISTENING, S.AWAITING, S.LATE} | AT_WORK | UNSURE},
    E.ESCAPE: {
        S.LEAVING: {S.UNKNOWN, S.LISTENING, S.LATE} | DATA - {S.SENDING},
    },
    E.ESCAPED: {S.UNKNOWN: {S.LEAVING}},
}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_where_an_event_leads(state: State, event: Event) -> None:
    """To one state, or nowhere: then the state stays, and both are named."""
    ways = [to for to, states in WAYS[event].items() if state in states]
    line = LineState(state)
    if ways:
        line.on(event)
        assert [line.state] == ways
    else:
        with pytest.raises(StateError, match=f"{event}.*{state}"):
            line.on(event)
        assert line.state is state


@pytest.mark.parametrize("state", State)
def test_what_a_state_says(state: State) -> None:
    """Whether the module listens, and whether it may take a command for payload."""
    line = LineState(state)
    assert line.listens is (state in LISTENS)
    assert line.data_mode is (state in DATA | {S.CLOSED_IN_DATA_MODE})
    assert repr(line) == f"<LineState {state.name.lower().replace('_', ' ')}>"


def reached(start: State, without: Event) -> set[State]:
    """Every state that there is a way to from `start`."""
    found, left = {start}, [start]
    while left:
        ways = TRANSITIONS[left.pop()]
        new = {to for event, to in ways.items() if event is not without} - found
        found |= new
        left += new
    return found


def test_only_the_echo_leads_to_a_command() -> None:
    """Whatever else a line that nobody knows says, no command is given on it."""
    assert S.COMMANDED in reached(S.CLOSED, E.NO_ECHO)
    assert not LISTENS & reached(S.CLOSED, E.ECHO)
    assert not LISTENS & reached(S.CLOSED_IN_DATA_MODE, E.ECHO)


def test_what_belongs_to_another_state() -> None:
    """It is refused, and a line is closed to begin with."""
    with pytest.raises(StateError, match="CLOSED.*LISTENING"):
        LineState().refuse(S.LISTENING)
