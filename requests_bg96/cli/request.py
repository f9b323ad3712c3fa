"""``requests-bg96 get`` and the commands for the other methods."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from types import TracebackType
from typing import Any

import click
import requests
from requests.utils import super_len
from urllib3.util import Timeout

from ..adapter import BG96Adapter
from .failures import FAILED, TIMEOUT, Failure
from .options import SettingsCommand, as_json
from .output import show_json
from .progress import Bar
from .request_parts import body_of, credentials, headers_of, with_scheme
from .response_output import ReceivedBody, as_data, head_of, show, write
from .session import SECONDS, with_session

__all__ = (
    "delete_command",
    "get_command",
    "head_command",
    "patch_command",
    "post_command",
    "put_command",
)

_HELP = """{summary}

The body of the response goes to standard output: to a terminal as text, elsewhere as
bytes. A URL without a scheme is http://. The exit status is 0 for any answer of the
server; with --fail it is 5 for 4xx and 5xx.

The settings of the module are those of the adapter. Nothing of this machine's network
is used: no proxy, no netrc.
"""

_BODY = (
    click.option(
        "-d",
        "--data",
        metavar="DATA",
        multiple=True,
        help="The body: a text, @FILE, or @- for standard input, as it is. Several are "
        "joined by &. The Content-Type is that of a form, unless -H tells another.",
    ),
    click.option(
        "-F",
        "--form",
        "fields",
        metavar="NAME=VALUE",
        multiple=True,
        help="A field of a form with files: name=value, or name=@FILE, which may end "
        "in ;type=... and ;filename=...",
    ),
    click.option(
        "-j",
        "--json-data",
        metavar="JSON",
        help="The body, as JSON: a text, @FILE, or @-. (--json is for the output.)",
    ),
)
_OPTIONS = (
    click.option(
        "-H",
        "--header",
        "headers",
        metavar="NAME:VALUE",
        multiple=True,
        help='A header. "NAME:" leaves out one that is sent otherwise.',
    ),
    click.option(
        "-u",
        "--user",
        metavar="USER[:PASSWORD]",
        help="For the server. Without PASSWORD, it is asked for, and not shown.",
    ),
    click.option("-L", "--location", is_flag=True, help="Follow redirects."),
    click.option(
        "-f", "--fail", is_flag=True, help="Fail if the server answers 4xx or 5xx."
    ),
    click.option(
        "-m",
        "--max-time",
        metavar="SECONDS",
        type=SECONDS,
        help="Seconds for everything together.",
    ),
    click.option("-i", "--include", is_flag=True, help="Show the head as well."),
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="Write the body to FILE, or with - to standard output in any case.",
    ),
    as_json,
)


def _command(method: str, summary: str, *, body: bool = True) -> click.Command:
    """Make the command for a method.

    :param summary: the first line of its help.
    :param body: whether it takes a body.
    """

    def run(session: requests.Session, shown: Bar, **given: Any) -> None:
        _run(session, shown, method.upper(), **given)

    run.__doc__ = _HELP.format(summary=summary)
    made = with_session(run)
    for option in reversed(((*_BODY, *_OPTIONS) if body else _OPTIONS)):
        made = option(made)
    return click.command(method, cls=SettingsCommand)(click.argument("url")(made))


def _run(
    session: requests.Session,
    shown: Bar,
    method: str,
    *,
    url: str,
    location: bool,
    max_time: float | None,
    fail: bool,
    **given: Any,
) -> None:
    request = _prepared(session, method, url, given)
    adapter = session.get_adapter(request.url or "")
    assert isinstance(adapter, BG96Adapter)
    _watch(shown, adapter, super_len(request.body or b""))
    with _Limit(max_time) as limit:
        response = session.send(
            request,
            stream=True,
            allow_redirects=location,
            timeout=_timeout(adapter, max_time),
            verify=session.verify,
            cert=session.cert,
            proxies={},
        )
        limit.watch(response)
        with response:
            _refuse(response, fail=fail)
            body = ReceivedBody(response, limit.is_over)
            _deliver(response, body, shown, method=method, **given)


def _prepared(
    session: requests.Session, method: str, url: str, given: dict[str, Any]
) -> requests.PreparedRequest:
    """Return the request, and take the options for it out of `given`."""
    body, headers = body_of(
        given.pop("data", ()), given.pop("fields", ()), given.pop("json_data", None)
    )
    told = headers_of(given.pop("headers"))
    names = {name.lower() for name in told}
    kept = {name: value for name, value in headers.items() if name.lower() not in names}
    request = requests.Request(
        method,
        with_scheme(url),
        headers={**kept, **told},
        auth=credentials(given.pop("user")),
        **body,
    )
    return session.prepare_request(request)


def _timeout(adapter: BG96Adapter, max_time: float | None) -> Any:
    if max_time is None:
        return None
    connect, read = adapter.timeout
    return Timeout(max_time, connect=min(connect, max_time), read=min(read, max_time))


class _Limit:
    """Ends a response when the time is over.

    :param seconds: None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + (seconds or 0.0)
        self._timer: threading.Timer | None = None
        self._response: requests.Response | None = None

    def watch(self, response: requests.Response) -> None:
        """Begin to watch a response."""
        if self._seconds is not None:
            self._response = response
            left = max(0.0, self._end - time.monotonic())
            self._timer = threading.Timer(left, self._cut)
            self._timer.daemon = True
            self._timer.start()

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return self._seconds is not None and time.monotonic() >= self._end

    def _cut(self) -> None:
        # urllib3 has this from 2.3 on. Before, each silence ends by its own timeout.
        raw = getattr(self._response, "raw", None)
        if raw is not None and hasattr(raw, "shutdown"):
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                raw.shutdown()

    def __enter__(self) -> _Limit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.is_over() and (
            error is None or isinstance(error, requests.RequestException)
        ):
            text = f"the response did not end within {self._seconds:g} s"
            raise Failure(text, "--max-time sets this time", TIMEOUT) from error


