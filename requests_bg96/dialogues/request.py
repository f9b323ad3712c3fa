"""A request in the form that the module takes."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Callable

from ..at.steps import Command
from ..base import times
from ..base.codes import FILE_LIMIT, SECONDS_LIMIT, Limits
from ..base.module_files import Progress, request_name
from ..base.recording import Recording
from ..base.trust import Trust
from ..errors import LimitError, Phase, UnfitURL

__all__ = ("NETWORK_BYTES_PER_SECOND", "Request", "whole_seconds")

#: The slowest network (hardware design manual 2.2: NB-IoT, 32 kbit/s), by half.
NETWORK_BYTES_PER_SECOND = 2_000

#: Bytes that would end a URL, or are not ASCII.
_UNFIT = re.compile(rb"[^\x21-\x7e]")


@dataclasses.dataclass(frozen=True)
class Request:
    """A request in the form that the module takes.

    :param method: the method; the module does not look at it.
    :param url: the URL for AT+QHTTPURL; only scheme, host and port matter.
    :param data: the bytes of the request, from the request line to the end of the body.
    :param body: whether there is a body.
    :param by_file: whether request and response go by files in the module, each with a
        checksum. A request that is too large for AT+QHTTPPOST goes by file in any
        case; its response does not.
    :param trust: the checks of the connection, with https.
    :param handshake_seconds: how long the handshake may take.
    :param progress: called while certificates are sent to the module.
    :param on_unchecked: called before anything is sent to a server whose name the
        module cannot check.
    :param limits: the limits of the module.
    :param recording: gets the dialogue and the times of its phases, for a trace.
    :raises LimitError: if the module cannot take it.
    """

    method: str
    url: bytes
    data: bytes
    body: bool
    by_file: bool = False
    trust: Trust | None = None
    handshake_seconds: float = 60.0
    progress: Progress | None = None
    on_unchecked: Callable[[], None] | None = None
    limits: Limits = Limits()
    recording: Recording | None = None

    def __repr__(self) -> str:
        # The URL, the head and the body may all hold secrets.
        return f"<{type(self).__name__} {self.method}, {len(self.data)} bytes>"

    def __post_init__(self) -> None:
        if len(self.url) > self.limits.url:
            raise UnfitURL(
                f"the URL's host alone has {len(self.url)} bytes; the module takes "
                f"at most {self.limits.url}"
            )
        if _UNFIT.search(self.url):
            raise UnfitURL(
                "the URL contains blanks, control characters or non-ASCII; "
                "percent-encode them"
            )
        self.check_size(len(self.data))

    @staticmethod
    def check_size(size: int) -> None:
        """Refuse a request that already has `size` bytes, if that is too large."""
        if size > FILE_LIMIT:
            raise LimitError(
                f"the request has more than {FILE_LIMIT:,} bytes (header and body), "
                "which do not fit into the module's file system; send it in several "
                "requests"
            )

    def within(self, limits: Limits) -> Request:
        """Return the request in the form for a module with these `limits`.

        :raises LimitError: if the module cannot take it.
        """
        if limits == self.limits:
            return self
        url = self.url if len(self.url) <= limits.url else self.origin + b"/"
        return dataclasses.replace(self, url=url, limits=limits)

    @functools.cached_property
    def origin(self) -> bytes:
        """Scheme, host and port of the URL."""
        return b"/".join(self.url.split(b"/", 3)[:3])

    @functools.cached_property
    def uploaded(self) -> bool:
        """Whether it is sent to the module as a file."""
        return self.by_file or len(self.data) > self.limits.post

    @functools.cached_property
    def name(self) -> str:
        """The command that sends it, which is also the name of its result URC."""
        if self.uploaded:
            return "+QHTTPPOSTFILE"
        by_get = not self.body and len(self.data) <= self.limits.get
        return "+QHTTPGET" if by_get else "+QHTTPPOST"

    def command(
        self,
        read_seconds: float,
        baudrate: int,
        *,
        rtscts: bool = False,
        prompt: bool = False,
    ) -> Command:
        """Return the command that sends it.

        :param read_seconds: how long the module may wait for the response.
        :param baudrate: the speed of the line, for the time of the upload.
        :param rtscts: whether the module can stop the line.
        :param prompt: whether the module is known to send OK before the result.
        """
        # Twice the time of the line, because a module may stop it now and then; plus
        # the time of the network, because a module may stop it until it has sent its
        # bytes.
        size = len(self.data)
        network = size / NETWORK_BYTES_PER_SECOND if rtscts else 0
        line = 20 * size / baudrate + network
        upload = whole_seconds(10 + line)
        wait = whole_seconds(read_seconds)
        order = (
            (wait, size, upload) if self.name == "+QHTTPGET" else (size, upload, wait)
        )
        return Command(
            f"{self.name}={','.join(map(str, order))}",
            timeout=times.MODULE_CONNECTS + 5,
            payload=self.data,
            # OK must not take longer than a response may.
            payload_timeout=min(upload + 1, read_seconds + line),
            result_timeout=None if prompt else read_seconds + line,
            payload_phase=Phase.SEND,
            reports=True,
            bulky=True,
        )

    def file_command(self, read_seconds: float, *, prompt: bool = False) -> Command:
        """Return the command that sends it from its file in the module.

        The parameters are those of `command`.
        """
        name = request_name(self.data)
        return Command(
            f'{self.name}="{name}",{whole_seconds(read_seconds)}',
            timeout=times.MODULE_CONNECTS + 5,
            result_timeout=None if prompt else read_seconds,
            commits=True,
            reports=True,
        )


def whole_seconds(seconds: float) -> int:
    """Return `seconds` in the form that the module takes: whole ones, 1 to 65,535."""
    return min(max(math.ceil(seconds), 1), SECONDS_LIMIT)
