"""A response that came by a file in the module, and is complete."""

from __future__ import annotations

import io

from ..errors import TransferError
from .framing import Framing, Trailer
from .spool import Spool

__all__ = ("StoredResponse",)

#: The trailer that AT+QHTTPREAD would have sent after the same bytes.
_TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"


class StoredResponse:
    """A response that is read like a `LiveResponse`, but is not on the line.

    :param method: the method of the request.
    """

    complete = True

    def __init__(self, method: str) -> None:
        self._method = method
        self._begin()

    def _begin(self) -> None:
        self.framing = Framing(self._method)
        self._spool = Spool()

    def receive(self, data: bytes) -> None:
        """Take bytes of the file as they come; b"" starts again.

        :raises TransferError: if they cannot be a response.
        """
        if data:
            self.framing.receive_data(data)
            self._spool.put(self.framing.take(self.framing.available))
        else:
            self._begin()

    def finish(self) -> None:
        """Check that the response is complete.

        :raises TransferError: if it has bytes after its end.
        """
        self.receive(_TRAILER)
        if self.framing.trailer is not Trailer.FULL:
            raise TransferError(
                "the response does not end where its length says: bytes of it are "
                "missing, or too many"
            )
        self.framing.take_trailer()
        self._spool.put(self.framing.take(self.framing.available))

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; b"" at the end."""
        return self._spool.take(size)

    def start_background_read(self) -> None:
        """Do nothing: no byte can be lost any more."""

    def shutdown(self) -> None:
        """Do nothing: nobody waits for it."""

    def fileno(self) -> int:
        """Refuse: there is nothing to shut down.

        :raises io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("fileno")

    def close(self) -> None:
        """Delete the unread rest."""
        self._spool.close()
