"""The server that does not attack: it answers each request with a word of its own."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pathlib
import ssl
import tempfile
from collections.abc import Iterator

from requests_bg96.emulator import Connection, ReceivedRequest, StreamNetwork
from requests_bg96.emulator.callable_network import Part
from requests_bg96.emulator.request_framing import RequestFraming
from tests.adversary.plans import BANK
from tests.certificates import authority, issue
from tests.support import response
from tests.tls_servers import server_context

__all__ = ("Bank", "Given", "WORD", "authority_file")

#: The field of a response that also has its word.
WORD = b"X-Word"
#: The port of https: there, a connection without TLS of the module has the host's.
HTTPS = 443


@dataclasses.dataclass(frozen=True)
class Given:
    """A request, which was given an answer.

    :param data: its bytes.
    :param tls: whether it came by TLS.
    :param checked: whether the module has checked the server before. TLS of the host is
        Python's, which does not tell the server.
    """

    data: bytes
    tls: bool
    checked: bool


class Bank:
    """A server that answers each request with a word that nobody else knows."""

    def __init__(self) -> None:
        #: The requests by their answers.
        self.given: dict[bytes, Given] = {}

    @property
    def network(self) -> StreamNetwork:
        """A network that has only this server."""
        return StreamNetwork(self._stream, self)

    def __call__(self, request: ReceivedRequest) -> bytes:
        tls = request.tls
        checked = tls is not None and bool(tls.level) and tls.check_host
        return self._answer(Given(request.data, tls is not None, checked))

    def _answer(self, given: Given) -> bytes:
        word = hashlib.sha256(b"%d of the bank" % len(self.given)).hexdigest().encode()
        self.given[word] = given
        return response(word, b"%b: %b" % (WORD, word))

    def _stream(self, connection: Connection) -> Iterator[Part] | None:
        return self._secured(connection) if connection.port == HTTPS else None

    def _secured(self, connection: Connection) -> Iterator[Part]:
        """Serve a connection whose TLS the host makes."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _context().wrap_bio(incoming, outgoing, server_side=True)
        framing, lasts = RequestFraming(), True
        while lasts:
            lasts = not connection.ended and self._step(tls, framing)
            if out := outgoing.read():
                yield out
            elif lasts:
                yield connection.heard()
                incoming.write(connection.read())

    def _step(self, tls: ssl.SSLObject, framing: RequestFraming) -> bool:
        """Continue a connection; return whether it lasts."""
        try:
            if not (data := tls.read(4096)):
                return False
            if (request := framing.feed(data)) is not None:
                tls.write(self._answer(Given(request, True, True)))
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return False
        return True


@functools.lru_cache(maxsize=None)
def _files() -> tempfile.TemporaryDirectory[str]:
    """A folder for as long as this process."""
    return tempfile.TemporaryDirectory()


@functools.lru_cache(maxsize=None)
def authority_file() -> str:
    """The path of the CA's certificate for the bank."""
    path = pathlib.Path(_files().name, "root.pem")
    path.write_bytes(authority("Root").pem)
    return str(path)


@functools.lru_cache(maxsize=None)
def _context() -> ssl.SSLContext:
    shown = issue("bank", authority("Root"), hosts=(BANK,))
    return server_context(shown, pathlib.Path(_files().name))
