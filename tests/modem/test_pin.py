"""A wrong PIN never locks a SIM, however often a program starts."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Fault, Switches
from requests_bg96.emulator.switches import allowed_values
from tests.support import SOMEWHERE, Rig, rig

FIRMWARES = allowed_values()["pin_attempts"]
TRIED = "bg96pin.try"


def started(made: Rig, pin: str) -> str:
    """The error of a program that starts, asks for something and ends; or None."""
    adapter = BG96Adapter(made.emulator.url, pin=pin, clock=made.clock)
    with requests.Session() as session:
        session.mount("http://", adapter)
        try:
            assert session.get(SOMEWHERE, timeout=20).content == b"hello"
        except requests.ConnectionError as error:
            return str(error)
    return ""


def restarted(made: Rig) -> None:
    """The module loses its supply, and asks for the PIN again."""
    made.emulator.reset()
    made.clock.sleep(20)


def locked(firmware: str, **options: Any) -> Any:
    """A module whose SIM has the PIN 7291."""
    switches = Switches.from_text({"pin_attempts": firmware})
    return rig(sim="pin", pin="7291", switches=switches, **options)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_wrong_pin(firmware: str) -> None:
    """It is tried once, by any program, before and after a restart."""
    with locked(firmware) as made:
        assert "refuses the PIN" in started(made, "0000")
        for turn in range(6):
            text = started(made, "0000")
            assert "not tried again" in text and "0000" not in text
            if turn % 2:
                restarted(made)
        assert made.written.count(b"AT+CPIN=") == 1
        assert made.emulator.module.sim.pin_attempts == 2


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_a_right_pin(firmware: str) -> None:
    """It is entered at each start of the module; no record is left."""
    with locked(firmware) as made:
        for _ in range(4):
            assert started(made, "7291") == ""
            assert made.emulator.module.files.names() == []
            restarted(made)
        assert made.written.count(b"AT+CPIN=") == 4


def test_what_the_text_says_to_do() -> None:
    """After the PIN is entered by hand and the file deleted, it works."""
    with locked("refused") as made:
        started(made, "0000")
        assert TRIED in made.emulator.module.files.names()
        modem = made.modem
        modem.command('AT+CPIN="7291"')
        # It is not one of the files to clean up.
        assert modem.files.delete_own() == {}
        assert modem.files.delete(TRIED)
        modem.close()
        restarted(made)
        assert started(made, "7291") == ""


def test_an_answer_that_is_lost() -> None:
    """The SIM is ready, so it was right: no record is left."""
    with locked("refused") as well:
        started(well, "7291")
        answer = well.heard.index(b"\r\n+QFUPL:")
        offset = well.heard.index(b"\r\nOK\r\n\r\n+CPIN: READY", answer)
    lost = Fault("to_host", offset, "drop", count=len(b"\r\nOK\r\n"))
    with locked("refused", faults=[lost]) as made:
        assert started(made, "7291") == ""
        assert made.written.count(b"AT+CPIN=") == 1
        assert made.emulator.module.files.names() == []


def test_a_module_without_files() -> None:
    """The PIN is not tried, because nothing could warn the next program."""
    with locked("refused") as well:
        started(well, "7291")
        offset = well.written.index(b'AT+QFUPL="bg96pin.try"')
    full = Fault("from_host", offset + 9, "cme", code=406)
    with locked("refused", faults=[full]) as made:
        assert "so the PIN is not tried" in started(made, "7291")
        assert b"AT+CPIN=" not in made.written
