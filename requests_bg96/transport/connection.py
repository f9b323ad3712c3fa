"""urllib3's connections and pools, over a modem in place of sockets.

http.client and urllib3 serialise requests and parse responses as ever. What they take
for a socket collects the request until it is whole, and is read from while the
response comes.

The request is handed to the modem when the response is asked for, and not before it is
whole: a body that takes its time, fails, or makes requests of its own never holds the
modem.
"""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import ssl
import warnings
from typing import Any, NoReturn, cast

import urllib3.connection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import SecurityWarning
from urllib3.poolmanager import PoolManager
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import resolve_cert_reqs

from ..base import times
from ..base.codes import URL_LIMIT
from ..base.trust import Trust, authorities, client_certificate, client_key
from ..dialogues.files import Progress
from ..dialogues.request import Request
from ..errors import BG96Error, TrustError
from ..modem import BG96Modem
from .outcomes import urllib3_error
from .over_modem import OverModem
from .sock import ModemSocket

__all__ = ("VIA", "ModemPool", "ModemPoolManager", "Transport")

#: The way that the requests of this context go, where they differ from the adapter's.
VIA: contextvars.ContextVar[str | None] = contextvars.ContextVar("via", default=None)


@dataclasses.dataclass(frozen=True)
class Transport:
    """What every connection of an adapter shares.

    :param modem: over which it goes.
    :param keep_alive: whether ``Connection: keep-alive`` is left as it is.
    :param connect_seconds: the connect timeout where the caller gives none.
    :param read_seconds: the read timeout where the caller gives none.
    :param via: ``line`` or ``file``, where the caller does not say for one request.
    :param progress: called while certificates are sent to the module.
    :param warned: the hosts that were warned of.
    """

    modem: BG96Modem
    keep_alive: bool = False
    connect_seconds: float = times.CONNECT
    read_seconds: float = times.READ
    via: str = "line"
    progress: Progress | None = None
    warned: set[str] = dataclasses.field(default_factory=set, compare=False)

    def pool_manager(self) -> ModemPoolManager:
        """Return a manager of pools that go this way."""
        return ModemPoolManager(self)

    def warn_of(self, host: str) -> None:
        """Warn, once for each host, that its name was not checked."""
        if host not in self.warned:
            warnings.warn(
                f"the certificate of {host} was checked, but not that it was issued "
                "to that host: the module's firmware cannot, and "
                "allow_unchecked_host=True accepts it",
                SecurityWarning,
                stacklevel=2,
            )
            # Not before: who makes an error of it is to get it the next time too.
            self.warned.add(host)


