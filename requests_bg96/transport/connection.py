"""urllib3's connections and pools, over the module's HTTP client.

http.client and urllib3 serialise requests and parse responses as always. The object in
place of their socket collects the request, and then reads the response.

The modem gets the request when the response is asked for, and only if the request is
complete. So a body that is slow, fails, or makes requests of its own never occupies the
modem.
"""

from __future__ import annotations

import dataclasses
import functools
import ssl
from typing import Any, NoReturn, cast

import urllib3.connection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import resolve_cert_reqs

from ..base.codes import URL_LIMIT
from ..base.recording import Recording
from ..base.trust import Trust, authorities, client_certificate, client_key
from ..dialogues.request import Request
from ..errors import BG96Error, TrustError
from ..response.stored import StoredResponse
from .outcomes import SOURCE_ADDRESS, raise_translated
from .pools import TransportPool
from .settings import Transport
from .sock import ExchangeSocket
from .ways import VIA

__all__ = ("ModemHTTPConnectionPool", "ModemHTTPSConnectionPool")


class ModemHTTPConnection(urllib3.connection.HTTPConnection):
    """A connection for one exchange over a modem.

    :param transport: its settings.
    """

    scheme = "http"

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.transport = transport
        #: Seconds for the whole exchange, if the caller's Timeout has a total.
        self.total: float | None = None
        self._method = ""
        self._target = ""
        self._connect_timeout: float | None = None
        self._told_connection = False

    def connect(self) -> None:
        """Prepare to collect a request; do not use the modem yet.

        :raises urllib3.exceptions.NewConnectionError: if the connection must come from
            an address of this machine.
        """
        if self.source_address is not None:
            self._raise_translated(BG96Error(SOURCE_ADDRESS))
        self.sock = cast(
            Any, ExchangeSocket(self.transport.http.abandon, self._raise_translated)
        )

    @property
    def is_connected(self) -> bool:
        """False, because a connection ends with its exchange."""
        return False

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Begin a request, as http.client does."""
        self._method, self._target = method, url
        self._told_connection = False
        super().putrequest(method, url, *args, **kwargs)

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Add a header; change requests' own ``Connection: keep-alive`` to ``close``.

        Each exchange has its own connection. A server that keeps it open could make the
        module wait for more.
        """
        name = header.decode("latin-1") if isinstance(header, bytes) else header
        if name.lower() == "connection":
            self._told_connection = True
            if values in (("keep-alive",), (b"keep-alive",)):
                values = values if self.transport.keep_alive else ("close",)
        super().putheader(header, *values)  # type: ignore[arg-type]

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """End the headers, as http.client does."""
        if not (self._told_connection or self.transport.keep_alive):
            self.putheader("Connection", "close")
        super().endheaders(*args, **kwargs)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Serialise a request, and keep it until its response is asked for."""
        self._connect_timeout = self.timeout
        super().request(*args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Make the exchange, and return the response once its head has arrived.

        :raises urllib3.exceptions.HTTPError: see `outcomes`.
        """
        sock = cast("ExchangeSocket | None", self.sock)
        if sock is None or not sock.data:
            return super().getresponse()
        if (trace := self.transport.trace) is None:
            return self._exchange(sock, None)
        clock, url = self.transport.sockets.clock, self._whole_url()
        via = "file" if self._by_file else "line"
        with trace.entry(clock, self._method, url, sock.data, via) as entry:
            response = self._exchange(sock, entry.recording)
            entry.answer(response)
        if isinstance(sock.exchange, StoredResponse):
            entry.recording.end()
        return response

    def _exchange(
        self, sock: ExchangeSocket, recording: Recording | None
    ) -> HTTPResponse:
        transport = self.transport
        connect, read = self._connect_timeout, self.timeout
        try:
            request = self._outgoing(bytes(sock.data))
            if recording is not None:
                request = dataclasses.replace(request, recording=recording)
            sock.exchange = transport.http.exchange(
                request,
                transport.connect_seconds if connect is None else connect,
                transport.read_seconds if read is None else read,
                self.total,
            )
        except BG96Error as error:
            self._raise_translated(error)
        response = super().getresponse()
        sock.end_is_told = response.chunked or response.length_remaining is not None
        sock.exchange.start_background_read()
        return response

    def _outgoing(self, data: bytes) -> Request:
        head = data.find(b"\r\n\r\n") + 4
        has_body = len(data) > head
        return Request(self._method, self._url(), data, has_body, self._by_file)

    @property
    def _by_file(self) -> bool:
        chosen = VIA.get()
        return (self.transport.via if chosen is None else chosen) == "file"

    def _url(self) -> bytes:
        """Return the URL for AT+QHTTPURL.

        If it is too long for that command, return its origin. The module only needs the
        host; the request line has the full target.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, self.default_port) else f":{self.port}"
        target = self._target if self._target.startswith("/") else "/"
        origin = f"{self.scheme}://{host}{port}"
        try:
            url = f"{origin}{target}".encode("ascii")
        except UnicodeEncodeError:
            url = f"{origin}/".encode("idna")
        return url if len(url) <= URL_LIMIT else f"{origin}/".encode("ascii")

    def _whole_url(self) -> str:
        """Return the URL for a trace, however long it is."""
        origin = "/".join(self._url().decode("ascii").split("/", 3)[:3])
        slash = "" if self._target.startswith("/") else "/"
        return f"{origin}{slash}{self._target}"

    def _raise_translated(self, error: BG96Error) -> NoReturn:
        """Raise urllib3's exception for `error`, or `error` itself if there is none."""
        raise_translated(error, self, self._target)


