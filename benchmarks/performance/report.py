"""What a measurement is, and what it gives."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ("Effort", "Limit", "Part", "Results", "Row", "interleaved")


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much to measure.

    :param repeats: how often ways that are compared take turns; medians are shown.
    :param most_bytes: the largest body.
    :param most_requests: the most requests in a row.
    """

    repeats: int = 5
    most_bytes: int = 20_000_000
    most_requests: int = 10_000


class Row(NamedTuple):
    """A row of a table.

    :param name: what was measured.
    :param values: the figures by columns; None where there can be none.
    """

    name: str
    values: tuple[float | None, ...]


#: The rows of each part, by its name.
Results = Mapping[str, list[Row]]


@dataclasses.dataclass(frozen=True)
class Part:
    """A section of the page: what is measured, and how it is shown.

    :param name: short, for files and the command line.
    :param title: the heading.
    :param text: how it is measured, and what follows, in reStructuredText.
    :param first: the heading of the column with the names of the rows.
    :param columns: the headings of the figures, and their formats.
    :param measure: makes the rows.
    :param drawn: the headings of the columns in the picture, if there is one.
    :param scale: how the picture shows them: "bars", or "lines" over the number that
        begins the name of each row.
    :param unit: of the figures in the picture.
    """

    name: str
    title: str
    text: str
    first: str
    columns: Mapping[str, str]
    measure: Callable[[Effort], Iterator[Row]]
    drawn: tuple[str, ...] = ()
    scale: str = "bars"
    unit: str = ""

    def value(self, rows: list[Row], name: str, heading: str) -> float | None:
        """Return one figure; None if it was not measured."""
        number = list(self.columns).index(heading)
        return next((row.values[number] for row in rows if row.name == name), None)


class Limit(NamedTuple):
    """What a figure should be.

    :param what: the figure, in words.
    :param part: the name of the part that has it.
    :param row: the name of the row.
    :param column: the heading of the column.
    :param wanted: the limit.
    :param most: whether it is the most that is wanted, and not the least.
    """

    what: str
    part: str
    row: str
    column: str
    wanted: float
    most: bool = True

    def met(self, value: float) -> bool:
        """Return whether a figure is as wanted."""
        return value <= self.wanted if self.most else value >= self.wanted


def interleaved(
    repeats: int, ways: Mapping[Any, Callable[[], float]]
) -> dict[Any, float]:
    """Let ways take turns, and return the median of what each returns."""
    found: dict[Any, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, measure in ways.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}
