"""Responses that are read slowly, late, partly, or not at all."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import ProtocolError

import requests_bg96
from requests_bg96.emulator import (
    Delay,
    Fault,
    Hangup,
    ReceivedRequest,
    Silence,
    Switches,
    SystemClock,
    VirtualClock,
)
from requests_bg96.errors import ModuleError, Phase
from requests_bg96.modem import ModemState
from requests_bg96.trace import Trace
from tests.checks import check_next
from tests.line.stage import Ended, Interrupting
from tests.support import SOMEWHERE, Answers, Rig, chunks, response, rig

Parts = Iterator[bytes | Delay | Silence]

CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CODED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#: More than the line's buffers hold, but little at 115,200 baud.
SOME = 40_960


def length(size: int) -> bytes:
    """A head."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size


def noise(size: int) -> Iterator[bytes]:
    """A body of a multiple of 1,024 bytes; each piece is different."""
    for start in range(0, size, 1024):
        yield hashlib.sha256(b"%d" % start).digest() * 32


def some() -> bytes:
    """Return a body of many blocks."""
    return b"".join(noise(SOME))


def lazily(head: bytes, size: int) -> Callable[[ReceivedRequest], Parts]:
    """An answer that is made while it is read."""

    def answer(request: ReceivedRequest) -> Parts:
        yield head
        yield from noise(size)

    return answer


def digest(pieces: Iterator[bytes]) -> str:
    """The digest of bytes, which are not kept."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


@pytest.mark.parametrize("head", [length(10), CLOSE])
def test_first_bytes_before_the_last(head: bytes) -> None:
    """They are there while the server still waits."""
    with rig([head + b"12345", Delay(50), b"67890"]) as made:
        answer = made.get(stream=True)
        assert answer.raw.read(5) == b"12345"
        assert made.clock.now() < 1
        assert answer.raw.read(5) == b"67890"
        assert made.clock.now() >= 50


def test_a_line_before_the_last() -> None:
    """Its end may begin the trailer, so it comes after a moment, but soon."""
    with rig([CLOSE + b"one\r\n", Delay(50), b"two\r\n"]) as made:
        answer = made.get(stream=True)
        assert answer.raw.read(5) == b"one\r\n"
        assert made.clock.now() < 0.5
        assert answer.raw.read() == b"two\r\n"


def test_a_text_that_begins_as_a_chunk() -> None:
    """Its form is known by its next bytes, and the rest needs no decision."""
    sizes = b"1\r\n1\r\n", b"b\r\n2 hours ago\r\n", b"6\r\n, noon\r\n0\r\n\r\n"
    parts: Answers = [CODED + sizes[0], Delay(0.05), sizes[1], Delay(5), sizes[2]]
    with rig(parts, switches=Switches(chunked="decoded")) as made:
        assert made.get().content == b"12 hours ago, noon"


def test_an_error_before_the_end() -> None:
    """It has the module's number, and names the command."""
    with rig([length(50) + b"hello", Hangup()]) as made:
        answer = made.get(stream=True)
        assert answer.raw.read(5) == b"hello"
        with pytest.raises(ProtocolError) as caught:
            answer.raw.read(1)
        cause = caught.value.args[-1]
        assert isinstance(cause, ModuleError)
        assert (cause.err, cause.command) == (717, "AT+QHTTPREAD")
        assert cause.phase is Phase.READ
        check_next(made)


#: The module and HTTP may read it in different ways, so the module is asked.
TWICE = length(5).replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n")


@pytest.mark.parametrize("head", [length(5), TWICE])
def test_an_error_behind_a_whole_body(head: bytes) -> None:
    """The body has its length, so it is no error for the reader, nor for a trace."""
    trace = Trace()
    with rig(head + b"hello", adapter={"trace": trace}) as made:
        made.get()
        before = len(made.heard)
        made.get()
        place = made.heard.index(b"+QHTTPREAD: ", before) + 12 - before
        made.emulator.add_fault(Fault("to_host", place, "insert", data=b"72"))
        assert made.get().content == b"hello"
        assert trace.entries[-1].error is None


