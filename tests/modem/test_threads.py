"""Threads that share a modem: none gets another's bytes, and none hangs.

They run in the machine's time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import hashlib
import logging
import logging.handlers
import pathlib
import queue
import select
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import CallableNetwork, Delay, ReceivedRequest, SystemClock
from requests_bg96.modem import ModemState
from requests_bg96.stats import Recovery
from tests.https_support import LATER, root_file
from tests.support import SOMEWHERE, Answers, Rig, response, rig
from tests.thread_support import (
    PATIENCE,
    Stopwatch,
    no_deadlock,
    running,
    started,
    until,
    until_waiting,
)

CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
THREADS = 50
#: All bytes, except those of one request in ten: 200 kB down or 50 kB up.
SIZES = (0, 1, 700, 9_000)
#: Data mode can be left at once.
DTR = {"dtr": True}
METHODS = ("GET", "POST", "HEAD", "PUT", "GET", "DELETE", "PATCH")


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test hangs."""
    with no_deadlock():
        yield


def shared(*answers: Any, **options: Any) -> contextlib.AbstractContextManager[Rig]:
    """A session over a modem, in the machine's time."""
    return rig(*answers, clock=SystemClock(), **options)


def get(made: Rig, target: str = "/path", **arguments: Any) -> requests.Response:
    """Send a GET, and do not wait for ever."""
    arguments.setdefault("timeout", PATIENCE)
    return made.session.get(f"http://server.example{target}", **arguments)


def trickle(pieces: int, seconds: float) -> Answers:
    """A response whose pieces come one by one, with a pause after each."""
    return [CLOSE] + [
        part for number in range(pieces) for part in (b"%9d\n" % number, Delay(seconds))
    ]


def trickled(pieces: int) -> bytes:
    """Its body."""
    return b"".join(b"%9d\n" % number for number in range(pieces))


# Many threads


