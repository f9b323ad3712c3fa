"""The command ``trace``."""

from __future__ import annotations

import pathlib

import click

from ..failures import USAGE, Failure
from ..output import console
from .page import page
from .reading import Exchange, read, visible
from .waterfall import show_dialogue, show_waterfall

__all__ = ("trace_command",)


@click.command("trace")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)
)
@click.option(
    "--html",
    metavar="OUT",
    type=click.Path(dir_okay=False, writable=True, path_type=pathlib.Path),
    help="Write a page for a browser to OUT. It needs no network.",
)
@click.option(
    "--show",
    metavar="N",
    type=click.IntRange(1),
    help="Show request N with its AT dialogue.",
)
@click.option(
    "--from-left/--by-time",
    default=None,
    help="Start all bars at the left, to compare their lengths, or at their time. "
    "Default: by time, if there is room for it.",
)
def trace_command(
    file: pathlib.Path,
    html: pathlib.Path | None,
    show: int | None,
    from_left: bool | None,
) -> None:
    """Show the requests in FILE, a trace in HAR format.

    The trace is one of BG96Adapter(trace=...) or --har, or the HAR file of another
    program, such as a browser.
    """
    try:
        exchanges = read(file)
    except ValueError as error:
        raise Failure(
            f"{file} is not a HAR file: {error}",
            "give a file that Trace.save() or --har has written",
            USAGE,
        ) from None
    if html is not None:
        html.write_text(page(exchanges, visible(file.name)), encoding="utf-8")
    elif show is not None:
        show_dialogue(console(), _chosen(exchanges, show))
    else:
        show_waterfall(console(), exchanges, from_left=from_left)


def _chosen(exchanges: list[Exchange], number: int) -> Exchange:
    if number > len(exchanges):
        raise Failure(
            f"there is no request {number}: the file has {len(exchanges)}",
            "run the command without --show to see their numbers",
            USAGE,
        )
    return exchanges[number - 1]
