"""TLS of this machine over sockets: versions, keys, ALPN, and kept connections."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from tests.sockets.over import TLS12, TLS13, Authorities, Over
from tests.tls_servers import serve_tls


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
@pytest.mark.parametrize("ecdsa", [False, True], ids=["RSA", "ECDSA"])
def test_what_is_agreed_on(
    version: ssl.TLSVersion, ecdsa: bool, over: Over, authorities: Authorities
) -> None:
    """The server's version and key, the host's name, and HTTP/1.1 by ALPN."""
    context = authorities.context(version, ecdsa=ecdsa)
    context.set_alpn_protocols(["h2", "http/1.1"])
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    agreed = []

    def greet(sock: socket.socket, _: threading.Event) -> socket.socket:
        secured = context.wrap_socket(sock, server_side=True)
        agreed.append((secured.version(), secured.selected_alpn_protocol()))
        return secured

    with serve_tls(greet) as server:
        for _ in range(2):
            answer = over.session.get(server.at(), verify=authorities.file)
            assert answer.content == b"hello"
        over.session.close()
    told = {TLS12: "TLSv1.2", TLS13: "TLSv1.3"}[version]
    assert (agreed, names) == ([(told, "http/1.1")], ["localhost"])


def test_a_server_that_ends_without_an_alert(
    over: Over, authorities: Authorities
) -> None:
    """As with stock requests: HTTP tells whether that is the end."""
    context = authorities.context(TLS13)

    def greet(sock: socket.socket, _: threading.Event) -> socket.socket:
        secured = context.wrap_socket(sock, server_side=True)
        secured.recv(4096)
        secured.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole")
        secured.close()
        raise ConnectionAbortedError("as it should be")

    with serve_tls(greet) as server:
        answer = over.session.get(server.at(), verify=authorities.file)
        assert answer.content == b"whole"


def test_a_stream_that_another_thread_ends(
    over: Over, authorities: Authorities
) -> None:
    """The reader ends at once."""
    context = authorities.context(TLS13)

    def greet(sock: socket.socket, closing: threading.Event) -> socket.socket:
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstart")
            closing.wait(20)
        raise ConnectionAbortedError("as it should be")

    with serve_tls(greet) as server:
        answer = over.session.get(server.at(), verify=authorities.file, stream=True)
        assert answer.raw.read(5) == b"start"
        sock = answer.raw._fp.fp.raw._sock
        threading.Timer(0.2, sock.shutdown, (socket.SHUT_RDWR,)).start()
        assert answer.raw.read() == b""
        server.closing.set()
        answer.close()