def filled(mark: str, size: int) -> bytes:
    """Bytes of this size that no other request has."""
    line = hashlib.sha256(mark.encode()).hexdigest().encode()
    return (line * (size // len(line) + 1))[:size]


@dataclasses.dataclass(frozen=True)
class Errand:
    """One request of one thread. It differs from each other one."""

    thread: int
    turn: int

    @property
    def number(self) -> int:
        """A number that no other has."""
        return self.turn * THREADS + self.thread

    @property
    def method(self) -> str:
        """Each method in turn."""
        return METHODS[self.number % len(METHODS)]

    @property
    def mark(self) -> str:
        """The mark of all bytes that belong to it."""
        return f"{self.thread}-{self.turn}-{self.method}"

    @property
    def size(self) -> int:
        """The size of the response's body."""
        return 200_000 if self.number % 10 == 9 else SIZES[self.number % len(SIZES)]

    @property
    def upload(self) -> bytes | None:
        """The request's body."""
        if self.method not in ("POST", "PUT", "PATCH"):
            return None
        return filled(self.mark + "up", 50_000 if self.number % 10 == 1 else 300)

    @property
    def body(self) -> bytes:
        """The body to read."""
        return b"" if self.method == "HEAD" else filled(self.mark, self.size)

    def ask(self, session: requests.Session, scheme: str) -> requests.Response:
        """Make the request, and check its head."""
        answer = session.request(
            self.method,
            f"{scheme}://server.example/{self.mark}/{self.size}",
            data=self.upload,
            stream=self.number % 3 == 0,
            timeout=(40, PATIENCE),
        )
        sent = hashlib.sha256(self.upload or b"").hexdigest()
        assert answer.headers["X-Mark"] == self.mark
        assert answer.headers["X-Sent"] == sent
        return answer


def marked(request: ReceivedRequest) -> bytes:
    """The answer to an errand, made only from its bytes."""
    head, _, upload = request.data.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    _, mark, size = target.split("/")
    sent = hashlib.sha256(upload).hexdigest()
    body = filled(mark, int(size))
    fields = [b"X-Mark: " + mark.encode(), b"X-Sent: " + sent.encode()]
    answer = response(body, *fields)
    return answer[: len(answer) - len(body)] if method == "HEAD" else answer


def finish(errand: Errand, answer: requests.Response) -> requests.Response | None:
    """Use a response as this caller does; return it if it is unread."""
    kind = errand.number % 12
    if kind == 0:
        return answer
    if kind == 3:
        assert errand.body.startswith(answer.raw.read(10))
        answer.close()
    elif kind == 6:
        pieces = list(answer.iter_content(1_000))
        assert b"".join(pieces) == errand.body
    elif kind != 9:
        # Nobody keeps the ninth.
        assert answer.content == errand.body
    return None


@pytest.mark.parametrize("sessions", [1, 2])
def test_fifty_threads(sessions: int, tmp_path: pathlib.Path) -> None:
    """Each method, size and way to read, or not to read, on one modem."""
    arrived: list[str] = []

    def server(request: ReceivedRequest) -> bytes:
        arrived.append(request.data.split(b"/")[1].decode())
        return marked(request)

    network = CallableNetwork(server)
    with contextlib.ExitStack() as stack:
        settings = {"network": network, "switches": LATER, "adapter": DTR}
        made = stack.enter_context(shared(**settings))
        askers = [made.session]
        if sessions == 2:
            other = stack.enter_context(requests.Session())
            adapter = BG96Adapter(made.modem)
            other.mount("http://", adapter)
            other.mount("https://", adapter)
            askers.append(other)
        for session in askers:
            session.verify = root_file(tmp_path)
        begin = threading.Barrier(THREADS)

        def thread(number: int) -> list[tuple[Errand, requests.Response]]:
            begin.wait(PATIENCE)
            unread = []
            for turn in range(3):
                errand = Errand(number, turn)
                scheme = "https" if errand.number % 4 == 0 else "http"
                answer = errand.ask(askers[number % sessions], scheme)
                if (left := finish(errand, answer)) is not None:
                    unread.append((errand, left))
            return unread

        with ThreadPoolExecutor(THREADS) as pool:
            left = [one for found in pool.map(thread, range(THREADS)) for one in found]
        assert sorted(arrived) == sorted(
            Errand(number, turn).mark for number in range(THREADS) for turn in range(3)
        )
        assert len(left) == 13
        for errand, answer in left:
            assert answer.content == errand.body
        # Large rests that nobody reads.
        closed = {Recovery.ESCAPE, Recovery.RESYNCHRONISE}
        assert set(made.modem.stats.recoveries) <= closed


def test_first_come_first_served() -> None:
    """Requests reach the server in the order in which threads have asked."""
    with shared(trickle(3, 0.1)) as made:
        first = get(made, "/first", stream=True)
        made.servers.answers = [response(b"more")]
        threads = []
        with holding(made):
            for number in range(20):
                threads.append(started(get, made, f"/{number}"))
                until_waiting(threads[-1])
        for thread in threads:
            thread.join(PATIENCE)
        assert first.content == trickled(3)
        targets = [data.split(b" ")[1] for data in made.servers.requests]
        assert targets == [b"/first", b"/held"] + [b"/%d" % i for i in range(20)]


@contextlib.contextmanager
def holding(made: Rig) -> Iterator[None]:
    """Keep another thread inside a request while the server waits."""
    over = threading.Event()
    later = made.servers.answers

    def thinking(request: ReceivedRequest) -> bytes:
        made.servers.answers = later
        assert over.wait(PATIENCE)
        return response(b"held")

    made.servers.answers = [thinking]
    count = len(made.servers.requests)
    found: list[bytes] = []
    with running(lambda: found.append(get(made, "/held").content)):
        until(lambda: len(made.servers.requests) > count)
        try:
            yield
        finally:
            over.set()
    assert found == [b"held"]


# Waiting


def busy_for_one_second(made: Rig) -> None:
    """The result of a request that may wait for one second."""
    watch = Stopwatch()
    with pytest.raises(ConnectTimeout, match="the modem (was|is) busy"):
        get(made, timeout=(1, PATIENCE))
    assert 1 <= watch.seconds < 2


def test_the_time_to_connect_while_another_connects() -> None:
    """The other is not affected, and the server hears of no other request."""
    with shared() as made:
        with holding(made):
            busy_for_one_second(made)
        assert len(made.servers.requests) == 1
        assert get(made).content == b"hello"
        assert not made.modem.stats.recoveries


def test_the_time_to_connect_while_another_reads() -> None:
    """The other gets each piece as soon as it comes, as before."""
    with shared(trickle(20, 0.1)) as made:
        answer = get(made, stream=True)
        with running(busy_for_one_second, made):
            waits, pieces = [], []
            while True:
                watch = Stopwatch()
                pieces.append(answer.raw.read(10))
                waits.append(watch.seconds)
                if not pieces[-1]:
                    break
        assert b"".join(pieces) == trickled(20)
        assert max(waits) < 0.5
        assert len(made.servers.requests) == 1
        made.servers.answers = [response(b"next")]
        assert get(made).content == b"next"


def test_a_reader_and_one_who_waits_take_turns() -> None:
    """The bytes are in order, in whichever thread. Then the other has the modem."""
    with shared(trickle(30, 0.02), response(b"second")) as made:
        answer = get(made, stream=True)
        found: list[bytes] = []
        with running(lambda: found.append(get(made).content)):
            assert b"".join(answer.iter_content(7)) == trickled(30)
        assert found == [b"second"]


class _Handover(logging.Handler):
    """Stops the thread that ends a response, until another has read something.

    Then it stops that one, until the first has continued.
    """

    def __init__(self) -> None:
        super().__init__()
        self._first: threading.Thread | None = None
        self.holds = threading.Event()
        self.gone_on = threading.Event()
        self._heard = threading.Event()

    def handle(self, record: logging.LogRecord) -> bool:
        """Stop the thread that reads something after the payload, the first time.

        The handler has no lock meanwhile, because threads wait here for each other.
        """
        text, thread = record.getMessage(), threading.current_thread()
        if text.endswith(" bytes") and self._first is None:
            self._first = thread
            self.holds.set()
            # If the code is right, the other waits, too.
            self._heard.wait(0.5)
        elif text.startswith("< ") and self._first not in (None, thread):
            self._heard.set()
            self.gone_on.wait(PATIENCE)
        return True


@contextlib.contextmanager
def dialogue_seen_by(handler: logging.Handler) -> Iterator[None]:
    """Pass the log of the dialogue to a handler."""
    logger = logging.getLogger("requests_bg96.link")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_the_line_is_not_another_s_before_the_end() -> None:
    """The lines after a response are read by the thread that reads it."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    with shared([head + b"12345", Delay(0.2), b"67890"]) as made:
        answer = get(made, stream=True)
        holdup = _Handover()
        found: list[str] = []

        def second() -> None:
            assert holdup.holds.wait(PATIENCE)
            found.extend(made.modem.command("ATI"))

        with dialogue_seen_by(holdup), running(second):
            assert answer.content == b"1234567890"
            holdup.gone_on.set()
        assert found[:2] == ["Quectel", "BG96"]
        assert not made.modem.stats.recoveries


# Responses that nobody holds any more


def test_collected_by_the_thread_that_reads_for_it() -> None:
    """The garbage collector runs in any thread, and closes responses."""
    armed, collected = threading.Event(), threading.Event()

    def line(way: str, data: bytes) -> None:
        elsewhere = threading.current_thread() is not threading.main_thread()
        if armed.is_set() and elsewhere:
            armed.clear()
            gc.collect()
            collected.set()

    with shared(trickle(200, 0.05), on_line=line, adapter=DTR) as made:
        answer = get(made, stream=True)
        answer.raw.read(5)
        gc.disable()
        try:
            # Only the collector ends a cycle.
            answer.itself = answer  # type: ignore[attr-defined]
            del answer
            armed.set()
            assert collected.wait(PATIENCE)
        finally:
            gc.enable()
        made.servers.answers = [response(b"next")]
        assert get(made, timeout=5).content == b"next"


def test_closed_in_another_thread() -> None:
    """While a request waits for the line."""
    with shared(trickle(200, 0.05), response(b"next"), adapter=DTR) as made:
        answer = get(made, stream=True)
        answer.raw.read(5)
        heard = made.modem.stats.bytes_down
        found: list[bytes] = []
        with running(lambda: found.append(get(made, timeout=5).content)):
            # It is reading bytes that nobody has asked for yet.
            until(lambda: made.modem.stats.bytes_down > heard + 30)
            answer.close()
        assert found == [b"next"]


# Closing


def closed_at_once(made: Rig) -> None:
    """Close the session, without a wait."""
    watch = Stopwatch()
    made.session.close()
    assert watch.seconds < 0.2


def until_closed(made: Rig) -> None:
    """Wait until the port is given back."""
    until(lambda: made.modem.state is ModemState.CLOSED)


def test_a_session_that_is_closed_during_a_request() -> None:
    """The request ends normally; then the port is given back."""
    with shared() as made:
        with holding(made):
            closed_at_once(made)
            assert made.modem.state is not ModemState.CLOSED
        until_closed(made)
        assert get(made).content == b"hello"


def test_a_session_that_is_closed_while_requests_wait() -> None:
    """Requests from before have their turn, on the same port."""
    with shared() as made:
        found: list[bytes] = []

        def ask() -> None:
            found.append(get(made).content)

        with holding(made):
            threads = [started(ask) for _ in range(3)]
            for thread in threads:
                until_waiting(thread)
            closed_at_once(made)
        for thread in threads:
            thread.join(PATIENCE)
        until_closed(made)
        assert found == [b"hello"] * 3
        assert made.written.count(b"ATQ0V1E1") == 1


def test_a_session_that_is_closed_while_another_reads() -> None:
    """Its stream continues; then the port is given back."""
    with shared(trickle(20, 0.02)) as made:
        answer = get(made, stream=True)
        assert answer.raw.read(10) == trickled(1)
        closed_at_once(made)
        assert made.modem.state is ModemState.READING
        assert b"".join(answer.iter_content(7)) == trickled(20)[10:]
        until_closed(made)


def test_a_session_that_is_closed_and_used_again_while_another_reads() -> None:
    """The port is not given back while a later user has it."""
    with shared(trickle(20, 0.02), response(b"second")) as made:
        answer = get(made, stream=True)
        made.session.close()
        assert get(made).content == b"second"
        assert made.modem.state is ModemState.READY
        assert answer.content == trickled(20)
        closed_at_once(made)
        until_closed(made)


@pytest.mark.parametrize("how", ["close", "collect"])
def test_a_session_that_is_closed_before_a_stream_that_nobody_reads(how: str) -> None:
    """The port is given back when the stream is given up."""
    with shared(trickle(2000, 0.05), adapter=DTR) as made:
        answer: requests.Response | None = get(made, stream=True)
        closed_at_once(made)
        assert answer is not None and made.modem.state is ModemState.READING
        if how == "close":
            answer.close()
        answer = None
        gc.collect()
        until_closed(made)
        made.servers.answers = [response(b"next")]
        assert get(made).content == b"next"


def test_a_stream_that_is_closed_while_another_thread_reads() -> None:
    """The reader ends at once, and the modem is free."""
    with shared(trickle(1, 60), response(b"next"), adapter=DTR) as made:
        answer = get(made, stream=True)
        ended: list[bytes] = []

        def read() -> None:
            with pytest.raises(ChunkedEncodingError, match="has ended the stream"):
                ended.extend(answer.iter_content(10))
            ended.append(b"told")

        with running(read):
            until(lambda: ended)
            watch = Stopwatch()
            answer.close()
        assert watch.seconds < 2 and ended == [trickled(1), b"told"]
        assert get(made, timeout=5).content == b"next"


def test_a_stream_that_is_shut_down_while_a_request_waits_for_it() -> None:
    """The request has the modem at once. The reader gets the end at its next read."""
    with shared(trickle(1, 60), response(b"next"), adapter=DTR) as made:
        answer = get(made, stream=True)
        found: list[bytes] = []
        with running(lambda: found.append(get(made, timeout=20).content)):
            until(lambda: made.modem.stats.bytes_down >= len(CLOSE) + 10)
            watch = Stopwatch()
            answer.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RD)
        assert watch.seconds < 5 and found == [b"next"]
        assert trickled(1).startswith(answer.content)


def test_a_stream_that_is_shut_down_by_its_descriptor_alone() -> None:
    """If nobody reads, the next request notices it."""
    with shared(trickle(1, 60), response(b"next"), adapter=DTR) as made:
        answer = get(made, stream=True)
        stream = answer.raw._fp.fp.raw
        descriptor = stream.fileno()
        # It leaves the wait to the stream.
        assert select.select([descriptor], [], [], 0)[0] == [descriptor]
        stand_in = socket.fromfd(descriptor, socket.AF_UNIX, socket.SOCK_STREAM)
        stand_in.shutdown(socket.SHUT_RDWR)
        stand_in.close()
        assert get(made, timeout=5).content == b"next"
        assert stream.fileno() == descriptor
        answer.close()
        with pytest.raises(OSError):
            stream.fileno()


def test_a_modem_that_is_closed_while_ten_wait() -> None:
    """Threads from before have had their turn. The others open it again."""
    with shared() as made:
        found: list[bytes] = []

        def ask() -> None:
            found.append(get(made).content)

        threads = []
        with holding(made):
            for action in [*[ask] * 5, made.modem.close, *[ask] * 5]:
                threads.append(started(action))
                until_waiting(threads[-1])
        for thread in threads:
            thread.join(PATIENCE)
        assert found == [b"hello"] * 10
        assert len(made.servers.requests) == 11
        # Each time the port is opened, the module is resynchronised.
        assert made.written.count(b"ATQ0V1E1") == 2


def test_a_modem_that_is_closed_while_another_reads() -> None:
    """The response is read first, and its reader gets all of it."""
    with shared(trickle(20, 0.02)) as made:
        answer = get(made, stream=True)
        with running(made.modem.close):
            assert b"".join(answer.iter_content(7)) == trickled(20)
        assert made.modem.state.name == "CLOSED"


def test_a_modem_that_is_closed_under_a_stream_that_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader gets an error, and the module stops to send."""
    monkeypatch.setattr("requests_bg96.base.times.CLOSE", 0.5)
    with shared(trickle(1, 60), response(b"next"), adapter=DTR) as made:
        answer = get(made, stream=True)
        ended: list[bytes] = []

        def read() -> None:
            with pytest.raises(ChunkedEncodingError, match="the modem was closed"):
                ended.extend(answer.iter_content(10))
            ended.append(b"told")

        with running(read):
            until(lambda: ended)
            made.modem.close()
        assert ended == [trickled(1), b"told"]
        assert get(made, timeout=10).content == b"next"
        assert made.modem.stats.recoveries == {Recovery.ESCAPE: 1}


def test_what_to_do_about_a_modem_that_is_busy() -> None:
    """A stream or a request occupies it."""
    with shared(trickle(1, 3)) as made:
        answer = get(made, stream=True)
        with pytest.raises(
            ConnectTimeout, match="End that response.*or use a second modem"
        ):
            get(made, timeout=(0.5, PATIENCE))
        assert answer.content == trickled(1)
        with holding(made):
            with pytest.raises(
                ConnectTimeout, match="fewer requests at a time, or .* second"
            ):
                get(made, timeout=(0.5, PATIENCE))


# Calls by the thread that has the modem


class Posts(logging.Handler):
    """A handler that sends each log record over its modem.

    :param made: the modem.
    """

    def __init__(self, made: Rig) -> None:
        super().__init__()
        self.made = made
        self.errors: list[requests.RequestException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Post it, as `logging.handlers.HTTPHandler` would."""
        try:
            self.made.session.post(SOMEWHERE, record.getMessage(), timeout=30)
        except requests.RequestException as error:
            self.errors.append(error)


@contextlib.contextmanager
def posting(made: Rig) -> Iterator[Posts]:
    """Post the log of the dialogue over the modem of that dialogue."""
    handler = Posts(made)
    logger = logging.getLogger("requests_bg96.link")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.mark.parametrize("via", ["line", "file", "socket"])
def test_a_log_that_is_posted_over_the_modem_it_is_of(via: str) -> None:
    """Each record is refused at once, and the logged request continues."""
    with rig(adapter={"via": via}) as made, posting(made) as handler:
        started = made.clock.now()
        assert made.get(timeout=30).content == b"hello"
        assert made.clock.now() - started < 3
        assert len(made.servers.requests) == 1
        assert handler.errors
        for error in handler.errors:
            assert type(error) is requests.RequestException
            assert "A logging handler" in str(error)
            assert "QueueHandler" in str(error)


def test_a_log_that_is_posted_while_a_response_is_read() -> None:
    """The thread that reads the response posts it, and would disturb itself."""
    answer = response(b"x" * 20_000)
    with rig(answer) as made:
        found = made.get(stream=True)
        with posting(made) as handler:
            started = made.clock.now()
            assert found.content == b"x" * 20_000
            assert made.clock.now() - started < 5
        assert handler.errors
        assert all("A logging handler" in str(error) for error in handler.errors)


def test_a_log_that_another_thread_posts() -> None:
    """As the error advises: it waits for its turn, and is sent."""
    with shared() as made:
        records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        logger = logging.getLogger("requests_bg96.link")
        handler = logging.handlers.QueueHandler(records)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            get(made)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
        posts = Posts(made)
        worker = threading.Thread(target=posts.emit, args=[records.get()])
        worker.start()
        worker.join(PATIENCE)
        assert not posts.errors and len(made.servers.requests) == 2
