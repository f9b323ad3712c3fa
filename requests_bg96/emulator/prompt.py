"""Payload at the prompt of AT+QISEND (TCP/IP manual 2.1.7).

That is no data mode: there is no CONNECT and no escape sequence, and DCD stays off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import NEVER, Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ["LONGEST", "collect_at_prompt"]

#: Bytes that one AT+QISEND takes (TCP/IP manual 2.1.7).
LONGEST = 1460

SEND = b"\x1a"
CANCEL = b"\x1b"


def collect_at_prompt(module: Module, length: int | None) -> Procedure[bytes]:
    """Say the prompt, and return what the host sends.

    :param length: bytes; None is up to Ctrl-Z, and ESC gives it up.
    :raises CommandFailed: 571 where it is given up, 552 where it is too long, 569
        where the time is over, each by AT+QIGETERROR.
    """
    terminal = module.terminal
    until = module.scheduler.now + (module.switches.prompt_time or NEVER)
    data = bytearray()
    with terminal.prompt():
        # Directly behind the command line a line feed is part of it.
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
