"""The steps that a link carries out: their results, and what they leave behind."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from requests_bg96.at.link import Link
from requests_bg96.at.port import Port
from requests_bg96.at.state import Event, State
from requests_bg96.at.steps import (
    BLOCK,
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Escape,
    GiveBack,
    Pause,
    Reply,
    Step,
)
from requests_bg96.base import times
from requests_bg96.clock import Deadline
from requests_bg96.emulator import Emulator, Fault, Switches, VirtualClock
from requests_bg96.errors import (
    DataModeError,
    ModuleRestarted,
    MuteError,
    NoAnswer,
    Phase,
    StrayAnswer,
)
from requests_bg96.settings import Settings
from requests_bg96.stats import Recovery, Statistics
from tests.line.stage import (
    ECHO_SENT,
    LEADS,
    NEVER,
    SIGNAL,
    URL,
    Stage,
    carried_out,
    stage,
)
from tests.support import OK, response, rig

LOST = b'+QIURC: "pdpdeact",1'


def ask(one: Stage, *steps: Step, seconds: float = 30.0) -> list[Any]:
    """Carry out steps on a stage; return their results."""
    return carried_out(one.link, *steps, seconds=seconds)


def insert(one: Stage, line: bytes, behind: int) -> None:
    """Insert a line into the module's bytes, behind a number of them."""
    one.made.emulator.mark()
    one.insert(line, behind)


@pytest.fixture
def listening() -> Iterator[Stage]:
    """A link to a module that listens."""
    with stage() as one:
        yield one


# The question


@contextlib.contextmanager
def fresh(**options: Any) -> Iterator[tuple[Link, list[bytes]]]:
    """A link that has asked nothing yet, and the URCs that it notes.

    :param options: of the emulator.
    """
    clock, urcs = VirtualClock(), list[bytes]()
    with Emulator(clock=clock, **options) as emulator:
        clock.sleep(10.0)
        stats, settings = Statistics(), Settings()
        port = Port(
            emulator.url,
            baudrate=115_200,
            rtscts=False,
            clock=clock,
            holder=settings,
            stats=stats,
        )
        yield Link(port, clock, urcs.append, stats, settings), urcs
        port.close()


def test_an_ordinary_question_has_no_urcs() -> None:
    """Neither its results nor its empty lines are URCs."""
    with fresh() as (link, urcs):
        assert link.owed == b""
        assert carried_out(link, Ask()) == [True]
        urcs.clear()
        assert carried_out(link, Ask(), Ask(brief=True)) == [True, True]
        assert urcs == []


def test_the_line_end_of_the_answers() -> None:
    """Two of them show it."""
    with fresh(switches=Switches(line_end="lf")) as (link, _):
        carried_out(link, Ask())
        assert link.line_end == b"\r\n"
        carried_out(link, Ask())
        assert link.line_end == b"\n"


@pytest.mark.parametrize("fragment", [None, 1])
@pytest.mark.parametrize("behind", [0, len(OK), ECHO_SENT])
def test_a_urc_beside_an_answer(behind: int, fragment: Any) -> None:
    """It counts: the context is known to be lost."""
    with rig(response(b"hello"), fragment=fragment, baudrate=9_600) as made:
        made.get()
        driver = made.modem.engine.driver
        assert driver.known.told.context and driver.link
        carried_out(driver.link, Ask())
        data = b"\r\n" + LOST + b"\r\n"
        made.emulator.add_fault(Fault("to_host", behind, "insert", data=data))
        assert carried_out(driver.link, Ask()) == [True]
        assert not driver.known.told.context


@pytest.mark.parametrize("behind", [0, len(OK), ECHO_SENT])
@pytest.mark.parametrize("line", [b"RDY", b"PSM POWER DOWN"])
def test_a_start_beside_an_answer(listening: Stage, line: bytes, behind: int) -> None:
    """A listening module that says so has restarted, or sleeps."""
    insert(listening, line, behind)
    with pytest.raises(ModuleRestarted) as caught:
        ask(listening, Ask())
    assert caught.value.asleep == (line == b"PSM POWER DOWN")


def test_a_start_counts_once(listening: Stage) -> None:
    """What is known of it does not disturb the questions after it."""
    listening.say(b"RDY")
    with pytest.raises(ModuleRestarted):
        ask(listening, SIGNAL)
    assert ask(listening, Ask(), Ask()) == [True, True]


def test_no_question_in_data_mode(listening: Stage) -> None:
    """A CONNECT that has come late shows that its bytes would be payload."""
    listening.say(b"CONNECT")
    listening.made.clock.sleep(0.1)
    before = len(listening.made.written)
    with pytest.raises(DataModeError):
        ask(listening, Ask())
    assert len(listening.made.written) == before


