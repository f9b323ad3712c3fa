"""The page and the picture of a request, from one that was made over the emulator."""

from __future__ import annotations

import dataclasses
import html
import logging
from collections.abc import Iterable

from requests.structures import CaseInsensitiveDict

from requests_bg96.errors import Phase
from tests.documents.record import records
from tests.documents.tables import list_table
from tests.documents.write_errors import AFTER, BEFORE
from tests.support import SOMEWHERE, rig

__all__ = ("Line", "page", "picture", "recorded")

#: What passes between module and server at the last line of a phase, and whether it
#: comes back.
SERVER = {
    Phase.CONNECT: ("connects", False),
    Phase.SEND: ("request", False),
    Phase.WAIT: ("response", True),
}
#: What each phase is, and what may be repeated.
PHASES = {
    Phase.CONNECT: (
        (
            "From the wait for the modem to CONNECT of ``AT+QHTTPGET`` or"
            " ``AT+QHTTPPOST``. The module connects to the server before it answers"
            " CONNECT."
        ),
        (
            "The library repeats it within the connect timeout. ``Retry`` repeats every"
            " method."
        ),
        "connect",
    ),
    Phase.SEND: (
        "The bytes of the request cross the line, up to the module's OK.",
        "``Retry`` repeats idempotent methods.",
        "none; the line's speed limits it",
    ),
    Phase.WAIT: (
        "The server works. The result URC has the status.",
        "``Retry`` repeats idempotent methods.",
        "read",
    ),
    Phase.READ: (
        "``AT+QHTTPREAD`` fetches head and body, as your program reads.",
        (
            "The head: ``Retry`` repeats idempotent methods. The body: nothing is"
            " repeated."
        ),
        "read, for each silence",
    ),
}
HOST, MODULE, REMOTE = 190, 480, 740
STEP, TOP = 26, 70

PAGE = """\
How a request travels
=====================

This is the way of ``via="line"``, the default. :doc:`sockets` describes the other one.

1. requests prepares the request. ``BG96Adapter.send`` gets a ``PreparedRequest``, as
   every adapter does.
2. urllib3 takes a connection from its pool. ``http.client`` serialises the request and
   writes it to the connection's socket.
3. That socket is a ``ModemSocket``. It collects the request until it is complete, and
   waits for its turn at the modem.
4. The library checks that the module listens, and sets it up if that is necessary: PIN,
   APN, PDP context, TLS.
5. The module gets the URL, connects to the server and answers CONNECT. Then it gets the
   bytes of the request.
6. The module's result URC has the status. ``AT+QHTTPREAD`` fetches the response.
7. ``http.client`` parses the head, urllib3 the body, as always. The module is free
   again when the last byte is read, or the response is closed.

This is the second GET of a session, recorded with the software BG96. The colours are
the phases of the exchange:

.. image:: request.svg
   :alt: The AT dialogue of one GET between host, module and server, by phases
   :width: 100%

Before the first request, the library sets up the module: ``requests-bg96 demo`` shows
its commands. Before each request, it asks whether the module listens, with ``AT``
or with a question that no server can answer: see :doc:`robustness`.

The phases
----------

{phases}
In an error, the phase is in its text, and in ``phase`` of its cause. The exceptions
before CONNECT are {before}. After it, they are {after}. :doc:`errors` has them by
number, and :doc:`timeouts` what each timeout covers. :doc:`states` has the states of
the line and of a response.

The modules of the code on this path are in :doc:`contributing`.

``python -m tests.documents.write_pages`` makes this page and its picture.
"""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the log.

    :param phase: how far the exchange was.
    """

    text: str
    phase: Phase


def recorded() -> list[Line]:
    """Make a GET, and return the dialogue of the second one."""
    lines: list[Line] = []
    with rig() as made:
        made.session.headers = CaseInsensitiveDict({"User-Agent": "product/1.0"})
        made.get()
        driver = made.modem.engine.driver

        def note(record: logging.LogRecord) -> None:
            phase = driver.link.phase if driver.link else None
            lines.append(Line(record.getMessage(), phase or Phase.CONNECT))

        with records(logging.DEBUG, note):
            assert made.session.get(f"{SOMEWHERE}/2").text == "hello"
    return lines


def page() -> str:
    """The page."""
    rows = [
        (phase.value, what, timeout, repeated)
        for phase, (what, repeated, timeout) in PHASES.items()
    ]
    return PAGE.format(
        phases=list_table(
            ("Phase", "What happens", "Timeout", "If it fails"), (16, 38, 18, 28), rows
        ),
        before=_names(BEFORE.values()),
        after=_names(AFTER.values()),
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"``{name}``" for name in dict.fromkeys(names))


COLOURS = {
    Phase.CONNECT: "#fff4d6",
    Phase.SEND: "#e3f1ff",
    Phase.WAIT: "#efe6ff",
    Phase.READ: "#e2f7e5",
}
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {height}" \
font-family="sans-serif" font-size="13">
<title>One GET: the host, the module and the server</title>
<rect width="860" height="{height}" fill="white"/>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" \
markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#555"/></marker></defs>
"""
ARROW = """\
<path d="M{} {y}H{}" stroke="#555" fill="none" marker-end="url(#head)"/>
<text x="{middle}" y="{above}" text-anchor="middle">{text}</text>
"""


def picture() -> str:
    """Draw the dialogue."""
    lines = recorded()
    height = TOP + STEP * (len(lines) + 1)
    parts = [HEAD.format(height=height), *_bands(lines)]
    for x, name in ((HOST, "host"), (MODULE, "module"), (REMOTE, "server")):
        parts.append(
            f'<text x="{x}" y="24" text-anchor="middle"'
            f' font-weight="bold">{name}</text>\n<path d="M{x} 34V{height - 10}"'
            ' stroke="#999"/>\n'
        )
    for number, line in enumerate(lines):
        parts.append(_line(line, TOP + STEP * number))
        last = number + 1 == len(lines) or lines[number + 1].phase is not line.phase
        if last and line.phase in SERVER:
            text, back = SERVER[line.phase]
            ends = (REMOTE, MODULE) if back else (MODULE, REMOTE)
            parts.append(_arrow(*ends, TOP + STEP * number, text))
    return "".join([*parts, "</svg>\n"])


def _line(line: Line, y: int) -> str:
    to_module = line.text.startswith(">")
    ends = (HOST, MODULE) if to_module else (MODULE, HOST)
    return _arrow(*ends, y, line.text[2:])


def _arrow(start: int, end: int, y: int, text: str) -> str:
    return ARROW.format(
        start,
        end,
        y=y,
        above=y - 4,
        middle=(start + end) // 2,
        text=html.escape(text),
    )


def _bands(lines: list[Line]) -> list[str]:
    """Draw the background of each phase, with its name."""
    parts = []
    for phase in Phase:
        numbers = [i for i, line in enumerate(lines) if line.phase is phase]
        if not numbers:
            continue
        top = TOP + STEP * numbers[0] - 18
        height = STEP * (numbers[-1] - numbers[0] + 1)
        parts.append(
            f'<rect x="0" y="{top}" width="860" height="{height}" '
            f'fill="{COLOURS[phase]}"/>\n'
            f'<text x="8" y="{top + 16}" font-size="11">{phase.value}</text>\n'
        )
    return parts
