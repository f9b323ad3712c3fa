"""One exchange in a trace."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

from urllib3.response import HTTPResponse

from ..base.recording import Line, Recording
from ..errors import BG96Error
from .redaction import shown_header, shown_url

__all__ = ("TraceEntry", "Header")

Header = tuple[str, str]

#: A header may continue on the next line, which begins with a blank (RFC 9112 5.2).
_FOLD = re.compile(r"\r?\n[ \t]+")


class TraceEntry:
    """One request, its response, and the AT dialogue of both.

    :param recording: the dialogue.
    :param method: the method.
    :param url: the URL.
    :param via: the way to the server: ``line``, ``file`` or ``socket``.
    :param secrets: whether to keep all values of headers and URLs.
    """

    def __init__(
        self,
        recording: Recording,
        method: str,
        url: str,
        *,
        via: str = "line",
        secrets: bool = False,
    ) -> None:
        self.recording = recording
        #: When it began, by the clock of this machine.
        self.started = datetime.datetime.now(datetime.timezone.utc)
        self.method = method
        self._secrets = secrets
        self.url = shown_url(url, secrets=secrets)
        self.via = via
        self.request_headers: tuple[Header, ...] = ()
        #: The bytes of the request's head and body, as far as they are known.
        self.request_head_size = 0
        self.request_body_size = 0
        #: The status of the response; 0 without a response.
        self.status = 0
        self.reason = ""
        self.http_version = ""
        self.response_headers: tuple[Header, ...] = ()
        #: The bytes of the response's head; -1 if that is not known.
        self.response_head_size = -1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method}, {self.status}>"

    @property
    def lines(self) -> tuple[Line, ...]:
        """The dialogue: seconds since the request began, the phase, the line."""
        return tuple(self.recording.lines)

    @property
    def omitted_lines(self) -> int:
        """How many more lines the dialogue had."""
        return self.recording.omitted

    @property
    def seconds(self) -> dict[str, float]:
        """By phase: how long it took, in seconds."""
        return dict(self.recording.seconds)

    @property
    def line_bytes_up(self) -> int:
        """All bytes to the module: commands, and the request.

        Over sockets, several exchanges share the line. These are the bytes of the turns
        in which this one had it.
        """
        return self.recording.line_bytes_up

    @property
    def line_bytes_down(self) -> int:
        """The same from the module."""
        return self.recording.line_bytes_down

    @property
    def response_body_size(self) -> int:
        """The bytes of the body on the line; -1 if that is not known."""
        received = self.recording.received
        if received is None or self.response_head_size < 0:
            return -1
        return max(-1, received - self.response_head_size)

    @property
    def error(self) -> str | None:
        """Why the exchange failed, in words without secrets; None if it did not."""
        error = self.recording.error
        if error is None:
            return None
        # Other errors may quote the response.
        return str(error) if isinstance(error, BG96Error) else type(error).__name__

    def sends(self, data: bytes | bytearray) -> None:
        """Record a piece of the request, as it is sent; the first is the head."""
        if self.request_head_size:
            self.request_body_size += len(data)
            return
        lines = _FOLD.sub(" ", data.decode("latin-1")).split("\r\n")[1:]
        fields = (line.partition(":") for line in lines if line)
        self.request_headers = self._shown((n, v.strip()) for n, _, v in fields)
        self.request_head_size = len(data)

    def answer(self, response: HTTPResponse) -> None:
        """Record the status and the headers of the response."""
        self.status = response.status
        self.reason = response.reason or ""
        self.http_version = "HTTP/1.0" if response.version == 10 else "HTTP/1.1"
        headers = [*response.headers.items()]
        self.response_head_size = len("HTTP/1.1 200 \r\n\r\n") + len(self.reason)
        self.response_head_size += sum(len(f"{n}: {v}\r\n") for n, v in headers)
        self.response_headers = self._shown(headers)

    def fail(self, error: BaseException) -> None:
        """Record that the exchange failed with `error`."""
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, BG96Error):
            cause = cause.__cause__
        self.recording.end(cause or error)

    def _shown(self, headers: Iterable[Header]) -> tuple[Header, ...]:
        return tuple(
            (name, shown_header(name, value, secrets=self._secrets))
            for name, value in headers
        )
