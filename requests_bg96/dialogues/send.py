"""Send a request to a module that is set up."""

from __future__ import annotations

import hashlib

from ..at.steps import AwaitLateAnswer, Command, Dialogue, Reply, must
from ..base import times
from ..base.knowledge import Knowledge
from ..base.module_files import request_name
from ..errors import ModuleError, NoAnswer
from ..settings import Settings
from . import url
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
    yield from url.ensure(request, known)
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
