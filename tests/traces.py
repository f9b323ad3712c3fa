"""HAR files for the tests of what shows them."""

from __future__ import annotations

from typing import Any

__all__ = ("HOSTILE", "document", "entry", "many")

#: Text that would break out of HTML, of a script or of an attribute, or steer a
#: terminal.
HOSTILE = (
    "</script><script>broken()</script>",
    "<img src=x onerror=broken()>",
    "<!--<script>",
    "]]>",
    "\"'><b onmouseover=broken()>",
    "&lt;b&gt;&amp;",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
    "\u2028\u2029\x00\x85",
    "\ud800",
    "{title} {0} %s $& $1",
    "[bold]markup[/bold]",
    "`${broken()}`",
)


def entry(
    text: str = "a", start: str = "12:00:00.000", **changed: Any
) -> dict[str, Any]:
    """An entry of ours, with `text` in each place that others may fill."""
    headers = [{"name": f"X-{text}", "value": text}]
    made = {
        "startedDateTime": f"2026-01-02T{start}+00:00",
        "time": 600,
        "request": {
            **{"method": "GET", "url": f"http://server.example/{text}"},
            **{"httpVersion": "HTTP/1.1", "cookies": [], "headers": headers},
            **{"queryString": [], "headersSize": 100, "bodySize": 0},
        },
        "response": {
            **{"status": 200, "statusText": text, "httpVersion": "HTTP/1.1"},
            **{"cookies": [], "headers": headers, "redirectURL": text},
            **{"content": {"size": 5, "mimeType": text}},
            **{"headersSize": 100, "bodySize": 5},
        },
        "cache": {},
        "timings": {
            "blocked": 100,
            "dns": -1,
            "connect": 200,
            "ssl": -1,
            "send": 50,
            "wait": 150,
            "receive": 100,
        },
        "_phases": {
            "turn": 0,
            "setup": 100,
            "connect": 200,
            "send": 50,
            "wait": 150,
            "receive": 100,
        },
        "_dialogue": [
            {"time": 10, "phase": "setup", "text": "> AT+QHTTPURL=26,10"},
            {"time": 120, "phase": "connect", "text": "> AT+QHTTPGET=60,100,60"},
            {"time": 590, "phase": "receive", "text": f"< {text}"},
        ],
    }
    return {**made, **changed}


def document(*entries: Any) -> dict[str, Any]:
    """A HAR document."""
    creator = {"name": "requests-bg96", "version": "0"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [*entries]}}


def many(count: int) -> dict[str, Any]:
    """A document with many entries, one in ten failed."""
    entries = []
    for number in range(count):
        seconds = number % 86_400
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        made = entry(f"number-{number}", f"{clock}.{number % 1000:03}")
        if number % 10 == 7:
            made["response"] = {**made["response"], "status": 0, "_error": "no answer"}
        made["_dialogue"] = made["_dialogue"] * 8
        entries.append(made)
    return document(*entries)
