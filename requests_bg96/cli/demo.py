"""The demonstration: the emulator against an HTTP server on loopback."""

from __future__ import annotations

import hashlib
import http.server
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from ..adapter import BG96Adapter

__all__ = ("STEPS", "Wrong", "run", "server")

#: The download: 200 kB that compression or a text mode would change.
FIRMWARE = random.Random(96).randbytes(200_000)

Step = Callable[[requests.Session, str], str]


class Wrong(Exception):
    """A result differs from the expected one."""


class Handler(http.server.BaseHTTPRequestHandler):
    """The demonstration's server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer ``/hello``, ``/login``, ``/home`` and ``/firmware``."""
        if self.path == "/login":
            cookie = {"Location": "/home", "Set-Cookie": "visitor=bg96; Path=/"}
            self._answer(302, b"", cookie)
        elif self.path == "/home":
            self._answer(200, (self.headers["Cookie"] or "no cookie").encode())
        elif self.path == "/firmware":
            self._answer(200, FIRMWARE)
        else:
            self._answer(200, b"Hello from the other side of the modem.\n")

    def do_POST(self) -> None:
        """Answer with the body of the request."""
        self._answer(201, self._body())

    def do_PUT(self) -> None:
        """Answer with the number of received bytes."""
        self._answer(200, str(len(self._body())).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, so that the output shows only the dialogue."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def server() -> Iterator[str]:
    """Run the server; yield its URL without a path."""
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _expect(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise Wrong(f"{what} is {found!r}, but should be {wanted!r}")


def get(session: requests.Session, url: str) -> str:
    """GET a text."""
    response = session.get(f"{url}/hello", timeout=10)
    _expect(response.status_code, 200, "the status")
    _expect(response.text, "Hello from the other side of the modem.\n", "the text")
    return f"{response}, {response.text!r}"


def post(session: requests.Session, url: str) -> str:
    """POST a reading as JSON."""
    reading: dict[str, Any] = {"t": 21.5, "unit": "°C"}
    response = session.post(f"{url}/telemetry", json=reading, timeout=10)
    _expect(response.status_code, 201, "the status")
    _expect(response.json(), reading, "the JSON that comes back")
    return f"{response}, {json.dumps(response.json(), ensure_ascii=False)}"


def put(session: requests.Session, url: str) -> str:
    """PUT 3,000 bytes."""
    response = session.put(f"{url}/settings", data=b"\0\r\n" * 1000, timeout=10)
    _expect(response.status_code, 200, "the status")
    _expect(response.text, "3000", "the number of bytes that arrived")
    return f"{response}, {response.text} bytes arrived"


def redirect(session: requests.Session, url: str) -> str:
    """GET a page that redirects and sets a cookie."""
    response = session.get(f"{url}/login", timeout=10)
    _expect([hop.status_code for hop in response.history], [302], "the history")
    _expect(response.url, f"{url}/home", "the URL")
    _expect(response.text, "visitor=bg96", "the cookie that was sent back")
    _expect(session.cookies["visitor"], "bg96", "the cookie in the session")
    return f"{response} after {response.history}, cookie {response.text!r}"


def download(session: requests.Session, url: str) -> str:
    """GET 200 kB as a stream."""
    digest, size = hashlib.sha256(), 0
    with session.get(f"{url}/firmware", stream=True, timeout=10) as response:
        for piece in response.iter_content(8192):
            digest.update(piece)
            size += len(piece)
    _expect(size, len(FIRMWARE), "the size")
    wanted = hashlib.sha256(FIRMWARE).hexdigest()
    _expect(digest.hexdigest(), wanted, "the SHA-256")
    return f"{response}, {size} bytes, SHA-256 {digest.hexdigest()}"


def absent(session: requests.Session, url: str) -> str:
    """GET from a server that does not exist."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    try:
        response = session.get(f"http://127.0.0.1:{port}/", timeout=10)
    except requests.ConnectionError as error:
        return f"{type(error).__name__}: {error}"
    raise Wrong(f"the result is {response}, but should be a ConnectionError")


STEPS: tuple[Step, ...] = (get, post, put, redirect, download, absent)


def run(adapter: BG96Adapter) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the title of each step, and a function that runs it and returns its result.

    :raises Wrong: from a step, if a result is wrong.
    """
    with server() as url, requests.Session() as session:
        # The machine's proxies are not for the modem.
        session.trust_env = False
        session.mount("http://", adapter)
        for step in STEPS:
            title = (step.__doc__ or "").strip().rstrip(".")
            yield title, lambda step=step: step(session, url)  # type: ignore[misc]
