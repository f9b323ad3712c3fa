"""Parameters of commands: they are declared as data, and checked in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

from .command_line import split_arguments
from .file_names import RAM, plain_name

__all__ = (
    "FileName",
    "Name",
    "Number",
    "ParameterError",
    "REQUIRED",
    "Rest",
    "Text",
    "convert",
)


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


class ParameterError(Exception):
    """A parameter is missing, out of its range, or not expected."""


class Parameter(Protocol):
    """One parameter of a write command."""

    @property
    def default(self) -> Any:
        """The value if the parameter is omitted; REQUIRED if it must be given."""

    def convert(self, token: str) -> Any:
        """Return the value of the text.

        :raises ParameterError: if the text is wrong.
        """


@dataclasses.dataclass(frozen=True)
class Number:
    """A decimal number from `low` to `high`, or one of `among`."""

    low: int = 0
    high: int = 0
    default: Any = REQUIRED
    among: Sequence[int] = ()

    def convert(self, token: str) -> int:
        """Return the number."""
        # isdigit() alone accepts digits of other scripts.
        if not token.isascii() or not token.isdigit():
            raise ParameterError(token)
        number = int(token)
        fits = number in self.among if self.among else self.low <= number <= self.high
        if not fits:
            raise ParameterError(token)
        return number


@dataclasses.dataclass(frozen=True)
class Text:
    """A string of at most `longest` characters. With `bare`, it needs no quotes."""

    longest: int = 255
    default: Any = REQUIRED
    bare: bool = False

    def convert(self, token: str) -> str:
        """Return the characters between the quotes."""
        text = _unquoted(token, self.bare)
        if len(text) > self.longest:
            raise ParameterError(token)
        return text


@dataclasses.dataclass(frozen=True)
class FileName:
    """The name of a file in quotes. `longest` does not count its storage."""

    longest: int
    default: Any = REQUIRED

    def convert(self, token: str) -> str:
        """Return the name, without ``UFS:`` and with ``RAM:`` in capitals."""
        name = plain_name(_unquoted(token, False))
        if name[: len(RAM)].upper() == RAM:
            name = RAM + name[len(RAM) :]
        if len(name.removeprefix(RAM)) > self.longest:
            raise ParameterError(token)
        return name


@dataclasses.dataclass(frozen=True)
class Name:
    """A word of a list in quotes, in capitals or not. The value is that of the list."""

    words: Sequence[str]
    default: Any = REQUIRED
    bare: bool = False

    def convert(self, token: str) -> str:
        """Return the word of the list."""
        text = _unquoted(token, self.bare).lower()
        for word in self.words:
            if word.lower() == text:
                return word
        raise ParameterError(token)


@dataclasses.dataclass(frozen=True)
class Rest:
    """All other parameters, unparsed: a tuple of texts."""

    default: Any = ()

    def convert(self, token: str) -> str:
        """Return the text."""
        return token


def convert(declared: Sequence[Parameter], text: str) -> list[Any]:
    """Convert the parameters of a command.

    :param declared: the parameters; `Rest` only at the end.
    :param text: the text after ``=``.
    :returns: one value for each declared parameter.
    :raises ParameterError: if the text is wrong.
    """
    tokens = split_arguments(text) if text else []
    values = []
    for index, parameter in enumerate(declared):
        if isinstance(parameter, Rest):
            values.append(tuple(tokens[index:]))
            return values
        values.append(_value(parameter, tokens[index] if index < len(tokens) else ""))
    if len(tokens) > len(declared):
        raise ParameterError(text)
    return values


def _value(parameter: Parameter, token: str) -> Any:
    if token:
        return parameter.convert(token)
    if parameter.default is REQUIRED:
        raise ParameterError("omitted")
    return parameter.default


def _unquoted(token: str, bare: bool) -> str:
    if len(token) >= 2 and token[0] == token[-1] == '"' and '"' not in token[1:-1]:
        return token[1:-1]
    if bare and '"' not in token:
        return token
    raise ParameterError(token)
