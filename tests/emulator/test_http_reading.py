"""Reading responses: framing, times and failures (HTTP manual 2.6, 2.7)."""

from __future__ import annotations

import itertools
from typing import Any, Iterator

import pytest

from requests_bg96.emulator import Delay, Hangup, Silence, Switches
from tests.emulator.host import CONNECT, OK, Answer, Host, HostMaker, cme, response

DONE = OK + b"\r\n+QHTTPREAD: 0\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


def fetch(host: Host, answer: Answer, **settings: Any) -> None:
    """Send a request, and wait for its result."""
    host.online(**settings)
    host.servers.answers.append(answer)
    assert host.ask(b"AT+QHTTPGET\r").startswith(OK + b"\r\n+QHTTPGET: 0,")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"ends with LF\n",
        b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n",
        b"+++\x00\x11\x13\xff\r\nNO CARRIER\r\n",
        bytes(range(256)) * 40,
    ],
)
def test_a_body_comes_as_it_is(any_host: HostMaker, body: bytes) -> None:
    host = any_host()
    fetch(host, response(body))
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + body + DONE


def test_the_head_comes_as_received(any_host: HostMaker) -> None:
    head = b"HTTP/1.1 200 Fine\r\nx-ODD:  1\r\nX-Odd: 2\r\ncontent-length: 2\r\n\r\n"
    host = any_host()
    fetch(host, head + b"ab", responseheader=1)
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + head + b"ab" + DONE


def test_a_head_that_is_rewritten(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(response_head="rewritten"))
    head = b"HTTP/1.1 200 Fine\nx-ODD:1\nTransfer-Encoding: chunked\n\n"
    fetch(host, head + b"2\r\nab\r\n0\r\n\r\n", responseheader=1)
    assert host.ask(b"AT+QHTTPREAD\r") == (
        CONNECT + b"HTTP/1.1 200 Fine\r\nx-ODD: 1\r\n\r\nab" + DONE
    )


FRAMED = b"2\r\nab\r\n3;name=value\r\ncde\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize("chunked", ["decoded", "raw"])
@pytest.mark.parametrize("shown", [0, 1])
def test_chunks(any_host: HostMaker, chunked: Any, shown: int) -> None:
    host = any_host(switches=Switches(chunked=chunked))
    answer = response(FRAMED, CHUNKED)
    fetch(host, answer, responseheader=shown)
    body = FRAMED if shown and chunked == "raw" else b"abcde"
    head = answer[: -len(FRAMED)] if shown else b""
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + head + body + DONE


def test_chunks_in_single_bytes(any_host: HostMaker) -> None:
    host = any_host()
    pieces = [FRAMED[i : i + 1] for i in range(len(FRAMED))]
    fetch(host, [response(b"", CHUNKED), *pieces, Silence()])
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"abcde" + DONE


@pytest.mark.parametrize("framing", [b"zz\r\nab\r\n", b"2\r\nabc\r\n", b"\r\n\r\n"])
def test_wrong_chunks(any_host: HostMaker, framing: bytes) -> None:
    host = any_host()
    fetch(host, response(framing, CHUNKED))
    assert host.ask(b"AT+QHTTPREAD\r").endswith(cme(721))


def test_a_body_that_ends_with_the_connection(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [b"HTTP/1.1 200 OK\r\n\r\nab", Delay(5), b"cd", Hangup()])
    assert host.ask(b"AT+QHTTPREAD\r", 4) == CONNECT + b"ab"
    assert host.hear(2) == b"cd" + DONE


def test_the_result_comes_a_moment_after_the_ok(make_host: HostMaker) -> None:
    host = make_host()
    fetch(host, response(b"ab"))
    assert host.ask(b"AT+QHTTPREAD\r", 0.004) == CONNECT + b"ab" + OK
    assert host.hear(0.002) == b"\r\n+QHTTPREAD: 0\r\n"


def test_the_wait_time_is_the_gap(any_host: HostMaker) -> None:
    host = any_host()
    parts: list[Any] = [response(b"", b"Content-Length: 4")]
    for letter in b"abcd":
        parts += [Delay(8), bytes((letter,))]
    fetch(host, parts)
    assert host.ask(b"AT+QHTTPREAD=9\r", 40) == CONNECT + b"abcd" + DONE


def test_a_gap_that_is_too_long(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Silence()])
    assert host.ask(b"AT+QHTTPREAD=9\r", 8.9) == CONNECT + b"ab"
    assert host.hear(0.2) == cme(722)
    assert host.ask(b"AT+QHTTPREAD\r") == cme(703)


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up(any_host: HostMaker, reset: bool) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Hangup(reset)])
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab" + cme(717)


def test_a_break_reported_by_urc(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(hangup_trailer="urc"))
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Hangup()])
    assert host.ask(b"AT+QHTTPREAD\r") == (
        CONNECT + b"ab" + OK + b"\r\n+QHTTPREAD: 717\r\n"
    )


def test_a_hang_up_from_outside(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Silence()])
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab"
    host.emulator.hang_up()
    assert host.hear() == cme(717)


def test_a_lost_context_breaks_the_read(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Silence()])
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab"
    host.emulator.lose_context()
    assert host.hear() == cme(709) + b'\r\n+QIURC: "pdpdeact",1\r\n'


