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
    """AT+QIRD, once or more often on one line; the result is `Fetched`.

    :param size: the most bytes of each read.
    :param reads: how often the line reads.
    :param counts: whether the line ends with a question for the counters, whose answer
        has no payload.
    """

    size: int = MOST_READ
    reads: int = 1
    counts: bool = False

    @property
    def is_joined(self) -> bool:
        """Whether the line has more than one command."""
        return self.reads > 1 or self.counts


@dataclasses.dataclass(frozen=True)
class Fetched:
    """The answer to `Fetch`.

    :param reply: its end.
    :param blocks: the bytes of each read. If the module has refused one, its bytes and
        those of the later ones are missing.
    :param counted: whether the counters were told.
    """

    reply: Reply
    blocks: tuple[bytes, ...] = dataclasses.field(repr=False)
    counted: bool = dataclasses.field(default=False, repr=False)

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(self.blocks)
