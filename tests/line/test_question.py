"""The question whether the module listens: its bytes, its cost, its place."""

from __future__ import annotations

import contextlib
import re

import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from requests_bg96 import BG96Adapter
from requests_bg96.at.question import Question
from requests_bg96.at.steps import Ask, Command, Dialogue, asked
from requests_bg96.base import times
from requests_bg96.clock import Deadline
from requests_bg96.emulator import (
    CallableNetwork,
    Delay,
    Emulator,
    Fault,
    ReceivedRequest,
    Silence,
    Switches,
)
from requests_bg96.errors import DataModeError, ModuleRestarted
from tests.remote.relay import Relay
from tests.support import CONNECT as LEADS
from tests.support import (
    INVITATION,
    OK,
    SOMEWHERE,
    TRAILER,
    WORD,
    Answers,
    Rig,
    chunks,
    response,
    rig,
    without_questions,
)

CLOSE = b"Connection: close"
CLOSE_HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CODED = b"Transfer-Encoding: chunked"


def questions(made: Rig) -> int:
    """The number of questions."""
    found = len(INVITATION.findall(made.written))
    assert found == len(WORD.findall(made.written))
    return found


def test_the_words() -> None:
    """Each has another word of 40 letters, and none is shown."""
    made = [Question(echo=False, dtr=False) for _ in range(1_000)]
    assert len({one.line for one in made}) == 1_000
    assert all(WORD.fullmatch(one.line) for one in made)
    # Each letter is one of two, each about as often.
    for place in range(40):
        often = sum(one.line[2 + 2 * place :].startswith(b"Q0") for one in made)
        assert 400 < often < 600
    assert repr(made[0]) == "<Question>"


@pytest.mark.parametrize("dtr", [False, True])
@pytest.mark.parametrize("echo", [False, True])
def test_the_lines(echo: bool, dtr: bool) -> None:
    """They also set echo and DTR."""
    made = Question(echo=echo, dtr=dtr)
    assert made.invitation == b"ATQ0V1E1&D%d\r" % dtr
    assert made.line.endswith(b"E%d\r" % echo)


def test_an_answer() -> None:
    """The echo separates anybody's bytes from the module's."""
    made = Question(echo=False, dtr=False)
    heard = b"payload" + OK + made.line + OK
    assert made.split(heard) == (b"payload" + OK, b"\r" + OK)
    assert made.split(heard + heard) == (b"payload" + OK, b"\r" + OK + heard)
    for no_answer in (b"", OK, made.line[:-3], Question(echo=False, dtr=False).line):
        assert made.split(no_answer) is None


def test_no_command_before() -> None:
    """A link sends nothing else to a module that has not shown that it listens."""
    with rig() as made:
        made.get()
        link = made.modem.engine.driver.link
        assert link is not None
        link.give_up()
        with pytest.raises(DataModeError, match="has not shown"):
            link.run(asked(Command("")), Deadline(made.clock, 1))
        made.modem.engine.driver.close()
        before = len(made.traffic)
        made.get()
        written = [data for way, data in made.traffic[before:] if way == "from_host"]
        assert INVITATION.fullmatch(written[0]) and WORD.fullmatch(written[1])


def ask(made: Rig, *, brief: bool) -> float:
    """Ask whether the module listens; return the seconds until that is known."""
    link = made.modem.engine.driver.link
    assert link is not None
    started = made.clock.now()

    def script() -> Dialogue[None]:
        yield Ask(brief=brief)

    link.run(script(), Deadline(made.clock, 30))
    return made.clock.now() - started


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.5])
def test_how_long_an_answer_is_waited_for(delay: float) -> None:
    """A brief question has three times as long as the last answer took."""
    with rig(answer_delay=delay, baudrate=115_200) as made:
        made.get()
        answered = ask(made, brief=False)
        made.emulator.add_fault(Fault("to_host", 0, "silence", seconds=9.0))
        wanted = min(times.QUESTION, max(times.BRIEF, 3 * answered))
        # A port without a descriptor is read for 50 ms at a time.
        assert wanted <= ask(made, brief=True) + 1e-6 < wanted + 0.05
        assert times.QUESTION <= ask(made, brief=False) + 1e-6 < times.QUESTION + 0.05


@pytest.mark.parametrize("behind", [0, len(OK)])
def test_a_restart_beside_the_answer(behind: int) -> None:
    """A listening module has reported it itself, so it counts."""
    with rig() as made:
        made.get()
        urc = b"\r\nRDY\r\n"
        made.emulator.add_fault(Fault("to_host", behind, "insert", data=urc))
        with pytest.raises(ModuleRestarted):
            ask(made, brief=False)
        assert made.get().content == b"hello"


