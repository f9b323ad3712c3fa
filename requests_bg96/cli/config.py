"""``requests-bg96 config``: shows the settings, and where they come from."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import Any

import click
from click.core import ParameterSource

from ..settings import Settings
from .configuration import path_of, read
from .options import SettingsCommand, as_json
from .output import console, show_json, show_rows
from .session import adapter_options

__all__ = ("config_command",)

#: Settings that are not shown: `Settings` leaves them out of its own text, too.
SECRET = {
    name for name, field in Settings.__dataclass_fields__.items() if not field.repr
}
#: Where a value comes from.
SOURCES = {
    ParameterSource.COMMANDLINE: "option",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "file",
}


HELP = """Show the settings and where they come from.

The first line shows where the configuration file is. It is TOML. It has one line for
each setting, with the name of its option:

\b
    port = "/dev/ttyUSB2"
    apn = "iot.example"
    connect_timeout = 200
    set_clock = false

An option comes before the environment (BG96_APN and so on), that before the file,
and that before the default. BG96_CONFIG names another file. Secrets are not shown.
"""


@click.command("config", cls=SettingsCommand, help=HELP)
@as_json
@adapter_options
@click.pass_context
def config_command(ctx: click.Context, /, as_json: bool, **given: Any) -> None:
    """Show the settings and where they come from."""
    path = path_of()
    del given["verbose"]
    found = {
        name: {
            "value": "hidden" if value and name in SECRET else value,
            "source": SOURCES.get(_source(ctx, name), "default"),
        }
        for name, value in given.items()
    }
    if as_json:
        settings = {"path": str(path), "exists": path.exists(), "settings": found}
        show_json(settings)
        return
    there = "" if path.exists() else " (there is no such file)"
    console().print(f"{path}{there}\n", markup=False)
    show_rows([(name, *_texts(**one)) for name, one in found.items()])
    if _is_open(path):
        click.echo(
            f"warning: other users can read the secrets in {path}; "
            f'"chmod 600 {path}" keeps them out',
            err=True,
        )


def _source(ctx: click.Context, name: str) -> ParameterSource:
    return ctx.get_parameter_source(name) or ParameterSource.DEFAULT


def _texts(value: Any, source: str) -> tuple[str, str]:
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return "-" if value in (None, "") else shown, source


def _is_open(path: pathlib.Path) -> bool:
    """Return whether the file has secrets that other users can read."""
    if os.name != "posix" or not path.is_file():
        return False
    others = stat.S_IRGRP | stat.S_IROTH
    return bool(path.stat().st_mode & others and SECRET & {*read(path)})
