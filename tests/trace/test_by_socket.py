"""What a trace collects of requests over sockets of the module."""

from __future__ import annotations

import concurrent.futures
import gc
import json
import pathlib
import re
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from requests.exceptions import ChunkedEncodingError, ProxyError, SSLError

from requests_bg96.base.recording import PHASES, SocketRecording
from requests_bg96.emulator import Delay, Hangup, Refused, SystemClock, VirtualClock
from requests_bg96.trace import Trace, TraceEntry
from tests.servers import Reply, Request, reply, serve
from tests.sockets.over import Authorities, over_sockets
from tests.sockets.proxies import proxy
from tests.support import SOMEWHERE, Answers, response, rig
from tests.thread_support import until
from tests.tls_servers import serve_tls

#: A line with the number of a socket.
NUMBERED = re.compile(
    r"> AT\+(?:QISEND=|QIRD=|QISTATE=1,|QICLOSE=|QIOPEN=1,)([0-9]+)|"
    r'< \+(?:QIURC: "\w+",|QIOPEN: )([0-9]+)'
)


def by_socket(trace: Trace, **settings: Any) -> dict[str, Any]:
    """The settings of an adapter."""
    return {"trace": trace, "via": "socket", **settings}


def stages(entry: TraceEntry) -> list[str]:
    """The phases of the lines, each once."""
    return [*dict.fromkeys(phase for _, phase, _ in entry.lines)]


def _failing_body() -> Iterator[bytes]:
    yield b"x"
    raise KeyError


def hang_up(_: Request) -> Reply:
    """A response, and the end of its connection."""
    return reply(body=b"hello", headers=[("Connection", "close")])


def test_two_requests() -> None:
    """The second uses the connection of the first."""
    trace = Trace()
    answer = response(b"hello", b"Content-Type: text/plain", b"Content-Length: 5")
    with rig(answer, adapter=by_socket(trace)) as made:
        made.session.post(f"{SOMEWHERE}?a=1", b"x" * 3_000)
        made.get()
        first, second = trace.entries
        sent = made.servers.requests[0]
    assert (first.method, first.url) == ("POST", f"{SOMEWHERE}?a=redacted")
    assert (first.request_head_size, first.request_body_size) == (
        len(sent) - 3_000,
        3_000,
    )
    assert ("Host", "server.example") in first.request_headers
    assert (first.status, first.reason, first.http_version) == (200, "OK", "HTTP/1.1")
    assert ("Content-Type", "text/plain") in first.response_headers
    assert first.response_head_size == len(answer) - 5
    assert stages(first) == ["setup", "connect", "send", "wait"]
    assert stages(second) == ["send", "wait"] and not {"setup", "connect"} & {
        *second.seconds
    }
    assert second.lines[0][2] == f"> AT+QISEND=0,{second.request_head_size}"
    for entry in trace.entries:
        assert entry.response_body_size == 5 and entry.via == "socket"
        assert entry.recording.ended and entry.error is None
    one, two = trace.har()["log"]["entries"]
    assert one["_via"] == "socket" and one["timings"]["connect"] >= 0
    assert two["timings"]["connect"] == two["timings"]["ssl"] == -1


@pytest.mark.parametrize("via", ["line", "file"])
def test_other_ways(via: str) -> None:
    trace = Trace()
    with rig(adapter={"trace": trace, "via": via}) as made:
        made.get()
        with made.adapter.via_socket():
            made.get()
    assert [entry.via for entry in trace.entries] == [via, "socket"]


def test_the_times_of_phases() -> None:
    """Three seconds until the head, four within the body."""
    trace = Trace()

    def slow(request: object) -> Any:
        head = response(b"hello")[:-5]
        return [Delay(3.0), head, b"he", Delay(4.0), b"llo"]

    with rig(response(b"hello"), slow, adapter=by_socket(trace)) as made:
        made.get()
        started = made.clock.now()
        made.get()
        spent = made.clock.now() - started
    entry = trace.entries[1]
    assert entry.seconds["wait"] == pytest.approx(3.0, abs=0.5)
    assert entry.seconds["receive"] == pytest.approx(4.0, abs=0.5)
    assert sum(entry.seconds.values()) == pytest.approx(spent, abs=0.1)


