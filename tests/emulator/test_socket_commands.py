"""The commands of sockets: forms, payload and settings (TCP/IP manual 2.1)."""

from __future__ import annotations

import pytest

from tests.emulator.host import ERROR, OK, HostMaker
from tests.emulator.peers import (
    PROMPT,
    SEND_FAIL,
    SEND_OK,
    opened,
    reason,
    said,
    send,
    with_peers,
)

# AT+QISEND and AT+QISENDEX


def test_what_was_sent(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    peer.reads = False
    send(host, b"123456789")
    assert host.ask(b"AT+QISEND=0,0\r") == b"\r\n+QISEND: 9,0,9\r\n" + OK
    peer.reads = True
    host.hear()
    assert host.ask(b"AT+QISEND=0,0\r") == b"\r\n+QISEND: 9,9,0\r\n" + OK


def test_a_server_that_does_not_read(any_host: HostMaker) -> None:
    """Payload without room in the buffer is not taken, not even in part."""
    host, peer = opened(any_host)
    peer.reads = False
    for number in range(5):
        assert send(host, b"%d" % number * 1460) == SEND_OK
    assert send(host, b"5" * 1460) == SEND_FAIL
    assert reason(host) == 558
    assert host.ask(b"AT+QISEND=0,0\r") == b"\r\n+QISEND: 7300,0,7300\r\n" + OK
    peer.reads = True
    host.hear()
    assert send(host, b"5" * 1460) == SEND_OK
    assert peer.heard == b"".join(b"%d" % number * 1460 for number in range(6))


@pytest.mark.parametrize("length", [b"1461", b"-1", b"x", b"1,2"])
def test_wrong_lengths(make_host: HostMaker, length: bytes) -> None:
    host, _ = opened(make_host)
    assert host.ask(b"AT+QISEND=0,%b\r" % length) == ERROR
    assert reason(host) == 552


def test_bytes_beyond_the_length_are_a_line(any_host: HostMaker) -> None:
    """Ctrl-Z after the payload has no effect; some drivers send it."""
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0,2\r") == PROMPT
    assert host.ask(b"ab\x1aAT\r") == SEND_OK + OK
    assert peer.heard == b"ab"


def test_up_to_ctrl_z(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0\r") == PROMPT
    assert host.ask(b"any\r\nnumber") == b""
    assert host.ask(b"\x1a") == SEND_OK
    assert peer.heard == b"any\r\nnumber"


def test_esc_gives_up(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0\r") == PROMPT
    assert host.ask(b"some\x1b") == ERROR
    assert reason(host) == 571
    assert peer.heard == b""


def test_too_much_before_ctrl_z(make_host: HostMaker) -> None:
    host, peer = opened(make_host)
    host.ask(b"AT+QISEND=0\r")
    assert host.ask(b"x" * 1460 + b"\x1a") == SEND_OK
    host.ask(b"AT+QISEND=0\r")
    assert host.ask(b"y" * 100000 + b"\x1a") == ERROR
    assert reason(host) == 552
    assert peer.heard == b"x" * 1460


def test_a_prompt_that_nobody_fills(any_host: HostMaker) -> None:
    host, _ = opened(any_host)
    assert host.ask(b"AT+QISEND=0,5\r") == PROMPT
    assert host.ask(b"1234", 119) == b""
    assert host.hear(2) == ERROR
    assert reason(host) == 569
    assert host.ask(b"\rAT\r") == OK


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_a_line_feed_after_the_line_is_no_payload(
    any_host: HostMaker, end: bytes
) -> None:
    host, peer = opened(any_host)
    host.ask(b"AT" + end)
    for _ in range(2):
        assert host.ask(b"AT+QISEND=0,3" + end) == PROMPT
        assert host.ask(b"\nab" if end == b"\r" else b"abc") == SEND_OK
    assert peer.heard == (b"\nab" if end == b"\r" else b"abc") * 2


def test_payload_that_does_not_wait_for_the_prompt(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0,3\rabcAT\r") == PROMPT + SEND_OK + OK
    assert peer.heard == b"abc"


def test_digits(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert host.ask(b'AT+QISENDEX=0,"3132Ff00"\r') == SEND_OK
    longest = b"41" * 512
    assert host.ask(b'AT+QISENDEX=0,"%b"\r' % longest) == SEND_OK
    assert peer.heard == b"12\xff\x00" + b"A" * 512
    assert host.ask(b'AT+QISENDEX=0,""\r') == SEND_FAIL
    for digits in (b"1", b"xx", longest + b"41"):
        assert host.ask(b'AT+QISENDEX=0,"%b"\r' % digits) == ERROR
        assert reason(host) == 552


@pytest.mark.parametrize("echo", [0, 1])
def test_the_echo_of_payload(any_host: HostMaker, echo: int) -> None:
    """AT+QISDE decides it, not ATE."""
    host, _ = opened(any_host)
    assert host.ask(b"AT+QISDE?\r") == b"\r\n+QISDE: 0\r\n" + OK
    assert host.ask(b"AT+QISDE=%d\r" % echo) == OK
    assert send(host, b"abc") == b"abc" * echo + SEND_OK
    host.ask(b"AT+QISEND=0\r")
    assert host.ask(b"abc\x1a") == b"abc" * echo + SEND_OK


# The other commands


@pytest.mark.parametrize(
    "command",
    [b"+QISEND=0", b"+QISEND=0,0", b"+QISEND=0,5", b"+QIRD=0", b"+QIRD=0,0"]
    + [b'+QISENDEX=0,"41"', b"+QISWTMD=0,0"],
)
def test_without_a_connection(make_host: HostMaker, command: bytes) -> None:
    host, _ = with_peers(make_host)
    assert host.ask(b"AT%b\r" % command) == ERROR
    assert reason(host) == 572


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (
            b"+QIOPEN",
            b'+QIOPEN: (1-16),(0-11),"TCP/UDP/TCP LISTENER/UDP SERVICE",'
            b'"<IP_address>/<domain_name>",<remote_port>,<local_port>,(0-2)\r\n',
        ),
        (b"+QICLOSE", b"+QICLOSE: (0-11),(0-65535)\r\n"),
        (b"+QISTATE", b""),
        (b"+QISEND", b"+QISEND: (0-11),(0-1460)\r\n"),
        (b"+QIRD", b"+QIRD: (0-11),(0-1500)\r\n"),
        (b"+QISENDEX", b"+QISENDEX: (0-11),<hex_string>\r\n"),
        (b"+QISWTMD", b"+QISWTMD: (0-11),(0-2)\r\n"),
    ],
)
def test_test_forms(make_host: HostMaker, command: bytes, lines: bytes) -> None:
    heard = make_host().quiet().ask(b"AT%b=?\r" % command)
    assert heard == (b"\r\n" + lines if lines else b"") + OK


# Settings


def test_settings(make_host: HostMaker) -> None:
    host = make_host().quiet()
    assert host.ask(b"AT+QICFG=?\r") == (
        b'\r\n+QICFG: "transpktsize",(1-1460)\r\n+QICFG: "transwaittm",(0-20)\r\n'
        b'+QICFG: "dataformat",(0,1),(0,1)\r\n+QICFG: "viewmode",(0,1)\r\n'
        b'+QICFG: "tcp/retranscfg",(3-20),(5-1000)\r\n' + OK
    )


@pytest.mark.parametrize(
    ("key", "default", "right", "wrong"),
    [
        (b"transpktsize", b"1024", b"1 99 1460", b"0 1461 2000 x"),
        (b"transwaittm", b"2", b"0 20", b"21 -1"),
        (b"dataformat", b"0,0", b"1,1 0,1 0,0", b"2,0 1"),
        (b"viewmode", b"0", b"1 0", b"2 0,0"),
        (b"tcp/retranscfg", b"8,600", b"3,5 20,1000", b"2,600 21,600 8,4 8,1001 8"),
    ],
)
def test_a_setting(
    make_host: HostMaker, key: bytes, default: bytes, right: bytes, wrong: bytes
) -> None:
    host = make_host().quiet()
    told = b'\r\n+QICFG: "%b",%%b\r\n' % key + OK
    assert host.ask(b'AT+QICFG="%b"\r' % key) == told % default
    for value in right.split():
        assert host.ask(b'AT+QICFG="%b",%b\r' % (key, value)) == OK
        assert host.ask(b'AT+QICFG="%b"\r' % key) == told % value
    for value in wrong.split():
        assert host.ask(b'AT+QICFG="%b",%b\r' % (key, value)) == ERROR
        assert reason(host) == 552


def test_an_unknown_key(make_host: HostMaker) -> None:
    host = make_host().quiet()
    for command in (b'="recvind"', b'="recvind",1', b'="x",1', b"=viewmode"):
        assert host.ask(b"AT+QICFG%b\r" % command) == ERROR


def test_data_in_the_line_of_their_length(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    host.quiet(b'AT+QICFG="viewmode",1')
    said(host, peer, b"12345")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 5,12345\r\n" + OK


def test_data_in_hex_digits(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    host.quiet(b'AT+QICFG="dataformat",1,1')
    said(host, peer, b"1\xff")
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 2\r\n31FF\r\n" + OK
    assert send(host, b"4142ff") == SEND_OK
    assert peer.heard == b"AB\xff"
    assert send(host, b"414") == ERROR
    assert send(host, b"\xff\xff") == ERROR
