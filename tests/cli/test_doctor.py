"""`requests-bg96 doctor`: its findings, and that it changes nothing by itself."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from requests_bg96 import BG96Modem
from requests_bg96.base.codes import BAUDRATES
from requests_bg96.cli.checks import Finding, Level, examine
from requests_bg96.cli.host import others_at
from requests_bg96.cli.main import main
from requests_bg96.cli.radio import RadioNetwork
from requests_bg96.emulator import Emulator, Fault, VirtualClock
from tests.support import rig


def doctor(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["doctor", *arguments])


def findings(url: str, *arguments: str) -> tuple[int, dict[str, str]]:
    """Return the exit status, and the finding of each check."""
    result = doctor("--port", url, "--json", *arguments)
    found = json.loads(result.output)
    return result.exit_code, {one["check"]: one["level"] for one in found}


@pytest.fixture
def ready() -> Iterator[Emulator]:
    """A module with an active PDP context."""
    with Emulator() as emulator:
        with BG96Modem(emulator.url) as modem:
            modem.command("AT+QIACT=1")
        yield emulator


CHECKS = [
    *["module", "SIM", "signal", "network", "cell", "registration", "attach"],
    *[
        "APN",
        "PDP context",
        "name server",
        "settings",
        "clock",
        "speed",
        "flow control",
    ],
]


def test_a_module_that_is_ready(ready: Emulator) -> None:
    """A request would work."""
    status, found = findings(ready.url, "--repair")
    assert status == 0 and [*found] == CHECKS
    # Only settings for HTTPS are left.
    assert {name for name, level in found.items() if level != "ok"} == {"clock"}
    assert found["clock"] == "first request"


def test_a_module_fresh_from_power_on() -> None:
    """It has no fault: the first request sets it up."""
    with Emulator() as emulator:
        status, found = findings(emulator.url, "--apn", "iot.example")
        later = {name for name, level in found.items() if level == "first request"}
        assert status == 0 and {*found.values()} == {"ok", "first request"}
        assert later == {"APN", "PDP context", "name server", "settings", "clock"}
        text = doctor("--port", emulator.url).output
    assert "later   PDP context   context 1 is not active\n" in text
    assert (
        "A request would work. The first one sets up: PDP context, name server, "
        "settings, clock.\n" in text
    )


def test_what_the_doctor_calls_later_is_done() -> None:
    """The first request does it, and nothing else does."""
    with rig(b"HTTP/1.1 204 No Content\r\n\r\n", adapter={"apn": "iot.example"}) as one:
        one.get()
        before = [finding.level for finding in examine(one.modem)]
        assert before.count(Level.LATER) == 1 and Level.FAULT not in before


@pytest.mark.parametrize(
    "options, check, level",
    [
        ({"sim": None}, "SIM", "fault"),
        ({"sim": "pin"}, "SIM", "fault"),
        ({"sim": "puk"}, "SIM", "fault"),
        ({"registration": "searching"}, "registration", "warning"),
        ({"registration": "searching"}, "signal", "fault"),
        ({"registration": "searching"}, "cell", "warning"),
        ({"registration": "idle"}, "registration", "fault"),
        ({"registration": "denied"}, "registration", "fault"),
    ],
)
def test_what_is_wrong(options: dict[str, str | None], check: str, level: str) -> None:
    """The finding names it and what to do; the exit status is 1."""
    with Emulator(**options) as emulator:  # type: ignore[arg-type]
        status, found = findings(emulator.url)
        assert status == 1 and found[check] == level


def test_a_search_after_power_on() -> None:
    """Nothing is wrong yet, and no request would work either."""
    with Emulator(registration="searching") as emulator:
        result = doctor("--port", emulator.url)
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last.startswith("No request would work yet. The module searches for")
    with Emulator(registration="denied") as emulator:
        result = doctor("--port", emulator.url)
    last = "No request would work. Check: signal, registration."
    assert result.output.splitlines()[-1] == last


def test_no_port_and_no_module() -> None:
    """There is one finding, and no further check."""
    text = doctor("--port", "/dev/does-not-exist")
    assert text.exit_code == 1 and "there is no such port" in text.output
    status, found = findings("/dev/does-not-exist")
    assert (status, found) == (1, {"port": "fault"})
    with Emulator(clock=VirtualClock()) as emulator:
        emulator.power_off()
        modem = BG96Modem(emulator.url, clock=emulator.clock)
        (only,) = examine(modem)
        assert (only.check, only.level) == ("module", Level.FAULT)


def test_a_locked_sim_with_its_pin() -> None:
    """The first request unlocks it; then the module finds its network."""
    with Emulator(sim="pin") as emulator:
        status, found = findings(emulator.url, "--pin", "1234")
        assert status == 0
        assert found["SIM"] == found["registration"] == found["signal"]
        assert found["SIM"] == "first request" and found["network"] == "warning"


def test_no_clock_to_be_set() -> None:
    """Then nobody sets it, and certificates are checked by it."""
    with Emulator() as emulator:
        assert findings(emulator.url, "--no-set-clock")[1]["clock"] == "warning"


def examined(*faults: Fault) -> tuple[bytes, dict[str, Finding]]:
    """The commands to a fresh module, and the finding of each check."""
    said: list[bytes] = []
    clock = VirtualClock()
    with Emulator(
        clock=clock,
        faults=faults,
        on_line=lambda way, data: said.append(data) if way == "from_host" else None,
    ) as emulator:
        modem = BG96Modem(emulator.url, clock=clock)
        found = {one.check: one for one in examine(modem)}
        modem.close()
    return b"".join(said), found


@pytest.mark.parametrize(
    "command, check, level, text",
    [
        (b"AT+QNWINFO\r", "network", Level.WARNING, "4: operation not supported"),
        # AT+CSQ has the same value.
        (b"AT+QCSQ\r", "signal", Level.OK, "RSSI -73 dBm"),
        (b'AT+QENG="servingcell"\r', "cell", Level.OK, "the module does not tell"),
        (b"AT+QHTTPCFG=?\r", "module", Level.FAULT, "without AT+QHTTPCFG"),
    ],
)
def test_a_command_that_the_module_does_not_know(
    command: bytes, check: str, level: Level, text: str
) -> None:
    """It is no fault if a request does not need the answer."""
    said, _ = examined()
    fault = Fault("from_host", said.index(command) + 2, "cme", code=4)
    _, found = examined(fault)
    assert list(found) == CHECKS and text in found[check].found
    assert found.pop(check).level is level
    assert {one.level for one in found.values()} == {Level.OK, Level.LATER}


def test_nothing_is_changed_unasked() -> None:
    """The PDP context stays inactive, and the PIN untried."""
    said: list[bytes] = []
    with Emulator(
        sim="pin", on_line=lambda direction, line: said.append(line)
    ) as emulator:
        assert findings(emulator.url, "--pin", "1234")[0] == 0
    commands = b"".join(said)
    assert b"AT+QIACT=1" not in commands and b"+CPIN=" not in commands


def test_repair() -> None:
    """It sets the module up as a request would."""
    with Emulator(sim="pin", apn="iot.example") as emulator:
        status, found = findings(
            emulator.url, "--repair", "--pin", "1234", "--apn", "iot.example"
        )
        assert status == 0 and {*found.values()} <= {"ok", "first request"}
        assert found["SIM"] == found["PDP context"] == found["settings"] == "ok"


def test_repair_with_a_password() -> None:
    """The context is set up with all settings of the access point."""
    with Emulator(apn="iot.example") as emulator:
        arguments = ["--apn", "iot.example", "--username", "u", "--password", "p"]
        status, _ = findings(emulator.url, "--repair", *arguments, "--auth", "2")
        context = emulator.module.contexts[1]
        assert status == 0
        assert (context.user, context.password, context.authentication) == ("u", "p", 2)


def test_a_wrong_setting() -> None:
    """It is refused in one line, before the port is opened."""
    result = doctor("--port", "/dev/does-not-exist", "--pin", "12")
    assert result.exit_code == 2
    assert "Error: the PIN must be 4 to 8 digits" in result.output


def test_repair_that_fails() -> None:
    """The doctor says why, and continues with the other checks."""
    with Emulator(apn="iot.example") as emulator:
        status, found = findings(emulator.url, "--repair", "--apn", "other.example")
        assert status == 1 and found["repair"] == "fault" and found["SIM"] == "ok"


def test_text(ready: Emulator) -> None:
    """The text for people."""
    result = doctor("--port", ready.url)
    assert result.exit_code == 0
    assert "ok      registration  CREG 1 registered" in result.output


HOLDER = """
import os, sys
os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print(flush=True)
sys.stdin.read()
"""


def test_who_else_has_the_port() -> None:
    """The finding names another process."""
    parent, child = pty.openpty()
    path = os.ttyname(child)
    arguments = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        assert [one.process for one in others_at(path)] == [holder.pid]
        found = next(examine(BG96Modem(path)))
        assert (found.check, found.level) == ("port", Level.FAULT)
        assert f"(process {holder.pid})" in found.found
        holder.communicate()
    os.close(parent)
    os.close(child)


def test_text_for_programs(ready: Emulator) -> None:
    """There is no colour, and no line is broken at a terminal's width."""
    text = doctor("--port", ready.url, "--apn", "an-apn-of-a-length-that-wraps.example")
    assert "\x1b" not in text.output
    assert (
        "  the first request sets an-apn-of-a-length-that-wraps.example\n"
        in text.output
    )
    assert "▁▂▄.. CAT-M1, RSSI -73 dBm, RSRP -101 dBm, SINR 10.8 dB" in text.output


