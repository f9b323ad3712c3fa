"""Files in the UFS, byte by byte (FILE manual)."""

from __future__ import annotations

import pytest

from requests_bg96.emulator.ufs import TOTAL, checksum
from tests.emulator.host import CONNECT, ERROR, OK, Host, HostMaker, cme
from tests.emulator.samples import AMAZON, ISRG


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"1234567890", 0x3938),
        (b"", 0),
        (b"a", 0x6100),
        (AMAZON, 0x2D13),
        (AMAZON.rstrip(b"\n"), 0x2D19),
        (AMAZON.replace(b"\n", b"\r\n"), 0x5769),
        (ISRG, 0x4F64),
    ],
    ids=["digits", "empty", "odd", "LF", "no-last-LF", "CRLF", "ISRG"],
)
def test_checksums_that_modules_printed(data: bytes, expected: int) -> None:
    assert checksum(data) == expected


def put(host: Host, name: str, data: bytes) -> None:
    """Upload a file."""
    command = b'AT+QFUPL="%s",%d\r' % (name.encode(), len(data))
    assert host.ask(command) == CONNECT
    answer = b"\r\n+QFUPL: %d,%x\r\n" % (len(data), checksum(data)) + OK
    assert host.ask(data) == answer


def test_up_and_down(any_host: HostMaker) -> None:
    host = any_host().quiet()
    data = bytes(range(256)) * 20
    put(host, "f.bin", data)
    assert host.ask(b'AT+QFDWL="f.bin"\r') == (
        CONNECT + data + b"\r\n+QFDWL: 5120,0\r\n" + OK
    )
    assert host.ask(b"AT+QFLDS\r") == b"\r\n+QFLDS: 5120,1\r\n" + OK
    assert host.ask(b'AT+QFLDS="UFS"\r') == (
        b"\r\n+QFLDS: %d,%d\r\n" % (TOTAL - 5120, TOTAL) + OK
    )


