"""The page of docs that shows what was measured, and its pictures."""

from __future__ import annotations

import json
import pathlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.performance import (
    beside_ppp,
    charts,
    dialogue,
    growth,
    on_a_pty,
    over_sockets,
    program,
)
from benchmarks.performance.report import Limit, Part, Results, Row
from tests.documents.tables import list_table

__all__ = ("DOCS", "FIGURES", "LIMITS", "PARTS", "files", "judged", "load", "save")

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
#: What was measured, for the page to be written again.
FIGURES = DOCS / "performance.json"

PARTS = (
    dialogue.COMMANDS,
    dialogue.IDEAL,
    on_a_pty.ON_A_PTY,
    beside_ppp.PPP,
    over_sockets.SOCKETS,
    over_sockets.SECURE,
    over_sockets.BESIDE,
    growth.BODIES,
    growth.REQUESTS,
    program.CPU,
    program.IMPORT,
    program.ABANDONED,
    program.FIRST_HTTPS,
)
_BY_NAME = {part.name: part for part in PARTS}

#: What a figure should be. The page says where it is not.
LIMITS = (
    *(
        Limit(f"AT commands by line: {row}", "commands", row, "line: commands", most)
        for row, most in (
            ("another URL of the same server, within a second", 3),
            ("the same URL again, within a second", 2),
            ("another URL, 10 s later", 3),
            ("the same URL again, 10 s later", 3),
        )
    ),
    *(
        Limit(f"time / ideal, {row}", "ideal", row, "s / ideal", most)
        for row, most in (
            ("115,200, line: GET 1 kB", 1.02),
            ("115,200, line: POST 1 kB", 1.02),
            ("115,200, line: GET 100 kB", 1.01),
            ("115,200, line: POST 900 kB", 1.01),
        )
    ),
    *(
        Limit(f"over sockets, {row}: {column}", "sockets", row, column, wanted, most)
        for row, column, wanted, most in (
            ("115,200, 0 ms: GET 1 kB", "s / ideal", 1.05, True),
            ("115,200, 0 ms: POST 1 kB", "s / ideal", 1.05, True),
            ("115,200, 0 ms: GET 1 kB", "bytes / ideal", 1.02, True),
            ("115,200, 0 ms: POST 1 kB", "bytes / ideal", 1.02, True),
            ("115,200, 0 ms: GET 100 kB", "of the line", 0.95, False),
            ("115,200, 0 ms: POST 900 kB", "of the line", 0.95, False),
            ("115,200, 10 ms: GET 100 kB", "of the line", 0.9, False),
            ("115,200, 10 ms: POST 900 kB", "of the line", 0.9, False),
        )
    ),
    *(
        Limit(f"kept, socket / PPP, {row}", "ppp", row, "socket kept / PPP kept", 1.02)
        for row in ("115,200, http: GET 1 kB", "115,200, http: POST 1 kB")
    ),
    Limit(
        "GET 1 kB beside 100 kB, seconds", "beside", "115,200, 0 ms", "beside s", 0.6
    ),
    Limit(
        "abandoning 100 kB with DTR, seconds",
        "abandoned",
        "115,200, DTR: 100 kB",
        "more s",
        0.2,
    ),
    Limit(
        "first verified HTTPS request, whole bundle, 921,600, seconds",
        "https",
        "baudrate=921600, requests' bundle",
        "first s",
        2.5,
    ),
)

PAGE = """\
Performance
===========

How fast the library is, against what the line allows, against another driver, and
against stock requests over PPP. The figures are ratios of ways that were measured in
one run, where that is possible: the seconds depend on the machine. The content of each
response was checked. No figure is of a real module: see :doc:`about`.

.. code-block:: console

   $ tox -e performance

does all of it, in ten to thirty minutes, and writes this page, its pictures, and the
figures in ``docs/performance.json``. ``python -m benchmarks.performance --only NAME``
measures one table again, and keeps the others. The names are
{names}.
``--quick`` leaves out what takes long, and writes nothing.

{about}
*Line* is ``via="line"``, the module's own HTTP client. *Socket* is ``via="socket"``,
TCP sockets of the module in buffer mode. See :doc:`choose`. Sizes are those of bodies;
1 kB is 1,000 bytes. Bytes are those on the line, in both directions.

What is wanted
--------------

{limits}
{straight}

{parts}"""

CURVES = """\
How straight time grows: the figure that is farthest from a straight line through the
first and the last one is off by {bodies} with the size of a body, and by {requests}
with the number of requests."""


def save(figures: Mapping[str, Any]) -> None:
    """Keep what was measured."""
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    FIGURES.write_text(text + "\n", encoding="utf-8")


