"""A failure by sockets has the class of stock requests, and the module's cause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectTimeout,
    ReadTimeout,
    SSLError,
)
from urllib3.exceptions import (
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util import Retry

from requests_bg96.errors import Phase
from tests.checks import caused
from tests.conformance.guard import tarpit
from tests.conftest import Script
from tests.servers import HANG, raw, refused_url, reply
from tests.sockets.over import Authorities, Over, in_virtual_time, over_sockets
from tests.support import SOMEWHERE, response
from tests.tls_servers import hang, serve_tls

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


def failure(over: Over, url: str, **arguments: Any) -> requests.RequestException:
    """The exception of a GET."""
    with pytest.raises(requests.RequestException) as caught:
        over.session.get(url, **arguments)
    return caught.value


def reason(error: requests.RequestException) -> type:
    """The class of urllib3's exception inside."""
    assert isinstance(error.args[0], MaxRetryError)
    return type(error.args[0].reason)


@pytest.mark.parametrize(
    ("url", "inner", "err"),
    [
        (refused_url, NewConnectionError, 566),
        (lambda: "http://does-not-exist.invalid/", NameResolutionError, 565),
    ],
    ids=["refused", "no such name"],
)
def test_no_connection(
    url: Callable[[], str], inner: type, err: int, over: Over
) -> None:
    """The number, its meaning, the command and the phase are in text and cause."""
    error = failure(over, url())
    assert type(error) is requests.ConnectionError and reason(error) is inner
    cause = caused(error)
    assert (cause.err, cause.phase, cause.command) == (err, Phase.CONNECT, "AT+QIOPEN")
    assert f"the module reports {err}: " in str(error)
    assert "AT+QIOPEN, while connecting" in str(error)


def test_connect_timeout(over: Over) -> None:
    """A host that does not answer at all."""
    started = time.monotonic()
    with tarpit() as url:
        error = failure(over, url, timeout=(0.3, 10))
    assert type(error) is ConnectTimeout
    assert 0.3 <= time.monotonic() - started < 3
    assert caused(error).phase is Phase.CONNECT


def test_read_timeout(over: Over, raw_server: Script) -> None:
    """The cause tells that nothing came."""
    error = failure(over, raw_server(raw(HANG)).url, timeout=(5, 0.3))
    assert type(error) is ReadTimeout
    assert caused(error).phase is Phase.READ


def test_a_handshake_that_hangs(over: Over, authorities: Authorities) -> None:
    """As with stock requests, which calls it a read timeout."""
    with serve_tls(hang) as server:
        error = failure(over, server.at(), timeout=0.3, verify=authorities.file)
        over.session.close()
    assert type(error) is ReadTimeout


def test_silence_in_a_body(over: Over, raw_server: Script) -> None:
    """As with stock requests, a ConnectionError, since the head has come."""
    error = failure(over, raw_server(raw(LENGTH + b"12345", HANG)).url, timeout=0.3)
    assert type(error) is requests.ConnectionError
    assert "Read timed out" in str(error) and caused(error).phase is Phase.READ


def test_a_body_that_is_cut_off(over: Over, raw_server: Script) -> None:
    """The next request works."""
    server = raw_server(raw(LENGTH + b"12345"), reply(body=b"next"))
    assert type(failure(over, server.url)) is ChunkedEncodingError
    assert over.session.get(server.url).content == b"next"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "x" * 300], ids=len)
def test_a_wrong_name(host: str, over: Over) -> None:
    """Refused before anything is sent, as with stock requests."""
    for session in (requests.Session(), over.session):
        with pytest.raises(LocationParseError, match="label empty or too long"):
            session.get(f"http://{host}/")
    assert over.count("QIOPEN") == 0