def test_the_sum_has_no_leading_zeros(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFUPL="f",2\r') == CONNECT
    assert host.ask(b"\x00\x0a") == b"\r\n+QFUPL: 2,a\r\n" + OK


def test_an_upload_with_acknowledgements(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFUPL="t.pem",3000,5,1\r') == CONNECT
    assert host.ask(b"x" * 1024) == b"A"
    assert host.ask(b"x" * 1023) == b""
    assert host.ask(b"x") == b"A"
    assert host.ask(b"x" * 952) == b"\r\n+QFUPL: 3000,0\r\n" + OK


def test_the_last_full_block_is_acknowledged_by_the_result(
    any_host: HostMaker,
) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFUPL="t",2048,5,1\r') == CONNECT
    assert host.ask(b"x" * 2048) == b"A\r\n+QFUPL: 2048,0\r\n" + OK


def test_a_short_upload_keeps_what_came(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFUPL="f",10\r') == CONNECT
    assert host.ask(b"1234", 4.9) == b""
    assert host.ask(b"5", 4.9) == b""
    assert host.hear(0.2) == b"\r\n+QFUPL: 5,3706\r\n" + OK
    assert host.ask(b'AT+QFLST="f"\r') == b'\r\n+QFLST: "f",5\r\n' + OK


def test_the_list_of_files(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QFLST\r") == OK
    put(host, "a", b"1")
    put(host, "b", b"22")
    lines = b'\r\n+QFLST: "a",1\r\n+QFLST: "b",2\r\n'
    assert host.ask(b"AT+QFLST\r") == lines + OK
    assert host.ask(b'AT+QFLST="*"\r') == lines + OK
    assert host.ask(b'AT+QFLST="c"\r') == cme(405)
    assert host.ask(b'AT+QFDEL="a"\r') == OK
    assert host.ask(b'AT+QFLST="*"\r') == b'\r\n+QFLST: "b",2\r\n' + OK
    assert host.ask(b'AT+QFDEL="*"\r') == OK
    assert host.ask(b"AT+QFLST\r") == OK


def test_files_outlive_a_reset(any_host: HostMaker) -> None:
    host = any_host().quiet()
    put(host, "a", b"1")
    host.emulator.reset(urcs=False)
    host.hear(10)
    assert b'+QFLST: "a",1' in host.ask(b"AT+QFLST\r")


@pytest.mark.parametrize(
    "command, code",
    [
        (b'+QFUPL="here",10', 407),
        (b'+QFUPL="%s",10' % (b"n" * 81), 406),
        (b'+QFUPL="",10', 406),
        (b'+QFUPL="f",0', 425),
        (b'+QFUPL="f",%d' % TOTAL, 420),
        (b'+QFUPL="f",10,0', 425),
        (b'+QFUPL="f",10,5,2', 425),
        (b"+QFUPL=f,10", 425),
        (b"+QFUPL=", 425),
        (b'+QFDWL="no"', 405),
        (b'+QFDEL="no"', 405),
        (b'+QFOPEN="no",2', 405),
        (b'+QFOPEN="no",3', 425),
        (b"+QFREAD=5", 416),
        (b"+QFWRITE=5,1", 416),
        (b"+QFSEEK=5,0", 416),
        (b"+QFPOSITION=5", 416),
        (b"+QFTUCAT=5", 416),
        (b"+QFCLOSE=5", 416),
        (b'+QFLDS="SD"', 425),
    ],
)
def test_errors(any_host: HostMaker, command: bytes, code: int) -> None:
    host = any_host().quiet()
    put(host, "here", b"x")
    assert host.ask(b"AT" + command + b"\r") == cme(code)


def test_a_file_by_its_handle(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QFOPEN="f",0\r') == b"\r\n+QFOPEN: 0\r\n" + OK
    assert host.ask(b"AT+QFWRITE=0,10\r") == CONNECT
    assert host.ask(b"0123456789") == b"\r\n+QFWRITE: 10,10\r\n" + OK
    assert host.ask(b"AT+QFREAD=0\r") == cme(402)
    assert host.ask(b"AT+QFSEEK=0,2,0\r") == OK
    assert host.ask(b"AT+QFREAD=0,3\r") == b"\r\nCONNECT 3\r\n234" + OK
    assert host.ask(b"AT+QFPOSITION=0\r") == b"\r\n+QFPOSITION: 5\r\n" + OK
    assert host.ask(b"AT+QFSEEK=0,1,1\r") == OK
    assert host.ask(b"AT+QFREAD=0\r") == b"\r\nCONNECT 4\r\n6789" + OK
    assert host.ask(b"AT+QFSEEK=0,3,2\r") == OK
    assert host.ask(b"AT+QFTUCAT=0\r") == OK
    assert host.ask(b"AT+QFSEEK=0,8\r") == ERROR
    assert host.ask(b"AT+QFSEEK=0,0\r") == OK
    assert host.ask(b"AT+QFWRITE=0,2\r") == CONNECT
    assert host.ask(b"ab") == b"\r\n+QFWRITE: 2,7\r\n" + OK
    assert host.ask(b"AT+QFOPEN?\r") == b'\r\n+QFOPEN: "f",0,0\r\n' + OK
    assert host.ask(b"AT+QFCLOSE=0\r") == OK
    assert host.ask(b"AT+QFREAD=0\r") == cme(416)
    assert CONNECT + b"ab23456\r\n" in host.ask(b'AT+QFDWL="f"\r')


def test_modes_of_opening(any_host: HostMaker) -> None:
    host = any_host().quiet()
    put(host, "f", b"old")
    assert host.ask(b'AT+QFOPEN="f",2\r') == b"\r\n+QFOPEN: 0\r\n" + OK
    assert host.ask(b"AT+QFWRITE=0,1\r") == cme(414)
    assert host.ask(b'AT+QFOPEN="f",0\r') == cme(426)
    assert host.ask(b'AT+QFDEL="f"\r') == cme(418)
    assert host.ask(b"AT+QFCLOSE=0\r") == OK
    assert host.ask(b'AT+QFOPEN="f",1\r') == b"\r\n+QFOPEN: 0\r\n" + OK
    assert host.ask(b'AT+QFLST="f"\r') == b'\r\n+QFLST: "f",0\r\n' + OK


def test_too_many_open_files(any_host: HostMaker) -> None:
    host = any_host().quiet()
    for number in range(10):
        assert b"+QFOPEN: %d\r" % number in host.ask(b'AT+QFOPEN="%d"\r' % number)
    assert host.ask(b'AT+QFOPEN="more"\r') == cme(413)


def test_a_short_write_keeps_what_came(any_host: HostMaker) -> None:
    host = any_host().quiet()
    host.ask(b'AT+QFOPEN="f"\r')
    assert host.ask(b"AT+QFWRITE=0,10,3\r") == CONNECT
    assert host.ask(b"abc", 2.9) == b""
    assert host.hear(0.2) == b"\r\n+QFWRITE: 3,3\r\n" + OK
