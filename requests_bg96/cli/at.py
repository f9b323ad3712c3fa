"""``requests-bg96 at``: one AT command, or a console for them."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

from ..errors import BG96Error, ModuleError, PortError
from ..modem import BG96Modem
from .at_commands import complete, matching
from .failures import Failure, failure
from .options import as_json, wiring
from .output import show_json, show_rows

__all__ = ("at_command", "is_secret")

#: Seconds for an answer: AT+COPS=? takes the longest (AT manual 6.2).
SECONDS = 180.0
#: Commands and words that come with a PIN or a password. AT+QPING is no such command.
_SECRET = re.compile(
    r"CLCK|CPWD|QICSGP|QMTCONN|QFTPCFG|QSMTPCFG|AUTH|PASS|PWD|PUK|PIN(?!G)",
    re.IGNORECASE,
)


def is_secret(line: str) -> bool:
    """Return whether a line of the console must stay out of the history.

    A line that does not begin with ``AT`` may be a PIN by itself.
    """
    text = "".join(line.split())
    return not text.upper().startswith("AT") or bool(_SECRET.search(text))


@click.command("at")
@click.argument("words", metavar="[PORT] [COMMAND]", nargs=-1)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=SECONDS,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@as_json
@wiring
def at_command(
    words: tuple[str, ...],
    port: str | None,
    timeout: float,
    as_json: bool,
    **settings: Any,
) -> None:
    """Send one AT command, or open a console.

    COMMAND begins with AT. Its answer is printed: the lines of information, or OK if
    there are none. The exit status is 1 if the module answers with an error.

    Without COMMAND this is a console, or it reads commands from a pipe, one a line.
    The tabulator key completes the commands of the manuals. "?" lists them with their
    meaning, "?signal" those about the signal. Control-D ends it. Its history is in
    memory only, and leaves out each line that may have a PIN or a password in it.
    Commands that lead to data mode are refused. URCs are not shown.
    """
    place, command = _split(words)
    with contextlib.closing(BG96Modem(place or port, **settings)) as modem:
        if command is not None:
            _send(modem, command, timeout, as_json)
        elif not _converse(modem, timeout, as_json):
            sys.exit(1)


def _split(words: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return the port and the command of the command line."""
    if len(words) > 2:
        text = "too many arguments: put the command in quotes"
        raise click.UsageError(text)
    if len(words) == 1 and words[0].upper().startswith("AT"):
        return None, words[0]
    port, command = (*words, None, None)[:2]
    return port, command


def _send(modem: BG96Modem, command: str, timeout: float, as_json: bool) -> None:
    """Send a command, and show its answer.

    :raises BG96Error: if the module refuses with a number, or does not answer.
    :raises Failure: if it refuses without one.
    """
    try:
        lines = modem.command(command, timeout)
    except ModuleError as error:
        if error.err is not None:
            raise
        hint = "check its name and its parameters; the module may not know it"
        raise Failure(str(error), hint) from error
    if as_json:
        show_json({"command": command, "lines": lines})
        return
    for line in lines or ["OK"]:
        click.echo(line)


def _converse(modem: BG96Modem, timeout: float, as_json: bool) -> bool:
    """Send each line of standard input; return whether all went well.

    After an error, a person at a terminal goes on: then it returns True.

    :raises PortError: if the lines come from a program and there is no port.
    """
    typed, good = sys.stdin.isatty(), True
    for line in _typed() if typed else map(str.strip, sys.stdin):
        if not line:
            continue
        if line.startswith("?"):
            _explain(line[1:])
            continue
        try:
            _send(modem, line, timeout, as_json)
        except BG96Error as error:
            if isinstance(error, PortError) and not typed:
                raise
            failure(error).show()
            good = typed
        except Failure as error:
            error.show()
            good = typed
        except KeyboardInterrupt:
            if not typed:
                raise
            Failure("interrupted").show()
    return good


def _explain(text: str) -> None:
    """List the commands that have to do with a word."""
    if found := matching(text):
        show_rows(found)
    else:
        click.echo(f"no command of the manuals has {text.strip()!r} in its meaning")


def _typed() -> Iterator[str]:
    """Yield the lines that a person types; keep a history of them without secrets."""
    try:
        import readline
    except ImportError:
        # Windows has no readline, so there is no history.
        remember = None
    else:
        readline.set_auto_history(False)
        remember = readline.add_history
        complete(readline)
    click.echo('Type AT commands. "?" lists them. Control-D ends.', err=True)
    while True:
        try:
            line = input("> ").strip()
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            # Discard the line, as a shell does.
            click.echo()
            continue
        if remember and line and not is_secret(line):
            remember(line)
        yield line
