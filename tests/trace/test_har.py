"""The file of a trace: HAR 1.2."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
from typing import Any

import pytest

from requests_bg96.base.recording import PHASES
from requests_bg96.emulator import Hangup
from requests_bg96.trace import Trace
from tests.support import SOMEWHERE, response, rig

#: What HAR 1.2 requires, by its own schema.
REQUIRED: dict[str, dict[str, type[Any] | tuple[type[Any], ...]]] = {
    "": {
        "startedDateTime": str,
        "time": (int, float),
        "request": dict,
        "response": dict,
        "cache": dict,
        "timings": dict,
    },
    "request": {
        **{"method": str, "url": str, "httpVersion": str, "cookies": list},
        **{"headers": list, "queryString": list, "headersSize": int, "bodySize": int},
    },
    "response": {
        **{"status": int, "statusText": str, "httpVersion": str, "cookies": list},
        **{"headers": list, "content": dict, "redirectURL": str},
        **{"headersSize": int, "bodySize": int},
    },
    "timings": dict.fromkeys(
        ("blocked", "dns", "connect", "ssl", "send", "wait", "receive"), (int, float)
    ),
}


@pytest.fixture(name="entries")
def _entries(tmp_path: pathlib.Path) -> list[dict[str, Any]]:
    """The entries of a file: a response, a failure, a redirect, a request by file."""
    trace, path = Trace(), tmp_path / "trace.har"
    moved = response(
        b"", b"Location: /b?c=d", b"Content-Length: 0", status=b"302 Found"
    )
    typed = response(b"{}", b"Content-Type: application/json", b"Content-Length: 2")
    with rig(typed, adapter={"trace": trace}) as made:
        made.session.post(f"{SOMEWHERE}?a=b&c=d", b"body")
        made.servers.answers = [moved]
        made.get(allow_redirects=False)
        with made.adapter.via_file():
            made.get(allow_redirects=False)
        made.servers.answers = [[Hangup()]]
        with pytest.raises(OSError):
            made.get()
    trace.save(path)
    log = json.loads(path.read_text(encoding="utf-8"))["log"]
    assert log["version"] == "1.2"
    assert {*log["creator"]} == {"name", "version"}
    entries: list[dict[str, Any]] = log["entries"]
    assert len(entries) == 4
    return entries


def test_the_format(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        for part, wanted in REQUIRED.items():
            found = entry[part] if part else entry
            for name, kind in wanted.items():
                assert isinstance(found[name], kind), (part, name)
                assert not isinstance(found[name], bool)
        for message in (entry["request"], entry["response"]):
            assert all({*one} == {"name", "value"} for one in message["headers"])
        began = datetime.datetime.fromisoformat(entry["startedDateTime"])
        now = datetime.datetime.now(datetime.timezone.utc)
        assert abs(now - began) < datetime.timedelta(minutes=10)


def test_the_timings(entries: list[dict[str, Any]]) -> None:
    """Those that apply add up to the time, and ours to the same."""
    for entry in entries:
        timings, ours = entry["timings"], entry["_phases"]
        spent = [one for one in timings.values() if not isinstance(one, str)]
        assert entry["time"] == pytest.approx(sum(one for one in spent if one > 0))
        assert entry["time"] == pytest.approx(sum(ours.values()), abs=0.01)
        assert timings["dns"] == timings["ssl"] == -1
        assert [*ours] == [name for name in PHASES if name in ours]
        assert {*timings} >= {"blocked", "send", "wait", "receive", "comment"}
        assert timings["blocked"] == pytest.approx(ours["turn"] + ours["setup"])


def test_the_dialogue(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        lines = entry["_dialogue"]
        assert len(lines) >= 5
        assert all({*one} == {"time", "phase", "text"} for one in lines)
        assert {one["phase"] for one in lines} <= {*PHASES}
        assert lines[-1]["time"] <= entry["time"] + 0.01


def test_what_browsers_show(entries: list[dict[str, Any]]) -> None:
    first, moved, by_file, failed = entries
    assert first["request"]["queryString"] == [
        {"name": "a", "value": "redacted"},
        {"name": "c", "value": "redacted"},
    ]
    assert first["request"]["bodySize"] == 4 and "postData" not in first["request"]
    assert first["response"]["content"] == {"size": 2, "mimeType": "application/json"}
    assert moved["response"]["redirectURL"] == "/b?c=redacted"
    assert moved["response"]["bodySize"] == by_file["response"]["bodySize"] == 0
    assert failed["response"]["status"] == 0 and "719" in failed["response"]["_error"]
    assert failed["response"]["bodySize"] == failed["response"]["headersSize"] == -1
    assert "_error" not in first["response"]


def test_a_request_that_reached_nobody() -> None:
    """The timing "connect" does not apply without a connection."""
    trace = Trace()
    with rig(adapter={"trace": trace}, sim=None) as made:
        with pytest.raises(OSError):
            made.get(timeout=5)
    (entry,) = trace.har()["log"]["entries"]
    assert entry["timings"]["connect"] == -1 and "connect" not in entry["_phases"]
    assert entry["time"] > 0


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
def test_pipes_and_links(tmp_path: pathlib.Path) -> None:
    """They stay what they are."""
    pipe, link, file = (tmp_path / name for name in ("pipe", "link", "file"))
    os.mkfifo(pipe)
    link.symlink_to(file)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Trace().save(pipe)
        assert json.loads(os.read(reader, 9_999)) == Trace().har()
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    Trace().save(link)
    assert link.is_symlink() and json.loads(file.read_text()) == Trace().har()


def test_a_file_is_written_whole(tmp_path: pathlib.Path) -> None:
    """Or an earlier one stays, and nothing else is left."""
    path = tmp_path / "trace.har"
    trace = Trace()
    trace.save(path)
    before = path.read_bytes()
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    trace.har = lambda: {"log": {1, 2}}  # type: ignore[method-assign]
    with pytest.raises(TypeError):
        trace.save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["trace.har"]
    with pytest.raises(OSError):
        Trace().save(tmp_path)
    assert os.listdir(tmp_path) == ["trace.har"]
    with pytest.raises(OSError):
        Trace().save(tmp_path / "missing" / "trace.har")
