"""Output for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

__all__ = ("console", "show_json", "show_rows")


def console(*, stderr: bool = False) -> Console:
    """Return a console that never wraps, with colours on a terminal only."""
    return Console(soft_wrap=True, highlight=False, stderr=stderr)


def show_json(value: Any) -> None:
    """Print `value` as JSON, in one line."""
    click.echo(json.dumps(value))


def show_rows(rows: Sequence[Sequence[str]], indent: int = 0) -> None:
    """Print rows in columns; the first column is bold.

    :param indent: spaces in front of each row.
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    where = console()
    for row in rows:
        first, *rest = (text.ljust(width) for text, width in zip(row, widths))
        line = f"[bold]{escape(first)}[/]  {escape('  '.join(rest).rstrip())}"
        where.print(" " * indent + line.rstrip())
