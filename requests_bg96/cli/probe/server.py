"""The server for the questions, with answers that usual servers do not send.

`answer` returns its behaviour as data. `serve` runs it on a TCP port.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import socketserver
import threading
import time
from collections.abc import Iterator

__all__ = ("Answer", "GREETING", "HELD_OPEN", "ODD_HEAD", "answer", "serve")

#: The body of ``/``, by which the probe recognises the server.
GREETING = b"requests-bg96 probe"
#: The seconds for which ``/open`` keeps the connection open after the head.
HELD_OPEN = 6.0
#: A head that no module makes itself.
ODD_HEAD = b"HTTP/1.1 200 Fine\r\nx-ODD:  1\r\nX-Odd: 2\r\ncontent-length: 5\r\n\r\n"

_PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_REDIRECT = (
    b"HTTP/1.1 302 Found\r\nLocation: http://%b/head\r\nContent-Length: 0\r\n\r\n"
)
_HOST = re.compile(rb"^host:[ \t]*([^\r\n]*)", re.I | re.M)
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)", re.I | re.M)
#: The most bytes of a request.
_LIMIT = 65536


@dataclasses.dataclass(frozen=True)
class Answer:
    """The behaviour for one request.

    :param parts: bytes to send, and seconds to wait.
    :param close: whether to close the connection after them.
    """

    parts: tuple[bytes | float, ...]
    close: bool = False


def answer(target: str, connection: int, host: str = "") -> Answer:
    """Return the behaviour of the server for one request.

    :param target: the target of the request, for example ``/chunked``.
    :param connection: the number of the connection.
    :param host: the field Host of the request.
    """
    number = b"%d" % connection
    known = {
        "/": Answer((_PLAIN % len(GREETING) + GREETING,)),
        "/chunked": Answer((_CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",)),
        "/head": Answer((ODD_HEAD + b"hello",)),
        "/redirect": Answer((_REDIRECT % host.encode(),)),
        "/connection": Answer((_PLAIN % len(number) + number,)),
        "/open": Answer((_PLAIN % 5, HELD_OPEN), close=True),
        "/hangup": Answer((_PLAIN % 100 + b"x" * 50,), close=True),
        "/cut": Answer((b"HTTP/1.1 200 OK\r\nX-Cut: 1\r\n",), close=True),
        "/slow": Answer((_PLAIN % 4 + b"ab", 8.0, b"cd")),
        "/stall": Answer((_PLAIN % 4 + b"ab", 20.0), close=True),
        "/silent": Answer((20.0,), close=True),
    }
    missing = Answer((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",))
    return known.get(target, missing)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.numbers = itertools.count(1)


class _Handler(socketserver.StreamRequestHandler):
    timeout = 60.0

    def handle(self) -> None:
        """Answer the requests of one connection."""
        assert isinstance(self.server, _Server)
        number = next(self.server.numbers)
        with contextlib.suppress(OSError):
            while asked := self._asked():
                todo = answer(asked[0], number, asked[1])
                for part in todo.parts:
                    self._do(part)
                if todo.close:
                    return

    def _do(self, part: bytes | float) -> None:
        if isinstance(part, bytes):
            self.wfile.write(part)
        else:
            time.sleep(part)

    def _asked(self) -> tuple[str, str] | None:
        """Read a request, and return its target and host; None if there is none."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(_LIMIT)
            if not line or len(head) > _LIMIT:
                return None
            head += line
        length = _LENGTH.search(head)
        if length:
            self.rfile.read(min(int(length[1]), _LIMIT))
        words = head.split(b" ", 2)
        # The target may be a whole URL (RFC 9112 3.2.2).
        target = "/" + words[1].decode("latin-1").rpartition("/")[2]
        host = _HOST.search(head)
        return target, host[1].decode("latin-1") if host else ""


@contextlib.contextmanager
def serve(host: str, port: int) -> Iterator[str]:
    """Serve during a ``with`` block.

    :param host: the address to listen on.
    :param port: the port; 0 is any free one.
    :returns: the URL, with that host.
    :raises OSError: if it cannot listen there.
    """
    with _Server((host, port)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
