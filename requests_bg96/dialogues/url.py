"""The URL of the next request (HTTP manual 2.2)."""

from __future__ import annotations

from ..at.parameters import joined
from ..at.steps import Command, Dialogue, Reply, asked, must, prove
from ..base import repeating, times
from ..base.knowledge import Knowledge
from ..errors import TransferError
from .request import Request

__all__ = ("ensure", "set_behind")


def ensure(request: Request, known: Knowledge) -> Dialogue[None]:
    """Set the URL; if the server will be checked, read the URL back.

    The module checks the server for the host in its URL. Noise may change that host to
    another one, whose server has a valid certificate.
    """
    checked = request.trust is not None and request.trust.ca is not None
    for _ in repeating.URL.times:
        if known.told.url != request.url:
            known.told.url = known.told.confirmed_url = None
            yield from must(_command(request.url))
            known.told.url = request.url
        if not checked or known.told.confirmed_url == request.url:
            return
        # Then the answer certainly comes from the module.
        yield from prove()
        if (yield from _has(request.url)):
            known.told.confirmed_url = request.url
            return
        known.told.url = None
    raise TransferError(
        f"the URL did not arrive unchanged in {repeating.URL.attempts} attempts; "
        "check the line's speed and wiring",
        command="AT+QHTTPURL",
    )


def set_behind(text: str, url: bytes | None, known: Knowledge) -> Dialogue[Reply]:
    """Give other commands, and set the URL in the same line if it is a new one.

    V.250 5.2 has CONNECT as the result of ``ATD`` behind other commands; no document
    has such a line with AT+QHTTPURL. So the first URL has a line of its own, and later
    ones too if the module answers this line in another way.

    :param text: the other commands.
    :param url: the URL; None sets none.
    :returns: the information lines of the other commands.
    """
    is_later = known.told.url not in (None, url)
    if url is not None and is_later and not known.url_apart:
        known.url_apart = True
        known.told.url = known.told.confirmed_url = None
        reply = yield from asked(_command(url, text))
        if reply.ok:
            known.url_apart = False
            known.told.url = url
            return reply
    return (yield from asked(Command(text)))


def _command(url: bytes, *before: str) -> Command:
    return Command(
        joined(*before, f"+QHTTPURL={len(url)},{times.URL}"),
        payload=url,
        payload_timeout=times.URL + 1,
    )


def _has(url: bytes) -> Dialogue[bool]:
    """Ask the module for its URL; return whether it is this one."""
    reply = yield from must(Command("+QHTTPURL?"))
    found = [value.strip('"') for value in reply.values("+QHTTPURL")]
    return found == [url.decode("ascii")]
