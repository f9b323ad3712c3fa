"""Parse command lines (V.250 5.2 to 5.4; AT manual 1.2)."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ("ParsedCommand", "Form", "parse", "split_arguments")


class Form(enum.Enum):
    """The forms of an extended command, and the basic command."""

    # A member equals only itself. `enum.Enum.__hash__` is in Python, and slower.
    __hash__ = object.__hash__

    TEST = "=?"
    READ = "?"
    WRITE = "="
    EXECUTE = ""
    BASIC = "basic"


class ParsedCommand(NamedTuple):
    """One command of a line.

    :param name: in capitals, for example ``+QHTTPGET``, ``E``, ``&F`` or ``S3``.
    :param form: the form of the command.
    :param arguments: the text after ``=``, or the number of a basic command.
    """

    name: str
    form: Form
    arguments: str = ""


_BASIC = re.compile(r"(&?[A-Z])([0-9]*)", re.IGNORECASE)
_REGISTER = re.compile(r"(S[0-9]+)(?:=([0-9]*)|(\?))", re.IGNORECASE)
_EXTENDED = re.compile(r"([+][A-Z][A-Z0-9!%./:_-]*)(=\?|\?|=|)", re.IGNORECASE)
_REST = re.compile(r'(?:[^";]|"[^"]*(?:"|$))*')
_ARGUMENT = re.compile(r'(?:^|,)((?:[^",]|"[^"]*(?:"|$))*)')
_STRING = re.compile(r'("[^"]*(?:"|$))')


class Malformed(Exception):
    """A part of a line is not a command."""


def parse(line: str) -> Iterator[ParsedCommand | None]:
    """Yield the commands of a line in order.

    The module runs a line up to its first fault. So the commands before it are
    yielded, and None last, for the fault.

    :param line: the text after ``AT``, without the terminator.
    """
    line = _without_spaces(line)
    position = 0
    while position < len(line):
        try:
            command, position = _next(line, position)
        except Malformed:
            yield None
            return
        yield command


def split_arguments(text: str) -> list[str]:
    """Split at the commas outside quotes; keep the quotes."""
    if '"' not in text:
        return text.split(",")
    return _ARGUMENT.findall(text)


def _without_spaces(line: str) -> str:
    # V.250 5.2.2: a space is ignored, except in a string constant.
    if " " not in line:
        return line
    pieces = _STRING.split(line)
    return "".join(
        piece if piece.startswith('"') else piece.replace(" ", "") for piece in pieces
    )


def _next(line: str, position: int) -> tuple[ParsedCommand, int]:
    if line[position] == "+":
        return _extended(line, position)
    register = _REGISTER.match(line, position)
    if register:
        name, value, query = register.groups()
        form = Form.READ if query else Form.WRITE
        return ParsedCommand(name.upper(), form, value or ""), register.end()
    basic = _BASIC.match(line, position)
    if not basic:
        raise Malformed(line[position:])
    return _basic(line, basic)


def _basic(line: str, basic: re.Match[str]) -> tuple[ParsedCommand, int]:
    name = basic[1].upper()
    if name in ("D", "A"):
        # Dialling and answering take the rest of the line (AT manual 7.1, 7.2).
        return ParsedCommand(name, Form.BASIC, line[basic.end(1) :]), len(line)
    return ParsedCommand(name, Form.BASIC, basic[2]), basic.end()


def _extended(line: str, position: int) -> tuple[ParsedCommand, int]:
    extended = _EXTENDED.match(line, position)
    if not extended:
        raise Malformed(line[position:])
    name, sign = extended.groups()
    end = extended.end()
    arguments = ""
    if sign == "=":
        rest = _REST.match(line, end)
        assert rest is not None, "the pattern matches the empty string"
        arguments, end = rest[0], rest.end()
    if end < len(line) and line[end] != ";":
        raise Malformed(line[position:])
    return ParsedCommand(name.upper(), Form(sign), arguments), end + 1
