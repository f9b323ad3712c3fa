"""The payload at the prompt of AT+QISEND (TCP/IP manual 2.1.7).

The prompt is not data mode: it has no CONNECT and no escape sequence, and DCD stays
off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import NEVER, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("LONGEST", "collect_at_prompt")

#: The most bytes of one AT+QISEND (TCP/IP manual 2.1.7).
LONGEST = 1460

SEND = b"\x1a"
CANCEL = b"\x1b"


def collect_at_prompt(module: Module, length: int | None) -> Procedure[bytes]:
    """Send the prompt, and return the payload of the host.

    :param length: the bytes of payload. With None, Ctrl-Z ends it and ESC cancels it.
    :raises CommandFailed: with the reason in AT+QIGETERROR: 571 if the host cancels,
        552 if the payload is too long, 569 if the time is over.
    """
    terminal = module.terminal
    until = module.scheduler.now + (module.switches.prompt_time or NEVER)
    data = bytearray()
    with terminal.prompt():
        # A line feed directly after the command line belongs to that line.
        late = not terminal.input
        while length is None or len(data) < length:
            if not (yield Wait(terminal.input.when, until)):
                raise module.contexts.fail(569)
            claimed, late = terminal.claims_next(late=late), True
            if claimed:
                terminal.input.take(1)
                continue
            _, piece = terminal.input.take(1 if length is None else length - len(data))
            if length is None and piece in (SEND, CANCEL):
                return _typed(module, bytes(data), piece)
            data += piece[: LONGEST + 1 - len(data)]
            if module.sockets.echoes:
                terminal.raw(piece)
    return bytes(data)


def _typed(module: Module, data: bytes, end: bytes) -> bytes:
    if end == CANCEL:
        raise module.contexts.fail(571)
    if len(data) > LONGEST:
        raise module.contexts.fail(552)
    return data
