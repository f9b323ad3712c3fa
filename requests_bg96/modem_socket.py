"""What urllib3 and http.client take for a socket: one exchange's worth of it.

It collects the request until it is whole, and is read from while the response comes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from urllib3.exceptions import ProtocolError

from .dialogues.request import Request
from .errors import BG96Error
from .exchange import Exchange
from .stored import StoredResponse
from .transport import Transport

__all__ = ("ModemSocket", "ResponseStream")


class ResponseStream(io.RawIOBase):
    """The response of an exchange, as http.client reads it.

    :param sock: the socket that it belongs to, where requests_ntlm looks for it.
    :param exchange: which it reads from.
    :param errors: turns the modem's errors into urllib3's.
    """

    def __init__(
        self,
        sock: ModemSocket,
        exchange: Exchange | StoredResponse,
        errors: Callable[[], Any],
    ) -> None:
        self._sock = sock
        self._exchange = exchange
        self._errors = errors

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, and wait only where nothing has.

        :raises urllib3.exceptions.HTTPError: nothing else, for the adapter is not
            there any more to turn what is ours into requests' own.
        """
        try:
            with self._errors():
                data = self._exchange.read(len(buffer))
        except BG96Error as error:
            raise ProtocolError(str(error), error) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give up the rest of the response."""
        if not self.closed:
            super().close()
            self._sock.transport.modem.abandon(self._exchange)


class ModemSocket:
    """What urllib3 and http.client want of a socket: one exchange's worth.

    :param transport: over which the exchange will be.
    :param errors: turns the modem's errors into urllib3's.
    """

    def __init__(self, transport: Transport, errors: Callable[[], Any]) -> None:
        self.transport = transport
        self.timeout: float | None = None
        self.data = bytearray()
        self.exchange: Exchange | StoredResponse | None = None
        self._errors = errors
        self._handed_out = False

    def settimeout(self, timeout: float | None) -> None:
        """Take note of the timeout in seconds."""
        self.timeout = timeout

    def sendall(self, data: bytes) -> None:
        """Collect `data` of the request.

        :raises LimitError: as soon as it is more than the module takes.
        """
        Request.check_size(len(self.data) + len(data))
        self.data += data

    def makefile(self, mode: str, *args: Any, **kwargs: Any) -> io.BufferedReader:
        """Return the response, buffered."""
        if self.exchange is None:
            raise BG96Error("no request was sent on this connection")
        self._handed_out = True
        return io.BufferedReader(ResponseStream(self, self.exchange, self._errors))

    def close(self) -> None:
        """Give up a response that was not handed out; else its reader still has it."""
        if self.exchange is not None and not self._handed_out:
            self.transport.modem.abandon(self.exchange)