@pytest.mark.parametrize(
    ("method", "answer", "asked"),
    [
        ("GET", response(b"hello"), 0),
        ("GET", response(b""), 0),
        ("GET", response(b"hello", CLOSE), 1),
        ("GET", response(chunks(b"hello", [5]), CODED), 1),
        ("GET", response(b"hello", b"Content-Length: 50"), 1),
        ("GET", response(b"hello", b"Content-Length: 5", b"Content-Length: 5"), 1),
        ("HEAD", response(b"", b"Content-Length: 50"), 1),
        ("GET", response(b"", status=b"204 No Content"), 1),
        ("GET", response(b"", status=b"304 Not Modified"), 1),
    ],
)
def test_when_it_is_asked(method: str, answer: bytes, asked: int) -> None:
    """If HTTP and the module agree on the end, no question is needed."""
    with rig() as made:
        made.get()
        before = questions(made)
        assert before == 1
        made.servers.answers = [answer]
        with contextlib.suppress(requests.RequestException):
            made.session.request(method, SOMEWHERE)
        made.servers.answers = [response(b"next")]
        assert made.get().content == b"next"
        assert questions(made) - before == asked


def test_what_it_costs() -> None:
    """The bytes of two lines in each direction, and at most two round trips."""
    with rig(response(b"hello", CLOSE), baudrate=115_200, answer_delay=0.005) as made:
        made.get()
        written, heard, started = len(made.written), len(made.heard), made.clock.now()
        made.get()
        plain_up = len(without_questions(made.written[written:]))
        up = len(made.written) - written - plain_up
        down = len(made.heard) - heard
        assert up == 12 + 85 and made.clock.now() - started < 0.5
        answers = b"".join(WORD.findall(made.heard[heard:])) + 2 * OK
        assert len(answers) == 85 + 12 and len(answers) < down


@pytest.mark.parametrize(("pause", "times"), [(0.01, 0), (0.3, 1), (6.0, 3), (27.0, 7)])
def test_how_often_it_is_asked(pause: float, times: int) -> None:
    """More rarely each time; a body that goes on at once is no reason."""
    parts: Answers = [CLOSE_HEAD + b"body" + TRAILER, Delay(pause), b"more"]
    with rig(parts) as made:
        assert made.get().content == b"body" + TRAILER + b"more"
        assert len(INVITATION.findall(made.written)) == 1 + times + 1


@pytest.mark.parametrize("seconds", [0.5, 2.0, 5.0])
@pytest.mark.parametrize("place", [0, 1, 3, 6, 7, 50, 90, 91, 95])
def test_an_answer_that_comes_late(place: int, seconds: float) -> None:
    """None of its bytes gets into the body, from wherever it is late."""
    with rig(response(b"hello", CLOSE)) as made:
        made.get()
        before = len(made.heard)
        made.get()
        offset = made.heard.index(TRAILER, before) + len(TRAILER) - before + place
        made.emulator.add_fault(Fault("to_host", offset, "silence", seconds=seconds))
        assert made.get(timeout=60).content == b"hello"
        assert made.get(timeout=60).content == b"hello"
        fresh = b""
        for way, data in made.traffic:
            if INVITATION.fullmatch(data):
                fresh = b""
            elif WORD.fullmatch(data):
                # Only a new OK may invite the second line.
                assert OK in fresh
            elif way == "to_host":
                fresh += data


@pytest.mark.parametrize(("size", "soon"), [(10, False), (11, True)])
def test_bytes_that_are_no_answer(size: int, soon: bool) -> None:
    """They are the body's, unless they are so few that noise may have made them."""
    start = b"body" + TRAILER
    rest = bytes(size)
    with rig([CLOSE_HEAD + start, Delay(0.2), rest, Delay(20), b"end"]) as made:
        answer = made.get(stream=True)
        started = made.clock.now()
        assert answer.raw.read(len(start) + size) == start + rest
        assert (made.clock.now() - started < 2) is soon
        assert answer.raw.read() == b"end"


@pytest.mark.parametrize(
    ("pause", "saved"),
    [(0.1, times.ANSWER_SILENCE), (0.6, times.ANSWER_SILENCE + times.ANSWER)],
)
def test_lines_that_are_no_answer(pause: float, saved: float) -> None:
    """They are the body's; if they are too many for answers, that is clear at once."""
    start, lines, took = b"body" + TRAILER, (b"\r\n" + b"x" * 98) * 41, []
    for size in (4_096, 4_097):
        parts: Answers = [CLOSE_HEAD + start, Delay(pause), lines[-size:], Delay(20)]
        with rig([*parts, b"end"], baudrate=115_200) as made:
            answer = made.get(stream=True)
            started = made.clock.now()
            assert answer.raw.read(len(start) + size) == start + lines[-size:]
            took.append(made.clock.now() - started)
            assert answer.raw.read() == b"end"
    assert took[0] - took[1] == pytest.approx(saved, abs=0.001)


