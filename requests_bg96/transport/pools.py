"""What the pools of both ways have in common."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import Any

from .marks import PoolOverModem
from .settings import Transport

__all__ = ("TransportPool",)


class TransportPool(PoolOverModem):
    """A pool of connections over a modem; it comes before a pool class of urllib3.

    :param transport: the settings of the connections.
    """

    #: The class of the connections, which takes the settings first.
    connection_class: Any
    host: str

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._transport = transport
        self.ConnectionCls = functools.partial(self.connection_class, transport)

    def urlopen(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Make a request, as urllib3 does, with a body that may be compressed."""
        form: Any = nullcontext((body, headers))
        if (compression := self._transport.compression).minima:
            form = compression.applied(self.host, url, body, headers)
        with form as (body, headers):
            return super().urlopen(  # type: ignore[misc]
                method, url, body, headers, *args, **kwargs
            )
