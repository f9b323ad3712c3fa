"""Sleep, Power Saving Mode, eDRX and the power key."""

from __future__ import annotations

import pytest

from requests_bg96.emulator import Delay, Switches
from requests_bg96.emulator.power_saving import RELEASED_AFTER
from tests.emulator.host import CONNECT, ERROR, OK, Host, HostMaker, response

START = b"\r\nRDY\r\n"
DOWN = b"\r\nPSM POWER DOWN\r\n"
#: T3412 of one hour, T3324 of 10 s.
ASK = b'AT+CPSMS=1,,,"00100001","00000101"\r'
HOUR = 3_600


def get(host: Host, seconds: float = 60) -> bytes:
    """Send a request, and return what comes within a time after OK."""
    assert host.ask(b"AT+QHTTPGET=60\r") == OK
    return host.hear(seconds)


# AT+QSCLK


def test_it_sleeps_while_dtr_is_off(any_host: HostMaker) -> None:
    """Bytes are lost then, and DTR wakes it a little later."""
    host = any_host().quiet(b"AT+QSCLK=1")
    assert host.ask(b"AT+QSCLK?\r") == b"\r\n+QSCLK: 1\r\n" + OK
    host.hear(100)
    assert host.ask(b"AT\r") == OK
    host.port.dtr = False
    host.hear(0.9)
    assert host.ask(b"AT\r") == OK
    host.hear(1.1)
    assert host.ask(b"AT\r", 5) == b""
    host.port.dtr = True
    assert host.ask(b"AT\r") == b""
    assert host.ask(b"AT\r") == OK
    host.port.dtr = False
    host.hear(5)
    assert host.ask(b"AT\r") == b""


def test_it_does_not_sleep_by_itself(any_host: HostMaker) -> None:
    host = any_host().quiet()
    host.port.dtr = False
    host.hear(HOUR)
    assert host.ask(b"AT+QSCLK?\r") == b"\r\n+QSCLK: 0\r\n" + OK
    assert host.ask(b"AT+QSCLK=1\r") == OK
    assert host.ask(b"AT+QSCLK=0\r") == OK
    host.hear(HOUR)
    assert host.ask(b"AT\r") == OK
    assert host.ask(b"AT+QSCLK=2\r") == ERROR


def test_a_closed_port_has_no_dtr(make_host: HostMaker) -> None:
    """The module wakes when the port is opened."""
    host = make_host().quiet(b"AT+QSCLK=1")
    host.port.close()
    host.clock.sleep(10)
    host.port.open()
    assert host.ask(b"AT\r") == b""
    assert host.ask(b"AT\r") == OK


def test_it_is_awake_while_it_works(make_host: HostMaker) -> None:
    """It reports the result of a request, and then sleeps."""
    host = make_host().online()
    assert host.ask(b"AT+QSCLK=1\r") == OK
    host.servers.answers = [[Delay(30), response(b"hello")]]
    host.port.dtr = False
    assert get(host).startswith(b"\r\n+QHTTPGET: 0,200")
    assert host.ask(b"AT\r") == b""


def test_bytes_that_wake(make_host: HostMaker) -> None:
    """They are lost nevertheless, as on a line whose first byte wakes."""
    host = make_host(switches=Switches(sleep_input="wakes")).quiet(b"AT+QSCLK=1")
    host.port.dtr = False
    host.hear(10)
    assert host.ask(b"AT\r", 0.1) == b""
    assert host.ask(b"AT\r") == OK
    host.hear(10)
    assert host.ask(b"AT\r", 0.1) == b""


def test_a_restart_ends_it(make_host: HostMaker) -> None:
    host = make_host().quiet(b"AT+QSCLK=1")
    host.port.dtr = False
    host.hear(10)
    host.emulator.reset()
    assert START in host.hear(20)
    assert b"+QSCLK: 0" in host.ask(b"AT+QSCLK?\r")


# Power Saving Mode


def test_it_saves_power(any_host: HostMaker) -> None:
    """After the active time without data, until T3412 is over."""
    host = any_host().quiet(b"AT+CEREG=4", b"AT&W", b'AT+QCFG="psm/urc",1')
    assert host.ask(ASK) == OK + b"\r\n+QPSMTIMER: 3600,10\r\n"
    timers = b'+CEREG: 4,1,"1A2B","01A2D3F",8,,,"00000101","00100001"'
    assert timers in host.ask(b"AT+CEREG?\r")
    assert host.ask(b"AT+QPSMS?\r") == b'\r\n+QPSMS: 1,,,"3600","10"\r\n' + OK
    begun = host.clock.now()
    heard = host.hear(RELEASED_AFTER + 10)
    assert heard == DOWN
    assert host.ask(b"AT\r", 60) == b"" and not host.port.cts
    heard = host.hear(HOUR + RELEASED_AFTER - (host.clock.now() - begun))
    assert heard == b""
    heard = host.hear(10)
    assert heard.startswith(START) and b'8,,,"00000101","00100001"' in heard
    assert b"+QPSMTIMER: 3600,10" in heard
    # It is registered at once, and keeps what it asks for. Then it sleeps again.
    assert b"+CPSMS: 1,,," in host.ask(b"AT+CPSMS?\r")
    assert host.hear(30).endswith(DOWN)


def test_data_keep_it_awake(make_host: HostMaker) -> None:
    """The time begins with the last data, not with the last command."""
    host = make_host().online()
    host.servers.answers = [[Delay(25), response(b"hello")], response(b"hello")]
    assert host.ask(ASK) == OK
    host.hear(15)
    assert get(host, 26).startswith(b"\r\n+QHTTPGET: 0,200")
    assert host.ask(b"AT+QHTTPREAD\r").startswith(CONNECT)
    assert host.ask(b"AT\r", 9) == OK
    assert host.ask(b"AT\r", 12) == OK + DOWN


