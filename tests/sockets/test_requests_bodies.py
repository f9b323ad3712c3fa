"""Bodies by sockets: as they come, of any size, in constant memory."""

from __future__ import annotations

import io
import ssl
import threading
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.conftest import Script
from tests.servers import Reply, Request, Server, kept, raw, reply, serve, serving
from tests.sockets.over import TLS12, TLS13, Authorities, Over
from tests.support import response
from tests.tls_servers import serve_tls

MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, 1000, 1459, 1460, 1461, 5_000])
def test_a_body_of_bytes(size: int, over: Over, http_server: Server) -> None:
    """Head and body take as few commands as they can."""
    body = bytes(number % 251 for number in range(size))
    assert over.session.post(f"{http_server.url}/bytes", data=body).content == body
    # The head has less than 300 bytes.
    assert over.count("QISEND") <= -(-(size + 300) // 1460)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["1.2", "1.3"])
def test_the_flights_of_a_connection(
    version: ssl.TLSVersion, over: Over, authorities: Authorities
) -> None:
    """One command for each: the hello, the end of the handshake, the request."""
    context = authorities.context(version)
    with serve_tls(context) as server:
        for _ in range(2):
            answer = over.session.post(server.at(), b"body", verify=authorities.file)
            assert answer.content == b"hello"
        over.session.close()
    assert (over.count("QIOPEN"), over.count("QISEND")) == (1, 3 + 1)
    # A read takes all that has come, not the header of a record.
    assert over.count("QIRD") <= 12


def test_a_body_that_comes_slowly(over: Over) -> None:
    """Each piece is sent as it comes, and the head before the first."""
    arrived: list[bytes] = []
    events = [threading.Event() for _ in range(3)]

    class Slow(Server):
        def finish_request(self, request: object, client_address: object) -> None:
            while b"0\r\n\r\n" not in b"".join(arrived):
                arrived.append(request.recv(65_536))  # type: ignore[attr-defined]
                events[min(len(arrived) - 1, 2)].set()
            request.sendall(  # type: ignore[attr-defined]
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
            )

    def body() -> Iterator[bytes]:
        assert events[0].wait(10)
        yield b"one"
        assert events[1].wait(10)
        yield b"two"

    with serving(Slow(lambda _: reply())) as server:
        assert over.session.post(server.url, data=body()).ok
    assert b"".join(arrived).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_expect_100(over: Over, raw_server: Script) -> None:
    """An interim response is passed over, as with stock requests."""
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal"
    server = raw_server(kept(b"HTTP/1.1 100 Continue\r\n\r\n" + final))
    headers = {"Expect": "100-continue"}
    answer = over.session.put(server.url, data=iter([b"a", b"b"]), headers=headers)
    assert answer.content == b"final"
    assert (server.last.body, server.last.one("Expect")) == (b"ab", "100-continue")


def test_a_chunked_response_with_trailers(over: Over, raw_server: Script) -> None:
    """They are read, and the connection is used again."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    server = raw_server(kept(head + b"3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n"), reply())
    assert over.session.get(server.url).content == b"abc"
    assert over.session.get(server.url).ok
    assert over.count("QIOPEN") == 1


def test_an_early_response(over: Over) -> None:
    """A server that refuses a large body before it has read it is heard."""

    class Refusing(Server):
        def finish_request(self, request: object, client_address: object) -> None:
            request.recv(1000)  # type: ignore[attr-defined]
            request.sendall(  # type: ignore[attr-defined]
                b"HTTP/1.1 413 Too Large\r\nConnection: close\r\n"
                b"Content-Length: 6\r\n\r\nrefuse"
            )
            self.closing.wait(0.3)

    with serving(Refusing(lambda _: reply())) as server:
        answer = over.session.post(server.url, data=iter([b"x" * 1000] * 400))
        assert (answer.status_code, answer.content) == (413, b"refuse")


def test_a_large_download_takes_no_memory(over: Over) -> None:
    """The module holds the server back until the next piece is wanted."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * MIB)
    with serve(lambda _: raw(head, *[b"x" * 65_536] * 32)) as server:
        over.traffic.clear()
        with over.session.get(server.url, stream=True) as answer:
            pieces = answer.iter_content(16_384)
            next(pieces)
            tracemalloc.start()
            size = 16_384
            for piece in pieces:
                size += len(piece)
                over.traffic.clear()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert size == 2 * MIB
    assert peak < MIB // 2


def test_a_large_upload_takes_no_memory(over: Over) -> None:
    """Nothing is kept of what the module has taken."""
    taken = 0

    class Counting(Server):
        def finish_request(self, request: object, client_address: object) -> None:
            nonlocal taken
            last = b""
            while not last.endswith(b"0\r\n\r\n"):
                piece = request.recv(65_536)  # type: ignore[attr-defined]
                taken, last = taken + len(piece), last[-4:] + piece
            request.sendall(response())  # type: ignore[attr-defined]

    def body() -> Iterator[bytes]:
        for _ in range(64):
            over.traffic.clear()
            yield b"x" * 32_768

    with serving(Counting(lambda _: reply())) as server:
        tracemalloc.start()
        try:
            assert over.session.post(server.url, data=body()).ok
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert taken > 2 * MIB
    assert peak < MIB


@pytest.mark.parametrize("upload", [True, False], ids=["up", "down"])
def test_a_body_over_tls(upload: bool, over: Over, authorities: Authorities) -> None:
    """Records of any size arrive whole."""
    body = bytes(number % 251 for number in range(60_000))

    def app(request: Request) -> Reply:
        if upload:
            return reply(body=b"%d" % (request.body == body))
        return reply(body=body)

    with serve_tls(authorities.context(), app) as server:
        data = io.BytesIO(body) if upload else None
        answer = over.session.post(server.at(), data=data, verify=authorities.file)
        over.session.close()
    assert answer.content == (b"1" if upload else body)


def test_payload_that_looks_like_the_module_s(over: Over) -> None:
    """What a server sends is only ever payload."""
    tricky = b'\r\nOK\r\n\r\n+QIURC: "closed",0\r\n> SEND OK\r\nERROR\r\nRDY\r\n' * 99
    with serve(lambda request: reply(body=request.body)) as server:
        for _ in range(3):
            assert over.session.post(server.url, data=tricky).content == tricky
    assert over.count("QIOPEN") == 1
