"""The HTTP client of one module: its settings, its URL and its exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .http_exchange import ExchangeState, HttpExchange, HttpFailed
from .http_head import ResponseHead
from .http_results import say_result
from .http_url import MalformedUrl, Url, request_head
from .network import ServerConnection
from .results import CommandFailed
from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("HttpService",)

#: The defaults (HTTP manual 2.1). A BG96 transcript has those that it does not print.
DEFAULTS = {
    "contextid": 1,
    "requestheader": 0,
    "responseheader": 0,
    "sslctxid": 1,
    "contenttype": 0,
}


#: The statuses of redirects (RFC 9110 15.4).
REDIRECTS = (301, 302, 303, 307, 308)
#: The most redirects that the module follows.
MOST_REDIRECTS = 5


class HttpService:
    """The state that the HTTP commands use.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self.settings = dict(DEFAULTS)
        self.prefix = ("64:FF9B:0:0:0:0:0:0", 96)
        self.url = ""
        self.exchange: HttpExchange | None = None
        self._was_read = False
        self._kept: tuple[Url, ServerConnection] | None = None

    def reset(self) -> None:
        """Close the connections, and restore the defaults."""
        self.drop()
        self._drop_kept()
        self.settings = dict(DEFAULTS)
        self.prefix = ("64:FF9B:0:0:0:0:0:0", 96)
        self.url = ""
        self._was_read = False

    @property
    def own_header(self) -> bool:
        """Whether the host sends the heads of requests."""
        return self.settings["requestheader"] == 1

    @property
    def under_way(self) -> bool:
        """Whether a request is in progress, or a response is being read."""
        busy = (ExchangeState.REQUEST, ExchangeState.READING)
        return self.exchange is not None and self.exchange.state in busy

    def require_idle(self) -> None:
        """Refuse a command during a request or a read.

        :raises CommandFailed: 703.
        """
        if self.under_way:
            raise CommandFailed(703)

    def require_port(self) -> None:
        """Refuse data mode if another port is in it (HTTP manual 4.4).

        :raises CommandFailed: 704.
        """
        if self._module.data_mode_elsewhere:
            raise CommandFailed(704)

    def begin(self, command: str) -> HttpExchange:
        """Start an exchange.

        :raises CommandFailed: 703 if the module is busy, 712 without a URL, 711 if the
            URL is wrong, 709 if the context is not active, and a bare ERROR without a
            SIM (HTTP manual 4.1).
        """
        self.require_idle()
        if not self._module.sim.ready:
            raise CommandFailed
        if self._module.sockets.keep_http_out:
            raise CommandFailed(703)
        if self.exchange and self._module.switches.unread_response == "busy":
            raise CommandFailed(703)
        if not self.url:
            raise CommandFailed(712)
        url = self.parsed_url(self.url)
        if not self._module.contexts[self.settings["contextid"]].active:
            raise CommandFailed(709)
        self.drop()
        self._was_read = False
        self.exchange = HttpExchange(self._module, command, url, self.own_header)
        return self.exchange

    def parsed_url(self, text: str) -> Url:
        """Parse a URL.

        :raises CommandFailed: 711.
        """
        try:
            return Url.parse(text)
        except MalformedUrl:
            raise CommandFailed(711) from None

    def response(self) -> HttpExchange:
        """Return the exchange whose response can be read, and begin the read.

        :raises CommandFailed: 703 before the result URC, 705 without a request, and the
            number of the switch ``second_read`` if it has been read.
        """
        self.require_idle()
        exchange = self.exchange
        if exchange is None:
            raise CommandFailed(
                self._module.switches.second_read if self._was_read else 705
            )
        exchange.state = ExchangeState.READING
        return exchange

    def connect(self, exchange: HttpExchange) -> Procedure[None]:
        """Connect to the server.

        :raises CommandFailed: if there is no connection.
        """
        try:
            yield from exchange.connect()
        except HttpFailed as failure:
            self.drop()
            raise CommandFailed(failure.code) from None

    def report(self, exchange: HttpExchange, seconds: float) -> Procedure[None]:
        """Wait for the response, and send the result URC.

        :param seconds: the longest wait.
        """
        until = self._module.scheduler.now + seconds
        try:
            head = yield from exchange.await_head(until)
            head = yield from self._followed(exchange, head, until)
            if exchange.loses_result:
                raise HttpFailed(719)
        except HttpFailed as failure:
            self.drop()
            result = str(failure.code)
        else:
            exchange.state = ExchangeState.RESPONSE
            result = self._result(head)
        say_result(self._module, f"{exchange.command}: {result}".encode())

    def _followed(
        self, exchange: HttpExchange, head: ResponseHead, until: float
    ) -> Procedure[ResponseHead]:
        """Follow redirects, if the firmware does and made the head of the request."""
        own = exchange.own_header or exchange.command != "+QHTTPGET"
        if own or self._module.switches.redirects == "handed_on":
            return head
        for _ in range(MOST_REDIRECTS):
            if head.status not in REDIRECTS or not head.location:
                break
            try:
                url = Url.parse(head.location)
            except MalformedUrl:
                raise HttpFailed(711) from None
            yield from exchange.redirect(url, until)
            exchange.send(request_head(url, None, 0))
            exchange.finish()
            head = yield from exchange.await_head(until)
        return head

    def stop(self) -> None:
        """Cancel the exchange. A request in progress ends with 719 (inference)."""
        if self.exchange and self.exchange.state is ExchangeState.REQUEST:
            self.exchange.fail(719)
        else:
            self.drop()

    def done(self, exchange: HttpExchange) -> None:
        """End an exchange whose response has been read."""
        keep = self._module.switches.reuse_sockets and exchange.reusable
        exchange.close(keep=keep)
        self.exchange = None
        self._was_read = True

    def drop(self) -> None:
        """Close the exchange, if there is one."""
        if self.exchange:
            self.exchange.close()
            self.exchange = None

    def context_down(self, number: int) -> None:
        """Fail the exchange that uses a PDP context."""
        if number != self.settings["contextid"]:
            return
        self._drop_kept()
        if self.exchange:
            self.exchange.fail(709)

    def kept_connection(self, url: Url) -> ServerConnection | None:
        """Return the kept connection, if it is to this server."""
        kept, self._kept = self._kept, None
        if not kept:
            return None
        other, connection = kept
        same = (other.tls, other.host, other.port) == (url.tls, url.host, url.port)
        # The only event of an idle connection is its end.
        if same and connection.due() > self._module.scheduler.now:
            return connection
        connection.close()
        return None

    def keep_connection(self, url: Url, connection: ServerConnection) -> None:
        """Keep a connection for the next request."""
        self._kept = (url, connection)

    def hang_up(self) -> None:
        """Close the connection in use, as the server does."""
        if self.exchange and self.exchange.connection:
            self.exchange.connection.hang_up(self._module.scheduler.now)

    def _drop_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept:
            kept[1].close()

    def _result(self, head: ResponseHead) -> str:
        fields = ["0", str(head.status)]
        if head.length is not None:
            fields.append(str(head.length))
        most = {"full": 3, "status": 2, "error": 1}
        return ",".join(fields[: most[self._module.switches.result_fields]])
