"""Send a request to a module that is set up."""

from __future__ import annotations

import hashlib

from ..at.steps import AwaitLateAnswer, Command, Dialogue, Reply, must, prove
from ..base import repeating, times
from ..base.knowledge import Knowledge
from ..base.module_files import request_name
from ..errors import ModuleError, NoAnswer, TransferError
from ..settings import Settings
from .files import store
from .request import Request
from .temporary import delete_leftovers

__all__ = ("send",)


def send(
    request: Request,
    read_seconds: float,
    baudrate: int,
    settings: Settings,
    known: Knowledge,
) -> Dialogue[None]:
    """Send the URL and the request to a module that is set up.

    :param baudrate: the speed of the line, for the time of the upload.
    :raises ModuleError: if the module refuses them.
    """
    yield from _set_url(request, known)
    if request.uploaded:
        yield from _upload(request, known)
        command = request.file_command(read_seconds, prompt=known.prompt)
    else:
        command = request.command(
            read_seconds, baudrate, rtscts=settings.rtscts, prompt=known.prompt
        )
    # If anything fails, this is no longer certain, because noise can fake it.
    known.prompt = False
    reply = yield from _commit(command) if request.uploaded else must(command)
    known.prompt = not reply.lines


def _set_url(request: Request, known: Knowledge) -> Dialogue[None]:
    """Set the URL; if the server will be checked, read the URL back.

    The module checks the server for the host in its URL. Noise may change that host to
    another one, whose server has a valid certificate.
    """
    checked = request.trust is not None and request.trust.ca is not None
    for _ in repeating.URL.times:
        if known.told.url != request.url:
            yield from _give_url(request.url, known)
        if not checked or known.told.confirmed_url == request.url:
            return
        # Then the answer certainly comes from the module.
        yield from prove()
        if (yield from _has_url(request.url)):
            known.told.confirmed_url = request.url
            return
        known.told.url = None
    raise TransferError(
        f"the URL did not arrive unchanged in {repeating.URL.attempts} attempts; "
        "check the line's speed and wiring",
        command="AT+QHTTPURL",
    )


def _give_url(url: bytes, known: Knowledge) -> Dialogue[None]:
    known.told.url = known.told.confirmed_url = None
    yield from must(
        Command(
            f"+QHTTPURL={len(url)},{times.URL}",
            payload=url,
            payload_timeout=times.URL + 1,
        )
    )
    known.told.url = url


def _has_url(url: bytes) -> Dialogue[bool]:
    """Ask the module for its URL; return whether it is this one."""
    reply = yield from must(Command("+QHTTPURL?"))
    found = [value.strip('"') for value in reply.values("+QHTTPURL")]
    return found == [url.decode("ascii")]


def _upload(request: Request, known: Knowledge) -> Dialogue[None]:
    """Store the request in the file that the module will send (HTTP manual 2.5).

    If an earlier upload of this file did not end properly, it is sent again, even if
    the size is right.
    """
    yield from delete_leftovers(known)
    name = request_name(request.data)
    known.temporary_files.add(name)
    digest = hashlib.sha256(request.data).digest()
    always = known.contents.pop(name, b"") != digest
    yield from store(name, request.data, request.progress, always=always)
    known.contents[name] = digest


def _commit(command: Command) -> Dialogue[Reply]:
    """Give a command that sends the request; never give it twice.

    Noise may have made an error of the module's OK. So wait for an OK after an error.
    """
    try:
        return (yield from must(command))
    except ModuleError:
        try:
            reply: Reply = yield AwaitLateAnswer(command, times.CONTRADICTION)
        except NoAnswer:
            reply = Reply(b"ERROR")
        if not reply.ok:
            raise
        return reply
