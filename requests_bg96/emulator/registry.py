"""The table of commands: name and form to handler, filled by decorators."""

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

#: The information text of a command: one entry per line.
Lines = Union[Sequence[str], None]
#: A command answers at once, or goes through a procedure first.
Reply = Union[Lines, Procedure[Lines]]
Handler = Callable[..., Reply]
Refusal = Callable[["Module"], CommandFailed]
H = TypeVar("H", bound=Handler)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One form of one command.

    :param handler: called with the module and the converted parameters.
    :param declared: the parameters of a write command.
    :param refuse: returns the failure of a wrong parameter.
    """

    handler: Handler
    declared: Sequence[Parameter] = ()
    refuse: Refusal = lambda module: CommandFailed()


class Registry:
    """Commands by name and form.

    :param invalid: the error number for wrong parameters of all its commands; None is
        bare ERROR.
    :param refuse: returns the failure for them, where it is more than a number.
    """

    def __init__(
        self, invalid: int | None = None, refuse: Refusal | None = None
    ) -> None:
        self._refuse = refuse or (lambda module: CommandFailed(invalid))
        self._entries: dict[tuple[str, Form], Entry] = {}

    def include(self, other: Registry) -> None:
        """Take over the commands of another table."""
        self._entries.update(other._entries)

    def forms(self) -> list[tuple[str, Form]]:
        """Return every command that is known, with each of its forms."""
        return list(self._entries)

    def texts(self, name: str, form: Form, *lines: str) -> None:
        """Declare a form that always answers the same lines."""
        self._entries[name, form] = Entry(lambda module: lines)

    def test(self, name: str, *lines: str) -> None:
        """Declare a test form by its lines; without lines it is a bare OK."""
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

        :raises CommandFailed: when it is unknown or its parameters are wrong.
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
