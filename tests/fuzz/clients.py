"""The client over a port, with a module that sends anything.

Time is virtual, and each target checks how much of it has passed. A client that waits
longer than it may has hung. A client that looks at the port again and again, without
letting time pass, is stopped by the port.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import requests

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.at.link import Link
from requests_bg96.at.port import Port
from requests_bg96.at.state import State
from requests_bg96.at.steps import (
    BLOCK,
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Escape,
    Pause,
    Step,
)
from requests_bg96.clock import Deadline
from requests_bg96.emulator import Fault, Switches
from requests_bg96.errors import BG96Error, SetupError
from requests_bg96.response.framing import Framing
from requests_bg96.response.live import LiveResponse
from requests_bg96.response.receiver import ResponseState
from requests_bg96.settings import Settings
from requests_bg96.stats import Statistics
from tests.checks import check_next, failed, outcome
from tests.fuzz.scripted import SECOND, ScriptedModule, joined, script
from tests.support import SOMEWHERE, chunks, response, rig, to_question

#: The seconds that a step or a connection may take, and those of a silence.
CONNECT, READ = 30.0, 5.0
#: Seconds that do not count: leaving data mode, and bytes on their way.
SLACK = 4.0

SINK = bytearray()
STEPS: tuple[Step, ...] = (
    Command("+QIACT?"),
    Command("I", bare=True, timeout=1.0),
    Command("+QHTTPURL=5,5", payload=b"http:"),
    Command("+QFUPL=a", payload=bytes(3 * BLOCK), acknowledged=True, bulky=True),
    Command("+QFDWL=a", sink=SINK.extend, sink_size=500),
    Command("+QHTTPPOSTFILE=a", commits=True, reports=True),
    Await(b"+QHTTPGET:", 10.0),
    AwaitLateAnswer(Command("+QIACT=1"), 10.0),
    Pause(1.0, SetupError("no time")),
    Escape(),
    Ask(),
)


def linked(module: ScriptedModule, settings: Settings) -> Link:
    """The drive loop over a port to `module`."""
    port = Port(module.url, baudrate=115_200, rtscts=False, clock=module.clock)
    made = Link(port, module.clock, lambda line: None, Statistics(), settings)
    made.state.state = State.LISTENING
    return made


def one(step: Step) -> Dialogue[object]:
    """A dialogue of one step."""
    return (yield step)


def wire(data: bytes) -> None:
    """Steps of dialogues, and a response, over a port."""
    link(data)
    exchange(data)


def link(data: bytes) -> None:
    """Steps of each kind end in time, whatever comes.

    The first four bytes choose the steps. The others are the module's answers.
    """
    chosen, answers = data[:4], script(data[4:])
    module = ScriptedModule(answers)
    made = linked(module, Settings(verify_echo=bool(chosen and chosen[0] & 0x80)))
    for number in chosen:
        step = STEPS[(number & 0x3F) % len(STEPS)]
        # Data mode is left only if the module may be in it.
        known = State.IN_DATA_MODE if isinstance(step, Escape) else State.LISTENING
        made.state.state = known if number & 0x40 else State.UNKNOWN
        SINK.clear()
        started = module.clock.now()
        with contextlib.suppress(BG96Error):
            made.run(one(step), Deadline(module.clock, CONNECT))
        assert len(SINK) <= 500
        assert module.clock.now() - started <= CONNECT + SLACK, step


def exchange(data: bytes) -> None:
    """A response is read to its end, or given up, in time.

    The first byte chooses the way. Then come the module's bytes, and its answers to
    questions.
    """
    kind, answers = data[0] if data else 0, script(data[1:])
    module = ScriptedModule(answers[1:], answers[:1])
    made = linked(module, Settings())
    made.state.state = State.RECEIVING
    framing = Framing("HEAD" if kind & 1 else "GET", (None, 5)[kind // 2 % 2])
    over: list[LiveResponse] = []
    reading = LiveResponse(made, framing, READ, module.clock, over.append)
    with contextlib.suppress(BG96Error):
        while reading.read(1000):
            if kind & 0x10:
                reading.spool(Deadline(module.clock, CONNECT))
            if kind & 0x20:
                reading.discard(Deadline(module.clock, CONNECT))
    assert len(over) == (reading.state in (ResponseState.OVER, ResponseState.LOST))
    assert module.clock.now() <= allowed(data) + (CONNECT if kind & 0x30 else 0.0)


def allowed(data: bytes) -> float:
    """The longest time for a response with these bytes, with the time to connect."""
    # Each silence may be as long as the read timeout; each question asks for one.
    silences = data.count(SECOND) + data.count(b"OK") + len(script(data)) + 2
    return CONNECT + READ * silences + SLACK


#: The settings of each request.
ASKED: dict[str, Any] = {"timeout": (CONNECT, READ), "allow_redirects": False}
#: The ways of a request, chosen by the first byte of a script.
WAYS: tuple[dict[str, Any], ...] = (
    {"method": "GET"},
    {"method": "POST", "data": b"x" * 3_000},
    {"method": "HEAD"},
    {"method": "GET", "via": "file"},
    {"method": "GET", "via": "socket"},
    {"method": "POST", "data": b"x" * 3_000, "via": "socket"},
)


@contextlib.contextmanager
def session_over(module: ScriptedModule, **settings: Any) -> Iterator[requests.Session]:
    """A session over a modem with `module`."""
    with requests.Session() as session:
        adapter = BG96Adapter(module.url, clock=module.clock, **settings)
        session.mount("http://", adapter)
        yield session


def module(data: bytes) -> None:
    """A module that sends anything, with requests and alone."""
    request(data)
    asked(data)


def request(data: bytes) -> None:
    """A request ends in time, with a response or an exception of requests.

    The first byte chooses the way. The others are the module's answers, one for each
    piece that it gets.
    """
    way = dict(WAYS[(data[0] if data else 0) % len(WAYS)])
    answers = script(data[1:])
    scripted = ScriptedModule(answers)
    with session_over(scripted, via=way.pop("via", "line")) as session:
        outcome(session, **way, **ASKED)
        assert scripted.clock.now() <= allowed(data)
        # The next request finds the modem free, and can recover it.
        started = scripted.clock.now()
        assert failed(session, **way, **ASKED) or len(answers) > 3
        assert scripted.clock.now() - started <= allowed(data)


def asked(data: bytes) -> None:
    """A caller of the modem gets an answer, or one of our errors."""
    kind = data[0] if data else 0
    scripted = ScriptedModule([b"\r\nOK\r\n"] * 2 + script(data[1:]))
    modem = BG96Modem(scripted.url, clock=scripted.clock)
    calls = (
        modem.signal,
        modem.registration,
        modem.info,
        lambda: modem.command("AT+CSQ"),
        modem.files.list,
        modem.files.free,
        lambda: modem.files.download("a"),
    )
    with contextlib.suppress(BG96Error):
        calls[kind % len(calls)]()
    with contextlib.suppress(BG96Error):
        modem.close()


def exchanges(data: bytes) -> None:
    """A real module, on a line that adds bytes, and a server with faults."""
    line(data)
    server(data)


def line(data: bytes) -> None:
    """Bytes among those of a real module, anywhere: the next request works.

    The first byte chooses the way, the next two the place. The others are inserted.
    """
    way = dict(WAYS[(data[0] if data else 0) % len(WAYS)])
    # No dialogue is shorter.
    place = int.from_bytes(data[1:3], "big") % 600
    with rig(adapter={"via": way.pop("via", "line")}) as made:
        made.emulator.add_fault(Fault("to_host", place, "insert", data=data[3:]))
        outcome(made.session, **way, **ASKED)
        assert made.clock.now() <= allowed(data) + CONNECT
        assert len(made.heard) > place
        check_next(made)


def server(data: bytes) -> None:
    """Module and client handle everything that a server sends."""
    kind, sent = (data[0] if data else 0), data[1:]
    firmware = Switches.from_text({"chunked": ("raw", "decoded")[kind // 4 % 2]})
    way = {**WAYS[kind % 3]}
    via = ("line", "socket")[kind // 8 % 2]
    with rig(sent, switches=firmware, adapter={"via": via}) as made:
        outcome(made.session, **way, **ASKED)
        assert made.clock.now() <= 2 * CONNECT + allowed(data)
        check_next(made)


def recorded(**arguments: Any) -> list[bytes]:
    """The answers of a real module during a request, piece by piece."""
    via = arguments.pop("via", "line")
    answer = arguments.pop("answer", response(b"hello"))
    with rig(answer, adapter={"via": via}) as made:
        made.session.request(url=SOMEWHERE, **arguments)
        answers: list[bytes] = []
        asked = False
        for way, data in made.traffic:
            if way == "from_host":
                asked = to_question(data) is not None
                answers += [] if asked else [b""]
            elif answers and not asked:
                answers[-1] += data
        return answers


def module_seeds() -> Iterator[bytes]:
    """Scripts with which requests work, and other responses."""
    for number, way in enumerate(WAYS):
        yield bytes((number,)) + joined(recorded(**way))
    coded = chunks(b"one and two", [4]), b"Transfer-Encoding: chunked"
    yield b"\0" + joined(recorded(method="GET", answer=response(*coded)))
