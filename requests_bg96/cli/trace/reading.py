"""Read the requests of a HAR file: ours, or one of another program.

The file may come from anywhere, and a server has chosen parts of it. So nothing in it
is trusted: values of another type count as missing, and characters that would steer a
terminal or hide text are shown by their number.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import pathlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

__all__ = ("PHASES", "Exchange", "DialogueLine", "read", "visible")

#: The phases of our traces and the timings of HAR, in the order in which they happen,
#: with their meaning.
PHASES = {
    "turn": "waiting for the modem",
    "blocked": "waiting for a connection",
    "setup": "setting up the module",
    "dns": "resolving the name",
    "connect": "connecting",
    "ssl": "making TLS",
    "send": "sending the request",
    "wait": "waiting for the response",
    "receive": "receiving the response",
}

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?\d\d)?"
)
#: Categories of characters that show nothing, or change how others are shown.
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))


@dataclasses.dataclass(frozen=True)
class DialogueLine:
    """A line of an AT dialogue.

    :param seconds: since the request began.
    :param phase: the phase; "" if it is not known.
    :param text: the line.
    """

    seconds: float
    phase: str
    text: str


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One request and its response, as a trace shows them.

    :param start: seconds since the first request of the file.
    :param when: the wall clock at its start.
    :param method: the method.
    :param url: the URL.
    :param status: the status of the response; 0 without a response.
    :param reason: the text after the status.
    :param error: why it failed; "" if it did not.
    :param phases: the phases with their seconds, in order.
    :param facts: names and values to show: the way, sizes, types.
    :param request_headers: names and values.
    :param response_headers: names and values.
    :param dialogue: the lines of the AT dialogue; none in files of other programs.
    """

    start: float
    when: str
    method: str
    url: str
    status: int
    reason: str
    error: str
    phases: tuple[tuple[str, float], ...]
    facts: tuple[tuple[str, str], ...]
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...]
    dialogue: tuple[DialogueLine, ...]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(spent for _, spent in self.phases)

    @property
    def failed(self) -> bool:
        """Whether there was no response, or one with a status of 400 or more."""
        return bool(self.error) or self.status >= 400

    @property
    def result(self) -> str:
        """The status, or a word in its place."""
        return str(self.status) if self.status else "error" if self.error else "-"


def read(path: pathlib.Path) -> list[Exchange]:
    """Return the requests of a HAR file, the earliest first.

    :raises ValueError: if it is not a HAR file.
    :raises OSError: if it cannot be read.
    """
    try:
        # Some programs begin the file with a byte order mark.
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    entries = _part(_part(document, "log", dict), "entries", list)
    if not entries and not isinstance(
        _part(document, "log", dict).get("entries"), list
    ):
        raise ValueError("it has no log.entries")
    found = [one for one in entries if isinstance(one, dict)]
    times = [_timestamp(one.get("startedDateTime")) for one in found]
    first = min((time for time in times if time is not None), default=0.0)
    exchanges = (
        _exchange(one, max(0.0, (first if time is None else time) - first))
        for one, time in zip(found, times)
    )
    return sorted(exchanges, key=lambda one: one.start)


def visible(text: str) -> str:
    r"""Return `text` with every character that cannot be seen as ``\uXXXX``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{ord(one):04x}" if unicodedata.category(one) in _UNSEEN else one
        for one in text
    )


def _exchange(entry: dict[str, Any], start: float) -> Exchange:
    request = _part(entry, "request", dict)
    response = _part(entry, "response", dict)
    status = _number(response.get("status"))
    return Exchange(
        start=start,
        when=_text(entry.get("startedDateTime")),
        method=_text(request.get("method")),
        url=_text(request.get("url")),
        status=int(status) if 0 < status < 1000 else 0,
        reason=_text(response.get("statusText")),
        error=_text(response.get("_error")),
        phases=tuple(_phases(entry)),
        facts=tuple(_facts(entry, request, response)),
        request_headers=tuple(_headers(request)),
        response_headers=tuple(_headers(response)),
        dialogue=tuple(_dialogue(entry)),
    )


def _phases(entry: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the phases that took time: ours, or those of HAR."""
    ours = _part(entry, "_phases", dict)
    timings = {**(ours or _part(entry, "timings", dict))}
    if not ours:
        # In HAR, connect contains ssl.
        connect, ssl = _number(timings.get("connect")), _number(timings.get("ssl"))
        timings["connect"] = max(0.0, connect - ssl)
    for name in PHASES:
        if milliseconds := _number(timings.get(name)):
            yield name, milliseconds / 1000


def _facts(
    entry: dict[str, Any], request: dict[str, Any], response: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    if via := _text(entry.get("_via")):
        yield "via", via
    for name, part, key in (
        ("request", request, "bodySize"),
        ("response", response, "bodySize"),
    ):
        size = part.get(key)
        if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
            yield f"{name} body", f"{size:,} bytes"
    kind = _text(_part(response, "content", dict).get("mimeType"))
    if kind not in ("", "x-unknown"):
        yield "type", kind


def _headers(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in _part(message, "headers", list):
        if isinstance(one, dict):
            yield _text(one.get("name")), _text(one.get("value"))


def _dialogue(entry: dict[str, Any]) -> Iterator[DialogueLine]:
    for one in _part(entry, "_dialogue", list):
        if isinstance(one, dict):
            phase = one.get("phase")
            seconds = _number(one.get("time")) / 1000
            known = phase if isinstance(phase, str) and phase in PHASES else ""
            yield DialogueLine(seconds, known, _text(one.get("text")))


def _part(value: Any, name: str, kind: type[Any]) -> Any:
    """Return an object or a list in `value`, or an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, kind) else kind()


def _text(value: Any) -> str:
    return visible(value) if isinstance(value, str) else ""


def _number(value: Any) -> float:
    """Return a number that is not negative, or 0. -1 means that it does not apply."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return 0.0
    # A year of milliseconds: what is longer is no time.
    return float(value) if math.isfinite(value) and 0 < value < 4e10 else 0.0


def _timestamp(value: Any) -> float | None:
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    fraction = (fraction or "0")[:6].ljust(6, "0")
    zone = "+00:00" if zone in (None, "Z") else f"{zone[:3]}:{zone[-2:]}"
    try:
        text = f"{day}T{time}.{fraction}{zone}"
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
