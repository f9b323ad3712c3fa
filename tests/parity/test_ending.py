"""Another thread ends a stream while its reader waits, with any transport."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
import urllib3
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import ProtocolError

from tests.conftest import Script
from tests.servers import HANG, raw, reply

#: The bytes before the wait.
START = b"event: 42\n"
#: Starts of responses that stop there, and whether HTTP says that more will come.
FRAMINGS = {
    "length": (b"Content-Length: 100\r\n\r\n" + START, True),
    "chunked": (b"Transfer-Encoding: chunked\r\n\r\na\r\n" + START + b"\r\n", True),
    "close": (b"Connection: close\r\n\r\n" + START, False),
}
#: The seconds within which the reader ends, and the call that ends it.
PROMPTLY = 1.0


def raw_shutdown(answer: requests.Response) -> None:
    """The method of urllib3 since 2.3."""
    answer.raw.shutdown()


def shutdown_of_the_descriptor(answer: requests.Response) -> None:
    """What ``Watcher.stop()`` of etcd3gw does, line by line."""
    stand_in = socket.fromfd(
        answer.raw._fp.fileno(), socket.AF_INET, socket.SOCK_STREAM
    )
    stand_in.shutdown(socket.SHUT_RDWR)
    stand_in.close()
    answer.connection.close()


def shutdown_of_the_socket(answer: requests.Response) -> None:
    """What programs do that look for the socket."""
    answer.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)


ENDS = [shutdown_of_the_descriptor, shutdown_of_the_socket]
if hasattr(urllib3.HTTPResponse, "shutdown"):
    ENDS.append(raw_shutdown)


@dataclasses.dataclass
class Reader:
    """A thread that reads a response, and its result."""

    answer: requests.Response
    got: bytearray = dataclasses.field(default_factory=bytearray)
    error: Exception | None = None

    def __call__(self) -> None:
        """Read until the end."""
        try:
            for piece in self.answer.iter_content(1):
                self.got += piece
        except Exception as error:  # noqa: B902
            self.error = error


@contextlib.contextmanager
def reading(answer: requests.Response) -> Iterator[Reader]:
    """Let a thread read all bytes, and wait for more."""
    reader = Reader(answer)
    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    patience = time.monotonic() + 10
    while len(reader.got) < len(START) and time.monotonic() < patience:
        time.sleep(0.01)
    time.sleep(0.1)
    yield reader
    # Over the modem, it leaves data mode at its end.
    thread.join(PROMPTLY + 5)
    assert not thread.is_alive()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_stream_that_another_thread_ends(
    session: requests.Session,
    raw_server: Script,
    end: Callable[[requests.Response], None],
    framing: str,
    transport: str,
) -> None:
    """The reader gets the received bytes at once, and an error if more was promised."""
    if transport == "socket" and end is shutdown_of_the_descriptor:
        pytest.skip("a socket of the module has no descriptor")
    start, promised = FRAMINGS[framing]
    server = raw_server(raw(b"HTTP/1.1 200 OK\r\n" + start, HANG), reply(body=b"next"))
    answer = session.get(server.url, stream=True, timeout=30)
    with reading(answer) as reader:
        started = time.monotonic()
        end(answer)
        assert time.monotonic() - started < PROMPTLY
    assert reader.got == START
    assert isinstance(reader.error, ChunkedEncodingError) is promised
    assert promised or reader.error is None
    assert session.get(server.url, timeout=10).content == b"next"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_stream_that_is_shut_down_before_it_is_read(
    session: requests.Session, raw_server: Script, framing: str
) -> None:
    """The response ends there."""
    start, promised = FRAMINGS[framing]
    server = raw_server(raw(b"HTTP/1.1 200 OK\r\n" + start, HANG), reply(body=b"next"))
    answer = session.get(server.url, stream=True, timeout=30)
    assert answer.raw.read(1) == b"e"
    shutdown_of_the_socket(answer)
    started = time.monotonic()
    with pytest.raises(ProtocolError) if promised else contextlib.nullcontext():
        answer.raw.read()
    # Over the modem, data mode is left at the end.
    assert time.monotonic() - started < PROMPTLY + 5
    assert session.get(server.url, timeout=10).content == b"next"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_session_that_is_closed_while_another_reads(
    session: requests.Session, raw_server: Script, framing: str
) -> None:
    """It is closed at once, and the reader continues to the end."""
    start, _ = FRAMINGS[framing]
    more = {"length": b"y" * 90, "chunked": b"1\r\ny\r\n0\r\n\r\n", "close": b"y"}
    go_on = threading.Event()
    server = raw_server(raw(b"HTTP/1.1 200 OK\r\n" + start, go_on, more[framing]))
    answer = session.get(server.url, stream=True, timeout=30)
    with reading(answer) as reader:
        started = time.monotonic()
        session.close()
        assert time.monotonic() - started < PROMPTLY
        go_on.set()
    assert reader.error is None
    assert reader.got == START + b"y" * (90 if framing == "length" else 1)


def test_a_session_that_is_closed_before_it_is_read(
    session: requests.Session, raw_server: Script
) -> None:
    """Even if the response continues for long."""
    go_on = threading.Event()
    start = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstart"
    server = raw_server(raw(start, go_on, b"end"))
    answer = session.get(server.url, stream=True, timeout=30)
    started = time.monotonic()
    session.close()
    assert time.monotonic() - started < PROMPTLY
    threading.Timer(0.5, go_on.set).start()
    assert answer.content == b"startend"
