"""Requests at the server, and their results (HTTP manual 2.3 to 2.5)."""

from __future__ import annotations

from typing import Literal

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    ConnectSilence,
    Delay,
    Hangup,
    Refused,
    Silence,
    Switches,
    TlsFailure,
    Unresolvable,
)
from tests.emulator.host import CONNECT, ERROR, OK, Host, HostMaker, cme, response

GET = b"GET /path HTTP/1.1\r\nHost: example.org\r\n\r\n"


def result(command: bytes, fields: bytes) -> bytes:
    """Return the result URC of a request."""
    return b"\r\n+%s: %s\r\n" % (command, fields)


def test_the_head_that_the_module_makes_for_get(any_host: HostMaker) -> None:
    host = any_host().online(b"http://example.org:8080/path?q=1")
    host.servers.answers.append(response(b"hello"))
    assert host.ask(b"AT+QHTTPGET=80\r") == OK + result(b"QHTTPGET", b"0,200,5")
    assert host.servers.requests[0].data == (
        b"GET /path?q=1 HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n"
        b"User-Agent: QUECTEL_MODULE\r\nConnection: Keep-Alive\r\n\r\n"
    )
    assert host.emulator.exchanges == 1


@pytest.mark.parametrize(
    "number, name",
    [
        (0, b"application/x-www-form-urlencoded"),
        (1, b"text/plain"),
        (2, b"application/octet-stream"),
        (3, b"multipart/form-data"),
    ],
)
def test_the_head_that_the_module_makes_for_post(
    any_host: HostMaker, number: int, name: bytes
) -> None:
    host = any_host().online(contenttype=number)
    host.servers.answers.append(response(b"", status=b"201 Created"))
    assert host.ask(b"AT+QHTTPPOST=20,80,80\r") == CONNECT
    assert host.servers.requests == []
    assert host.ask(b"Message=HelloQuectel") == OK + result(b"QHTTPPOST", b"0,201,0")
    assert host.servers.requests[0].data == (
        b"POST /path HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n"
        b"User-Agent: QUECTEL_MODULE\r\nConnection: Keep-Alive\r\n"
        b"Content-Type: " + name + b"\r\nContent-Length: 20\r\n\r\n"
        b"Message=HelloQuectel"
    )


@pytest.mark.parametrize(
    "method", [b"GET", b"DELETE", b"HEAD", b"OPTIONS", b"PROPFIND"]
)
def test_own_header_by_get_goes_out_as_it_is(
    any_host: HostMaker, method: bytes
) -> None:
    host = any_host().online(requestheader=1)
    host.servers.answers.append(response(b""))
    data = method + b" /other HTTP/1.1\r\nhost:example.org\r\nX-Odd:  a \xff\r\n\r\n"
    assert host.ask(b"AT+QHTTPGET=60,%d,10\r" % len(data)) == CONNECT
    assert host.ask(data) == OK + result(b"QHTTPGET", b"0,200,0")
    assert host.servers.requests[0].data == data


def test_own_header_by_post_goes_out_as_it_is(any_host: HostMaker) -> None:
    host = any_host().online(requestheader=1)
    host.servers.answers.append(response(b"", status=b"204 No Content"))
    body = bytes(range(256)) * 4
    data = b"PUT /path HTTP/1.1\r\nContent-Length: 1024\r\n\r\n" + body
    assert host.ask(b"AT+QHTTPPOST=%d\r" % len(data)) == CONNECT
    assert host.ask(data) == OK + result(b"QHTTPPOST", b"0,204,0")
    assert host.servers.requests[0].data == data


def test_the_longest_post(make_host: HostMaker) -> None:
    host = make_host().online()
    host.servers.answers.append(response(b""))
    assert host.ask(b"AT+QHTTPPOST=1024000,60,60\r") == CONNECT
    assert host.ask(b"x" * 1024000) == OK + result(b"QHTTPPOST", b"0,200,0")
    assert host.servers.requests[0].data.endswith(b"\r\n\r\n" + b"x" * 1024000)


