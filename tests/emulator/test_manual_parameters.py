"""Ranges and defaults of HTTP manual 2: both limits are accepted."""

from __future__ import annotations

import pytest

from requests_bg96.emulator import Delay, Silence
from tests.emulator.host import CONNECT, OK, Host, HostMaker, cme, response

#: The default of every time, in seconds.
DEFAULT = 60

GET = b"GET / HTTP/1.1\r\n\r\n"


def test_defaults_of_the_settings(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPCFG?\r") == (
        b'\r\n+QHTTPCFG: "contextid",1\r\n+QHTTPCFG: "requestheader",0\r\n'
        b'+QHTTPCFG: "responseheader",0\r\n+QHTTPCFG: "sslctxid",1\r\n'
        b'+QHTTPCFG: "contenttype",0\r\n' + OK
    )


RANGES = {
    b"contextid": (1, 16),
    b"requestheader": (0, 1),
    b"responseheader": (0, 1),
    b"sslctxid": (0, 5),
    b"contenttype": (0, 3),
}


@pytest.mark.parametrize("key", RANGES)
def test_settings_from_end_to_end(make_host: HostMaker, key: bytes) -> None:
    """Each value is accepted, and both queries print it."""
    host = make_host().quiet()
    low, high = RANGES[key]
    for value in range(low, high + 1):
        line = b'+QHTTPCFG: "%b",%d\r\n' % (key, value)
        assert host.ask(b'AT+QHTTPCFG="%b",%d\r' % (key, value)) == OK
        assert host.ask(b'AT+QHTTPCFG="%b"\r' % key) == b"\r\n" + line + OK
        assert line in host.ask(b"AT+QHTTPCFG?\r")
    for value in (low - 1, high + 1):
        assert host.ask(b'AT+QHTTPCFG="%b",%d\r' % (key, value)) == cme(730)


ENDS = [
    (b"+QHTTPURL=1", b"+QHTTPURL=700"),
    (b"+QHTTPURL=1,1", b"+QHTTPURL=1,65535"),
    (b"+QHTTPPOST=1", b"+QHTTPPOST=1024000"),
    (b"+QHTTPPOST=1,1,60", b"+QHTTPPOST=1,65535,60"),
    (b"+QHTTPPOST=1,60,1", b"+QHTTPPOST=1,60,65535"),
]
OWN_ENDS = [
    (b"+QHTTPGET=1,18", b"+QHTTPGET=65535,18"),
    (b"+QHTTPGET=60,1", b"+QHTTPGET=60,2048"),
    (b"+QHTTPGET=60,18,1", b"+QHTTPGET=60,18,65535"),
]


@pytest.mark.parametrize(
    "own, command",
    [
        (own, one)
        for own, ends in ((0, ENDS), (1, OWN_ENDS))
        for two in ends
        for one in two
    ],
)
def test_the_ends_of_ranges_lead_to_data_mode(
    make_host: HostMaker, own: int, command: bytes
) -> None:
    host = make_host().online(requestheader=own)
    assert host.ask(b"AT" + command + b"\r") == CONNECT


@pytest.mark.parametrize("seconds", [1, 65535])
def test_the_ends_of_other_times(make_host: HostMaker, seconds: int) -> None:
    """Times of commands without data mode, or with data mode after a response."""
    host = with_file(make_host().online())
    commands = (b"+QHTTPGET=%d", b'+QHTTPPOSTFILE="f",%d')
    for command in commands:
        host.servers.answers.append(response(b"body"))
        assert host.ask(b"AT" + command % seconds + b"\r").startswith(OK)
    assert host.ask(b"AT+QHTTPREAD=%d\r" % seconds).startswith(CONNECT + b"body")
    host.servers.answers.append(response(b"body"))
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(b'AT+QHTTPREADFILE="g",%d\r' % seconds) == (
        OK + b"\r\n+QHTTPREADFILE: 0\r\n"
    )


def with_file(host: Host, name: bytes = b"f") -> Host:
    """Make a file of two bytes."""
    assert host.ask(b'AT+QFUPL="%b",2\r' % name) == CONNECT
    assert host.ask(b"ab").endswith(OK)
    return host


