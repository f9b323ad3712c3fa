"""Output for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

__all__ = ("console", "show_hanging", "show_json", "show_rows")


def console(*, stderr: bool = False) -> Console:
    """Return a console that never wraps, with colours on a terminal only."""
    return Console(soft_wrap=True, highlight=False, stderr=stderr)


def show_json(value: Any) -> None:
    """Print `value` as JSON, in one line."""
    click.echo(json.dumps(value))


def show_hanging(where: Console, first: str, rest: str) -> None:
    """Print a paragraph whose later lines are indented as far as `first` is wide.

    Lines are broken between words, and at a terminal only: programs get one line.

    :param first: the text in front, as markup.
    :param rest: the paragraph, as markup.
    """
    front = Text.from_markup(first)
    body = Text.from_markup(rest)
    room = where.width - front.cell_len
    if not where.is_terminal or not body:
        line = front + body
        line.rstrip()
        where.print(line)
        return
    for line in body.wrap(where, max(room, 20)):
        where.print(front + line)
        front = Text(" " * front.cell_len)


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
