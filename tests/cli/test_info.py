"""`requests-bg96 info`: what the module tells about itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from requests_bg96 import BG96Modem
from requests_bg96.cli.main import main
from requests_bg96.emulator import Emulator

TOLD = {
    "manufacturer": "Quectel",
    "model": "BG96",
    "revision": "BG96MAR02A07M1G",
    "imei": "000000000000000",
    "sim": "READY",
    "iccid": "89014103211118510720",
    "operator": "Test Network",
    "registration": "registered",
    "network": "Cat-M1, operator 00101, band LTE BAND 20, channel 6300",
    "signal": "CAT-M1, RSSI -73 dBm, RSRP -101 dBm, SINR 10.8 dB, RSRQ -10 dB",
    "ip_address": None,
    "free_bytes": 14483456,
}


def shown(**options: Any) -> dict[str, Any]:
    """The output for programs."""
    with Emulator(**options) as emulator:
        result = CliRunner().invoke(main, ["info", "--port", emulator.url, "--json"])
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        assert found.pop("port") == emulator.url and found.pop("clock")
    return found


def test_a_module() -> None:
    assert shown() == TOLD


@pytest.mark.parametrize(
    "options, changed",
    [
        ({"registration": "roaming"}, {"registration": "registered, roaming"}),
        ({"model": "BG95"}, {"model": "BG95", "revision": "BG95MAR02A07M1G"}),
        (
            {"registration": "searching"},
            {"registration": "searching"}
            | {"operator": None, "network": None, "signal": "none"},
        ),
        (
            {"sim": None},
            {"sim": None, "iccid": None, "registration": "not searching"}
            | {"operator": None, "network": None, "signal": "none"},
        ),
        (
            {"sim": "pin"},
            {"sim": "SIM PIN", "registration": "not searching"}
            | {"operator": None, "network": None, "signal": "none"},
        ),
    ],
)
def test_what_a_module_does_not_tell(
    options: dict[str, Any], changed: dict[str, Any]
) -> None:
    """It is null; the other values are there."""
    found = shown(**options)
    if options == {"sim": "pin"}:
        # The firmware decides whether a locked SIM tells its number.
        found["iccid"] = TOLD["iccid"]
    assert found == {**TOLD, **changed}


def test_an_address() -> None:
    with Emulator() as emulator:
        with BG96Modem(emulator.url) as modem:
            modem.command("AT+QIACT=1")
        result = CliRunner().invoke(main, ["info", "--port", emulator.url])
    lines = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert lines["IP address"].count(".") == 3
    assert lines["IMEI"].strip() == TOLD["imei"]


def test_a_port_that_is_not_there() -> None:
    """One line, a hint, and an exit status."""
    result = CliRunner().invoke(main, ["info", "--port", "/dev/none"])
    assert result.exit_code == 3 and result.stdout == ""
    assert result.stderr == (
        "Error: /dev/none cannot be opened: there is no such port; "
        "check its name and its cable\n"
        'Hint: "requests-bg96 ports" lists the ports and the programs that use them\n'
    )
