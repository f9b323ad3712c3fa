"""Sessions, cookies, redirects, hooks and threads, with any transport."""

from __future__ import annotations

import concurrent.futures
import io
import pickle
import threading
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.conftest import Script
from tests.parity.conftest import MakeAdapter
from tests.servers import HANG, Server, raw, reply


def test_cookies_are_kept_and_sent(
    session: requests.Session, http_server: Server
) -> None:
    """Two in one response: both are in the session, and in the next request."""
    answer = session.get(f"{http_server.url}/cookie?a=1&b=2")
    assert answer.cookies.get_dict() == {"a": "1", "b": "2"}
    assert session.cookies.get_dict() == {"a": "1", "b": "2"}
    session.get(f"{http_server.url}/echo", cookies={"c": "3"})
    sent = http_server.last.one("Cookie").split("; ")
    assert sorted(sent) == ["a=1", "b=2", "c=3"]


def test_cookie_of_a_redirect(session: requests.Session, http_server: Server) -> None:
    """Set by the redirect, and sent to the target."""
    session.get(f"{http_server.url}/redirect/302?to=/echo&cookie=way%3D1")
    assert http_server.last.path == "/echo"
    assert http_server.last.one("Cookie") == "way=1"


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [
        (301, "GET", b""),
        (302, "GET", b""),
        (303, "GET", b""),
        (307, "POST", b"data"),
        (308, "POST", b"data"),
    ],
)
def test_redirect_of_a_post(
    session: requests.Session,
    http_server: Server,
    status: int,
    method: str,
    body: bytes,
) -> None:
    """The next method and body depend on the status."""
    url = f"{http_server.url}/redirect/{status}?to=/echo"
    answer = session.post(url, data=io.BytesIO(b"data"))
    assert answer.url == f"{http_server.url}/echo"
    assert [past.status_code for past in answer.history] == [status]
    assert (http_server.last.method, http_server.last.body) == (method, body)


def test_redirects_not_followed(session: requests.Session, http_server: Server) -> None:
    """If the caller asks so; ``next`` then has the next request."""
    url = f"{http_server.url}/redirect/302?to=/echo"
    answer = session.get(url, allow_redirects=False)
    assert (answer.status_code, answer.is_redirect) == (302, True)
    assert answer.next is not None
    assert answer.next.url == f"{http_server.url}/echo"
    assert len(http_server.requests) == 1


def test_redirect_to_another_server(
    session: requests.Session, http_server: Server, raw_server: Script
) -> None:
    """Credentials are not sent there, and the redirect's body does no harm."""
    location = [("Location", f"{http_server.url}/echo")]
    first = raw_server(reply("302 Away", b"moved" * 500, location))
    session.get(first.url.replace("127.0.0.1", "localhost"), auth=("u", "p"))
    assert first.last.all("Authorization") == ["Basic dTpw"]
    assert http_server.last.all("Authorization") == []


def test_too_many_redirects(session: requests.Session, raw_server: Script) -> None:
    """A loop ends at the session's limit."""
    session.max_redirects = 3
    again = reply("302 Again", headers=[("Location", "/")])
    server = raw_server(*[again] * 4)
    with pytest.raises(requests.TooManyRedirects):
        session.get(server.url)
    assert len(server.requests) == 4


def test_hooks(session: requests.Session, http_server: Server) -> None:
    """Called with the response, and may replace it."""
    seen: list[int] = []

    def hook(answer: requests.Response, *args: Any, **kwargs: Any) -> requests.Response:
        seen.append(answer.status_code)
        answer.reason = "hooked"
        return answer

    url = f"{http_server.url}/redirect/302?to=/echo"
    assert session.get(url, hooks={"response": hook}).reason == "hooked"
    assert seen == [302, 200]


def test_prepared_request(session: requests.Session, http_server: Server) -> None:
    """Prepared, changed, and sent."""
    prepared = session.prepare_request(
        requests.Request("GET", f"{http_server.url}/echo")
    )
    prepared.headers["X-Late"] = "1"
    assert session.send(prepared).ok
    assert http_server.last.one("X-Late") == "1"


def test_close_of_an_unread_stream(
    session: requests.Session, raw_server: Script
) -> None:
    """A large response that nobody reads does not affect the next."""
    server = raw_server(reply(body=b"x" * 300_000), reply(body=b"next"))
    with session.get(server.url, stream=True) as answer:
        assert answer.raw.read(10) == b"x" * 10
    assert session.get(server.url).content == b"next"


