"""With an installed adapter by sockets, nothing ever goes past the modem."""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import urllib3
from cryptography.hazmat.primitives import hashes
from requests.adapters import HTTPAdapter
from requests.exceptions import SSLError

from requests_bg96 import BG96Adapter, install
from requests_bg96.emulator import Connection, StreamNetwork
from requests_bg96.emulator.callable_network import Part
from tests.servers import Reply, Request, reply
from tests.sockets.over import (
    TLS13,
    Authorities,
    Over,
    answering,
    in_virtual_time,
    over_sockets,
)
from tests.sockets.stage import stage
from tests.support import SOMEWHERE, response
from tests.tls_servers import serve_tls


def hello(_: bytes) -> bytes:
    """The answer to every request."""
    return response(b"hello")


class Pooled(HTTPAdapter):
    """An adapter with a manager of its own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make it."""
        self.poolmanager = urllib3.PoolManager(num_pools=1)


def mounted(adapter: HTTPAdapter) -> requests.Session:
    """A session with this adapter."""
    session = requests.Session()
    session.mount("http://", adapter)
    return session


#: Made when nothing was installed.
EARLIER = requests.Session()

WAYS: dict[str, Callable[[], requests.Session]] = {
    "new": requests.Session,
    "mounted": lambda: mounted(HTTPAdapter()),
    "a manager of its own": lambda: mounted(Pooled()),
    "made before": lambda: EARLIER,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_other_socket(way: str, no_sockets: None) -> None:
    """The module opens all sockets, and looks up all names."""
    with in_virtual_time(hello) as (made, session):
        adapter = session.get_adapter("http://")
        assert isinstance(adapter, BG96Adapter)
        with install(adapter):
            other = WAYS[way]()
            for _ in range(2):
                assert other.get(SOMEWHERE).content == b"hello"
        assert [one for one in made.commands if "QIOPEN" in one] == [
            'AT+QIOPEN=1,0,"TCP","server.example",80,0,0'
        ]


def socks_hello(connection: Connection) -> Iterator[Part]:
    """A SOCKS proxy that answers a request itself."""
    for answer in (b"\5\0", b"\5\0\0\1" + bytes(6), hello(b"")):
        yield connection.heard()
        connection.read()
        yield answer


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks4"])
@pytest.mark.parametrize("way", WAYS)
def test_no_other_socket_for_a_proxy(
    scheme: str, way: str, monkeypatch: pytest.MonkeyPatch, no_sockets: None
) -> None:
    """The environment names the proxy, for any adapter."""
    monkeypatch.setenv("http_proxy", f"{scheme}://proxy.example:3128")
    network = StreamNetwork(socks_hello) if scheme == "socks5" else answering(hello)
    with stage(network=network) as made:
        with install(BG96Adapter(made.modem, via="socket")):
            other = WAYS[way]()
            if scheme == "socks4":
                # What answers is no SOCKS proxy.
                with pytest.raises(requests.ConnectionError):
                    other.get(SOMEWHERE, timeout=5)
            else:
                assert other.get(SOMEWHERE).content == b"hello"
        opened = {one for one in made.commands if "QIOPEN" in one}
        assert opened == {'AT+QIOPEN=1,0,"TCP","proxy.example",3128,0,0'}


def test_a_tls_request_without_other_sockets(no_sockets: None) -> None:
    """Not even one that fails."""
    with in_virtual_time(lambda _: b"no TLS") as (_, session):
        with pytest.raises(requests.RequestException):
            session.get("https://server.example/", timeout=5)


def hang_up(_: Request) -> Reply:
    """A response, and the end of its connection."""
    return reply(body=b"hello", headers=[("Connection", "close")])


class With(HTTPAdapter):
    """An adapter whose pools have options.

    :param options: of its manager.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the manager."""
        super().init_poolmanager(*args, **{**kwargs, **self.options})


def fingerprint(url: str) -> str:
    """The fingerprint of the certificate at a URL."""
    host, port = url.removeprefix("https://").rstrip("/").split(":")
    pem = ssl.get_server_certificate((host, int(port)))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def test_what_an_adapter_may_ask_of_tls(over: Over, authorities: Authorities) -> None:
    """All that stock requests can: the module's own TLS refuses each of these."""
    own = ssl.create_default_context(cafile=authorities.file)
    context = authorities.context(TLS13, hosts=("other.example",))
    with serve_tls(context, hang_up) as server, install(over.adapter):
        good: list[dict[str, Any]] = [
            {"server_hostname": "other.example"},
            {"assert_hostname": "other.example"},
            {"assert_hostname": False},
            {"assert_fingerprint": fingerprint(server.at())},
            {"ssl_context": own, "server_hostname": "other.example"},
            {"assert_hostname": False, "ssl_minimum_version": TLS13},
        ]
        bad: list[dict[str, Any]] = [
            {},
            {"assert_hostname": "third.example"},
            {"assert_fingerprint": "00" * 32},
            {"ssl_context": own},
            {
                "assert_hostname": False,
                "ssl_maximum_version": ssl.TLSVersion.TLSv1_2,
            },
        ]
        before = server.connections
        for options in (*good, *bad):
            with requests.Session() as session:
                session.mount("https://", With(**options))
                try:
                    right = session.get(server.at(), verify=authorities.file).ok
                except SSLError:
                    right = False
            assert right is (options in good), options
    assert server.connections - before == len(good) + len(bad)
    assert len(server.requests) == len(good)


def test_verified_is_what_urllib3_says(over: Over, authorities: Authorities) -> None:
    """The warning is urllib3's own, as with stock requests."""
    with serve_tls(authorities.context(), hang_up) as server:
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert over.session.get(server.at(), verify=False).ok
        assert over.session.get(server.at(), verify=authorities.file).ok


def test_the_default_bundle(authorities: Authorities, tmp_path: pathlib.Path) -> None:
    """`ca_certs` is in place of requests' own."""
    with serve_tls(authorities.context(), hang_up) as server:
        with over_sockets(ca_certs=authorities.file) as over:
            assert over.session.get(server.at()).ok
        with over_sockets() as over, pytest.raises(SSLError):
            over.session.get(server.at())


def test_an_encrypted_key_is_a_clear_error(
    over: Over, authorities: Authorities, tmp_path: pathlib.Path
) -> None:
    """As with stock requests."""
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    with serve_tls(authorities.context(), hang_up) as server:
        with pytest.raises(SSLError, match="password is required"):
            over.session.get(
                server.at(),
                verify=authorities.file,
                cert=(authorities.file, str(key)),
            )


class Chained(urllib3.connection.HTTPSConnection):
    """A connection of another library."""

    def connect(self) -> None:
        """Connect as urllib3 does."""
        super().connect()
        self.is_verified = True


class Chain(urllib3.HTTPSConnectionPool):
    """A pool that accepts a fingerprint of any certificate in the verified chain."""

    ConnectionCls = Chained

    def __init__(self, *args: Any, assert_fingerprint: str, **kwargs: Any) -> None:
        self.wanted = assert_fingerprint
        super().__init__(*args, **kwargs)

    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)
        assert isinstance(conn, Chained) and conn.is_verified
        sock: Any = conn.sock
        if sys.version_info >= (3, 13):
            chain = sock.get_verified_chain()
        else:
            chain = [one.public_bytes(2) for one in sock._sslobj.get_verified_chain()]
        if self.wanted not in [hashlib.sha256(one).hexdigest() for one in chain]:
            raise urllib3.exceptions.SSLError("another chain")


@pytest.mark.parametrize("way", ["stock", "socket"])
def test_pools_of_another_library(
    way: str, over: Over, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those in urllib3's own table check each connection, also a second one."""
    table = urllib3.poolmanager.pool_classes_by_scheme
    monkeypatch.setitem(table, "https", Chain)
    guard = install(over.adapter) if way == "socket" else contextlib.nullcontext()
    root = authorities.root.certificate.fingerprint(hashes.SHA256()).hex()
    with serve_tls(authorities.context(), hang_up) as server, guard:
        for wanted, right in ((root, True), ("00" * 32, False)):
            with requests.Session() as session:
                session.mount("https://", With(assert_fingerprint=wanted))
                for _ in range(2):
                    try:
                        found = session.get(server.at(), verify=authorities.file).ok
                    except SSLError as error:
                        assert "another chain" in str(error)
                        found = False
                    assert found is right
    assert (server.connections, len(server.requests)) == (4, 2)
    assert over.count("QIOPEN") == (4 if way == "socket" else 0)
