"""The demonstration, and the completion of command lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from requests_bg96.cli.main import main


def test_demo() -> None:
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 0 and result.stdout.endswith("All results are right.\n")
    assert "    > AT+QHTTPGET=" in result.stdout and "\x1b" not in result.stdout
    result = CliRunner().invoke(main, ["demo", "--json"])
    steps = json.loads(result.stdout)
    assert len(steps) == 6 and all(step["right"] for step in steps)
    assert "< CONNECT" in steps[0]["dialogue"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """The script asks the program, which knows the commands and their options."""
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0 and f"={shell}_complete" in result.stdout
    if program := shutil.which(shell):
        words = [program, "-n"]
        subprocess.run(words, input=result.stdout, text=True, check=True)
    for typed, wanted in (
        ("do", "doctor"),
        ("get --ap", "--apn"),
        ("run --v", "--via"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "requests_bg96"],
            env={
                **os.environ,
                "_REQUESTS_BG96_COMPLETE": f"{shell}_complete",
                "COMP_WORDS": f"requests-bg96 {typed}",
                "COMP_CWORD": (
                    typed.split()[-1] if shell == "fish" else str(len(typed.split()))
                ),
            },
            capture_output=True,
            text=True,
        )
        assert wanted in done.stdout, done
