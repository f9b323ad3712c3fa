"""The modem alone, without requests."""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from serial.tools import list_ports, list_ports_common

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.at.port import find_port, resolved
from requests_bg96.emulator import Delay, Emulator, VirtualClock
from requests_bg96.errors import BG96Error, LimitError, ModuleError, NoAnswer, PortError
from requests_bg96.stats import Cost
from tests.support import SOMEWHERE, response, rig


@contextlib.contextmanager
def modem_on(**options: Any) -> Iterator[tuple[BG96Modem, Emulator]]:
    """A modem over an emulator, in virtual time."""
    clock = VirtualClock()
    with Emulator(clock=clock, **options) as emulator:
        modem = BG96Modem(emulator.url, clock=clock)
        yield modem, emulator
        modem.close()


def at(modem: BG96Modem) -> str:
    """The state of the modem."""
    return modem.state.name


def test_life() -> None:
    """It opens when it is needed, each time."""
    with modem_on() as (modem, emulator):
        assert at(modem) == "CLOSED"
        assert repr(modem) == f"<BG96Modem on {emulator.url}, closed>"
        with modem as same:
            assert same is modem and at(modem) == "READY"
            assert repr(modem) == f"<BG96Modem on {emulator.url}, ready>"
            modem.open()
        assert at(modem) == "CLOSED"
        modem.close()
        assert modem.info()["model"] == "BG96"
        assert at(modem) == "READY"


def test_states_of_an_exchange() -> None:
    """Each state is shown."""
    with rig([response(b"12345", b"Content-Length: 10"), Delay(20), b"67890"]) as made:
        answer = made.get(stream=True)
        assert at(made.modem) == "READING"
        assert "reading a response" in repr(made.adapter)
        assert answer.content == b"1234567890"
        assert at(made.modem) == "READY"
        made.servers.answers = [[response(b"", b"Content-Length: 10"), Delay(99)]]
        with pytest.raises(requests.ConnectionError):
            # The module itself would wait for 5 s.
            made.get(timeout=4.5)
        assert at(made.modem) == "UNKNOWN"
        assert "to be resynchronised" in repr(made.modem)
        assert made.modem.signal() is not None
        assert at(made.modem) == "READY"


def test_repr_without_a_port() -> None:
    """The port is not known yet."""
    assert repr(BG96Modem()) == "<BG96Modem on the port to be found, closed>"


def test_reprs_of_parts() -> None:
    """None of them shows a password or a PIN."""
    modem = BG96Modem("x", apn="a", password="hunter2", pin="4711")
    shown = f"{modem!r} {BG96Adapter(modem)!r} {modem.settings!r}"
    assert "hunter2" not in shown and "4711" not in shown


def test_open_fails() -> None:
    """It fails in its own time, with an error of ours."""
    with modem_on() as (modem, emulator):
        emulator.power_off()
        with pytest.raises(BG96Error):
            modem.open(timeout=5)
        assert emulator.clock.now() < 6
        with pytest.raises(PortError):
            BG96Modem("emulator://nobody").open()


# Commands


def test_command() -> None:
    """Information lines, without their line ends."""
    with modem_on() as (modem, _):
        assert modem.command("ATI")[:2] == ["Quectel", "BG96"]
        assert modem.command("at+csq") == modem.command("AT+CSQ")
        assert modem.command("AT+CSQ")[0].startswith("+CSQ: ")
        assert modem.command("AT") == []
        assert len(modem.command("AT+GSN")[0]) == 15


def test_command_that_fails() -> None:
    """The error has its number, but no secrets."""
    with modem_on(sim="pin") as (modem, _):
        with pytest.raises(ModuleError) as caught:
            modem.command('AT+CPIN="9999"')
        assert caught.value.err == 16 and "9999" not in str(caught.value)
        assert "AT+CPIN=..." in str(caught.value)
        with pytest.raises(ModuleError, match="ERROR"):
            modem.command("AT+NONSENSE")


def test_command_that_takes_long() -> None:
    """As long as the caller allows; its answer is not that of the next one."""
    with modem_on(answer_delay=3.0) as (modem, emulator):
        emulator.module.answer_delay = 0.0
        modem.open()
        emulator.module.answer_delay = 3.0
        with pytest.raises(NoAnswer):
            modem.command("AT+CSQ", timeout=1.0)
        emulator.module.answer_delay = 0.0
        assert modem.command("ATI")[0] == "Quectel"