def test_a_urc_before_a_question(listening: Stage) -> None:
    listening.say(b"+QNEWS: 1")
    listening.made.clock.sleep(0.1)
    assert ask(listening, Ask()) == [True]


def test_an_echo_without_a_result(listening: Stage) -> None:
    """The module does not listen yet."""
    listening.made.emulator.mark()
    listening.mute(ECHO_SENT)
    assert ask(listening, Ask()) == [False]
    assert not listening.link.state.listens
    listening.made.clock.sleep(5.0)
    assert ask(listening, Ask()) == [True]


def test_an_error_behind_an_echo(listening: Stage) -> None:
    """The module does not listen either."""
    insert(listening, b"ERROR", ECHO_SENT)
    assert ask(listening, Ask()) == [False]
    assert not listening.link.state.listens


def test_a_question_amid_bytes_without_end() -> None:
    """It ends in its time, although something always comes."""
    with stage(response(b"x" * 40_000)) as one:
        found = one.made.get(stream=True)
        one.link.give_up()
        started = one.made.clock.now()
        assert ask(one, Ask()) == [False]
        assert one.made.clock.now() - started < times.QUESTION + 0.2
        found.close()


def test_a_question_without_time(listening: Stage) -> None:
    """Its second line is not written, although an OK has come."""
    listening.link.give_up()
    listening.say(b"OK")
    listening.made.clock.sleep(0.1)
    stats = listening.made.modem.stats
    before = stats.line_bytes_up
    assert ask(listening, Ask(), seconds=0.0) == [False]
    invitation = listening.link.question().invitation
    assert stats.line_bytes_up - before == len(invitation)


@pytest.mark.parametrize("echoes", [True, False])
def test_a_slow_first_answer(echoes: bool) -> None:
    """An echo that was asked for is no restart, however late it is."""
    settings = {"verify_echo": echoes}
    with rig(response(b"hello"), adapter=settings, answer_delay=0.4) as made:
        made.get()
        offset = made.heard.index(b"Quectel") - len(b"ATI\r\r\n") * echoes
    late = Fault("to_host", offset, "silence", seconds=times.START + 1.0)
    with rig(
        response(b"hello"), adapter=settings, answer_delay=0.4, faults=[late]
    ) as made:
        assert made.get(timeout=60).content == b"hello"
        assert not made.modem.stats.recoveries


def test_a_module_that_always_echoes() -> None:
    """Its echoes are no restarts."""
    with rig(response(b"hello"), switches=Switches(echo_off=False)) as made:
        for _ in range(3):
            assert made.get().content == b"hello"
            made.clock.sleep(60.0)
        assert not made.modem.stats.recoveries


# Commands


def test_a_payload_without_its_connect(listening: Stage) -> None:
    """Whatever the result is, the module may still be sending payload."""
    listening.made.emulator.mark()
    listening.made.emulator.add_fault(Fault("to_host", 3, "drop"))
    listening.insert(b"+CME ERROR: 50", len(b"\r\nCONNECT\r\n"))
    (reply,) = ask(listening, LEADS)
    assert reply.err == 50
    assert not listening.link.state.listens


def test_ok_before_connect(listening: Stage) -> None:
    """It belongs to another command, and the module may take the next bytes."""
    insert(listening, b"OK", 0)
    with pytest.raises(StrayAnswer, match="OK before CONNECT"):
        ask(listening, URL)
    assert not listening.link.state.listens


def test_ok_behind_an_error(listening: Stage) -> None:
    """Noise may have made the error, so the OK can be awaited."""
    unknown = Command("+NONSENSE")
    (reply,) = ask(listening, unknown)
    assert not reply.ok
    insert(listening, b"OK", 0)
    listening.say(b"+QNEWS: 1")
    (reply,) = ask(listening, AwaitLateAnswer(unknown, 5.0))
    assert reply.ok and listening.link.state.listens


def test_what_stays_proved(listening: Stage) -> None:
    """A payload of ours changes nothing; a payload of a server ends the proof."""
    ask(listening, Ask(), URL)
    assert listening.link.proved is True
    ask(listening, LEADS)
    assert listening.link.proved is False


def test_an_answer_to_a_payload_that_is_late(listening: Stage) -> None:
    """It is awaited for as long as the payload had."""
    listening.made.emulator.mark()
    listening.made.emulator.add_fault(
        Fault("to_host", len(b"\r\nCONNECT\r\n"), "silence", seconds=60.0)
    )
    with pytest.raises(NoAnswer):
        ask(listening, URL, seconds=2.0)
    assert listening.link.late_answer is not None
    command, when = listening.link.late_answer
    assert command is URL
    assert abs(when - listening.made.clock.now()) < URL.payload_timeout


