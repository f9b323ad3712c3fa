"""Proxies are reached by sockets of the module, and never past it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.exceptions import ProxyError, SSLError
from urllib3.exceptions import InsecureRequestWarning

from requests_bg96 import install
from tests.certificates import issue
from tests.servers import Reply, Request, Server, refused_url, reply, serve
from tests.sockets.over import Authorities, Over, over_sockets
from tests.sockets.proxies import proxy
from tests.tls_servers import serve_tls


def hang_up(_: Request) -> Reply:
    """A response, and the end of its connection."""
    return reply(body=b"hello", headers=[("Connection", "close")])


@pytest.fixture
def forwarding() -> Iterator[Server]:
    """A proxy that answers requests for http itself, with their targets."""
    with serve(lambda request: reply(body=request.target.encode())) as server:
        yield server


def test_http_through_a_proxy(over: Over, forwarding: Server) -> None:
    """The proxy gets the whole URL; its password comes from its own URL."""
    url = forwarding.url.replace("//", "//user:word@")
    for _ in range(2):
        answer = over.session.get("http://far.example/echo?a=b", proxies={"http": url})
        assert answer.content == b"http://far.example/echo?a=b"
    last = forwarding.last
    assert last.one("Host") == "far.example"
    assert last.one("Proxy-Authorization") == "Basic dXNlcjp3b3Jk"
    assert over.count("QIOPEN") == 1


@pytest.mark.parametrize("by", ["session", "environment", "installed"])
def test_https_through_a_proxy(
    by: str, over: Over, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONNECT makes a tunnel, in which the server is checked."""
    context = authorities.context()
    with proxy() as far, serve_tls(context, hang_up) as server:
        arguments: dict[str, Any] = {"verify": authorities.file}
        if by == "session":
            over.session.proxies = {"https": far.url}
            answer = over.session.get(server.at(), **arguments)
        else:
            monkeypatch.setenv("https_proxy", far.url)
            with install(over.adapter):
                get = requests.get if by == "installed" else over.session.get
                answer = get(server.at(), **arguments)
        assert answer.content == b"hello"
        over.session.close()
    assert far.heads[0][0].startswith(f"CONNECT localhost:{server.server_address[1]} ")
    assert over.count("QIOPEN") == len(far.heads) == 1


def test_auto_uses_a_proxy(forwarding: Server) -> None:
    """Which the module's HTTP client could not."""
    proxies = {"http": forwarding.url}
    with over_sockets(via="auto") as over:
        assert over.session.get("http://far.example/echo", proxies=proxies).ok
        assert over.count("QIOPEN") == 1


def test_a_server_behind_a_proxy_is_checked(
    over: Over, authorities: Authorities
) -> None:
    """A proxy cannot stand for it."""
    context = authorities.context(trusted=False)
    with proxy() as far, serve_tls(context) as server:
        proxies = {"https": far.url}
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            over.session.get(server.at(), verify=authorities.file, proxies=proxies)
        over.session.close()
    assert server.requests == []


def test_sessions_through_a_proxy(over: Over, authorities: Authorities) -> None:
    """They are resumed, but are not those of a direct connection."""
    context = authorities.context()
    with proxy() as far, serve_tls(context, hang_up) as server:
        ways: list[dict[str, str]] = [{}, {"https": far.url}, {"https": far.url}]
        for proxies in ways:
            over.session.get(server.at(), verify=authorities.file, proxies=proxies)
    assert (server.connections, context.session_stats()["hits"]) == (3, 1)


def test_tls_in_tls(over: Over, authorities: Authorities) -> None:
    """A proxy with TLS is checked as the server is."""
    tls = authorities.context()
    with proxy(tls=tls) as far, serve_tls(authorities.context(), hang_up) as server:
        arguments: dict[str, Any] = {
            "verify": authorities.file,
            "proxies": {"https": far.url},
        }
        for _ in range(2):
            assert over.session.get(server.at(), **arguments).content == b"hello"
    assert len(far.heads) == server.connections == 2


def test_http_through_a_proxy_with_tls(over: Over, authorities: Authorities) -> None:
    """As with stock requests, which checks no proxy for http, and warns."""
    with serve_tls(authorities.context(), hang_up) as server:
        proxies = {"http": server.at()}
        with pytest.warns(InsecureRequestWarning):
            assert over.session.get("http://far.example/", proxies=proxies).ok
    assert server.requests[0].target == "http://far.example/"


def test_a_proxy_with_a_wrong_certificate(over: Over, authorities: Authorities) -> None:
    """It gets no CONNECT."""
    tls = authorities.context(trusted=False)
    with proxy(tls=tls) as far:
        with pytest.raises((ProxyError, SSLError)):
            over.session.get(
                "https://far.example/",
                verify=authorities.file,
                proxies={"https": far.url},
            )
        assert far.heads == []


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad"])
def test_a_proxy_that_refuses(status: str, over: Over) -> None:
    """As with stock requests."""
    with proxy(status) as far:
        with pytest.raises(ProxyError, match="Tunnel connection failed"):
            over.session.get("https://far.example/", proxies={"https": far.url})


def test_a_proxy_that_is_not_there(over: Over) -> None:
    """As with stock requests, with the module's number."""
    with pytest.raises(ProxyError, match="the module reports 566"):
        over.session.get("http://far.example/", proxies={"http": refused_url()})


def test_closing_closes_the_proxies(over: Over, forwarding: Server) -> None:
    """It gives the port back, too."""
    proxies = {"http": forwarding.url}
    assert over.session.get("http://far.example/echo", proxies=proxies).ok
    over.session.close()
    assert over.count("QICLOSE") == 1
    assert over.modem.state.value == "closed"


def test_a_client_certificate_is_not_shown_to_a_proxy(
    over: Over, authorities: Authorities
) -> None:
    """Only to the server."""
    tls = authorities.context(client_ca=authorities.root)
    tls.verify_mode = ssl.CERT_OPTIONAL
    wanted = authorities.context(client_ca=authorities.root)
    cert = issue("client", authorities.root).save(authorities.directory, "client")
    with proxy(tls=tls) as far, serve_tls(wanted, hang_up) as server:
        arguments: dict[str, Any] = {
            "verify": authorities.file,
            "proxies": {"https": far.url},
        }
        answer = over.session.get(server.at(), cert=cert, **arguments)
        assert answer.content == b"hello"
    assert far.clients == [None]
    assert server.clients[0]["subject"][0][0][1] == "client"
