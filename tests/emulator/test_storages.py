"""``UFS:`` and ``RAM:`` before the name of a file."""

from __future__ import annotations

import pytest

from requests_bg96.emulator.file_names import RAM
from requests_bg96.emulator.ufs import STORAGES, checksum
from tests.emulator.host import CONNECT, OK, Host, HostMaker, cme, response

SPACE = STORAGES[RAM]


def put(host: Host, name: bytes, data: bytes) -> None:
    """Upload a file."""
    assert host.ask(b'AT+QFUPL="%s",%d\r' % (name, len(data))) == CONNECT
    summary = b"\r\n+QFUPL: %d,%x\r\n" % (len(data), checksum(data))
    assert host.ask(data) == summary + OK


def listed(host: Host, pattern: bytes = b"*") -> bytes:
    """The lines of a list of files."""
    answer = host.ask(b'AT+QFLST="%s"\r' % pattern)
    assert answer.endswith(OK)
    return answer[: -len(OK)]


@pytest.mark.parametrize("prefix", [b"UFS:", b"ufs:"])
def test_the_ufs_by_name(any_host: HostMaker, prefix: bytes) -> None:
    """It is also the default."""
    host = any_host().quiet()
    put(host, prefix + b"f", b"ab")
    assert listed(host) == listed(host, b"UFS:f") == b'\r\n+QFLST: "f",2\r\n'
    assert listed(host, b"UFS:*") == b'\r\n+QFLST: "f",2\r\n'
    assert host.ask(b'AT+QFUPL="f",2\r') == cme(407)
    assert CONNECT + b"ab" in host.ask(b'AT+QFDWL="f"\r')
    assert host.ask(b'AT+QFDEL="%sf"\r' % prefix) == OK
    assert listed(host) == b""


def test_two_storages(any_host: HostMaker) -> None:
    """One name in both is two files."""
    host = any_host().quiet()
    put(host, b"f", b"ufs")
    put(host, b"RAM:f", b"in ram")
    assert listed(host) == b'\r\n+QFLST: "f",3\r\n'
    assert listed(host, b"RAM:*") == b'\r\n+QFLST: "RAM:f",6\r\n'
    assert listed(host, b"ram:f") == b'\r\n+QFLST: "RAM:f",6\r\n'
    assert CONNECT + b"in ram" in host.ask(b'AT+QFDWL="RAM:f"\r')
    assert CONNECT + b"ufs" in host.ask(b'AT+QFDWL="f"\r')
    assert host.ask(b"AT+QFLDS\r") == b"\r\n+QFLDS: 3,1\r\n" + OK
    free = b"\r\n+QFLDS: %d,%d\r\n" % (SPACE - 6, SPACE)
    assert host.ask(b'AT+QFLDS="RAM"\r') == free + OK
    assert host.ask(b'AT+QFDEL="RAM:*"\r') == OK
    assert listed(host, b"RAM:*") == b""
    assert host.ask(b'AT+QFDEL="RAM:f"\r') == cme(405)
    assert listed(host) == b'\r\n+QFLST: "f",3\r\n'


def test_handles(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFOPEN="RAM:f",0\r') == b"\r\n+QFOPEN: 0\r\n" + OK
    assert host.ask(b'AT+QFOPEN="UFS:f",0\r') == b"\r\n+QFOPEN: 1\r\n" + OK
    assert host.ask(b"AT+QFWRITE=0,3\r") == CONNECT
    assert host.ask(b"abc") == b"\r\n+QFWRITE: 3,3\r\n" + OK
    both = b'\r\n+QFOPEN: "RAM:f",0,0\r\n+QFOPEN: "f",1,0\r\n'
    assert host.ask(b"AT+QFOPEN?\r") == both + OK
    assert host.ask(b'AT+QFDEL="RAM:f"\r') == cme(418)
    assert host.ask(b'AT+QFOPEN="RAM:f"\r') == cme(426)


def test_the_space_in_ram(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFUPL="RAM:f",%d\r' % (SPACE + 1)) == cme(420)
    assert host.ask(b'AT+QFUPL="f",%d,1\r' % (SPACE + 1)) == CONNECT


def test_ram_does_not_outlive_a_restart(any_host: HostMaker) -> None:
    host = any_host().quiet()
    put(host, b"f", b"x")
    put(host, b"RAM:f", b"x")
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.quiet()
    assert listed(host) == b'\r\n+QFLST: "f",1\r\n'
    assert listed(host, b"RAM:*") == b""


@pytest.mark.parametrize("name", [b"RAM:1.txt", b"UFS:1.txt", b"1.txt"])
def test_a_request_and_a_response(any_host: HostMaker, name: bytes) -> None:
    host = any_host().online()
    put(host, name, b"body")
    host.servers.answers = [response(b"answer")]
    asked = host.ask(b'AT+QHTTPPOSTFILE="%s"\r' % name)
    assert asked == OK + b"\r\n+QHTTPPOSTFILE: 0,200,6\r\n"
    assert host.servers.requests[0].data.endswith(b"\r\n\r\nbody")
    assert host.ask(b'AT+QHTTPREADFILE="%s"\r' % name) == (
        OK + b"\r\n+QHTTPREADFILE: 0\r\n"
    )
    assert CONNECT + b"answer" in host.ask(b'AT+QFDWL="%s"\r' % name)


def test_a_response_that_is_too_large_for_ram(make_host: HostMaker) -> None:
    host = make_host().online()
    host.servers.answers = [response(b"x" * (SPACE + 1))]
    host.ask(b"AT+QHTTPGET\r")
    told = host.ask(b'AT+QHTTPREADFILE="RAM:f"\r')
    assert told == OK + b"\r\n+QHTTPREADFILE: 729\r\n"


@pytest.mark.parametrize("prefix", [b"RAM:", b"UFS:"])
def test_the_length_of_a_name(any_host: HostMaker, prefix: bytes) -> None:
    """It does not count the storage."""
    host = any_host().online()
    put(host, prefix + b"n" * 80, b"x")
    assert host.ask(b'AT+QFUPL="%s",1\r' % (prefix + b"n" * 81)) == cme(406)
    assert host.ask(b'AT+QFUPL="%s",1\r' % prefix) == cme(406)
    post = b'AT+QHTTPPOSTFILE="%s"\r'
    assert host.ask(post % (prefix + b"n" * 80)) == OK
    host.emulator.reset(urcs=False)
    host.hear(10)
    host.online()
    assert host.ask(post % (prefix + b"n" * 81)) == cme(730)


def test_certificates(any_host: HostMaker) -> None:
    """The names are printed as they were set."""
    host = any_host().quiet()
    put(host, b"UFS:ca.pem", b"disk")
    put(host, b"RAM:ca.pem", b"memory")
    tls = host.emulator.module.tls
    for name, content in ((b"UFS:ca.pem", b"disk"), (b"RAM:ca.pem", b"memory")):
        assert host.ask(b'AT+QSSLCFG="cacert",1,"%s"\r' % name) == OK
        told = b'\r\n+QSSLCFG: "cacert",1,"%s"\r\n' % name
        assert host.ask(b'AT+QSSLCFG="cacert",1\r') == told + OK
        assert tls.settings(1).ca_certificate == content