@pytest.mark.parametrize("command", ["AT+QHTTPURL=10,10", 'AT+QFUPL="x",10'])
def test_command_that_wants_data(command: str) -> None:
    """It is refused, and the module stays in command mode."""
    with modem_on() as (modem, _):
        with pytest.raises(LimitError, match="data"):
            modem.command(command)
        assert modem.command("ATI")[0] == "Quectel"


def test_what_a_command_changes_is_set_right() -> None:
    """The next request does it."""
    with rig() as made:
        assert made.get().content == b"hello"
        for command in (
            'AT+QHTTPCFG="requestheader",0',
            "AT+QIDEACT=1",
            "ATE1",
            "AT+CMEE=0",
            "AT+CFUN=1,1",
        ):
            made.modem.command(command)
            assert made.get(timeout=60).content == b"hello"
        sent = set(made.servers.requests)
        assert len(sent) == 1


def test_what_a_request_costs() -> None:
    """Payload and line, as the statistics count them, and the module's own count."""
    with rig(response(b"x" * 1_000)) as made:
        made.get()
        before, size = made.modem.stats.line_bytes_down, len(made.heard)
        with made.modem.measure() as cost:
            assert cost == Cost()
            answer = made.get()
        _, request = made.servers.requests
        assert cost.requests == 1 and cost.bytes_up == len(request)
        assert cost.bytes_down == len(response(answer.content))
        assert cost.air == (len(request), cost.bytes_down)
        # The answers to the module's two questions for its count are not in it.
        asked = len(made.heard) - size - cost.line_bytes_down
        assert asked == made.modem.stats.line_bytes_down - before - cost.line_bytes_down
        assert 2 * len("+QGDCNT: 0,0") < asked
        assert cost.line_bytes_up > cost.bytes_up


def test_the_cost_of_nothing() -> None:
    """The port may be closed before and after."""
    with rig() as made:
        with made.modem.measure() as cost:
            made.modem.close()
        assert (cost.requests, cost.bytes_up, cost.bytes_down) == (0, 0, 0)
        assert cost.line_bytes_up == 0 and cost.air is None


def test_the_cost_across_a_restart() -> None:
    """The module's count begins again, so the difference would be wrong."""
    with rig() as made:
        made.get()
        with made.modem.measure() as cost:
            made.emulator.reset()
            made.get(timeout=60)
        assert cost.requests == 1 and cost.air is None


def test_the_cost_without_a_module() -> None:
    """The error is that of the request, and what was sent before it counts."""
    with rig() as made:
        made.emulator.power_off()
        with pytest.raises(requests.ConnectionError), made.modem.measure() as cost:
            made.get(timeout=5)
        assert cost.requests == 0 and cost.line_bytes_up > 0 and cost.air is None


# Sharing


def test_two_adapters_share_one() -> None:
    """Its owner closes it."""
    with rig() as made:
        with requests.Session() as other:
            other.mount("http://", BG96Adapter(made.modem))
            assert other.get(SOMEWHERE).content == b"hello"
            assert made.get().content == b"hello"
        assert at(made.modem) == "READY"
        assert made.get().content == b"hello"
        made.session.close()
        assert at(made.modem) == "CLOSED"