def test_a_long_head_on_a_slow_line() -> None:
    """Each piece begins a new silence, also if the reader cannot use it yet."""
    with rig(response(b"hello", b"X: " + b"y" * 2_000), baudrate=9_600) as made:
        made.get()
        started = made.clock.now()
        assert made.get(timeout=(60, 1)).content == b"hello"
        assert made.clock.now() - started > 2


@pytest.mark.parametrize("chunked", ["raw", "decoded"])
@pytest.mark.parametrize("known", [False, True])
def test_first_chunks_before_the_last(chunked: str, known: bool) -> None:
    """Even if it is not known yet whether the module decodes them."""
    events = [b"data: %d\n\n" % number for number in range(3)]
    parts: list[Any] = [CODED]
    for event in events:
        parts += [b"%x\r\n%b\r\n" % (len(event), event), Delay(20)]
    with rig(switches=Switches.from_text({"chunked": chunked})) as made:
        if known:
            made.servers.answers = [CODED + chunks(b"text " * 5, [7])]
            assert made.get().content == b"text " * 5
        made.servers.answers = [[*parts, b"0\r\n\r\n"]]
        started = made.clock.now()
        with made.get(stream=True) as answer:
            pieces = answer.iter_content(None)
            for number, event in enumerate(events):
                assert next(pieces) == event
                assert made.clock.now() - started < 20 * number + 2
        check_next(made)


@pytest.mark.parametrize("chunked", ["raw", "decoded"])
@pytest.mark.parametrize("event", [b"tick ", b'{"t": 21.5}'])
def test_first_chunks_of_a_stream_without_line_ends(chunked: str, event: bytes) -> None:
    """They do not wait for a line end that never comes."""
    framed = b"%x\r\n%b\r\n" % (len(event), event)
    parts: Answers = [CODED, framed, Delay(20), framed, Delay(20), b"0\r\n\r\n"]
    with rig(parts, switches=Switches.from_text({"chunked": chunked})) as made:
        pieces = made.get(stream=True).iter_content(None)
        assert next(pieces) == event
        assert made.clock.now() < 3
        assert b"".join(pieces) == event


def test_a_first_chunk_with_some_of_the_next() -> None:
    """It does not wait for the rest of the next chunk."""
    parts: Answers = [CODED + b"5\r\nhello\r\n5\r\nwo", Delay(20), b"rld\r\n0\r\n\r\n"]
    with rig(parts, switches=Switches(chunked="raw")) as made:
        pieces = made.get(stream=True).iter_content(None)
        assert next(pieces) == b"hello"
        assert made.clock.now() < 2
        assert b"".join(pieces) == b"world"


@pytest.mark.parametrize("head", [length(8_192_000), CLOSE])
def test_flat_memory(head: bytes) -> None:
    """8 MB pass through a few hundred kB."""
    with rig(lazily(head, 8_192_000), on_line=None) as made:
        answer = made.get(stream=True)
        wanted = digest(noise(8_192_000))
        tracemalloc.start()
        try:
            assert digest(answer.iter_content(65_536)) == wanted
            assert tracemalloc.get_traced_memory()[1] < 1_500_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("rtscts", [True, False])
@pytest.mark.parametrize("head", [length(SOME), CLOSE])
def test_a_slow_reader(rtscts: bool, head: bytes) -> None:
    """A buffer of 4,096 bytes would overflow, but no byte is lost."""
    with rig(
        lazily(head, SOME),
        adapter={"baudrate": 460_800, "rtscts": rtscts},
        clock=SystemClock(),
        baudrate=460_800,
        overflow=4096,
    ) as made:
        made.emulator.module.store.line_rate = 460_800
        got = b""
        with made.get(stream=True) as answer:
            for piece in answer.iter_content(8192):
                got += piece
                time.sleep(0.15)
        assert got == some()


def stalls_in_the_next(made: Rig, behind: bytes) -> int:
    """Let the module pause in the next response; return how many bytes come before."""
    made.get()
    before = len(made.heard)
    made.get()
    place = made.heard.index(behind, before) + len(behind) - before
    made.emulator.add_fault(Fault("to_host", place, "silence", seconds=1.0))
    return place


