"""Draw the tables of states: ``python -m tests.documents.draw_states``.

It writes docs/states.rst and the two pictures on that page.
"""

from __future__ import annotations

import collections
import enum
import inspect
import math
import pathlib
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from requests_bg96.at import state as line
from requests_bg96.at.state import Event, State
from requests_bg96.response import receiver
from requests_bg96.response.receiver import ResponseState

__all__ = ("DOCS", "drawn")

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
#: The place of each state in pixels, the size of its box, and that of the picture.
LINE: Mapping[enum.Enum, tuple[int, int]] = {
    State.CLOSED: (110, 40),
    State.UNKNOWN: (110, 190),
    State.ASKED: (350, 110),
    State.ECHOED: (570, 40),
    State.LISTENING: (570, 230),
    State.AWAITING: (810, 70),
    State.COMMANDED: (810, 230),
    State.LATE: (110, 350),
    State.SENDING: (570, 380),
    State.RECEIVING: (810, 480),
    State.DOUBTED: (930, 360),
    State.PROMPTED: (1_060, 130),
    State.MEASURED: (1_060, 290),
    State.LEAVING: (330, 440),
    State.IN_DATA_MODE: (440, 560),
    State.CLOSED_IN_DATA_MODE: (130, 560),
}
RESPONSE: Mapping[enum.Enum, tuple[int, int]] = {
    ResponseState.READING: (110, 150),
    ResponseState.ENDED: (310, 60),
    ResponseState.WHOLE: (600, 120),
    ResponseState.BROKEN_OFF: (310, 260),
    ResponseState.OVER: (770, 30),
    ResponseState.LOST: (770, 260),
}
BOX = (140, 34)
#: The pixels by which an arrow is bent, so that it does not hide the way back.
BEND = 26
#: Events with the same end from all states. The page lists them; they are not drawn.
EVERYWHERE = (Event.GIVE_UP, Event.CLOSE, Event.DOUBT, Event.STRAY_CONNECT)

Arrows = Mapping[tuple[enum.Enum, enum.Enum], list[str]]

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="13" text-anchor="middle">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="white"/>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" \
markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#555"/></marker></defs>
"""
ARROW = """\
<path d="M{:.0f} {:.0f}Q{:.0f} {:.0f} {:.0f} {:.0f}" fill="none" stroke="#555" \
marker-end="url(#head)"/>
"""
LABEL = """\
<text x="{:.0f}" y="{:.0f}" fill="#036" stroke="white" stroke-width="4" \
paint-order="stroke">{}</text>
"""
STATE = """\
<rect x="{}" y="{}" width="{}" height="{}" rx="8" fill="#eef" stroke="#336"/>
<text x="{}" y="{}">{}</text>
"""

PAGE = """\
States
======

``requests_bg96/at/state.py`` has the states of the line, and
``requests_bg96/response/receiver.py`` the states of a response. Each has a table of
allowed transitions. Any other transition is an error in the program, and raises.
``tests/line/test_state.py`` and ``tests/response/test_states.py`` test each transition.
``python -m tests.documents.draw_states`` makes this page and its pictures from the
tables.

The line
--------

.. image:: line-states.svg
   :alt: The states of the line, and what leads from one to the other

{line}
These events are not drawn, because they can happen in many states:

{everywhere}
A response
----------

.. image:: response-states.svg
   :alt: The states of a response, and which may follow which

