"""Connections by sockets are kept, used again, and replaced when servers close them."""

from __future__ import annotations

import concurrent.futures
import ssl
import threading

import pytest
import requests
import urllib3
from requests.exceptions import ConnectTimeout

from tests.conftest import Script
from tests.servers import Part, Reply, Request, Server, chunked, kept, raw, reply, serve
from tests.sockets.over import TLS12, TLS13, Authorities, Over, over_sockets
from tests.thread_support import no_deadlock, running, until
from tests.tls_servers import serve_tls

#: All that a module has (TCP manual 2.1.4).
MOST = 12


def test_one_connection_for_many_requests(over: Over, http_server: Server) -> None:
    """The module opens one socket."""
    for _ in range(5):
        assert over.session.get(f"{http_server.url}/echo").ok
    assert len({request.peer for request in http_server.requests}) == 1
    assert (over.count("QIOPEN"), over.count("QHTTPURL")) == (1, 0)
    assert over.modem.stats.requests == 5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_closes_later(
    method: str, over: Over, raw_server: Script
) -> None:
    """It is noticed before a request is sent, so a POST is sent once."""
    done = threading.Event()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
    server = raw_server(raw(answer, done), reply(body=b"2"))
    assert over.session.request(method, server.url, data=b"x").content == b"1"
    done.set()
    said = over.traffic
    until(lambda: any(b'"closed",0' in data for _, data in list(said)))
    assert over.session.request(method, server.url, data=b"x").content == b"2"
    assert len(server.requests) == 2


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_a_tls_server_that_closes_later(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """Its alert is noticed, which comes before the end."""
    done = threading.Event()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
    replies = iter([raw(answer, done), raw(answer)])
    context = authorities.context(version)
    with serve_tls(context, lambda _: next(replies)) as server:
        for _ in range(2):
            got = over.session.post(server.at(), data=b"x", verify=authorities.file)
            assert got.content == b"1"
            done.set()
            until(lambda: any(b'"closed",0' in data for _, data in list(over.traffic)))
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_server_that_says_more_than_it_was_asked(
    over: Over, raw_server: Script
) -> None:
    """What it says unasked is not the answer to the next request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
    more = threading.Event()
    server = raw_server(kept(answer + b"1", more, answer + b"X"), reply(body=b"2"))
    assert over.session.get(server.url).content == b"1"
    more.set()
    told = over.traffic
    until(lambda: sum(b'"recv",0' in data for _, data in list(told)) == 2)
    assert over.session.get(server.url).content == b"2"
    assert over.count("QIOPEN") == 2


def test_a_request_that_ends_its_connection(over: Over, raw_server: Script) -> None:
    """No other follows on it, even if the server is slow to close it."""
    server = raw_server(kept(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), reply())
    headers = {"Connection": "close"}
    assert over.session.post(server.url, headers=headers).ok
    assert over.session.post(server.url).ok
    assert over.count("QIOPEN") == 2


def test_more_servers_than_sockets(over: Over) -> None:
    """The connections that are kept make room, the oldest first."""
    with no_deadlock(), requests.Session() as other:
        other.mount("http://", over.adapter.sibling())
        for number in range(MOST + 3):
            session = (over.session, other)[number % 2]
            with serve(lambda _: reply(body=b"hello")) as server:
                assert session.get(server.url).content == b"hello"
                # The server waits for the end of its connection.
                server.closing.set()
                if number > MOST - 1:
                    session.close()


def test_more_streams_than_sockets(over: Over, raw_server: Script) -> None:
    """The next request waits within its connect timeout, and then says why not."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1"
    done = threading.Event()
    server = raw_server(*[raw(body, done, b"2")] * MOST, reply(body=b"next"))
    streams = [over.session.get(server.url, stream=True) for _ in range(MOST)]
    with pytest.raises(ConnectTimeout, match="all 12 sockets of the module are in use"):
        over.session.get(server.url, timeout=(0.3, 5))
    threading.Timer(0.3, done.set).start()
    threading.Timer(0.3, streams[0].close).start()
    assert over.session.get(server.url, timeout=(10, 5)).content == b"next"
    assert [stream.content for stream in streams[1:]] == [b"12"] * (MOST - 1)


def test_threads_share_a_pool(http_server: Server) -> None:
    """Each gets its own answers, and connections beyond the pool's size are closed."""
    with over_sockets(pool_maxsize=2) as over:

        def work(number: int) -> bool:
            body = b"%d" % number * 2000
            url = f"{http_server.url}/bytes?{number}"
            return over.session.post(url, data=body).content == body

        with no_deadlock(), concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert all(pool.map(work, range(18)))
        (made,) = over.adapter.poolmanager.pools._container.values()
        assert made.pool.qsize() == 2
        assert made.num_requests == 18 and 2 <= over.count("QIOPEN") <= 18


def test_streams_in_turn(over: Over, raw_server: Script) -> None:
    """Two unread streams and a third request; none is spooled."""
    first, second = b"1" * 20_000, b"2" * 20_000
    server = raw_server(reply(body=first), reply(body=second), reply(body=b"third"))
    one = over.session.get(server.url, stream=True)
    two = over.session.get(server.url, stream=True)
    assert over.session.get(server.url).content == b"third"
    pieces = zip(one.iter_content(5_000), two.iter_content(5_000), strict=True)
    assert list(pieces) == [(b"1" * 5_000, b"2" * 5_000)] * 4


def test_events_beside_telemetry(over: Over) -> None:
    """A thread that reads an endless stream does not keep others from sending."""
    go_on = [threading.Event() for _ in range(5)]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def app(request: Request) -> Reply:
        if request.method == "POST":
            return reply(body=request.body)
        parts: list[Part] = [head]
        for number, event in enumerate(go_on):
            parts += [event, chunked(b"data: %d\n\n" % number)]
        return raw(*parts, b"0\r\n\r\n")

    heard: list[bytes] = []

    def listen(url: str) -> None:
        with over.session.get(url, stream=True, timeout=20) as answer:
            heard.extend(filter(None, answer.iter_lines(chunk_size=1)))

    with no_deadlock(), serve(app) as server:
        with running(listen, server.url):
            until(lambda: server.requests)
            for number, event in enumerate(go_on):
                body = b"%d" % number
                assert over.session.post(server.url, data=body).content == body
                event.set()
                until(lambda: len(heard) > number)
        over.session.close()
    assert heard == [b"data: %d" % number for number in range(5)]


def test_a_closed_session_has_no_sockets(over: Over, http_server: Server) -> None:
    """The module closes what the pool has kept, and the port is given back.

    Even if the program still has a response that it has read.
    """
    answer = over.session.get(f"{http_server.url}/echo")
    over.session.close()
    assert answer.ok
    assert over.count("QICLOSE") == 1
    assert over.modem.state.value == "closed"
    assert over.session.get(f"{http_server.url}/echo").ok


def test_a_pool_of_urllib3(over: Over, http_server: Server) -> None:
    """The connections are urllib3's own, with what else it has."""
    pool = over.adapter.poolmanager.connection_from_url(http_server.url)
    assert isinstance(pool, urllib3.HTTPConnectionPool)
    answer = pool.request("POST", "/echo", json={"a": 1}, timeout=5)
    assert answer.json()["body"] == '{"a":1}'