class Counting(VirtualClock):
    """Counts how often either side sleeps."""

    sleeps = 0

    def sleep(self, seconds: float) -> None:
        """Count it, and sleep."""
        self.sleeps += 1
        super().sleep(seconds)


def test_how_often_a_long_body_wakes_the_host() -> None:
    """Rarely if its length is known: then its bytes may gather before a read."""
    sleeps = []
    for head in (length(SOME), CLOSE):
        clock = Counting()
        with rig(head + some(), clock=clock, baudrate=115_200) as made:
            made.get()
            before = clock.sleeps
            assert made.get().content == some()
            sleeps.append(clock.sleeps - before)
    assert sleeps[0] < sleeps[1] / 2


def test_the_last_byte_waits_for_the_trailer() -> None:
    """Only it: a reader who knows the length gets the others at once."""
    with rig(length(5) + b"hello") as made:
        stalls_in_the_next(made, b"hello")
        answer = made.get(stream=True)
        started = made.clock.now()
        assert answer.raw.read(4) == b"hell"
        assert made.clock.now() - started < 0.5
        assert answer.raw.read(1) == b"o"
        assert made.clock.now() - started >= 0.5


def test_the_last_byte_does_not_come_if_the_trailer_is_wrong() -> None:
    """A reader who knows the length gets the error, and so does a trace."""
    trace = Trace()
    with rig(length(5) + b"hello", adapter={"trace": trace}) as made:
        place = stalls_in_the_next(made, b"hell")
        made.emulator.add_fault(Fault("to_host", place + 1, "insert", data=b"x"))
        answer = made.get(stream=True)
        assert answer.raw.read(4) == b"hell"
        with pytest.raises(ProtocolError, match="where its length says"):
            answer.raw.read(1)
        assert made.modem.state is ModemState.UNKNOWN
        assert "where its length says" in str(trace.entries[-1].error)
        check_next(made)


#: A port that loses bytes if nobody reads.
UNCHECKED = {"baudrate": 460_800, "rtscts": False}


def test_an_absent_reader_of_a_slow_response() -> None:
    """The line is read for it in the background, which takes no time of its own."""
    parts: Answers = [length(10) + b"12345", Delay(20), b"67890"]
    with rig(parts, adapter=UNCHECKED, baudrate=460_800) as made:
        answer = made.get(stream=True)
        started = made.clock.now()
        made.clock.sleep(1.0)
        assert answer.raw.read(5) == b"12345"
        assert made.clock.now() - started == pytest.approx(1.0, abs=0.05)
        assert answer.raw.read() == b"67890"


def test_a_port_that_is_lost_while_the_reader_is_away() -> None:
    """The response has failed at once, and its reader gets the reason."""
    parts: Answers = [length(10) + b"12345", Delay(20), b"67890"]
    with rig(parts, adapter=UNCHECKED, baudrate=460_800) as made:
        answer = made.get(stream=True)
        made.emulator.unplug()
        made.clock.sleep(1.0)
        assert made.modem.state is not ModemState.READING
        with pytest.raises(ProtocolError, match="cannot be read"):
            while answer.raw.read(1):
                pass


# Other requests need the modem


@pytest.mark.parametrize("head", [length(SOME), CLOSE, CODED])
def test_a_second_request_from_the_same_thread(head: bytes) -> None:
    """It works, and the unread response can be read to its end."""
    body = some()
    first = head + (chunks(body, [1000]) if head is CODED else body)
    with rig(first, response(b"second")) as made:
        answer = made.get(stream=True)
        start = answer.raw.read(100)
        assert made.get().content == b"second"
        assert made.modem.state is ModemState.READY
        assert start + answer.raw.read() == body


