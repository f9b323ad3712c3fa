"""Records what stock requests and a server say to each other, on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

from benchmarks.ppp import Flight
from benchmarks.socket_bench import check
from benchmarks.socket_servers import Served
from tests.servers import Request, Server, kept, serve
from tests.tls_servers import serve_tls

__all__ = ("Recorder", "recorders")


#: Seconds for bytes to the client. Without them, an answer that the client does not
#: wait for, such as a ticket of TLS 1.3, would come before what it sends next.
DELAY = 0.1


class Recorder:
    """A session of stock requests, and the flights of its requests.

    :param port: of a server on loopback.
    :param verify: the file with the root of the server; None is a server without TLS.
    """

    def __init__(self, port: int, verify: str | None) -> None:
        self._scheme = "http" if verify is None else "https"
        self._verify = verify or True
        self._port = port
        self._flights: list[Flight] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.session = requests.Session()
        self.session.trust_env = False
        self._start(self._accept)

    def record(self, size: int, body: int = 0) -> list[Flight]:
        """Make a request, and return its flights.

        :param size: the bytes of the body of the response.
        :param body: the bytes of the body of the request; 0 is a GET.
        """
        self._flights = []
        data = Served.content(body) if body else None
        place = self._listener.getsockname()[1]
        url = f"{self._scheme}://localhost:{place}/{size}"
        method = "POST" if body else "GET"
        response = self.session.request(method, url, data=data, verify=self._verify)
        check(response, size)
        return list(_joined(self._flights))

    def close(self) -> None:
        """Close the session and the connections."""
        self.session.close()
        # An accept in another thread ends by this, and not by a close.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._start(self._relay, near)

    def _relay(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            down = self._start(self._carry, far, near, False)
            self._carry(near, far, True)
            down.join()

    def _carry(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not up:
                    time.sleep(DELAY)
                self._flights.append(Flight(up, data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def _joined(flights: list[Flight]) -> Iterator[Flight]:
    """Join the pieces of each flight."""
    up, data = True, b""
    for flight in flights:
        if flight.up != up:
            yield Flight(up, data)
            up, data = flight.up, b""
        data += flight.data
    yield Flight(up, data)


@contextlib.contextmanager
def recorders(
    contexts: dict[str, ssl.SSLContext | None], verify: str
) -> Iterator[dict[str, Recorder]]:
    """Yield a recorder for each kind of server.

    :param contexts: of the servers, by their names; None is a server without TLS.
    :param verify: the file with their root.
    """

    def app(request: Request) -> Any:
        head = f"{request.method} {request.target} HTTP/1.1\r\n\r\n"
        return kept(Served().answer(head.encode("ascii")))

    with contextlib.ExitStack() as stack:
        made = {}
        for name, context in contexts.items():
            running = serve(app) if context is None else serve_tls(context, app)
            server: Server = stack.enter_context(running)
            made[name] = Recorder(
                server.server_address[1], None if context is None else verify
            )
            stack.callback(made[name].close)
        yield made
