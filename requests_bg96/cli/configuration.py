"""The configuration file: where it is, and what it says."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
import platformdirs

from .failures import USAGE, Failure

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ("VARIABLE", "defaults", "path_of", "read")

#: The variable that names another file.
VARIABLE = "BG96_CONFIG"

#: What a value must be, by the type of its option.
_KINDS: tuple[tuple[Any, tuple[type[Any], ...], str], ...] = (
    (click.types.BoolParamType, (bool,), "true or false"),
    (click.types.IntParamType, (int,), "a whole number"),
    (click.types.FloatParamType, (int, float), "a number"),
    (click.types.FuncParamType, (int, str), "a whole number, or a text in quotes"),
    (click.ParamType, (str,), "a text in quotes"),
)


def path_of(environment: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Return where the file is, or would be."""
    if named := environment.get(VARIABLE):
        return pathlib.Path(named)
    folder = platformdirs.user_config_path("requests-bg96", appauthor=False)
    return folder / "config.toml"


def read(path: pathlib.Path) -> dict[str, Any]:
    """Return what the file says; nothing without a file in the usual place.

    :raises Failure: if it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if VARIABLE not in os.environ:
            return {}
        text = f"{VARIABLE} names {path}, which is not there"
        raise Failure(text, "unset it, or write that file", USAGE) from error
    except OSError as error:
        raise _wrong(path, f"it cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def defaults(
    ctx: click.Context, values: Mapping[str, Any], path: pathlib.Path
) -> dict[str, Any]:
    """Return the values for the command that is to run, as click takes them.

    :param ctx: of the group of all commands.
    :param values: by the name of the option, with underscores.
    :param path: of the file, for the error.
    :raises Failure: if no command has an option of a name, or a value is wrong.
    """
    known: dict[str | None, click.Option] = {}
    for name in _commands(ctx):
        if values.keys() <= known.keys():
            break
        known.update((option.name, option) for option in _options(_command(ctx, name)))
    for name, value in values.items():
        option = known.get(name)
        if option is None:
            names = ", ".join(sorted(filter(None, known)))
            raise _wrong(path, f"there is no setting {name!r}; there are {names}")
        kinds, wanted = next(
            (kinds, wanted)
            for kind, kinds, wanted in _KINDS
            if isinstance(option.type, kind)
        )
        if type(value) not in kinds:
            raise _wrong(path, f"{name} must be {wanted}")
    invoked = ctx.invoked_subcommand
    return {invoked: _of(_command(ctx, invoked), values)} if values and invoked else {}


def _commands(ctx: click.Context) -> Iterator[str]:
    """Yield all commands. That which is to run is the first: it is imported anyway."""
    assert isinstance(ctx.command, click.Group)
    if ctx.invoked_subcommand:
        yield ctx.invoked_subcommand
    yield from ctx.command.list_commands(ctx)


def _command(ctx: click.Context, name: str) -> click.Command:
    assert isinstance(ctx.command, click.Group)
    found = ctx.command.get_command(ctx, name)
    assert found is not None
    return found


def _of(command: click.Command, values: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(command, click.Group):
        return {name: _of(one, values) for name, one in command.commands.items()}
    names = {option.name for option in _options(command)}
    return {name: value for name, value in values.items() if name in names}


def _options(command: click.Command) -> Iterator[click.Option]:
    """Yield the options that can be set from outside, also those of subcommands."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.show_envvar:
            yield parameter
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from _options(one)


def _wrong(path: pathlib.Path, text: str) -> Failure:
    return Failure(f"{path}: {text}", "edit that file, or delete it", USAGE)
