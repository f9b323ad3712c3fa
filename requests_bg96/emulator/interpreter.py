"""The command interpreter: it reads lines, runs them and sends results (V.250 5)."""

from __future__ import annotations

import contextlib
import types
from typing import TYPE_CHECKING

from .command_line import parse
from .registry import Lines, Registry
from .results import CommandFailed, Quiet
from .scheduler import NOW, Procedure, Wait
from .terminal import FIRST_TEXT

if TYPE_CHECKING:
    from .module import Module

__all__ = ("Interpreter", "LINE_LIMIT")

#: The most characters of a command line. AT manual Table 3 has a limit, but not its
#: number. This one is longer than the longest documented command.
LINE_LIMIT = 1100

#: The registers of the characters that end or edit a line (AT manual 2.18 to 2.20).
EDITING = (3, 4, 5)


class Interpreter:
    """Reads command lines from the terminal, and runs them.

    :param module: the module.
    :param commands: the table of all commands.
    """

    def __init__(self, module: Module, commands: Registry) -> None:
        self._module = module
        self._terminal = module.terminal
        self._commands = commands
        self._previous = ""
        self._line = bytearray()
        self._too_long = False
        self.executing = False

    def run(self) -> Procedure[None]:
        """Read lines and run them, without end."""
        self._line.clear()
        self._previous = ""
        self.executing = False
        while True:
            line = yield from self._read_line()
            if line is not None:
                with self._terminal.command():
                    yield from self._respond(line)

    def _read_line(self) -> Procedure[str | None]:
        while True:
            yield Wait(self._terminal.listens)
            while self._terminal.listens() == NOW:
                # Take no byte after the terminator. It may be payload.
                self._terminal.claims_next()
                if self._take_text():
                    continue
                _, character = self._terminal.input.take(1)
                if self._typed(character[0]):
                    return self._finished()

    def _take_text(self) -> bool:
        """Take characters that only make the line longer; return whether some came."""
        terminal, line = self._terminal, self._line
        if (
            len(line) < 2
            or max(terminal.registers[one] for one in EDITING) >= FIRST_TEXT
        ):
            # The next one may complete A/, or be one that a host has set.
            return False
        text = terminal.input.take_text(terminal.space)
        terminal.echo(text)
        # Keep one character too many, to notice a line that is too long.
        line += text[: LINE_LIMIT + 1 - len(line)]
        return bool(text)

    def _typed(self, character: int) -> bool:
        """Take one character; return whether it ends a line."""
        registers = self._terminal.registers
        if character == registers[4] and not self._line:
            # It is the LF after the CR of the line before (V.250 5.2.1).
            return False
        self._terminal.echo(bytes((character,)))
        if character == registers[3]:
            self._terminal.line_feeds.terminated()
            return True
        if character == registers[5]:
            del self._line[-1:]
        elif character >= FIRST_TEXT and len(self._line) <= LINE_LIMIT:
            self._line.append(character)
        return len(self._line) == 2 and self._line.upper() == b"A/"

    def _finished(self) -> str | None:
        """Return the text after AT; None if it is not a command line."""
        # upper() of bytes changes ASCII only, so the length stays the same.
        start = self._line.upper().find(b"AT")
        line, self._line = self._line.decode("latin-1"), bytearray()
        if line.upper() == "A/":
            return self._previous
        if start < 0:
            return None
        self._too_long = len(line) > LINE_LIMIT
        self._previous = line[start + 2 :]
        return self._previous

    def _respond(self, line: str) -> Procedure[None]:
        module = self._module
        self.executing = True
        try:
            if module.answer_delay:
                yield from module.scheduler.sleep(module.answer_delay)
            yield from self._execute(line)
            self._terminal.final("OK")
        except CommandFailed as failure:
            self._terminal.error(failure.code)
        except Quiet:
            pass
        finally:
            self.executing = False

    def _execute(self, line: str) -> Procedure[None]:
        if self._too_long:
            raise CommandFailed
        for place, command in enumerate(parse(line)):
            if command is None:
                raise CommandFailed
            if place and self._ends_before(command.name):
                return
            module = self._module
            module.fail_if_set()
            reply = self._commands.run(module, command)
            if isinstance(reply, types.GeneratorType):
                reply = yield from _settled(reply)
            lines: Lines = reply  # type: ignore[assignment]
            self._terminal.information(lines or ())

    def _ends_before(self, name: str) -> bool:
        """Return whether the firmware ignores a command behind others on a line.

        :raises CommandFailed: if it refuses that command.
        """
        switches = self._module.switches
        forms = {"+QIRD": switches.joined_reads, "+QHTTPURL": switches.joined_url}
        form = forms.get(name)
        if form == "error":
            raise CommandFailed
        if form == "results":
            self._terminal.final("OK")
        return form == "first"


def _settled(reply: Procedure[Lines]) -> Procedure[Lines]:
    """Run a reply that takes time; return its lines."""
    with contextlib.closing(reply):
        lines: Lines = yield from reply
    return lines