{response}"""


def drawn() -> dict[str, str]:
    """The content of each file in ``docs``."""
    page = PAGE.format(
        line=defined(line_meanings()),
        everywhere=defined(everywhere()),
        response=defined(response_meanings()),
    )
    return {
        "states.rst": page,
        "line-states.svg": picture("The states of the line", LINE, line_arrows()),
        "response-states.svg": picture(
            "The states of a response", RESPONSE, response_arrows()
        ),
    }


# The page


def defined(meanings: Iterable[tuple[str, str]]) -> str:
    """A list of definitions."""
    entries = []
    for name, meaning in meanings:
        text = textwrap.fill(meaning, 84, break_on_hyphens=False)
        entries.append(f"{name}\n{textwrap.indent(text, '    ')}\n")
    return "".join(entries)


def line_meanings() -> Iterator[tuple[str, str]]:
    """The states of the line, from its module."""
    text = line.__doc__ or ""
    for state in State:
        found = re.search(rf"^``{state.name}``\n((?:    .*\n)+)", text, re.MULTILINE)
        assert found, f"{state} is not described"
        yield state.value, linked(" ".join(found[1].split()))


def response_meanings() -> Iterator[tuple[str, str]]:
    """The states of a response, from its class."""
    source = inspect.getsource(ResponseState)
    for state in ResponseState:
        found = re.search(rf"((?:    #: .*\n)+)    {state.name} = ", source)
        assert found, f"{state} is not described"
        yield state.value, " ".join(found[1].replace("#:", "").split())


def everywhere() -> Iterator[tuple[str, str]]:
    """The ends of the events that are not drawn."""
    for event in EVERYWHERE:
        ends = collections.defaultdict(list)
        for state, row in line.TRANSITIONS.items():
            if event in row:
                ends[row[event].value].append(state.value)
        ways = (f"to *{end}* from {', '.join(ends[end])}" for end in ends)
        yield event.value, "; ".join(ways) + "."


def linked(text: str) -> str:
    """The text, with the names of states as in the picture."""
    for state in State:
        text = text.replace(f"``{state.name}``", f"*{state.value}*")
    return re.sub(r"`(\w+)`", r"``\1``", text)


# The pictures


def line_arrows() -> Arrows:
    """The events that lead from one state to another."""
    arrows: dict[tuple[enum.Enum, enum.Enum], list[str]] = {}
    for state, row in line.TRANSITIONS.items():
        for event, end in row.items():
            if event not in EVERYWHERE:
                arrows.setdefault((state, end), []).append(event.value)
    return arrows


def response_arrows() -> Arrows:
    """The states that follow, in the order of their class."""
    pairs = [(one, other) for one in ResponseState for other in ResponseState]
    return {pair: [""] for pair in pairs if pair[1] in receiver.TRANSITIONS[pair[0]]}


def picture(
    title: str, places: Mapping[enum.Enum, tuple[int, int]], arrows: Arrows
) -> str:
    """Draw states and arrows."""
    width = max(x for x, _ in places.values()) + BOX[0]
    height = max(y for _, y in places.values()) + 2 * BOX[1]
    lines, labels = [], []
    for (start, end), events in arrows.items():
        x, y, path = bent(places[start], places[end])
        lines.append(path)
        if any(events):
            labels.append(LABEL.format(x, y + 4, " / ".join(events)))
    boxes = [box(state, *place) for state, place in places.items()]
    head = HEAD.format(title=title, width=width, height=height)
    return "".join((head, *boxes, *lines, *labels, "</svg>\n"))


def box(state: enum.Enum, x: int, y: int) -> str:
    """Draw a state."""
    width, height = BOX
    left, top = x - width // 2, y - height // 2
    return STATE.format(left, top, width, height, x, y + 4, state.value)


def bent(start: tuple[int, int], end: tuple[int, int]) -> tuple[float, float, str]:
    """Draw an arrow; return its middle and its path."""
    (x, y), (u, v) = start, end
    if start == end:
        tall = BOX[1] / 2
        path = ARROW.format(x - 20, y + tall, x, y + 4 * tall, x + 20, y + tall)
        return x, y + 2.5 * tall, path
    length = math.hypot(u - x, v - y)
    aside = (y - v) / length * BEND, (u - x) / length * BEND
    left, right = edge(start, (u - x, v - y), aside), edge(end, (x - u, y - v), aside)
    middle = tuple((left[i] + right[i]) / 2 + aside[i] for i in range(2))
    across, down = ((left[i] + right[i]) / 4 + middle[i] / 2 for i in range(2))
    return across, down, ARROW.format(*left, *middle, *right)


def edge(
    place: tuple[int, int], way: tuple[float, float], aside: tuple[float, float]
) -> tuple[float, float]:
    """Return the point where an arrow crosses the edge of a box."""
    start = [one / 2 for one in aside]
    shares = [
        (BOX[i] / 2 - math.copysign(start[i], way[i] * start[i])) / abs(way[i])
        for i in range(2)
        if way[i]
    ]
    x, y = (place[i] + start[i] + way[i] * min(shares) for i in range(2))
    return x, y


def main() -> None:
    """Write the files."""
    for name, text in drawn().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
