"""``requests-bg96 emulator``: serves the emulator to other programs."""

from __future__ import annotations

from typing import Any

import click

from ..emulator.cli import HELP, serve
from ..emulator.options import OPTIONS
from .failures import USAGE, Failure

__all__ = ("emulator_command",)


def _option(name: str, **different: Any) -> click.Option:
    return click.Option(
        [f"--{name.replace('_', '-')}", name],
        help=HELP[name][:1].upper() + HELP[name][1:] + ".",
        **different,
    )


@click.command(
    "emulator",
    params=[
        _option("tcp", metavar="HOST:PORT"),
        *map(_option, OPTIONS),
        _option("report", metavar="FILE"),
        _option("switch", metavar="NAME=VALUE", multiple=True),
        _option("verbose", is_flag=True),
    ],
)
def emulator_command(**given: Any) -> None:
    """Emulate a BG96 for other programs, until Control-C.

    The path of a pseudo-terminal is printed, or with --tcp a socket:// URL. Use it as
    the port of a program. The emulator makes its requests over the network of this
    machine. The page "fidelity" of the documentation lists the switches.
    """
    try:
        serve(**given)
    except (OSError, ValueError) as error:
        hint = 'see "requests-bg96 emulator --help"'
        raise Failure(str(error), hint, USAGE) from error
