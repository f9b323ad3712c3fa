"""The HTTP commands in all their forms (HTTP manual 2)."""

from __future__ import annotations

import pytest

from tests.emulator.host import CONNECT, OK, HostMaker, cme


@pytest.mark.parametrize(
    "command, lines",
    [
        (
            b"+QHTTPCFG",
            b'+QHTTPCFG: "contextid",(1-16)\r\n+QHTTPCFG: "requestheader",(0,1)\r\n'
            b'+QHTTPCFG: "responseheader",(0,1)\r\n+QHTTPCFG: "sslctxid",(0-5)\r\n'
            b'+QHTTPCFG: "contenttype",(0-3)',
        ),
        (b"+QHTTPURL", b"+QHTTPURL: (1-700),(1-65535)"),
        (b"+QHTTPGET", b"+QHTTPGET: (1-65535),(1-2048),(1-65535)"),
        (b"+QHTTPPOST", b"+QHTTPPOST: (1-1024000),(1-65535),(1-65535)"),
        (b"+QHTTPPOSTFILE", b"+QHTTPPOSTFILE: <file_name>,(1-65535)"),
        (b"+QHTTPREAD", b"+QHTTPREAD: (1-65535)"),
        (b"+QHTTPREADFILE", b"+QHTTPREADFILE: <file_name>,(1-65535)"),
    ],
)
def test_test_forms(any_host: HostMaker, command: bytes, lines: bytes) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT" + command + b"=?\r") == b"\r\n" + lines + b"\r\n" + OK


def test_settings_are_read_as_written(any_host: HostMaker) -> None:
    host = any_host().quiet(
        b'AT+QHTTPCFG="contextid",16',
        b'AT+QHTTPCFG="RequestHeader",1',
        b'AT+QHTTPCFG="responseheader",1',
        b'AT+QHTTPCFG="sslctxid",0',
        b'AT+QHTTPCFG="contenttype",3',
    )
    assert host.ask(b"AT+QHTTPCFG?\r") == (
        b'\r\n+QHTTPCFG: "contextid",16\r\n+QHTTPCFG: "requestheader",1\r\n'
        b'+QHTTPCFG: "responseheader",1\r\n+QHTTPCFG: "sslctxid",0\r\n'
        b'+QHTTPCFG: "contenttype",3\r\n' + OK
    )
    assert host.ask(b'AT+QHTTPCFG="sslctxid"\r') == (
        b'\r\n+QHTTPCFG: "sslctxid",0\r\n' + OK
    )


@pytest.mark.parametrize(
    "arguments",
    [
        b'"contextid",0',
        b'"contextid",17',
        b'"requestheader",2',
        b'"responseheader",x',
        b'"sslctxid",6',
        b'"contenttype",4',
        b'"contextid",1,1',
        b'"nosuch",1',
        b'"prefix","64:FF9B:0:0:0:0:0:0",96',
        b"contextid,1",
        b'"contextid',
        b"1",
    ],
)
def test_settings_are_checked(any_host: HostMaker, arguments: bytes) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPCFG=" + arguments + b"\r") == cme(730)


@pytest.mark.parametrize(
    "command",
    [
        b"+QHTTPURL=0",
        b"+QHTTPURL=701",
        b"+QHTTPURL=10,0",
        b"+QHTTPURL=10,65536",
        b"+QHTTPURL=10,10,10",
        b"+QHTTPURL=",
        b"+QHTTPGET=0",
        b"+QHTTPGET=65536",
        b"+QHTTPGET=60,100",
        b"+QHTTPPOST=0",
        b"+QHTTPPOST=1024001",
        b"+QHTTPPOST=10,0,60",
        b"+QHTTPPOST=10,60",
        b"+QHTTPPOST=",
        b'+QHTTPPOSTFILE=""x',
        b"+QHTTPPOSTFILE=file",
        b'+QHTTPPOSTFILE="%s"' % (b"n" * 81),
        b"+QHTTPREAD=0",
        b"+QHTTPREAD=65536",
        b'+QHTTPREADFILE="f",0',
        b"+QHTTPREADFILE=",
    ],
)
def test_parameters_are_checked(any_host: HostMaker, command: bytes) -> None:
    host = any_host().online()
    assert host.ask(b"AT" + command + b"\r") == cme(730)


@pytest.mark.parametrize(
    "command",
    [b"+QHTTPGET", b"+QHTTPGET=60", b"+QHTTPGET=60,2049", b"+QHTTPGET=60,10,0"],
)
def test_a_request_with_own_header_needs_its_length(
    any_host: HostMaker, command: bytes
) -> None:
    host = any_host().online(requestheader=1)
    assert host.ask(b"AT" + command + b"\r") == cme(730)


def test_the_url_is_kept_and_read(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL?\r") == OK
    url = b"http://example.org/?q=" + b"a" * 678
    assert host.ask(b"AT+QHTTPURL=700,65535\r") == CONNECT
    assert host.ask(url) == OK
    assert host.ask(b"AT+QHTTPURL?\r") == b"\r\n+QHTTPURL: " + url + b"\r\n" + OK


@pytest.mark.parametrize(
    "url",
    [
        b"example.org/",
        b"ftp://example.org",
        b"http://",
        b"http:///path",
        b"http://example.org:0/",
        b"http://example.org:65536/",
        b"http://example.org:port/",
    ],
)
def test_a_bad_url(make_host: HostMaker, url: bytes) -> None:
    host = make_host().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+QHTTPURL=%d\r" % len(url)) == CONNECT
    assert host.ask(url) == cme(711)
    assert host.ask(b"AT+QHTTPGET\r") == cme(712)


@pytest.mark.parametrize(
    "url, peer, line",
    [
        (b"HTTP://example.org", ("example.org", 80), b"GET / HTTP/1.1"),
        (b"http://example.org:8080/a", ("example.org", 8080), b"GET /a HTTP/1.1"),
        (b"http://example.org?q=1", ("example.org", 80), b"GET /?q=1 HTTP/1.1"),
        (b"http://u:p@example.org/#x", ("example.org", 80), b"GET / HTTP/1.1"),
        (b"http://[2001:db8::1]:81/a", ("2001:db8::1", 81), b"GET /a HTTP/1.1"),
        (b"HTTPS://example.org/a", ("example.org", 443), b"GET /a HTTP/1.1"),
    ],
)
def test_where_a_url_leads(
    make_host: HostMaker, url: bytes, peer: tuple[str, int], line: bytes
) -> None:
    host = make_host().online(url)
    assert host.ask(b"AT+QHTTPGET\r") == OK
    assert host.servers.connections == [peer]
    assert host.servers.requests[0].data.splitlines()[0] == line
