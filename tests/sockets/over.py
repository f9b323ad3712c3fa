"""A session whose requests go by sockets of a module, to real servers on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.emulator import Connection, Emulator, StreamNetwork
from requests_bg96.emulator.callable_network import Part
from tests.certificates import HERE, authority, issue
from tests.sockets.stage import Stage, stage
from tests.tls_servers import server_context

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclasses.dataclass
class Over:
    """A session, and what it uses."""

    session: requests.Session
    adapter: BG96Adapter
    emulator: Emulator
    traffic: list[tuple[str, bytes]]

    @property
    def modem(self) -> BG96Modem:
        """The adapter's modem."""
        return self.adapter.modem

    def count(self, command: str) -> int:
        """How often the host has given a command, such as ``QISEND``."""
        said = b"".join(data for way, data in self.traffic if way == "from_host")
        return len(re.findall(rb"\+%b=[\d\"]" % command.encode(), said))


@contextlib.contextmanager
def over_sockets(
    kind: type[BG96Adapter] = BG96Adapter, **arguments: Any
) -> Iterator[Over]:
    """A session over an emulator.

    :param kind: the class of the adapter.
    :param arguments: of the adapter.
    """
    arguments.setdefault("via", "socket")
    traffic: list[tuple[str, bytes]] = []
    with (
        Emulator(on_line=lambda way, data: traffic.append((way, data))) as emulator,
        requests.Session() as session,
    ):
        adapter = kind(emulator.url, **arguments)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield Over(session, adapter, emulator, traffic)


class Authorities:
    """A CA that is trusted, and the certificates that it issues.

    :param directory: for files.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.root = authority("Root")
        self.file = str(directory / "root.pem")
        pathlib.Path(self.file).write_bytes(self.root.pem)

    def context(
        self,
        version: ssl.TLSVersion = TLS13,
        *,
        hosts: tuple[str, ...] = HERE,
        trusted: bool = True,
        ecdsa: bool = False,
        **arguments: Any,
    ) -> ssl.SSLContext:
        """The context of a server that speaks one version.

        :param trusted: whether the trusted CA has issued its certificate.
        """
        key = ec.generate_private_key(ec.SECP256R1()) if ecdsa else None
        issuer = self.root if trusted else authority("Stranger")
        shown = issue("server", issuer, hosts=hosts, key=key)
        return server_context(
            shown, self.directory, versions=(version, version), **arguments
        )


Answer = Callable[[bytes], bytes]


def answering(answer: Answer) -> StreamNetwork:
    """A network of servers that answer each request without a body.

    :param answer: returns the answer to a request.
    """

    def server(connection: Connection) -> Iterator[Part]:
        heard = b""
        while True:
            yield connection.heard()
            heard += connection.read()
            if connection.ended:
                return
            while b"\r\n\r\n" in heard:
                head, end, heard = heard.partition(b"\r\n\r\n")
                yield answer(head + end)

    return StreamNetwork(server)


@contextlib.contextmanager
def in_virtual_time(
    answer: Answer, **arguments: Any
) -> Iterator[tuple[Stage, requests.Session]]:
    """A session by sockets to servers that are a function, in virtual time.

    :param arguments: of the adapter.
    """
    with stage(network=answering(answer)) as made, requests.Session() as session:
        adapter = BG96Adapter(made.modem, via="socket", **arguments)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield made, session
