"""A failure is one line with a hint, and an exit status."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from requests_bg96.cli.failures import Commands
from requests_bg96.cli.main import main
from requests_bg96.errors import (
    ContextError,
    LimitError,
    ModuleError,
    MuteError,
    NoAnswer,
    PortError,
)
from tests.cli.commands import COMMANDS
from tests.cli.terminal import Terminal


@pytest.mark.parametrize(
    "error, status, text",
    [
        (LimitError("no such rate"), 2, "no such rate"),
        (PortError("there is\nno such port"), 3, "there is no such port"),
        (MuteError("nothing answers"), 4, "nothing answers"),
        (NoAnswer("no answer"), 4, "no answer"),
        (ModuleError(10, "AT+CPIN?"), 1, "the module reports 10: SIM not inserted"),
        (ContextError("refused"), 1, "refused"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.pem"), 1, "x.pem: No such"),
        (OSError("odd"), 1, "odd"),
        (KeyboardInterrupt(), 130, None),
    ],
)
def test_errors(error: BaseException, status: int, text: str | None) -> None:
    @click.group(cls=Commands)
    def group() -> None:
        """A group with one command."""

    @group.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == status and result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[:1] == [] if text is None else lines[0].startswith(f"Error: {text}")
    assert [line[:6] for line in lines[1:]] == ["Hint: "] * (
        text is not None and not isinstance(error, OSError)
    )


def test_an_error_at_a_terminal() -> None:
    """It is broken between words, and names options."""
    words = ["get", "https://localhost/", "--port", "emulator://"]
    with Terminal(words) as terminal:
        assert terminal.ends() == 7
    lines = re.sub(rb"\x1b\[[0-9;]*m", b"", terminal.seen).decode().splitlines()
    assert lines[0].startswith("Error: this module's firmware cannot check")
    assert len(lines) > 4 and all(len(line) <= 80 for line in lines)
    begins = ("Error: ", "Hint: ", "      ")
    assert all(line.startswith(begins) for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "Use --via socket, with which this machine" in text
    assert "accept the risk with --allow-unchecked-host Hint:" in text


def test_a_pipe_that_nobody_reads() -> None:
    """It ends the program without a message."""
    arguments = [sys.executable, "-m", "requests_bg96", "doctor", "--json"]
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        done = subprocess.run(
            [*arguments, "--port", "emulator://"], stdout=pipe, stderr=subprocess.PIPE
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_environment() -> None:
    """It has the port and the settings, but no actions."""
    environment = {"BG96_PORT": "/dev/none", "BG96_BAUDRATE": "7", "BG96_REPAIR": "1"}
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert result.exit_code == 2 and "does not support 7 baud" in result.output
    environment["BG96_BAUDRATE"] = "9600"
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert result.exit_code == 1 and "/dev/none cannot be opened" in result.output
    assert "fault   repair" not in result.output
    result = CliRunner().invoke(main, ["doctor"], env={"BG96_RTSCTS": "perhaps"})
    assert result.exit_code == 2 and "for '--rtscts'" in result.output


def test_help() -> None:
    """Each command has help; the first page has the exit statuses."""
    text = CliRunner().invoke(main, ["--help"]).output
    assert "BG96_PORT" in text and "130 interrupted" in " ".join(text.split())
    for name, command in COMMANDS.items():
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0 and name in text and command.help
