"""A page that shows a trace in a browser: one file, without any request.

Its content security policy allows the page's own script and style, by their digests,
and nothing else. Text of the trace gets into the page as JSON, and the script makes the
rows from it, those in view first: 10,000 rows take a browser some seconds.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from .axis import Axis
from .reading import PHASES, Exchange
from .waterfall import duration

__all__ = ("page",)

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src '{script_digest}'; style-src '{style_digest}'; base-uri 'none'; \
form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<span class="faint">{summary}</span>
<div id="controls" hidden>
<input id="search" type="search" placeholder="Search" aria-label="Search in the \
requests, their headers and AT dialogues" autocomplete="off">
<label><input id="failed" type="checkbox"> Failed only</label>
<label><input id="left" type="checkbox"{checked}> Bars from the left</label>
<output id="count" class="faint" aria-live="polite">{count}</output>
</div>
<ul id="legend" aria-label="Phases">{legend}</ul>
<div id="keys" class="faint"><kbd>↑</kbd> <kbd>↓</kbd> choose a request, \
<kbd>Enter</kbd> reads its details, <kbd>Esc</kbd> returns, <kbd>/</kbd> searches</div>
</header>
<ol id="list" role="listbox" aria-label="Requests" tabindex="0" \
class="d{digits}"></ol>
<section id="details" tabindex="0" aria-label="Details of the request"></section>
<noscript>This page needs JavaScript. It loads nothing from anywhere.</noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
#: The column of the numbers is as wide as the longest number.
DIGITS = "\n".join(f".d{n} {{ --digits: {n}ch; }}" for n in range(1, 10))


def page(exchanges: Sequence[Exchange], title: str) -> str:
    """Return the page that shows `exchanges`.

    :param title: a text, such as the name of the file.
    """
    axis = Axis(exchanges)
    script, style = _resource("page.js"), DIGITS + "\n" + _resource("page.css")
    return PAGE.format(
        title=escape(title),
        summary=_summary(exchanges, axis),
        count=f"{len(exchanges):,} requests",
        legend="".join(_legend(exchanges)),
        checked=" checked" if axis.crowded else "",
        digits=len(str(len(exchanges))),
        data=_data(exchanges, axis),
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
    )


def _resource(name: str) -> str:
    file = importlib.resources.files(__package__).joinpath(name)
    return file.read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _ms(seconds: float) -> float:
    milliseconds = round(seconds * 1000, 1)
    return int(milliseconds) if milliseconds == int(milliseconds) else milliseconds


def _summary(exchanges: Sequence[Exchange], axis: Axis) -> str:
    failed = sum(one.failed for one in exchanges)
    idle = " without idle times" if axis.shortened else ""
    when = f" from {escape(exchanges[0].when)}" if exchanges else ""
    return f"{failed:,} failed, {duration(axis.length)}{idle}{when}"


def _legend(exchanges: Sequence[Exchange]) -> Iterator[str]:
    used = {name for one in exchanges for name, _ in one.phases}
    for name, meaning in PHASES.items():
        if name in used:
            yield (
                '<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">'
                f'<path class="{name}" d="M0 0h10v10H0z"/></svg>{meaning}</li>'
            )


class _Strings:
    """Gives each text a number, because most texts are in many requests."""

    def __init__(self) -> None:
        self.found: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.found.setdefault(text, len(self.found))

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        return [self.number(text) for pair in pairs for text in pair]


def _data(exchanges: Sequence[Exchange], axis: Axis) -> str:
    """Return all requests, as JSON that cannot end its element."""
    strings = _Strings()
    numbers = {name: index for index, name in enumerate(PHASES)}
    lines = [_line(one, axis, strings) for one in exchanges]
    details = [_details(one, strings, numbers) for one in exchanges]
    data = {
        "length": _ms(axis.length) or 1,
        "longest": _ms(axis.longest) or 1,
        "phases": [*PHASES.items()],
        "strings": [*strings.found],
        "lines": lines,
        "details": details,
    }
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _line(one: Exchange, axis: Axis, strings: _Strings) -> list[Any]:
    """Return what stands in the line of a request, times in milliseconds."""
    return [
        strings.number(one.method),
        strings.number(one.url),
        strings.number(one.result),
        int(one.failed),
        _ms(axis.place(one.start) * axis.length),
        _ms(one.seconds),
    ]


def _details(one: Exchange, strings: _Strings, numbers: dict[str, int]) -> list[Any]:
    result = f"{one.result} {one.reason}".rstrip()
    facts = (("status", result), ("started", one.when), *one.facts)
    dialogue = (
        (_ms(line.seconds), numbers.get(line.phase, -1), strings.number(line.text))
        for line in one.dialogue
    )
    return [
        strings.pairs(facts),
        [part for name, spent in one.phases for part in (numbers[name], _ms(spent))],
        strings.pairs(one.request_headers),
        strings.pairs(one.response_headers),
        [part for line in dialogue for part in line],
        strings.number(one.error) if one.error else -1,
    ]
