"""The command interpreter, byte by byte (AT manual 1.2, 2; V.250 5)."""

from __future__ import annotations

import pytest

from tests.emulator.host import ERROR, OK, HostMaker, cme

PROFILE = (
    b"\r\n&C: 1\r\n&D: 1\r\n&F: 0\r\n&W: 0\r\nE: %d\r\nQ: 0\r\nV: 1\r\n"
    b"X: %d\r\nZ: 0\r\n"
    b"S0: 0\r\nS3: 13\r\nS4: 10\r\nS5: 8\r\nS6: 2\r\nS7: 0\r\nS8: 2\r\nS10: 15\r\n"
)


def test_echo_includes_the_carriage_return(any_host: HostMaker) -> None:
    assert any_host().ask(b"AT\r") == b"AT\r" + OK


def test_the_command_that_ends_the_echo_is_echoed(any_host: HostMaker) -> None:
    host = any_host()
    assert host.ask(b"ATE0\r") == b"ATE0\r" + OK
    assert host.ask(b"AT\r") == OK
    assert host.ask(b"ATE1\r") == OK
    assert host.ask(b"AT\r") == b"AT\r" + OK


def test_a_line_feed_after_the_line_is_tolerated(any_host: HostMaker) -> None:
    assert any_host().ask(b"AT\r\nAT\r\n") == b"AT\r" + OK + b"AT\r" + OK


@pytest.mark.parametrize(
    "line", [b"at+cmee?", b"aT+CmEe?", b"AT +CMEE ?", b"xyAT+CMEE?"]
)
def test_case_spaces_and_noise_before_the_prefix(
    any_host: HostMaker, line: bytes
) -> None:
    assert any_host().quiet().ask(line + b"\r") == b"\r\n+CMEE: 1\r\n" + OK


def test_a_line_without_prefix_is_no_command(any_host: HostMaker) -> None:
    assert any_host().ask(b"hello\r") == b"hello\r"


@pytest.mark.parametrize(
    "line",
    [
        b"AT+NOSUCH",
        b"AT+NOSUCH=1",
        b"AT+QHTTPPUT=?",
        b"AT+QHTTPSTOP",
        b"AT+QHTTPGETEX=?",
        b"AT+CMEE=3",
        b"AT+CMEE=",
        b"AT+CMEE=1,1",
        b'AT+CMEE="1"',
        b"AT+CMEE=1x",
        b"AT+",
        b"ATE2",
        b"ATY",
        b"AT=?",
        b"ATS3=128",
        b"ATS9?",
        b"ATE0;+CMEE?",
        b"AT+CMEE?x",
        b"AT" + b"E" * 1100,
    ],
)
def test_what_is_no_command_is_a_bare_error(any_host: HostMaker, line: bytes) -> None:
    assert any_host().quiet().ask(line + b"\r") == ERROR