def test_a_body_that_comes_piece_by_piece() -> None:
    """Its size has the framing of the chunks."""
    trace = Trace()
    with rig(adapter=by_socket(trace)) as made:
        made.session.post(SOMEWHERE, iter([b"abc", b"defgh"]))
        (sent,) = made.servers.requests
    (entry,) = trace.entries
    assert ("Transfer-Encoding", "chunked") in entry.request_headers
    assert entry.request_head_size + entry.request_body_size == len(sent)


def test_errors() -> None:
    """Each attempt is an entry."""
    trace = Trace()
    head = response(b"hello")
    with rig(adapter=by_socket(trace)) as made:
        made.servers.failures = [Refused()]
        with pytest.raises(requests.ConnectionError):
            made.get()
        slow: list[Answers] = [[Delay(100.0)], [head[:-2], Delay(100.0)]]
        for answer in slow:
            made.servers.answers = [answer]
            with pytest.raises(requests.RequestException):
                made.get(timeout=(20, 7))
        made.servers.answers = [[head[:-2], Hangup()]]
        with pytest.raises(ChunkedEncodingError):
            made.get()
        made.servers.answers = [[b"SECRET\r\n\r\n", Hangup()]]
        with pytest.raises(requests.ConnectionError):
            made.get()
    refused, late, silent, cut, wrong = trace.entries
    assert refused.error and "566" in refused.error and "send" not in refused.seconds
    assert refused.status == 0
    assert late.error and 6.5 < late.seconds["wait"] < 8 and late.status == 0
    assert silent.error and 6.5 < silent.seconds["receive"] < 8
    assert silent.status == 200 and silent.response_body_size == 3
    assert cut.error and "too early" in cut.error and cut.response_body_size == 3
    assert wrong.error == "BadStatusLine"
    assert all(entry.recording.ended for entry in trace.entries)
    assert "SECRET" not in json.dumps(trace.har())


@pytest.mark.parametrize("left", [5, 7, 12])
def test_a_chunked_response_that_is_cut(left: int) -> None:
    """The cut is in a chunk, between chunks, or before the last."""
    trace = Trace()
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer: Answers = [
        b"HTTP/1.1 200 OK\r\n" + chunked,
        b"5\r\nhello\r\n0\r\n\r\n"[:-left],
    ]
    with rig([*answer, Hangup()], adapter=by_socket(trace)) as made:
        with pytest.raises(ChunkedEncodingError):
            made.get()
    assert "too early" in (trace.entries[0].error or "")


@pytest.mark.parametrize("field", [b"Connection: close", b"Content-Length: 5"])
def test_a_server_that_hangs_up(field: bytes) -> None:
    """The end of the connection may be that of the response, or come after it."""
    trace = Trace()
    answer: Answers = [b"HTTP/1.1 200 OK\r\n%b\r\n\r\nhello" % field, Hangup()]
    with rig(answer, adapter=by_socket(trace)) as made:
        assert made.get().content == b"hello"
    (entry,) = trace.entries
    assert entry.error is None and entry.recording.ended
    assert entry.response_body_size == 5


def test_retries() -> None:
    trace = Trace()
    with rig(
        [Hangup()], response(b"hello"), adapter=by_socket(trace, max_retries=1)
    ) as made:
        assert made.get().content == b"hello"
    one, two = trace.entries
    assert (one.status, two.status) == (0, 200) and one.error and not two.error


def test_a_reader_that_leaves() -> None:
    """The exchange has ended, without an error; the trace holds no response open."""
    trace = Trace()
    head = response(b"x" * 9, b"Content-Length: 100000")
    answer: Answers = [head, Delay(1_000.0)]
    with rig(answer, adapter=by_socket(trace)) as made:
        made.get(stream=True).close()
        lost = made.get(stream=True)
        raw = weakref.ref(lost.raw._original_response)
        assert [entry.recording.ended for entry in trace.entries] == [True, False]
        del lost
        gc.collect()
        assert raw() is None
    assert all(entry.recording.ended for entry in trace.entries)
    assert not any(entry.error for entry in trace.entries)


def test_head_and_preloaded() -> None:
    """What has no body, and what urllib3 reads itself, ends too."""
    trace = Trace()
    with rig(adapter=by_socket(trace)) as made:
        made.servers.answers = [response(b"", b"Content-Length: 5")]
        made.session.head(SOMEWHERE)
        made.servers.answers = [response(b"hello")]
        pool = made.adapter.poolmanager.connection_from_url(SOMEWHERE)
        assert pool.urlopen("GET", "/a//http://b?c").data == b"hello"
        made.session.get("http://[2001:db8::1]:8080/x")
    assert [entry.response_body_size for entry in trace.entries] == [0, 5, 5]
    assert all(entry.recording.ended for entry in trace.entries)
    assert [entry.url for entry in trace.entries[1:]] == [
        "http://server.example/a//http://b?redacted",
        "http://[2001:db8::1]:8080/x",
    ]