def test_a_module_that_is_silent_behind_a_length() -> None:
    """After three questions in vain, the last bytes belong to the body."""
    body = b"hello" + TRAILER[:6]
    with rig(response(body)) as made:
        made.get()
        before = len(made.heard)
        made.get()
        place = made.heard.index(body, before) + len(body) - before
        made.emulator.add_fault(Fault("to_host", place, "silence", seconds=60.0))
        asked, started = len(INVITATION.findall(made.written)), made.clock.now()
        assert made.get().content == body
        assert made.clock.now() - started < 10
        assert len(INVITATION.findall(made.written)) - asked == 3
        assert made.get(timeout=(150, 60)).content == body


def test_what_is_counted() -> None:
    """An answer is not a part of the response."""
    answer = response(b"hello", CLOSE)
    with rig(answer) as made:
        for count in (1, 2):
            made.get()
            assert made.modem.stats.bytes_down == count * len(answer)


def hostile(rest: bytes) -> list[bytes | Delay | Silence]:
    """A response without an end, whose lines look like the module's."""
    return [CLOSE_HEAD + rest, Delay(0.1), OK * 3, Delay(0.1), OK * 3, Silence()]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (703, requests.ReadTimeout),
        (705, requests.ConnectionError),
        (717, requests.ConnectionError),
        (730, requests.RequestException),
        (None, requests.ConnectionError),
    ],
)
@pytest.mark.parametrize("action", ["drop", "garble"])
def test_lines_of_a_response_whose_connect_is_lost(
    error: int | None, kind: type, action: str
) -> None:
    """If noise hides CONNECT, these lines are not believed, and nothing is sent."""
    line = b"ERROR" if error is None else b"+CME ERROR: %d" % error
    with rig(response(b"hello")) as made:
        made.get()
        offset = made.heard.index(b"CONNECT\r\nHTTP/1.1 200")
    fault = Fault("to_host", offset, action, data=b"")  # type: ignore[arg-type]
    with rig(hostile(b"\r\n" + line + b"\r\n"), faults=[fault]) as made:
        with pytest.raises(requests.RequestException) as caught:
            made.get(timeout=(20, 3))
        assert type(caught.value) is kind
        made.servers.answers = [response(b"next")]
        assert made.get(timeout=(60, 10)).content == b"next"
        ours = made.written.partition(b"AT+QHTTPREAD=")[2].partition(b"\r")[2]
        said = re.split(rb"(?<=\r)|(?<=\+\+\+)", ours)
        left = said[: said.index(b"+++") + 1]
        assert all(INVITATION.match(one) or WORD.match(one) for one in left[:-1])


# A trailer that stalls


PLACES = range(1, len(TRAILER))


@pytest.mark.parametrize("seconds", [0.3, 2.0, 20.0])
@pytest.mark.parametrize("place", PLACES)
def test_a_stall_inside_the_trailer(place: int, seconds: float) -> None:
    """None of its bytes gets into the body.

    A line end may be part of a text, whose reader must not wait for long. If it then
    turns out to be the trailer's, that is an error.
    """
    with rig(response(b"hello", CLOSE)) as made:
        made.get()
        offset = made.heard.index(b"hello" + TRAILER[:6]) + 5
    fault = Fault("to_host", offset + place, "silence", seconds=seconds)
    with rig(response(b"hello", CLOSE), faults=[fault]) as made:
        if place > 2:
            assert made.get(timeout=60).content == b"hello"
        else:
            with pytest.raises(
                ChunkedEncodingError, match="stalled inside the trailer"
            ):
                made.get(timeout=60)
        assert made.get(timeout=60).content == b"hello"


@pytest.mark.parametrize("line", [b"RDY", b"CONNECT"])
def test_a_line_inside_the_trailer_that_means_more(line: bytes) -> None:
    """The response is whole, and the next command learns what the line means."""
    with rig(baudrate=115_200) as made:
        made.get()
        before = len(made.heard)
        made.get()
        place = made.heard.index(b"+QHTTPREAD", before) - before
        made.emulator.add_fault(
            Fault("to_host", place, "insert", data=line + b"\r\n\r\n")
        )
        assert made.get().content == b"hello"
        assert made.get(timeout=(60, 10)).content == b"hello"


