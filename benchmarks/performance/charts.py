"""Draws figures as SVG, without anything from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

__all__ = ("bars", "lines")

COLOURS = ("#2b6cb0", "#a0aec0", "#c05621", "#2f855a", "#6b46c1")
#: In pixels: the picture, what is right of a bar, a letter, a bar, and what is around.
WIDTH, RIGHT, LETTER = 760, 60, 6.8
BAR, GAP, TOP = 13, 9, 40
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" '
    'font-family="sans-serif" font-size="12">\n<title>{}</title>\n'
    '<rect width="100%" height="100%" fill="white"/>\n'
)
TEXT = '<text x="{:.0f}" y="{:.0f}" text-anchor="{}">{}</text>\n'
BOX = '<rect x="{:.0f}" y="{:.0f}" width="{:.1f}" height="{}" fill="{}"/>\n'
CURVE = '<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>\n'
RULE = '<path d="M{:.0f} {:.0f}L{:.0f} {:.0f}" stroke="#ddd"/>\n'

#: A name, and a figure for each series.
Rows = Sequence[tuple[str, Sequence[float | None]]]


def bars(title: str, series: Sequence[str], rows: Rows, form: str) -> str:
    """Return a picture with a bar for each figure.

    :param series: the names of the figures of a row.
    :param form: the format of the figures.
    """
    most = max((one for _, values in rows for one in values if one), default=1.0)
    labels = 16 + LETTER * max(len(name) for name, _ in rows)
    step = BAR * len(series) + GAP
    height = TOP + step * len(rows)
    drawn = [HEAD.format(WIDTH, height, escape(title)), *_legend(title, series)]
    for number, (name, values) in enumerate(rows):
        y = TOP + step * number
        middle = y + BAR * len(series) / 2 + 4
        drawn.append(TEXT.format(labels - 8, middle, "end", escape(name)))
        for place, value in enumerate(values):
            if value is not None:
                at = labels, y + BAR * place
                drawn += _bar(at, value / most, form.format(value), place)
    return "".join((*drawn, "</svg>\n"))


def _bar(at: tuple[float, float], share: float, text: str, place: int) -> Iterator[str]:
    x, y = at
    width = share * (WIDTH - x - RIGHT)
    yield BOX.format(x, y, width, BAR - 2, COLOURS[place])
    yield TEXT.format(x + width + 4, y + BAR - 3, "start", text)


def _legend(title: str, series: Sequence[str]) -> Iterator[str]:
    yield TEXT.format(8, 16, "start", escape(title))
    x = 8.0
    for place, name in enumerate(series):
        yield BOX.format(x, 24, 10, 10, COLOURS[place])
        yield TEXT.format(x + 14, 33, "start", escape(name))
        x += 30 + LETTER * len(name)


def lines(title: str, series: Sequence[str], rows: Rows, form: str) -> str:
    """Return a picture with a curve for each figure. Both scales are logarithmic.

    :param rows: the names are the numbers to the right.
    """
    across = _Scale((float(name) for name, _ in rows), 60, WIDTH - RIGHT)
    figures = [one for _, values in rows for one in values if one]
    upward = _Scale(figures, 320, TOP + 20)
    drawn = [HEAD.format(WIDTH, 366, escape(title)), *_legend(title, series)]
    for name, _ in rows:
        x = across(float(name))
        drawn += (RULE.format(x, TOP + 20, x, 320),)
        drawn += (TEXT.format(x, 354, "middle", f"{float(name):,.0f}"),)
    for place in range(len(series)):
        points = [(across(float(name)), values[place]) for name, values in rows]
        seen = [(x, upward(y), y) for x, y in points if y]
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y, _ in seen)
        drawn.append(CURVE.format(path, COLOURS[place]))
        above = 6 if place % 2 == 0 else -16
        drawn += (
            TEXT.format(x, y - above, "middle", form.format(value))
            for x, y, value in seen
        )
    return "".join((*drawn, "</svg>\n"))


class _Scale:
    """Places figures on a logarithmic scale between two pixels."""

    def __init__(self, values: Iterable[float], start: float, end: float) -> None:
        found = [math.log(value) for value in values]
        self._least, self._start = min(found), start
        self._step = (end - start) / ((max(found) - self._least) or 1.0)

    def __call__(self, value: float) -> float:
        return self._start + (math.log(value) - self._least) * self._step