def test_threads() -> None:
    """Each dialogue is that of its own connection, and of its own request."""
    trace = Trace()

    def slow(request: object) -> Any:
        return [response(b"x" * 4_000)[:-9], Delay(0.02), b"x" * 9]

    with rig(slow, adapter=by_socket(trace), clock=SystemClock()) as made:
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            bodies = [b"x" * (10 * number) for number in range(1, 17)]
            assert all(
                threads.map(lambda body: made.session.post(SOMEWHERE, body), bodies)
            )
    assert len(trace.entries) == 16
    seen = set()
    for entry in trace.entries:
        lines = [text for _, phase, text in entry.lines if phase != "setup"]
        numbers = {
            found[1] or found[2] for text in lines if (found := NUMBERED.match(text))
        }
        assert len(numbers) == 1
        seen |= numbers
        size = entry.request_head_size + entry.request_body_size
        sent = [text for text in lines if text.startswith("> AT+QISEND")]
        assert [text.split(",")[1] for text in sent] == [str(size)]
        assert entry.response_body_size == 4_000
    assert len(seen) > 1


def test_lines_of_other_sockets() -> None:
    """They may come at any time."""
    recording = SocketRecording(VirtualClock())
    mine = ['< +QIURC: "recv",3', "< +QIOPEN: 3,0", '< +QIURC: "pdpdeact",1', "< OK"]
    others = ['< +QIURC: "recv",1', "< +QIOPEN: 4,0", '< +QIURC: "closed",11']
    recording.number = 3
    for text in (*others, *mine):
        recording.note(None, text)
    assert [text for *_, text in recording.lines] == mine


def test_the_closing_of_other_sockets() -> None:
    """Now, or when the next one is opened."""
    trace = Trace()
    answer: Answers = [response(b"x" * 9_000)[:-1_000], Delay(1.0), b"x" * 1_000]
    with rig(answer, adapter=by_socket(trace)) as made:
        one, two = made.get(stream=True), made.get(stream=True)
        assert one.raw.read(4_000)
        two.close()
        made.modem.sockets.connect("other.example", 80).__del__()
        three = made.session.get("http://another.example/", stream=True)
        assert len(three.content) == len(one.content) + 4_000 == 9_000
        assert made.written.count(b"AT+QICLOSE=") >= 2
    for entry in trace.entries:
        assert "QICLOSE" not in "".join(text for *_, text in entry.lines)


def test_the_listener_records_for_nobody() -> None:
    """What it hears is for all."""
    trace = Trace()
    answer: Answers = [response(b"hello")[:-3], Delay(1.0), b"llo"]
    with rig(answer, adapter=by_socket(trace)) as made:
        made.get()
        assert b"+QIURC" in made.heard and b"+QIOPEN: " in made.heard
    (entry,) = trace.entries
    assert not [text for *_, text in entry.lines if text.startswith("< +QIURC")]


def test_other_users_are_in_no_dialogue() -> None:
    """Commands, other requests, and the closing of sockets."""
    trace = Trace()
    with rig([response(b"hello"), Hangup()], adapter=by_socket(trace)) as made:
        made.get()
        made.get()
        found = made.get(stream=True)
        made.modem.info()
        with made.adapter.via_file():
            made.servers.answers = [response(b"hello")]
            made.get()
        assert found.content == b"hello"
    texts = [[text for *_, text in entry.lines] for entry in trace.entries]
    for one in (texts[0], texts[1], texts[2]):
        assert not re.search("QICLOSE|QHTTPPOST=[0-9]|QHTTPGETEX|CSQ", "\n".join(one))
        assert sum(text.startswith("> AT+QIOPEN") for text in one) == 1
    assert not re.search("QISEND|QIRD|QIOPEN", "\n".join(texts[3]))


