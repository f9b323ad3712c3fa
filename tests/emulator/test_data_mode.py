"""Data mode: lengths, times, +++ and DTR (HTTP manual 1.3)."""

from __future__ import annotations

from requests_bg96.emulator import Delay
from tests.emulator.host import CONNECT, OK, Host, HostMaker, cme, response

URL = b"http://example.org"


def upload(host: Host, length: int, seconds: int = 100) -> None:
    """Start to send a file."""
    command = b'AT+QFUPL="f",%d,%d\r' % (length, seconds)
    assert host.ask(command) == CONNECT


def stored(host: Host) -> bytes:
    """Return the file."""
    answer = host.ask(b'AT+QFDWL="f"\r')
    assert answer.startswith(CONNECT)
    return answer[len(CONNECT) : answer.rindex(b"\r\n+QFDWL: ")]


def test_data_is_not_echoed(any_host: HostMaker) -> None:
    host = any_host()
    assert host.ask(b"AT+QHTTPURL=18\r") == b"AT+QHTTPURL=18\r" + CONNECT
    assert host.ask(URL) == OK


def test_bytes_beyond_the_length_are_a_command(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL=18\r") == CONNECT
    assert host.ask(URL + b"AT+CMEE?\r") == OK + b"\r\n+CMEE: 1\r\n" + OK


def test_a_stray_end_of_line_after_the_data_does_no_harm(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL=18\r") == CONNECT
    assert host.ask(URL + b"\r\n") == OK
    assert host.ask(b"AT\r") == OK


def test_data_sent_together_with_its_command(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL=18\r" + URL) == CONNECT + OK


def test_the_time_for_a_url(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL=18,5\r") == CONNECT
    assert host.ask(URL[:17], 4.9) == b""
    assert host.ask(b"", 0.2) == cme(726)
    assert host.ask(b"AT+QHTTPURL?\r") == OK


def test_the_default_time_is_a_minute(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+QHTTPURL=18\r") == CONNECT
    assert host.hear(59.9) == b""
    assert host.hear(0.2) == cme(726)


def test_the_escape_sequence(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 100)
    assert host.ask(b"abc", 1.0) == b""
    assert host.ask(b"+++", 0.9) == b""
    assert host.hear(0.2) == OK
    assert stored(host) == b"abc"


def test_the_escape_sequence_typed_slowly(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 100)
    host.hear(1)
    for _ in range(3):
        assert host.ask(b"+", 0.3) == b""
    assert host.hear(0.8) == OK


def test_without_silence_before_it_is_data(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 10)
    host.hear(1)
    assert host.ask(b"abc+++", 3) == b""
    assert host.ask(b"defg").endswith(OK)
    assert stored(host) == b"abc+++defg"


def test_without_silence_after_it_is_data(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 10)
    host.hear(1.5)
    assert host.ask(b"+++", 0.9) == b""
    assert host.ask(b"abc", 3) == b""
    assert host.ask(b"defg").endswith(OK)
    assert stored(host) == b"+++abcdefg"


def test_too_slow_it_is_data(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 6)
    host.hear(1.5)
    assert host.ask(b"++", 1.1) == b""
    assert host.ask(b"+abc", 1.2).endswith(OK)
    assert stored(host) == b"+++abc"


def test_four_are_data(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 4)
    host.hear(1.5)
    assert host.ask(b"++++", 2).endswith(OK)
    assert stored(host) == b"++++"


def test_a_last_plus_after_silence_is_data(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 2)
    assert host.ask(b"a", 2) == b""
    assert host.ask(b"+", 2).endswith(OK)
    assert stored(host) == b"a+"


def test_data_full_of_escape_sequences(any_host: HostMaker) -> None:
    host = any_host().quiet()
    data = b"+++\r\nATH\r\n+++" * 50
    upload(host, len(data))
    host.hear(2)
    assert host.ask(data).endswith(OK)
    assert stored(host) == data


def test_an_escaped_post_sends_no_result(any_host: HostMaker) -> None:
    host = any_host().online(requestheader=1)
    assert host.ask(b"AT+QHTTPPOST=100,60,60\r") == CONNECT
    assert host.ask(b"POST / HTTP/1.1\r\n", 1.2) == b""
    assert host.ask(b"+++", 1.2) == OK
    assert host.hear(200) == b""
    assert host.servers.requests == []
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)
    assert host.ask(b"ATO\r") == b"\r\nNO CARRIER\r\n"


def test_an_escaped_read(any_host: HostMaker) -> None:
    host = any_host().online()
    body = b"x" * 100
    host.servers.answers.append([response(b"", b"Content-Length: 1000"), body])
    assert host.ask(b"AT+QHTTPGET\r") == OK + b"\r\n+QHTTPGET: 0,200,1000\r\n"
    assert host.ask(b"AT+QHTTPREAD=60\r", 1.2) == CONNECT + body
    assert host.ask(b"+++", 1.2) == OK
    assert host.hear(100) == b""
    assert host.ask(b"AT\r") == OK


def test_input_during_a_read_is_ignored(any_host: HostMaker) -> None:
    host = any_host().online()
    head = response(b"", b"Content-Length: 4")
    host.servers.answers.append([head, Delay(10), b"abcd"])
    host.ask(b"AT+QHTTPGET\r")
    assert host.ask(b"AT+QHTTPREAD\r") == CONNECT
    assert host.ask(b"AT+CMEE?\r", 5) == b""
    assert host.ask(b"+++AT\r", 3) == b""
    assert host.hear(3) == b"abcd" + OK + b"\r\n+QHTTPREAD: 0\r\n"
    assert host.ask(b"AT\r") == OK


def test_dtr_ends_data_mode(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT&D1")
    upload(host, 100)
    assert host.ask(b"abc") == b""
    host.port.dtr = False
    assert host.hear() == OK
    host.port.dtr = True
    assert stored(host) == b"abc"


def test_dtr_is_ignored_when_told_so(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT&D0")
    upload(host, 4)
    host.port.dtr = False
    assert host.hear(5) == b""
    assert host.ask(b"abcd").endswith(OK)


def test_dtr_in_command_mode_does_nothing(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT&D1")
    host.port.dtr = False
    assert host.hear(2) == b""
    upload(host, 4)
    assert host.hear(2) == b""
    assert host.ask(b"abcd").endswith(OK)


def test_urcs_wait_for_the_end_of_data_mode(any_host: HostMaker) -> None:
    host = any_host().quiet()
    upload(host, 4)
    host.emulator.urc(b'+CMTI: "ME",1')
    assert host.hear() == b""
    answer = host.ask(b"abcd")
    assert answer.endswith(OK + b'\r\n+CMTI: "ME",1\r\n')


def test_the_carrier_line_follows_data_mode(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT&C1")
    assert not host.port.cd
    upload(host, 1)
    assert host.port.cd
    host.ask(b"x")
    assert not host.port.cd
    host.quiet(b"AT&C0")
    assert host.port.cd


def test_the_ring_line_marks_a_urc(make_host: HostMaker) -> None:
    host = make_host()
    assert not host.port.ri
    host.emulator.urc(b"RING")
    assert host.port.ri
    host.hear(0.13)
    assert not host.port.ri