class ModemHTTPSConnection(ModemHTTPConnection, urllib3.connection.HTTPSConnection):
    """The same with TLS, which the module makes.

    The base class already holds `verify` and `cert` of the request as attributes.
    """

    scheme = "https"

    def connect(self) -> None:
        """Prepare to collect a request; the module makes the connection later.

        :raises urllib3.exceptions.SSLError: if the module cannot do what is required.
        """
        try:
            self._trust = self._required_trust()
        except BG96Error as error:
            self._raise_translated(error)
        self.is_verified = False
        super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Make the exchange; then set `is_verified`, which is known only now."""
        response = super().getresponse()
        trust, http = self._trust, self.transport.http
        self.is_verified = bool(trust.ca and trust.check_host and http.checks_host)
        return response

    def _outgoing(self, data: bytes) -> Request:
        connect = self._connect_timeout
        if connect is None:
            connect = self.transport.connect_seconds
        return dataclasses.replace(
            super()._outgoing(data),
            trust=self._trust,
            # The other half is for reaching the server, and for everything before that.
            handshake_seconds=connect / 2,
            progress=self.transport.progress,
            on_unchecked=functools.partial(self.transport.warn_of, self.host),
        )

    def _required_trust(self) -> Trust:
        self._refuse_socket_options()
        ca = None
        if resolve_cert_reqs(self.cert_reqs) != ssl.CERT_NONE:
            path = self.ca_certs or self.ca_cert_dir
            if path is None:
                raise TrustError(
                    "there are no CA certificates to check the server with; name them "
                    "with verify= or ca_certs="
                )
            ca = authorities(path)
        certificate = key = None
        if self.cert_file is not None:
            certificate = client_certificate(self.cert_file)
            key = client_key(self.key_file or self.cert_file)
        return Trust(ca, self.assert_hostname is not False, certificate, key)

    def _refuse_socket_options(self) -> None:
        wanted = {
            "ssl_context": self.ssl_context,
            "assert_fingerprint": self.assert_fingerprint,
            "key_password": self.key_password,
            "ca_cert_data": self.ca_cert_data,
            "assert_hostname": self.assert_hostname or None,
            "server_hostname": self.server_hostname,
            "ssl_version": self.ssl_version,
            "ssl_minimum_version": self.ssl_minimum_version,
            "ssl_maximum_version": self.ssl_maximum_version,
        }
        names = [
            name for name, value in wanted.items() if value not in (None, self.host)
        ]
        if names:
            # An SSLContext does not show all of its contents, for example a client
            # certificate. So even the plainest one is refused.
            raise TrustError(
                "the module makes the TLS connection and cannot use "
                f"{', '.join(names)}; nothing was sent. Use via=\"socket\", with which "
                "this machine makes it, or verify= and cert=, and sslversion= and "
                "ciphersuite= of the BG96Adapter"
            )


class ModemPool(TransportPool):
    """The common part of both kinds of pool."""

    def _make_request(
        self, conn: ModemHTTPConnection, *args: Any, **kwargs: Any
    ) -> Any:
        timeout = kwargs.get("timeout")
        conn.total = getattr(timeout, "total", None)
        return super()._make_request(conn, *args, **kwargs)  # type: ignore[misc]


class ModemHTTPConnectionPool(ModemPool, HTTPConnectionPool):  # type: ignore[misc]
    """Connections to one host, over a modem."""

    connection_class = ModemHTTPConnection


class ModemHTTPSConnectionPool(ModemPool, HTTPSConnectionPool):  # type: ignore[misc]
    """Connections to one host with TLS, over a modem."""

    connection_class = ModemHTTPSConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect, with urllib3's own warning if no check is required.

        If a check is required, its result is known only with the response.
        """
        if resolve_cert_reqs(conn.cert_reqs) == ssl.CERT_NONE:
            super()._validate_conn(conn)
        elif conn.is_closed:
            conn.connect()
