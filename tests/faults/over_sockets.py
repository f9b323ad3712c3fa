"""Requests over the module's own sockets, by urllib3's own connections."""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from requests_bg96 import BG96Modem


def adapter(modem: BG96Modem) -> HTTPAdapter:
    """An adapter of requests whose connections are sockets of a module."""

    class Connection(HTTPConnection):
        def _new_conn(self) -> Any:
            try:
                seconds: Any = self.timeout
                return modem.sockets.connect(self.host, self.port, seconds)
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            except TimeoutError as error:
                raise ConnectTimeoutError(self, str(error)) from error
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error

        @property
        def is_connected(self) -> bool:
            sock: Any = self.sock
            return sock is not None and not sock.wait_readable(0)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager: PoolManager
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    return Adapter()
