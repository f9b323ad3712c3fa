"""The network of this machine, with real servers on loopback."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from typing import Any, Iterator

import pytest

from requests_bg96.emulator import Emulator, SocketNetwork, VirtualClock
from requests_bg96.emulator.socket_network import INBOX_LIMIT
from tests.emulator.host import CONNECT, OK, Host, cme
from tests.emulator.real_host import PATIENCE, RealHost, read_head, scripted
from tests.servers import serving


class Handler(http.server.BaseHTTPRequestHandler):
    """Returns what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(f"{self.command} {self.path}".encode())

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.answer(self.rfile.read(length))

    def answer(self, body: bytes) -> None:
        """Send a body."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a server of the standard library."""
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield server.server_address[1]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator in real time, with the real network."""
    with Emulator() as one:
        yield one


def read_result(body: bytes) -> bytes:
    """Return what QHTTPREAD prints of a body."""
    return CONNECT + body + OK + b"\r\n+QHTTPREAD: 0\r\n"


def test_get(emulator: Emulator, web: int) -> None:
    host = RealHost(emulator, web)
    host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,9\r\n")
    host.expect(b"AT+QHTTPREAD\r", read_result(b"GET /path"))
    assert emulator.exchanges == 1


def test_a_megabyte_there_and_back(emulator: Emulator, web: int) -> None:
    host = RealHost(emulator, web)
    body = bytes(range(256)) * 4000
    host.expect(b"AT+QHTTPPOST=1024000,60,60\r", CONNECT)
    host.expect(body, OK + b"\r\n+QHTTPPOST: 0,200,1024000\r\n")
    host.expect(b"AT+QHTTPREAD\r", read_result(body))


def test_requests_one_after_the_other(emulator: Emulator, web: int) -> None:
    host = RealHost(emulator, web)
    for _ in range(20):
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,9\r\n")
        host.expect(b"AT+QHTTPREAD\r", read_result(b"GET /path"))
    assert emulator.exchanges == 20


def test_a_refused_connection(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    host = RealHost(emulator, port)
    host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 716\r\n")
    host.expect(b"AT+QHTTPPOST=1,9,9\r", cme(716))


def test_a_name_without_address(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unresolvable(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    host = RealHost(emulator, 80)
    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    host.expect(b"AT+QHTTPPOST=1,9,9\r", cme(714))
    host.expect(b'AT+QIDNSGIP=1,"nowhere.invalid"\r', OK)
    host.expect(b"", b'\r\n+QIURC: "dnsgip",565\r\n')
    host.expect(b'AT+QNTP=1,"nowhere.invalid"\r', OK)
    host.expect(b"", b"\r\n+QNTP: 565\r\n")


def test_a_name_with_an_address(emulator: Emulator) -> None:
    host = RealHost(emulator, 80)
    host.expect(b'AT+QIDNSGIP=1,"127.0.0.1"\r', OK)
    host.expect(
        b"", b'\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","127.0.0.1"\r\n'
    )


def test_a_server_that_closes_without_a_word(emulator: Emulator) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 719\r\n")


def test_a_server_that_closes_in_the_body(emulator: Emulator) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,9\r\n")
        host.expect(b"AT+QHTTPREAD\r", CONNECT + b"ab" + cme(717))


def test_a_silent_server_on_real_time(emulator: Emulator) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        assert connection.recv(1) == b""

    with scripted(script) as port:
        host = RealHost(emulator, port)
        start = time.monotonic()
        host.expect(b"AT+QHTTPGET=1\r", OK + b"\r\n+QHTTPGET: 702\r\n")
        assert 1.0 <= time.monotonic() - start < 3.0


def test_the_body_comes_while_it_is_made(emulator: Emulator) -> None:
    seen = threading.Event()

    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nfirst")
        assert seen.wait(PATIENCE)
        connection.sendall(b"second")

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200\r\n")
        host.expect(b"AT+QHTTPREAD\r", CONNECT + b"first")
        seen.set()
        host.expect(b"", b"second" + OK + b"\r\n+QHTTPREAD: 0\r\n")


def test_a_slow_line_holds_the_server_back(emulator: Emulator) -> None:
    """A response that nobody reads fills the buffers, and no more."""
    sent = 0
    blocked = threading.Event()

    def script(connection: socket.socket) -> None:
        nonlocal sent
        read_head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                sent += connection.send(bytes(65536))
        blocked.set()

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200\r\n")
        assert blocked.wait(PATIENCE)
        exchange: Any = emulator.module.http.exchange
        assert 0 < exchange.connection._connection.waiting <= INBOX_LIMIT + 1460
        total = len(CONNECT) + sent + len(OK) + len(b"\r\n+QHTTPREAD: 0\r\n")
        host.serial.write(b"AT+QHTTPREAD\r")
        assert len(host.serial.read(total)) == total


def test_a_response_in_time_is_not_late_because_nobody_looked(
    emulator: Emulator,
) -> None:
    """The module takes the response with the time at which it came."""
    answered = threading.Event()

    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        answered.set()

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.serial.write(b"AT+QHTTPGET=1\r")
        assert host.serial.read(len(OK)) == OK
        assert answered.wait(PATIENCE)
        time.sleep(1.2)
        host.expect(b"", b"\r\n+QHTTPGET: 0,200,0\r\n")


def test_threads_end_with_their_connections(emulator: Emulator, web: int) -> None:
    host = RealHost(emulator, web)
    for _ in range(5):
        host.expect(b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,9\r\n")
        host.expect(b"AT+QHTTPREAD\r", read_result(b"GET /path"))
    deadline = time.monotonic() + PATIENCE
    while emulator.network.busy and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [t for t in threading.enumerate() if t.name == "bg96-network"]


def test_a_real_network_on_virtual_time(web: int) -> None:
    with Host(network=SocketNetwork()) as host:
        host.online(b"http://127.0.0.1:%d/path" % web)
        before = host.clock.now()
        answer = host.ask(b"AT+QHTTPGET=60\r", 30)
        assert answer == OK + b"\r\n+QHTTPGET: 0,200,9\r\n"
        assert host.ask(b"AT+QHTTPREAD\r") == read_result(b"GET /path")
        assert host.clock.now() - before < 40


def test_a_silent_server_on_virtual_time() -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        assert connection.recv(1) == b""

    with scripted(script) as port, Host(network=SocketNetwork()) as host:
        host.online(b"http://127.0.0.1:%d/" % port)
        start = time.monotonic()
        answer = host.ask(b"AT+QHTTPGET=3600\r", 4000)
        assert answer == OK + b"\r\n+QHTTPGET: 702\r\n"
        assert time.monotonic() - start < 3
        assert isinstance(host.emulator.clock, VirtualClock)


def test_a_server_that_answers_before_the_request_is_complete(
    emulator: Emulator,
) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        while connection.recv(65536):
            pass

    with scripted(script) as port:
        host = RealHost(emulator, port)
        host.expect(b"AT+QHTTPPOST=100000,60,60\r", CONNECT)
        host.expect(bytes(100000), OK + b"\r\n+QHTTPPOST: 0,413,0\r\n")
        host.expect(b"AT+QHTTPREAD\r", read_result(b""))
