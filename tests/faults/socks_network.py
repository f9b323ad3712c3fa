"""A SOCKS proxy in the network of the emulator, and the servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from requests_bg96.emulator import Connection, ReceivedRequest, Silence, StreamNetwork
from requests_bg96.emulator.callable_network import Part

Answer = Callable[[ReceivedRequest], bytes | list[Silence]]


def behind_socks(answer: Answer, whole: Callable[[bytes], bool]) -> StreamNetwork:
    """Return a network with one proxy (SOCKS 5, without a password).

    :param answer: answers the requests of all servers.
    :param whole: whether a request is complete.
    """
    return StreamNetwork(lambda to: _Client(to, answer, whole).parts())


class _Client:
    def __init__(
        self, connection: Connection, answer: Answer, whole: Callable[[bytes], bool]
    ) -> None:
        self._connection = connection
        self._answer = answer
        self._whole = whole
        self._heard = b""

    def parts(self) -> Iterator[Part]:
        """Serve it until it ends, or says what no proxy expects."""
        yield from self._until(lambda heard: len(heard) >= 3)
        if self._take(3) != b"\5\1\0":
            return
        yield b"\5\0"
        yield from self._until(
            lambda heard: len(heard) > 4 and len(heard) > 6 + heard[4]
        )
        if self._connection.ended:
            return
        command = self._take(7 + self._heard[4])
        if command[:4] != b"\5\1\0\3":
            return
        yield b"\5\0\0\1" + bytes(6)
        host, port = command[5:-2].decode("latin-1"), int.from_bytes(
            command[-2:], "big"
        )
        while not self._connection.ended:
            yield from self._until(self._whole)
            if data := self._take(len(self._heard)):
                answer = self._answer(ReceivedRequest(host, port, None, data))
                yield from [answer] if isinstance(answer, bytes) else answer

    def _until(self, enough: Callable[[bytes], bool]) -> Iterator[Part]:
        while not enough(self._heard) and not self._connection.ended:
            yield self._connection.heard()
            self._heard += self._connection.read()

    def _take(self, size: int) -> bytes:
        taken, self._heard = self._heard[:size], self._heard[size:]
        return taken