def test_a_second_request_from_another_thread() -> None:
    """The first thread slowly reads its response meanwhile."""
    body = some()
    with rig(response(body), response(b"second"), clock=SystemClock()) as made:
        answer = made.get(stream=True)
        pieces = answer.iter_content(4096)
        got = next(pieces)
        seconds: list[bytes] = []
        thread = threading.Thread(
            target=lambda: seconds.append(made.get(timeout=20).content)
        )
        thread.start()
        for piece in pieces:
            got += piece
            time.sleep(0.01)
        thread.join(20)
        assert (seconds, got) == ([b"second"], body)


def test_many_unread_responses() -> None:
    """Each is kept for its reader."""
    bodies = [b"%d" % i * 5000 for i in range(8)]
    with rig(*map(response, bodies)) as made:
        answers = [made.get(stream=True) for _ in bodies]
        assert [answer.content for answer in reversed(answers)] == bodies[::-1]


def test_requests_from_many_threads() -> None:
    """Each gets its own answer, streamed or not."""

    def echo(request: ReceivedRequest) -> bytes:
        target = request.data.split(b" ")[1]
        return response(target * 300)

    with rig(echo, clock=SystemClock()) as made:
        failures: list[object] = []

        def ask(number: int) -> None:
            for turn in range(4):
                target = f"/{number}-{turn}/"
                url = "http://server.example" + target
                answer = made.session.get(url, stream=bool(turn % 2), timeout=20)
                if answer.content != target.encode() * 300:
                    failures.append((target, answer.content))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == [] and len(made.servers.requests) == 24


def test_a_second_request_that_has_no_time() -> None:
    """The first response takes longer than the connect timeout of the second."""
    endless = [CLOSE] + [part for _ in range(100) for part in (b"x", Delay(1))]
    with rig(endless) as made:
        answer = made.get(stream=True)
        with pytest.raises(requests.exceptions.ConnectTimeout, match="busy"):
            made.get(timeout=(10, 5))
        assert len(made.servers.requests) == 1
        assert answer.raw.read() == b"x" * 100
        check_next(made)


def test_a_failure_while_another_waits() -> None:
    """The reader of that response gets it."""
    with rig([length(100) + b"x" * 50]) as made:
        made.servers.answers = [[length(100) + b"x" * 50, Silence()], response(b"next")]
        answer = made.get(stream=True, timeout=5)
        assert made.get(timeout=60).content == b"next"
        with pytest.raises(requests.exceptions.ConnectionError, match="timed out"):
            assert answer.content is None


def test_a_slow_response_while_another_waits() -> None:
    """Each piece begins a new silence, in which the next may come."""
    slow = [length(5)] + [part for _ in range(5) for part in (Delay(3), b"x")]
    with rig(slow) as made:
        answer = made.get(stream=True, timeout=(60, 5))
        made.servers.answers = [response(b"next")]
        assert made.get(timeout=60).content == b"next"
        assert answer.content == b"x" * 5


def test_another_request_that_is_interrupted() -> None:
    """It was reading the first response, whose reader is told."""
    clock = Interrupting()
    with rig([length(10) + b"12345", Delay(20), b"67890"], clock=clock) as made:
        answer = made.get(stream=True)
        clock.at_once = True
        with pytest.raises(Ended):
            made.get()
        with pytest.raises(ProtocolError, match="interrupted"):
            answer.raw.read()
        made.servers.answers = [response(b"next")]
        assert made.get().content == b"next"


# Responses that nobody reads


@pytest.mark.parametrize("dtr", [False, True])
@pytest.mark.parametrize("head", [length(2_048_000), CLOSE])
def test_closing_a_large_rest(dtr: bool, head: bytes) -> None:
    """Data mode is left, with DTR if it is wired."""
    settings = {"dtr": dtr, "baudrate": 115_200}
    with rig(lazily(head, 2_048_000), adapter=settings, baudrate=115_200) as made:
        answer = made.get(stream=True)
        answer.raw.read(1000)
        started = made.clock.now()
        answer.close()
        assert made.clock.now() - started < (0.5 if dtr else 2.5)
        assert (b"+++" in made.written) is not dtr
        check_next(made)
        assert made.clock.now() - started < 5


