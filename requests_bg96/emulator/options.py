"""Options of an emulator as text, in a URL or on a command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from .switches import Switches

__all__ = ("OPTIONS", "options_from_text")


def _fragment(text: str) -> int | str:
    if text == "random":
        return text
    size = int(text)
    if size < 1:
        raise ValueError(f"fragment is {size} bytes: use 1 or more")
    return size


def _sim(text: str) -> str | None:
    return None if text == "none" else text


#: The options that can be text, and how to parse it.
OPTIONS: dict[str, Callable[[str], Any]] = {
    "baudrate": int,
    "fragment": _fragment,
    "answer_delay": float,
    "sim": _sim,
    "pin": str,
    "registration": str,
    "apn": str,
    "attach_error": int,
    "model": str,
    "overflow": int,
    "input_rate": int,
    "input_buffer": int,
    "clean_to": int,
    "noise": float,
    "seed": int,
}


def _switches(report: str | None, texts: Mapping[str, str]) -> Switches:
    """Return the given switches, and those of a report for the rest."""
    given = Switches.from_text(texts)
    if report is None:
        return given
    named = {name: getattr(given, name) for name in texts}
    return dataclasses.replace(Switches.from_report(report), **named)


def options_from_text(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of `Emulator` for options and switches.

    :param texts: names and values. ``report`` is the path of a probe's report: its
        switches are used unless they are given here.
    :raises OSError: if the report cannot be read.
    :raises ValueError: if a name or a value is unknown.
    """
    names = {field.name for field in dataclasses.fields(Switches)}
    switches = {name: text for name, text in texts.items() if name in names}
    options: dict[str, Any] = {"switches": _switches(texts.get("report"), switches)}
    for name, text in texts.items():
        if name == "report":
            continue
        if name in OPTIONS:
            options[name] = OPTIONS[name](text)
        elif name not in names:
            raise ValueError(f"there is no option {name!r}")
    return options
