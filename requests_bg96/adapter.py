"""The transport adapter for requests."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Literal, ParamSpec, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .base import times
from .base.module_files import Progress
from .base.sharing import User, share
from .clock import Clock
from .modem import BG96Modem
from .settings import Settings
from .trace import Trace
from .transport.compression import Compression
from .transport.host_tls import HostTLS
from .transport.managers import ModemPoolManager
from .transport.marks import PoolOverModem
from .transport.over_modem import ModemPools, past_modem, proxy_manager
from .transport.sending import requests_errors
from .transport.settings import Transport
from .transport.ways import Way, chosen

__all__ = ("BG96Adapter",)

P = ParamSpec("P")

#: The arguments that are a modem's.
_OF_A_MODEM = {field.name for field in dataclasses.fields(Settings)} | {"clock"}


def _refuse_settings_beside_modem(init: Callable[P, None]) -> Callable[P, None]:
    """Refuse settings beside a modem, which has its own; a default value, too.

    :raises TypeError: from the decorated `init`, if it gets both.
    """

    @functools.wraps(init)
    def checked(*args: P.args, **given: P.kwargs) -> None:
        named = [name for name in given if name in _OF_A_MODEM]
        port_or_modem = [*args[1:], given.get("port_or_modem")][0]
        if named and isinstance(port_or_modem, BG96Modem):
            raise TypeError(
                f"{', '.join(named)}: pass these to the BG96Modem, not here"
            )
        init(*args, **given)

    return checked


class BG96Adapter(HTTPAdapter):
    """Sends a session's requests over a BG96, and never past it.

    Mount it on ``http://`` and ``https://``. The first request opens the port. `close`
    gives the port back as soon as no response is being read. A later request opens it
    again.

    :param port_or_modem: a port that `serial.serial_for_url` takes, ``usb:SERIAL`` for
        the module on USB with this serial number, or a `BG96Modem`, which several
        adapters may share and which its owner closes. None looks for the one module on
        USB. Adapters of one process that name the same port share its module if they
        have the same settings.
    :param timeout: the seconds to connect, and the seconds of silence to read, for a
        request without a timeout. No request waits for ever.
    :param keep_alive: whether to send requests' ``Connection: keep-alive``, for a
        module that reuses a connection. By default it becomes ``Connection: close``.
    :param via: ``file`` sends requests and responses by files in the module, and
        compares their checksums. Use it on a line that loses bytes; it is slower. A
        request that is too large for the line always goes by file. ``socket`` sends
        them over TCP sockets of the module, with TLS of this machine. ``auto`` chooses
        ``socket`` for https and for what the module's HTTP client cannot do, and
        ``line`` otherwise. See also `via_file` and `via_socket`.
    :param ca_certs: a file or directory with the CA certificates for ``verify=True``,
        in place of requests' own bundle. They are sent to the module once.
    :param compress: the names of the hosts that take bodies with ``Content-Encoding:
        gzip``. Bodies of 200 bytes or more are then compressed, if that makes the
        request smaller. A mapping from names to numbers gives each its smallest size.
    :param progress: called as ``progress(name, sent, size)``, in bytes, while a file of
        certificates is sent to the module.
    :param trace: collects the requests, with their AT dialogue.
    :param max_retries: as for `requests.adapters.HTTPAdapter`.
    :param pool_connections: as for `requests.adapters.HTTPAdapter`.
    :param pool_maxsize: as for `requests.adapters.HTTPAdapter`.
    :param apn: the access point name. Without it, the module's own PDP context is used
        unchanged.
    :param username: for the access point.
    :param password: for the access point.
    :param auth: how to send these two: 0 not at all, 1 with PAP, 2 with CHAP, 3 with
        either (TCP manual 2.1.1).
    :param pin: the PIN of the SIM. It is tried once, and only while all attempts are
        left. If the firmware does not tell the attempts, it is tried once until it was
        right.
    :param context_id: the PDP context, 1 to 16.
    :param ssl_context_id: the module's SSL context, 0 to 5.
    :param baudrate: the speed in baud, to which the module is set if the line carries
        it; ``fastest`` is the highest that it carries. Without it, the module keeps the
        speed at which it answers. Over the module's own USB, nothing is set.
    :param rtscts: whether RTS and CTS are wired. They then stop the line if either side
        is not ready.
    :param dtr: whether DTR is wired. It then ends data mode.
    :param verify_echo: whether to compare the module's echo of each announced length
        before payload is sent. Noise in a length then never turns payload into
        commands. It costs the bytes of the echo.
    :param allow_reset: whether to reset a module if nothing else helps, at most once in
        ten minutes. If that does not help, once in an hour.
    :param sslversion: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param ciphersuite: one cipher suite of the module, for example ``0XC02F``, or
        ``0XFFFF`` for all.
    :param set_clock: whether to set the module's clock if it is wrong by a day.
    :param allow_unchecked_host: whether to trust a server even if the firmware cannot
        check the host's name in its certificate.
    :param backoff_file: a file that keeps the pauses between attempts at the network
        when the program ends. Each modem needs a file of its own. Without it, a program
        that is started again asks the network at once.
    :param wake: called without arguments if the module does not answer, or if its port
        is missing. It may press the power key, or turn DTR on with a GPIO. It must do
        no harm to a module that is on, and must not use the modem.
    :param clock: the clock; a test may pass another one.
    :raises LimitError: if a setting cannot be part of an AT command.
    :raises ValueError: if there is no such `via`, or if `compress` has something else
        than names of hosts.
    """

    __attrs__: list[str] = [
        *HTTPAdapter.__attrs__,
        "modem",
        "timeout",
        "keep_alive",
        "via",
        "ca_certs",
        "compress",
        "progress",
        "trace",
        "_owner",
    ]

    @_refuse_settings_beside_modem
    def __init__(
        self,
        port_or_modem: str | BG96Modem | None = None,
        *,
        timeout: tuple[float, float] = (times.CONNECT, times.READ),
        keep_alive: bool = False,
        via: Literal["line", "file", "socket", "auto"] = "line",
        ca_certs: str | None = None,
        compress: Collection[str] = (),
        progress: Progress | None = None,
        trace: Trace | None = None,
        max_retries: int | Retry = 0,
        pool_connections: int = 10,
        pool_maxsize: int = 10,
        apn: str | None = None,
        username: str = "",
        password: str = "",
        auth: int = 0,
        pin: str | None = None,
        context_id: int = 1,
        ssl_context_id: int = 1,
        baudrate: int | Literal["fastest"] | None = None,
        rtscts: bool = False,
        dtr: bool = False,
        verify_echo: bool = False,
        allow_reset: bool = False,
        sslversion: int = 3,
        ciphersuite: str = "0XFFFF",
        set_clock: bool = True,
        allow_unchecked_host: bool = False,
        backoff_file: str | None = None,
        wake: Callable[[], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings = Settings(
            apn=apn,
            username=username,
            password=password,
            auth=auth,
            pin=pin,
            context_id=context_id,
            ssl_context_id=ssl_context_id,
            baudrate=baudrate,
            rtscts=rtscts,
            dtr=dtr,
            verify_echo=verify_echo,
            allow_reset=allow_reset,
            sslversion=sslversion,
            ciphersuite=ciphersuite,
            set_clock=set_clock,
            allow_unchecked_host=allow_unchecked_host,
            backoff_file=backoff_file,
            wake=wake,
        )
        if isinstance(port_or_modem, BG96Modem):
            self.modem: BG96Modem = port_or_modem
        else:
            self.modem = share(BG96Modem(port_or_modem, clock=clock, **vars(settings)))
        self.timeout = timeout
        self.keep_alive = keep_alive
        self.via = via
        self.ca_certs = ca_certs
        self.compress = compress
        self.progress = progress
        self.trace = trace
        self._owner = self.modem is not port_or_modem
        self._tls = HostTLS()
        self._begin()
        super().__init__(pool_connections, pool_maxsize, max_retries)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.modem!r}>"

    def _begin(self) -> None:
        self._user = User()
        self._warned: set[str] = set()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The base class makes the pools. They need all of our attributes.
        self._tls = HostTLS()
        self._begin()
        if state["_owner"]:
            state = {**state, "modem": share(state["modem"])}
        super().__setstate__(state)

    def sibling(self) -> BG96Adapter:
        """Return another adapter over the same modem, with the same settings.

        Later changes to one, such as ``max_retries``, do not affect the other.
        """
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other._begin()
        other.config, other.proxy_manager = dict(self.config), {}
        other.init_poolmanager(
            self._pool_connections, self._pool_maxsize, self._pool_block
        )
        return other

    @property
    def transport(self) -> Transport:
        """What its connections share, with the current settings."""
        return Transport(
            self.modem.http,
            self.modem.sockets,
            self.modem.stats,
            self.keep_alive,
            *self.timeout,
            self.via,
            self.progress,
            self.trace,
            self._warned,
            self._tls,
            Compression.for_hosts(self.compress),
        )

    #: If a subclass sets a manager of its own, its pools still go over the modem.
    poolmanager: Any = ModemPools(lambda adapter: cast(BG96Adapter, adapter).transport)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **kwargs: Any
    ) -> None:
        """Make the pools; the base class calls this when it is made or unpickled."""
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self.poolmanager = ModemPoolManager(
            self.transport,
            num_pools=connections,
            maxsize=maxsize,
            block=block,
            **kwargs,
        )

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool for `request`, with `verify` normalised.

        Otherwise, some versions of the base class make a TLS context of this machine.
        """
        verify = self.normalise_verify(verify)
        return super().get_connection_with_tls_context(request, verify, proxies, cert)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Set what `verify` and `cert` mean in the pool `conn`.

        :raises requests.exceptions.ConnectionError: if a subclass has made a pool that
            does not use the modem.
        """
        if not isinstance(conn, PoolOverModem):
            raise requests.exceptions.ConnectionError(past_modem(conn))
        super().cert_verify(conn, url, self.normalise_verify(verify), cert)

    def normalise_verify(self, verify: Any) -> Any:
        """Normalise `verify` to False or a CA path, so that pool keys match.

        The base class takes None as checked for the pool's key, but as unchecked for
        the connection.
        """
        if verify is True:
            return self.ca_certs or requests.utils.DEFAULT_CA_BUNDLE_PATH
        return verify or False

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the manager of the pools that reach `proxy` by sockets of the module.

        A SOCKS proxy needs the extra ``socks``.

        :raises requests.exceptions.ProxyError: if the current request does not go by
            sockets.
        :raises requests.exceptions.InvalidSchema: if the extra is not installed.
        :raises requests.exceptions.InvalidProxyURL: if there can be no such SOCKS
            proxy.
        """
        return proxy_manager(self, self.transport, proxy, **kwargs)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a `PreparedRequest` and return its response.

        :raises requests.exceptions.RequestException: of the same class as stock
            requests raises. If the module cannot send the request, `InvalidURL` or
            `RequestException` itself is raised before its first byte is sent.
        """
        self.use()
        with requests_errors(request):
            return super().send(request, *args, **kwargs)

    @contextmanager
    def via_file(self) -> Iterator[None]:
        """Send the requests in this ``with`` block, in this thread, by file."""
        with chosen(Way.FILE):
            yield

    @contextmanager
    def via_socket(self) -> Iterator[None]:
        """Send the requests in this ``with`` block, in this thread, by sockets."""
        with chosen(Way.SOCKET):
            yield

    def close(self) -> None:
        """Give the port back, unless it is shared; the next request opens it again.

        If several adapters use the module, the last one gives the port back. If
        somebody still holds an unread response, the port stays open until the end of
        that response. This method never waits.
        """
        super().close()
        self.leave()
        if self._owner and not self.modem.users:
            self.modem.release()

    def use(self) -> None:
        """Register as a user of the modem; it stays open while it has users."""
        self.modem.users.add(self._user)

    def leave(self) -> None:
        """Unregister as a user of the modem, until the next request."""
        self.modem.users.discard(self._user)