def test_closing_a_small_rest() -> None:
    """It is read, which is faster than leaving data mode."""
    with rig(lazily(length(10_240), 10_240), baudrate=115_200) as made:
        answer = made.get(stream=True)
        answer.raw.read(10)
        answer.close()
        assert made.clock.now() < 1.5 and b"+++" not in made.written
        check_next(made)


def test_closing_a_small_rest_that_does_not_come() -> None:
    """Then data mode is left, in a limited time."""
    with rig([length(10) + b"12345", Silence()]) as made:
        answer = made.get(stream=True)
        started = made.clock.now()
        answer.close()
        assert made.clock.now() - started < 2.5
        check_next(made)


def test_a_response_that_is_collected() -> None:
    """Nobody has closed it, but the next request finds the modem free."""
    with rig(lazily(CLOSE, SOME)) as made:
        answer = made.get(stream=True)
        answer.raw.read(10)
        del answer
        gc.collect()
        check_next(made)


def test_a_late_end_of_a_response_that_was_cut_off() -> None:
    """It does not change the response that is being read."""
    with rig([length(10), Delay(999)]) as made:
        cut_off = made.get(stream=True)
        made.modem.close()
        made.servers.answers = [[length(10) + b"12345", Delay(20), b"67890"]]
        answer = made.get(stream=True)
        started = made.clock.now()
        cut_off.close()
        assert made.clock.now() == started
        assert answer.content == b"1234567890"


def test_a_session_that_is_closed_before_the_stream() -> None:
    """It can be read, as from a socket. The port is given back at its end."""
    body = some()
    with rig(response(body)) as made:
        answer = made.get(stream=True)
        start = answer.raw.read(10)
        made.session.close()
        assert made.modem.state.name == "READING"
        assert start + answer.raw.read() == body
        assert made.modem.state.name == "CLOSED"
        check_next(made)


@pytest.mark.parametrize("end", ["at_once", "on_wait"])
def test_a_session_that_is_closed_after_a_response_without_a_body(end: str) -> None:
    """The port is given back, although the module may still wait for a body."""
    switches = Switches.from_text({"bodyless_end": end})
    with rig([length(10), Silence()], switches=switches) as made:
        assert made.session.head(SOMEWHERE, timeout=30).status_code == 200
        made.session.close()
        assert made.modem.state is ModemState.CLOSED
        check_next(made)


def test_a_modem_that_is_closed_before_the_stream() -> None:
    """Unread bytes are kept, as in the buffer of a socket."""
    body = some()
    with rig(response(body)) as made:
        answer = made.get(stream=True)
        start = answer.raw.read(10)
        made.modem.close()
        assert made.modem.state is ModemState.CLOSED
        assert start + answer.raw.read() == body
        check_next(made)


def test_install() -> None:
    """The session of requests.get is closed before its stream is read."""
    body = some()
    with rig(response(body)) as made, requests_bg96.install(made.adapter):
        answer = requests.get(SOMEWHERE, stream=True)
        assert answer.content == body
        with requests.get(SOMEWHERE, stream=True) as answer:
            assert answer.raw.read(10) == body[:10]
        check_next(made)


# Responses without a body


@pytest.mark.parametrize("end", ["at_once", "on_close", "on_wait"])
@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")],
)
@pytest.mark.parametrize(
    "field", [b"Content-Length: 10", b"X: y", b"Connection: close"]
)
@pytest.mark.parametrize("close", [True, False])
def test_no_body(
    end: str, method: str, status: bytes, field: bytes, close: bool
) -> None:
    """The client does not wait for one, whatever the module does."""
    head = response(b"", field, status=status)
    if field == b"X: y":
        head = head.replace(b"Content-Length: 0\r\n", b"")
    parts: list[bytes | Silence] = [head] if close else [head, Silence()]
    with rig(parts, switches=Switches.from_text({"bodyless_end": end})) as made:
        answer = made.session.request(method, SOMEWHERE, timeout=30)
        assert answer.content == b"" and answer.status_code == int(status[:3])
        # The module may wait for one, but at most 2 s.
        told = end == "at_once" or (close and end == "on_close")
        assert made.clock.now() < (0.1 if told else 2.1)
        check_next(made)
        assert made.clock.now() < 8