def test_a_trailer_that_noise_has_changed_and_a_short_timeout() -> None:
    """What the question has shown is the error, although the time is over by then."""
    with rig(response(b"hello", CLOSE), baudrate=115_200) as made:
        made.get()
        before = len(made.heard)
        made.get()
        offset = made.heard.index(b"+QHTTPREAD", before) - before
        made.emulator.add_fault(Fault("to_host", offset + 3, "drop"))
        with pytest.raises(ChunkedEncodingError, match="did not end with its trailer"):
            made.get(timeout=(20, 0.3))
        assert made.get().content == b"hello"


def test_a_stall_of_a_network_inside_the_trailer() -> None:
    """Over a network, the link waits for it, even after a line end."""
    answer, heard = response(b"hello", CLOSE), bytearray()

    def watch(way: str, data: bytes) -> None:
        if way == "to_host":
            heard.extend(data)

    network = CallableNetwork(lambda request: answer)
    with contextlib.ExitStack() as stack:
        far = stack.enter_context(Emulator(network=network, on_line=watch))
        path = stack.enter_context(far.pty())
        relay = stack.enter_context(contextlib.closing(Relay(path)))
        session = stack.enter_context(requests.Session())
        adapter = BG96Adapter(relay.url)
        stack.callback(adapter.close)
        session.mount("http://", adapter)
        assert session.get(SOMEWHERE).content == b"hello"
        heard.clear()
        assert session.get(SOMEWHERE).content == b"hello"
        trailer = bytes(heard).index(b"hello" + OK) + 5
        for place in (1, 2, 5, 11):
            stall = Fault("to_host", trailer + place, "silence", seconds=0.3)
            far.add_fault(stall)
            assert session.get(SOMEWHERE).content == b"hello", place


# A module that prints more than the response

ELSEWHERE = "http://other.example/"
SURPLUS = Switches(surplus="handed_out")


def taken_over(request: ReceivedRequest) -> Answers:
    """A response with a length, and then a server that imitates the module."""
    if b"other.example" in request.data or b"honest" in request.data:
        return response(b"true")
    urc = b"\r\n+QHTTPGET: 0,200,6\r\n\r\n+QHTTPPOST: 0,200,6\r\n"
    told = [OK, LEADS, OK, LEADS, OK + urc, LEADS + response(b"forged") + TRAILER]
    parts = [response(b"hello") + TRAILER]
    for answer in told:
        parts += [Delay(0.001), answer]  # type: ignore[list-item]
    return [*parts, Silence()]


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", ELSEWHERE, None),
        ("POST", ELSEWHERE, b'AT+QFDEL="*"\r'),
        ("POST", SOMEWHERE + "?honest", b'AT+QFDEL="*"\r'),
    ],
)
def test_a_length_that_is_not_the_end(method: str, url: str, body: bytes) -> None:
    """The length is not enough before another server is asked, or a body is sent."""
    with rig(taken_over, switches=SURPLUS) as made:
        assert made.get(timeout=(10, 3)).content == b"hello"
        for _ in range(2):
            answer = made.session.request(method, url, data=body, timeout=(30, 5))
            assert answer.content == b"true"
        with made.modem as modem:
            assert modem.signal() is not None


def test_what_the_same_server_is_asked() -> None:
    """No question is needed if a server could deceive only itself."""
    with rig() as made:
        for _ in range(3):
            made.get()
        assert questions(made) == 1
        made.session.get(ELSEWHERE)
        made.session.get(ELSEWHERE)
        assert questions(made) == 2
        made.session.post(ELSEWHERE, data=b"x")
        made.modem.signal()
        made.modem.signal()
        assert questions(made) == 4


@pytest.mark.parametrize("place", ["while waiting", "behind a command"])
def test_a_socket_that_another_program_has_left(place: str) -> None:
    """Its bytes are nobody's answer, so the module is asked again."""
    pushed = b'+QIURC: "recv",3,27\r\n\r\nOK\r\n\r\n+QHTTPGET: 0,200,9'
    with rig() as made:
        made.get()
        command = b"AT+QHTTPGET=" if place == "while waiting" else b"AT+QHTTPURL="
        offset = made.written.index(command) + len(command)
    fault = Fault("from_host", offset, "urc", data=pushed)
    with rig(faults=[fault]) as made:
        with contextlib.suppress(requests.RequestException):
            assert made.get(timeout=(20, 5)).content == b"hello"
        assert made.get(timeout=(60, 10)).content == b"hello"
        assert len(INVITATION.findall(made.written)) >= 2
