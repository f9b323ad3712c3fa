"""Pings, data counters, the serving cell and the temperature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from requests_bg96.emulator import (
    CallableNetwork,
    Connection,
    StreamNetwork,
    Unresolvable,
)
from tests.emulator.host import ERROR, OK, HostMaker, response


def info(line: bytes) -> bytes:
    """Return an information text and its OK."""
    return b"\r\n" + line + b"\r\n" + OK


def urcs(*lines: bytes) -> bytes:
    """Return the bytes of URCs."""
    return b"".join(b"\r\n" + line + b"\r\n" for line in lines)


ANSWER = b'+QPING: 0,"%b",32,60,255'


@pytest.mark.parametrize(
    ("host_name", "options", "address", "count"),
    [
        (b"example.org", b"", b"192.0.2.1", 4),
        (b"198.51.100.7", b",1,1", b"198.51.100.7", 1),
        (b"2001:db8::1", b",255,10", b"2001:db8::1", 10),
    ],
)
def test_pings(
    any_host: HostMaker, host_name: bytes, options: bytes, address: bytes, count: int
) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QPING=1,"%b"%b\r' % (host_name, options)) == OK
    last = b"+QPING: 0,%d,%d,0,60,60,60" % (count, count)
    assert host.hear(2) == urcs(*[ANSWER % address] * count, last)
    bytes_sent = count * 32
    assert host.ask(b"AT+QGDCNT?\r") == info(
        b"+QGDCNT: %d,%d" % (bytes_sent, bytes_sent)
    )


def test_forms_of_ping(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QPING=?\r") == info(b"+QPING: (1-16),<host>,(1-255),(1-10)")
    for wrong in (b'17,"a"', b'1,"a",0', b'1,"a",256', b'1,"a",4,11', b"1"):
        assert host.ask(b"AT+QPING=" + wrong + b"\r") == ERROR
    assert b": 552," in host.ask(b"AT+QIGETERROR\r")


def test_a_ping_without_a_context(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QPING=1,"example.org"\r') == OK + urcs(b"+QPING: 561")


def test_a_ping_of_a_name_without_an_address(any_host: HostMaker) -> None:
    def never(host: str, port: int, tls: object) -> None:
        raise Unresolvable

    network = CallableNetwork(lambda request: b"", connect=never, delay=9)
    host = any_host(network=network).quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QPING=1,"example.org",2\r') == OK
    assert host.hear(3) == urcs(b"+QPING: 565")


def test_a_context_that_is_lost_between_pings(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QPING=1,"192.0.2.9",2,2\r', 0.07) == OK + urcs(
        ANSWER % b"192.0.2.9"
    )
    host.emulator.lose_context()
    assert host.hear(3) == urcs(
        b'+QIURC: "pdpdeact",1', b"+QPING: 569", b"+QPING: 0,2,1,1,60,60,60"
    )


def test_counters_of_http(any_host: HostMaker) -> None:
    """They have the bytes that the server received, and those that the module took."""
    host = any_host().online()
    assert host.ask(b"AT+QGDCNT=?\r") == info(b"+QGDCNT: (0,1)")
    answer = response(b"x" * 5_000)
    host.servers.answers.append(answer)
    assert b"+QHTTPGET: 0,200,5000" in host.ask(b"AT+QHTTPGET\r")
    assert host.ask(b"AT+QHTTPREAD\r", 1).endswith(b"+QHTTPREAD: 0\r\n")
    (request,) = host.servers.requests
    counted = b"+QGDCNT: %d,%d" % (len(request.data), len(answer))
    assert host.ask(b"AT+QGDCNT?\r") == info(counted)


def test_counters_of_sockets(any_host: HostMaker) -> None:
    def serve(connection: Connection) -> Iterator[Any]:
        yield connection.heard()
        yield b"12345678"

    host = any_host(network=StreamNetwork(serve)).quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QIOPEN=1,0,"TCP","192.0.2.1",7\r').startswith(OK)
    host.ask(b"AT+QISEND=0,3\r")
    assert b"SEND OK" in host.ask(b"abc")
    assert host.ask(b"AT+QGDCNT?\r") == info(b"+QGDCNT: 3,8")


def test_counters_are_stored_and_cleared(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b'AT+QPING=1,"192.0.2.1",1,1\r', 1).startswith(OK)
    assert host.ask(b"AT+QGDCNT=1\r") == OK
    assert host.ask(b"AT+QGDCNT=0\r") == OK
    assert host.ask(b"AT+QGDCNT?\r") == info(b"+QGDCNT: 0,0")
    host.emulator.reset()
    host.hear(15)
    host.quiet()
    assert host.ask(b"AT+QGDCNT?\r") == info(b"+QGDCNT: 32,32")
    assert host.ask(b"AT+QGDCNT=2\r") == ERROR


def test_the_serving_cell(any_host: HostMaker) -> None:
    """It is the cell of AT+CEREG, with the signal of AT+QCSQ."""
    command = b'AT+QENG="servingcell"\r'
    host = any_host().online()
    told = '+QENG: "servingcell","%s","CAT-M","FDD",001,01,1A2D3F,187,6300,20,3,3,1A2B'
    signal = ",-101,-10,-73,10,-"
    assert host.ask(command) == info((told % "NOCONN" + signal).encode())
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(command) == info((told % "CONNECT" + signal).encode())
    assert host.ask(b"AT+CEREG=2;+CEREG?\r") == info(b'+CEREG: 2,1,"1A2B","01A2D3F",8')
    host.emulator.set_registration("searching")
    host.hear()
    assert host.ask(command) == info(b'+QENG: "servingcell","SEARCH"')
    assert host.ask(b"AT+QENG=?\r") == info(b'+QENG: ("servingcell")')
    assert host.ask(b'AT+QENG="other"\r') == ERROR


def test_the_temperature(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QTEMP\r") == info(b"+QTEMP: 30,29,29")
    assert host.ask(b"AT+QTEMP=?\r") == OK
    assert host.ask(b"AT+QTEMP=1\r") == ERROR
