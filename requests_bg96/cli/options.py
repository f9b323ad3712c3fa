"""The settings of a module as options of the command line, from the one list."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
import requests

from ..modem import BG96Modem
from ..settings import FASTEST, Settings

__all__ = (
    "SettingsCommand",
    "FUNCTIONS",
    "as_json",
    "bundle",
    "meanings",
    "port",
    "setting",
    "settings",
    "wiring",
    "with_modem",
)

F = TypeVar("F", bound=Callable[..., Any])

_PARAMETER = re.compile(r"^:param (\w+): (.*?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)

#: The option for the port.
port = click.option(
    "--port",
    metavar="PORT",
    show_envvar=True,
    help="The module's AT port, or usb:SERIAL. Default: the one module on USB.",
)
#: The option for the certificates to choose from.
bundle = click.option(
    "--bundle",
    type=click.Path(exists=True, dir_okay=False),
    default=requests.utils.DEFAULT_CA_BUNDLE_PATH,
    help="The roots to choose from. Default: requests' own.",
)
#: The option for output as JSON.
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
#: The settings that are functions. They cannot be options.
FUNCTIONS = ("wake",)
#: The settings for the line to the module.
WIRING = ("baudrate", "rtscts", "dtr")


def _baudrate(value: Any) -> int | str:
    """Return a speed in baud, or the word for the highest that the line carries."""
    return FASTEST if value == FASTEST else int(value)


#: What an option takes, by the type of its field; others take text.
TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "int | Literal['fastest'] | None": _baudrate,
}


class SettingsCommand(click.Command):
    """A command whose help shows the module's settings in a list of their own."""

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write both lists of options."""
        lists: tuple[list[tuple[str, str]], ...] = ([], [])
        for parameter in self.get_params(ctx):
            option = isinstance(parameter, click.Option)
            record = parameter.get_help_record(ctx) if option else None
            if record is not None:
                lists[parameter.name in Settings.__dataclass_fields__].append(record)
        for title, records in zip(("Options", "Settings of the module"), lists):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def meanings(kind: type[Any]) -> dict[str, str]:
    """Return the meaning of each parameter in the docstring of a class, in one line."""
    # With -OO there is no docstring.
    found = _PARAMETER.findall(inspect.getdoc(kind) or "")
    return {name: " ".join(text.split()) for name, text in found}


def setting(name: str, *flags: str, **different: Any) -> Callable[[F], F]:
    """Make an option of a field of `Settings`, with its default and its meaning.

    :param name: of the field.
    :param flags: the flags, and the parameter's name, if they are not the field's.
    :param different: other arguments of `click.option`.
    """
    field = Settings.__dataclass_fields__[name]
    flag = f"--{name.replace('_', '-')}"
    if field.type == "bool":
        flag += f"/--no-{flag[2:]}"
    meaning = meanings(Settings).get(name, "").replace("``", "")
    arguments = {
        "type": TYPES.get(str(field.type)),
        "default": field.default,
        "show_default": field.default not in (None, ""),
        "show_envvar": True,
        "help": meaning[:1].upper() + meaning[1:],
    }
    return click.option(*(flags or (flag, name)), **{**arguments, **different})


def settings(command: F) -> F:
    """Add an option for each field of `Settings` to a command, but `FUNCTIONS`."""
    for field in reversed(dataclasses.fields(Settings)):
        if field.name not in FUNCTIONS:
            command = setting(field.name)(command)
    return command


def wiring(command: F) -> F:
    """Give a command the options for the port and the line to the module."""
    for name in reversed(WIRING):
        command = setting(name)(command)
    return port(command)


def with_modem(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `wiring`, and pass it a modem instead of them.

    The modem is the first argument, and is closed after the command.
    """

    @functools.wraps(command)
    def run(*arguments: Any, port: str | None, **given: Any) -> None:
        settings = {name: given.pop(name) for name in WIRING}
        with contextlib.closing(BG96Modem(port, **settings)) as modem:
            command(modem, *arguments, **given)

    return wiring(run)
