"""`requests-bg96 ports`: modules by their serial numbers, and the other ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner
from serial.tools import list_ports, list_ports_common

from requests_bg96.cli.main import main


def module(place: str, number: str | None, first: int) -> list[Any]:
    """The ports of a module, as pyserial lists them."""
    found = []
    for interface in range(4):
        port = list_ports_common.ListPortInfo(f"/dev/ttyUSB{first + interface}")
        port.vid, port.pid, port.serial_number = 0x2C7C, 0x0296, number
        port.location = f"{place}:1.{interface}"
        found.append(port)
    return found


def uart(name: str) -> Any:
    """A port that is not on USB."""
    port = list_ports_common.ListPortInfo(name)
    port.description = "a UART"
    return port


def listed(monkeypatch: pytest.MonkeyPatch, *ports: Any) -> tuple[str, Any]:
    """The output for these ports, for people and for programs."""
    monkeypatch.setattr(list_ports, "comports", lambda: list(ports))
    text = CliRunner().invoke(main, ["ports"])
    data = CliRunner().invoke(main, ["ports", "--json"])
    assert text.exit_code == data.exit_code == 0
    return text.output, json.loads(data.output)


def test_one_module(monkeypatch: pytest.MonkeyPatch) -> None:
    text, data = listed(monkeypatch, uart("/dev/ttyS0"), *module("1-1", "a1b2", 0))
    assert text == (
        "BG96 on USB, serial number a1b2, plugged in at 1-1\n"
        "  /dev/ttyUSB0  diagnostics\n"
        "  /dev/ttyUSB1  GNSS\n"
        "  /dev/ttyUSB2  AT commands\n"
        "  /dev/ttyUSB3  PPP\n"
        "  use it with: --port usb:a1b2\n"
        "Other ports (a module on a UART is at one of them):\n"
        "  /dev/ttyS0  a UART\n"
        "Next: requests-bg96 doctor --port usb:a1b2\n"
    )
    (found,) = data["modules"]
    assert (found["name"], found["serial_number"]) == ("usb:a1b2", "a1b2")
    assert found["ports"][2] == {
        "port": "/dev/ttyUSB2",
        "open_in": [],
        "interface": 2,
        "purpose": "AT commands",
    }
    assert [one["port"] for one in data["others"]] == ["/dev/ttyS0"]


@pytest.mark.parametrize("number", [None, "same"])
def test_modules_that_no_number_tells_apart(
    monkeypatch: pytest.MonkeyPatch, number: str | None
) -> None:
    """They have the names of the system."""
    there = [*module("1-1", number, 0), *module("1-2", number, 4)]
    _, data = listed(monkeypatch, *there)
    assert [one["name"] for one in data["modules"]] == ["/dev/ttyUSB2", "/dev/ttyUSB6"]


def test_several_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [*module("1-1", "A", 0), *module("1-2", "B", 4), *module("1-3", None, 8)]
    text, data = listed(monkeypatch, *there)
    names = ["usb:A", "usb:B", "/dev/ttyUSB10"]
    assert [one["name"] for one in data["modules"]] == names
    assert "BG96 on USB, without a serial number, plugged in at 1-3\n" in text


def test_none(monkeypatch: pytest.MonkeyPatch) -> None:
    text, data = listed(monkeypatch)
    assert text == "There is no BG96 on USB (2c7c:0296).\n"
    assert data == {"modules": [], "others": []}


def test_a_module_without_its_at_port(monkeypatch: pytest.MonkeyPatch) -> None:
    text, data = listed(monkeypatch, *module("1-1", "A", 0)[:2])
    assert "its AT port is missing" in text and data["modules"][0]["name"] is None


HOLDER = """
import os, sys
os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print(flush=True)
sys.stdin.read()
"""


def test_who_has_a_port_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output names it; test_host.py shows how it is found."""
    ends = os.openpty()
    path = os.ttyname(ends[1])
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None and program.stdout.readline()
        text, data = listed(monkeypatch, uart(path))
        (holder,) = data["others"][0]["open_in"]
        assert holder["process"] == program.pid
        assert f"open in {holder['name']} (process {program.pid})" in text
        program.communicate()
    for end in ends:
        os.close(end)