def test_tls(tmp_path: pathlib.Path) -> None:
    """It is a phase of its own, and HAR counts it as a part of connect."""
    trace, authorities = Trace(), Authorities(tmp_path)
    with (
        serve_tls(authorities.context(), lambda _: reply(body=b"hello")) as server,
        over_sockets(trace=trace) as over,
    ):
        for _ in range(2):
            answer = over.session.post(
                server.at(), b"SECRET-BODY", verify=authorities.file
            )
            assert answer.content == b"hello"
        with serve_tls(authorities.context(trusted=False), hang_up) as stranger:
            with pytest.raises(SSLError):
                over.session.get(stranger.at(), verify=authorities.file)
    first, second, failed = trace.entries
    assert first.url == server.at()
    assert stages(first) == ["setup", "connect", "ssl", "send", "wait"]
    assert {"connect", "ssl"} & {*second.seconds} == set()
    assert first.request_body_size == len(b"SECRET-BODY")
    assert first.response_body_size == second.response_body_size == 5
    assert failed.error and "ssl" in failed.seconds and "send" not in failed.seconds
    har = trace.har()["log"]["entries"]
    for entry in har:
        ours, timings = entry["_phases"], entry["timings"]
        assert [*ours] == [name for name in PHASES if name in ours]
        assert entry["time"] == pytest.approx(sum(ours.values()), abs=0.01)
        spent = [timings[name] for name in ("blocked", "connect", "send", "wait")]
        spent = [*spent, timings["receive"]]
        assert entry["time"] == pytest.approx(sum(one for one in spent if one > 0))
        assert timings["ssl"] <= timings["connect"]
    assert har[0]["timings"]["ssl"] > 0 and har[1]["timings"]["ssl"] == -1
    assert "SECRET" not in json.dumps(trace.har())


def test_proxies(tmp_path: pathlib.Path) -> None:
    """The request is that of the caller, not CONNECT; so is one that gets no tunnel."""
    trace, authorities = Trace(), Authorities(tmp_path)
    with over_sockets(trace=trace) as over:
        with serve(lambda request: reply(body=request.target.encode())) as near:
            url = near.url.replace("//", "//user:SECRET@")
            over.session.get("http://far.example/a?b=SECRET", proxies={"http": url})
        context = authorities.context()
        with proxy() as far, serve_tls(context, hang_up) as server:
            target, proxies = server.at(), {"https": far.url}
            over.session.get(target, verify=authorities.file, proxies=proxies)
            body = _failing_body()
            with pytest.raises(KeyError):
                over.session.post(
                    target, body, verify=authorities.file, proxies=proxies
                )
            # The server has an end of the connection in place of the body.
            until(lambda: server.errors)
            server.errors.clear()
            over.session.get(target, verify=authorities.file, proxies=proxies)
        with proxy("407 No") as far, pytest.raises(ProxyError):
            over.session.get(target, proxies={"https": far.url})
    plain, tunnelled, broken, again, refused = trace.entries
    assert broken.error == "KeyError" and broken.recording.ended
    assert again.request_headers == tunnelled.request_headers
    assert again.request_body_size == 0
    assert plain.url == "http://far.example/a?b=redacted"
    assert ("Proxy-Authorization", "redacted") in plain.request_headers
    assert (tunnelled.method, tunnelled.url) == ("GET", target)
    assert stages(tunnelled) == ["connect", "ssl", "send", "wait"]
    assert tunnelled.request_body_size == 0 and tunnelled.response_body_size == 5
    connect = [text for _, phase, text in tunnelled.lines if phase == "connect"]
    assert any(text.startswith("> AT+QISEND") for text in connect)
    assert (refused.method, refused.url, refused.status) == ("GET", target, 0)
    assert refused.error and "send" not in refused.seconds
    assert "SECRET" not in json.dumps(trace.har())


def test_a_forged_line_in_the_payload() -> None:
    """What a server sends is in no dialogue, whatever it looks like."""
    trace = Trace()
    forged = b'\r\nOK\r\n\r\n+QIURC: "closed",0\r\nSECRET\r\n'
    with rig(response(forged), adapter=by_socket(trace)) as made:
        for _ in range(2):
            assert made.get().content == forged
    text = json.dumps(trace.har())
    assert "SECRET" not in text and '"closed' not in text


def test_direct_use_of_a_pool_without_a_trace() -> None:
    """Nothing is collected, and nothing is missed."""
    with rig(adapter={"via": "socket"}) as made:
        pool = made.adapter.poolmanager.connection_from_url(SOMEWHERE)
        assert isinstance(pool.urlopen("GET", "/"), urllib3.HTTPResponse)
        (conn,) = [one for one in pool.pool.queue if one is not None]
        assert conn.exchange is None
