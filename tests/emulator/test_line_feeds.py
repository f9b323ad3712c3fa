"""The line feed of a line that ends in CR LF is never payload (V.250 5.2.1)."""

from __future__ import annotations

import pytest

from tests.emulator.host import CONNECT, OK, Host, HostMaker, response

URL = b"http://a.example"
TRAILER = b"\r\n+QHTTPREAD: 0\r\n"

REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

#: Payloads. Some begin with a byte that may end a line.
DATA = [b"abc", b"\nbc", b"\r\nc", b"\n\n\n"]


def ready(host: Host, end: bytes) -> Host:
    """A host with this line end, with an active context and a URL."""
    host.ask(b"ATE0" + end)
    assert host.ask(b"AT+QIACT=1" + end) == OK
    assert host.ask(b'AT+QHTTPCFG="requestheader",1' + end) == OK
    assert host.ask(b"AT+QHTTPURL=%d" % len(URL) + end) == CONNECT
    assert host.ask(URL) == OK
    assert host.ask(b"AT+QHTTPURL?" + end) == b"\r\n+QHTTPURL: " + URL + b"\r\n" + OK
    return host


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
@pytest.mark.parametrize("command", [b"GET=60,", b"POST="])
def test_a_request(any_host: HostMaker, command: bytes, end: bytes) -> None:
    host = ready(any_host(), end)
    host.servers.answers = [response(b"ok")]
    assert host.ask(b"AT+QHTTP%s%d" % (command, len(REQUEST)) + end) == CONNECT
    assert host.ask(REQUEST).startswith(OK)
    assert host.servers.requests[-1].data == REQUEST
    assert host.ask(b"AT+QHTTPREAD" + end) == CONNECT + b"ok" + OK + TRAILER


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_a_body_that_begins_with_a_line_feed(any_host: HostMaker, end: bytes) -> None:
    host = ready(any_host(), end)
    assert host.ask(b'AT+QHTTPCFG="requestheader",0' + end) == OK
    assert host.ask(b"AT+QHTTPPOST=3" + end) == CONNECT
    assert host.ask(b"\nab") == OK
    assert host.servers.requests[-1].data.endswith(b"\r\n\r\n\nab")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
@pytest.mark.parametrize("data", DATA)
def test_files(any_host: HostMaker, data: bytes, end: bytes) -> None:
    host = any_host()
    host.ask(b"ATE0" + end)
    assert host.ask(b'AT+QFUPL="f",3' + end) == CONNECT
    assert host.ask(data).startswith(b"\r\n+QFUPL: 3,")
    assert host.ask(b'AT+QFOPEN="f"' + end) == b"\r\n+QFOPEN: 0\r\n" + OK
    assert host.ask(b"AT+QFSEEK=0,0,2" + end) == OK
    assert host.ask(b"AT+QFWRITE=0,3" + end) == CONNECT
    assert host.ask(data) == b"\r\n+QFWRITE: 3,6\r\n" + OK
    assert host.ask(b"AT+QFSEEK=0,0" + end) == OK
    assert host.ask(b"AT+QFREAD=0" + end) == b"\r\nCONNECT 6\r\n" + data * 2 + OK


def test_a_line_feed_that_comes_late(any_host: HostMaker) -> None:
    """After CONNECT, and alone."""
    host = ready(any_host(), b"\r\n")
    assert host.ask(b"AT+QHTTPURL=16\r") == CONNECT
    assert host.ask(b"\n", 3) == b""
    assert host.ask(URL) == OK
    assert host.ask(b"AT+QHTTPURL=16\r") == CONNECT
    assert host.ask(b"\n" + URL) == OK
    assert host.ask(b"AT+QHTTPURL?\r\n") == b"\r\n+QHTTPURL: " + URL + b"\r\n" + OK


def test_a_line_feed_that_comes_late_in_the_first_line(any_host: HostMaker) -> None:
    """The host is not known yet. The module assumes that its lines end so."""
    host = any_host()
    assert host.ask(b"AT+QHTTPURL=16\r").endswith(CONNECT)
    assert host.ask(b"\n" + URL) == OK


def test_a_line_feed_that_was_there_before_connect(make_host: HostMaker) -> None:
    """It is never payload: payload comes after CONNECT."""
    host = ready(make_host(), b"\r")
    assert host.ask(b"AT+QHTTPURL=16\r\n" + URL) == CONNECT + OK


def test_a_host_of_another_kind_opens_the_port(any_host: HostMaker) -> None:
    host = ready(any_host(), b"\r")
    host.port.close()
    host.port.open()
    assert host.ask(b"AT+QHTTPURL=16\r") == CONNECT
    assert host.ask(b"\n" + URL) == OK


def test_a_line_feed_during_a_read(any_host: HostMaker) -> None:
    """It is ignored there, and the module remembers the line end."""
    host = ready(any_host(), b"\r\n")
    host.servers.answers = [response(b"ok")]
    host.ask(b"AT+QHTTPGET=60,%d\r\n" % len(REQUEST))
    host.ask(REQUEST)
    assert host.ask(b"AT+QHTTPREAD\r\n") == CONNECT + b"ok" + OK + TRAILER
    assert host.ask(b"AT+QHTTPURL=16\r") == CONNECT
    assert host.ask(b"\n" + URL) == OK


def test_the_line_feed_counts_for_the_silence_before_an_escape(
    make_host: HostMaker,
) -> None:
    host = ready(make_host(), b"\r\n")
    assert host.ask(b"AT+QHTTPURL=16\r", 0.9) == CONNECT
    assert host.ask(b"\n", 0.9) == b""
    assert host.ask(b"+++", 2) == b""
    assert host.ask(b"0123456789abc") == b"\r\n+CME ERROR: 711\r\n"
