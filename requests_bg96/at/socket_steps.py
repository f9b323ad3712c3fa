"""The steps that send and fetch the payload of sockets."""

from __future__ import annotations

import dataclasses

from .steps import Command, Kind, Reply

__all__ = ("MOST_READ", "MOST_SENT", "Fetch", "Fetched", "Send")

#: Bytes of one AT+QISEND (TCP manual 2.1.7).
MOST_SENT = 1_460
#: Bytes of one AT+QIRD (TCP manual 2.1.8).
MOST_READ = 1_500

_SENT = (b"SEND OK", b"SEND FAIL")


@dataclasses.dataclass(repr=False)
class Send(Command):
    """AT+QISEND: its `payload` follows the prompt; the result is a `Reply`.

    The final result code is then ``SEND OK`` or ``SEND FAIL``.
    """

    def kind_of(self, line: bytes) -> Kind:
        """Return what `line` means while this is the current command."""
        # A blank that belongs to the prompt may come after it.
        line = line.lstrip(b" ")
        if line in _SENT:
            return Kind.FINAL
        return super().kind_of(line) if line else Kind.INFORMATION


@dataclasses.dataclass(repr=False)
class Fetch(Command):
    """AT+QIRD; the result is `Fetched`.

    :param size: the most bytes.
    """

    size: int = MOST_READ


@dataclasses.dataclass(frozen=True)
class Fetched:
    """The answer to `Fetch`.

    :param reply: its end.
    :param data: the bytes.
    """

    reply: Reply
    data: bytes = dataclasses.field(repr=False)