def test_it_can_be_told_to_save_power_at_once(make_host: HostMaker) -> None:
    """Drivers do so with psm/enter."""
    host = make_host().quiet(b'AT+QCFG="psm/enter",1')
    assert host.ask(ASK, 0.1) == OK
    assert host.hear(RELEASED_AFTER - 0.2) == b""
    assert host.hear(0.2) == DOWN


@pytest.mark.parametrize(
    "command",
    [
        b'AT+CPSMS=0,,,"00100001","00000101"\r',
        b"AT+CPSMS=2\r",
        b'AT+CPSMS=1,,,"11100001","00000101"\r',
        b'AT+CPSMS=1,,,"00100001","11100101"\r',
        b'AT+CPSMS=1,,,"01100001","00000101"\r',
    ],
    ids=["off", "reset", "no T3412", "no T3324", "T3412 too short"],
)
def test_settings_without_power_saving(make_host: HostMaker, command: bytes) -> None:
    """The last ones end it."""
    host = make_host().quiet(b"AT+CEREG=4")
    assert host.ask(ASK) == OK
    assert host.ask(command) == OK
    assert host.hear(HOUR) == b""
    assert host.ask(b"AT+CEREG?\r") == b'\r\n+CEREG: 4,1,"1A2B","01A2D3F",8\r\n' + OK
    assert b"+QPSMS: " in host.ask(b"AT+QPSMS?\r") and host.ask(b"AT\r") == OK


def test_defaults(make_host: HostMaker) -> None:
    host = make_host().quiet()
    defaults = b'\r\n+CPSMS: 0,,,"00101100","00001010"\r\n' + OK
    assert host.ask(b"AT+CPSMS?\r") == defaults
    assert host.ask(ASK) == OK
    assert host.ask(b"AT+CPSMS=2\r") == OK
    assert host.ask(b"AT+CPSMS?\r") == defaults


@pytest.mark.parametrize(
    "command",
    [b"AT+CPSMS=3", b'AT+CPSMS=1,,,"2"', b'AT+QPSMS=1,,,,"0000010"', b"AT+CPSMS=1,1"],
)
def test_wrong_settings(make_host: HostMaker, command: bytes) -> None:
    assert make_host().quiet().ask(command + b"\r") == ERROR


def test_without_a_network(make_host: HostMaker) -> None:
    """Nobody grants the timers. Once somebody does, they hold."""
    host = make_host(registration="searching").quiet()
    assert host.ask(ASK) == OK
    assert host.hear(HOUR) == b""
    host.emulator.set_registration("home")
    assert host.hear(30) == DOWN


# The power key


def test_the_key_wakes_it(make_host: HostMaker) -> None:
    """In the first second, it does not, and never turns the module off."""
    host = make_host().quiet()
    assert host.ask(ASK) == OK
    assert host.hear(19.95) == DOWN
    host.emulator.power_key()
    assert host.hear(60) == b""
    host.emulator.power_key(0.1)
    host.emulator.power_key()
    heard = host.hear(15)
    assert heard.startswith(START) and heard.count(START) == 1
    assert host.ask(b"ATE0\r").endswith(OK)


def test_the_key_starts_it(make_host: HostMaker) -> None:
    host = make_host().quiet()
    host.emulator.power_off()
    host.hear()
    host.emulator.power_key(0.4)
    assert host.hear(30) == b""
    host.emulator.power_key(0.5)
    host.emulator.power_key(0.5)
    heard = host.hear(30)
    assert heard.startswith(START) and heard.count(START) == 1


def test_the_key_turns_it_off(make_host: HostMaker) -> None:
    """If it is held for long enough."""
    host = make_host().quiet()
    host.emulator.power_key(0.6)
    assert host.hear(10) == b"" and host.ask(b"AT\r") == OK
    host.emulator.power_key(0.65)
    assert host.hear(10) == b"\r\nPOWERED DOWN\r\n" and host.ask(b"AT\r") == b""


# eDRX


def test_edrx_settings(make_host: HostMaker) -> None:
    host = make_host().quiet()
    assert host.ask(b"AT+CEDRXS?\r") == OK
    assert host.ask(b"AT+CEDRXRDP\r") == b"\r\n+CEDRXRDP: 0\r\n" + OK
    reported = b'\r\n+CEDRXP: 4,"0101","0101","0011"\r\n'
    assert host.ask(b'AT+CEDRXS=2,4,"0101"\r') == OK + reported
    assert host.ask(b"AT+CEDRXS?\r") == b'\r\n+CEDRXS: 4,"0101"\r\n' + OK
    granted = b'\r\n+CEDRXRDP: 4,"0101","0101","0011"\r\n'
    assert host.ask(b"AT+CEDRXRDP\r") == granted + OK
    assert host.ask(b'AT+CEDRXS=1,4,"01011"\r') == ERROR
    assert host.ask(b"AT+CEDRXS=0\r") == OK
    assert host.ask(b"AT+CEDRXS?\r") == OK


def test_edrx_delays_what_the_network_has(make_host: HostMaker) -> None:
    """A fast server is answered at once; a slow one, at the module's next look."""
    for delay, least, most in ((0.5, 0.5, 0.6), (9.0, 9.0, 9.1), (20.0, 20.1, 81.92)):
        host = make_host().online()
        assert host.ask(b'AT+CEDRXS=1,4,"0101"\r') == OK
        host.servers.answers = [[Delay(delay), response(b"hello")]]
        begun = host.clock.now()
        assert host.ask(b"AT+QHTTPGET=100\r") == OK
        host.port.timeout = 100
        assert host.port.read(18) == b"\r\n+QHTTPGET: 0,200"
        assert least <= host.clock.now() - begun <= most
