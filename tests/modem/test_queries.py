"""What the modem tells of its module: name, signal, registration, data usage."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from requests_bg96 import BG96Modem
from requests_bg96.errors import ModuleError, NoAnswer, TransferError
from tests.fuzz.scripted import ScriptedModule, known_to_pyserial
from tests.support import OK, rig


@contextlib.contextmanager
def module_with(command: bytes, lines: bytes) -> Iterator[BG96Modem]:
    """A modem whose module answers one command with these lines, all others with OK.

    :param lines: without OK, which follows unless they end with an error.
    """

    def answer(piece: bytes) -> bytes:
        if command not in piece:
            return OK
        return lines if b"ERROR" in lines else lines + OK

    module = ScriptedModule(answer)
    with known_to_pyserial(), BG96Modem(module.url, clock=module.clock) as modem:
        yield modem
    assert command in module.heard


def test_info() -> None:
    """The module tells its maker, model and revision."""
    with rig(model="BG95-M3") as made:
        found = made.modem.info()
        assert (found["manufacturer"], found["model"]) == ("Quectel", "BG95-M3")
        assert found["revision"] and "Revision" not in found["revision"]


def test_info_of_another_form() -> None:
    """The first three lines, in Latin-1, with the prefix or without."""
    lines = b"\r\nACME\xe9\r\nX-1 Revision: 2\r\nR3\r\nmore\r\n"
    with module_with(b"ATI\r", lines) as modem:
        assert modem.info() == {
            "manufacturer": "ACME\xe9",
            "model": "X-1 Revision: 2",
            "revision": "R3",
        }


def test_signal() -> None:
    """It is in dBm: <rssi> 20 is -73 (AT manual 6.3); unknown without a network."""
    with rig() as made:
        assert made.modem.command("AT+CSQ") == ["+CSQ: 20,99"]
        assert made.modem.signal() == -73
        made.emulator.set_registration("idle")
        assert made.modem.command("AT+CSQ") == ["+CSQ: 99,99"]
        assert made.modem.signal() is None


def signal(lines: bytes) -> int | None:
    """The signal if a module answers AT+CSQ with these lines."""
    with module_with(b"AT+CSQ\r", lines) as modem:
        return modem.signal()


@pytest.mark.parametrize("line", [b"", b"\r\n+CSQ: \r\n", b"\r\n+CSQ: \xb2,99\r\n"])
def test_no_signal(line: bytes) -> None:
    """A wrong answer is one of our errors, and the error has it."""
    text = r"^the module's answer has no number \(AT\+CSQ\)"
    with pytest.raises(TransferError, match=text):
        signal(line)


@pytest.mark.parametrize(
    ("rssi", "dbm"), [(b"0,99", -113), (b"2,0", -109), (b"31,7", -51), (b"99,99", None)]
)
def test_the_ends_of_the_scale(rssi: bytes, dbm: int | None) -> None:
    """It has -113 to -51 dBm, in steps of 2; 99 is unknown (AT manual 6.3)."""
    assert signal(b"\r\n+CSQ: %b\r\n" % rssi) == dbm


def test_the_first_signal() -> None:
    """It counts if there are several, and so does its first number."""
    assert signal(b"\r\n+CSQ: 20,99,3\r\n+CSQ: 21,99\r\n") == -73
    assert signal(b"\r\n+CSQ: 2\r\n+CSQ: 5,99\r\n") == -109


@pytest.mark.parametrize(
    ("state", "stat"), [("home", 1), ("roaming", 5), ("denied", 3), ("searching", 2)]
)
def test_registration(state: str, stat: int) -> None:
    """All three kinds, with reports on or off."""
    with rig(registration=state) as made:
        kinds = {"CREG": stat, "CGREG": stat, "CEREG": stat}
        assert made.modem.registration() == kinds
        made.modem.command("AT+CREG=2")
        assert made.modem.registration()["CREG"] == stat


def test_data_usage() -> None:
    """The module counts what it sends and receives."""
    with rig() as made:
        before = made.modem.data_usage()
        made.get()
        (request,) = made.servers.requests
        sent, received = made.modem.data_usage()
        assert sent - before.sent == len(request)
        assert received - before.received > 0
        made.modem.command("AT+QGDCNT=0")
        assert made.modem.data_usage() == (0, 0)


def test_the_first_data_usage() -> None:
    """It counts if there are several, and so do its first two numbers."""
    for first in (b"12,34", b"12,34,5"):
        lines = b"\r\n+QGDCNT: %b\r\n+QGDCNT: 6,7\r\n" % first
        with module_with(b"AT+QGDCNT?\r", lines) as modem:
            assert modem.data_usage() == (12, 34)


@pytest.mark.parametrize(
    "told", [b"", b"5", b"5,", b",5", b"x,y", b"-1,2", b"5,6x", b"1,\xb2"]
)
def test_no_data_usage(told: bytes) -> None:
    """An answer without two numbers is one of our errors."""
    text = r"^the module's answer has no two numbers \(AT\+QGDCNT\?\)"
    with module_with(b"AT+QGDCNT?\r", b"\r\n+QGDCNT: %b\r\n" % told) as modem:
        with pytest.raises(TransferError, match=text):
            modem.data_usage()


@pytest.mark.parametrize("name", ["info", "signal", "registration", "data_usage"])
def test_no_answer(name: str) -> None:
    """The caller does not wait for longer than the command may take."""
    with rig() as made:
        made.modem.open()
        made.emulator.module.answer_delay = 99.0
        before = made.clock.now()
        with pytest.raises(NoAnswer):
            getattr(made.modem, name)()
        assert 5.0 <= made.clock.now() - before < 6.0


@pytest.mark.parametrize("name", ["info", "signal", "data_usage"])
def test_an_error(name: str) -> None:
    """The caller gets the module's."""
    lines = b"\r\n+CME ERROR: 3\r\n"
    command = {"info": b"ATI\r", "signal": b"AT+CSQ\r", "data_usage": b"AT+QGDCNT?\r"}
    with module_with(command[name], lines) as modem:
        with pytest.raises(ModuleError) as caught:
            getattr(modem, name)()
    assert caught.value.err == 3
