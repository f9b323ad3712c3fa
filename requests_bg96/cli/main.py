"""The command line. It needs the extra ``cli``."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

import click
import requests
from rich.console import Console
from rich.markup import escape

from ..adapter import BG96Adapter
from ..emulator import Emulator
from ..errors import BG96Error, LimitError
from ..modem import BG96Modem
from .ca import root_command
from .demo import Wrong, dialogue, run
from .doctor import Finding, examine
from .doctor import repair as make_ready
from .options import settings
from .probe.commands import probe_command, server_command

__all__ = ("main",)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="requests-bg96")
def main() -> None:
    """Send requests over a Quectel BG96."""


@main.command()
@click.option("--baudrate", type=int, help="Pace the emulated line, in baud.")
def demo(baudrate: int | None) -> None:
    """Show the main use with the emulator.

    Each request is shown with its AT dialogue (> to the module, < from it) and with its
    result for a user of requests. The exit status is 0 only if all results are right.
    """
    console = Console(soft_wrap=True, highlight=False)
    with Emulator(baudrate=baudrate) as emulator:
        adapter = BG96Adapter(emulator.url, apn="iot.example")
        failures = sum(_show(console, *step) for step in run(adapter))
        adapter.close()
    console.print(
        f"[bold red]{failures} results are wrong.[/]"
        if failures
        else "[bold green]All results are right.[/]"
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


@main.command()
@click.option("--port", help="The module's AT port. Default: the one on USB.")
@click.option("--repair", is_flag=True, help="Prepare the module for a request.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@settings
def doctor(port: str | None, repair: bool, as_json: bool, **given: Any) -> None:
    """Tell whether a request would work, and what to do if not.

    Without --repair, nothing is changed. Pass the settings of your adapter. The exit
    status is 0 only if a request would work.
    """
    try:
        modem = BG96Modem(port, **given)
    except LimitError as error:
        raise click.UsageError(str(error)) from None
    findings: list[Finding] = []
    if repair:
        try:
            make_ready(modem)
        except BG96Error as error:
            findings.append(Finding("repair", False, str(error), "repair it by hand"))
    findings += examine(modem)
    modem.close()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(found) for found in findings]))
    else:
        _print(findings)
    sys.exit(0 if all(finding.good for finding in findings) else 1)


def _print(findings: list[Finding]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        mark = "[green]good[/]" if finding.good else "[red]bad [/]"
        console.print(f"{mark} {finding.check}: {escape(finding.found)}")
        if finding.advice:
            console.print(f"       {escape(finding.advice)}")


main.add_command(probe_command)
main.add_command(root_command)
main.add_command(server_command)
