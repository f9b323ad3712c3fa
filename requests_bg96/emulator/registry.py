"""The table of commands. Decorators add a handler for each name and form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Union

from .command_line import Form, ParsedCommand
from .parameters import Parameter, ParameterError, convert
from .results import CommandFailed
from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("Lines", "Registry", "Reply")

#: The information text of a command, by lines.
Lines = Union[Sequence[str], None]
#: A command answers at once, or with a procedure that takes time.
Reply = Union[Lines, Procedure[Lines]]
Handler = Callable[..., Reply]
Refusal = Callable[["Module"], CommandFailed]
H = TypeVar("H", bound=Handler)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One form of one command.

    :param handler: called with the module and the converted parameters.
    :param declared: the parameters of a write command.
    :param refuse: returns the error of a wrong parameter.
    """

    handler: Handler
    declared: Sequence[Parameter] = ()
    refuse: Refusal = lambda module: CommandFailed()


class Registry:
    """Commands by name and form.

    :param invalid: the error number of a wrong parameter; None is a bare ERROR.
    :param refuse: returns the error of a wrong parameter, in place of `invalid`.
    """

    def __init__(
        self, invalid: int | None = None, refuse: Refusal | None = None
    ) -> None:
        self._refuse = refuse or (lambda module: CommandFailed(invalid))
        self._entries: dict[tuple[str, Form], Entry] = {}

    def include(self, other: Registry) -> None:
        """Add the commands of another table."""
        self._entries.update(other._entries)

    def forms(self) -> list[tuple[str, Form]]:
        """Return all commands, with each of their forms."""
        return list(self._entries)

    def texts(self, name: str, form: Form, *lines: str) -> None:
        """Declare a form that always has the same answer."""
        self._entries[name, form] = Entry(lambda module: lines)

    def test(self, name: str, *lines: str) -> None:
        """Declare a test form by its lines; without lines, the answer is OK alone."""
        self.texts(name, Form.TEST, *lines)

    def test_form(self, name: str) -> Callable[[H], H]:
        """Declare a test form ``AT+X=?`` that depends on the firmware."""
        return self._declare(name, Form.TEST)

    def read(self, name: str) -> Callable[[H], H]:
        """Declare the read form ``AT+X?``."""
        return self._declare(name, Form.READ)

    def execute(self, name: str) -> Callable[[H], H]:
        """Declare the execution form ``AT+X``."""
        return self._declare(name, Form.EXECUTE)

    def write(self, name: str, *declared: Parameter) -> Callable[[H], H]:
        """Declare the write form ``AT+X=...`` with its parameters."""
        return self._declare(name, Form.WRITE, declared)

    def basic(self, name: str, *declared: Parameter) -> Callable[[H], H]:
        """Declare a basic command with its number."""
        return self._declare(name, Form.BASIC, declared)

    def run(self, module: Module, command: ParsedCommand) -> Reply:
        """Start a command.

        :raises CommandFailed: if it is unknown or a parameter is wrong.
        """
        entry = self._entries.get((command.name, command.form))
        if entry is None:
            raise CommandFailed
        try:
            values: list[Any] = convert(entry.declared, command.arguments)
        except ParameterError:
            raise entry.refuse(module) from None
        return entry.handler(module, *values)

    def _declare(
        self, name: str, form: Form, declared: Sequence[Parameter] = ()
    ) -> Callable[[H], H]:
        def decorate(handler: H) -> H:
            self._entries[name, form] = Entry(handler, declared, self._refuse)
            return handler

        return decorate
