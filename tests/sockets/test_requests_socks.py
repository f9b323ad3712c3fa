"""SOCKS proxies are reached by sockets of the module, as stock requests reaches them.

Stock requests, with PySocks, runs the same tests.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ConnectionError,
    ConnectTimeout,
    InvalidProxyURL,
    InvalidSchema,
    ProxyError,
    SSLError,
)
from urllib3.util import Retry

from requests_bg96 import install
from requests_bg96.clock import Deadline, SystemClock
from requests_bg96.trace import Trace
from requests_bg96.transport.socks import SocksProxy
from tests.servers import Reply, Request, refused_url, reply, serve
from tests.sockets.over import Authorities, Over, over_sockets
from tests.sockets.socks_server import HOST_UNREACHABLE, Script, socks
from tests.tls_servers import serve_tls

SCHEMES = ["socks4", "socks4a", "socks5", "socks5h"]
Ask = Callable[..., requests.Response]


def hang_up(_: Request) -> Reply:
    """A response, and the end of its connection."""
    return reply(body=b"hello", headers=[("Connection", "close")])


@pytest.fixture(params=["stock", "socket"])
def way(request: pytest.FixtureRequest) -> Any:
    """How the requests of a test are sent."""
    return request.param


@pytest.fixture
def session(way: str) -> Iterator[requests.Session]:
    """A session whose requests are sent so."""
    if way == "stock":
        with requests.Session() as made:
            yield made
    else:
        with over_sockets(via=way) as over:
            yield over.session


def by(url: str) -> dict[str, str]:
    """The proxy for all requests."""
    return {"http": url, "https": url}


def named(host: str) -> str:
    """The URL of a server on loopback, by this name."""
    return host.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_http(name: str, scheme: str, way: str, session: requests.Session) -> None:
    """The proxy looks up the name; stock requests does it with some schemes."""
    with socks() as far, serve(lambda _: reply(body=b"hello")) as server:
        url = server.url.replace("127.0.0.1", name)
        for _ in range(2):
            assert session.get(url, proxies=by(far.url(scheme))).content == b"hello"
    (asked,) = far.asked
    remote = way != "stock" or scheme in ("socks4a", "socks5h")
    assert asked.version == int(scheme[5])
    assert asked.port == server.server_address[1]
    if way != "stock" or scheme != "socks4a":
        assert asked.named == (remote and name == "localhost")
    assert asked.host == (name if asked.named else "127.0.0.1")
    # The server gets what it gets without a proxy.
    assert {request.target for request in server.requests} == {"/"}


def test_auto(authorities: Authorities) -> None:
    """It is decided beforehand, for http and https."""
    with over_sockets(via="auto") as over, socks() as far, serve(hang_up) as server:
        with serve_tls(authorities.context(), hang_up) as secured:
            for url in (server.url, secured.at()):
                proxies = by(far.url("socks5h"))
                answer = over.session.get(url, proxies=proxies, verify=authorities.file)
                assert answer.content == b"hello"
    assert len(far.asked) == over.count("QIOPEN") == 2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_https(
    scheme: str, session: requests.Session, authorities: Authorities
) -> None:
    """The server is checked, not the proxy."""
    with socks() as far, serve_tls(authorities.context(), hang_up) as server:
        proxies = by(far.url(scheme))
        answer = session.get(server.at(), verify=authorities.file, proxies=proxies)
        assert answer.content == b"hello"
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            session.get(server.at(), proxies=proxies)


def test_an_address_of_version_6(session: requests.Session) -> None:
    """SOCKS 4a has it in the place of a name."""
    with socks() as far, serve(hang_up, "::1") as server:
        for scheme in ("socks5h", "socks4a"):
            assert session.get(server.url, proxies=by(far.url(scheme))).ok
    assert [asked.host for asked in far.asked] == ["::1", "::1"]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize("installed", [False, True])
def test_from_the_environment(
    variable: str, installed: bool, over: Over, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socks() as far, serve(hang_up) as server:
        monkeypatch.setenv(variable, far.url("socks5h"))
        guard = install(over.adapter) if installed else contextlib.nullcontext()
        with guard:
            get = requests.get if installed else over.session.get
            assert get(server.url).content == b"hello"
    assert (far.clients, over.count("QIOPEN")) == (1, 1)


@pytest.mark.parametrize("bound", [1, 3, 4])
def test_answers_byte_by_byte(bound: int, session: requests.Session) -> None:
    """They have each type of address."""
    users = {b"user": b"word"}
    with (
        socks(bytewise=True, bound=bound, users=users) as far,
        serve(hang_up) as server,
    ):
        url = far.url("socks5h", "user:word@")
        assert session.get(server.url, proxies=by(url)).content == b"hello"


@pytest.mark.parametrize("scheme", ["socks4a", "socks5h"])
def test_bytes_after_the_answer(scheme: str, session: requests.Session) -> None:
    """They are the server's."""
    early = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly"
    with socks(early=early) as far, serve(hang_up) as server:
        answer = session.get(server.url, proxies=by(far.url(scheme)))
        assert answer.content == b"early"