@pytest.mark.parametrize("code", [703, 705])
def test_a_response_is_read_once(any_host: HostMaker, code: Any) -> None:
    host = any_host(switches=Switches(second_read=code))
    assert host.quiet().ask(b"AT+QHTTPREAD\r") == cme(705)
    fetch(host, response(b"ab"))
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab" + DONE
    assert host.ask(b"AT+QHTTPREAD\r") == cme(code)


BODYLESS = [
    (b"HEAD", response(b"", b"Content-Length: 1000")),
    (b"GET", response(b"", b"X-Length: none", status=b"204 No Content")),
    (b"GET", response(b"", b"Content-Length: 1000", status=b"304 Not Modified")),
    (b"HEAD", response(b"", CHUNKED)),
]


def bodyless(host: Host, method: bytes, answer: bytes, connection: bytes) -> None:
    """Send a request whose response has no body."""
    host.online(requestheader=1)
    host.servers.answers.append([answer, Delay(5), Hangup()] if connection else answer)
    request = method + b" / HTTP/1.1\r\nConnection: x\r\n\r\n"
    host.ask(b"AT+QHTTPGET=60,%d\r" % len(request))
    assert b"+QHTTPGET: 0," in host.ask(request)


@pytest.mark.parametrize("method, answer", BODYLESS)
def test_no_body_known_at_once(
    any_host: HostMaker, method: bytes, answer: bytes
) -> None:
    host = any_host(switches=Switches(bodyless_end="at_once"))
    bodyless(host, method, answer, b"close")
    assert host.ask(b"AT+QHTTPREAD\r", 1) == CONNECT + DONE


@pytest.mark.parametrize("method, answer", BODYLESS)
def test_no_body_known_by_the_close(
    any_host: HostMaker, method: bytes, answer: bytes
) -> None:
    host = any_host(switches=Switches(bodyless_end="on_close"))
    bodyless(host, method, answer, b"close")
    assert host.ask(b"AT+QHTTPREAD\r", 4) == CONNECT
    assert host.hear(2) == DONE


@pytest.mark.parametrize("method, answer", BODYLESS)
def test_no_body_not_known_at_all(
    any_host: HostMaker, method: bytes, answer: bytes
) -> None:
    host = any_host(switches=Switches(bodyless_end="on_wait"))
    bodyless(host, method, answer, b"close")
    assert host.ask(b"AT+QHTTPREAD=20\r", 19.9) == CONNECT
    assert host.hear(0.2) == cme(722)


def test_a_response_waits_until_it_is_read(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"abcd", Hangup()])
    assert host.hear(10000) == b""
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"abcd" + DONE


def test_urcs_wait_for_the_end_of_the_body(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Delay(5), b"cd"])
    host.ask(b"AT+QHTTPREAD\r")
    host.emulator.urc(b"RING")
    assert host.hear(6) == b"cd" + OK + b"\r\nRING\r\n\r\n+QHTTPREAD: 0\r\n"


def test_urcs_between_packets(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(urc_in_payload="between"))
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Delay(5), b"cd"])
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ab"
    host.emulator.urc(b"RING")
    assert host.hear(6) == b"\r\nRING\r\ncd" + DONE


def test_read_into_a_file(any_host: HostMaker) -> None:
    host = any_host()
    answer = response(b"to a file")
    fetch(host, answer, responseheader=1)
    assert host.ask(b'AT+QHTTPREADFILE="1.txt",80\r') == (
        OK + b"\r\n+QHTTPREADFILE: 0\r\n"
    )
    assert host.ask(b'AT+QFLST="1.txt"\r') == (
        b'\r\n+QFLST: "1.txt",%d\r\n' % len(answer) + OK
    )
    assert CONNECT + answer in host.ask(b'AT+QFDWL="1.txt"\r')


def test_read_into_a_file_takes_its_time(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Delay(5), b"cd"])
    assert host.ask(b'AT+QHTTPREADFILE="1.txt"\r') == OK
    assert host.ask(b'AT+QHTTPREADFILE="2.txt"\r') == cme(703)
    assert host.hear(6) == b"\r\n+QHTTPREADFILE: 0\r\n"


def test_read_into_a_file_that_breaks(any_host: HostMaker) -> None:
    host = any_host()
    fetch(host, [response(b"", b"Content-Length: 4"), b"ab", Silence()])
    assert host.ask(b'AT+QHTTPREADFILE="1.txt",10\r', 11) == (
        OK + b"\r\n+QHTTPREADFILE: 722\r\n"
    )
    assert b'"1.txt",2' in host.ask(b"AT+QFLST\r")


def test_the_body_is_taken_as_the_line_takes_it(make_host: HostMaker) -> None:
    """The module reads nothing ahead: an endless body costs no memory."""
    pulled = itertools.count()
    last = 0

    def endless() -> Iterator[bytes]:
        nonlocal last
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        for last in pulled:
            yield bytes(1000)

    host = make_host(baudrate=115200)
    fetch(host, endless())
    host.hear(100)
    assert last <= 2
    host.send(b"AT+QHTTPREAD\r")
    host.port.timeout = None
    assert host.port.read(50000).startswith(CONNECT)
    assert last <= 60


def test_escape_from_an_endless_body(make_host: HostMaker) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield bytes(1000)

    host = make_host(baudrate=115200)
    fetch(host, endless())
    assert len(host.ask(b"AT+QHTTPREAD\r", 3)) > 30000
    host.send(b"+++")
    rest = host.hear(3)
    assert rest.endswith(b"\x00" + OK)
    assert len(rest) < 20000
