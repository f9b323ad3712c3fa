"""What connections need of the modem, and of a trace."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..clock import Clock, Deadline

__all__ = (
    "CollectedExchange",
    "Collector",
    "Connector",
    "HTTPClient",
    "Response",
    "SocksProxy",
)


class Response(Protocol):
    """A response that is read while it comes, or one that is stored."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes as soon as there are any; b"" at the end.

        :raises BG96Error: if the response fails.
        """

    def fileno(self) -> int:
        """Return a descriptor that can shut down the stream."""

    def shutdown(self) -> None:
        """End the response, even if another thread reads it."""

    def start_background_read(self) -> None:
        """Without flow control, start a thread that reads the response meanwhile."""


class HTTPClient(Protocol):
    """The module's HTTP client."""

    @property
    def checks_host(self) -> bool:
        """Whether the firmware is known to check the host's name in a certificate."""

    def exchange(
        self,
        request: Any,
        connect_seconds: float,
        read_seconds: float,
        total_seconds: float | None = None,
    ) -> Response:
        """Send a request and return its unread response.

        :raises BG96Error: if that fails.
        """

    def abandon(self, response: Any) -> None:
        """Give up a response that nobody will read any more."""


class Connector(Protocol):
    """The module's TCP sockets."""

    @property
    def clock(self) -> Clock:
        """The clock of the modem."""

    def connect(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        recording: Any = None,
    ) -> Any:
        """Connect to a server, and return what looks like a `socket.socket`.

        :param recording: gets the dialogue, for a trace; it is `CollectedExchange`'s.
        :raises OSError: if that fails, with a `BG96Error` as its cause.
        """


class SocksProxy(Protocol):
    """A SOCKS proxy. It is part of the key of a pool."""

    @property
    def address(self) -> tuple[str, int]:
        """Its name or address, and its port."""

    def connect(self, sock: Any, host: str, port: int, deadline: Deadline) -> None:
        """Have the proxy connect to a server; then `sock` leads there.

        :raises TimeoutError: if that is not done by the deadline.
        :raises OSError: if the proxy refuses, or does not speak SOCKS.
        """


class CollectedExchange(Protocol):
    """One exchange in a trace."""

    @property
    def recording(self) -> Any:
        """Gets the dialogue; an object of `base.recording`."""

    def sends(self, data: bytes | bytearray) -> None:
        """Record a piece of the request, as it is sent; the first is the head."""

    def answer(self, response: Any) -> None:
        """Record the status and the headers of the response."""

    def fail(self, error: BaseException) -> None:
        """Record that the exchange failed with `error`."""


class Collector(Protocol):
    """Collects the exchanges of connections, as `trace.Trace` does."""

    def entry(
        self, clock: Clock, method: str, url: str, data: bytes | bytearray, via: str
    ) -> AbstractContextManager[CollectedExchange]:
        """Add an entry for the exchange in this ``with`` block."""

    def begin_by_socket(self, clock: Clock, method: str, url: str) -> CollectedExchange:
        """Add an entry for an exchange over a socket, and return it."""
