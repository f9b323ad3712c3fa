"""Servers for these measurements, behind the emulator: of HTTP, with TLS if wanted."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from requests_bg96.emulator import Connection, StreamNetwork
from requests_bg96.emulator.callable_network import Delay, Part, ReceivedRequest, Until
from requests_bg96.emulator.http_head import wants_close
from requests_bg96.emulator.request_framing import RequestFraming

__all__ = ("RTT", "Served", "served_by_module")

#: Seconds for a packet to the server and one back.
RTT = 0.060


class Served:
    """What the servers have received and sent last."""

    def __init__(self) -> None:
        self.request = self.response = self.body = b""

    @staticmethod
    def content(size: int) -> bytes:
        """Return the content that a path asks for."""
        return (bytes(range(256)) * (size // 256 + 1))[:size]

    def answer(self, request: bytes) -> bytes:
        """Return the response to a request, whose path is the size of the content."""
        head, _, self.body = request.partition(b"\r\n\r\n")
        body = self.content(int(head.split()[1].rpartition(b"/")[2]))
        response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
        response %= len(body), body
        self.request, self.response = request, response
        return response


class _Plain:
    """No TLS."""

    def hear(self, data: bytes) -> bytes:
        """Return the plain bytes in `data`."""
        return data

    def say(self, data: bytes) -> bytes:
        """Return what to send, so that the client reads `data`."""
        return data


class _Secure:
    """The server's end of TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False

    def hear(self, data: bytes) -> bytes:
        """Return the plain bytes in `data`."""
        self._incoming.write(data)
        plain = b""
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while piece := self._tls.read(65_536):
                plain += piece
        except ssl.SSLWantReadError:
            pass
        return plain

    def say(self, data: bytes) -> bytes:
        """Return what to send, with the handshake's bytes."""
        if data:
            self._tls.write(data)
        return self._outgoing.read()


def _serve(
    connection: Connection,
    channel: _Plain | _Secure,
    served: Served,
    rtt: float,
) -> Iterator[Part]:
    framing = RequestFraming()
    while not connection.ended:
        heard = connection.heard()
        yield heard
        # What the module takes in between, such as a ticket, does not delay the answer.
        assert heard.since
        data, there = connection.read(), heard.since() + rtt
        request = framing.feed(channel.hear(data))
        said = channel.say(served.answer(request) if request else b"")
        if said or connection.ended:
            yield Until(lambda: True, lambda there=there: there)  # type: ignore[misc]
        yield said
        if request and wants_close(request):
            return


def served_by_module(
    served: Served, context: ssl.SSLContext | None, rtt: float = RTT
) -> StreamNetwork:
    """Return a network of such servers.

    The module's own TLS has no bytes here: it takes two round trips after that of TCP,
    as TLS 1.2 does.

    :param context: of the servers on port 443.
    :param rtt: the seconds for a packet to the server and one back.
    """

    def stream(connection: Connection) -> Iterator[Part]:
        secure = connection.port == 443 and context is not None
        channel = _Secure(context) if secure and context else _Plain()
        return _serve(connection, channel, served, rtt)

    def handler(request: ReceivedRequest) -> Iterator[Part]:
        yield Delay(rtt * 3 if request.tls else rtt)
        yield served.answer(request.data)

    return StreamNetwork(stream, handler, delay=rtt)