def test_backspace_takes_a_character_back(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+CMEX\x08E?\r") == b"\r\n+CMEE: 1\r\n" + OK


def test_the_previous_line_is_repeated_without_terminator(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+CMEE=1")
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: 1\r\n" + OK
    assert host.ask(b"A/") == b"\r\n+CMEE: 1\r\n" + OK
    assert host.ask(b"a/") == b"\r\n+CMEE: 1\r\n" + OK


def test_several_commands_on_one_line(any_host: HostMaker) -> None:
    host = any_host()
    assert host.ask(b"ATE0V1+CMEE=2;+CMEE?;&D0S3?\r") == (
        b"ATE0V1+CMEE=2;+CMEE?;&D0S3?\r\r\n+CMEE: 2\r\n\r\n13\r\n" + OK
    )


def test_an_error_ends_the_line(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+CMEE=2;+CPIN=1234;+CMEE=0\r") == (
        b"\r\n+CME ERROR: operation not allowed\r\n"
    )
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: 2\r\n" + OK


def test_commands_before_a_malformed_one_are_executed(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+CMEE=0;?\r") == ERROR
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: 0\r\n" + OK


def test_a_semicolon_inside_quotes_separates_nothing(any_host: HostMaker) -> None:
    host = any_host().quiet(b'AT+QICSGP=1,1,"a;b c","",""')
    assert host.ask(b"AT+QICSGP=1\r") == (b'\r\n+QICSGP: 1,"a;b c","","",0\r\n' + OK)


def test_numbers_as_results(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"ATV0\r") == b"0\r"
    assert host.ask(b"AT\r") == b"0\r"
    assert host.ask(b"AT+CMEE?\r") == b"+CMEE: 1\r\n0\r"
    assert host.ask(b"AT+NOSUCH\r") == b"4\r"
    assert host.ask(b"ATO\r") == b"3\r"
    assert host.ask(b"AT+QHTTPURL=18\r") == b"1\r"
    assert host.ask(b"http://example.org") == b"0\r"
    assert host.ask(b"ATV1\r") == OK


def test_no_result_codes(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"ATQ1\r") == b""
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: 1\r\n"
    assert host.ask(b"AT+NOSUCH\r") == b""
    assert host.ask(b"AT+CPIN=1234\r") == b""
    assert host.ask(b"ATQ0\r") == OK


def test_error_formats(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+CMEE=0")
    assert host.ask(b"AT+QHTTPREAD\r") == ERROR
    host.quiet(b"AT+CMEE=1")
    assert host.ask(b"AT+QHTTPREAD\r") == cme(705)
    host.quiet(b"AT+CMEE=2")
    assert host.ask(b"AT+QHTTPREAD\r") == (
        b"\r\n+CME ERROR: HTTP(S) no GET/POST requests\r\n"
    )
    assert host.ask(b"AT+CMEE=?\r") == b"\r\n+CMEE: (0-2)\r\n" + OK


def test_other_line_ends(any_host: HostMaker) -> None:
    host = any_host().quiet()
    # The new characters already format the result of the same line.
    assert host.ask(b"ATS3=33S4=64\r") == b"!@OK!@"
    assert host.ask(b"AT+CMEE?!") == b"!@+CMEE: 1!@!@OK!@"
    assert host.ask(b"AT&F!") == OK


def test_view_store_load_and_factory(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT&V\r") == PROFILE % (0, 4) + OK
    host.quiet(b"ATX1", b"AT&W", b"ATX2")
    assert host.ask(b"ATZ\r") == OK
    assert host.ask(b"AT&V\r") == PROFILE % (0, 1) + OK
    assert host.ask(b"AT&F\r") == OK
    assert host.ask(b"AT&V\r") == b"AT&V\r" + PROFILE % (1, 4) + OK


def test_what_is_stored_comes_back_after_a_reset(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+CREG=2", b"AT+CMEE=2", b"ATS3=13S10=20&W")
    host.emulator.reset(urcs=False)
    assert host.ask(b"AT\r") == b""
    host.hear(10)
    assert host.ask(b"AT\r") == OK
    assert host.ask(b"ATS10?\r") == b"\r\n20\r\n" + OK
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: 1\r\n" + OK
    assert host.ask(b"AT+CREG?\r").startswith(b"\r\n+CREG: 2,1,")


@pytest.mark.parametrize(
    "command, lines",
    [
        (b"ATI", b"Quectel\r\nBG96\r\nRevision: BG96MAR02A07M1G"),
        (b"AT+GMI", b"Quectel"),
        (b"AT+CGMM", b"BG96"),
        (b"AT+GMR", b"BG96MAR02A07M1G"),
        (b"AT+CGSN", b"000000000000000"),
        (b"AT+CIMI", b"001010123456789"),
        (b"AT+QCCID", b"+QCCID: 89014103211118510720"),
        (b"AT+QGMR", b"BG96MAR02A07M1G_01.007.01.007"),
        (b"AT+CPAS", b"+CPAS: 0"),
    ],
)
def test_identification(any_host: HostMaker, command: bytes, lines: bytes) -> None:
    assert any_host().quiet().ask(command + b"\r") == b"\r\n" + lines + b"\r\n" + OK


def test_another_model(any_host: HostMaker) -> None:
    host = any_host(model="BG95-M3").quiet()
    assert host.ask(b"AT+GMM\r") == b"\r\nBG95-M3\r\n" + OK


def test_nothing_to_resume(any_host: HostMaker) -> None:
    assert any_host().quiet().ask(b"ATO\r") == b"\r\nNO CARRIER\r\n"


def test_input_during_a_command_waits(make_host: HostMaker) -> None:
    host = make_host(answer_delay=0.5).quiet()
    host.hear(1)
    host.send(b"AT+CMEE?\r")
    assert host.hear(0.4) == b""
    host.send(b"AT\r")
    assert host.hear(0.2) == b"\r\n+CMEE: 1\r\n" + OK
    assert host.hear(0.5) == OK


def test_the_answer_delay_is_virtual_time(make_host: HostMaker) -> None:
    host = make_host(answer_delay=2.0)
    assert host.ask(b"AT\r", 1.9) == b"AT\r"
    assert host.hear(0.2) == OK


def test_extended_configuration(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b'AT+QCFG="nwscanmode"\r') == b'\r\n+QCFG: "nwscanmode",0\r\n' + OK
    assert host.ask(b'AT+QCFG="nwscanmode",3,1\r') == OK
    assert host.ask(b'AT+QCFG="NWSCANMODE"\r') == b'\r\n+QCFG: "nwscanmode",3\r\n' + OK
    assert host.ask(b'AT+QCFG="nwscanmode",2\r') == ERROR
    assert host.ask(b'AT+QCFG="nosuch"\r') == ERROR


@pytest.mark.parametrize(
    "command, answer",
    [
        (b"AT+IPR?", b"+IPR: 115200"),
        (b"AT+IPR=?", b"+IPR: (),(9600,19200,38400,57600,115200,230400,460800,921600)"),
        (b"AT+ICF?", b"+ICF: 3,3"),
        (b"AT+IFC?", b"+IFC: 0,0"),
        (b'AT+QURCCFG="urcport"', b'+QURCCFG: "urcport","usbat"'),
        (b'AT+QINDCFG="csq"', b'+QINDCFG: "csq",0'),
        (b"AT+CSCS?", b'+CSCS: "GSM"'),
    ],
)
def test_port_settings(any_host: HostMaker, command: bytes, answer: bytes) -> None:
    assert any_host().quiet().ask(command + b"\r") == b"\r\n" + answer + b"\r\n" + OK


def test_port_settings_are_checked(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+IFC=2,2", b'AT+QURCCFG="urcport","uart1"')
    assert host.ask(b"AT+IFC?\r") == b"\r\n+IFC: 2,2\r\n" + OK
    assert host.ask(b"AT+IFC=1,1\r") == ERROR
    assert host.ask(b"AT+IPR=4800\r") == ERROR
    assert host.ask(b'AT+QURCCFG="urcport","uart9"\r') == ERROR


@pytest.mark.parametrize("noise", [b"\xdf", b"\xdf\xb5\xff", b"\x80" * 20])
def test_noise_before_a_command_line(any_host: HostMaker, noise: bytes) -> None:
    """Bytes at another speed do not change the next line."""
    assert any_host().quiet().ask(noise + b"AT+IFC?\r") == b"\r\n+IFC: 0,0\r\n" + OK