def test_how_often_data_mode_was_entered(listening: Stage) -> None:
    for count in range(1, 4):
        ask(listening, URL)
        assert listening.link.data_modes == count + 1


@pytest.mark.parametrize(
    ("place", "phase"), [(0, Phase.SEND), (len(OK), Phase.CONNECT)]
)
def test_a_late_answer_to_a_request(listening: Stage, place: int, phase: Phase) -> None:
    """With OK, the server may have it; with an error, it has not."""
    listening.link.phase = Phase.CONNECT
    command = Command("+CSQ", commits=True, timeout=0.0)
    final = b"OK" if phase is Phase.SEND else b"ERROR"
    with pytest.raises(NoAnswer):
        ask(listening, command)
    listening.link.phase = Phase.CONNECT
    insert(listening, final, 0)
    (reply,) = ask(listening, AwaitLateAnswer(command, 5.0))
    assert isinstance(reply, Reply) and reply.final == final
    assert listening.link.phase is phase


@pytest.mark.parametrize(("baudrate", "seconds"), [(9_600, 60.0), (None, 15.0)])
def test_the_time_of_a_long_upload(baudrate: int | None, seconds: float) -> None:
    """The line's time for a file is not part of the connect timeout."""
    settings = {"via": "file"}
    with rig(response(b"hello"), adapter=settings, baudrate=baudrate) as made:
        made.get(timeout=60)
        body = b"x" * 40_000
        made.session.post("http://server.example/", body, timeout=(12, 12))
        assert b"x" * 40_000 in made.servers.requests[-1]
        size = len(made.written)
        made.session.post("http://server.example/", body[1:], timeout=(12, 12))
        offset = made.written[size:].index(b"AT+QHTTPPOSTFILE=")
        made.emulator.mark()
        mute = Fault("from_host", offset, "silence", seconds=900.0)
        made.emulator.add_fault(mute)
        started = made.clock.now()
        with pytest.raises(requests.RequestException):
            made.session.post("http://server.example/", body[1:], timeout=(12, 12))
        assert made.clock.now() - started < seconds


@pytest.mark.parametrize(("pause", "enough"), [(2.0, True), (3.0, False)])
def test_a_module_that_takes_an_upload_slowly(pause: float, enough: bool) -> None:
    """More than the time of the slowest line is part of the connect timeout."""
    with rig(response(b"hello"), adapter={"via": "file"}) as made:
        body = b"x" * 10_000
        made.session.post("http://server.example/", body, timeout=(5, 12))
        before = len(made.written)
        made.session.post("http://server.example/", body[1:], timeout=(5, 12))
        inside = made.written[before:].index(b"xxx")
        made.emulator.mark()
        for place in range(inside, inside + 9 * BLOCK, BLOCK):
            slow = Fault("from_host", place, "silence", seconds=pause)
            made.emulator.add_fault(slow)
        expected = pytest.raises(requests.ConnectTimeout)
        with contextlib.nullcontext() if enough else expected:
            made.session.post("http://server.example/", body[2:], timeout=(5, 12))


# URCs


def test_each_urc_is_awaited_once(listening: Stage) -> None:
    """The second one must come itself."""
    listening.say(b"+QNEWS: 1")
    news = Await(b"+QNEWS:", 1.0)
    assert ask(listening, news) == [b"+QNEWS: 1"]
    assert listening.link.late_answer is None
    with pytest.raises(NoAnswer, match=r"no \+QNEWS: came within 1.0 s"):
        ask(listening, news)


def test_a_wait_without_time(listening: Stage) -> None:
    """It ends, although the URC has come."""
    listening.say(b"+QNEWS: 1")
    listening.made.clock.sleep(0.1)
    with pytest.raises(NoAnswer):
        ask(listening, Await(b"+QNEWS:", 1.0), seconds=0.0)


def test_a_urc_that_may_still_come(listening: Stage) -> None:
    """It is awaited for as long as the step had."""
    awaited = Await(b"+NEVER:", 100.0)
    with pytest.raises(NoAnswer):
        ask(listening, awaited, seconds=5.0)
    left = listening.made.clock.now() + 95.0
    assert listening.link.late_answer is not None
    step, when = listening.link.late_answer
    assert step is awaited and abs(when - left) < 0.2


def test_other_urcs_without_end() -> None:
    """The wait for one ends in its time."""
    with rig(response(b"hello"), switches=Switches(urc_flood=1_500)) as made:
        made.get()
        link = made.modem.engine.driver.link
        assert link is not None
        started = made.clock.now()
        with pytest.raises(NoAnswer):
            carried_out(link, NEVER)
        assert made.clock.now() - started < 1.5


