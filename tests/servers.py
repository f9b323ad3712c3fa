"""Real HTTP servers on loopback.

h11 parses the requests. It shares no code with http.client, and refuses what is not
HTTP. Replies are raw bytes, so a test can send anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import h11

#: The longest wait of a server, for a test that has failed.
PATIENCE = 20.0


@dataclasses.dataclass(frozen=True)
class Request:
    """A request as received; field names have their original case."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    #: The client's address, which is the same for all requests on one connection.
    peer: tuple[str, int]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def all(self, name: str) -> list[str]:
        """All values of a field, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The value of a field that must occur once."""
        (value,) = self.all(name)
        return value


class _Hang:
    """Keep the connection open and send nothing until the server closes."""


HANG = _Hang()

#: Bytes to send, an event to wait for, or `HANG`.
Part = bytes | threading.Event | _Hang


@dataclasses.dataclass(frozen=True)
class Reply:
    """What to send, and whether to close the connection after it."""

    parts: tuple[Part, ...]
    close: bool = False


App = Callable[[Request], Reply]


def raw(*parts: Part) -> Reply:
    """Exactly these bytes; then close the connection."""
    return Reply(parts, close=True)


def kept(*parts: Part) -> Reply:
    """Exactly these bytes; then wait for the next request."""
    return Reply(parts)


def reply(
    status: str = "200 OK",
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
) -> Reply:
    """A well-formed response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return Reply(("\r\n".join([*lines, "", ""]).encode("latin-1") + body,))


def chunked(*chunks: bytes) -> bytes:
    """A chunked body without the last, empty chunk."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


class _Handler(socketserver.BaseRequestHandler):
    server: Server
    request: socket.socket

    def setup(self) -> None:
        self.request.settimeout(PATIENCE)
        self.buffered = b""

    def handle(self) -> None:
        # A client may close the connection at any time.
        with contextlib.suppress(ConnectionError):
            while (request := self._receive()) is not None:
                self.server.requests.append(request)
                answer = self.server.app(request)
                self._send(answer.parts)
                if answer.close or request.all("Connection") == ["close"]:
                    return

    def _receive(self) -> Request | None:
        connection = h11.Connection(h11.SERVER)
        if self.buffered:
            connection.receive_data(self.buffered)
        head, body = None, bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(self.request.recv(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                self.buffered = connection.trailing_data[0]
                return self._request(head, bytes(body))
            else:
                return None

    def _request(self, head: h11.Request, body: bytes) -> Request:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in head.headers.raw_items()
        ]
        method, target = head.method.decode(), head.target.decode()
        return Request(method, target, headers, body, self.client_address[:2])

    def _send(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if isinstance(part, bytes):
                self.request.sendall(part)
            else:
                waited = self.server.closing if isinstance(part, _Hang) else part
                waited.wait(PATIENCE)


class LoopbackServer(socketserver.ThreadingTCPServer):
    """A server on a free port of loopback, with a thread for each client."""

    daemon_threads = True

    def __init__(
        self, handler: type[socketserver.BaseRequestHandler], host: str = "127.0.0.1"
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), handler)
        #: Set at the end, for handlers that wait.
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Do nothing: a client may hang up whenever it likes."""

    def shutdown(self) -> None:
        """Stop serving, and end the waits of the handlers."""
        self.closing.set()
        super().shutdown()


S = TypeVar("S", bound=socketserver.BaseServer)


@contextlib.contextmanager
def serving(server: S) -> Iterator[S]:
    """Run a server in a thread during a ``with`` block, and then close it."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Server(LoopbackServer):
    """An HTTP server. It remembers its requests."""

    def __init__(self, app: App, host: str = "127.0.0.1") -> None:
        super().__init__(_Handler, host)
        self.app = app
        self.requests: list[Request] = []
        self.errors: list[BaseException | None] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep an error of the server, so that the test fails."""
        self.errors.append(sys.exc_info()[1])

    @property
    def url(self) -> str:
        """The URL of the server, without a slash at the end."""
        host, port = self.socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def last(self) -> Request:
        """The last request."""
        return self.requests[-1]


@contextlib.contextmanager
def serve(app: App, host: str = "127.0.0.1") -> Iterator[Server]:
    """Run a server during a ``with`` block."""
    with serving(Server(app, host)) as server:
        yield server
    assert server.errors == []


def refused_url() -> str:
    """A URL on loopback where no server listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:{}/".format(listener.getsockname()[1])
