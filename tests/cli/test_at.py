"""`requests-bg96 at`: one command, a pipe of commands, and a console."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from requests_bg96.cli.at import is_secret
from requests_bg96.cli.at_commands import COMMANDS, completions, matching
from requests_bg96.cli.main import main
from requests_bg96.emulator import Emulator
from requests_bg96.emulator.commands import COMMANDS as EMULATED


@pytest.fixture
def port() -> Iterator[str]:
    """The port of a module."""
    with Emulator() as emulator:
        yield emulator.url


def at(*words: str, typed: str | None = None, **environment: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["at", *words], input=typed, env=environment)


@pytest.mark.parametrize(
    "command, output",
    [("AT+CSQ", "+CSQ: 20,99\n"), ("AT", "OK\n"), ("at+cgmm", "BG96\n")],
)
def test_one_command(port: str, command: str, output: str) -> None:
    """The port may be given in any way."""
    for result in (
        at(port, command),
        at("--port", port, command),
        at(command, BG96_PORT=port),
        at(port, command, BG96_PORT="/dev/none"),
    ):
        assert (result.exit_code, result.output) == (0, output)


def test_one_command_for_programs(port: str) -> None:
    result = at(port, "AT+CSQ", "--json")
    assert json.loads(result.stdout) == {"command": "AT+CSQ", "lines": ["+CSQ: 20,99"]}


@pytest.mark.parametrize(
    "words, status, text",
    [
        (["AT+NONE"], 1, "Error: the module answered ERROR (AT+NONE)\n"),
        (["AT+CPIN=0000"], 1, "Error: the module reports 3: operation not allowed"),
        (["+CSQ"], 2, "Error: an AT command must begin with AT"),
        (["AT+QHTTPURL=5"], 2, "leads to data mode"),
        (["AT+CSQ", "AT"], 2, "put the command in quotes\n"),
    ],
)
def test_commands_that_fail(
    port: str, words: list[str], status: int, text: str
) -> None:
    """The error has no secret, and programs get no output."""
    result = at(port, *words)
    assert (result.exit_code, result.stdout) == (status, "")
    assert text in result.stderr and "0000" not in result.stderr


def test_a_pipe(port: str) -> None:
    """Each line is sent. The exit status reports a failure at the end."""
    result = at(port, typed="AT+CSQ\n\n  AT+CGMM\n")
    assert (result.exit_code, result.output) == (0, "+CSQ: 20,99\nBG96\n")
    result = at(port, typed="AT+NONE\nAT+CGMM\n")
    assert (result.exit_code, result.stdout) == (1, "BG96\n")
    assert result.stderr.startswith("Error: the module answered ERROR (AT+NONE)\n")
    assert "Hint: check its name and its parameters" in result.stderr


def test_a_pipe_without_a_port() -> None:
    """The command does not try again for each line."""
    result = at("/dev/none", typed="AT\nAT\n")
    assert result.exit_code == 3 and result.stderr.count("Error") == 1


SECRET = [
    "AT+CPIN=1234",
    "at+cpin=1234",
    "AT+CSQ;+CPIN=1234",
    'AT+CLCK="SC",1,"1234"',
    'AT+CPWD="SC","1234","4321"',
    'AT+QICSGP=1,1,"iot.example","user","word",1',
    "AT + CP IN=1234",
    'AT+QMTCONN=0,"id","user","word"',
    'AT+QHTTPCFG="auth","user:word"',
    "AT+CGAUTH=1,1",
    "1234",
    "+CPIN=1234",
    "CPIN=1234",
    "password",
]


@pytest.mark.parametrize("line", SECRET)
def test_lines_that_are_not_kept(line: str) -> None:
    assert is_secret(line)


@pytest.mark.parametrize("line", ["AT+CSQ", "at", 'AT+QPING=1,"a.example"', "ATI"])
def test_lines_that_are_kept(line: str) -> None:
    assert not is_secret(line)


class Person:
    """A person at a terminal with the console."""

    def __init__(self) -> None:
        self.terminal, self._other = pty.openpty()
        self.seen = b""
        self._program = subprocess.Popen(
            [sys.executable, "-m", "requests_bg96", "at", "emulator://"],
            stdin=self._other,
            stdout=self._other,
            stderr=self._other,
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
        )

    def sees(self, text: bytes, times: int = 1) -> None:
        """Wait until `text` has come this many times."""
        until = time.monotonic() + 30
        while self.seen.count(text) < times:
            left = until - time.monotonic()
            assert left > 0, self.seen
            if select.select([self.terminal], [], [], left)[0]:
                self.seen += os.read(self.terminal, 4096)

    def types(self, keys: bytes) -> None:
        """Press these keys."""
        os.write(self.terminal, keys)

    def interrupts(self, prompts: int) -> None:
        """Press control-C until there are this many prompts.

        readline does not notice one that comes just before it waits for a key.
        """
        until = time.monotonic() + 30
        while self.seen.count(b"> ") < prompts:
            assert time.monotonic() < until, self.seen
            self._program.send_signal(signal.SIGINT)
            while select.select([self.terminal], [], [], 1.0)[0]:
                self.seen += os.read(self.terminal, 4096)

    def leaves(self) -> int:
        """Press control-D; return the exit status."""
        self.types(b"\4")
        return self._program.wait(30)

    def close(self) -> None:
        """Turn the terminal off."""
        self._program.kill()
        self._program.wait(30)
        os.close(self.terminal)
        os.close(self._other)


@pytest.fixture
def person() -> Iterator[Person]:
    """A person at a terminal."""
    made = Person()
    yield made
    made.close()


def test_the_manuals_commands(person: Person) -> None:
    """The tabulator key completes them, and a question mark explains them."""
    person.sees(b"> ")
    person.types(b"at+qgdc\t?\r")
    person.sees(b"+QGDCNT: 0,0\r\n> ")
    person.types(b"at+cgatt?;+cs\t\r")
    person.sees(b"+CSQ: 20,99\r\n> ")
    person.types(b"?speed\r")
    person.sees(b"AT+IPR")
    person.sees(b"> ", 4)
    person.types(b"?of no such thing\r")
    person.sees(b"no command of the manuals has")
    # Only at the prompt is control-D the end of the program.
    person.sees(b"> ", 5)
    assert person.leaves() == 0


def test_completions() -> None:
    assert completions("AT+QHTTPS") == ["AT+QHTTPSTOP"]
    assert completions("+QPI") == ["+QPINC", "+QPING"]
    assert completions("at&") == ["AT&D", "AT&F", "AT&V", "AT&W"]
    assert len(completions("")) == len(COMMANDS)
    assert completions("?") == completions("AT+CPIN=1") == []
    assert [name for name, _ in matching("AT+QIACT")] == ["AT+QIACT"]


def test_each_is_a_command() -> None:
    """The emulator, which follows the manuals, has all of them."""
    emulated = {name for name, _ in EMULATED.forms()}
    assert {name.partition("=")[0] for name in COMMANDS} <= emulated


def test_the_console(person: Person) -> None:
    """It has a history without PINs."""
    person.sees(b"> ")
    person.types(b"AT+CSQ\r")
    person.sees(b"+CSQ: 20,99\r\n> ")
    person.types(b"AT+CPIN=0000\r")
    person.sees(b"Error:")
    person.sees(b"> ", 3)
    person.types(b"1234\r")
    person.sees(b"an AT command must begin with AT")
    person.sees(b"> ", 4)
    person.types(b"never sent")
    person.sees(b"never sent")
    person.interrupts(5)
    # The key for the previous line, which returns the oldest at the end.
    person.types(b"\x1b[A\x1b[A\x1b[A\r")
    person.sees(b"+CSQ: 20,99", 2)
    assert person.seen.count(b"0000") == 1
    person.sees(b"> ", 6)
    assert person.seen.count(b"never sent") == 1
    assert person.leaves() == 0