def test_watching() -> None:
    """It looks again until it is interrupted. The last look decides."""
    arguments = [sys.executable, "-m", "requests_bg96", "doctor", "--port"]
    options = ["emulator://", "--watch", "0.05", "--json"]
    with subprocess.Popen(
        [*arguments, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None and program.stderr is not None
        rounds = [json.loads(program.stdout.readline()) for _ in range(3)]
        program.send_signal(signal.SIGINT)
        assert program.stderr.read() == b""
    assert program.returncode == 0
    assert [[one["check"] for one in found] for found in rounds] == [CHECKS] * 3


def test_the_signal_in_numbers(ready: Emulator) -> None:
    """Programs get the fields by name, with units."""
    found = json.loads(doctor("--port", ready.url, "--json").output)
    fields = {one["check"]: one["fields"] for one in found}
    assert fields["signal"] == {
        "system": "CAT-M1",
        "rssi_dbm": -73,
        "rsrp_dbm": -101,
        "sinr_db": 10.8,
        "rsrq_db": -10,
        "bars": 3,
    }
    assert fields["network"] == {
        "technology": "Cat-M1",
        "operator": "00101",
        "band": "LTE BAND 20",
        "channel": "6300",
    }
    assert fields["cell"] == {
        "state": "NOCONN",
        "technology": "CAT-M",
        "duplex": "FDD",
        "country": "001",
        "network": "01",
        "cell": "1A2D3F",
        "physical_cell": "187",
        "channel": "6300",
        "band": "20",
        "uplink_width": "3",
        "downlink_width": "3",
        "area": "1A2B",
        "rsrp_dbm": -101,
        "rsrq_db": -10,
        "rssi_dbm": -73,
        "sinr": 10,
    }


def speed_at(rate: int, **settings: Any) -> Finding:
    """The finding about the line of a module with a speed, in an LTE-M cell."""
    clock = VirtualClock()
    with Emulator(clock=clock, clean_to=115_200, noise=0.05) as emulator:
        emulator.module.store.line_rate = rate
        modem = BG96Modem(emulator.url, clock=clock, **settings)
        found = {one.check: one for one in examine(modem)}
        modem.close()
    return found["speed"]


@pytest.mark.parametrize(
    ("rate", "found", "advice"),
    [
        (9_600, "9600 baud, which is slower than Cat-M1", "--baudrate 460800 or"),
        (115_200, "115200 baud, which is slower than Cat-M1", "--baudrate 460800 or"),
    ],
)
def test_a_line_that_is_slower_than_the_cell(
    rate: int, found: str, advice: str
) -> None:
    """The doctor says it, and which speed is enough."""
    told = speed_at(rate)
    assert told.level is Level.OK and told.found == found and advice in told.advice


def test_a_speed_that_does_not_work() -> None:
    """It is a warning, unless any speed was wanted."""
    told = speed_at(115_200, baudrate=921_600)
    assert told.level is Level.WARNING
    assert told.found == "115200 baud, because 921600 do not work"
    told = speed_at(115_200, baudrate="fastest")
    assert told.level is Level.OK and not told.advice


def test_a_line_that_is_fast_enough() -> None:
    with Emulator() as emulator:
        text = doctor("--port", emulator.url, "--baudrate", "fastest").output
    assert re.search(r"ok +speed +921600 baud\n", text)
    with Emulator() as emulator, emulator.pty() as path:
        text = doctor("--port", path, "--baudrate", "921600").output
    assert re.search(r"ok +speed +this port has no speed of its own\n", text)


@pytest.mark.parametrize(
    ("technology", "rate"),
    [("CAT-NB1", 115_200), ("eDRX", None), ("GSM", 230_400), ("EDGE", 460_800)],
)
def test_what_a_cell_needs(technology: str, rate: int | None) -> None:
    """The next speed of the module that is not slower."""
    needed = RadioNetwork(technology).line_rate
    assert rate == (needed and min(one for one in BAUDRATES if one >= needed))