# Who asks


def test_user_and_password(session: requests.Session) -> None:
    """They are percent-encoded in the URL."""
    users = {"us@r/ü".encode(): b"p:w?d"}
    with socks(users=users) as far, serve(hang_up) as server:
        url = far.url("socks5h", "us%40r%2F%C3%BC:p%3Aw%3Fd@")
        assert session.get(server.url, proxies=by(url)).content == b"hello"
    assert far.asked[0].user == "us@r/ü".encode()


@pytest.mark.parametrize("scheme", ["socks4", "socks4a"])
def test_a_user_id(scheme: str, way: str, session: requests.Session) -> None:
    """Stock requests loses it if there is no password."""
    with socks() as far, serve(hang_up) as server:
        for credentials in ("us%40r:word@", "us%40r@"):
            url = far.url(scheme, credentials)
            assert session.get(server.url, proxies=by(url)).ok
    found = [asked.user for asked in far.asked]
    assert found == [b"us@r", b"" if way == "stock" else b"us@r"]


@pytest.mark.parametrize("credentials", ["", "user@", "user:wrong@"])
def test_a_wrong_password(credentials: str, session: requests.Session) -> None:
    """An error of the connection, not of the proxy, as with stock requests."""
    with socks(users={b"user": b"word"}) as far:
        with pytest.raises(ConnectionError) as caught:
            session.get("http://far.example/", proxies=by(far.url("socks5h")))
    assert type(caught.value) is ConnectionError
    assert far.asked == []


def test_a_password_that_is_not_wanted(session: requests.Session) -> None:
    with socks() as far, serve(hang_up) as server:
        url = far.url("socks5", "user:word@")
        assert session.get(server.url, proxies=by(url)).ok


def test_connections_of_two_users(over: Over) -> None:
    """Each has a pool of its own, and keeps its connections."""
    users = {b"one": b"1", b"two": b"2"}
    with socks(users=users) as far, serve(lambda _: reply()) as server:
        for credentials in ("one:1@", "two:2@", "one:1@", "two:2@"):
            url = far.url("socks5h", credentials)
            assert over.session.get(server.url, proxies=by(url)).ok
        assert over.session.get(server.url).ok
    assert [asked.user for asked in far.asked] == [b"one", b"two"]
    assert over.count("QIOPEN") == 3


def test_nothing_shows_a_password(
    over: Over, caplog: pytest.LogCaptureFixture, authorities: Authorities
) -> None:
    """The log, a trace and an error leave it out."""
    caplog.set_level(logging.DEBUG)
    trace, mark = Trace(), "of-mine"
    users = {f"user-{mark}".encode(): f"word-{mark}".encode()}
    with serve(hang_up) as server, serve_tls(authorities.context()) as secured:
        with socks(users=users) as far, over_sockets(trace=trace) as made:
            proxies = by(far.url("socks5h", f"user-{mark}:word-{mark}@"))
            arguments: dict[str, Any] = {"proxies": proxies, "verify": authorities.file}
            assert made.session.get(server.url, **arguments).ok
            assert made.session.get(secured.at(), **arguments).ok
            proxies = by(far.url("socks5h", f"user-{mark}:other-{mark}@"))
            with pytest.raises(ConnectionError) as caught:
                made.session.get(server.url, proxies=proxies)
            managers = made.adapter.proxy_manager.values()
            keys = repr([[*manager.pools.keys()] for manager in managers])
    shown = [record for record in caplog.records if "emulator" not in record.name]
    assert len(shown) > 50
    texts = [
        *(record.getMessage() + repr(record.args) for record in shown),
        json.dumps(trace.har()),
        repr(caught.value),
        keys,
    ]
    assert not [text for text in texts if mark in text]


# What a trace shows


def test_the_phases_of_a_request() -> None:
    """The negotiation is a part of connecting."""
    trace = Trace()
    with over_sockets(trace=trace) as over, socks() as far, serve(hang_up) as server:
        assert over.session.get(server.url, proxies=by(far.url("socks5h"))).ok
    (entry,) = trace.entries
    lines = [(phase, line) for _, phase, line in entry.lines if "QISEND=" in line]
    assert [phase for phase, _ in lines] == ["connect", "connect", "send"]