def test_a_body_of_no_bytes() -> None:
    """It ends at once."""
    with rig([length(0), Silence()]) as made:
        assert made.get().content == b""
        assert made.clock.now() < 1
        check_next(made)


# Each response is parsed by itself


@pytest.mark.parametrize("chunked", ["raw", "decoded"])
def test_chunks_are_read_by_their_own_bytes(chunked: str) -> None:
    """An odd response of one server does not change how the next is parsed."""
    plain = b"an ordinary text"
    odd = [
        CODED + b" 5 \r\nhello\r\n0\r\n\r\n",
        CODED + b"+5\r\nhello\r\n0\r\n\r\n",
        CODED + b"zz\r\n",
        CODED + chunks(b"5\r\nhello\r\n0\r\n\r\n", [7]),
        CODED + chunks(b"5\r\nhello\r\n0\r\n\r\nmore", [7]),
        CODED + chunks(b"", [7]),
    ]
    with rig(switches=Switches.from_text({"chunked": chunked})) as made:
        for answer in odd:
            made.servers.answers = [answer]
            with contextlib.suppress(requests.RequestException):
                made.get(timeout=20)
            made.servers.answers = [CODED + chunks(plain, [7])]
            assert made.session.get("http://other.example/").content == plain


def test_a_chunked_text_that_looks_like_chunks() -> None:
    """If the module decodes, it is refused, and never returned wrong."""
    tricky = b"5\r\nhello\r\n0\r\n\r\nmore"
    with rig(CODED + chunks(tricky, [7]), switches=Switches(chunked="raw")) as made:
        assert made.get().content == tricky
    with rig(CODED + chunks(tricky, [7])) as made:
        with pytest.raises(ChunkedEncodingError, match="chunk framing"):
            made.get()
        check_next(made)


@pytest.mark.parametrize("status", [200, 204, 304])
def test_no_body_is_waited_for(status: int) -> None:
    """The reader does not wait, and the response is closed without a wait."""
    head = b"HTTP/1.1 %d So\r\nContent-Length: 5\r\n\r\n" % status
    with rig([head, Silence()]) as made:
        started = made.clock.now()
        answer = made.session.request("HEAD" if status == 200 else "GET", SOMEWHERE)
        answer.close()
        assert (answer.status_code, answer.content) == (status, b"")
        assert made.clock.now() - started < 1


def test_a_body_that_ends_while_the_module_is_asked() -> None:
    """The false end was payload, and the real end came with the answer."""
    fake = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    for pause in (0.02, 0.029, 0.03, 0.031, 0.04, 0.05, 0.1, 0.5):
        with rig([head + b"body" + fake, Delay(pause), Hangup()]) as made:
            assert made.session.get(SOMEWHERE).content == b"body" + fake


def test_what_goes_on_behind_what_looks_like_the_end() -> None:
    """Bytes that are no answer to the question do not wait for an answer."""
    fake = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
    parts: list[Any] = [CLOSE + b"body" + fake, Delay(1.0)]
    for _ in range(100):
        parts += [b"\0" * 300, Delay(0.05)]
    with rig([*parts, Hangup()]) as made:
        answer = made.get(stream=True)
        started = made.clock.now()
        assert answer.raw.read(len(b"body" + fake) + 600) == b"body" + fake + bytes(600)
        assert made.clock.now() - started < 1.3
        assert answer.raw.read() == bytes(300 * 98)


@pytest.mark.parametrize("pause", [0.01, 0.05, 0.09, 0.2])
def test_lines_that_drip_in_after_what_looks_like_the_end(pause: float) -> None:
    """Whenever the module is asked meanwhile, no byte of them is lost."""
    fake = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"
    drops = [b"\r\nline %d" % number for number in range(300)]
    parts: list[Any] = [CLOSE + b"body" + fake, Delay(0.1)]
    for drop in drops:
        parts += [drop, Delay(pause)]
    with rig([*parts, Hangup()]) as made:
        got = made.session.get(SOMEWHERE, timeout=60).content
        assert got == b"body" + fake + b"".join(drops)
