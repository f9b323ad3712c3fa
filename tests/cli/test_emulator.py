"""`requests-bg96 emulator`: it serves other programs until a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from requests_bg96 import BG96Modem
from requests_bg96.cli.main import main
from requests_bg96.emulator.options import OPTIONS

EMULATOR = [sys.executable, "-m", "requests_bg96", "emulator"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(number: signal.Signals) -> None:
    """It has its options, and the switches of the firmware."""
    given = [
        "--tcp",
        "127.0.0.1:0",
        "--model",
        "BG95",
        "--switch",
        "cmee_after_reset=0",
    ]
    with subprocess.Popen(
        [*EMULATOR, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None and program.stderr is not None
        place = program.stdout.readline().strip()
        assert place.startswith("socket://127.0.0.1:")
        with BG96Modem(place) as modem:
            assert modem.info()["model"] == "BG95"
        program.send_signal(number)
        assert program.stderr.read() == ""
    assert program.returncode == 0


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="it needs pseudo-terminals")
def test_a_pseudo_terminal() -> None:
    """Without --tcp, its path is printed."""
    with subprocess.Popen(EMULATOR, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        with BG96Modem(program.stdout.readline().strip()) as modem:
            assert modem.info()["model"] == "BG96"
        program.terminate()
    assert program.returncode == 0


@pytest.mark.parametrize(
    "given, error",
    [
        (["--tcp", "here"], "--tcp here: write HOST:PORT"),
        (["--switch", "cmee"], "--switch cmee: write NAME=VALUE"),
        (["--switch", "other=1"], "there is no option 'other'"),
        (["--sim", "blue"], "blue"),
        (["--report", "/does/not/exist"], "No such file"),
    ],
)
def test_a_wrong_option(given: list[str], error: str) -> None:
    """It is one line and a hint, and the status is 2."""
    result = CliRunner().invoke(main, ["emulator", *given])
    assert result.exit_code == 2
    assert error in result.stderr and result.stderr.count("\n") == 2


def test_each_option_is_explained() -> None:
    """The help has all options of the emulator."""
    text = CliRunner().invoke(main, ["emulator", "--help"]).output
    assert all(f"--{name.replace('_', '-')} " in text for name in OPTIONS)