# What goes wrong


def saying(data: bytes, *, stays: bool = False) -> Script:
    """A server that says this after the first bytes, and ends or stays."""

    def script(client: socket.socket, closing: threading.Event) -> None:
        client.recv(1)
        client.sendall(data)
        if stays:
            closing.wait(20)

    return script


@pytest.mark.parametrize("scheme", ["socks4a", "socks5h"])
@pytest.mark.parametrize("code", [1, 2, 3, HOST_UNREACHABLE, 5, 6, 7, 8, 9, 255])
def test_a_refusal(code: int, scheme: str, way: str, session: requests.Session) -> None:
    """The class of stock requests, and the proxy's reason."""
    with socks(code=code) as far:
        with pytest.raises(ConnectionError) as caught:
            session.get("http://far.example/", proxies=by(far.url(scheme)))
    assert type(caught.value) is ConnectionError
    if way != "stock" and (scheme, code) == ("socks5h", HOST_UNREACHABLE):
        assert "the SOCKS proxy answers: host unreachable" in str(caught.value)
    assert far.asked[0].host == "far.example"


@pytest.mark.parametrize("scheme", ["socks4a", "socks5h"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\5",
        b"\0\0",
        b"\5\1",
        b"\5\2",
        b"\5\x80",
        b"\5\0\5\0\0\x09" + bytes(20),
        b"\5\0\4\0\0\1" + bytes(6),
        b"\5\0\5\0\0\1\0\0",
        b"\0\x5b" + bytes(6),
        b"\0\x01" + bytes(6),
        b"\1\x5a" + bytes(6),
        b"\0\x5a\0",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b'\r\n+QIURC: "closed",0\r\n\r\nOK\r\n' * 9,
    ],
)
def test_no_socks(data: bytes, scheme: str, session: requests.Session) -> None:
    """A proxy that says something else, or nothing, and ends."""
    with socks(saying(data)) as far:
        with pytest.raises(ConnectionError) as caught:
            session.get("http://far.example/", proxies=by(far.url(scheme)), timeout=5)
    assert type(caught.value) is ConnectionError


@pytest.mark.parametrize(
    ("scheme", "data"),
    [
        ("socks4a", b""),
        ("socks4a", b"\0\x5a"),
        ("socks5h", b""),
        ("socks5h", b"\5"),
        ("socks5h", b"\5\0"),
        ("socks5h", b"\5\0\5\0\0\1"),
    ],
)
def test_a_proxy_that_hangs(
    data: bytes, scheme: str, session: requests.Session
) -> None:
    with socks(saying(data, stays=True)) as far:
        with pytest.raises(ConnectTimeout):
            proxies = by(far.url(scheme))
            session.get("http://far.example/", proxies=proxies, timeout=(0.5, 20))


def test_a_proxy_that_is_slow(over: Over) -> None:
    """The connect timeout bounds all of the negotiation, not each byte."""

    def script(client: socket.socket, closing: threading.Event) -> None:
        client.recv(3)
        client.sendall(b"\5\0\5\0\0\3\xff")
        while not closing.wait(0.1):
            client.sendall(b"a")

    start = time.monotonic()
    with socks(script) as far:
        with pytest.raises(ConnectTimeout, match="SOCKS proxy of far.example timed"):
            proxies = by(far.url("socks5h"))
            over.session.get("http://far.example/", proxies=proxies, timeout=(1, 20))
    assert time.monotonic() - start < 5


def test_a_proxy_that_is_not_there(way: str, session: requests.Session) -> None:
    """As with stock requests: no error of the proxy."""
    proxies = by(refused_url().replace("http", "socks5h"))
    with pytest.raises(ConnectionError) as caught:
        session.get("http://far.example/", proxies=proxies)
    assert type(caught.value) is ConnectionError
    if way != "stock":
        assert "the module reports 566" in str(caught.value)


def test_a_proxy_without_an_address(over: Over) -> None:
    """The error names the proxy, and not the server."""
    with pytest.raises(ConnectionError, match="Failed to resolve 'proxy.invalid'"):
        proxies = by("socks5h://proxy.invalid:1080")
        over.session.get("http://far.example/", proxies=proxies)


def test_a_proxy_without_names(over: Over) -> None:
    """SOCKS 4 has no names, and 4a is asked for them."""
    with socks(names=False) as far, serve(hang_up) as server:
        url = far.url("socks4")
        assert over.session.get(server.url, proxies=by(url)).ok
        with pytest.raises(ConnectionError, match="request rejected or failed"):
            over.session.get(named(server.url), proxies=by(url))


