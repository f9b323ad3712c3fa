"""TLS sessions are resumed over sockets, and never for a weaker or another check."""

from __future__ import annotations

import os
import pathlib
import ssl
from typing import Any

import pytest
import requests
from requests.exceptions import SSLError

from requests_bg96 import BG96Adapter
from tests.certificates import authority, issue
from tests.servers import Reply, Request, reply
from tests.sockets.over import TLS12, TLS13, Authorities, Over, over_sockets
from tests.tls_servers import TlsServer, serve_tls

pytestmark = pytest.mark.filterwarnings(
    "ignore::urllib3.exceptions.InsecureRequestWarning"
)

BOTH = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])


def hang_up(_: Request) -> Reply:
    """A response, after which the server closes the connection and says so."""
    return reply(body=b"hello", headers=[("Connection", "close")])


def resumed(context: ssl.SSLContext) -> int:
    """How many connections a server has resumed."""
    return context.session_stats()["hits"]


def ask(over: Over, server: TlsServer, **arguments: Any) -> bytes:
    """GET over a connection of its own."""
    arguments.setdefault("headers", {"Connection": "close"})
    return over.session.get(server.at(), **arguments).content


@BOTH
@pytest.mark.parametrize("ecdsa", [False, True], ids=["RSA", "ECDSA"])
def test_a_session_is_resumed(
    version: ssl.TLSVersion, ecdsa: bool, over: Over, authorities: Authorities
) -> None:
    """On each connection but the first, with a new ticket of TLS 1.3 each time."""
    context = authorities.context(version, ecdsa=ecdsa)
    with serve_tls(context, hang_up) as server:
        for _ in range(4):
            assert ask(over, server, verify=authorities.file) == b"hello"
    assert (server.connections, resumed(context)) == (4, 3)