@pytest.mark.parametrize(
    "command", [b'AT+QHTTPPOSTFILE="%b"\r', b'AT+QHTTPREADFILE="%b"\r']
)
def test_names_of_files_up_to_their_limit(make_host: HostMaker, command: bytes) -> None:
    name = b"n" * 80
    host = with_file(make_host().online(), name)
    host.servers.answers += [response(b"x"), response(b"y")]
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(command % name).startswith(OK)
    assert host.ask(command % (name + b"n")) == cme(730)


@pytest.mark.parametrize(
    "command, own, result",
    [
        (b"AT+QHTTPGET", 0, b"+QHTTPGET: 702"),
        (b'AT+QHTTPPOSTFILE="f"', 0, b"+QHTTPPOSTFILE: 702"),
    ],
)
def test_the_default_of_rsptime(
    make_host: HostMaker, command: bytes, own: int, result: bytes
) -> None:
    host = with_file(make_host().online(requestheader=own))
    assert host.ask(command + b"\r", DEFAULT - 0.1) == OK
    assert host.hear(0.2) == b"\r\n" + result + b"\r\n"


def test_the_default_of_rsptime_of_post(make_host: HostMaker) -> None:
    host = make_host().online()
    assert host.ask(b"AT+QHTTPPOST=2\r") == CONNECT
    assert host.ask(b"ab", DEFAULT - 0.1) == OK
    assert host.hear(0.2) == b"\r\n+QHTTPPOST: 702\r\n"


@pytest.mark.parametrize(
    "command, own",
    [(b"AT+QHTTPURL=20", 0), (b"AT+QHTTPPOST=20", 0), (b"AT+QHTTPGET=9,20", 1)],
)
def test_the_default_of_input_times(
    make_host: HostMaker, command: bytes, own: int
) -> None:
    host = make_host().online(requestheader=own)
    assert host.ask(command + b"\r") == CONNECT
    assert host.ask(b"short", DEFAULT - 0.1) == b""
    assert host.hear(0.2) == cme(726)


@pytest.mark.parametrize(
    "command, start, end",
    [
        (b"AT+QHTTPREAD", CONNECT + b"ab", cme(722)),
        (b'AT+QHTTPREADFILE="f"', OK, b"\r\n+QHTTPREADFILE: 722\r\n"),
    ],
)
def test_the_default_of_wait_time(
    make_host: HostMaker, command: bytes, start: bytes, end: bytes
) -> None:
    host = make_host().online()
    head = response(b"", b"Content-Length: 4")
    host.servers.answers.append([head, b"ab", Silence()])
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(command + b"\r", DEFAULT - 0.1) == start
    assert host.hear(0.2) == end


def test_rsptime_of_a_request_with_own_header(make_host: HostMaker) -> None:
    """It starts at OK, for both commands."""
    host = make_host().online(requestheader=1)
    assert host.ask(b"AT+QHTTPGET=7,%d\r" % len(GET)) == CONNECT
    host.hear(20)
    assert host.ask(GET, 6.9) == OK
    assert host.hear(0.2) == b"\r\n+QHTTPGET: 702\r\n"


@pytest.mark.parametrize("name", [b"POSTFILE", b"READFILE"])
@pytest.mark.parametrize("late", [False, True])
def test_results_of_files(make_host: HostMaker, name: bytes, late: bool) -> None:
    """The URC comes once the server has answered, or the file is complete."""
    host = with_file(make_host().online())
    pause = [Delay(5)] if late else []
    head = response(b"", b"Content-Length: 4")
    if name == b"POSTFILE":
        host.servers.answers.append([*pause, response(b"done", status=b"403 No")])
        command, fields = b'AT+QHTTPPOSTFILE="f"\r', b"0,403,4"
    else:
        host.servers.answers.append([head, *pause, b"done"])
        host.ask(b"AT+QHTTPGET\r")
        command, fields = b'AT+QHTTPREADFILE="f"\r', b"0"
    heard = host.ask(command)
    assert heard.startswith(OK) and (heard == OK) == late
    heard += host.hear(6)
    assert heard == OK + b"\r\n+QHTTP%b: %b\r\n" % (name, fields)


@pytest.mark.parametrize("status", [200, 403, 404, 409, 411, 500])
def test_response_codes(any_host: HostMaker, status: int) -> None:
    """HTTP manual 6, table 2."""
    host = any_host().online()
    host.servers.answers.append(response(b"ab", status=b"%d Reason" % status))
    assert host.ask(b"AT+QHTTPGET\r") == (OK + b"\r\n+QHTTPGET: 0,%d,2\r\n" % status)