@pytest.mark.parametrize("own", [False, True])
def test_post_from_a_file(any_host: HostMaker, own: bool) -> None:
    host = any_host().online(requestheader=int(own))
    content = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi" if own else b"hi"
    assert host.ask(b'AT+QFUPL="p.txt",%d\r' % len(content)) == CONNECT
    assert host.ask(content).endswith(OK)
    host.servers.answers.append(response(b"done"))
    assert host.ask(b'AT+QHTTPPOSTFILE="p.txt",80\r') == (
        OK + result(b"QHTTPPOSTFILE", b"0,200,4")
    )
    sent = host.servers.requests[0].data
    assert sent == content if own else sent.endswith(b"Content-Length: 2\r\n\r\nhi")


def test_post_from_a_missing_file(any_host: HostMaker) -> None:
    assert any_host().online().ask(b'AT+QHTTPPOSTFILE="no"\r') == cme(405)


@pytest.mark.parametrize(
    "failure, code",
    [(Unresolvable(), 714), (Refused(), 716), (TlsFailure(), 701)],
)
def test_a_connection_that_fails(
    any_host: HostMaker, failure: Exception, code: int
) -> None:
    host = any_host().online()
    host.servers.failures = [failure] * 3
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"%d" % code)
    assert host.ask(b"AT+QHTTPPOST=1,1,1\r") == cme(code)
    host.quiet(b'AT+QHTTPCFG="requestheader",1')
    assert host.ask(b"AT+QHTTPGET=60,100\r") == cme(code)
    assert host.emulator.exchanges == 0
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)


def test_a_server_that_does_not_answer_the_connection(any_host: HostMaker) -> None:
    host = any_host().online(requestheader=1)
    host.servers.failures = [ConnectSilence()]
    assert host.ask(b"AT+QHTTPGET=10,100\r", 124.9) == b""
    assert host.hear(0.2) == cme(702)


def test_connecting_takes_its_time(any_host: HostMaker) -> None:
    host = any_host(network=CallableNetwork(lambda request: response(b""), delay=5))
    host.online(requestheader=1)
    assert host.ask(b"AT+QHTTPGET=10,%d\r" % len(GET), 4.9) == b""
    assert host.hear(0.2) == CONNECT
    assert host.ask(GET) == OK + result(b"QHTTPGET", b"0,200,0")


def test_get_that_answers_after_the_connection(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(get_ok="connected")).online()
    host.servers.failures = [Unresolvable()]
    assert host.ask(b"AT+QHTTPGET\r") == cme(714)
    host.servers.answers.append(response(b"x"))
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200,1")


def test_a_silent_server(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPGET=10\r", 9.9) == OK
    assert host.hear(0.2) == result(b"QHTTPGET", b"702")
    assert host.emulator.exchanges == 1


def test_the_response_time_counts_from_the_ok(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPPOST=1,60,7\r") == CONNECT
    host.hear(30)
    assert host.ask(b"x", 6.9) == OK
    assert host.hear(0.2) == result(b"QHTTPPOST", b"702")


@pytest.mark.parametrize(
    "switch, reported", [("reported", b"0,200"), ("closed", b"719")]
)
def test_a_head_that_is_cut(
    make_host: HostMaker, switch: Literal["reported", "closed"], reported: bytes
) -> None:
    host = make_host(switches=Switches(cut_head=switch)).online()
    host.servers.answers.append([b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-", Hangup()])
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", reported)


def test_what_is_left_of_a_head_that_is_cut(make_host: HostMaker) -> None:
    """Complete lines are printed. The body is shorter than its length."""
    host = make_host().online()
    host.ask(b'AT+QHTTPCFG="responseheader",1\r')
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
    host.servers.answers.append([head + b"X: ", Hangup()])
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200,5")
    answer = host.ask(b"AT+QHTTPREAD\r")
    assert answer == b"\r\nCONNECT\r\n" + head + b"\r\n+CME ERROR: 717\r\n"


@pytest.mark.parametrize(
    "answer, code",
    [
        ([Hangup()], 719),
        ([Hangup(reset=True)], 719),
        ([b"HTTP/1.1 200", Hangup()], 719),
        ([b"no response at all\r\n\r\n"], 723),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, Silence()], 729),
    ],
)
def test_wrong_responses(make_host: HostMaker, answer: list[bytes], code: int) -> None:
    host = make_host().online()
    host.servers.answers.append(answer)
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"%d" % code)
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)


