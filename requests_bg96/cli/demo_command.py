"""``requests-bg96 demo``: shows the demonstration."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator

import click
import requests
from rich.markup import escape

from ..adapter import BG96Adapter
from ..emulator import Emulator
from .demo import Wrong, run
from .dialogue import dialogue
from .options import as_json
from .output import console, show_json

__all__ = ("demo_command",)


@dataclasses.dataclass(frozen=True)
class _Result:
    """One step of the demonstration.

    :param step: its title.
    :param right: whether its result is right.
    :param result: its result for a user of requests, or what is wrong.
    :param dialogue: the AT dialogue.
    """

    step: str
    right: bool
    result: str
    dialogue: list[str]


@click.command("demo")
@click.option("--baudrate", type=int, help="Pace the emulated line, in baud.")
@as_json
def demo_command(baudrate: int | None, as_json: bool) -> None:
    """Show the main use with the emulator.

    Each request is shown with its AT dialogue (> to the module, < from it) and with its
    result for a user of requests. The exit status is 0 only if all results are right.
    """
    results = []
    for result in _results(baudrate, quiet=as_json):
        results.append(result)
        if not as_json:
            colour, name = ("green", "requests") if result.right else ("red", "wrong")
            console().print(f"  [{colour}]{name}:[/] {escape(result.result)}")
    wrong = sum(not result.right for result in results)
    if as_json:
        show_json([dataclasses.asdict(result) for result in results])
    else:
        console().print(
            f"[bold red]{wrong} results are wrong.[/]"
            if wrong
            else "[bold green]All results are right.[/]"
        )
    sys.exit(1 if wrong else 0)


def _results(baudrate: int | None, *, quiet: bool) -> Iterator[_Result]:
    """Run each step, and show its dialogue as it comes."""
    where = console()
    with Emulator(baudrate=baudrate) as emulator:
        adapter = BG96Adapter(emulator.url, apn="iot.example")
        for title, step in run(adapter):
            lines: list[str] = []

            def show(line: str, lines: list[str] = lines) -> None:
                lines.append(line)
                if not quiet:
                    where.print(f"    [dim]{escape(line)}[/]")

            if not quiet:
                where.print(f"\n[bold]{escape(title)}[/]")
            with dialogue(show):
                try:
                    result, right = step(), True
                except (Wrong, requests.RequestException) as error:
                    result, right = str(error), False
            yield _Result(title, right, result, lines)
        adapter.close()
