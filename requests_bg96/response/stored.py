"""A response that came by a file in the module, and is here as a whole."""

from __future__ import annotations

import io

from ..errors import TransferError
from .framing import Framing, Trailer
from .spool import Spool

__all__ = ("StoredResponse",)

#: What AT+QHTTPREAD would have sent behind the same bytes.
_TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"


class StoredResponse:
    """A response to be read like an `LiveResponse`, with nothing left on the line.

    :param method: of the request.
    """

    over = complete = True

    def __init__(self, method: str) -> None:
        self._method = method
        self._begin()

    def _begin(self) -> None:
        self.framing = Framing(self._method)
        self._spool = Spool()

    def receive(self, data: bytes) -> None:
        """Take the file's bytes as they come; b"" begins it anew.

        :raises TransferError: if they cannot be a response.
        """
        if data:
            self.framing.receive_data(data)
            self._spool.put(self.framing.take(self.framing.available))
        else:
            self._begin()

    def finish(self) -> None:
        """Take the file for whole.

        :raises TransferError: if the response goes on behind its end.
        """
        self.receive(_TRAILER)
        if self.framing.trailer is not Trailer.FULL:
            raise TransferError("the response does not end where its length says")
        self.framing.take_trailer()
        self._spool.put(self.framing.take(self.framing.available))

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; b"" at the end."""
        return self._spool.take(size)

    def start_background_read(self) -> None:
        """Nothing can be lost any more."""

    def shutdown(self) -> None:
        """Nobody waits for it: what is here can be read."""

    def fileno(self) -> int:
        """Refuse: there is nothing that could be shut down.

        :raises io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("fileno")

    def close(self) -> None:
        """Forget the rest."""
        self._spool.close()
