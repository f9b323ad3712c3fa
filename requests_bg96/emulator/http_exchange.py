"""One request and its response, over one connection (HTTP manual 2.3 to 2.7)."""

from __future__ import annotations

import enum
import ipaddress
import re
from typing import TYPE_CHECKING

from .http_body import (
    BodyParser,
    ChunkedBody,
    LengthBody,
    MalformedBody,
    OpenBody,
    SurplusBody,
)
from .http_head import (
    HEAD_LIMIT,
    MalformedHead,
    ResponseHead,
    cut_head,
    split_head,
    wants_close,
)
from .http_url import Url
from .network import Closed, Connected, Event, Failed, Received, ServerConnection
from .scheduler import NEVER, NOW, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("CONNECT_TIME", "HttpExchange", "HttpFailed", "ExchangeState")

#: The seconds until CONNECT or an error (HTTP manual 2.3, 2.4).
CONNECT_TIME = 125.0

#: A host that must be an address: no name ends in digits (RFC 1123 2.1).
_MISSHAPEN = re.compile(r"(?:[0-9.]*[.])?[0-9]+")

#: An HTTPS POST of more bytes has the fault of the switch ``post_719``.
POST_719_LENGTH = 2048


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


class HttpFailed(Exception):
    """An exchange fails.

    :param code: the error number (HTTP manual 5).
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ExchangeState(enum.Enum):
    """How far an exchange has come."""

    REQUEST = "request"
    RESPONSE = "response"
    READING = "reading"
    OVER = "over"


class HttpExchange:
    """One request and its response.

    :param module: the module.
    :param command: the name of the result URC, for example ``+QHTTPGET``.
    :param url: the URL.
    :param own_header: whether the host sends the head of the request.
    """

    def __init__(
        self, module: Module, command: str, url: Url, own_header: bool
    ) -> None:
        self._module = module
        self.command = command
        self.url = url
        self.own_header = own_header
        self.state = ExchangeState.REQUEST
        self.head: ResponseHead | None = None
        self.connection: ServerConnection | None = None
        self.broken: int | None = None
        self._body: BodyParser = LengthBody(0)
        self._early = b""
        self._deaf = False
        self._end: Event | None = None
        self._request = b""
        self._sent = 0
        self._buffer = b""

    # The request.

    def connect(self, until: float = NEVER) -> Procedure[None]:
        """Connect to the server, or use the kept connection.

        :param until: the time at which the attempt ends.
        :raises HttpFailed: if there is no connection.
        """
        module = self._module
        self.connection = module.http.kept_connection(self.url)
        if self.connection:
            return
        tls = module.tls_settings() if self.url.tls else None
        peer = (self.url.host, self.url.port, tls)
        if _MISSHAPEN.fullmatch(self.url.host) and not _is_address(self.url.host):
            raise HttpFailed(713)
        context = module.contexts[module.http.settings["contextid"]]
        if not (_is_address(self.url.host) or context.names):
            # HTTP manual 4.3.
            raise HttpFailed(self._number(714))
        self.connection = module.connect(*peer)
        until = min(until, module.scheduler.now + CONNECT_TIME)
        event = yield from self._event(until, 702)
        if not isinstance(event, Connected):
            raise HttpFailed(716)

    def send(self, data: bytes) -> None:
        """Send a part of the request."""
        if self._sent:
            self._look_back()
        else:
            self._module.exchanges += 1
        self._sent += len(data)
        self._request += data[: HEAD_LIMIT - len(self._request)]
        if self.connection:
            self.connection.send(data, self._module.scheduler.now)

    def finish(self) -> None:
        """End the request."""
        if self.connection:
            self.connection.finish(self._module.scheduler.now)

    # The response.

    def await_head(self, until: float) -> Procedure[ResponseHead]:
        """Receive the head of the final response, and ignore those of 1xx.

        :param until: the time at which the wait ends.
        :raises HttpFailed: 702 or 728 if the time is over, 719 if the server closed the
            connection, 718 if it did so while the request was sent, 723 if the bytes
            are not a response, 729 if the head is too long.
        """
        while True:
            split = split_head(self._buffer)
            if split:
                raw, self._buffer = split
                try:
                    head = ResponseHead.parse(raw)
                except MalformedHead:
                    raise HttpFailed(723) from None
                if head.status >= 200:
                    return self._begin_body(head)
            elif len(self._buffer) > HEAD_LIMIT:
                raise HttpFailed(729)
            else:
                late = self._module.switches.response_timeout
                event = yield from self._event(until, late)
                if isinstance(event, Received):
                    self._buffer += event.data
                else:
                    return self._cut(event)

    def redirect(self, url: Url, until: float) -> Procedure[None]:
        """Connect to another URL.

        :raises HttpFailed: as `connect` does.
        """
        if self.connection:
            self.connection.close()
        self.url = url
        self._buffer = self._early = self._request = b""
        self._end, self._deaf, self._sent = None, False, 0
        yield from self.connect(until)

    def close(self, *, keep: bool = False) -> None:
        """End the exchange; `keep` keeps the connection for the next one."""
        self.state = ExchangeState.OVER
        connection, self.connection = self.connection, None
        if connection and keep:
            self._module.http.keep_connection(self.url, connection)
        elif connection:
            connection.close()

    def fail(self, code: int) -> None:
        """Fail the exchange with an error number at its next step."""
        self.broken = code

    # The body.

    @property
    def body_done(self) -> bool:
        """Whether the body is complete."""
        return self._body.done

    def when(self) -> float:
        """Return the time at which `read` has something to read."""
        if self.broken is not None or self._early or self._end:
            return NOW
        return self.connection.due() if self.connection and not self._deaf else NEVER

    def read(self) -> bytes:
        """Take one packet, and return its bytes for the host.

        :raises HttpFailed: if the connection ends before the body.
        """
        data, self._early = self._early, b""
        if not data:
            event = self._take()
            if isinstance(event, Closed):
                self._closed(event)
            data = event.data if isinstance(event, Received) else b""
        try:
            return self._body.feed(data)
        except MalformedBody:
            raise HttpFailed(721) from None

    def lapse(self) -> None:
        """End the body after a silence that is too long.

        :raises HttpFailed: if bytes are missing.
        """
        if not self._body.lapse():
            raise HttpFailed(self._module.switches.read_timeout)

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another request."""
        head = self.head
        framed = not isinstance(self._body, (OpenBody, SurplusBody))
        wanted = head and head.persistent and not wants_close(self._request)
        return bool(wanted and framed and self._body.done)

    def _begin_body(self, head: ResponseHead) -> ResponseHead:
        self.head = head
        self._early, self._buffer = self._buffer, b""
        self._body = self._framing(head)
        if self._body.done:
            self._early = b""
        return head

    def _framing(self, head: ResponseHead) -> BodyParser:
        switches = self._module.switches
        if self._request.startswith(b"HEAD ") or head.status in (204, 304):
            if switches.bodyless_end == "at_once":
                return LengthBody(0)
            if head.length != 0:
                self._deaf = switches.bodyless_end == "on_wait"
                return OpenBody()
        body = self._delimited(head)
        if body is None:
            return OpenBody()
        return SurplusBody(body) if switches.surplus == "handed_out" else body

    def _delimited(self, head: ResponseHead) -> LengthBody | ChunkedBody | None:
        """Return a body that tells its end; None if the connection tells it."""
        if head.chunked:
            shown = self._module.http.settings["responseheader"] == 1
            return ChunkedBody(raw=shown and self._module.switches.chunked == "raw")
        return None if head.length is None else LengthBody(head.length)

    def _closed(self, event: Closed) -> None:
        whole = self._body.lapse() if event.reset else self._body.close()
        if not whole:
            raise HttpFailed(717)

    def _cut(self, event: Event) -> ResponseHead:
        """Use a head that ended with the connection, if it has a status line."""
        raw = cut_head(self._buffer)
        if raw is None or self._module.switches.cut_head == "closed":
            raise HttpFailed(719)
        self._buffer = b""
        self._end = event
        return self._begin_body(ResponseHead.parse(raw))

    def _event(self, until: float, late: int) -> Procedure[Event]:
        ready = yield Wait(self.when, until)
        if not ready:
            raise HttpFailed(late)
        return self._take()

    def _take(self) -> Event:
        if self.broken is not None or self.connection is None:
            raise HttpFailed(self.broken or 710)
        event = self._end or self.connection.take()
        if isinstance(event, Failed):
            raise HttpFailed(self._number(event.error))
        return event

    def _number(self, error: int) -> int:
        return self._module.switches.dns_error if error == 714 else error

    def _look_back(self) -> None:
        """Take what the server sends before the request is complete."""
        known = self.broken or self._end or len(self._buffer) > HEAD_LIMIT
        if (
            known
            or not self.connection
            or self.connection.due() > self._module.scheduler.now
        ):
            return
        event = self.connection.take()
        if isinstance(event, Received):
            self._buffer += event.data
        elif isinstance(event, Closed) and event.reset:
            self.broken = 718
        else:
            self._end = event

    @property
    def loses_result(self) -> bool:
        """Whether this exchange has the fault of the switch ``post_719``."""
        struck = self.own_header and self.url.tls and self._sent > POST_719_LENGTH
        posted = self.command == "+QHTTPPOST"
        return struck and posted and self._module.switches.post_719
