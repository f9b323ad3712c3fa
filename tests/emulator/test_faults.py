"""Faults as data, each at its byte."""

from __future__ import annotations

from typing import Any

import pytest
import serial

from requests_bg96.emulator import Fault
from tests.emulator.host import CONNECT, OK, HostMaker, cme, response

ECHO = b"AT\r"


def to_host(offset: int, action: Any, **details: Any) -> Fault:
    """Return a fault in the bytes to the host."""
    return Fault("to_host", offset, action, **details)


def from_host(offset: int, action: Any, **details: Any) -> Fault:
    """Return a fault in the bytes to the module."""
    return Fault("from_host", offset, action, **details)


def test_faults_are_checked() -> None:
    with pytest.raises(ValueError, match="no direction"):
        Fault("sideways", 0, "drop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no action"):
        Fault("to_host", 0, "explode")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fault, heard",
    [
        (to_host(5, "drop"), b"AT\r\r\nK\r\n"),
        (to_host(3, "drop", count=6), b"AT\r"),
        (to_host(5, "double"), b"AT\r\r\nOOK\r\n"),
        (to_host(0, "double", count=2), b"AATT\r\r\nOK\r\n"),
        (from_host(1, "drop"), b"A\r"),
        (from_host(2, "drop"), b"AT"),
        (from_host(0, "double"), b"AAT\r\r\nOK\r\n"),
        (to_host(9, "drop"), b"AT\r\r\nOK\r\n"),
        (to_host(5, "insert", data=b"!?"), b"AT\r\r\n!?OK\r\n"),
        (to_host(0, "insert", data=b"!?"), b"!?AT\r\r\nOK\r\n"),
        (to_host(9, "insert", data=b"!?"), b"AT\r\r\nOK\r\n!?"),
        (from_host(2, "insert", data=b"E1"), b"ATE1\r\r\nOK\r\n"),
        (from_host(3, "insert", data=b"AT\r"), (ECHO + OK) * 2),
    ],
)
def test_bytes_are_harmed(any_host: HostMaker, fault: Fault, heard: bytes) -> None:
    assert any_host(faults=[fault]).ask(ECHO) == heard


def test_noise(any_host: HostMaker) -> None:
    heard = any_host(faults=[to_host(5, "garble", count=2)]).ask(ECHO)
    assert len(heard) == 9
    assert (heard[:5], heard[7:]) == (b"AT\r\r\n", b"\r\n")
    assert heard[5:6] != b"O" and heard[6:7] != b"K"


def test_each_fault_strikes_once(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(0, "drop"), to_host(5, "drop")])
    assert host.ask(ECHO) == b"T\r\r\nK\r\n"
    assert host.ask(ECHO) == ECHO + OK


def test_offsets_count_from_a_mark(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(12, "drop")])
    for _ in range(4):
        assert host.ask(ECHO) == ECHO + OK
        host.emulator.mark()
    assert host.ask(ECHO) == ECHO + OK
    assert host.ask(ECHO) == b"AT\r\nOK\r\n"


def test_a_fault_is_added_midway(any_host: HostMaker) -> None:
    host = any_host()
    assert host.ask(ECHO) == ECHO + OK
    host.emulator.add_fault(to_host(5, "drop"))
    host.emulator.add_fault(from_host(2, "insert", data=b"E1"))
    assert host.ask(ECHO) == b"ATE1\r\nOK\r\n"


def test_a_silence(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(5, "silence", seconds=10)])
    assert host.ask(ECHO, 9) == b"AT\r\r\n"
    assert host.hear(2) == b"OK\r\n"
    host = any_host(faults=[from_host(1, "silence", seconds=10)])
    assert host.ask(ECHO, 9) == b"A"
    assert host.hear(2) == b"T\r" + OK


def test_silence_for_ever(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(5, "silence")])
    assert host.ask(ECHO) == b"AT\r\r\n"
    assert host.ask(ECHO, 10000) == b""


def test_a_urc(any_host: HostMaker) -> None:
    host = any_host(faults=[from_host(8, "urc", data=b"RING")]).quiet()
    assert host.ask(ECHO) == b"\r\nRING\r\n" + OK


def test_a_command_fails(any_host: HostMaker) -> None:
    host = any_host(faults=[from_host(8, "cme", code=703)])
    assert host.ask(ECHO) == ECHO + OK
    assert host.ask(b"AT+GMM\r") == b"AT+GMM\r" + cme(703)
    assert host.ask(b"AT+GMM\r").endswith(OK)


def test_a_command_in_progress_fails(any_host: HostMaker) -> None:
    sent = b'ATE0\rAT+QFUPL="f",10\r'
    host = any_host(faults=[from_host(len(sent) + 5, "cme", code=421)])
    host.quiet()
    assert host.ask(b'AT+QFUPL="f",10\r') == CONNECT
    assert host.ask(b"12345") == cme(421)
    # The payload is now a line without AT.
    assert host.ask(b"\r") == b""
    assert host.ask(ECHO) == OK


def test_a_command_that_fails_gives_its_exchange_up(make_host: HostMaker) -> None:
    host = make_host().online()
    host.ask(b'AT+QHTTPCFG="requestheader",1\r')
    assert host.ask(b"AT+QHTTPPOST=50,10,10\r") == CONNECT
    host.emulator.add_fault(from_host(5, "cme", code=718))
    assert host.ask(b"POST ") == cme(718)
    assert host.ask(b"\rAT+QHTTPPOST=50,10,10\r") == CONNECT


def test_a_connection_breaks(make_host: HostMaker) -> None:
    host = make_host(faults=[to_host(5000, "hang_up")]).online()
    host.servers.answers.append(response(b"x" * 100000))
    host.ask(b"AT+QHTTPGET\r")
    heard = host.ask(b"AT+QHTTPREAD\r")
    assert heard.startswith(CONNECT) and heard.endswith(cme(717))
    assert 4000 < heard.count(b"x") < 20000


@pytest.mark.parametrize("action", ["reset", "reset_quiet", "power_down"])
def test_the_module_goes_down(any_host: HostMaker, action: Any) -> None:
    host = any_host(faults=[from_host(8, action)])
    assert host.ask(b"ATE0\r").endswith(OK)
    heard = host.ask(ECHO) + host.ask(ECHO, 20)
    said = {"reset": b"RDY", "reset_quiet": b"", "power_down": b"POWERED DOWN"}
    assert said[action] in heard and b"OK" not in heard
    assert host.emulator.module.power.on == (action != "power_down")


def test_a_context_is_lost(any_host: HostMaker) -> None:
    host = any_host(faults=[from_host(20, "lose_context")]).quiet(b"AT+QIACT=1")
    assert b'+QIURC: "pdpdeact",1\r\n' in host.ask(b"AT\r") + host.ask(b"AT\r")
    assert host.ask(b"AT+QIACT?\r") == OK


def test_the_cable_goes(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(5, "unplug")])
    with pytest.raises(serial.SerialException, match="disconnected"):
        host.ask(ECHO)
    host.port.close()
    host.emulator.plug()
    host.port.open()
    assert host.ask(ECHO) == ECHO + OK


def test_the_cable_is_back_at_once(any_host: HostMaker) -> None:
    host = any_host(faults=[to_host(5, "replug")])
    with pytest.raises(serial.SerialException, match="disconnected"):
        host.ask(ECHO)
    host.port.close()
    host.port.open()
    assert host.ask(ECHO) == ECHO + OK
