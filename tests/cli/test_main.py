"""The demonstration, and the completion of command lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from requests_bg96.cli.main import SECTIONS, main
from requests_bg96.emulator import Emulator
from tests.cli.commands import COMMANDS
from tests.servers import reply, serve


def test_the_first_page() -> None:
    """It has each command once, and the first line of its help as a whole."""
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted(named) == sorted(COMMANDS)
    text = CliRunner().invoke(main, ["--help"]).stdout
    assert "...\n" not in text.partition("\n")[2]
    for command in COMMANDS.values():
        assert f"  {command.get_short_help_str(60)}\n" in text


def test_three_commands() -> None:
    """They lead from nothing to a response: each one names the next."""
    with Emulator() as emulator, serve(lambda _: reply(body=b"hello")) as server:
        environment = {"BG96_PORT": emulator.url}
        words = ["doctor", "--port", emulator.url]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0
        last = f"Make one: requests-bg96 get --port {emulator.url} http://example.org/"
        assert result.stdout.splitlines()[-1] == last
        *get, _ = last.partition("requests-bg96 ")[2].split()
        assert CliRunner().invoke(main, [*get, server.url]).stdout == "hello"
        result = CliRunner().invoke(main, [*words, "--apn", "iot.example"])
        assert "\nMake one, with the same settings: " in result.stdout
        # Settings from elsewhere need not be repeated.
        result = CliRunner().invoke(main, ["get", server.url], env=environment)
        assert result.stdout == "hello"


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
