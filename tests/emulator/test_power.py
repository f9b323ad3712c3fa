"""Start, reset and power-off (AT manual 2.22, 11.1, 12.7)."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import Switches
from tests.emulator.host import CONNECT, OK, HostMaker

BOOT = (
    b"\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n"
    b"\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n"
)


def test_a_restart_by_command(any_host: HostMaker) -> None:
    host = any_host().quiet(b"AT+QIACT=1")
    assert host.ask(b"AT+CFUN=1,1\r") == OK + b"\r\nPOWERED DOWN\r\n"
    assert host.hear(2.9) == b""
    assert host.hear(0.2) == b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.ask(b"AT\r", 2.6) == b""
    assert host.hear(5) == BOOT
    assert host.ask(b"AT\r") == b"AT\r" + OK


def test_a_restart_without_context(any_host: HostMaker) -> None:
    host = any_host().quiet()
    assert host.ask(b"AT+CFUN=1,1\r", 20) == OK + b"\r\nPOWERED DOWN\r\n" + BOOT


@pytest.mark.parametrize(
    "wanted, lines", [("full", BOOT), ("rdy", b"\r\nRDY\r\n"), ("none", b"")]
)
def test_what_a_start_prints(any_host: HostMaker, wanted: Any, lines: bytes) -> None:
    host = any_host(switches=Switches(boot_urcs=wanted))
    host.emulator.reset()
    assert host.hear(20) == lines
    host.emulator.reset(urcs=False)
    assert host.hear(20) == b""


@pytest.mark.parametrize("sim, text", [("pin", b"SIM PIN"), (None, b"NOT READY")])
def test_what_a_start_says_of_the_sim(
    any_host: HostMaker, sim: str | None, text: bytes
) -> None:
    host = any_host(sim=sim)
    host.emulator.reset()
    assert host.hear(20) == (
        b"\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: " + text + b"\r\n"
    )


def test_the_sim_is_busy_at_first(any_host: HostMaker) -> None:
    host = any_host()
    host.emulator.reset(urcs=False)
    host.hear(6)
    assert host.ask(b"ATE0\r") == b"ATE0\r" + OK
    assert host.ask(b"AT+CPIN?\r") == b"\r\n+CME ERROR: 14\r\n"
    assert host.ask(b"AT+CEREG=1\r") == OK
    assert host.hear(5) == b"\r\n+CEREG: 1\r\n"


def test_the_sim_is_ready_long_before_the_start_is_over(make_host: HostMaker) -> None:
    """Logs of BG96 have READY 178 ms after RDY, and APP RDY after eleven commands."""
    host = make_host()
    host.emulator.reset()
    assert host.hear(5.9) == b"\r\nRDY\r\n"
    assert host.ask(b"ATE0\r", 0.178) == b"ATE0\r" + OK
    ready = b"\r\n+CPIN: READY\r\n"
    for _ in range(11):
        assert host.ask(b"AT+CPIN?\r", 0.1) == ready + OK
    told = host.hear(0.5)
    assert told.startswith(b"\r\nAPP RDY\r\n") and ready in told


def test_a_pin_is_asked_for_before_the_start_is_over(make_host: HostMaker) -> None:
    host = make_host(sim="pin")
    host.emulator.reset()
    host.hear(6.1)
    host.ask(b"ATE0\r")
    assert host.ask(b"AT+CPIN?\r") == b"\r\n+CPIN: SIM PIN\r\n" + OK


def test_a_reset_forgets_what_is_volatile(any_host: HostMaker) -> None:
    host = any_host().online(requestheader=1, responseheader=1)
    host.emulator.reset(urcs=False)
    host.hear(20)
    host.quiet()
    assert host.ask(b"AT+QHTTPURL?\r") == OK
    assert host.ask(b"AT+QIACT?\r") == OK
    assert host.ask(b'AT+QHTTPCFG="requestheader"\r').startswith(
        b'\r\n+QHTTPCFG: "requestheader",0'
    )


def test_a_reset_ends_what_is_under_way(any_host: HostMaker) -> None:
    host = any_host().online()
    assert host.ask(b"AT+QHTTPPOST=10,60,60\r") == CONNECT
    host.emulator.reset(urcs=False)
    assert host.ask(b"AT\r", 20) == b""
    assert host.ask(b"AT\r") == b"AT\r" + OK
    assert not host.port.cd


@pytest.mark.parametrize("cmee", [0, 1, 2])
def test_the_firmware_says_how_errors_look_after_a_start(
    any_host: HostMaker, cmee: Any
) -> None:
    host = any_host(switches=Switches(cmee_after_reset=cmee, echo_after_reset=False))
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: %d\r\n" % cmee + OK
    host.emulator.reset(urcs=False)
    host.hear(10)
    assert host.ask(b"AT+CMEE?\r") == b"\r\n+CMEE: %d\r\n" % cmee + OK


@pytest.mark.parametrize("command", [b"AT+QPOWD", b"AT+QPOWD=1", b"AT+QPOWD=0"])
def test_power_off(any_host: HostMaker, command: bytes) -> None:
    host = any_host().quiet()
    assert host.ask(command + b"\r", 10) == OK + b"\r\nPOWERED DOWN\r\n"
    assert host.ask(b"AT\r", 100) == b""
    assert not host.port.dsr
    host.emulator.reset()
    assert host.hear(20) == BOOT


def test_power_off_from_outside(any_host: HostMaker) -> None:
    host = any_host().quiet()
    host.emulator.power_off()
    assert host.hear() == b"\r\nPOWERED DOWN\r\n"
    host.emulator.power_off()
    assert host.hear() == b""