def test_close_of_an_endless_stream(
    session: requests.Session, raw_server: Script
) -> None:
    """A response without an end does not affect the next, either."""
    server = raw_server(raw(b"HTTP/1.1 200 OK\r\n\r\nabc", HANG), reply(body=b"next"))
    with session.get(server.url, stream=True) as answer:
        assert answer.raw.read(3) == b"abc"
    assert session.get(server.url).content == b"next"


def test_abandoned_stream(session: requests.Session, raw_server: Script) -> None:
    """It is not closed, only forgotten."""
    server = raw_server(reply(body=b"x" * 5000), reply(body=b"next"))
    session.get(server.url, stream=True)
    assert session.get(server.url).content == b"next"


def test_request_while_a_stream_is_unread(
    session: requests.Session, raw_server: Script
) -> None:
    """Both arrive complete, in any order of reading."""
    first, second = b"1" * 50_000, b"2" * 50_000
    server = raw_server(reply(body=first), reply(body=second), reply(body=b"third"))
    one = session.get(server.url, stream=True)
    assert one.raw.read(5) == b"11111"
    two = session.get(server.url, stream=True)
    assert session.get(server.url).content == b"third"
    assert two.content == second
    assert one.raw.read() == first[5:]


def test_stream_comes_as_it_is_sent(
    session: requests.Session, raw_server: Script
) -> None:
    """The first bytes are returned before the last ones are sent."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
    go_on = threading.Event()
    server = raw_server(raw(head + b"one", go_on, b"two"))
    with session.get(server.url, stream=True, timeout=15) as answer:
        pieces = answer.iter_content(3)
        assert next(pieces) == b"one"
        go_on.set()
        assert next(pieces) == b"two"


def test_stream_in_a_with_block(session: requests.Session, http_server: Server) -> None:
    """It is closed afterwards, and another read fails."""
    with session.get(f"{http_server.url}/echo", stream=True) as answer:
        assert b"".join(answer.iter_content(10)).startswith(b"{")
    assert answer.raw.closed
    with pytest.raises(requests.exceptions.StreamConsumedError):
        answer.iter_content()


def test_pickled_session(session: requests.Session, http_server: Server) -> None:
    """The copy has the cookies, and can send."""
    session.cookies.set("kept", "1")
    copy: requests.Session = pickle.loads(pickle.dumps(session))
    assert copy.get(f"{http_server.url}/echo").ok
    assert http_server.last.one("Cookie") == "kept=1"
    assert type(copy.get_adapter("http://x")) is type(session.get_adapter("http://x"))
    copy.close()


def test_pickled_adapter(make_adapter: MakeAdapter, http_server: Server) -> None:
    """Its retries are kept."""
    adapter: HTTPAdapter = pickle.loads(pickle.dumps(make_adapter(max_retries=7)))
    assert adapter.max_retries.total == 7
    with requests.Session() as session:
        session.mount("http://", adapter)
        assert session.get(f"{http_server.url}/echo").ok


def test_pickled_response(session: requests.Session, http_server: Server) -> None:
    """Its content, headers and history."""
    answer = session.get(f"{http_server.url}/redirect/302?to=/echo")
    copy: requests.Response = pickle.loads(pickle.dumps(answer))
    assert (copy.content, copy.headers) == (answer.content, answer.headers)
    assert copy.history[0].status_code == 302


def test_session_after_close(session: requests.Session, http_server: Server) -> None:
    """A closed session can be used again."""
    assert session.get(f"{http_server.url}/echo").ok
    session.close()
    assert session.get(f"{http_server.url}/echo").ok


def test_two_sessions(make_adapter: MakeAdapter, http_server: Server) -> None:
    """One adapter, two sessions with cookies of their own."""
    adapter = make_adapter()
    with requests.Session() as one, requests.Session() as two:
        one.mount("http://", adapter)
        two.mount("http://", adapter)
        one.get(f"{http_server.url}/cookie?mine=1")
        two.get(f"{http_server.url}/echo")
        assert http_server.last.all("Cookie") == []
        one.get(f"{http_server.url}/echo")
        assert http_server.last.one("Cookie") == "mine=1"


def test_threads(session: requests.Session, http_server: Server) -> None:
    """Four threads share a session, and each gets its own answers."""

    def work(number: int) -> bool:
        body = str(number).encode() * 2000
        answer = session.post(f"{http_server.url}/bytes?{number}", data=body)
        return answer.content == body

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(12))) == [True] * 12
    assert len(http_server.requests) == 12


def test_mounted_on_a_prefix(make_adapter: MakeAdapter, http_server: Server) -> None:
    """The adapter gets only URLs with its prefix."""
    with requests.Session() as session:
        session.mount("http://127.0.0.1", make_adapter())
        assert session.get(f"{http_server.url}/echo").ok
        assert type(session.get_adapter("http://example.com")) is HTTPAdapter