def test_an_upload_that_is_too_short(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPPOST=20,5,60\r") == CONNECT
    assert host.ask(b"short", 4.9) == b""
    assert host.hear(0.2) == cme(726)
    assert host.hear(100) == b""
    assert host.servers.requests == []
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)


def test_the_input_time_is_the_whole_time(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPPOST=20,5,60\r") == CONNECT
    for _ in range(4):
        assert host.ask(b"x", 1) == b""
    assert host.ask(b"x", 2) == cme(726)


def test_informational_responses_are_passed_over(any_host: HostMaker) -> None:
    host = any_host().online(responseheader=1)
    host.servers.answers.append(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        + response(b"body")
    )
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200,4")
    assert host.ask(b"AT+QHTTPREAD\r") == (
        CONNECT + response(b"body") + OK + result(b"QHTTPREAD", b"0")
    )


@pytest.mark.parametrize(
    "head, fields",
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"0,404,0"),
        (b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:7\r\n\r\n", b"0,200,7"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0,200"),
        (b"HTTP/1.0 302\r\n\r\n", b"0,302"),
        (b"HTTP/1.1 200 OK\nContent-Length: 3\n\n", b"0,200,3"),
    ],
)
def test_the_length_is_there_when_the_header_had_it(
    any_host: HostMaker, head: bytes, fields: bytes
) -> None:
    host = any_host().online()
    host.servers.answers.append([head, Silence()])
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", fields)


def test_results_without_length(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(result_fields="status")).online()
    host.servers.answers.append(response(b"x"))
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200")


