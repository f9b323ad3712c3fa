"""urllib3's own connections, over TCP sockets of the module.

Only the socket differs: `_new_conn` opens one in the module. HTTP, TLS, proxies, pools
and retries are those of urllib3.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any, cast

import urllib3.connection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NewConnectionError,
)
from urllib3.response import HTTPResponse
from urllib3.util import Timeout

from ..base import repeating
from ..clock import Deadline
from ..errors import BG96Error, SocketsInUse
from .host_tls import TLSSocket
from .idle import idle_connections
from .outcomes import SOURCE_ADDRESS, raise_translated
from .pools import TransportPool
from .seams import CollectedExchange, SocksProxy
from .settings import Transport
from .tracing import begin, failing, follow, requested

__all__ = (
    "SocketHTTPConnectionPool",
    "SocketHTTPSConnectionPool",
    "SocketPool",
    "pool_class",
)

#: A head and a body of up to this size leave together: they fit into one TLS record.
HELD = 16_384


class SocketHTTPConnection(urllib3.connection.HTTPConnection):
    """A connection over a TCP socket of the module.

    :param transport: its settings.
    :param _socks_options: has a `SocksProxy` as ``proxy``; None connects directly.
        urllib3 passes it on by this name, and has it in the keys of its pools.
    """

    def __init__(
        self,
        transport: Transport,
        *args: Any,
        _socks_options: Mapping[str, SocksProxy] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.transport = transport
        #: The SOCKS proxy that leads to the server.
        self.socks = _socks_options["proxy"] if _socks_options else None
        #: What is to leave together with the next bytes; None if nothing is held.
        self._held: bytearray | None = None
        #: Whether the last request has told the server to close the connection.
        self._is_last = False
        #: The current request in a trace; None without a trace.
        self.exchange: CollectedExchange | None = None
        #: The module's socket, without TLS.
        self._plain: Any = None
        #: Whether `send` gets pieces of a request.
        self._sends = False

    def collect(self, exchange: CollectedExchange) -> None:
        """Record the next request for a trace."""
        self.exchange = exchange
        if self.sock is not None:
            self._plain.record(exchange.recording)

    def _enter(self, phase: str) -> None:
        if self.exchange is not None:
            self.exchange.recording.enter(phase)

    def _new_conn(self) -> Any:
        """Open a socket in the module, which also looks up the name.

        :raises urllib3.exceptions.HTTPError: see `outcomes`.
        """
        if self.source_address is not None:
            raise_translated(BG96Error(SOURCE_ADDRESS), self, "")
        host = self._dns_host.strip("[]")
        try:
            # Stock requests refuses it, too.
            host.encode("idna")
        except UnicodeError:
            raise LocationParseError(f"'{host}', label empty or too long") from None
        seconds = self.timeout
        if seconds is None:
            seconds = self.transport.connect_seconds
        deadline = Deadline(self.transport.sockets.clock, seconds)
        if self.socks is None:
            sock = self._reach(host, self.port, deadline)
        else:
            sock = self._reach(*self.socks.address, deadline)
            self._connect_behind(self.socks, sock, deadline)
        sys.audit("http.client.connect", self, self.host, self.port)
        self._plain = sock
        self._enter(self._phase_after_connect)
        return sock

    def _reach(self, host: str, port: int, deadline: Deadline) -> Any:
        """Return a socket that is connected to the server, or to its SOCKS proxy."""
        try:
            return self._free_socket(host, port, deadline)
        except OSError as error:
            if isinstance(error.__cause__, BG96Error):
                raise_translated(error.__cause__, self, "", host)
            raise NewConnectionError(self, str(error)) from error

    def _connect_behind(self, proxy: SocksProxy, sock: Any, deadline: Deadline) -> None:
        """Have a SOCKS proxy connect to the server, which has seen nothing before."""
        host = self.host.strip("[]").encode("idna").decode("ascii")
        try:
            proxy.connect(sock, host, self.port, deadline)
            sock.settimeout(deadline.seconds)
        except BaseException as error:
            sock.close()
            if isinstance(error, TimeoutError):
                text = f"the SOCKS proxy of {host} timed out: {error}"
                raise ConnectTimeoutError(self, text) from error
            if isinstance(error, OSError):
                raise NewConnectionError(self, str(error)) from error
            raise

    @property
    def _phase_after_connect(self) -> str:
        return "send"

    def _free_socket(self, host: str, port: int, deadline: Deadline) -> Any:
        """Return a new socket; if there is none left, one that is kept is closed.

        If requests use all of them, wait for one.
        """
        sockets = self.transport.sockets
        recording = self.exchange and self.exchange.recording
        while True:
            try:
                return sockets.connect(host, port, deadline.left(), recording)
            except OSError as error:
                in_use = isinstance(error.__cause__, SocketsInUse)
                if not in_use or deadline.over:
                    raise
            if not idle_connections(sockets).close_oldest():
                pause = repeating.SOCKETS_IN_USE.pause
                sockets.clock.sleep(min(pause, deadline.left()))

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open, and the server has sent nothing more."""
        sock = cast(Any, self.sock)
        return sock is not None and not self._is_last and self._is_idle(sock)

    def _is_idle(self, sock: Any) -> bool:
        return not sock.wait_readable(0.0)

    def request(
        self, method: str, url: str, body: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Send a request; head and body leave together if the body is short bytes.

        Each piece costs bytes on the line and in the air, and an answer of the module.
        A body that comes piece by piece is sent as it comes.
        """
        self._is_last = False
        self._held = bytearray() if isinstance(body, (bytes, str)) else None
        if self.sock is not None:
            self._enter("send")
        self._sends = True
        super().request(method, url, body, *args, **kwargs)
        self._release()
        self._sends = False
        self.transport.stats.requests += 1

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Return the response once its head has arrived."""
        if (exchange := self.exchange) is None:
            return super().getresponse()
        self._sends = False
        exchange.recording.enter("wait")
        response = super().getresponse()
        follow(response, exchange)
        return response

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Add a header, and note whether it ends the connection.

        A server may be slow to close it, and not tell (RFC 9112 9.6).
        """
        name = header.decode("latin-1") if isinstance(header, bytes) else header
        if name.lower() == "connection":
            self._is_last = values in (("close",), (b"close",))
        super().putheader(cast(str, header), *values)

    def send(self, data: Any) -> None:
        """Send `data`, or hold it back for the rest of the request."""
        if self.exchange is not None and self._sends:
            self.exchange.sends(data)
        if self._held is not None and len(self._held) + len(data) <= HELD:
            self._held += data
        else:
            self._release()
            super().send(data)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            super().send(held)


class SocketHTTPSConnection(SocketHTTPConnection, urllib3.connection.HTTPSConnection):
    """The same with TLS, which this machine makes."""

    #: Whether TLS sessions are resumed.
    resumes = True

    def connect(self) -> None:
        """Connect, and make TLS as urllib3 does, but over the module's socket."""
        given = self.ssl_context, self.proxy_config
        tls = self.transport.tls
        if self.proxy_config and self.proxy and self.proxy.scheme == "https":
            context = cast(Any, tls.proxy_context_for(self, self.proxy_config))
            self.proxy_config = self.proxy_config._replace(ssl_context=context)
        self.ssl_context = cast(Any, tls.context_for(self))
        try:
            super().connect()
        finally:
            self.ssl_context, self.proxy_config = given

    @property
    def _phase_after_connect(self) -> str:
        return "connect" if self._tunnel_host else "ssl"

    def _tunnel(self) -> None:
        super()._tunnel()
        self._enter("ssl")

    def _is_idle(self, sock: Any) -> bool:
        # TLS in TLS does not tell, and is not used again.
        return isinstance(sock, TLSSocket) and sock.is_idle()


class SocketPool(TransportPool):
    """The common part of both kinds of pool."""

    def urlopen(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Make a request, as urllib3 does, and note what it is for a trace."""
        with requested(method, url):
            return super().urlopen(method, url, *args, **kwargs)

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Return a connection; it may have been closed while it was kept."""
        conn = super()._get_conn(timeout)  # type: ignore[misc]
        idle_connections(self._transport.sockets).use(conn)
        if (trace := self._transport.trace) is not None:
            conn.collect(begin(trace, self._transport.sockets.clock, self))
        return conn

    def _prepare_proxy(self, conn: Any) -> None:
        """Make a tunnel through the proxy."""
        with failing(conn.exchange):
            super()._prepare_proxy(conn)  # type: ignore[misc]

    def _make_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
        """Make one attempt of a request."""
        with failing(conn.exchange):
            return super()._make_request(conn, *args, **kwargs)  # type: ignore[misc]

    def _put_conn(self, conn: Any) -> None:
        """Keep a connection for the next request."""
        if conn is not None and not conn.is_closed:
            idle_connections(self._transport.sockets).keep(conn, self)
        super()._put_conn(conn)  # type: ignore[misc]

    def close_idle(self) -> None:
        """Close the connections that no request uses.

        A pool lasts as long as anybody has one of its responses.
        """
        idle_connections(self._transport.sockets).close_all(self)

    def _get_timeout(self, timeout: Any) -> Timeout:
        """Return the caller's timeout, with the adapter's in place of none.

        No request waits for ever.
        """
        found: Timeout = super()._get_timeout(timeout)  # type: ignore[misc]
        transport = self._transport
        connect, read = map(
            found.resolve_default_timeout, (found._connect, found._read)
        )
        return Timeout(
            total=found.total,
            connect=transport.connect_seconds if connect is None else connect,
            read=transport.read_seconds if read is None else read,
        )


class SocketHTTPConnectionPool(SocketPool, HTTPConnectionPool):  # type: ignore[misc]
    """Connections to one host, over sockets of the module."""

    connection_class = SocketHTTPConnection


class SocketHTTPSConnectionPool(SocketPool, HTTPSConnectionPool):  # type: ignore[misc]
    """Connections to one host with TLS, over sockets of the module."""

    connection_class = SocketHTTPSConnection


@functools.lru_cache(maxsize=16)
def pool_class(ours: type[SocketPool], stock: type[Any]) -> type[SocketPool]:
    """Return the class of pools that does what `stock` does, over sockets.

    :param ours: the class that is urllib3's own, over sockets.
    :param stock: the class in urllib3's table. elastic-transport has one there that
        checks more of each certificate than urllib3.
    """
    if issubclass(ours, stock) or not issubclass(stock, HTTPConnectionPool):
        return ours
    kind = ours.connection_class
    if not issubclass(kind, stock.ConnectionCls):
        # A session that is resumed has no chain of certificates to check.
        own = {"resumes": False}
        kind = type(stock.ConnectionCls.__name__, (kind, stock.ConnectionCls), own)
    return type(stock.__name__, (ours, stock), {"connection_class": kind})
