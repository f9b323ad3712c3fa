"""The probe finds the firmware of the emulator that it asks."""

from __future__ import annotations

import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import serial
from click.testing import CliRunner

from requests_bg96.at.port import Port
from requests_bg96.cli.main import main
from requests_bg96.cli.probe import probe, serve
from requests_bg96.cli.probe.agenda import HTTPS, NEVER, PLAIN, RESET, SERVER
from requests_bg96.cli.probe.line import RecordedLine
from requests_bg96.cli.probe.questions import Probe
from requests_bg96.cli.probe.server import answer
from requests_bg96.clock import SystemClock
from requests_bg96.emulator import Emulator, Switches, VirtualClock
from requests_bg96.emulator.cli import main as emulate
from requests_bg96.emulator.options import options_from_text
from requests_bg96.emulator.switches import allowed_values
from requests_bg96.errors import PortError, SetupError
from tests.cli.network import Network
from tests.support import bytewise

URL = "http://server.example"


def probed(url: str | None = URL, **switches: Any) -> dict[str, Any]:
    """The report on a firmware, with all questions."""
    clock = VirtualClock()
    module = Emulator(network=Network(), clock=clock, switches=Switches(**switches))
    with module as emulator:
        return probe(
            emulator.url,
            url,
            https_url="https://server.example/post",
            reset=True,
            clock=clock,
        )


def values(report: dict[str, Any]) -> dict[str, Any]:
    """The values in a report."""
    return {name: found["value"] for name, found in report["switches"].items()}


VALUES = [
    (name, one)
    for name, options in allowed_values().items()
    for one in options
    if name not in NEVER
]
FOUND = {name for name, _ in VALUES}


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_each_switch_is_found(name: str, value: Any) -> None:
    """All other switches keep their values."""
    firmware = Switches(**{name: value})
    report = probed(**{name: value})
    assert report["not_probed"] == NEVER
    assert Switches(**values(report)) == firmware
    assert values(report).keys() == FOUND
    for found in report["switches"].values():
        assert any(line.startswith("<") for line in found["evidence"])


@pytest.mark.parametrize("turn", range(12))
def test_firmwares_that_differ_in_much(turn: int) -> None:
    firmware = {
        name: options[(turn * (1 + place)) % len(options)]
        for place, (name, options) in enumerate(sorted(allowed_values().items()))
        if name in FOUND
    }
    report = probed(**firmware)
    assert report["not_probed"] == NEVER
    assert values(report) == firmware


def test_every_switch_is_asked_for() -> None:
    asked = {*PLAIN, *SERVER, *HTTPS, *RESET, *NEVER}
    assert asked == allowed_values().keys()


def test_without_a_server() -> None:
    """Questions to the module alone are answered. The report says what others need."""
    clock = VirtualClock()
    with Emulator(network=Network(), clock=clock) as emulator:
        report = probe(emulator.url, clock=clock)
    assert values(report).keys() == PLAIN.keys()
    needs = {name: reason.split()[-1] for name, reason in report["not_probed"].items()}
    wanted = dict.fromkeys(SERVER, "server")
    wanted |= dict.fromkeys(HTTPS, "TLS") | dict.fromkeys(RESET, "module")
    wanted |= {name: reason.split()[-1] for name, reason in NEVER.items()}
    assert needs == wanted


@pytest.mark.parametrize("url", ["http://nowhere.invalid", "http://other.example"])
def test_a_wrong_server(url: str) -> None:
    report = probed(url)
    assert report["switches"].keys() == {*PLAIN, *HTTPS, *RESET}
    reasons = report["not_probed"].items()
    assert NEVER.items() <= reasons
    assert all("server" in reason for name, reason in reasons if name not in NEVER)


SETTINGS = (
    b'AT+QHTTPCFG="contextid",1\r',
    b'AT+QHTTPCFG="requestheader",0\r',
    b'AT+QHTTPCFG="contenttype",2\r',
    b"AT+QHTTPURL=18\r",
    b"http://example.org",
    b"AT+CMEE=2\r",
)


@pytest.mark.parametrize("active", [False, True])
def test_nothing_is_left_behind(active: bool) -> None:
    """Settings, URL, files and the context are as before."""
    clock = VirtualClock()
    with Emulator(network=Network(), clock=clock) as emulator:
        with connected(emulator) as line:
            for command in SETTINGS + (b"AT+QIACT=1\r",) * active:
                line.write(command)
                line.read(1000)
        module = emulator.module
        before = (dict(module.http.settings), module.http.url, module.terminal.cmee)
        report = probe(emulator.url, URL, clock=clock)
        after = (dict(module.http.settings), module.http.url, module.terminal.cmee)
        assert len(report["switches"]) == len({*PLAIN, *SERVER})
        assert before == after and module.terminal.profile.echo == 1
        assert before[1] == "http://example.org"
        assert module.files.names() == []
        assert module.contexts.active() == ([1] if active else [])


