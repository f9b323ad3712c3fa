"""Modules and servers that try to make the client wait or keep for ever."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import requests

from requests_bg96.at.lines import LINE_LIMIT, LineBuffer
from requests_bg96.at.state import State
from requests_bg96.at.steps import Command, Step
from requests_bg96.at.wire import LINES_LIMIT
from requests_bg96.base.codes import FILE_LIMIT
from requests_bg96.clock import Deadline
from requests_bg96.emulator import Fault
from requests_bg96.errors import NoAnswer, TransferError
from requests_bg96.response.framing import HEAD_LIMIT, Framing
from requests_bg96.response.live import LiveResponse
from requests_bg96.settings import Settings
from tests.checks import failed
from tests.fuzz.clients import (
    ASKED,
    CONNECT,
    READ,
    SLACK,
    linked,
    one,
    recorded,
    session_over,
)
from tests.fuzz.conftest import Bounded
from tests.fuzz.scripted import ScriptedModule, joined, script
from tests.support import CONNECT as LEADS
from tests.support import OK, SOMEWHERE, TRAILER, chunks, response, rig

MB = 1 << 20
#: As fast as a module on USB can be.
FAST = 12_000_000
CODED = b"Transfer-Encoding: chunked"
URC = b'\r\n+QIND: "csq",99,99\r\n'


def dialogue(**arguments: str) -> list[bytes]:
    """The answers of a real module to a GET."""
    return script(joined(recorded(method="GET", **arguments)), 1_000)


def read_from(answer: bytes, **settings: Any) -> tuple[ScriptedModule, object]:
    """The result of a GET if AT+QHTTPREAD has this answer."""
    said = [*dialogue()[:-1], LEADS + answer, *[OK] * 9]
    module = ScriptedModule(said, **settings)
    with session_over(module) as session:
        try:
            return module, session.get(SOMEWHERE, timeout=(CONNECT, READ)).content
        except requests.RequestException as error:
            return module, error


def in_time(module: ScriptedModule, silences: int = 1) -> bool:
    """Whether a request ended in time."""
    return module.clock.now() <= CONNECT + silences * READ + SLACK


def test_what_is_recorded_succeeds() -> None:
    """Otherwise the tests below would show nothing."""
    _, body = read_from(response(b"hello") + TRAILER)
    assert body == b"hello"


# Lines


@pytest.mark.parametrize("size", [1_000, 4_096])
def test_a_line_without_end(memory: Bounded, size: int) -> None:
    """100 MB of it: no more is kept than a line may have."""
    buffer, piece, errors = LineBuffer(), b"x" * size, 0
    with memory(LINE_LIMIT + 10 * size):
        for _ in range(100 * MB // size):
            buffer.receive_data(piece)
            try:
                assert buffer.next_line() is None
            except TransferError:
                errors += 1
    assert errors >= 100 * MB // (LINE_LIMIT + size)


ENDLESS: dict[str, Iterable[bytes]] = {
    "no line end": itertools.repeat(b"x" * 4_096),
    "line ends": itertools.repeat(b"\r\n" * 2_048),
    "zeros": itertools.repeat(b"\0" * 4_096),
    "echo": itertools.repeat(b"ATQ0V1E0&D0\r" * 300),
    "echo in lines": itertools.repeat(b"ATQ0V1E0&D0\r\r\n" * 300),
    "OK": itertools.repeat(OK * 600),
    "ERROR": itertools.repeat(b"\r\nERROR\r\n" * 400),
    "CONNECT": itertools.repeat(LEADS * 300),
    "RDY": itertools.repeat(b"\r\nRDY\r\n" * 500),
    "URCs": itertools.repeat(URC * 180),
    "information": itertools.repeat(b"\r\n+QIACT: 1,1,1,1\r\n" * 200),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_module_that_never_stops(memory: Bounded, name: str) -> None:
    """The request ends in time, and so does the next."""
    flood = ENDLESS[name]
    module = ScriptedModule([], flood, listens=False, baudrate=115_200, piece=4_096)
    with memory(MB), session_over(module) as session:
        for number in (1, 2):
            assert failed(session, **ASKED)
            assert module.clock.now() <= number * (CONNECT + SLACK)
    # Its bytes were read.
    assert module.said > LINE_LIMIT


def flooded(answer: Callable[[bytes], bytes]) -> ScriptedModule:
    """A module after two requests, each of which ended in time."""
    module = ScriptedModule(answer)
    with session_over(module) as session:
        for number in (1, 2):
            assert failed(session, "POST", data=b"x" * 100, **ASKED)
            assert module.clock.now() <= number * (CONNECT + READ + SLACK)
    return module


def test_an_echo() -> None:
    """Written bytes come back, and nothing else."""
    assert len(flooded(lambda data: data).heard) > 5
    assert len(flooded(lambda data: data.replace(b"\r", b"\r\r\n")).heard) > 5


def test_ok_to_everything() -> None:
    """The module answers OK to each line."""
    assert any(b"+QHTTPCFG" in data for data in flooded(lambda data: OK).heard)


def test_connect_to_everything() -> None:
    """Data mode is never left."""
    heard = flooded(lambda data: LEADS).heard
    assert b"+++" in heard and not any(b"POST" in data for data in heard)


def test_ok_or_connect_as_it_should_be() -> None:
    """A module that accepts everything, and prints nothing."""

    def agree(data: bytes) -> bytes:
        wants = b"+QHTTPURL=" in data or b"+QHTTPPOST=" in data
        return LEADS if wants else OK

    flooded(agree)


def run(module: ScriptedModule, step: Step) -> None:
    """One step over a port to `module`."""
    made = linked(module, Settings())
    made.run(one(step), Deadline(module.clock, CONNECT))


def test_an_answer_without_end(memory: Bounded) -> None:
    """Its lines are counted."""
    flood = itertools.repeat(b"\r\n+QIACT: 1,1,1,1\r\n")
    module = ScriptedModule([], flood, baudrate=FAST)
    with memory(2 * MB), pytest.raises(TransferError, match="lines"):
        run(module, Command("+QIACT?"))
    assert module.said < 30 * LINES_LIMIT


def test_an_answer_of_many_lines() -> None:
    """As a list of files may be."""
    lines = b"".join(b'+QFLST: "%d",1\r\n' % number for number in range(1_000))
    made = linked(ScriptedModule([b"\r\n" + lines + OK]), Settings())
    step = Command("+QFLST")
    found = made.run(one(step), Deadline(made._clock, CONNECT))
    assert len(getattr(found, "lines")) == 1_000


def test_no_acknowledgement_but_bytes(memory: Bounded) -> None:
    """While a block of a file waits for its confirmation."""
    flood = itertools.chain([LEADS], itertools.repeat(b"x" * 4_096))
    module = ScriptedModule([], flood, baudrate=FAST, piece=4_096)
    upload = Command("+QFUPL=a", payload=bytes(5_000), acknowledged=True)
    with memory(MB), pytest.raises(TransferError, match="line end"):
        run(module, upload)


# Unsolicited lines


def places() -> dict[str, int]:
    """The starts of lines in the dialogue of a GET, until the response."""
    with rig() as made:
        made.get()
        heard = made.heard
    read = heard.rindex(LEADS)
    starts = [match.start() for match in re.finditer(rb"(?<=\n)\r\n", heard[:read])]
    return {heard[start:].split()[0].decode(): start for start in starts}


@pytest.mark.parametrize("place", places().items(), ids=lambda place: str(place[0]))
def test_urcs_before_and_inside(place: tuple[str, int]) -> None:
    """A thousand of them between two lines: the response is read."""
    with rig() as made:
        made.emulator.add_fault(Fault("to_host", place[1], "insert", data=URC * 1_000))
        assert made.get().content == b"hello"
        assert made.heard.count(URC) == 1_000
        assert made.get().content == b"hello"


def test_urcs_in_the_trailer() -> None:
    """A few of them are part of it."""
    trailer = OK + URC * 20 + b"\r\n+QHTTPREAD: 0\r\n"
    _, body = read_from(response(b"hello") + trailer)
    assert body == b"hello"


def test_urcs_after() -> None:
    """A thousand after a response: the next one is read, too."""
    with rig() as made:
        assert made.get().content == b"hello"
        for _ in range(1_000):
            made.emulator.urc(URC.strip())
        made.servers.answers = [response(b"the next")]
        assert made.get().content == b"the next"


@pytest.mark.parametrize("cut", [1, -3, -2, -1])
def test_a_flood_of_urcs(memory: Bounded, cut: int) -> None:
    """A million somewhere in the dialogue: the request ends in time."""
    answers = dialogue()[:-1]
    flood = itertools.repeat(URC * 180, 1_000_000 // 180)
    said = itertools.chain(answers[:cut], [answers[cut] + URC * 20_000])
    module = ScriptedModule(
        said, flood if cut == 1 else (), baudrate=115_200, piece=4_096
    )
    with memory(4 * MB), session_over(module) as session:
        assert failed(session, **ASKED)
    assert in_time(module) and module.said > 50_000


# Responses


def test_a_head_of_megabytes() -> None:
    """It is refused."""
    head = b"HTTP/1.1 200 OK\r\n" + (b"X-Line: " + b"x" * 4_000 + b"\r\n") * 2_000
    module, error = read_from(head, baudrate=FAST, piece=4_096)
    assert isinstance(error, requests.ConnectionError)
    assert f"more than {HEAD_LIMIT} bytes" in str(error) and in_time(module)


@pytest.mark.parametrize("line", [b"X" * 8 * MB, b"X: y\r\n" * MB, b"\n" * 8 * MB])
def test_no_head(memory: Bounded, line: bytes) -> None:
    """No more bytes are kept than a head may have."""
    framing = Framing("GET")
    with memory(4 * HEAD_LIMIT), contextlib.suppress(TransferError):
        framing.receive_data(b"HTTP/1.1 200 OK\r\n")
        for start in range(0, len(line), 4_096):
            framing.receive_data(line[start : start + 4_096])
            framing.take(framing.available)


HUGE = 10**12


@pytest.mark.parametrize("told", [b"%d" % HUGE, b"9" * 4_000, b"9" * 6_000, b"-1"])
def test_an_announced_length(told: bytes) -> None:
    """The length in the result URC is not relied on."""
    answers = dialogue()
    for number, answer in enumerate(answers):
        answers[number] = re.sub(rb"(\+QHTTPGET: 0,200),\d+", rb"\1," + told, answer)
        if answers[number] != answer:
            break
    else:
        raise AssertionError("there is no result URC")
    module = ScriptedModule(answers)
    with session_over(module) as session:
        refused = failed(session, **ASKED)
        assert in_time(module)
        # A number with more digits than any of a module is noise.
        assert refused == (len(told) > 4_300)


def test_an_announced_length_by_file() -> None:
    """No file is larger than the file system, and the wait is no longer.

    Even for a file that grows all the time.
    """
    answers = dialogue(via="file")
    stop = next(n for n, one in enumerate(answers) if b"POSTFILE: 0,200," in one)
    answers[stop] = OK + b"\r\n+QHTTPPOSTFILE: 0,200,%d\r\n" % HUGE
    begun, sizes = iter(answers[: stop + 1]), itertools.count(1)

    def answer(data: bytes) -> bytes:
        if name := re.search(rb'QFLST=("[0-9a-f]{8}.rsp")', data):
            return b"\r\n+QFLST: %b,%d\r\n" % (name[1], next(sizes)) + OK
        return next(begun, OK)

    module = ScriptedModule(answer)
    with session_over(module, via="file") as session:
        assert failed(session, **ASKED)
        assert 1_000 < module.clock.now() < FILE_LIMIT / 1_000


LENGTHS = (b"Content-Length: %d" % HUGE, b"Content-Length: " + b"9" * 5_000)


@pytest.mark.parametrize("field", LENGTHS, ids=["12 digits", "5000 digits"])
@pytest.mark.parametrize("ending", [b"", TRAILER])
def test_a_length_beyond_all(memory: Bounded, field: bytes, ending: bytes) -> None:
    """Nothing is reserved for it. Missing bytes are an error in time."""
    with memory(MB):
        module, found = read_from(response(b"hello", field) + ending)
    assert in_time(module, 2)
    if not ending:
        assert isinstance(found, requests.RequestException)
    elif field == LENGTHS[0]:
        assert isinstance(found, requests.exceptions.ChunkedEncodingError)
    else:
        # http.client does not take it as a length.
        assert found == b"hello"


@pytest.mark.parametrize("size", [b"%x" % HUGE, b"f" * 16, b"f" * 17, b"9" * 10**6])
@pytest.mark.parametrize("ending", [b"", TRAILER])
def test_a_chunk_beyond_all(memory: Bounded, size: bytes, ending: bytes) -> None:
    """After a complete one, so that the framing is known."""
    start = chunks(b"hello", [5])[:-5]
    sent = response(start + size + b"\r\nworld", CODED)
    with memory(6 * MB):
        module, found = read_from(sent + ending, baudrate=FAST, piece=4_096)
    assert isinstance(found, requests.RequestException)
    assert in_time(module, 2)


def test_trailer_fields_without_end(memory: Bounded) -> None:
    """One of them is refused; many are read by http.client, and not kept."""
    sent = response(chunks(b"hello", [5])[:-2], CODED) + b"X: " + b"x" * MB
    with memory(4 * MB):
        module, found = read_from(sent, baudrate=FAST, piece=4_096)
    assert isinstance(found, requests.RequestException) and in_time(module)


# The end of a response


def reading(module: ScriptedModule) -> LiveResponse:
    """A response of `module`."""
    made = linked(module, Settings())
    made.state.state = State.RECEIVING
    return LiveResponse(made, Framing("GET"), READ, module.clock, lambda exchange: None)


OPEN = response(b"body", b"Connection: close")


def test_an_answer_to_a_question_that_goes_on() -> None:
    """OK again and again, each before the silence that would make it an answer."""
    module = ScriptedModule(
        lambda data: OK * 5_000,
        [OPEN + TRAILER],
        listens=False,
        baudrate=9_600,
        piece=6,
    )
    made = reading(module)
    got = b""
    while len(got) < len(OPEN) + len(TRAILER):
        started = module.clock.now()
        got += made.read(1_000)
        assert module.clock.now() - started < READ
    # It was not an answer, so the bytes before it are payload.
    assert got.startswith(OPEN + TRAILER)


@pytest.mark.parametrize("slow", [0.0, 0.01])
def test_a_response_without_end_is_not_spooled_for_ever(slow: float) -> None:
    """A request that waits for the modem waits until its own deadline.

    Even if there is always something to read, on a line faster than its reader.
    """
    flood = itertools.chain([OPEN], itertools.repeat(b"x" * 64, 100_000))
    module = ScriptedModule([], flood, slow=slow)
    made = reading(module)
    started = module.clock.now()
    with pytest.raises(NoAnswer, match="busy"):
        made.spool(Deadline(module.clock, 3.0))
    assert module.clock.now() - started < 3.5
    # No byte of it is lost.
    assert made.read(len(OPEN)) == OPEN


def test_a_response_without_end_and_the_next_request() -> None:
    """It fails in time, and so does the one after it; the stream continues."""
    last = LEADS + OPEN + b"x" * 8_000_000
    module = ScriptedModule([*dialogue()[:-1], last], piece=4_096)
    with session_over(module) as session:
        with session.get(SOMEWHERE, timeout=(CONNECT, READ), stream=True) as stream:
            assert stream.raw.read(4) == b"body"
            for _ in range(2):
                started = module.clock.now()
                assert failed(session, **ASKED)
                assert module.clock.now() - started < CONNECT + SLACK
            assert stream.raw.read(4) == b"xxxx"
