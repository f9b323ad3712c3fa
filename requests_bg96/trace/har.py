"""Entries in the HTTP Archive format, HAR 1.2.

Developer tools of browsers open such files. The format's own timings do not know a
module that must be set up, so ``_phases`` has ours.

Source: http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from .entry import Header, TraceEntry

__all__ = ("har", "har_entry")

COMMENT = (
    "blocked is the wait for the modem and its set-up. connect is AT+QHTTPGET or "
    "AT+QHTTPPOST until CONNECT: the module resolves the name, connects and makes TLS "
    "in one step. Over a socket it is AT+QIOPEN, and TLS."
)


def har(entries: Iterable[TraceEntry], dropped: int = 0) -> dict[str, Any]:
    """Return `entries` as a HAR 1.2 document.

    :param dropped: how many older entries are gone.
    """
    log: dict[str, Any] = {
        "version": "1.2",
        "creator": {
            "name": "requests-bg96",
            "version": _version(),
        },
        "entries": [har_entry(entry) for entry in entries],
    }
    if dropped:
        log["comment"] = f"{dropped} older requests were not kept"
    return {"log": log}


def _version() -> str:
    try:
        return importlib.metadata.version("requests-bg96")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def har_entry(entry: TraceEntry) -> dict[str, Any]:
    """Return one entry of a HAR 1.2 document."""
    timings = _timings(entry.seconds)
    return {
        "startedDateTime": entry.started.isoformat(timespec="milliseconds"),
        "time": sum(one for name, one in timings.items() if one > 0 and name != "ssl"),
        "request": _request(entry),
        "response": _response(entry),
        "cache": {},
        "timings": {**timings, "comment": COMMENT},
        "_via": entry.via,
        "_lineBytes": {"up": entry.line_bytes_up, "down": entry.line_bytes_down},
        "_phases": {name: _ms(spent) for name, spent in entry.seconds.items()},
        "_dialogue": [
            {"time": _ms(when), "phase": phase, "text": text}
            for when, phase, text in entry.lines
        ],
        **({"_omittedLines": entry.omitted_lines} if entry.omitted_lines else {}),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _timings(seconds: dict[str, float]) -> dict[str, float]:
    """Return the format's timings in milliseconds; -1 means that it does not apply.

    The format's connect contains ssl.
    """
    reached, ssl = seconds.get("connect"), seconds.get("ssl")
    return {
        "blocked": _ms(seconds.get("turn", 0.0) + seconds.get("setup", 0.0)),
        "dns": -1,
        "connect": -1 if reached is None else _ms(reached + (ssl or 0.0)),
        "ssl": -1 if ssl is None else _ms(ssl),
        **{name: _ms(seconds.get(name, 0.0)) for name in ("send", "wait", "receive")},
    }


def _headers(headers: Iterable[Header]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _value(headers: Iterable[Header], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _request(entry: TraceEntry) -> dict[str, Any]:
    return {
        "method": entry.method,
        "url": entry.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(entry.request_headers),
        "queryString": _headers(_query(entry.url)),
        "headersSize": entry.request_head_size,
        "bodySize": entry.request_body_size,
    }


def _query(url: str) -> list[Header]:
    query = url.partition("#")[0].partition("?")[2]
    return parse_qsl(query, keep_blank_values=True)


def _response(entry: TraceEntry) -> dict[str, Any]:
    headers, size = entry.response_headers, entry.response_body_size
    return {
        "status": entry.status,
        "statusText": entry.reason,
        "httpVersion": entry.http_version,
        "cookies": [],
        "headers": _headers(headers),
        "content": {
            "size": max(size, 0),
            "mimeType": _value(headers, "content-type") or "x-unknown",
        },
        "redirectURL": _value(headers, "location"),
        "headersSize": entry.response_head_size,
        "bodySize": size,
        **({"_error": entry.error} if entry.error else {}),
    }
