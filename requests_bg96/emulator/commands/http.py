"""The HTTP commands (HTTP manual 2). A wrong parameter is +CME ERROR: 730."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data_mode import DataModeEnd, collect
from ..file_names import LONGEST_NAME
from ..http_exchange import HttpExchange, HttpFailed
from ..http_results import end_read, end_upload, later, say_result
from ..http_url import request_head
from ..parameters import FileName, Number
from ..registry import Lines, Registry, Reply
from ..results import CommandFailed
from ..scheduler import Procedure, Wait
from ..transfer import read_out

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

INVALID = 730
COMMANDS = Registry(invalid=INVALID)

#: The limits of HTTP manual 2.2, 2.3 and 2.4, in bytes.
URL_LIMIT = 700
GET_LIMIT = 2048
POST_LIMIT = 1024000

#: The default of every time, in seconds (HTTP manual 2.2 to 2.7).
DEFAULT_TIME = 60

SECONDS = Number(1, 65535, default=DEFAULT_TIME)
OPTIONAL_SECONDS = Number(1, 65535, default=None)
FILE_NAME = FileName(LONGEST_NAME)

COMMANDS.test("+QHTTPURL", "+QHTTPURL: (1-700),(1-65535)")
COMMANDS.test("+QHTTPGET", "+QHTTPGET: (1-65535),(1-2048),(1-65535)")
COMMANDS.test("+QHTTPPOST", "+QHTTPPOST: (1-1024000),(1-65535),(1-65535)")
COMMANDS.test("+QHTTPPOSTFILE", "+QHTTPPOSTFILE: <file_name>,(1-65535)")
COMMANDS.test("+QHTTPREAD", "+QHTTPREAD: (1-65535)")
COMMANDS.test("+QHTTPREADFILE", "+QHTTPREADFILE: <file_name>,(1-65535)")


@COMMANDS.write("+QHTTPURL", Number(1, URL_LIMIT), SECONDS)
def set_url(module: Module, length: int, seconds: int) -> Procedure[Lines]:
    """Receive a URL in data mode (HTTP manual 2.2)."""
    module.http.require_idle()
    module.http.require_port()
    text = bytearray()
    outcome = yield from collect(module, length, seconds, text.extend)
    if outcome is DataModeEnd.TIMEOUT:
        raise CommandFailed(module.switches.input_timeout)
    if outcome is DataModeEnd.COMPLETE:
        url = text.decode("latin-1")
        if module.switches.bad_url == "url":
            module.http.parsed_url(url)
        module.http.url = url
    return None


@COMMANDS.read("+QHTTPURL")
def url(module: Module) -> Reply:
    """Print the URL; without one, OK alone (HTTP manual 2.2)."""
    return [f"+QHTTPURL: {module.http.url}"] if module.http.url else []


@COMMANDS.execute("+QHTTPGET")
def get_by_default(module: Module) -> Reply:
    """Send a GET request with the default time (HTTP manual 2.3)."""
    return get(module, DEFAULT_TIME, None, None)


@COMMANDS.write(
    "+QHTTPGET", SECONDS, Number(1, GET_LIMIT, default=None), OPTIONAL_SECONDS
)
def get(
    module: Module, rsptime: int, length: int | None, input_time: int | None
) -> Reply:
    """Send a GET request, or any request with the host's head (HTTP manual 2.3)."""
    # <data_length> belongs to requestheader=1 only. Otherwise it is an invalid
    # parameter.
    if module.http.own_header != (length is not None):
        raise CommandFailed(INVALID)
    if length is not None:
        module.http.require_port()
    exchange = module.http.begin("+QHTTPGET")
    if length is not None:
        input_time = input_time or DEFAULT_TIME
        return _in_hand(module, _upload(module, exchange, length, input_time, rsptime))
    if module.switches.get_ok == "connected":
        return _get_connected(module, exchange, rsptime)
    return later(module, _get_later(module, exchange, rsptime))


@COMMANDS.write("+QHTTPPOST", Number(1, POST_LIMIT), OPTIONAL_SECONDS, OPTIONAL_SECONDS)
def post(
    module: Module, length: int, input_time: int | None, rsptime: int | None
) -> Reply:
    """Send a request with a body from the host (HTTP manual 2.4)."""
    return _send_body(module, "+QHTTPPOST", length, input_time, rsptime)


def _send_body(
    module: Module,
    command: str,
    length: int,
    input_time: int | None,
    rsptime: int | None,
) -> Procedure[Lines]:
    # The syntax has both times or none.
    alone = rsptime is None and module.switches.lone_input_time
    if (input_time is None) != (rsptime is None) and not alone:
        raise CommandFailed(INVALID)
    module.http.require_port()
    exchange = module.http.begin(command)
    input_time, rsptime = input_time or DEFAULT_TIME, rsptime or DEFAULT_TIME
    return _in_hand(module, _upload(module, exchange, length, input_time, rsptime))


def _require_later(module: Module) -> None:
    if not module.switches.later_commands:
        raise CommandFailed


@COMMANDS.test_form("+QHTTPPUT")
def put_form(module: Module) -> Reply:
    """Print the ranges of QHTTPPUT, which are those of QHTTPPOST."""
    _require_later(module)
    return ["+QHTTPPUT: (1-1024000),(1-65535),(1-65535)"]


@COMMANDS.write("+QHTTPPUT", Number(1, POST_LIMIT), OPTIONAL_SECONDS, OPTIONAL_SECONDS)
def put(
    module: Module, length: int, input_time: int | None, rsptime: int | None
) -> Reply:
    """Send a PUT request with a body from the host; for later firmwares."""
    _require_later(module)
    return _send_body(module, "+QHTTPPUT", length, input_time, rsptime)


