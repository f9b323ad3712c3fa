"""`requests-bg96 udev`: the rules, and that the doctor recognises them."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from requests_bg96.cli.host import is_ignored
from requests_bg96.cli.main import main


def printed() -> str:
    """The output of the command."""
    result = CliRunner().invoke(main, ["udev"])
    assert result.exit_code == 0
    return result.stdout


def rules() -> list[dict[str, str]]:
    """The rules: the value of each key, with its operator before it."""
    found = []
    for line in printed().splitlines():
        if not line.startswith("#"):
            parts = [part.partition("=") for part in line.split(", ")]
            found.append({key: equals + value for key, equals, value in parts})
    return found


def test_modem_manager_is_kept_off() -> None:
    """A property of the device tells it, by vendor and product."""
    (rule,) = (one for one in rules() if "ENV{ID_MM_DEVICE_IGNORE}" in one)
    assert rule["ATTRS{idVendor}"] == '=="2c7c"'
    assert rule["ATTRS{idProduct}"] == '=="0296"'
    assert rule["ENV{ID_MM_DEVICE_IGNORE}"] == '="1"'


def test_the_at_port_has_a_name() -> None:
    """It is the port of interface 02. No rule uses attributes of two devices."""
    named = [one for one in rules() if "SYMLINK+" in one]
    assert [one["SYMLINK+"] for one in named] == [
        '="bg96"',
        '="bg96-$env{ID_SERIAL_SHORT}"',
    ]
    for rule in named:
        attributes = {key: value for key, value in rule.items() if "ATTRS" in key}
        assert attributes == {"ATTRS{bInterfaceNumber}": '=="02"'}
        assert rule["SUBSYSTEM"] == '=="tty"'


def test_the_doctor_knows_them(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "etc/udev/rules.d/70-bg96.rules"
    path.parent.mkdir(parents=True)
    path.write_text(printed())
    assert is_ignored(tmp_path)


@pytest.mark.skipif(not shutil.which("udevadm"), reason="needs udev")
def test_udev_takes_them(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "70-bg96.rules"
    path.write_text(printed())
    subprocess.run(["udevadm", "verify", str(path)], check=True)