@pytest.mark.parametrize("host", ['a",80\r+QPOWD=1', "a%22,80", 'a"b'])
def test_a_name_is_never_a_command(host: str, over: Over) -> None:
    """The names are all that urllib3 lets through."""
    pool = over.adapter.poolmanager.connection_from_host("server.example", 80)
    pool.host = host
    with pytest.raises(Exception) as caught:
        pool.urlopen("GET", "/", retries=False, timeout=1)
    assert not isinstance(caught.value, AssertionError)
    said = b"".join(data for way, data in over.traffic if way == "from_host")
    assert b"QPOWD" not in said and b'a"' not in said


def test_a_post_that_may_have_arrived_is_not_repeated(raw_server: Script) -> None:
    """urllib3 does not repeat it either, unless the caller allows it."""
    server = raw_server(raw(), reply(body=b"again"))
    with over_sockets(max_retries=Retry(3)) as over:
        with pytest.raises(requests.ConnectionError):
            over.session.post(server.url, data=b"once")
        assert len(server.requests) == 1
        assert over.session.post(server.url, data=b"twice").content == b"again"


def test_a_get_is_repeated_by_the_rules_of_urllib3(raw_server: Script) -> None:
    """Nothing else repeats it."""
    server = raw_server(raw(), reply(body=b"again"))
    with over_sockets(max_retries=Retry(1)) as over:
        assert over.session.get(server.url).content == b"again"
    assert len(server.requests) == 2
    server = raw_server(raw(), reply(body=b"again"))
    with over_sockets() as over:
        assert type(failure(over, server.url)) is requests.ConnectionError
    assert len(server.requests) == 1


def test_a_post_to_nobody_is_repeated() -> None:
    """No server has seen it."""
    with over_sockets(max_retries=Retry(2)) as over:
        with pytest.raises(requests.ConnectionError):
            over.session.post(refused_url(), data=b"x")
        assert over.count("QIOPEN") == 3


def test_a_module_that_restarts_in_a_response() -> None:
    """The response fails, and the next request works."""
    answers = [LENGTH + b"12345", response(b"next")]
    with in_virtual_time(lambda _: answers.pop(0)) as (made, session):
        with session.get(SOMEWHERE, stream=True, timeout=10) as answer:
            assert answer.raw.read(5) == b"12345"
            made.emulator.reset()
            with pytest.raises(requests.RequestException) as caught:
                answer.content
        assert type(caught.value) in (ChunkedEncodingError, requests.ConnectionError)
        assert caused(caught.value).phase is Phase.READ
        assert session.get(SOMEWHERE, timeout=60).content == b"next"


def test_a_source_address(over: Over) -> None:
    """The module makes the connection, and has none of this machine's addresses."""
    over.adapter.poolmanager.connection_pool_kw["source_address"] = ("127.0.0.1", 0)
    error = failure(over, "http://server.example/")
    assert type(error) is requests.ConnectionError
    assert "cannot use source_address" in str(error)


def test_the_server_is_told_why(over: Over, authorities: Authorities) -> None:
    """An alert says that its certificate is not trusted."""
    context, told = authorities.context(trusted=False), list[str]()

    def greet(sock: Any, _: Any) -> Any:
        try:
            secured = context.wrap_socket(sock, server_side=True)
            secured.recv(1)
            return secured
        except OSError as error:
            told.append(str(error))
            raise

    with serve_tls(greet) as server:
        assert type(failure(over, server.at(), verify=authorities.file)) is SSLError
    assert len(told) == 1 and "alert unknown ca" in told[0].lower().replace("_", " ")


def test_retries_are_recorded(raw_server: Script) -> None:
    """As stock requests does, in the history."""
    busy = reply("503 Busy", headers=[("Retry-After", "0")])
    server = raw_server(busy, busy, reply(body=b"x"))
    retry = urllib3.Retry(3, status_forcelist=[503])
    with over_sockets(max_retries=retry) as over:
        answer = over.session.get(server.url)
        assert [past.status for past in answer.raw.retries.history] == [503, 503]
        assert over.count("QIOPEN") == 1
