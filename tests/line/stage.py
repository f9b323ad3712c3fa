"""A link on a port, in any state of the line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from requests_bg96.at.link import Link
from requests_bg96.at.socket_steps import Fetch, Send
from requests_bg96.at.state import Event, State
from requests_bg96.at.steps import (
    Ask,
    Await,
    Command,
    Dialogue,
    Escape,
    Pause,
    Step,
)
from requests_bg96.clock import Deadline
from requests_bg96.emulator import Fault, VirtualClock
from requests_bg96.errors import BG96Error, MuteError
from tests.support import OK, Rig, rig
from tests.transitions import Recorder, recorded


def carried_out(link: Link, *steps: Step, seconds: float = 30.0) -> list[Any]:
    """Carry out steps; return their results."""

    def script() -> Dialogue[list[Any]]:
        results = []
        for step in steps:
            results.append((yield step))
        return results

    return link.run(script(), Deadline(link._clock, seconds))


class Ended(BaseException):
    """The program is interrupted."""


class Interrupting(VirtualClock):
    """A clock that interrupts the program, once `at_once` or `at_a_look` is set."""

    at_once = False
    at_a_look = False

    def now(self) -> float:
        if self.at_a_look:
            self.at_a_look = False
            raise Ended
        return super().now()

    def sleep(self, seconds: float) -> None:
        if self.at_once:
            self.at_once = False
            raise Ended
        super().sleep(seconds)


class Stage:
    """A link on a port, a module that the test controls, and a record.

    :param made: a rig whose modem has just been opened.
    :param seen: the record.
    """

    def __init__(self, made: Rig, seen: Recorder) -> None:
        self.made, self.seen = made, seen
        link = made.modem.engine.driver.link
        assert link is not None
        self.link: Link = link

    def say(self, line: bytes) -> None:
        """Let the module send a line."""
        self.made.emulator.urc(line)

    def insert(self, line: bytes, behind: int = 0) -> None:
        """Insert a line into the module's bytes, after a number of them."""
        data = b"\r\n" + line + b"\r\n"
        self.made.emulator.add_fault(Fault("to_host", behind, "insert", data=data))

    def mute(self, behind: int = 0) -> None:
        """Stop the module's bytes for a while, after a number of them."""
        self.made.emulator.add_fault(Fault("to_host", behind, "silence", seconds=5.0))

    def run(self, *steps: Step) -> None:
        """Carry out steps, and ignore errors."""

        def script() -> Dialogue[None]:
            for step in steps:
                yield step

        with contextlib.suppress(BG96Error, Ended):
            self.link.run(script(), Deadline(self.made.clock, 30.0))

    def interrupted(self, state: State, event: Event, *steps: Step) -> None:
        """Carry out steps, and interrupt them after a transition."""
        clock = self.made.clock
        self.seen.then[state, event] = lambda: setattr(clock, "at_once", True)
        self.run(*steps)

    def close(self) -> None:
        """Close the port."""
        self.made.modem.engine.driver.close()


@contextlib.contextmanager
def stage(*answers: Any) -> Iterator[Stage]:
    """Make a stage whose module listens."""
    with (
        recorded() as seen,
        rig(*answers, clock=Interrupting(), baudrate=9_600) as made,
    ):
        made.modem.files.upload("f", b"hello")
        yield Stage(made, seen)


#: Bytes of the module: CONNECT and the file; or OK and the echo of a question.
FILE_SENT = len(b"\r\nCONNECT\r\nhello")
ECHO_SENT = len(OK) + len(b"AT" + 40 * b"Q0" + b"E0\r")
URL = Command("+QHTTPURL=19,10", payload=b"http://example.org/", timeout=1.0)
SIGNAL = Command("+CSQ")
#: A command whose payload another object takes.
LEADS = Command('+QFDWL="f"', leads=True)
NEVER = Await(b"+NEVER:", 1.0)
#: A socket, the request on it, and the response.
OPENED: tuple[Step, ...] = (
    Command("+QIACT=1"),
    Command('+QIOPEN=1,0,"TCP","server.example",80'),
    Await(b"+QIOPEN:", 5.0),
)
REQUEST = b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n"
SENDS = Send(f"+QISEND=0,{len(REQUEST)}", payload=REQUEST)
FETCHES = Fetch("+QIRD=0,1500")
MOMENT = Pause(0.5, MuteError("there is no time"))


def download() -> Command:
    """A command whose payload the command itself takes."""
    return Command('+QFDWL="f"', sink=lambda data: None, sink_size=5, timeout=1.0)


#: An action with a link.
Happening = Callable[[Stage], None]


def does(*steps: Step) -> Happening:
    """Carry out steps."""
    return lambda one: one.run(*steps)


def interrupted(state: State, event: Event, *steps: Step) -> Happening:
    """Carry out steps, and interrupt them after a transition."""
    return lambda one: one.interrupted(state, event, *steps)


def in_turn(*all_of_them: Happening) -> Happening:
    """Do these actions in order."""

    def happen(one: Stage) -> None:
        for each in all_of_them:
            each(one)

    return happen


def _give_up(one: Stage) -> None:
    one.link.give_up()


def _doubt(one: Stage) -> None:
    one.link.ask_amid_payload(one.link.question().invitation)


def _prompted(one: Stage) -> None:
    """Be interrupted at the prompt, before anything is written."""
    clock = one.made.clock
    one.seen.then[State.COMMANDED, Event.PROMPT] = lambda: setattr(
        clock, "at_a_look", True
    )
    one.run(SENDS)


#: How a link that listens gets into each state.
WAYS: dict[State, Happening] = {
    State.CLOSED: Stage.close,
    State.CLOSED_IN_DATA_MODE: in_turn(does(LEADS), Stage.close),
    State.UNKNOWN: _give_up,
    State.ASKED: interrupted(State.LISTENING, Event.ASK, Ask()),
    State.ECHOED: in_turn(
        lambda one: one.mute(ECHO_SENT),
        interrupted(State.ASKED, Event.ECHO, Ask()),
    ),
    State.LISTENING: does(),
    State.COMMANDED: interrupted(State.LISTENING, Event.COMMAND, SIGNAL),
    State.AWAITING: does(NEVER),
    State.LATE: does(Command("+CSQ", timeout=0.0)),
    State.SENDING: interrupted(State.COMMANDED, Event.SEND, URL),
    State.RECEIVING: does(LEADS),
    State.DOUBTED: in_turn(does(LEADS), _doubt),
    State.PROMPTED: in_turn(does(*OPENED), _prompted),
    State.MEASURED: in_turn(
        does(*OPENED, SENDS, MOMENT),
        interrupted(State.COMMANDED, Event.MEASURE, FETCHES),
    ),
    State.IN_DATA_MODE: in_turn(does(LEADS), _give_up),
    State.LEAVING: in_turn(
        _give_up, interrupted(State.UNKNOWN, Event.ESCAPE, Escape())
    ),
}


@contextlib.contextmanager
def brought_to(state: State) -> Iterator[Stage]:
    """Bring a link into a state."""
    with stage() as one:
        WAYS[state](one)
        assert one.link.state.state is state
        yield one
        one.seen.check()