@contextlib.contextmanager
def connected(emulator: Emulator) -> Iterator[Any]:
    """The port of an emulator."""
    port = serial.serial_for_url(emulator.url, 115200, timeout=0.1)
    try:
        yield port
    finally:
        port.close()


def test_the_pin_is_not_touched() -> None:
    clock = VirtualClock()
    with Emulator(network=Network(), clock=clock, sim="pin") as emulator:
        with pytest.raises(SetupError, match="SIM"):
            probe(emulator.url, URL, clock=clock)
        assert emulator.module.sim.asks == "SIM PIN"


def test_no_module_at_the_port() -> None:
    with pytest.raises(PortError):
        probe("emulator://there-is-none")
    clock = VirtualClock()
    with Emulator(clock=clock) as emulator:
        emulator.power_off()
        with pytest.raises(SetupError, match="no answer to AT"):
            probe(emulator.url, clock=clock)


# The report, and an emulator from it


def written(path: pathlib.Path, **switches: Any) -> pathlib.Path:
    """The file of a report."""
    path.write_text(json.dumps(probed(**switches)))
    return path


def test_an_emulator_from_a_report(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / "report.json", chunked="raw", second_read=705)
    assert Switches.from_report(path) == Switches(chunked="raw", second_read=705)


def test_a_url_with_a_report(tmp_path: pathlib.Path) -> None:
    """A given switch has priority over the report."""
    path = written(tmp_path / "report.json", chunked="raw", second_read=705)
    options = options_from_text({"report": str(path), "second_read": "703"})
    assert options["switches"] == Switches(chunked="raw")


def test_a_port_to_a_module_that_was_probed(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path / "report.json", prefix_key=True)
    port = serial.serial_for_url(f"emulator://?report={path}", 115200, timeout=0.1)
    port.write(b'AT+QHTTPCFG="prefix"\r')
    assert port.read(1000).endswith(b"OK\r\n")
    port.close()


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"switches": {"chunked": 1}}', '{"switches": {"x": {}}}', "x"]
)
def test_files_that_are_no_report(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ValueError):
        Switches.from_report(path)
    with pytest.raises(SystemExit):
        emulate(["--report", str(path)])


@pytest.mark.parametrize("report", ["no-such-file.json"])
def test_a_report_that_is_not_there(report: str) -> None:
    with pytest.raises(SystemExit):
        emulate(["--report", report])
    with pytest.raises(PortError):
        probe(f"emulator://?report={report}")


# In real time, over loopback


def test_the_commands(tmp_path: pathlib.Path) -> None:
    """The module gets the server's address unchanged."""
    path = tmp_path / "report.json"
    with Emulator() as emulator:
        done = CliRunner().invoke(
            main, ["probe", "--port", emulator.url, "--report", str(path)]
        )
    assert done.exit_code == 0, done.output
    assert "prefix_key = False" in done.output
    assert "chunked: not probed, this needs the URL of a probe server" in done.output
    assert Switches.from_report(path) == Switches()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--port", "emulator://none"], "none"),
        (["--port", "emulator://none", "--serve", "here"], "HOST:PORT"),
    ],
)
def test_commands_that_fail(arguments: list[str], text: str) -> None:
    done = CliRunner().invoke(main, ["probe", "--report", "unused", *arguments])
    assert done.exit_code != 0 and text in done.output
    assert not pathlib.Path("unused").exists()


def test_the_server_as_a_program() -> None:
    program = [sys.executable, "-m", "requests_bg96", "probe-server"]
    with subprocess.Popen(
        [*program, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().split()[-1]
            assert asked(url) == answer("/chunked", 1).parts[0]
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def asked(url: str) -> bytes:
    """The bytes of a server for /chunked."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        for piece in bytewise(b"POST /chunked HTTP/1.1\r\nContent-Length: 2\r\n\r\nok"):
            connection.sendall(piece)
        connection.sendall(b"GET /hangup HTTP/1.1\r\n\r\n")
        with connection.makefile("rb") as file:
            return file.read().partition(b"HTTP/1.1 200 OK\r\nContent-Length: 100")[0]


def test_the_server_counts_connections() -> None:
    with serve("127.0.0.1", 0) as url, Emulator() as emulator:
        report = probe_some(emulator, url)
    assert report == {"reuse_sockets": False, "chunked": "decoded"}


def probe_some(emulator: Emulator, url: str) -> dict[str, Any]:
    """Two questions over real sockets."""
    clock = SystemClock()
    port = Port(emulator.url, baudrate=115200, rtscts=False, clock=clock)
    line = RecordedLine(port, clock)
    line.ask("ATE0")
    line.ask("AT+QIACT=1")
    questions = Probe(line, 1, url)
    found = {"reuse_sockets": questions.reuse_sockets(), "chunked": questions.chunked()}
    port.close()
    return found
