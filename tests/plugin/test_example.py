"""The example project works where it is copied to."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "example"


def test_the_example(tmp_path: pathlib.Path) -> None:
    """Its own tests pass, and say so."""
    copy = shutil.copytree(EXAMPLE, tmp_path / "example")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_a_failure_shows_the_dialogue(tmp_path: pathlib.Path) -> None:
    """A developer sees what the modem was told."""
    copy = shutil.copytree(EXAMPLE, tmp_path / "example")
    tests = copy / "tests" / "test_water_meter.py"
    tests.write_text(tests.read_text().replace("== [1234.5]", "== [0]"))
    command = [sys.executable, "-m", "pytest", "-k", "test_a_report"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "AT dialogue" in done.stdout
    assert "+QHTTPPOST: 0,201" in done.stdout