@BOTH
def test_a_resumed_connection_is_short(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """The server does not send its certificates again."""
    with serve_tls(authorities.context(version), hang_up) as server:
        sizes = []
        for _ in range(2):
            before = over.modem.stats.bytes_down
            ask(over, server, verify=authorities.file)
            sizes.append(over.modem.stats.bytes_down - before)
    assert sizes[1] < sizes[0] - 500


def test_a_ticket_is_used_once(over: Over, authorities: Authorities) -> None:
    """A server that sends no new one gets a full handshake the next time."""
    context = authorities.context(TLS13)
    with serve_tls(context, hang_up) as server:
        ask(over, server, verify=authorities.file)
        context.num_tickets = 0
        for _ in range(3):
            assert ask(over, server, verify=authorities.file) == b"hello"
    assert (server.connections, resumed(context)) == (4, 1)


def test_a_connection_beside_another_resumes_it(
    over: Over, authorities: Authorities
) -> None:
    """A session is known as soon as the first response has come."""
    context = authorities.context(TLS13)
    with serve_tls(context, hang_up) as server:
        arguments: dict[str, Any] = {"verify": authorities.file, "stream": True}
        streams = [over.session.get(server.at(), **arguments) for _ in range(2)]
        assert [one.content for one in streams] == [b"hello"] * 2
    assert (server.connections, resumed(context)) == (2, 1)


@BOTH
def test_an_unchecked_session_is_not_resumed_by_a_checked_request(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """The checked request sends nothing to that server."""
    context = authorities.context(version, trusted=False)
    with serve_tls(context, hang_up) as server:
        for _ in range(2):
            assert ask(over, server, verify=False) == b"hello"
        with pytest.raises(SSLError):
            ask(over, server, verify=authorities.file)
    assert (len(server.requests), resumed(context)) == (2, 1)


@BOTH
def test_a_session_for_one_name_is_not_resumed_for_another(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """The certificate is for the first name only."""
    context = authorities.context(version, hosts=("localhost",))
    with serve_tls(context, hang_up) as server:
        ask(over, server, verify=authorities.file)
        with pytest.raises(SSLError, match="IP address mismatch|doesn't match"):
            over.session.get(server.at("127.0.0.1"), verify=authorities.file)
    assert (len(server.requests), resumed(context)) == (1, 0)


@BOTH
def test_a_session_is_of_one_port(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """Another server of the same host never sees it, even if it could resume it."""
    context = authorities.context(version)
    with serve_tls(context, hang_up) as one, serve_tls(context, hang_up) as two:
        for server in (one, two, one, two):
            ask(over, server, verify=authorities.file)
    assert (one.connections, two.connections, resumed(context)) == (2, 2, 2)


@BOTH
def test_a_session_is_of_one_client_certificate(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """The server sees on each connection who asks."""
    context = authorities.context(version, client_ca=authorities.root)
    context.verify_mode = ssl.CERT_OPTIONAL
    clients = [
        issue(name, authorities.root).save(authorities.directory, name)
        for name in ("one", "two")
    ]
    with serve_tls(context, hang_up) as server:
        for cert in (*clients, None):
            ask(over, server, verify=authorities.file, cert=cert)
    shown = [one and one["subject"][0][0][1] for one in server.clients]
    assert shown == ["one", "two", None]
    assert resumed(context) == 0


class OwnContext(BG96Adapter):
    """An adapter with a context of the caller's, for all that it trusts."""

    def __init__(self, *args: Any, context: ssl.SSLContext, **kwargs: Any) -> None:
        self.context = context
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self.context)


@BOTH
def test_a_context_of_the_caller(
    version: ssl.TLSVersion, authorities: Authorities
) -> None:
    """What it has made unchecked, it does not resume checked."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname = False
    context = authorities.context(version, trusted=False)
    with serve_tls(context, hang_up) as server:
        with over_sockets(OwnContext, context=own) as over:
            for _ in range(2):
                assert ask(over, server, verify=False) == b"hello"
            with pytest.raises(SSLError):
                ask(over, server, verify=authorities.file)
            assert ask(over, server, verify=False) == b"hello"
    assert (len(server.requests), resumed(context)) == (3, 2)


@BOTH
def test_a_fingerprint_is_compared_on_a_resumed_connection(
    version: ssl.TLSVersion, authorities: Authorities
) -> None:
    """A session without the right one is never kept."""
    context = authorities.context(version)

    class Pinned(BG96Adapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, assert_fingerprint="00" * 32)

    with serve_tls(context, hang_up) as server, over_sockets(Pinned) as over:
        for _ in range(2):
            with pytest.raises(SSLError, match="Fingerprints did not match"):
                ask(over, server, verify=authorities.file)
    assert (server.connections, server.requests, resumed(context)) == (2, [], 0)


def test_the_certificates_are_loaded_once(
    over: Over, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for all connections and servers, and again if the file has changed."""
    loaded = []
    stock = ssl.SSLContext.load_verify_locations

    def load(self: ssl.SSLContext, *arguments: Any) -> None:
        loaded.append(arguments)
        stock(self, *arguments)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    context = authorities.context(TLS13)
    with serve_tls(context, hang_up) as one, serve_tls(context, hang_up) as two:
        loaded.clear()
        for server in (one, two, one, two):
            ask(over, server, verify=authorities.file)
        assert len(loaded) == 1
        pathlib.Path(authorities.file).write_bytes(authority("Stranger").pem)
        os.utime(authorities.file, (1, 1))
        with pytest.raises(SSLError):
            ask(over, one, verify=authorities.file)
    assert len(loaded) == 2


def test_sessions_of_sessions(over: Over, authorities: Authorities) -> None:
    """Adapters that were made from one another share what they have."""
    context = authorities.context(TLS13)
    with serve_tls(context, hang_up) as server, requests.Session() as other:
        ask(over, server, verify=authorities.file)
        other.mount("https://", over.adapter.sibling())
        assert other.get(server.at(), verify=authorities.file).content == b"hello"
    assert (server.connections, resumed(context)) == (2, 1)