def test_the_trailer_of_a_response_is_no_urc() -> None:
    """Only what comes beside it is unsolicited."""
    with fresh() as (link, urcs):
        file = Command('+QFUPL="f",5', payload=b"hello", timeout=5.0)
        carried_out(link, Ask(), file, LEADS)
        while link.read_payload(Deadline(link._clock, 1.0)):
            pass
        urcs.clear()
        link.end_payload(b"\r\nOK\r\n\r\n" + LOST + b"\r\n\r\n+QHTTPREAD: 0\r\n")
        assert urcs == [LOST]


def test_a_urc_in_the_trailer_of_a_response() -> None:
    """It counts: the context is activated before the next request."""
    with rig(response(b"hello"), baudrate=115_200) as made:
        made.get()
        before = len(made.heard)
        made.get()
        place = made.heard.index(b"+QHTTPREAD", before) - before
        fault = Fault("to_host", place, "insert", data=LOST + b"\r\n\r\n")
        made.emulator.add_fault(fault)
        made.get()
        assert not made.modem.engine.driver.known.told.context
        assert made.get().content == b"hello"


# Pauses


def test_what_a_pause_has_heard(listening: Stage) -> None:
    """Bytes, also of a line that came before, or of one that is not whole."""
    moment = Pause(0.5, MuteError("there is no time"))
    assert ask(listening, moment) == [False]
    listening.say(b"+QNEWS: 1")
    assert ask(listening, moment) == [True]
    listening.link._lines.receive_data(b"+QNEWS: 2\r\n")
    assert ask(listening, moment) == [True]
    data = b"\r\n+QNE"
    listening.made.emulator.add_fault(Fault("to_host", 0, "insert", data=data))
    listening.say(b"+QNEWS: 3")
    assert ask(listening, moment) == [True]


def test_the_time_for_a_pause(listening: Stage) -> None:
    """A pause may last as long as there is time, and no longer."""
    pause, clock = Pause(0.5, MuteError("there is no time")), listening.made.clock
    # So that no sum of times is rounded.
    clock.sleep(math.ceil(clock.now()) - clock.now())
    assert ask(listening, pause, seconds=0.5) == [False]
    with pytest.raises(MuteError, match="no time"):
        ask(listening, pause, seconds=0.4)


# Data mode


def test_data_mode_is_left_in_several_attempts(listening: Stage) -> None:
    """An attempt without enough time is continued, and +++ is written once."""
    ask(listening, LEADS)
    listening.link.give_up()
    with pytest.raises(NoAnswer, match="too short to leave data mode"):
        ask(listening, Escape(), seconds=times.GUARD + 0.2)
    assert listening.link.state.state is State.IN_DATA_MODE
    ask(listening, Escape())
    assert listening.made.written.count(b"+++") == 1
    assert ask(listening, Ask()) == [True]


@pytest.mark.parametrize("event", [Event.GIVE_UP, Event.STRAY_CONNECT])
def test_a_late_answer_and_data_mode(listening: Stage, event: Event) -> None:
    """A module that is in data mode has answered."""
    with pytest.raises(NoAnswer):
        ask(listening, Command("+CSQ", timeout=0.0))
    assert listening.link.late_answer
    listening.link.state.on(event)
    ask(listening, Escape())
    assert bool(listening.link.late_answer) == (event is Event.GIVE_UP)


@pytest.mark.parametrize("dtr", [False, True])
def test_data_mode_is_left_on_a_port_that_is_opened_again(dtr: bool) -> None:
    """The way is the same, and it is left before anything else is said."""
    with rig(response(b"hello"), adapter={"dtr": dtr}) as made:
        made.modem.files.upload("f", b"hello")
        driver = made.modem.engine.driver
        assert driver.link is not None
        carried_out(driver.link, LEADS)
        driver.close()
        before = len(made.written)
        assert made.get().content == b"hello"
        assert made.written[before:].startswith(b"ATQ0" if dtr else b"+++ATQ0")
        assert made.modem.stats.recoveries[Recovery.ESCAPE] == 1


# Speeds


def test_a_speed_that_is_given_back(
    listening: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The command is alone on its line, and is logged."""
    caplog.set_level(logging.DEBUG, "requests_bg96")
    before = len(listening.made.written)
    ask(listening, GiveBack(115_200))
    assert listening.made.written[before:] == b"AT+IPR=115200\r"
    assert "> AT+IPR=115200, whether it is heard or not" in caplog.text
    assert ask(listening, Ask()) == [True]
