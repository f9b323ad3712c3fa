"""A waterfall of requests in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from .axis import Axis
from .reading import PHASES, Exchange

__all__ = ("duration", "show_dialogue", "show_waterfall")

#: By phase: the character of its bar, one for terminals without Unicode, the colour.
BARS = {
    "turn": ("·", ".", "bright_black"),
    "blocked": ("·", ".", "bright_black"),
    "setup": ("░", ":", "yellow"),
    "dns": ("╌", "n", "cyan"),
    "connect": ("▒", "c", "magenta"),
    "ssl": ("▓", "t", "bright_magenta"),
    "send": ("▸", ">", "blue"),
    "wait": ("─", "-", "green"),
    "receive": ("█", "#", "bright_blue"),
}
#: The columns of a bar, at least, and its part of the line's width.
BAR = 20
SHARE = 0.45


def duration(seconds: float) -> str:
    """Return a time in a readable unit: ``250 ms``, ``3.1 s``, ``2:05 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def show_waterfall(
    where: Console, exchanges: Sequence[Exchange], *, from_left: bool | None = None
) -> None:
    """Print one line for each request, with a bar for its phases.

    :param where: the console; its width is used, and its colours.
    :param from_left: whether all bars start at the left, to compare their lengths. None
        decides by the room for them.
    """
    unicode = where.encoding.lower().startswith("utf")
    axis = Axis(exchanges)
    from_left = axis.crowded if from_left is None else from_left
    longest = axis.longest or 1.0
    number = len(str(len(exchanges)))
    method = min(8, max((len(one.method) for one in exchanges), default=0))
    fixed = number + method + 5 + 9 + 5
    bar = max(BAR, int((where.width - fixed) * SHARE))
    url = max(10, where.width - fixed - bar)
    for index, one in enumerate(exchanges, 1):
        bad = "red" if one.failed else ""
        line = Text(no_wrap=True, overflow="ignore", end="")
        line.append(f"{index:>{number}} ", "bright_black")
        line.append(f"{_cut(one.method, method, unicode)} ")
        line.append(f"{_cut(one.url, url, unicode)} ", bad)
        line.append(f"{one.result:>5} ", bad)
        line.append(f"{duration(one.seconds):>9} ")
        start = 0.0 if from_left else axis.place(one.start)
        scale = 1 / longest if from_left else 1 / (axis.length or 1.0)
        for phase, text in _bar(one, start, scale, bar):
            line.append(text if unicode else _ascii(phase, text), _colour(phase))
        line.rstrip()
        where.print(line)
    _show_legend(where, exchanges, axis, from_left=from_left, unicode=unicode)


def show_dialogue(where: Console, one: Exchange) -> None:
    """Print one request with its phases and its AT dialogue."""
    where.print(Text(f"{one.method} {one.url}", "bold"))
    where.print(Text(one.error or f"{one.result} {one.reason}".rstrip()))
    where.print(Text(", ".join(f"{name}: {value}" for name, value in one.facts)))
    for name, spent in one.phases:
        where.print(Text(f"  {duration(spent):>9}  {PHASES[name]}", _colour(name)))
    where.print()
    for line in one.dialogue:
        shown = Text(f"  {line.seconds:>9.3f}  {line.phase:<8}", _colour(line.phase))
        where.print(shown.append(line.text, "default"))
    if not one.dialogue:
        where.print(Text("  no AT dialogue in this file", "bright_black"))


def _cut(text: str, width: int, unicode: bool) -> str:
    """Return `text` in `width` columns; leave out its middle if it is longer."""
    if not unicode:
        text = text.encode("ascii", "backslashreplace").decode("ascii")
    if cell_len(text) > width:
        end = (width - 1) // 2
        mark = "…" if unicode else "~"
        text = text[: width - 1 - end] + mark + text[len(text) - end :]
    return set_cell_size(text, width)


def _bar(
    one: Exchange, start: float, scale: float, width: int
) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a bar, with their phase; blanks come first."""
    # The last column is always left for a request at the end.
    first = min(width - 1, int(start * width))
    end = start * width + one.seconds * scale * width
    yield "", " " * first
    for column in range(first, max(first + 1, min(width, round(end)))):
        phase = _longest(one, (column - start * width) / (scale * width), scale * width)
        yield phase, BARS[phase][0]


def _longest(one: Exchange, begin: float, scale: float) -> str:
    """Return the phase that takes most of a column.

    :param begin: seconds since the start of the request, at the column's left.
    :param scale: columns for a second.
    """
    found, most, place = "receive", 0.0, 0.0
    for phase, seconds in one.phases:
        part = min(place + seconds, begin + 1 / scale) - max(place, begin)
        found, most = (phase, part) if part > most else (found, most)
        place += seconds
    return found


def _ascii(phase: str, text: str) -> str:
    return text.replace(BARS[phase][0], BARS[phase][1]) if phase else text


def _colour(phase: str) -> str:
    return BARS[phase][2] if phase else ""


def _show_legend(
    where: Console,
    exchanges: Sequence[Exchange],
    axis: Axis,
    *,
    from_left: bool,
    unicode: bool,
) -> None:
    failed = sum(one.failed for one in exchanges)
    many = "" if len(exchanges) == 1 else "s"
    told = f"{len(exchanges)} request{many}, {failed} failed"
    if not from_left:
        told += f", {duration(axis.length)}"
        told += " without idle times" if axis.shortened else ""
    where.print(Text(told))
    used = {phase for one in exchanges for phase, _ in one.phases}
    legend = []
    for phase in (one for one in PHASES if one in used):
        sign = BARS[phase][0] if unicode else BARS[phase][1]
        text = Text.assemble((sign * 2, _colour(phase)), f" {PHASES[phase]}")
        legend.append(text)
    if where.is_terminal:
        where.print(Columns(legend, padding=(0, 2)))
    else:
        where.print(Text("   ").join(legend))
