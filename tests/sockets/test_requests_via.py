"""Which way a request takes: the adapter, a with block, or what is asked for."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
import requests
from requests.exceptions import ProxyError, SSLError
from urllib3.util import Retry

from requests_bg96 import BG96Adapter
from requests_bg96.base.codes import POST_LIMIT
from requests_bg96.stats import Choice, Statistics
from requests_bg96.transport.sending import requests_errors
from requests_bg96.transport.ways import choose
from tests.conftest import Script
from tests.servers import Server, reply
from tests.sockets.over import Authorities, Over, in_virtual_time, over_sockets
from tests.support import SOMEWHERE, response
from tests.tls_servers import serve_tls

#: A port on which nobody listens.
NOWHERE = "https://127.0.0.1:9/"


def ways(over: Over) -> tuple[int, int]:
    """How often the module's HTTP client was asked, and for how many sockets."""
    return over.count("QHTTPGET") + over.count("QHTTPPOST"), over.count("QIOPEN")


def test_the_line_is_the_default(http_server: Server) -> None:
    """No socket is opened."""
    with over_sockets(via="line") as over:
        assert over.session.get(f"{http_server.url}/echo").ok
        assert ways(over) == (1, 0)


def test_a_block_by_sockets(http_server: Server) -> None:
    """Only for its own requests, and its own thread."""
    with over_sockets(via="line") as over:
        url = f"{http_server.url}/echo"
        with over.adapter.via_socket():
            assert over.session.get(url).ok
            other = threading.Thread(target=over.session.get, args=(url,))
            other.start()
            other.join()
        assert ways(over) == (1, 1)
        assert over.session.get(url).ok
        assert ways(over) == (2, 1)


def test_the_bytes_of_a_socket_are_counted() -> None:
    """They are counted in both directions, as those of the line are."""
    told = response(b"hello")
    received: list[bytes] = []

    def answer(request: bytes) -> bytes:
        received.append(request)
        return told

    with in_virtual_time(answer) as (made, session):
        for _ in range(2):
            assert session.get(SOMEWHERE).content == b"hello"
        stats = made.modem.stats
    assert stats.requests == 2
    assert stats.bytes_up == len(b"".join(received))
    assert stats.bytes_down == 2 * len(told)


def test_a_block_by_file(http_server: Server) -> None:
    """It takes precedence over the adapter's own way."""
    with over_sockets() as over, over.adapter.via_file():
        assert over.session.get(f"{http_server.url}/echo").ok
        assert over.count("QHTTPREADFILE") == 1 and ways(over)[1] == 0


@pytest.mark.parametrize("via", ["sockets", "", "LINE"])
def test_no_such_way(via: Any) -> None:
    """A name with an error in it does not choose the default."""
    with pytest.raises(ValueError, match="use one of auto, line, file, socket"):
        BG96Adapter("loop://", via=via)


def generator() -> Any:
    """A body of unknown length."""
    yield b"body"


@pytest.mark.parametrize(
    ("data", "choice"),
    [
        (None, Choice.HTTP),
        (b"", Choice.HTTP),
        (b"body", Choice.HTTP),
        (generator, Choice.STREAM),
    ],
    ids=["none", "empty", "short", "stream"],
)
def test_auto(data: Any, choice: Choice, http_server: Server) -> None:
    """It is decided by what is sent, counted and logged."""
    with over_sockets(via="auto") as over:
        body = data() if callable(data) else data
        assert over.session.post(f"{http_server.url}/status/200", data=body).ok
        assert ways(over) == ((1, 0) if choice.way == "line" else (0, 1))
        assert dict(over.modem.stats.choices) == {choice: 1}
    sent = http_server.last.body
    assert sent == (b"body" if callable(data) else data or b"")


