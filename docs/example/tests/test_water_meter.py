"""The product's tests. None of them needs a modem."""

from __future__ import annotations

import pytest
from conftest import Server
from water_meter import Meter, main

from requests_bg96.emulator import Emulator, Fault, VirtualClock

URL = "http://example.org/readings"


def test_a_report(server: Server) -> None:
    """The server gets the reading."""
    assert Meter(URL).report(1234.5)
    assert server.readings == [1234.5]


def test_a_busy_server(server: Server, bg96_clock: VirtualClock) -> None:
    """A report is repeated, and counts once."""
    server.busy = 2
    assert Meter(URL).report(1234.5)
    assert server.readings == [1234.5]


def test_a_modem_that_restarts(
    server: Server, bg96_emulator: Emulator, bg96_clock: VirtualClock
) -> None:
    """It loses its power while it gets the URL; the report arrives nevertheless."""
    meter = Meter(URL)
    meter.report(1)
    bg96_emulator.add_fault(Fault("from_host", 30, "reset"))
    assert meter.report(2)
    assert server.readings == [1, 2]


@pytest.mark.bg96(registration="searching")
def test_no_network(
    server: Server, bg96_clock: VirtualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The product says so, and goes on."""
    assert not Meter(URL).report(1234.5)
    assert "not registered" in capsys.readouterr().err
    assert server.readings == []


@pytest.mark.bg96(baudrate=9_600)
def test_a_slow_line(server: Server, bg96_clock: VirtualClock) -> None:
    """At 9,600 baud a report takes less than two seconds."""
    began = bg96_clock.now()
    assert Meter(URL).report(1234.5)
    assert bg96_clock.now() - began < 2


def test_the_program(
    server: Server, bg96_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole program, with the emulator in place of its serial port."""
    monkeypatch.setenv("BG96_PORT", bg96_emulator.url)
    monkeypatch.setenv("WATER_METER_URL", URL)
    monkeypatch.setattr("sys.argv", ["water-meter", "1234.5"])
    assert main() == 0
    assert server.readings == [1234.5]
