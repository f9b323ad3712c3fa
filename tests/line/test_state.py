"""The table of the line's states: all of it happens, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import requests

from requests_bg96.at.state import (
    IN_DATA_MODE,
    LISTENS,
    TRANSITIONS,
    Event,
    LineState,
    State,
    StateError,
)
from requests_bg96.at.steps import (
    Ask,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Escape,
    Reply,
    Speed,
    Step,
)
from requests_bg96.clock import Deadline
from requests_bg96.errors import BG96Error, NoAnswer, Phase
from tests.line.stage import (
    ECHO_SENT,
    FETCHES,
    FILE_SENT,
    LEADS,
    MOMENT,
    NEVER,
    OPENED,
    SENDS,
    SIGNAL,
    URL,
    Happening,
    Stage,
    brought_to,
    does,
    download,
    in_turn,
    stage,
)
from tests.support import SOMEWHERE, response
from tests.transitions import LINE

CLOSED = (State.CLOSED, State.CLOSED_IN_DATA_MODE)
CONNECT, RDY = b"CONNECT", b"RDY"
#: Events that are possible in any state: giving up, or closing the port.
ANYWHERE = (Event.GIVE_UP, Event.CLOSE)

# The table


def reachable(start: State) -> set[State]:
    """The states that can be reached from `start`."""
    found, new = set[State](), {start}
    while new:
        found |= new
        new = {end for one in new for end in TRANSITIONS[one].values()} - found
    return found


@pytest.mark.parametrize("state", State)
def test_a_way_to_each_and_back(state: State) -> None:
    """It leads from a closed port to a listening module, and to a closed port."""
    assert state in reachable(State.CLOSED) or state is State.CLOSED
    assert State.LISTENING in reachable(state)
    assert reachable(state) & {*CLOSED}


@pytest.mark.parametrize("state", State)
def test_what_makes_sense_anywhere(state: State) -> None:
    """Data mode stays data mode, except after a question and its echo."""
    row = TRANSITIONS[state]
    assert Event.GIVE_UP in row
    assert (Event.CLOSE in row) == (state not in CLOSED)
    assert (Event.OPEN in row) == (state in CLOSED)
    assert (row[Event.GIVE_UP] in IN_DATA_MODE) == (state in IN_DATA_MODE)
    closed = row.get(Event.CLOSE, state)
    assert (closed in IN_DATA_MODE) == (state in IN_DATA_MODE)


def test_the_only_way_to_listen_leads_through_an_answer() -> None:
    """An answer of the module itself: an echo, or the end of what it was told."""
    ways = {
        (state, event)
        for state, row in TRANSITIONS.items()
        for event, end in row.items()
        if end is State.LISTENING
    }
    assert {event for _, event in ways} == {Event.RESULT, Event.TRAILER}
    assert {state for state, _ in ways} - LISTENS == {State.ECHOED}
    entered = {
        state
        for state, row in TRANSITIONS.items()
        if {*row.values()} & LISTENS and state not in LISTENS
    }
    assert entered == {State.ECHOED}


OUTSIDE = sorted({*itertools.product(State, Event)} - LINE, key=str)


@pytest.mark.parametrize("state, event", OUTSIDE)
def test_an_event_outside_the_table(state: State, event: Event) -> None:
    """It raises an error, and the state does not change."""
    made = LineState(state)
    with pytest.raises(StateError, match=f"{event}.*{state}"):
        made.on(event)
    assert made.state is state


@pytest.mark.parametrize("one", [*State, *Event])
def test_words(one: State | Event) -> None:
    """Errors and pictures show the names as one writes them."""
    words = one.name.lower().replace("_", " ")
    assert one.value == words.replace("connect", "CONNECT")


def test_what_is_shown() -> None:
    """The state; the line is closed at first."""
    assert repr(LineState()) == "<LineState closed>"
    assert repr(LineState(State.IN_DATA_MODE)) == "<LineState in data mode>"


# A link on a port


@pytest.mark.parametrize("event", ANYWHERE)
@pytest.mark.parametrize("state", State)
def test_left_anywhere(state: State, event: Event) -> None:
    """It may be given up, or closed, and the next request works."""
    if (state, event) not in LINE:
        return
    with brought_to(state) as one:
        if event is Event.CLOSE:
            one.close()
        else:
            one.link.give_up()
        assert (state, event) in one.seen.line
        assert one.link.state.state is TRANSITIONS[state][event]
        assert one.made.get().content == b"hello"


@pytest.mark.parametrize("state", [one for one in State if one not in CLOSED])
def test_the_next_request(state: State) -> None:
    """It recovers from any state in which an interruption has left the line."""
    with brought_to(state) as one:
        assert one.made.get().content == b"hello"


#: Writes that the table allows.
WRITES: dict[Event, Callable[[Stage], object]] = {
    Event.ASK: lambda one: one.link.ask_amid_payload(b"AT\r"),
    Event.COMMAND: lambda one: one.link.run(_only(SIGNAL), one_second(one)),
    Event.ESCAPE: lambda one: one.link.run(_only(Escape()), one_second(one)),
}


@pytest.mark.parametrize("state, event", [one for one in OUTSIDE if one[1] in WRITES])
def test_nothing_is_written_outside_the_table(state: State, event: Event) -> None:
    """No question, no command, and nothing that leaves data mode."""
    with brought_to(state) as one:
        before = one.made.modem.stats.line_bytes_up
        with pytest.raises((StateError, BG96Error)):
            WRITES[event](one)
        assert one.made.modem.stats.line_bytes_up == before
        one.seen.line &= LINE


def _only(step: Step) -> Dialogue[None]:
    yield step


def one_second(one: Stage) -> Deadline:
    """A deadline."""
    return Deadline(one.made.clock, 1.0)


# Every transition of the line


def hears(line: bytes, *steps: Step, behind: int | None = None) -> Happening:
    """Carry out steps with bytes of the module, at once or after a number of bytes."""

    def happen(one: Stage) -> None:
        if behind is None:
            one.say(line)
        else:
            one.insert(line, behind)
        one.run(*steps)

    return happen


def answered(line: bytes, state: State, event: Event, *steps: Step) -> Happening:
    """Carry out steps; the module sends this after a transition."""

    def happen(one: Stage) -> None:
        one.seen.then[state, event] = lambda: one.insert(line)
        one.run(*steps)

    return happen


def unanswered(*steps: Step) -> Happening:
    """Carry out steps; the module sends nothing."""
    return in_turn(Stage.mute, does(*steps))


def gets(*answers: Any, method: str = "GET") -> Happening:
    """Send a request."""

    def happen(one: Stage) -> None:
        one.made.servers.answers = [*answers]
        one.made.session.request(method, SOMEWHERE)

    return happen


#: A body whose end only the module tells.
UP_TO_CLOSE = response(b"hello", b"Connection: close")


def restarts_at_the_prompt(one: Stage) -> None:
    """Send on a socket; the module says RDY after the first byte of its prompt."""
    one.insert(RDY, behind=len(b"\r\n>"))
    pause = one.made.clock.sleep
    one.seen.then[State.COMMANDED, Event.PROMPT] = lambda: pause(0.1)
    one.run(SENDS)


HAPPENINGS: dict[tuple[State, Event], tuple[State, Happening]] = {
    (State.CLOSED, Event.OPEN): (State.CLOSED, gets(response(b""))),
    (State.CLOSED_IN_DATA_MODE, Event.OPEN): (
        State.CLOSED_IN_DATA_MODE,
        gets(response(b"")),
    ),
    (State.UNKNOWN, Event.ASK): (State.UNKNOWN, does(Ask())),
    (State.UNKNOWN, Event.AWAIT): (State.UNKNOWN, does(NEVER)),
    (State.UNKNOWN, Event.STRAY_CONNECT): (State.UNKNOWN, hears(CONNECT, MOMENT)),
    (State.UNKNOWN, Event.DOUBT): (State.UNKNOWN, does(Speed(9_600))),
    (State.UNKNOWN, Event.ESCAPE): (State.UNKNOWN, does(Escape())),
    (State.ASKED, Event.ECHO): (State.UNKNOWN, does(Ask())),
    (State.ASKED, Event.NO_ECHO): (State.LISTENING, unanswered(Ask())),
    (State.ECHOED, Event.RESULT): (State.UNKNOWN, does(Ask())),
    (State.ECHOED, Event.STRAY_CONNECT): (
        State.UNKNOWN,
        hears(CONNECT, Ask(), behind=ECHO_SENT),
    ),
    (State.LISTENING, Event.ASK): (State.LISTENING, does(Ask())),
    (State.LISTENING, Event.COMMAND): (State.LISTENING, does(SIGNAL)),
    (State.LISTENING, Event.AWAIT): (State.LISTENING, does(NEVER)),
    (State.LISTENING, Event.STRAY_CONNECT): (State.LISTENING, hears(CONNECT, MOMENT)),
    (State.LISTENING, Event.DOUBT): (State.LISTENING, does(Speed(9_600))),
    (State.COMMANDED, Event.RESULT): (State.LISTENING, does(SIGNAL)),
    (State.COMMANDED, Event.SEND): (State.LISTENING, does(URL)),
    (State.COMMANDED, Event.RECEIVE): (State.LISTENING, does(LEADS)),
    (State.COMMANDED, Event.STRAY_CONNECT): (
        State.LISTENING,
        answered(CONNECT, State.LISTENING, Event.COMMAND, SIGNAL),
    ),
    (State.COMMANDED, Event.DOUBT): (
        State.LISTENING,
        answered(RDY, State.LISTENING, Event.COMMAND, SIGNAL),
    ),
    (State.AWAITING, Event.COMMAND): (State.AWAITING, does(SIGNAL)),
    (State.AWAITING, Event.RESULT): (
        State.LISTENING,
        hears(b"+NEVER: 1", NEVER),
    ),
    (State.AWAITING, Event.STRAY_CONNECT): (State.LISTENING, hears(CONNECT, NEVER)),
    (State.AWAITING, Event.DOUBT): (State.LISTENING, hears(RDY, NEVER)),
    (State.LATE, Event.ASK): (State.LATE, does(Ask())),
    (State.LATE, Event.AWAIT): (State.LATE, does(NEVER)),
    (State.LATE, Event.RESULT): (
        State.LATE,
        hears(b"OK", AwaitLateAnswer(SIGNAL, 1.0)),
    ),
    (State.LATE, Event.STRAY_CONNECT): (
        State.LATE,
        hears(CONNECT, AwaitLateAnswer(SIGNAL, 1.0)),
    ),
    (State.LATE, Event.DOUBT): (State.LATE, does(Speed(9_600))),
    (State.LATE, Event.ESCAPE): (State.LATE, does(Escape())),
    (State.SENDING, Event.RESULT): (State.LISTENING, does(URL)),
    (State.SENDING, Event.STRAY_CONNECT): (
        State.LISTENING,
        answered(CONNECT, State.COMMANDED, Event.SEND, URL),
    ),
    (State.SENDING, Event.DOUBT): (
        State.LISTENING,
        answered(RDY, State.COMMANDED, Event.SEND, URL),
    ),
    (State.RECEIVING, Event.ASK): (State.LISTENING, gets(UP_TO_CLOSE)),
    (State.RECEIVING, Event.RESULT): (State.LISTENING, does(download())),
    (State.RECEIVING, Event.STRAY_CONNECT): (
        State.LISTENING,
        hears(CONNECT, download(), behind=FILE_SENT),
    ),
    (State.RECEIVING, Event.TRAILER): (State.LISTENING, gets(response(b"hello"))),
    (State.RECEIVING, Event.DOUBT): (
        State.LISTENING,
        hears(RDY, download(), behind=FILE_SENT),
    ),
    (State.RECEIVING, Event.ESCAPE): (State.RECEIVING, does(Escape())),
    (State.DOUBTED, Event.ASK): (State.LISTENING, gets(UP_TO_CLOSE)),
    (State.DOUBTED, Event.ECHO): (State.LISTENING, gets(UP_TO_CLOSE)),
    (State.COMMANDED, Event.PROMPT): (State.LISTENING, does(*OPENED, SENDS)),
    (State.COMMANDED, Event.MEASURE): (
        State.LISTENING,
        does(*OPENED, SENDS, MOMENT, FETCHES),
    ),
    (State.PROMPTED, Event.WHOLE): (State.LISTENING, does(*OPENED, SENDS)),
    (State.PROMPTED, Event.DOUBT): (
        State.LISTENING,
        in_turn(does(*OPENED), restarts_at_the_prompt),
    ),
    (State.MEASURED, Event.WHOLE): (
        State.LISTENING,
        does(*OPENED, SENDS, MOMENT, FETCHES),
    ),
    (State.IN_DATA_MODE, Event.ASK): (State.IN_DATA_MODE, does(Ask())),
    (State.IN_DATA_MODE, Event.ESCAPE): (State.IN_DATA_MODE, does(Escape())),
    (State.LEAVING, Event.ESCAPED): (State.UNKNOWN, does(Escape())),
}


def test_all_are_here() -> None:
    """The table and `test_left_anywhere` have every transition."""
    rest = {one for one in LINE if one[1] in ANYWHERE}
    assert {*HAPPENINGS} | rest == LINE


@pytest.mark.parametrize("state, event", HAPPENINGS)
def test_what_happens(state: State, event: Event) -> None:
    """Each transition happens over the port, and the next request works."""
    before, happen = HAPPENINGS[state, event]
    with brought_to(before) as one:
        happen(one)
        assert (state, event) in one.seen.line
        assert one.made.get().status_code == 200


def test_an_echo_without_its_ok() -> None:
    """Then nothing is known, and the question is asked again."""
    with brought_to(State.UNKNOWN) as one:
        one.mute(ECHO_SENT)
        one.run(Ask())
        assert one.link.state.state is State.UNKNOWN
        assert one.made.get().content == b"hello"
        one.seen.check()


def test_an_error_names_its_command() -> None:
    """The dialogue gets the error, and so does the caller if it does not catch it."""
    with stage() as one:
        one.mute()
        with pytest.raises(NoAnswer) as caught:
            one.link.run(_only(SIGNAL), one_second(one))
        assert caught.value.command == "AT+CSQ"


@pytest.mark.parametrize(
    ("text", "phase"), [("+CSQ", Phase.SEND), ("+NONSENSE", Phase.CONNECT)]
)
def test_whether_a_server_may_have_a_request(text: str, phase: Phase) -> None:
    """Not if the module refuses the command that sends it."""

    def asking() -> Dialogue[Reply]:
        reply: Reply = yield Command(text, commits=True)
        return reply

    with stage() as one:
        one.link.phase = Phase.CONNECT
        reply = one.link.run(asking(), one_second(one))
        assert reply.ok == (phase is Phase.SEND)
        assert one.link.phase is phase
        if not reply.ok:
            assert reply.phase is phase


def test_a_connect_after_the_echo_at_the_end_of_a_response() -> None:
    """The module is then in data mode, although the response has its trailer."""
    with stage(UP_TO_CLOSE, response(b"next")) as one:
        one.seen.then[State.RECEIVING, Event.ASK] = lambda: one.insert(
            CONNECT, ECHO_SENT
        )
        with contextlib.suppress(requests.RequestException):
            one.made.get()
        assert one.made.get().content == b"next"
        one.seen.check()