@COMMANDS.test_form("+QHTTPSTOP")
def stop_form(module: Module) -> Reply:
    """Answer OK if the firmware has QHTTPSTOP."""
    _require_later(module)
    return None


@COMMANDS.execute("+QHTTPSTOP")
def stop(module: Module) -> Reply:
    """Cancel a request; for later firmwares."""
    _require_later(module)
    module.http.stop()
    return None


@COMMANDS.write("+QHTTPPOSTFILE", FILE_NAME, SECONDS)
def post_file(module: Module, name: str, rsptime: int) -> Procedure[Lines]:
    """Send a request with a body from a file (HTTP manual 2.5)."""
    module.http.require_idle()
    content = bytes(module.files.content(name))
    exchange = module.http.begin("+QHTTPPOSTFILE")
    yield from module.http.connect(exchange)
    _automatic_head(module, exchange, len(content))
    exchange.send(content)
    exchange.finish()
    yield from later(module, module.http.report(exchange, rsptime))
    return None


@COMMANDS.execute("+QHTTPREAD")
def read_by_default(module: Module) -> Reply:
    """Print the response with the default time (HTTP manual 2.6)."""
    return read(module, DEFAULT_TIME)


@COMMANDS.write("+QHTTPREAD", SECONDS)
def read(module: Module, wait_time: int) -> Procedure[Lines]:
    """Print the response in data mode (HTTP manual 2.6)."""
    module.http.require_port()
    exchange = module.http.response()
    return _in_hand(module, _read(module, exchange, wait_time))


def _read(module: Module, exchange: HttpExchange, wait_time: int) -> Procedure[Lines]:
    http = module.http
    module.terminal.connect()
    module.terminal.raw(_head(module, exchange))
    result = 0
    try:
        outcome = yield from read_out(module, exchange, wait_time)
        if outcome is DataModeEnd.ESCAPED:
            http.drop()
            return None
    except HttpFailed as failure:
        result = failure.code
    http.done(exchange)
    if result and module.switches.hangup_trailer == "cme":
        raise CommandFailed(result)
    end_read(module, result)
    return None


@COMMANDS.write("+QHTTPREADFILE", FILE_NAME, SECONDS)
def read_file(module: Module, name: str, wait_time: int) -> Reply:
    """Write the response to a file, which may replace an old one (HTTP manual 2.7)."""
    replace = module.switches.stored_response == "replaced"
    if not replace and name in module.files:
        raise CommandFailed(407)
    exchange = module.http.response()
    module.files.create(name, replace=True).extend(_head(module, exchange))
    return later(module, _store(module, exchange, name, wait_time))


def _in_hand(module: Module, procedure: Procedure[Lines]) -> Procedure[Lines]:
    """Run the procedure of a command; if it fails, end the exchange."""
    try:
        return (yield from procedure)
    except CommandFailed:
        if module.http.under_way:
            module.http.drop()
        raise


def _upload(
    module: Module, exchange: HttpExchange, length: int, input_time: int, rsptime: int
) -> Procedure[Lines]:
    """Connect, send the bytes of the host, and wait for the response after OK."""
    yield from module.http.connect(exchange)
    _automatic_head(module, exchange, length)
    outcome = yield from collect(module, length, input_time, exchange.send)
    if outcome is not DataModeEnd.COMPLETE:
        module.http.drop()
        if outcome is DataModeEnd.TIMEOUT:
            raise CommandFailed(module.switches.input_timeout)
        return None
    exchange.finish()
    yield from end_upload(module, module.http.report(exchange, rsptime))
    return None


def _automatic_head(module: Module, exchange: HttpExchange, length: int | None) -> None:
    if not exchange.own_header:
        kind = module.http.settings["contenttype"]
        method = "PUT" if exchange.command == "+QHTTPPUT" else "POST"
        exchange.send(request_head(exchange.url, length, kind, method))


def _get_connected(
    module: Module, exchange: HttpExchange, rsptime: int
) -> Procedure[Lines]:
    yield from module.http.connect(exchange)
    _automatic_head(module, exchange, None)
    exchange.finish()
    yield from later(module, module.http.report(exchange, rsptime))
    return None


def _get_later(module: Module, exchange: HttpExchange, rsptime: int) -> Procedure[None]:
    """Connect after OK; <rsptime> starts there (HTTP manual 2.3)."""
    start = module.scheduler.now
    try:
        yield from exchange.connect(start + rsptime)
    except HttpFailed as failure:
        module.http.drop()
        say_result(module, b"+QHTTPGET: %d" % failure.code)
        return
    _automatic_head(module, exchange, None)
    exchange.finish()
    left = start + rsptime - module.scheduler.now
    yield from module.http.report(exchange, left)


def _head(module: Module, exchange: HttpExchange) -> bytes:
    """Return the head that responseheader=1 prints (HTTP manual 1.2.2)."""
    head = exchange.head
    if head is None or module.http.settings["responseheader"] == 0:
        return b""
    if module.switches.response_head == "received":
        return head.raw
    return head.rewritten(decoded=module.switches.chunked == "decoded")


def _store(
    module: Module, exchange: HttpExchange, name: str, wait_time: int
) -> Procedure[None]:
    content = module.files.content(name)
    result = 0
    try:
        while not exchange.body_done:
            ready = yield Wait(exchange.when, module.scheduler.now + wait_time)
            if not ready:
                exchange.lapse()
                break
            data = exchange.read()
            if len(data) > module.files.free(name):
                raise HttpFailed(729)
            content += data
    except HttpFailed as failure:
        result = failure.code
    module.http.done(exchange)
    say_result(module, b"+QHTTPREADFILE: %d" % result)