@pytest.mark.parametrize(
    ("size", "choice"), [(POST_LIMIT, Choice.HTTP), (POST_LIMIT + 1, Choice.LARGE)]
)
def test_auto_with_a_large_body(size: int, choice: Choice) -> None:
    """What AT+QHTTPPOST takes goes by it."""
    request = requests.Request("PUT", "http://host.example/", data=b"x" * size)
    stats = Statistics()
    with requests_errors(request.prepare()):
        way = choose("auto", "http", stats)
    assert (way.value, dict(stats.choices)) == (choice.way, {choice: 1})


def test_auto_with_tls(authorities: Authorities) -> None:
    """Over a socket, whatever the firmware checks."""
    with serve_tls(authorities.context()) as server, over_sockets(via="auto") as over:
        assert over.session.get(server.at(), verify=authorities.file).ok
        assert ways(over) == (0, 1)
        assert dict(over.modem.stats.choices) == {Choice.HTTPS: 1}
        over.session.close()


def test_auto_is_logged(caplog: pytest.LogCaptureFixture, http_server: Server) -> None:
    """The log has the reason, and not the URL."""
    caplog.set_level(logging.INFO, "requests_bg96")
    with over_sockets(via="auto") as over:
        over.session.get(f"{http_server.url}/echo?secret")
    told = [one.getMessage() for one in caplog.records if "goes by" in one.getMessage()]
    assert told == ["a request goes by line: it is a request without TLS"]


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("via", ["auto", "socket", "line"])
def test_a_failure_changes_no_way(via: Any) -> None:
    """The request fails by the way that was chosen."""
    with over_sockets(via=via, max_retries=2) as over:
        with pytest.raises(requests.ConnectionError):
            over.session.get(NOWHERE, verify=False)
        asked, opened = ways(over)
        assert (asked > 0, opened > 0) == (via == "line", via != "line")


def test_the_error_of_the_line_names_the_socket(authorities: Authorities) -> None:
    """Before the argument that checks less."""
    with serve_tls(authorities.context()) as server, over_sockets(via="line") as over:
        with pytest.raises(SSLError) as caught:
            over.session.get(server.at(), verify=authorities.file)
        text = str(caught.value)
        assert 0 < text.index("via=") < text.index("allow_unchecked_host")
        with over.adapter.via_socket():
            assert over.session.get(server.at(), verify=authorities.file).ok
        over.session.close()


def test_a_retry_goes_the_same_way(raw_server: Script) -> None:
    """The decision is of the request, not of the attempt."""
    server = raw_server(reply("503 Busy"), reply(body=b"hello"))
    retry = Retry(total=2, status_forcelist=[503])
    with over_sockets(via="auto", max_retries=retry) as over:
        assert over.session.get(server.url).content == b"hello"
        assert ways(over) == (2, 0)
        assert over.modem.stats.choices.total() == 1


def test_the_pools_of_both_ways(http_server: Server) -> None:
    """They are bounded together, and never mixed."""
    url = f"{http_server.url}/echo"
    with over_sockets(via="line", pool_connections=1) as over:
        assert over.session.get(url).ok
        with over.adapter.via_socket():
            assert over.session.get(url).ok
        assert len(over.adapter.poolmanager.pools) == 1
        assert over.session.get(url).ok
        assert ways(over) == (2, 1)


def test_the_current_request_is_the_innermost(http_server: Server) -> None:
    """A body that makes requests of its own does not change the way of others."""
    with over_sockets(via="auto") as over:
        url = f"{http_server.url}/bytes"

        def body() -> Any:
            yield over.session.post(url, data=b"inner").content

        assert over.session.post(url, data=body()).content == b"inner"
        assert over.modem.stats.choices == {Choice.STREAM: 1, Choice.HTTP: 1}


def test_a_proxy_by_the_line(http_server: Server) -> None:
    """It is refused, and the error names the way that has proxies."""
    proxies = {"http": "http://proxy.example:3128"}
    with over_sockets(via="line") as over:
        with pytest.raises(ProxyError, match='via="socket"'):
            over.session.get(http_server.url, proxies=proxies)
        assert ways(over) == (0, 0)
