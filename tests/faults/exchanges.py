"""The exchanges for the faults, and the servers behind them."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import requests

from requests_bg96.emulator import ReceivedRequest, Silence, Switches
from tests.https_support import LATER
from tests.support import Rig, chunks, response

#: The number of the request: servers count by it, and responses have it.
NUMBER = re.compile(rb"\r\nX-Number: ([a-z]+)\r\n")
HOST, PROXY = "server.example", "socks5h://proxy.example"
#: The timeouts of a request, in seconds.
TIMEOUT = (40.0, 15.0)
#: The pieces of a body that are read before its reader goes away.
BEFORE_AWAY = 3
#: Fewer than those of requests, because each byte is a case.
HEADERS = {"User-Agent": None, "Accept": None, "Accept-Encoding": None}


#: What came before: nothing, or another exchange of the same kind.
FRESH, AT_ONCE, LATER_ON = (
    "on a fresh port",
    "at once after another",
    "ten seconds after another",
)
ALL = (FRESH, AT_ONCE, LATER_ON)


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One kind of request and response.

    :param name: the name of the kind.
    :param method: the method of the request.
    :param body: the body of the request.
    :param framing: the framing of the response: ``length``, ``chunked`` or ``close``.
    :param size: the bytes of the response's body.
    :param switches: the firmware.
    :param settings: the settings of the adapter.
    :param https: whether it uses TLS.
    :param stream: whether the response is read in small pieces.
    :param away: the seconds for which the reader is away meanwhile.
    :param line: the options of the emulator: a line's speed, and a host's buffer.
    :param socks: whether a SOCKS proxy is between.
    :param moves: whether each request has another URL than the one before.
    :param beginnings: what may come before.
    """

    name: str
    method: str = "GET"
    body: bytes | None = None
    framing: str = "length"
    size: int = 40
    switches: Switches = Switches()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    https: bool = False
    stream: bool = False
    away: float = 0.0
    line: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    socks: bool = False
    moves: bool = False
    beginnings: tuple[str, ...] = (FRESH, AT_ONCE)

    @property
    def by_file(self) -> bool:
        """Whether request and response are files in the module."""
        return self.settings.get("via") == "file"

    @property
    def has_end(self) -> bool:
        """Whether the reader can notice that bytes of the body are missing."""
        raw = self.framing == "chunked" and self.switches.chunked == "raw"
        return self.framing == "length" or raw

    def ask(self, made: Rig, number: str) -> requests.Response:
        """Make the request."""
        scheme = "https" if self.https else "http"
        path = number if self.moves else "path"
        headers: dict[str, Any] = {**HEADERS, "X-Number": number}
        found = made.session.request(
            self.method,
            f"{scheme}://{HOST}/{path}",
            data=self.body,
            headers=headers,
            timeout=TIMEOUT,
            verify=AUTHORITY if self.https else None,
            stream=self.stream,
            proxies={"http": PROXY} if self.socks else None,
        )
        if self.stream:
            # As `Response.content` does, but a few bytes at a time.
            pieces = found.iter_content(7)
            first = b"".join(itertools.islice(pieces, BEFORE_AWAY))
            made.clock.sleep(self.away)
            found._content = first + b"".join(pieces)
        return found

    def expected(self, number: bytes) -> bytes:
        """The body of the response."""
        if self.method == "HEAD":
            return b""
        return (b"%b: " % number + b"0123456789" * (self.size // 10))[: self.size]

    def answer(self, number: bytes) -> bytes:
        """The response as the server sends it."""
        content = self.expected(number)
        if self.method == "HEAD":
            return response(b"", b"Content-Length: 5000")
        if self.framing == "chunked":
            framed = chunks(content, [16])
            return response(framed, b"Transfer-Encoding: chunked")
        if self.framing == "close":
            return response(content, b"Connection: close")
        return response(content)


#: In place of a CA's certificate: the module stores it, and nobody parses it.
AUTHORITY = str(pathlib.Path(__file__).with_name("authority.pem"))
RAW = Switches(chunked="raw")
FILE, SOCKET = {"via": "file"}, {"via": "socket"}
#: A line that loses bytes that nobody takes within 50 ms, except with flow control.
SHORT = {"baudrate": 115_200, "overflow": 512}


def held_back(exchange: Exchange) -> Exchange:
    """Return the same exchange with RTS and CTS."""
    return dataclasses.replace(
        exchange,
        name=f"{exchange.name}, rtscts",
        settings={**exchange.settings, "rtscts": True},
        line=SHORT,
        beginnings=(AT_ONCE,),
    )


def away(framing: str, switches: Switches = Switches()) -> Exchange:
    """Return a stream whose reader is away for a second."""
    return Exchange(
        f"reader away, {framing}",
        framing=framing,
        switches=switches,
        size=800,
        stream=True,
        away=1.0,
        line=SHORT,
        beginnings=(AT_ONCE,),
    )


#: Without flow control, the bytes are read in the background.
READER_AWAY = (away("length"), away("chunked", RAW), away("close"))
#: Those with different bytes on the line.
MAIN = (
    Exchange("get", beginnings=ALL),
    Exchange("post", "POST", b"t=21.5"),
    Exchange("raw chunks", framing="chunked", switches=RAW),
    Exchange("to the close", framing="close"),
    Exchange("large post", "POST", b"x" * 1_500, size=1_500, beginnings=(AT_ONCE,)),
    Exchange("by file", "PUT", b"y" * 100, settings=FILE, beginnings=ALL),
    Exchange("https", "POST", b"t=21.5", switches=LATER, https=True, beginnings=ALL),
)
#: Over the module's sockets.
SOCKETS = (
    Exchange("socket get", settings=SOCKET, beginnings=ALL),
    Exchange("socket post", "POST", b"t=21.5", settings=SOCKET),
    Exchange(
        "socket chunks", framing="chunked", settings=SOCKET, beginnings=(AT_ONCE,)
    ),
    Exchange("socket to the close", framing="close", settings=SOCKET),
    # Of several reads on one line.
    Exchange("socket, long", size=5_000, settings=SOCKET),
)
EXCHANGES = (
    *MAIN,
    # The URL follows the settings on one line.
    Exchange("another URL", moves=True, beginnings=(LATER_ON,)),
    Exchange("head", "HEAD"),
    Exchange("decoded chunks", framing="chunked", beginnings=(AT_ONCE,)),
    Exchange("streamed", size=100, stream=True, beginnings=(AT_ONCE,)),
    Exchange("echo compared", "POST", b"t=21.5", settings={"verify_echo": True}),
    Exchange("by DTR", settings={"dtr": True}, framing="close"),
    *READER_AWAY,
    *SOCKETS,
    *map(held_back, MAIN + READER_AWAY),
    # A kept connection is past the proxy.
    Exchange("socket by SOCKS", settings=SOCKET, socks=True, beginnings=(FRESH,)),
)


class Counting:
    """All servers. They answer as the exchange says, and count.

    :param exchange: the exchange of the requests.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        #: The requests by number; b"" is none.
        self.requests: dict[bytes, list[bytes]] = {}
        #: The bytes of incomplete requests.
        self.parts: list[bytes] = []
        #: Their hosts.
        self.peers: set[tuple[str, bool]] = set()

    def __call__(self, request: ReceivedRequest) -> bytes | list[Silence]:
        if not whole(request.data):
            # It waits for the rest.
            self.parts.append(request.data)
            return [Silence()]
        found = NUMBER.search(request.data)
        number = found[1] if found else b""
        self.requests.setdefault(number, []).append(request.data)
        self.peers.add((request.host, request.tls is not None))
        return self._exchange.answer(number)


def whole(request: bytes) -> bool:
    """Whether a server has all of `request` and can answer it."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head + b"\r\n")
    return bool(end) and len(body) >= int(length[1] if length else 0)
