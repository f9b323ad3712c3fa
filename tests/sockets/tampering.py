"""TLS servers in virtual time, and a network that changes what goes to and fro."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from requests_bg96.emulator import Connection, StreamNetwork
from requests_bg96.emulator.callable_network import Part

Direction = Literal["up", "down"]
DIRECTIONS: tuple[Direction, ...] = ("up", "down")
#: What to put in place of one byte.
CHANGES: Mapping[str, Callable[[bytes], bytes]] = {
    "flip": lambda byte: bytes([byte[0] ^ 0x10]),
    "drop": lambda byte: b"",
    "double": lambda byte: byte + byte,
    "insert": lambda byte: b"\x17\x03\x03\x00\x01x" + byte,
}


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of a connection.

    :param direction: of the byte, for the client.
    :param offset: the bytes before it.
    :param kind: a key of `CHANGES`.
    """

    direction: Direction
    offset: int
    kind: str

    def apply(self, data: bytes, at: int) -> bytes:
        """Return `data`, whose first byte is byte `at` of its direction, changed."""
        place = self.offset - at
        if not 0 <= place < len(data):
            return data
        changed = CHANGES[self.kind](data[place : place + 1])
        return data[:place] + changed + data[place + 1 :]


class TamperedServers:
    """TLS servers that give each whole request the same answer.

    :param context: their TLS.
    :param answer: the answer.
    """

    def __init__(self, context: ssl.SSLContext, answer: bytes) -> None:
        self._context = context
        self._answer = answer
        #: What happens to the next connection, and to no other.
        self.change: Change | None = None
        #: What TLS has let through, of each connection.
        self.heard: list[bytes] = []
        #: The bytes of the last connection.
        self.counts: dict[Direction, int] = {"up": 0, "down": 0}

    @property
    def network(self) -> StreamNetwork:
        """A network that has only these servers."""
        return StreamNetwork(self._serve)

    def _serve(self, connection: Connection) -> Iterator[Part]:
        change, self.change = self.change, None
        counts = self.counts = {"up": 0, "down": 0}
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(incoming, outgoing, server_side=True)
        self.heard.append(b"")

        def passed(direction: Direction, data: bytes) -> bytes:
            at, counts[direction] = counts[direction], counts[direction] + len(data)
            return change.apply(data, at) if change is not None else data

        lasts = True
        while lasts:
            lasts = not connection.ended and self._step(tls)
            if out := outgoing.read():
                yield passed("down", out)
            elif lasts:
                yield connection.heard()
                incoming.write(passed("up", connection.read()))

    def _step(self, tls: ssl.SSLObject) -> bool:
        """Go on with a connection; return whether it lasts."""
        try:
            if not (data := tls.read(4096)):
                return False
            self.heard[-1] += data
            if self.heard[-1].endswith(b"}"):
                tls.write(self._answer)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return False
        return True
