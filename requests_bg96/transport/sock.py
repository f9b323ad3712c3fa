"""The object that urllib3 and http.client use as a socket, for one exchange.

It collects the request until it is complete, and then reads the response.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from urllib3.exceptions import ProtocolError

from ..dialogues.request import Request
from ..errors import BG96Error, StreamEnded
from .seams import Response

__all__ = ("ExchangeSocket", "ResponseStream")


class ResponseStream(io.RawIOBase):
    """The response of an exchange, for http.client to read.

    :param sock: the socket that it belongs to; requests_ntlm looks for it here.
    :param exchange: the response to read.
    :param raise_translated: raises urllib3's exception for an error of the modem.
    """

    def __init__(
        self,
        sock: ExchangeSocket,
        exchange: Response,
        raise_translated: Callable[[BG96Error], NoReturn],
    ) -> None:
        self._sock = sock
        self._exchange = exchange
        self._raise_translated = raise_translated
        self._given_up = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return a descriptor that can shut down the stream, as with a socket.

        It has no data, and is always ready to be read.

        :raises OSError: if there is none; `io.UnsupportedOperation` by file.
        """
        return self._exchange.fileno()

    def readinto(self, buffer: Any) -> int:
        """Read the bytes that have arrived; wait only if there are none.

        :raises urllib3.exceptions.HTTPError: and no other class, because the adapter
            cannot convert our own errors any more.
        """
        try:
            data = self._read(len(buffer))
        except BG96Error as error:
            self._fail(error)
        buffer[: len(data)] = data
        return len(data)

    def _fail(self, error: BG96Error) -> NoReturn:
        try:
            self._raise_translated(error)
        except BG96Error:
            raise ProtocolError(str(error), error) from error

    def _read(self, size: int) -> bytes:
        try:
            return self._exchange.read(size)
        except StreamEnded:
            if self._given_up or self._sock.end_is_told:
                raise
            # For HTTP this is a normal end, as it is with a socket.
            return b""

    def give_up(self) -> None:
        """End the reading with an error, in any thread, without waiting.

        http.client cannot handle an end while it closes.
        """
        self._given_up = True
        self._exchange.shutdown()

    def close(self) -> None:
        """Give up the rest of the response."""
        if not self.closed:
            super().close()
            self._sock.abandon(self._exchange)


class _Reader(io.BufferedReader):
    """A buffer over a stream that can be closed while another thread reads it.

    :param stream: the stream to read.
    """

    def __init__(self, stream: ResponseStream) -> None:
        super().__init__(stream)
        self._stream = stream

    def close(self) -> None:
        """End the reading first, because the base class waits for it."""
        self._stream.give_up()
        super().close()


class ExchangeSocket:
    """What urllib3 and http.client need of a socket, for one exchange.

    :param abandon: frees the line of a response that nobody will read any more.
    :param raise_translated: raises urllib3's exception for an error of the modem.
    """

    def __init__(
        self,
        abandon: Callable[[Response], None],
        raise_translated: Callable[[BG96Error], NoReturn],
    ) -> None:
        self.abandon = abandon
        self.data = bytearray()
        self.exchange: Response | None = None
        self._raise_translated = raise_translated
        #: Whether HTTP tells the end of the response, so that an earlier end is an
        #: error.
        self.end_is_told = True
        self._handed_out = False
        self._is_shut = False

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing: the modem gets the timeouts with the request."""

    def sendall(self, data: bytes) -> None:
        """Collect `data` of the request.

        :raises LimitError: as soon as it is more than the module can take.
        """
        Request.check_size(len(self.data) + len(data))
        self.data += data

    def makefile(self, mode: str, *args: Any, **kwargs: Any) -> io.BufferedReader:
        """Return the buffered response."""
        if self.exchange is None:
            raise BG96Error("no request was sent on this connection; send one first")
        self._handed_out = True
        if self._is_shut:
            self.exchange.shutdown()
        return _Reader(ResponseStream(self, self.exchange, self._raise_translated))

    def shutdown(self, how: int) -> None:
        """End the response, even if another thread reads it; do not wait.

        The reader gets the same as with a socket: an end, or an error if HTTP tells
        that more should come.

        :param how: ``socket.SHUT_RD`` or ``SHUT_RDWR``; ``SHUT_WR`` ends no response.
        """
        if how == socket.SHUT_WR:
            return
        self._is_shut = True
        if self.exchange is not None:
            self.exchange.shutdown()

    def close(self) -> None:
        """Give up a response that has no reader yet; otherwise its reader keeps it."""
        if self.exchange is not None and not self._handed_out:
            self.abandon(self.exchange)
