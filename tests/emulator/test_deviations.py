"""Behaviours that no document shows, each with its switch."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import Delay, Hangup, Silence, Switches
from tests.emulator.host import CONNECT, OK, Host, HostMaker, cme, response

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
RESULT = b"\r\n+QHTTPGET: 0,200,2\r\n"
READ = b"\r\n+QHTTPREAD: 0\r\n"


def firmware(make: HostMaker, **switches: Any) -> Host:
    """A host whose module is ready for requests with their own head."""
    host = make(switches=Switches(**switches))
    host.online(requestheader=1)
    return host


def get(host: Host, *answer: Any, seconds: float = 0.05) -> bytes:
    """Send a request, and return what comes after its payload."""
    host.servers.answers = [list(answer) or response(b"ok")]
    assert host.ask(b"AT+QHTTPGET=30,%d\r" % len(GET)) == CONNECT
    return host.ask(GET, seconds)


# The place of the result


ORDERS = [("before_ok", RESULT + OK), ("with_ok", OK + RESULT)]


@pytest.mark.parametrize(("order", "told"), ORDERS)
def test_a_result_that_does_not_come_after_ok(
    any_host: HostMaker, order: Any, told: bytes
) -> None:
    """OK comes after it. A command in the meantime waits for both."""
    host = firmware(any_host, result_urc=order)
    answer = [Delay(3), response(b"ok")]
    assert get(host, *answer, seconds=2.9) == b""
    host.send(b"AT\r")
    assert host.hear(0.2) == told + OK


@pytest.mark.parametrize("order", ["before_ok", "with_ok"])
def test_the_other_commands_with_a_result(any_host: HostMaker, order: Any) -> None:
    host = any_host(switches=Switches(result_urc=order)).online()

    def told(command: bytes, fields: bytes) -> bytes:
        line = b"\r\n+%s: %s\r\n" % (command, fields)
        return line + OK if order == "before_ok" else OK + line

    host.servers.answers = [response(b"ok") for _ in range(3)]
    assert host.ask(b"AT+QHTTPGET\r") == told(b"QHTTPGET", b"0,200,2")
    file = b'="f"\r'
    assert host.ask(b"AT+QHTTPREADFILE" + file) == told(b"QHTTPREADFILE", b"0")
    assert host.ask(b"AT+QHTTPPOSTFILE" + file) == told(b"QHTTPPOSTFILE", b"0,200,2")
    assert host.ask(b"AT+QHTTPPOST=1\r") == CONNECT
    assert host.ask(b"x") == told(b"QHTTPPOST", b"0,200,2")
    ended = told(b"QHTTPREAD", b"0")
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + ended


@pytest.mark.parametrize("order", ["before_ok", "with_ok"])
def test_a_failure_before_ok(any_host: HostMaker, order: Any) -> None:
    host = firmware(any_host, result_urc=order)
    line = b"\r\n+QHTTPGET: 702\r\n"
    told = line + OK if order == "before_ok" else OK + line
    assert get(host, Silence(), seconds=40) == told


def test_ok_and_result_leave_in_one_piece(make_host: HostMaker) -> None:
    """By default, some time is between them."""
    for order, rest in (("with_ok", b""), ("behind_ok", READ)):
        host = firmware(make_host, result_urc=order)
        get(host)
        whole = CONNECT + b"ok" + OK + READ
        assert host.ask(b"AT+QHTTPREAD\r", 0.001) == whole[: len(whole) - len(rest)]
        assert host.hear() == rest


# A missing OK


@pytest.mark.parametrize(
    ("missing", "request_end", "read_end"),
    [
        ("request", RESULT, OK + READ),
        ("read", OK + RESULT, READ),
        ("both", RESULT, READ),
    ],
)
def test_a_missing_ok(
    any_host: HostMaker, missing: str, request_end: bytes, read_end: bytes
) -> None:
    host = firmware(any_host, missing_ok=missing)
    assert get(host) == request_end
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + read_end
    assert host.ask(b"AT\r") == OK


@pytest.mark.parametrize("order", ["before_ok", "with_ok"])
def test_a_missing_ok_and_its_result(any_host: HostMaker, order: Any) -> None:
    """Without OK, the result has no order."""
    host = firmware(any_host, missing_ok="both", result_urc=order)
    assert get(host) == RESULT
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + READ


def test_other_commands_keep_their_ok(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(missing_ok="both")).online()
    host.servers.answers = [response(b"ok")]
    assert host.ask(b"AT+QHTTPGET\r") == OK + RESULT


# Line ends


def test_lines_that_end_in_lf_alone(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(line_end="lf"))
    assert host.ask(b"AT\r") == b"AT\r\nOK\n"
    host.ask(b"ATE0\r")
    assert host.ask(b"AT+QIACT=1;+QIACT?\r") == (b'\n+QIACT: 1,1,1,"10.64.0.1"\n\nOK\n')
    assert host.ask(b"AT+QHTTPREAD\r") == b"\n+CME ERROR: 705\n"
    assert host.ask(b"AT+QHTTPURL=8\r") == b"\nCONNECT\n"
    assert host.ask(b"http://a") == b"\nOK\n"
    host.servers.answers = [response(b"o\r\nk")]
    assert host.ask(b"AT+QHTTPGET\r") == b"\nOK\n\n+QHTTPGET: 0,200,4\n"
    assert host.ask(b"AT+QHTTPREAD\r") == (b"\nCONNECT\no\r\nk\nOK\n\n+QHTTPREAD: 0\n")
    assert host.ask(b"ATV0\r") == b"0\n"


@pytest.mark.parametrize(
    ("spacing", "end"),
    [
        ("plain", b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"),
        ("none_before", b"OK\r\n\r\n+QHTTPREAD: 0\r\n"),
        ("two_before", b"\r\n\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"),
        ("none_between", b"\r\nOK\r\n+QHTTPREAD: 0\r\n"),
        ("two_between", b"\r\nOK\r\n\r\n\r\n+QHTTPREAD: 0\r\n"),
        ("two_behind", b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n\r\n"),
    ],
)
def test_line_ends_around_the_end_of_a_read(
    any_host: HostMaker, spacing: str, end: bytes
) -> None:
    host = firmware(any_host, read_trailer=spacing)
    assert get(host) == OK + RESULT
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + end
    assert host.ask(b"AT\r") == OK
    swapped = end.replace(b"OK", b"?").replace(b"+QHTTPREAD: 0", b"OK")
    swapped = swapped.replace(b"?", b"+QHTTPREAD: 0")
    other = firmware(any_host, read_trailer=spacing, result_urc="before_ok")
    get(other)
    assert other.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + swapped


def test_line_ends_around_the_end_of_a_read_that_breaks_off(
    any_host: HostMaker,
) -> None:
    host = firmware(any_host, read_trailer="two_between", hangup_trailer="urc")
    get(host, response(b"ok", b"Content-Length: 9"), Hangup())
    assert host.ask(b"AT+QHTTPREAD\r") == (
        CONNECT + b"ok" + OK + b"\r\n\r\n+QHTTPREAD: 717\r\n"
    )


# Echo and noise


def test_an_echo_that_cannot_be_turned_off(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(echo_off=False))
    assert host.ask(b"ATE0\r") == b"ATE0\r" + OK
    assert host.ask(b"AT&FE0\r") == b"AT&FE0\r" + OK
    assert host.ask(b"AT+QHTTPURL=8\r") == b"AT+QHTTPURL=8\r" + CONNECT
    assert host.ask(b"http://a") == OK


NOISE = b'\r\n+QIND: "csq",20,99\r\n'


def test_a_flood_of_lines(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(urc_flood=1500))
    heard = host.hear(2)
    assert abs(heard.count(NOISE) - 3000) < 5
    assert heard.replace(NOISE, b"") == b""
    assert host.ask(b"AT\r").replace(NOISE, b"") == b"AT\r" + OK


def test_a_flood_spares_commands_and_payload(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(urc_flood=1500), answer_delay=0.01)
    host.ask(b"ATE0\r")
    host.ask(b"AT+QHTTPURL=8\r")
    assert host.hear(1) == b""
    answer = host.ask(b"http://a")
    assert answer.startswith(OK + NOISE)
    assert host.ask(b"AT\r").startswith(OK + NOISE)


def test_a_flood_does_not_pile_up(make_host: HostMaker) -> None:
    """A line that is too slow for it loses URCs, and answers still come."""
    host = make_host(switches=Switches(urc_flood=1500), baudrate=9600)
    host.hear(60)
    assert host.ask(b"AT\r", 5).replace(NOISE, b"").count(OK) == 1


def test_a_flood_starts_again_with_the_module(make_host: HostMaker) -> None:
    host = make_host(switches=Switches(urc_flood=1500))
    host.emulator.reset()
    host.hear(5.8)
    assert host.hear(0.09) == b""
    assert host.hear(0.5).startswith(b"\r\nRDY\r\n" + NOISE)


# Bytes after a body


BEHIND = b"HTTP/1.1 200 OK\r\n\r\nforged"
CODED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("sent", "switches", "body"),
    [
        (response(b"ok"), {}, b"ok"),
        (response(b""), {}, b""),
        (response(b"2\r\nok\r\n0\r\n\r\n", CODED), {}, b"ok"),
        (response(b"2\r\nok\r\n0\r\n\r\n", CODED), {"chunked": "raw"}, None),
    ],
    ids=["length", "none", "chunks", "raw"],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_is_sent_after_a_body(
    any_host: HostMaker,
    sent: bytes,
    switches: dict[str, Any],
    body: bytes | None,
    late: bool,
) -> None:
    """They are dropped, or printed until the server closes."""
    body = sent.partition(b"\r\n\r\n")[2] if body is None else body
    parts = [sent, Delay(2), BEHIND] if late else [sent + BEHIND]
    for surplus, rest in (("dropped", b""), ("handed_out", BEHIND)):
        firm: dict[str, Any] = {"surplus": surplus, **switches}
        host = any_host(switches=Switches(**firm))
        host.online(requestheader=1, responseheader=1)
        get(host, *parts, Delay(1), Hangup())
        head = sent.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        whole = CONNECT + head + body + rest + OK + READ
        assert host.ask(b"AT+QHTTPREAD\r", 4) == whole


def test_surplus_ends_by_a_silence_as_well(any_host: HostMaker) -> None:
    host = firmware(any_host, surplus="handed_out")
    get(host, response(b"ok") + BEHIND, Silence())
    assert host.ask(b"AT+QHTTPREAD=3\r", 2.9) == CONNECT + b"ok" + BEHIND
    assert host.hear(0.2) == OK + READ


def test_surplus_ends_by_a_reset_as_well(any_host: HostMaker) -> None:
    host = firmware(any_host, surplus="handed_out")
    get(host, response(b"ok") + BEHIND, Hangup(reset=True))
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + b"ok" + BEHIND + OK + READ


def test_surplus_does_not_stand_for_a_body(any_host: HostMaker) -> None:
    host = firmware(any_host, surplus="handed_out")
    for end, code in ((Hangup(), 717), (Hangup(reset=True), 717), (Silence(), 722)):
        get(host, response(b"ok", b"Content-Length: 9"), end)
        assert host.ask(b"AT+QHTTPREAD=2\r", 3) == CONNECT + b"ok" + cme(code)


def test_surplus_goes_to_a_file_as_well(any_host: HostMaker) -> None:
    host = firmware(any_host, surplus="handed_out")
    get(host, response(b"ok") + BEHIND, Silence())
    told = host.ask(b'AT+QHTTPREADFILE="f",3\r', 4)
    assert told == OK + b"\r\n+QHTTPREADFILE: 0\r\n"
    assert CONNECT + b"ok" + BEHIND in host.ask(b'AT+QFDWL="f"\r')


def test_a_connection_with_surplus_is_not_used_again(any_host: HostMaker) -> None:
    host = firmware(any_host, surplus="handed_out", reuse_sockets=True)
    for _ in range(2):
        get(host, response(b"ok") + BEHIND, Silence())
        host.ask(b"AT+QHTTPREAD=1\r", 2)
    assert len(host.servers.connections) == 2


@pytest.mark.parametrize("surplus", ["dropped", "handed_out"])
@pytest.mark.parametrize("status", [b"200 OK", b"204 No", b"304 Not"])
def test_what_is_sent_after_a_head_without_body(
    any_host: HostMaker, status: bytes, surplus: str
) -> None:
    """The module waits for a body, and prints what comes."""
    for end, rest in (("on_close", BEHIND), ("at_once", b"")):
        host = firmware(any_host, bodyless_end=end, surplus=surplus)
        head = b"HTTP/1.1 %s\r\nContent-Length: 5\r\n\r\n" % status
        host.servers.answers = [[head + BEHIND, Hangup()]]
        request = GET.replace(b"GET", b"HEAD")
        host.ask(b"AT+QHTTPGET=30,%d\r" % len(request))
        host.ask(request)
        assert host.ask(b"AT+QHTTPREAD\r") == CONNECT + rest + OK + READ
