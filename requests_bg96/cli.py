"""The command line; it needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import requests
from rich.console import Console
from rich.markup import escape

from .adapter import BG96Adapter
from .demo import Wrong, dialogue, run
from .emulator import Emulator

__all__ = ("main",)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="requests-bg96")
def main() -> None:
    """Send requests over a Quectel BG96."""


@main.command()
@click.option("--baudrate", type=int, help="Pace the emulated line, in baud.")
def demo(baudrate: int | None) -> None:
    """Show the main job on the embedded emulator.

    Each request is shown with its AT dialogue (> to the module, < from it) and with
    what a user of requests sees. The exit status is 0 only if all is as it must be.
    """
    console = Console(soft_wrap=True, highlight=False)
    with Emulator(baudrate=baudrate) as emulator:
        adapter = BG96Adapter(emulator.url, apn="iot.example")
        failures = sum(_show(console, *step) for step in run(adapter))
        adapter.close()
    console.print(
        f"[bold red]{failures} not as it must be[/]"
        if failures
        else "[bold green]All is as it must be.[/]"
    )
    sys.exit(1 if failures else 0)


def _show(console: Console, title: str, step: Callable[[], str]) -> bool:
    """Show one step of the demonstration; return whether it failed."""
    console.print(f"\n[bold]{escape(title)}[/]")
    with dialogue(lambda line: console.print(f"    [dim]{escape(line)}[/]")):
        try:
            seen = step()
        except (Wrong, requests.RequestException) as error:
            console.print(f"  [red]wrong:[/] {escape(str(error))}")
            return True
    console.print(f"  [green]requests:[/] {escape(seen)}")
    return False
