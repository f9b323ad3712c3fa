"""Tables in reStructuredText."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

__all__ = ("list_table",)


def list_table(
    header: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]
) -> str:
    """Return a table.

    :param widths: of the columns, in percent.
    """
    head = [
        ".. list-table::",
        "   :header-rows: 1",
        f"   :widths: {' '.join(map(str, widths))}",
        "",
    ]
    lines = [line for row in (header, *rows) for line in _row(row)]
    return "\n".join([*head, *lines]) + "\n"


def _row(cells: Sequence[str]) -> Iterator[str]:
    for number, cell in enumerate(cells):
        bullet = "   * - " if number == 0 else "     - "
        text = textwrap.fill(cell, 88, initial_indent=bullet, subsequent_indent=" " * 7)
        yield text if cell else bullet.rstrip()