def load() -> dict[str, Any]:
    """Return what was measured last: ``about`` and ``parts``."""
    if not FIGURES.exists():
        return {"about": {}, "parts": {}}
    figures: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return figures


def results(figures: Mapping[str, Any]) -> Results:
    """Return the rows of each part."""
    return {
        name: [Row(row[0], tuple(row[1])) for row in rows]
        for name, rows in figures["parts"].items()
    }


def files(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return the content of each file in ``docs``."""
    found = results(figures)
    made = {
        _picture_name(part): _picture(part, found[part.name])
        for part in PARTS
        if part.drawn
    }
    made["performance.rst"] = PAGE.format(
        about=list_table(("What", "Which"), (26, 74), figures["about"].items()),
        names=_names(),
        limits=_limits(found),
        straight=_straight(found),
        parts="\n".join(_section(part, found[part.name]) for part in PARTS),
    )
    return made


def judged(found: Results) -> Iterator[tuple[Limit, float]]:
    """Yield the limits whose figures were measured, with these."""
    for limit in LIMITS:
        part = _BY_NAME[limit.part]
        value = part.value(found.get(limit.part, []), limit.row, limit.column)
        if value is not None:
            yield limit, value


def _names() -> str:
    *some, last = (f"``{part.name}``" for part in PARTS)
    return textwrap.fill(f"{', '.join(some)} and {last}", 86)


def _limits(found: Results) -> str:
    figures = [*judged(found)]
    ratio, sizes = _memory(found["bodies"])
    figures.append((Limit(f"memory of a download, {sizes}", "", "", "", 1.1), ratio))
    for name, (cost, wanted) in found["cpu"]:
        if wanted is not None and cost is not None:
            figures.append((Limit(f"CPU: {name}", "", "", "", wanted), cost))
    rows = []
    for limit, value in figures:
        sign = "<=" if limit.most else ">="
        verdict = "yes" if limit.met(value) else "**no**"
        rows.append((limit.what, f"{value:.4g}", f"{sign} {limit.wanted:g}", verdict))
    return list_table(("Figure", "is", "wanted", "met"), (64, 12, 12, 12), rows)


def _memory(bodies: Sequence[Row]) -> tuple[float, str]:
    """Return the memory of the largest body over that of a small one; and the sizes."""
    large, small = bodies[-1], next(row for row in bodies if int(row.name) >= 20_000)
    value = _BY_NAME["bodies"].value
    more, less = (value([row], row.name, "line MiB") for row in (large, small))
    assert more and less
    return more / less, f"{int(large.name):,} B / {int(small.name):,} B"


def _straight(found: Results) -> str:
    text = CURVES.format(
        bodies=_bend(found["bodies"]), requests=_bend(found["requests"])
    )
    return textwrap.fill(" ".join(text.split()), 88)


def _bend(rows: Sequence[Row]) -> str:
    """Return how far a curve is at most from the line through its ends, by each way."""
    found = []
    for column, via in enumerate(("line", "socket")):
        points = [(float(row.name), row.values[column] or 0.0) for row in rows]
        (x, y), (u, v) = points[0], points[-1]
        straight = [y + (v - y) * (one - x) / (u - x) for one, _ in points]
        far = max(abs(one[1] / by - 1) for one, by in zip(points, straight))
        found.append(f"{far:.0%} by {via}")
    return " and ".join(found)


def _section(part: Part, rows: Sequence[Row]) -> str:
    formats = part.columns.values()
    table = [(row.name, *map(_cell, formats, row.values)) for row in rows]
    if part.scale == "lines":
        table = [(f"{int(name):,}", *cells) for name, *cells in table]
    width = 72 // len(part.columns)
    widths = (100 - width * len(part.columns), *(width for _ in part.columns))
    header = (part.first, *part.columns)
    text = f"{part.title}\n{'-' * len(part.title)}\n\n{part.text}\n"
    text += list_table(header, widths, table)
    if part.drawn:
        text += f"\n.. image:: {_picture_name(part)}\n   :alt: {part.title}\n"
        text += "   :width: 100%\n"
    return text


def _cell(form: str, value: float | None) -> str:
    return "" if value is None else form.format(value)


def _picture_name(part: Part) -> str:
    return f"performance-{part.name}.svg"


def _picture(part: Part, rows: Sequence[Row]) -> str:
    places = [list(part.columns).index(name) for name in part.drawn]
    shown = [(row.name, [row.values[place] for place in places]) for row in rows]
    unit = f", {part.unit}" if part.unit else ""
    draw = charts.bars if part.scale == "bars" else charts.lines
    form = part.columns[part.drawn[0]]
    return draw(part.title + unit, part.drawn, shown, form)
