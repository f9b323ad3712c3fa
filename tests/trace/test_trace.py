"""What a trace collects of requests over a modem."""

from __future__ import annotations

import concurrent.futures
import copy
import http.client
import json
import logging
import pathlib
import pickle
import re
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.base.recording import LINES_KEPT, Recording
from requests_bg96.emulator import Delay, Hangup, VirtualClock
from requests_bg96.errors import Phase
from requests_bg96.trace import Trace, TraceEntry
from tests.support import SOMEWHERE, chunks, response, rig


def stages(entry: TraceEntry) -> list[str]:
    """The phases of the lines, without repetition."""
    phases = [phase for _, phase, _ in entry.lines]
    return [one for i, one in enumerate(phases) if phases[i - 1 : i] != [one]]


def texts(entry: TraceEntry) -> list[str]:
    return [text for *_, text in entry.lines]


@pytest.mark.parametrize("via", ["line", "file"])
def test_the_dialogue_is_that_of_the_log(
    via: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Word for word, whether the logger shows it or not."""
    shown = {}
    for level in (logging.DEBUG, logging.WARNING):
        caplog.clear()
        caplog.set_level(level, "requests_bg96.link")
        trace = Trace()
        settings: dict[str, Any] = {"trace": trace, "via": via}
        with rig(response(b"hello"), adapter=settings) as made:
            assert made.get().content == b"hello"
        (entry,) = trace.entries
        shown[level] = texts(entry)
        logged = [
            one.getMessage()
            for one in caplog.records
            if one.name == "requests_bg96.link"
        ]
        assert logged == (shown[level] if level == logging.DEBUG else [])
    # Files and questions have random names.
    found = [
        [re.sub("[0-9a-f]{8}", "", one) for one in lines] for lines in shown.values()
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("via", ["line", "file", "socket"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_bytes_on_the_line(via: str, stream: bool) -> None:
    """All of them, and none of other commands.

    Over a socket, an AT comes before it is known for which socket.
    """
    trace = Trace()
    missed = 100 if via == "socket" else 0
    settings: dict[str, Any] = {"trace": trace, "via": via}
    with rig(response(b"x" * 5_000), adapter=settings) as made:
        for count in range(1, 4):
            with made.modem.measure() as cost:
                answer = made.session.post(SOMEWHERE, b"x" * 500, stream=stream)
                assert answer.content == b"x" * 5_000
            assert len(trace.entries) == count
            entry = trace.entries[-1]
            assert 0 <= cost.line_bytes_up - entry.line_bytes_up <= missed
            assert 0 <= cost.line_bytes_down - entry.line_bytes_down <= missed
            assert entry.line_bytes_up > 500 and entry.line_bytes_down > 5_000
            assert made.modem.signal() is not None
        found = trace.har()["log"]["entries"]
    assert [one["_lineBytes"] for one in found] == [
        {"up": one.line_bytes_up, "down": one.line_bytes_down} for one in trace.entries
    ]


def test_a_request() -> None:
    trace = Trace()
    answer = response(b"hello", b"Content-Type: text/plain", b"Content-Length: 5")
    with rig(answer, adapter={"trace": trace}) as made:
        made.session.post(f"{SOMEWHERE}?a=1", b"x" * 300)
        (entry,) = trace.entries
        (sent,) = made.servers.requests
    head = sent[:-300]
    assert (entry.method, entry.url) == ("POST", f"{SOMEWHERE}?a=redacted")
    assert (entry.request_head_size, entry.request_body_size) == (len(head), 300)
    assert ("Host", "server.example") in entry.request_headers
    assert len(entry.request_headers) == head.count(b"\r\n") - 2
    assert (entry.status, entry.reason, entry.http_version) == (200, "OK", "HTTP/1.1")
    assert ("Content-Type", "text/plain") in entry.response_headers
    assert entry.response_head_size == len(answer) - 5
    assert entry.response_body_size == 5
    assert entry.error is None and entry.recording.ended and not entry.omitted_lines
    assert stages(entry) == ["setup", "connect", "send", "wait", "receive"]
    assert [when for when, *_ in entry.lines] == sorted(
        when for when, *_ in entry.lines
    )


def test_long_urls_and_targets() -> None:
    """The URL is whole, also if the module gets its origin alone."""
    trace = Trace(secrets=True)
    with rig(adapter={"trace": trace}) as made:
        made.session.get(f"{SOMEWHERE}?a={'b' * 900}")
        made.session.get("http://[2001:db8::1]:8080/x")
        made.session.options("http://server.example/")
    assert [entry.url for entry in trace.entries] == [
        f"{SOMEWHERE}?a={'b' * 900}",
        "http://[2001:db8::1]:8080/x",
        "http://server.example/",
    ]


def test_the_times_of_phases() -> None:
    """The modem's clock has three seconds until the head, four within the body."""
    trace = Trace()

    def slow(request: object) -> Any:
        head, body = response(b"hello").split(b"hello")[0], b"hello"
        return [Delay(3.0), head, body[:2], Delay(4.0), body[2:]]

    with rig(adapter={"trace": trace}) as made:
        made.get()
        made.servers.answers = [slow]
        started = made.clock.now()
        made.get()
        spent = made.clock.now() - started
    entry = trace.entries[1]
    assert entry.seconds["wait"] == pytest.approx(3.0, abs=0.5)
    assert entry.seconds["receive"] == pytest.approx(4.0, abs=0.5)
    assert sum(entry.seconds.values()) == pytest.approx(spent, abs=0.01)
    assert entry.lines[-1][0] == pytest.approx(spent, abs=0.01)


def test_a_wait_for_the_modem() -> None:
    """What the response before still needs of the line is not set-up."""
    trace = Trace()
    late: list[bytes | Delay] = [response(b"hello")[:-3], Delay(5.0), b"llo"]
    with rig(late, adapter={"trace": trace}) as made:
        first = made.get(stream=True)
        made.servers.answers = [response(b"second")]
        assert made.get().content == b"second"
        assert first.content == b"hello"
    one, two = trace.entries
    assert two.seconds["turn"] == pytest.approx(5.0, abs=0.5)
    assert two.seconds["setup"] < 0.5
    # The end of the first response is in its own dialogue.
    assert texts(one)[-3] == f"< {one.response_head_size + 5} bytes"
    assert "+QHTTPREAD: 0" in texts(one)[-1]
    assert one.response_body_size == 5 and one.seconds["receive"] > 4.5


def test_redirects_and_retries() -> None:
    """Each exchange is an entry, and tokens in Location stay out."""
    trace = Trace()
    adapter = {"trace": trace, "max_retries": 1}
    moved = response(
        b"",
        b"Location: http://me:SECRET@server.example/b?token=SECRET#SECRET",
        b"Content-Length: 0",
        status=b"302 Found",
    )
    with rig([Hangup()], moved, response(b"hello"), adapter=adapter) as made:
        assert made.get().url.startswith("http://me:SECRET@")
    assert [entry.status for entry in trace.entries] == [0, 302, 200]
    har = json.dumps(trace.har())
    assert "SECRET" not in har
    assert "http://server.example/b?token=redacted#redacted" in har


def test_errors() -> None:
    """Each has its error, and the time until then."""
    trace = Trace()
    with rig([Delay(1.0), Hangup()], adapter={"trace": trace}) as made:
        with pytest.raises(requests.ConnectionError):
            made.get()
        made.servers.answers = [[response(b"hello")[:-2], Hangup()]]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            made.get()
        made.servers.answers = [[b"HTTP/1.1 SECRET 1\r\nA: SECRET\r\n\r\n"]]
        with pytest.raises(requests.ConnectionError):
            made.get()
        made.servers.answers = [[Delay(100.0)]]
        with pytest.raises(requests.ReadTimeout):
            made.get(timeout=(20, 7))
    first, second, third, fourth = trace.entries
    assert first.error and "719" in first.error and first.status == 0
    assert first.seconds["wait"] == pytest.approx(1.0, abs=0.5)
    assert "receive" not in first.seconds
    assert second.error and second.status == 200 and second.response_body_size == 3
    assert third.error and "723" in third.error
    assert fourth.error and 6.5 < fourth.seconds["wait"] < 10
    assert "SECRET" not in json.dumps(trace.har())


def test_a_port_that_is_not_there() -> None:
    trace = Trace()
    with requests.Session() as session:
        session.mount("http://", BG96Adapter("/dev/nowhere", trace=trace))
        with pytest.raises(requests.ConnectionError):
            session.get(SOMEWHERE, timeout=0.1)
    (entry,) = trace.entries
    assert entry.error and "/dev/nowhere" in entry.error and not entry.lines
    assert {*entry.seconds} <= {"turn", "setup"} and entry.recording.ended


def test_a_request_that_is_refused() -> None:
    trace = Trace()
    with rig(adapter={"trace": trace}) as made:
        with pytest.raises(requests.exceptions.InvalidURL):
            made.session.get(f"http://{'.'.join(['b' * 60] * 12)}/")
    (entry,) = trace.entries
    assert entry.error and "700" in entry.error and not entry.lines


def test_errors_that_are_not_ours() -> None:
    """Those of http.client quote the response, so only their class is kept."""
    head = b"GET / HTTP/1.1\r\n\r\n"
    with pytest.raises(http.client.BadStatusLine):
        with (trace := Trace()).entry(VirtualClock(), "GET", SOMEWHERE, head):
            raise http.client.BadStatusLine("SECRET")
    assert trace.entries[0].error == "BadStatusLine"


@pytest.mark.parametrize("secrets", [False, True])
@pytest.mark.parametrize("via", ["line", "file", "socket"])
def test_no_secret(secrets: bool, via: str, tmp_path: pathlib.Path) -> None:
    """None of headers or URL is kept, unless asked for; never one of the settings."""
    trace = Trace(secrets=secrets)
    adapter = {
        **{"trace": trace, "via": via, "pin": "7291", "apn": "iot.example"},
        **{"username": "me", "password": "SECRET-APN", "auth": 1},
    }
    headers = {
        name: "SECRET-HEADER"
        for name in ("Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key")
    }
    answer = response(
        b"SECRET-BODY", b"Set-Cookie: a=SECRET-HEADER", b"X-B: SECRET-HEADER"
    )
    with rig(answer, adapter=adapter, sim="pin", pin="7291") as made:
        url = "http://me:SECRET-USER@server.example/a?key=SECRET-QUERY"
        made.session.post(url, b"SECRET-BODY", headers=headers)
        written = made.written
    for secret in (b"SECRET-APN", b"7291", b"SECRET-HEADER", b"SECRET-BODY"):
        assert secret in written
    path = tmp_path / "trace.har"
    trace.save(path)
    text = path.read_text()
    for shown in ("SECRET-APN", "SECRET-BODY", "SECRET-USER", '"7291', "=7291"):
        assert shown not in text
    assert ("SECRET-HEADER" in text) is secrets
    assert ("SECRET-QUERY" in text) is secrets
    assert "SECRET" not in repr((trace, trace.entries, trace.entries[0].recording))


def test_the_limit() -> None:
    trace = Trace(2)
    with rig(adapter={"trace": trace}) as made:
        for number in range(5):
            made.session.get(f"{SOMEWHERE}/{number}")
    assert [entry.url[-1] for entry in trace.entries] == ["3", "4"]
    assert trace.dropped == 3 and "3 older" in trace.har()["log"]["comment"]
    trace.clear()
    assert not trace.entries and not trace.dropped
    assert "comment" not in trace.har()["log"]
    with pytest.raises(ValueError, match="at least 1"):
        Trace(0)


def test_a_module_that_never_stops_talking() -> None:
    """The lines are limited, and the times still right."""
    clock = VirtualClock()
    recording = Recording(clock)
    recording.take_turn()
    for _ in range(LINES_KEPT + 5):
        clock.sleep(1)
        recording.note(Phase.WAIT, "< RING")
    recording.end()
    recording.note(Phase.WAIT, "< RING")
    recording.end(ValueError())
    assert len(recording.lines) == LINES_KEPT and recording.omitted == 5
    assert recording.seconds == {"turn": 0.0, "wait": LINES_KEPT + 5.0}
    assert recording.error is None


def test_threads() -> None:
    """Each dialogue is that of its own request."""
    trace = Trace()
    with rig(adapter={"trace": trace}) as made:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            bodies = [b"x" * (10 * number) for number in range(1, 13)]
            assert all(
                pool.map(lambda body: made.session.post(SOMEWHERE, body), bodies)
            )
    assert len(trace.entries) == 12
    for entry in trace.entries:
        size = entry.request_head_size + entry.request_body_size
        sent = [text for _, phase, text in entry.lines if phase == "send"]
        assert sent == [f"> {size} bytes", "< OK"]
        assert sum(text.startswith("> AT+QHTTPREAD") for text in texts(entry)) == 1


def test_other_commands_are_in_no_dialogue() -> None:
    trace = Trace()
    with rig(adapter={"trace": trace}) as made:
        made.get()
        before = texts(trace.entries[0])
        made.modem.info()
        made.get()
        assert texts(trace.entries[0]) == before
        assert "> AT+QHTTPGET" not in "".join(before[-3:])


def test_folded_headers() -> None:
    """The second line of a header is not taken for a header."""
    head = b"GET / HTTP/1.1\r\nDate: a\r\n\tb\r\nX: SECRET\r\n Date: SECRET\r\n\r\n"
    entry = TraceEntry(Recording(VirtualClock()), "GET", SOMEWHERE)
    entry.sends(head)
    assert entry.request_headers == (("Date", "a b"), ("X", "redacted"))


def test_a_reader_that_leaves() -> None:
    """The exchange has ended, without an error and without a size."""
    trace = Trace()
    head = response(b"x" * 9, b"Content-Length: 100000000")
    answer: list[bytes | Delay] = [head, Delay(1000.0)]
    with rig(answer, adapter={"trace": trace}) as made:
        found = made.get(stream=True)
        assert not trace.entries[0].recording.ended
        assert trace.har()["log"]["entries"][0]["response"]["status"] == 200
        found.close()
        made.servers.answers = [response(b"hello")]
        made.get()
    entry = trace.entries[0]
    assert entry.recording.ended and entry.error is None
    assert entry.response_body_size == -1


def test_copies() -> None:
    """A copy of an adapter adds to the same trace; a pickled one has a new one."""
    trace = Trace(7, secrets=True)
    adapter = BG96Adapter("loop://", trace=trace)
    for one in (copy.copy(adapter), copy.deepcopy(adapter), adapter.sibling()):
        assert one.trace is trace and one.transport.trace is trace
    restored = pickle.loads(pickle.dumps(adapter))
    assert restored.trace is not trace and not restored.trace.entries
    assert (restored.trace.limit, restored.trace.secrets) == (7, True)


def test_chunks_and_bodiless() -> None:
    trace = Trace()
    # This module takes off the framing of chunks, so it is not among the bytes.
    body = chunks(b"hello", [2])
    with rig(
        response(body, b"Transfer-Encoding: chunked"), adapter={"trace": trace}
    ) as made:
        assert made.get().content == b"hello"
        made.servers.answers = [response(b"", b"Content-Length: 5")]
        made.session.head(SOMEWHERE)
    one, two = trace.entries
    assert one.response_body_size == 5
    assert (two.method, two.response_body_size) == ("HEAD", 0)