def test_commands_and_requests_from_threads() -> None:
    """Each has the modem alone for as long as it needs it."""
    with rig() as made:
        found: list[object] = []

        def commands() -> None:
            for _ in range(10):
                found.append(made.modem.command("ATI")[1])

        def requests_() -> None:
            for _ in range(10):
                found.append(made.get(timeout=60).content)

        threads = [threading.Thread(target=one) for one in (commands, requests_) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(map(str, found)) == ["BG96"] * 20 + ["b'hello'"] * 20


def test_a_command_while_a_response_is_unread() -> None:
    """The response is kept for its reader."""
    with rig(response(b"x" * 10_000)) as made:
        answer = made.get(stream=True)
        assert answer.raw.read(10) == b"x" * 10
        assert made.modem.command("ATI")[1] == "BG96"
        assert len(answer.content) == 9_990


def test_closing_with_a_response_unread() -> None:
    """The bytes that have come are read first."""
    with rig(response(b"x" * 10_000)) as made:
        answer = made.get(stream=True)
        made.modem.close()
        assert at(made.modem) == "CLOSED"
        assert len(answer.content) == 10_000
        made.servers.answers = [[response(b"", b"Content-Length: 10"), Delay(999)]]
        answer = made.get(stream=True)
        started = made.clock.now()
        made.modem.close()
        assert made.clock.now() - started < 15
        with pytest.raises(
            requests.exceptions.ChunkedEncodingError, match="was closed"
        ):
            assert answer.content is None
        made.servers.answers = [response(b"next")]
        assert made.get(timeout=60).content == b"next"


@pytest.mark.parametrize("open_first", [True, False])
def test_pickling(open_first: bool) -> None:
    """A modem, an adapter and a session, with their settings and without a port."""
    settings = {"apn": "iot.example", "timeout": (7.0, 8.0), "keep_alive": True}
    with rig(adapter={**settings, "clock": None}) as made:
        if open_first:
            made.session.get(SOMEWHERE)
        session = pickle.loads(pickle.dumps(made.session))
        made.session.close()
        adapter = session.get_adapter("http://x")
        assert isinstance(adapter, BG96Adapter)
        assert adapter.modem.settings == made.modem.settings
        assert (adapter.timeout, adapter.keep_alive) == ((7.0, 8.0), True)
        assert at(adapter.modem) == "CLOSED"
        assert session.get(SOMEWHERE).content == b"hello"
        session.close()
        assert at(adapter.modem) == "CLOSED"


# Finding the port


def usb(device: str, *, vid: int = 0x2C7C, pid: int = 0x0296, **more: str) -> Any:
    """The data of a port from pyserial."""
    info = list_ports_common.ListPortInfo(device)
    info.vid, info.pid = vid, pid
    info.location = more.get("location", "")
    info.serial_number = more.get("serial_number")
    return info


def found(monkeypatch: pytest.MonkeyPatch, *ports: Any) -> str:
    """The port found among these."""
    monkeypatch.setattr(list_ports, "comports", lambda: list(ports))
    return find_port()


def test_find_port_by_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third interface is for AT commands, whatever its name in the system."""
    ports = [usb(f"/dev/ttyUSB{9 - i}", location=f"1-1:1.{i}") for i in range(4)]
    assert found(monkeypatch, usb("/dev/ttyS0", vid=1), *ports) == "/dev/ttyUSB7"


def test_find_port_by_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system does not tell interfaces."""
    ports = [usb(f"COM{i}") for i in (6, 3, 5, 4)]
    assert found(monkeypatch, *ports) == "COM5"


def test_find_port_by_order_beyond_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    """COM10 comes after COM9."""
    ports = [usb(f"COM{i}") for i in (8, 9, 10, 11)]
    assert found(monkeypatch, *ports) == "COM10"


def test_find_port_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is taken for a module."""
    with pytest.raises(PortError, match="Pass its port; there is /dev/ttyS0, COM1"):
        found(monkeypatch, usb("/dev/ttyS0", pid=1), usb("COM1", vid=1))
    with pytest.raises(PortError, match="no port at all"):
        found(monkeypatch)


def test_find_port_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller has to choose."""
    one = [usb(f"a{i}", location=f"1-1:1.{i}", serial_number="1") for i in range(4)]
    two = [usb(f"b{i}", location=f"1-2:1.{i}", serial_number="2") for i in range(4)]
    with pytest.raises(PortError, match="several modules.*a0.*b3"):
        found(monkeypatch, *one, *two)


def test_find_port_by_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells modules apart. The error names those that are there."""
    one = [usb(f"a{i}", location=f"1-1:1.{i}", serial_number="1") for i in range(4)]
    two = [usb(f"b{i}", location=f"1-2:1.{i}", serial_number="2") for i in range(4)]
    bare = [usb(f"c{i}", location=f"1-3:1.{i}") for i in range(4)]
    monkeypatch.setattr(list_ports, "comports", lambda: [*one, *two, *bare])
    assert resolved("usb:2") == "b2" and resolved("USB:1") == "a2"
    there = "number 3; pass one of these: 1, 2, one without"
    with pytest.raises(PortError, match=there):
        resolved("usb:3")
    with pytest.raises(PortError, match="several modules"):
        resolved(None)
    assert resolved("/dev/ttyS0") == "/dev/ttyS0"


def test_a_module_without_its_at_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other of its ports is used."""
    ports = [usb(f"a{i}", location=f"1-1:1.{i}") for i in (0, 1, 3)]
    with pytest.raises(PortError, match="has no AT port, only a0, a1, a3"):
        found(monkeypatch, *ports)


def test_a_port_by_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modem opens it. The error for a missing one says so."""
    with Emulator() as emulator:
        port = usb(emulator.url, location="1-1:1.2", serial_number="A1")
        monkeypatch.setattr(list_ports, "comports", lambda: [port])
        with BG96Modem("usb:A1") as modem:
            assert modem.info()["model"] == "BG96"
        with pytest.raises(PortError, match="no BG96 on USB has the serial number B2"):
            BG96Modem("usb:B2").open()
