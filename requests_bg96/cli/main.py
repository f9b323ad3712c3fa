"""The command line. It needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import requests
from rich.console import Console
from rich.markup import escape

from ..adapter import BG96Adapter
from ..emulator import Emulator
from .at import at_command
from .ca import root_command
from .check import check_command
from .config import config_command
from .configuration import defaults, path_of, read
from .demo import Wrong, run
from .dialogue import dialogue
from .doctor import doctor_command
from .download import download_command
from .failures import STATUSES, Commands
from .files import files_group
from .info import info_command
from .output import console
from .ports import ports_command
from .probe.commands import probe_command, server_command
from .request import request_commands
from .udev import udev_command

__all__ = ("main",)


#: The last lines of --help.
EPILOG = f"""
The port and the settings can also come from the environment (BG96_PORT, BG96_APN,
BG96_PIN and so on), or from the file that "requests-bg96 config" shows.

Exit statuses: {"; ".join(f"{code} {meaning}" for code, meaning in STATUSES.items())}.
"""


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
@click.version_option(package_name="requests-bg96")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Send requests over a Quectel BG96."""
    path = path_of()
    ctx.default_map = defaults(main, read(path), path)


@main.command()
@click.option("--baudrate", type=int, help="Pace the emulated line, in baud.")
def demo(baudrate: int | None) -> None:
    """Show the main use with the emulator.

    Each request is shown with its AT dialogue (> to the module, < from it) and with its
    result for a user of requests. The exit status is 0 only if all results are right.
    """
    where = console()
    with Emulator(baudrate=baudrate) as emulator:
        adapter = BG96Adapter(emulator.url, apn="iot.example")
        failures = sum(_show(where, *step) for step in run(adapter))
        adapter.close()
    where.print(
        f"[bold red]{failures} results are wrong.[/]"
        if failures
        else "[bold green]All results are right.[/]"
    )
    sys.exit(1 if failures else 0)


def _show(where: Console, title: str, step: Callable[[], str]) -> bool:
    """Show one step of the demonstration; return whether it failed."""
    where.print(f"\n[bold]{escape(title)}[/]")
    with dialogue(lambda line: where.print(f"    [dim]{escape(line)}[/]")):
        try:
            seen = step()
        except (Wrong, requests.RequestException) as error:
            where.print(f"  [red]wrong:[/] {escape(str(error))}")
            return True
    where.print(f"  [green]requests:[/] {escape(seen)}")
    return False


for _command in (
    at_command,
    check_command,
    config_command,
    doctor_command,
    download_command,
    files_group,
    info_command,
    ports_command,
    probe_command,
    root_command,
    *request_commands(),
    server_command,
    udev_command,
):
    main.add_command(_command)
