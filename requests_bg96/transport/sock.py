"""What urllib3 and http.client take for a socket: one exchange's worth of it.

It collects the request until it is whole, and is read from while the response comes.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from urllib3.exceptions import ProtocolError

from ..dialogues.request import Request
from ..errors import BG96Error, StreamEnded
from ..response.live import LiveResponse
from ..response.stored import StoredResponse

__all__ = ("ModemSocket", "ResponseStream")


class ResponseStream(io.RawIOBase):
    """The response of an exchange, as http.client reads it.

    :param sock: the socket that it belongs to, where requests_ntlm looks for it.
    :param exchange: which it reads from.
    :param raise_translated: raises what an error of the modem is to urllib3.
    """

    def __init__(
        self,
        sock: ModemSocket,
        exchange: LiveResponse | StoredResponse,
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
        """Return a descriptor by which the stream can be shut down, as a socket's can.

        It has no data, and is always ready to be read.

        :raises OSError: if there is none; `io.UnsupportedOperation` by file.
        """
        return self._exchange.fileno()

    def readinto(self, buffer: Any) -> int:
        """Read what has come, and wait only where nothing has.

        :raises urllib3.exceptions.HTTPError: nothing else, for the adapter is not
            there any more to turn what is ours into requests' own.
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
            # To HTTP this is an end like any other, as it is over a socket.
            return b""

    def give_up(self) -> None:
        """Have whoever reads get an error, in any thread; do not wait for them.

        http.client is not made for an end that comes while it closes.
        """
        self._given_up = True
        self._exchange.shutdown()

    def close(self) -> None:
        """Give up the rest of the response."""
        if not self.closed:
            super().close()
            self._sock.abandon(self._exchange)


class _Reader(io.BufferedReader):
    """A buffer over a stream, which can be closed while another thread reads from it.

    :param stream: from which it reads.
    """

    def __init__(self, stream: ResponseStream) -> None:
        super().__init__(stream)
        self._stream = stream

    def close(self) -> None:
        """End the reading first: the base class waits for it."""
        self._stream.give_up()
        super().close()


class ModemSocket:
    """What urllib3 and http.client want of a socket: one exchange's worth.

    :param abandon: frees the line of a response that nobody will read on.
    :param raise_translated: raises what an error of the modem is to urllib3.
    """

    def __init__(
        self,
        abandon: Callable[[LiveResponse | StoredResponse], None],
        raise_translated: Callable[[BG96Error], NoReturn],
    ) -> None:
        self.abandon = abandon
        self.data = bytearray()
        self.exchange: LiveResponse | StoredResponse | None = None
        self._raise_translated = raise_translated
        #: Whether HTTP tells where the response ends, so that less is an error.
        self.end_is_told = True
        self._handed_out = False
        self._is_shut = False

    def settimeout(self, timeout: float | None) -> None:
        """Do nothing: the modem is given the timeouts with the request."""

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
        if self._is_shut:
            self.exchange.shutdown()
        return _Reader(ResponseStream(self, self.exchange, self._raise_translated))

    def shutdown(self, how: int) -> None:
        """End the response, which another thread may be reading; do not wait.

        The reader gets what a socket that is shut down gives them: an end, which is an
        error where HTTP tells that more is to come.

        :param how: ``socket.SHUT_RD`` or ``SHUT_RDWR``; ``SHUT_WR`` ends no response.
        """
        if how == socket.SHUT_WR:
            return
        self._is_shut = True
        if self.exchange is not None:
            self.exchange.shutdown()

    def close(self) -> None:
        """Give up a response that was not handed out; else its reader still has it."""
        if self.exchange is not None and not self._handed_out:
            self.abandon(self.exchange)
