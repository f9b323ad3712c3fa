"""The option ``--har`` for commands that make requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ...trace import Trace

__all__ = ("har", "traced")

#: The option; its value is the path, or None.
har = click.option(
    "--har",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True),
    help="Write a trace of the requests to FILE, in HAR format. Bodies are not in it, "
    "nor are values that may be secret.",
)


@contextmanager
def traced(path: str | None) -> Iterator[Trace | None]:
    """Make a trace for the adapter in this ``with`` block, and save it at the end.

    It is saved even if the requests fail.

    :param path: the value of the option; without a path, there is no trace.
    """
    if path is None:
        yield None
        return
    trace = Trace()
    try:
        yield trace
    finally:
        trace.save(path)
