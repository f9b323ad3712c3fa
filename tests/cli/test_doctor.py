"""`requests-bg96 doctor`: what it finds, and that it changes nothing unasked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from requests_bg96 import BG96Modem
from requests_bg96.cli.doctor import examine, others_at
from requests_bg96.cli.main import main
from requests_bg96.emulator import Emulator


def doctor(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["doctor", *arguments])


def findings(url: str, *arguments: str) -> tuple[int, dict[str, bool]]:
    """Return the exit status, and what each check found to be good."""
    result = doctor("--port", url, "--json", *arguments)
    found = json.loads(result.output)
    return result.exit_code, {one["check"]: one["good"] for one in found}


@pytest.fixture
def ready() -> Iterator[Emulator]:
    """A module whose PDP context is active."""
    with Emulator() as emulator:
        with BG96Modem(emulator.url) as modem:
            modem.command("AT+QIACT=1")
        yield emulator


def test_a_module_that_is_ready(ready: Emulator) -> None:
    """A request would go out."""
    status, found = findings(ready.url)
    assert status == 0 and all(found.values())
    assert list(found) == [
        *["module", "SIM", "signal", "registration", "attach", "APN", "PDP context"],
        *["name server", "clock", "speed", "flow control"],
    ]


@pytest.mark.parametrize(
    "options, bad",
    [
        ({"sim": None}, "SIM"),
        ({"sim": "pin"}, "SIM"),
        ({"sim": "puk"}, "SIM"),
        ({"registration": "searching"}, "registration"),
        ({"registration": "denied"}, "attach"),
        ({}, "PDP context"),
        ({}, "name server"),
    ],
)
def test_what_is_wrong(options: dict[str, str | None], bad: str) -> None:
    """It is named, with what to do, and the exit status tells."""
    with Emulator(**options) as emulator:  # type: ignore[arg-type]
        status, found = findings(emulator.url)
        assert status == 1 and found[bad] is False
    text = doctor("--port", "/dev/does-not-exist")
    assert text.exit_code == 1 and "there is no such port" in text.output


def test_nothing_is_changed_unasked() -> None:
    """The PDP context stays inactive, the PIN untried."""
    said: list[bytes] = []
    with Emulator(
        sim="pin", on_line=lambda direction, line: said.append(line)
    ) as emulator:
        assert findings(emulator.url, "--pin", "1234")[0] == 1
    commands = b"".join(said)
    assert b"AT+QIACT=1" not in commands and b"+CPIN=" not in commands


def test_repair() -> None:
    """It makes the module ready as a request would."""
    with Emulator(sim="pin", apn="iot.example") as emulator:
        status, found = findings(
            emulator.url, "--repair", "--pin", "1234", "--apn", "iot.example"
        )
        assert status == 0 and all(found.values())


def test_repair_with_a_password() -> None:
    """The context is set up with all that the access point wants."""
    with Emulator(apn="iot.example") as emulator:
        arguments = ["--apn", "iot.example", "--username", "u", "--password", "p"]
        status, _ = findings(emulator.url, "--repair", *arguments, "--auth", "2")
        context = emulator.module.contexts[1]
        assert status == 0
        assert (context.user, context.password, context.authentication) == ("u", "p", 2)


def test_a_setting_that_is_none() -> None:
    """It is refused in one line, before the port is opened."""
    result = doctor("--port", "/dev/does-not-exist", "--pin", "12")
    assert result.exit_code == 2
    assert "Error: the PIN must be 4 to 8 digits" in result.output


def test_repair_that_fails() -> None:
    """It says why, and goes on to what can be told."""
    with Emulator(apn="iot.example") as emulator:
        status, found = findings(emulator.url, "--repair", "--apn", "other.example")
        assert status == 1 and found["repair"] is False and found["SIM"] is True


def test_text(ready: Emulator) -> None:
    """What a person reads."""
    result = doctor("--port", ready.url)
    assert result.exit_code == 0
    assert "good registration: CREG 1 registered" in result.output


HOLDER = """
import os, sys
os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print(flush=True)
sys.stdin.read()
"""


def test_who_else_has_the_port() -> None:
    """Another process is named."""
    parent, child = pty.openpty()
    path = os.ttyname(child)
    arguments = [sys.executable, "-c", HOLDER, path]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        assert f"(process {holder.pid})" in "".join(others_at(path))
        found = next(examine(BG96Modem(path)))
        assert (found.check, found.good) == ("port", False)
        assert f"(process {holder.pid})" in found.found
        holder.communicate()
    os.close(parent)
    os.close(child)