class ModemHTTPConnection(urllib3.connection.HTTPConnection):
    """A connection of one exchange, over a modem.

    :param transport: over which it goes.
    """

    scheme = "http"

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.transport = transport
        #: Seconds for all of the exchange, where the caller's Timeout has a total.
        self.total: float | None = None
        self._method = ""
        self._target = ""
        self._connect_timeout: float | None = None
        self._told_connection = False

    def connect(self) -> None:
        """Get ready to collect a request; the modem is not touched yet.

        :raises urllib3.exceptions.NewConnectionError: if an address of this machine
            is to be the connection's.
        """
        if self.source_address is not None:
            self._raise_translated(
                BG96Error("the module makes the connection, and has no source_address")
            )
        self.sock = cast(
            Any, ModemSocket(self.transport.modem.abandon, self._raise_translated)
        )

    @property
    def is_connected(self) -> bool:
        """False: there is nothing to go on with after an exchange."""
        return False

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Begin a request, as http.client does."""
        self._method, self._target = method, url
        self._told_connection = False
        super().putrequest(method, url, *args, **kwargs)

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Add a header; requests' own ``Connection: keep-alive`` becomes ``close``.

        For us an exchange is a connection, and a server that keeps it open can keep
        the module waiting for more.
        """
        name = header.decode("latin-1") if isinstance(header, bytes) else header
        if name.lower() == "connection":
            self._told_connection = True
            if values in (("keep-alive",), (b"keep-alive",)):
                values = values if self.transport.keep_alive else ("close",)
        super().putheader(cast(str, header), *values)

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
        """Make the exchange, and return the response once its head has come.

        :raises urllib3.exceptions.HTTPError: as `outcomes` says.
        """
        sock = cast("ModemSocket | None", self.sock)
        if sock is None or not sock.data:
            return super().getresponse()
        transport = self.transport
        connect, read = self._connect_timeout, self.timeout
        try:
            sock.exchange = transport.modem.exchange(
                self._outgoing(bytes(sock.data)),
                transport.connect_seconds if connect is None else connect,
                transport.read_seconds if read is None else read,
                self.total,
            )
        except BG96Error as error:
            self._raise_translated(error)
        response = super().getresponse()
        sock.end_is_told = response.chunked or response.length_remaining is not None
        transport.modem.let_read(sock.exchange)
        return response

    def _outgoing(self, data: bytes) -> Request:
        head = data.find(b"\r\n\r\n") + 4
        chosen = VIA.get()
        by_file = (self.transport.via if chosen is None else chosen) == "file"
        return Request(self._method, self._url(), data, len(data) > head, by_file)

    def _url(self) -> bytes:
        """Return the URL for AT+QHTTPURL.

        One that is too long for it is in the request line all the same; the module
        only needs to know whom to connect to.
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

    def _raise_translated(self, error: BG96Error) -> NoReturn:
        """Raise what `error` is to urllib3, or itself where it is nothing there."""
        translated = urllib3_error(error, self, self._target)
        if translated is error:
            raise error
        raise translated from error


class ModemHTTPSConnection(ModemHTTPConnection, urllib3.connection.HTTPSConnection):
    """The same by TLS, which the module makes.

    What `verify` and `cert` of a request mean has become attributes of the base class
    when it gets here.
    """

    scheme = "https"

    def connect(self) -> None:
        """Get ready to collect a request; the module makes the connection later.

        :raises urllib3.exceptions.SSLError: if the module cannot do what is asked.
        """
        try:
            self._trust = self._required_trust()
        except BG96Error as error:
            self._raise_translated(error)
        self.is_verified = False
        super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Make the exchange; only then it is known how well the server was checked."""
        response = super().getresponse()
        trust, modem = self._trust, self.transport.modem
        self.is_verified = bool(trust.ca and trust.check_host and modem.checks_host)
        return response

    def _outgoing(self, data: bytes) -> Request:
        connect = self._connect_timeout
        if connect is None:
            connect = self.transport.connect_seconds
        return dataclasses.replace(
            super()._outgoing(data),
            trust=self._trust,
            # The rest is for reaching the server, and for what comes before.
            handshake_seconds=connect / 2,
            progress=self.transport.progress,
            on_unchecked=functools.partial(self.transport.warn_of, self.host),
        )

    def _required_trust(self) -> Trust:
        self._refuse_what_needs_sockets()
        ca = None
        if resolve_cert_reqs(self.cert_reqs) != ssl.CERT_NONE:
            path = self.ca_certs or self.ca_cert_dir
            if path is None:
                raise TrustError("no CA certificates are named to check the server by")
            ca = authorities(path)
        certificate = key = None
        if self.cert_file is not None:
            certificate = client_certificate(self.cert_file)
            key = client_key(self.key_file or self.cert_file)
        return Trust(ca, self.assert_hostname is not False, certificate, key)

    def _refuse_what_needs_sockets(self) -> None:
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
            # Of an SSLContext nothing tells what it was given: not the certificates of
            # a client, for one. So the plainest is refused with the others.
            raise TrustError(
                f"the module makes the TLS connection, and has no {', '.join(names)}: "
                "nothing was sent. What it can do is asked of it by verify= and cert=, "
                "and by sslversion= and ciphersuite= of the BG96Adapter"
            )


class ModemPool:
    """What both kinds of pool have in common.

    :param transport: over which their connections go.
    """

    connection_class: type[ModemHTTPConnection]

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ConnectionCls = functools.partial(self.connection_class, transport)

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
    """Connections to one host by TLS, over a modem."""

    connection_class = ModemHTTPSConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect, with urllib3's own warning where no check was asked for.

        Where one was, whether it could be made is known when the response is there.
        """
        if resolve_cert_reqs(conn.cert_reqs) == ssl.CERT_NONE:
            super()._validate_conn(conn)
        elif conn.is_closed:
            conn.connect()


def _require_http_client() -> None:
    """Refuse a urllib3 whose connections are not http.client's.

    :raises ImportError: if it is one of those.
    """
    # By name: whoever records or mocks HTTP puts other classes into http.client.
    kinds = urllib3.connection.HTTPConnection.__mro__
    if not any(kind.__module__ == "http.client" for kind in kinds):
        raise ImportError(
            "the urllib3 here makes its connections without http.client, and none of "
            "them can go over a modem. It is urllib3-future, most likely, which "
            "niquests installs in the place of urllib3: use an environment without "
            "them, or keep both side by side with "
            "URLLIB3_NO_OVERRIDE=1 pip install --force-reinstall --no-binary "
            "urllib3-future urllib3-future urllib3",
            name="urllib3",
        )


class ModemPoolManager(OverModem, PoolManager):
    """Pools of connections over a modem.

    :param transport: over which they go.
    :raises ImportError: if something else has taken the place of urllib3.
    """

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        _require_http_client()
        super().__init__(*args, **kwargs)
        self.pool_classes_by_scheme = cast(
            Any,
            {
                "http": functools.partial(ModemHTTPConnectionPool, transport),
                "https": functools.partial(ModemHTTPSConnectionPool, transport),
            },
        )