def _watch(shown: Bar, adapter: BG96Adapter, size: int) -> None:
    """Show how much of the request has gone to the module."""
    stats = adapter.modem.stats
    before = stats.line_bytes_up
    if size:
        shown.begin("sending", lambda: stats.line_bytes_up - before, size)
    else:
        shown.begin("waiting", lambda: 0, None)


def _refuse(response: requests.Response, *, fail: bool) -> None:
    if fail and response.status_code >= 400:
        status = f"{response.status_code} {response.reason or ''}".rstrip()
        raise Failure(
            f"the server answered {status}", "without --fail, its body is shown", FAILED
        )


def _deliver(
    response: requests.Response,
    body: ReceivedBody,
    shown: Bar,
    *,
    method: str,
    include: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Write the response where the options say."""
    shown.begin("receiving", lambda: body.bytes, body.size)
    if output not in (None, "-"):
        _store(response, body, str(output), include=include and not as_json)
        told = None
    elif as_json:
        told = b"".join(body)
    else:
        if sys.stdout.isatty():
            # Both would be drawn over each other.
            shown.end()
        as_bytes = output == "-"
        show(response, body, include=include or method == "HEAD", as_bytes=as_bytes)
        return
    shown.end()
    if as_json:
        show_json(as_data(response, told))


def _store(
    response: requests.Response, body: ReceivedBody, path: str, *, include: bool
) -> None:
    with open(path, "wb") as file:
        if include:
            for one in (*response.history, response):
                file.write(head_of(one).encode("latin-1", "replace"))
        write(body, file)


get_command = _command("get", "Fetch URL over the modem.", body=False)
head_command = _command("head", "Show the head of URL, over the modem.", body=False)
post_command = _command("post", "Send a POST to URL over the modem.")
put_command = _command("put", "Send a PUT to URL over the modem.")
patch_command = _command("patch", "Send a PATCH to URL over the modem.")
delete_command = _command("delete", "Send a DELETE to URL over the modem.")
