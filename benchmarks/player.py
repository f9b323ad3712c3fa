"""Plays AT dialogues over a port, as drivers of other kinds would hold them.

The ideal dialogue has the fewest commands that the manuals allow. The host sends the
next bytes as soon as the module's last ones are complete, and asks for nothing else. No
driver can be faster over the same line. The usual driver is like many published
examples: it reads with ``readline``, and sleeps while it waits for an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ("Player", "Port", "Way", "ideal_by_line", "ideal_by_socket", "usual")

OK, CONNECT = b"\r\nOK\r\n", b"\r\nCONNECT\r\n"
#: The most bytes of AT+QISEND and AT+QIRD (TCP manual 2.1.7, 2.1.8).
MOST_SENT, MOST_READ = 1_460, 1_500
#: What both ways by the module's HTTP client need once.
SET_UP = (
    'AT+QHTTPCFG="contextid",1',
    'AT+QHTTPCFG="sslctxid",1',
    'AT+QSSLCFG="sslversion",1,3',
    'AT+QSSLCFG="seclevel",1,0',
    'AT+QHTTPCFG="requestheader",1',
    'AT+QHTTPCFG="responseheader",1',
)


class Port(Protocol):
    """What is used of a port of pyserial."""

    @property
    def in_waiting(self) -> int:
        """The bytes that can be read at once."""

    def read(self, size: int = 1, /) -> bytes:
        """Read bytes."""

    def readline(self) -> bytes:
        """Read up to a line feed, or to the timeout."""

    def write(self, data: bytes, /) -> int | None:
        """Write bytes."""


class Way(Protocol):
    """One way to make a request."""

    def __call__(self, url: str, request: bytes, size: int) -> bytes:
        """Make a request and return its response.

        :param url: whose server to ask.
        :param request: all bytes of the request.
        :param size: the bytes of the whole response, head and body.
        """


class Player:
    """The host's end of a line.

    :param port: an open port, without a timeout.
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        self._read = bytearray()

    def say(self, data: bytes) -> None:
        """Write bytes."""
        self.port.write(data)

    def until(self, end: bytes) -> bytes:
        """Return all bytes up to `end`, as soon as the module has sent it."""
        start = 0
        while (found := self._read.find(end, start)) < 0:
            start = max(0, len(self._read) - len(end) + 1)
            self._fill()
        return self._taken(found + len(end))

    def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        while len(self._read) < size:
            self._fill()
        return self._taken(size)

    def command(self, text: str, end: bytes = OK) -> bytes:
        """Write a command, and return what comes up to `end`."""
        self.say(text.encode("ascii") + b"\r")
        return self.until(end)

    def _fill(self) -> None:
        self._read += self.port.read(max(1, self.port.in_waiting))

    def _taken(self, size: int) -> bytes:
        data = bytes(self._read[:size])
        del self._read[:size]
        return data


def ideal_by_line(port: Port) -> Way:
    """Return the ideal dialogue with the module's HTTP client.

    A URL is set if it is not that of the request before.
    """
    player, set_before = _prepared(port, SET_UP), ""

    def ask(url: str, request: bytes, size: int) -> bytes:
        nonlocal set_before
        if url != set_before:
            player.command(f"AT+QHTTPURL={len(url)},60", CONNECT)
            player.say(url.encode("ascii"))
            player.until(OK)
            set_before = url
        get = request.startswith(b"GET ")
        order = f"GET=60,{len(request)},60" if get else f"POST={len(request)},600,60"
        player.command(f"AT+QHTTP{order}", CONNECT)
        player.say(request)
        player.until(OK)
        player.until(b"\r\n+QHTTP")
        player.until(b"\r\n")
        player.command("AT+QHTTPREAD=60", CONNECT)
        response = player.exactly(size)
        player.until(b"\r\n+QHTTPREAD: 0\r\n")
        return response

    return ask


def ideal_by_socket(port: Port, *, push: bool = False) -> Way:
    """Return the ideal dialogue with a TCP socket of the module, which stays open.

    :param push: whether the module sends what comes at once. Otherwise it is asked for
        (AT+QIRD, buffer mode).
    """
    player, opened = _prepared(port, ()), False

    def send(data: bytes) -> None:
        player.command(f"AT+QISEND=0,{len(data)}", b"\r\n> ")
        player.say(data)
        player.until(b"\r\nSEND OK\r\n")

    def ask(url: str, request: bytes, size: int) -> bytes:
        nonlocal opened
        if not opened:
            host = url.split("/")[2]
            order = f'AT+QIOPEN=1,0,"TCP","{host}",80,0,{int(push)}'
            player.command(order, b"\r\n+QIOPEN: 0,0\r\n")
            opened = True
        for start in range(0, len(request), MOST_SENT):
            send(request[start : start + MOST_SENT])
        return _pushed(player, size) if push else _fetched(player, size)

    return ask


def _pushed(player: Player, size: int) -> bytes:
    response = b""
    while len(response) < size:
        player.until(b'\r\n+QIURC: "recv",0,')
        response += player.exactly(int(player.until(b"\r\n")))
    return response


def _fetched(player: Player, size: int) -> bytes:
    player.until(b'\r\n+QIURC: "recv",0\r\n')
    response = b""
    while len(response) < size:
        player.command(f"AT+QIRD=0,{MOST_READ}", b"\r\n+QIRD: ")
        response += player.exactly(int(player.until(b"\r\n")))
        player.until(OK)
    return response


def _prepared(port: Port, commands: tuple[str, ...]) -> Player:
    player = Player(port)
    for command in ("ATE0", "AT+QIACT=1", *commands):
        player.command(command)
    return player


def usual(port: Port, sleep: Callable[[float], None], nap: float = 0.1) -> Way:
    """Return a driver in the usual style.

    For each request it sets the context, the headers and the URL again. It reads lines,
    and sleeps while nothing has come. A body ends with the line that the manual shows
    after it.

    :param port: a port whose timeout is a second, so that ``readline`` ends.
    :param nap: the seconds of a sleep.
    """

    def lines_until(*ends: bytes) -> list[bytes]:
        found: list[bytes] = []
        while not found or not found[-1].startswith(ends):
            while not port.in_waiting:
                sleep(nap)
            found.append(port.readline())
        return found

    def command(text: str, *ends: bytes) -> None:
        port.write(text.encode("ascii") + b"\r\n")
        lines_until(*(ends or (b"OK",)))

    def ask(url: str, request: bytes, size: int) -> bytes:
        for text in SET_UP:
            command(text)
        command(f"AT+QHTTPURL={len(url)},60", b"CONNECT")
        port.write(url.encode("ascii"))
        lines_until(b"OK")
        get = request.startswith(b"GET ")
        order = f"GET=60,{len(request)},60" if get else f"POST={len(request)},600,60"
        command(f"AT+QHTTP{order}", b"CONNECT")
        port.write(request)
        lines_until(b"+QHTTPGET: 0", b"+QHTTPPOST: 0")
        command("AT+QHTTPREAD=60", b"CONNECT")
        read = b"".join(lines_until(b"+QHTTPREAD: 0"))
        return read[: read.rindex(OK)]

    command("ATE0")
    command("AT+QIACT=1")
    return ask
