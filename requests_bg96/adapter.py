"""The transport adapter for requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .base import times
from .base.sharing import User, share
from .clock import Clock
from .dialogues.files import Progress
from .modem import BG96Modem
from .settings import Settings
from .transport.connection import VIA, ModemPool, ModemPoolManager, Transport
from .transport.over_modem import ModemPools, foreign
from .transport.sending import PROXY, requests_errors

__all__ = ("BG96Adapter",)


class BG96Adapter(HTTPAdapter):
    """Sends a session's requests over a BG96, and nothing past it.

    Mount it on ``http://`` and ``https://``. The port is opened by the first request;
    `close` gives it back as soon as no response is under way, and a later request opens
    it again.

    :param port_or_modem: anything that `serial.serial_for_url` takes, or a
        `BG96Modem`, which several adapters may share and which stays its owner's to
        close; None looks for the one module on USB. Adapters of one process that name
        the same port, and have the same settings, share its module.
    :param timeout: seconds to connect and of silence to read, where a request gives
        none; no request waits for ever.
    :param keep_alive: whether requests' ``Connection: keep-alive`` is sent, for a
        module that uses a connection again; otherwise ``Connection: close`` is.
    :param via: ``file`` sends requests and responses by files in the module, whose
        checksums are compared: slower, for a line that loses bytes. A request that is
        too large for the line goes by file in any case. See also `via_file`.
    :param ca_certs: file or directory of the CA certificates that ``verify=True``
        means, in place of requests' own 140; the module is sent them once.
    :param progress: called as ``progress(name, sent, size)`` while a file of
        certificates is sent to the module, in bytes.
    :param max_retries: as for `requests.adapters.HTTPAdapter`.
    :param pool_connections: as for `requests.adapters.HTTPAdapter`.
    :param pool_maxsize: as for `requests.adapters.HTTPAdapter`.
    :param apn: the access point name; without one, the module's own PDP context is used
        as it is.
    :param username: for the access point.
    :param password: for the access point.
    :param auth: how these two are sent: 0 not at all, 1 by PAP, 2 by CHAP, 3 by either
        (TCP manual 2.1.1).
    :param pin: of the SIM; it is tried once, and only while all attempts are left, or
        where the firmware does not tell, once until it was right.
    :param context_id: the PDP context, 1 to 16.
    :param ssl_context_id: the module's SSL context, 0 to 5.
    :param baudrate: of the module; without one, the rate it is found at is used.
    :param rtscts: whether RTS and CTS are wired, and hold the line back.
    :param dtr: whether DTR is wired, and ends data mode.
    :param verify_echo: whether the module's echo of a command that announces payload is
        compared before a byte of it is sent, so that noise in its length never makes
        payload into commands; it costs the echo's bytes.
    :param allow_reset: whether a module that nothing else helps is reset, at most every
        ten minutes.
    :param sslversion: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all of them.
    :param ciphersuite: one of the module's, as ``0XC02F``, or ``0XFFFF`` for all.
    :param set_clock: whether the module's clock is set where it is off by a day.
    :param allow_unchecked_host: whether a server may be trusted whose certificate was
        not checked for its name, on firmware that cannot.
    :param clock: the time.
    :raises LimitError: where a setting cannot be part of an AT command.
    """

    __attrs__ = [
        *HTTPAdapter.__attrs__,
        "modem",
        "timeout",
        "keep_alive",
        "via",
        "ca_certs",
        "progress",
        "_owner",
    ]

    def __init__(
        self,
        port_or_modem: str | BG96Modem | None = None,
        *,
        timeout: tuple[float, float] = (times.CONNECT, times.READ),
        keep_alive: bool = False,
        via: Literal["line", "file"] = "line",
        ca_certs: str | None = None,
        progress: Progress | None = None,
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
        baudrate: int | None = None,
        rtscts: bool = False,
        dtr: bool = False,
        verify_echo: bool = False,
        allow_reset: bool = False,
        sslversion: int = 3,
        ciphersuite: str = "0XFFFF",
        set_clock: bool = True,
        allow_unchecked_host: bool = False,
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
        )
        if isinstance(port_or_modem, BG96Modem):
            given = settings.differing(Settings()) + ["clock"] * (clock is not None)
            if given:
                raise TypeError(f"{', '.join(given)}: these belong to the modem")
            self.modem = port_or_modem
        else:
            self.modem = share(BG96Modem(port_or_modem, clock=clock, **vars(settings)))
        self.timeout = timeout
        self.keep_alive = keep_alive
        self.via = via
        self.ca_certs = ca_certs
        self.progress = progress
        self._owner = self.modem is not port_or_modem
        self._begin()
        super().__init__(pool_connections, pool_maxsize, max_retries)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self.modem!r}>"

    def _begin(self) -> None:
        self._user = User()
        self._warned: set[str] = set()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The base class makes the pools, for which all of ours must be there.
        self._begin()
        if state["_owner"]:
            state = {**state, "modem": share(state["modem"])}
        super().__setstate__(state)

    def sibling(self) -> BG96Adapter:
        """Return another adapter over the same modem, with the same settings.

        What is set on the one afterwards, such as ``max_retries``, the other is not.
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
        """What its connections share, as it is set now."""
        return Transport(
            self.modem,
            self.keep_alive,
            *self.timeout,
            self.via,
            self.progress,
            self._warned,
        )

    #: A subclass may set a manager of its own: its pools are over the modem all the
    #: same.
    poolmanager = ModemPools(lambda adapter: cast(BG96Adapter, adapter).transport)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **kwargs: Any
    ) -> None:
        """Make the pools, as the base class asks when it is made or unpickled."""
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
        """Return the pool for `request`, as the base class does.

        Left to itself, some versions of it make a context of this machine's TLS.
        """
        meant = self.meant(verify)
        return super().get_connection_with_tls_context(request, meant, proxies, cert)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Tell the pool `conn` what `verify` and `cert` mean, as the base does.

        :raises requests.exceptions.ConnectionError: where a subclass has made a pool
            that is not over the modem.
        """
        if not isinstance(conn, ModemPool):
            raise requests.exceptions.ConnectionError(foreign(conn))
        super().cert_verify(conn, url, self.meant(verify), cert)

    def meant(self, verify: Any) -> Any:
        """Return False, or the path of the CA certificates, that `verify` means.

        What tells pools apart must be what their connections are made with; the base
        class takes None for checked in the one and for unchecked in the other.
        """
        if verify is True:
            return self.ca_certs or requests.utils.DEFAULT_CA_BUNDLE_PATH
        return verify or False

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Refuse: a proxy would be reached by this machine's network.

        :raises requests.exceptions.ProxyError: always.
        """
        raise requests.exceptions.ProxyError(PROXY)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a `PreparedRequest`, as the base class does.

        :raises requests.exceptions.RequestException: of the class that stock requests
            raises in the same situation; `InvalidURL` and `RequestException` itself
            for what the module cannot carry, before a byte of it is sent.
        """
        self.use()
        with requests_errors(request):
            return super().send(request, *args, **kwargs)

    @contextmanager
    def via_file(self) -> Iterator[None]:
        """Send the requests that are made within, in this thread, by file."""
        token = VIA.set("file")
        try:
            yield
        finally:
            VIA.reset(token)

    def close(self) -> None:
        """Give the port back, unless it is shared; the next request opens it again.

        Where other adapters use the module, it is the last one that gives it back. A
        response that somebody still reads, or will, goes on, and the port with it: it
        is given back when that is over. This never waits.
        """
        super().close()
        self.leave()
        if self._owner and not self.modem.users:
            self.modem.release()

    def use(self) -> None:
        """Count among those who use the modem, under whom it is not closed."""
        self.modem.users.add(self._user)

    def leave(self) -> None:
        """Count no longer among those who use the modem, until the next request."""
        self.modem.users.discard(self._user)