def test_states_that_refuse_a_request(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPGET\r") == cme(712)
    host.ask(b"AT+QHTTPURL=18\r")
    host.ask(b"http://example.org")
    assert host.ask(b"AT+QHTTPGET\r") == cme(709)
    assert host.ask(b"AT+QHTTPPOST=1,1,1\r") == cme(709)
    host.quiet(b"AT+QIACT=1", b'AT+QHTTPCFG="contextid",2')
    assert host.ask(b"AT+QHTTPGET\r") == cme(709)
    assert host.servers.connections == []


def test_without_a_sim_it_is_an_error(any_host: HostMaker) -> None:
    host = any_host(sim=None).quiet()
    assert host.ask(b"AT+QHTTPGET\r") == ERROR


def test_busy_while_a_request_is_under_way(any_host: HostMaker) -> None:
    host = any_host().online()
    host.servers.answers.append([Delay(10), response(b"late")])
    assert host.ask(b"AT+QHTTPGET\r") == OK
    for command in (
        b"+QHTTPGET",
        b"+QHTTPPOST=1,1,1",
        b'+QHTTPPOSTFILE="f"',
        b"+QHTTPURL=10",
        b"+QHTTPREAD",
        b'+QHTTPREADFILE="f"',
    ):
        assert host.ask(b"AT" + command + b"\r") == cme(703), command
    assert host.ask(b"AT+QHTTPURL?\r").endswith(OK)
    assert host.hear(10) == result(b"QHTTPGET", b"0,200,4")


def test_a_lost_context_ends_the_request(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPGET\r") == OK
    host.emulator.lose_context()
    assert host.hear() == (
        b'\r\n+QIURC: "pdpdeact",1\r\n' + result(b"QHTTPGET", b"709")
    )
    assert host.ask(b"AT+QHTTPGET\r") == cme(709)


def test_an_unread_response_gives_way(any_host: HostMaker) -> None:
    host = any_host().online()
    host.servers.answers += [response(b"one"), response(b"two!")]
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200,4")
    assert b"two!" in host.ask(b"AT+QHTTPREAD\r")


def test_an_unread_response_blocks_the_next(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(unread_response="busy")).online()
    host.servers.answers += [response(b"one"), response(b"two!")]
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(b"AT+QHTTPGET\r") == cme(703)
    assert b"one" in host.ask(b"AT+QHTTPREAD\r")
    assert host.ask(b"AT+QHTTPGET\r") == OK + result(b"QHTTPGET", b"0,200,4")


def exchange_twice(host: Host) -> None:
    """Read two responses to their end."""
    for _ in range(2):
        host.servers.answers.append(response(b"body"))
        assert host.ask(b"AT+QHTTPGET\r").endswith(b"0,200,4\r\n")
        assert host.ask(b"AT+QHTTPREAD\r").endswith(b"+QHTTPREAD: 0\r\n")


def test_every_request_has_its_connection(any_host: HostMaker) -> None:
    host = any_host().online()
    exchange_twice(host)
    assert len(host.servers.connections) == 2


def test_connections_are_used_again(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(reuse_sockets=True)).online()
    exchange_twice(host)
    assert len(host.servers.connections) == 1
    assert host.emulator.exchanges == 2


def test_a_kept_connection_that_the_server_closed(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(reuse_sockets=True)).online()
    host.servers.answers.append([response(b"body"), Hangup()])
    host.ask(b"AT+QHTTPGET\r")
    host.ask(b"AT+QHTTPREAD\r")
    exchange_twice(host)
    assert len(host.servers.connections) == 2


@pytest.mark.parametrize(
    ("version", "asked", "told", "connections"),
    [
        (b"1.1", b"Accept: */*", b"Server: s", 1),
        (b"1.1", b"Connection: close", b"Server: s", 2),
        (b"1.1", b"connection:foo, Close", b"Server: s", 2),
        (b"1.1", b"Accept: */*", b"Connection: close", 2),
        (b"1.1", b"X-Connection: close", b"Server: s", 1),
        (b"1.0", b"Accept: */*", b"Server: s", 2),
        (b"1.0", b"Connection: keep-alive", b"Server: s", 1),
    ],
)
def test_a_connection_whose_end_was_announced_is_not_used_again(
    any_host: HostMaker, version: bytes, asked: bytes, told: bytes, connections: int
) -> None:
    """Request or response announced the end, although the server is slow to close."""
    host = any_host(switches=Switches(reuse_sockets=True)).online(requestheader=1)
    request = b"GET / HTTP/%s\r\nHost: a\r\n%s\r\n\r\n" % (version, asked)
    for _ in range(2):
        host.servers.answers.append([response(b"body", told), Silence()])
        assert host.ask(b"AT+QHTTPGET=9,%d\r" % len(request)) == CONNECT
        assert host.ask(request) == OK + result(b"QHTTPGET", b"0,200,4")
        assert b"body" in host.ask(b"AT+QHTTPREAD\r")
    assert len(host.servers.connections) == connections


def test_the_fault_of_long_posts_over_tls(any_host: HostMaker) -> None:
    host = any_host(switches=Switches(post_719=True))
    host.online(b"https://example.org", requestheader=1)
    data = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s"
    for size, fields in ((1500, b"0,200,0"), (2100, b"719")):
        host.servers.answers.append(response(b""))
        request = data % (size, b"x" * size)
        assert host.ask(b"AT+QHTTPPOST=%d\r" % len(request)) == CONNECT
        assert host.ask(request) == OK + result(b"QHTTPPOST", fields)
    assert len(host.servers.requests) == 2