def test_retries(session: requests.Session) -> None:
    """The server has seen nothing, so even a POST is repeated."""
    retries = Retry(total=None, connect=2, read=0)
    adapter = session.get_adapter("http://")
    assert isinstance(adapter, HTTPAdapter)
    adapter.max_retries = retries
    with socks(saying(b"")) as far:
        with pytest.raises(ConnectionError):
            proxies = by(far.url("socks5h"))
            session.post("http://far.example/", b"once", proxies=proxies)
    assert far.clients == 3


def test_a_failure_leaves_no_socket(over: Over) -> None:
    """More of them than a module has."""
    with socks(code=2) as far, serve(hang_up) as server:
        for _ in range(14):
            with pytest.raises(ConnectionError):
                over.session.get("http://far/", proxies=by(far.url("socks5h")))
        assert over.session.get(server.url).ok
    assert over.count("QICLOSE") >= 14


def test_sessions_through_a_proxy(over: Over, authorities: Authorities) -> None:
    """They are resumed, but are not those of a direct connection."""
    context = authorities.context()
    with socks() as far, serve_tls(context, hang_up) as server:
        ways: list[dict[str, str]] = [{}, by(far.url("socks5")), by(far.url("socks5"))]
        for proxies in ways:
            over.session.get(server.at(), verify=authorities.file, proxies=proxies)
    assert (server.connections, context.session_stats()["hits"]) == (3, 1)


# What is refused before anything is sent


def test_by_line(over: Over) -> None:
    """The module's own HTTP client knows no proxy."""
    with over_sockets(via="line") as made, pytest.raises(ProxyError):
        made.session.get("http://far.example/", proxies=by("socks5h://127.0.0.1:1"))


@pytest.mark.parametrize(
    "url",
    [
        "socks6://127.0.0.1:1080",
        "socks5+tls://127.0.0.1:1080",
        "socks4://us%00er@127.0.0.1:1080",
        "socks5://" + "u" * 256 + ":word@127.0.0.1:1080",
        "socks5://user:" + "w" * 256 + "@127.0.0.1:1080",
    ],
)
def test_an_impossible_proxy(url: str, over: Over) -> None:
    """The error shows no part of its URL."""
    with pytest.raises(InvalidProxyURL) as caught:
        over.session.get("http://far.example/", proxies=by(url))
    assert "127.0.0.1" not in str(caught.value)
    assert over.count("QIOPEN") == 0


@pytest.mark.parametrize("host", ["far\0example", ".".join(["a" * 60] * 5)])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_impossible_name(host: str, scheme: str) -> None:
    """It cannot be part of a message, and nothing is sent."""
    proxy = SocksProxy.from_url(f"{scheme}://127.0.0.1")
    assert proxy.address == ("127.0.0.1", 1080)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(OSError, match="SOCKS cannot ask"):
            proxy.connect(ours, host, 80, Deadline(SystemClock(), 5))
        ours.close()
        assert theirs.recv(1) == b""


def test_without_the_extra(over: Over, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of stock requests, and what to install."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.delitem(sys.modules, "requests_bg96.transport.socks")
    with pytest.raises(InvalidSchema, match=r"^Missing.*SOCKS support.*bg96\[socks\]"):
        over.session.get("http://far.example/", proxies=by("socks5://127.0.0.1:1080"))


@given(
    scheme=st.sampled_from(SCHEMES),
    data=st.one_of(
        st.binary(max_size=40),
        st.binary(max_size=40).map(b"\5\0\5\0\0\3".__add__),
        st.binary(max_size=40).map(b"\5\2\1\0\5\0\0\1".__add__),
        st.binary(max_size=40).map(b"\0\x5a".__add__),
    ),
)
def test_any_bytes_of_a_proxy(scheme: str, data: bytes) -> None:
    """There is a connection or an OSError, and no byte after the answer is taken."""
    proxy = SocksProxy.from_url(f"{scheme}://user:word@127.0.0.1")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            proxy.connect(ours, "far.example", 80, Deadline(SystemClock(), 5))
        except OSError:
            return
        rest = ours.recv(100)
    assert data.endswith(rest)
    answer = data[: len(data) - len(rest)]
    if proxy.version == 4:
        assert (len(answer), answer[:2]) == (8, b"\0\x5a")
    else:
        command = answer[2:] if answer[:2] == b"\5\0" else answer[4:]
        sizes = {1: 4, 4: 16, 3: command[4] + 1}
        assert len(command) == 4 + sizes[command[3]] + 2
        assert command[:2] == b"\5\0"
