"""All commands of the command line, imported."""

from __future__ import annotations

import click

from requests_bg96.cli.main import main

__all__ = ("COMMANDS",)


def _imported() -> dict[str, click.Command]:
    ctx = click.Context(main)
    found = {name: main.get_command(ctx, name) for name in main.list_commands(ctx)}
    return {name: one for name, one in found.items() if one is not None}


#: Each by its name.
COMMANDS = _imported()
