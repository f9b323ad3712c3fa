"""The way through a SOCKS proxy, over a socket that is connected to it.

socksio makes the messages of SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), and reads them.
What is added here: where each message ends, one deadline for all of them, and what may
stand in them.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any
from urllib.parse import unquote

import socksio
from requests.exceptions import InvalidProxyURL
from urllib3.util import parse_url

from ..clock import Deadline

__all__ = ("SocksProxy",)

#: The port of a proxy whose URL has none (RFC 1928 3).
PORT = 1_080
#: The most bytes of a name, a user name or a password (RFC 1928 5, RFC 1929 2).
LIMIT = 255

_VERSIONS = {"socks4": 4, "socks4a": 4, "socks5": 5, "socks5h": 5}
_ADDRESS_SIZES = {
    socksio.SOCKS5AType.IPV4_ADDRESS.value: 4,
    socksio.SOCKS5AType.IPV6_ADDRESS.value: 16,
}


@dataclasses.dataclass(frozen=True)
class SocksProxy:
    """A SOCKS proxy, and how it knows the caller.

    :param version: 4 or 5.
    :param address: its name or address, and its port.
    :param user: the user name, or the user id of SOCKS 4; b"" if there is none.
    :param password: the password; b"" if there is none.
    """

    version: int
    address: tuple[str, int]
    user: bytes = dataclasses.field(default=b"", repr=False)
    password: bytes = dataclasses.field(default=b"", repr=False)

    @classmethod
    def from_url(cls, url: str) -> SocksProxy:
        """Return the proxy at `url`, whose user name and password are percent-encoded.

        :param url: its scheme is ``socks4``, ``socks4a``, ``socks5`` or ``socks5h``.
        :raises requests.exceptions.InvalidProxyURL: if there can be no such proxy.
        """
        parsed = parse_url(url)
        version = _VERSIONS.get(parsed.scheme or "")
        if version is None or not parsed.host:
            raise InvalidProxyURL(
                "the URL of a SOCKS proxy is socks5://host:port; the scheme may be "
                "socks4, socks4a, socks5 or socks5h"
            )
        # urllib3 decodes them since 2.8 only.
        user, _, password = (
            unquote(part).encode() for part in (parsed.auth or "").partition(":")
        )
        if max(len(user), len(password)) > LIMIT or (version == 4 and b"\0" in user):
            raise InvalidProxyURL(
                f"SOCKS {version} cannot send this user name or password: use at most "
                f"{LIMIT} bytes, and no NUL"
            )
        address = parsed.host.strip("[]"), parsed.port or PORT
        return cls(version, address, user, password)

    def connect(self, sock: Any, host: str, port: int, deadline: Deadline) -> None:
        """Have the proxy connect to a server; then `sock` leads there.

        The proxy looks up the name, whatever the scheme says.

        :param sock: is connected to the proxy.
        :param host: name or address of the server, in ASCII.
        :raises TimeoutError: if that is not done by the deadline.
        :raises OSError: if the proxy refuses, or does not speak SOCKS.
        """
        if len(host) > LIMIT or "\0" in host:
            raise OSError(f"SOCKS cannot ask for a name of {len(host)} bytes, or NUL")
        messages = _Messages(sock, deadline)
        speak = _speak_4 if self.version == 4 else _speak_5
        try:
            speak(self, messages, host, port)
        except socksio.SOCKSError as error:
            raise OSError(
                f"the proxy does not speak SOCKS {self.version} as it should: {error}"
            ) from error


class _Messages:
    """Whole messages over a socket, by one deadline.

    :param sock: the socket.
    """

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def ask(self, data: bytes, size: int) -> bytes:
        """Send a message; return the first bytes of the answer."""
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)
        return self.read(size)

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes: those after a message are the server's."""
        data = b""
        while len(data) < size:
            self._sock.settimeout(self._deadline.left())
            if not (piece := self._sock.recv(size - len(data))):
                raise OSError("the SOCKS proxy has closed the connection")
            data += piece
        return data


def _speak_4(proxy: SocksProxy, messages: _Messages, host: str, port: int) -> None:
    """Ask for a server by SOCKS 4, or by 4a if it has a name."""
    connection = socksio.SOCKS4Connection(proxy.user)
    connection.send(_asks_4(host, port, proxy.user))
    reply = connection.receive_data(messages.ask(connection.data_to_send(), 8))
    if reply.reply_code is not socksio.SOCKS4ReplyCode.REQUEST_GRANTED:
        raise _refused(reply.reply_code)


def _asks_4(
    host: str, port: int, user: bytes
) -> socksio.SOCKS4Request | socksio.SOCKS4ARequest:
    command = socksio.SOCKS4Command.CONNECT
    try:
        packed = ipaddress.IPv4Address(host).packed
    except ValueError:
        # Not `from_address`, which sends an address of version 6 as bytes.
        return socksio.SOCKS4ARequest(command, port, host.encode("ascii"), user)
    return socksio.SOCKS4Request(command, port, packed, user)


def _speak_5(proxy: SocksProxy, messages: _Messages, host: str, port: int) -> None:
    """Ask for a server by SOCKS 5."""
    connection: Any = socksio.SOCKS5Connection()
    _authenticate(proxy, connection, messages)
    command = socksio.SOCKS5Command.CONNECT
    connection.send(socksio.SOCKS5CommandRequest.from_address(command, (host, port)))
    # The shortest reply has more bytes, also one that refuses.
    head = messages.ask(connection.data_to_send(), 5)
    size = _ADDRESS_SIZES.get(head[3:4], 1 + head[4])
    reply = connection.receive_data(head + messages.read(size + 2 - 1))
    if reply.reply_code is not socksio.SOCKS5ReplyCode.SUCCEEDED:
        raise _refused(reply.reply_code)


def _authenticate(proxy: SocksProxy, connection: Any, messages: _Messages) -> None:
    methods = [socksio.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
    if proxy.user and proxy.password:
        methods.append(socksio.SOCKS5AuthMethod.USERNAME_PASSWORD)
    connection.send(socksio.SOCKS5AuthMethodsRequest(methods))
    answer = messages.ask(connection.data_to_send(), 2)
    if answer[:1] != b"\5":
        raise socksio.ProtocolError("Malformed reply")
    method = connection.receive_data(answer).method
    if method not in methods:
        raise OSError(
            "the SOCKS proxy wants to know the caller in another way: check the user "
            "name and the password in its URL"
        )
    if method is socksio.SOCKS5AuthMethod.USERNAME_PASSWORD:
        connection.send(
            socksio.SOCKS5UsernamePasswordRequest(proxy.user, proxy.password)
        )
        answer = messages.ask(connection.data_to_send(), 2)
        if not connection.receive_data(answer).success:
            raise OSError("the SOCKS proxy refuses the user name or the password")


def _refused(code: Any) -> OSError:
    return OSError(f"the SOCKS proxy answers: {code.name.lower().replace('_', ' ')}")
