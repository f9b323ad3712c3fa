"""Support for the tests of HTTPS: a network that records the TLS settings."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import pathlib
import random
from collections.abc import Iterator
from typing import Any

from requests_bg96.emulator import (
    CallableNetwork,
    Fault,
    ReceivedRequest,
    Switches,
    TlsSettings,
)
from tests.certificates import authority, issue
from tests.support import Answers, Rig, response, rig

URL = "https://server.example/"
#: A firmware that can check everything.
LATER = Switches(sni_checkhost=True)
#: The bytes of an upload before the wrong one.
MIDDLE = 300


class RecordingServers:
    """All servers. They record the TLS settings of each connection."""

    def __init__(self, answer: Answers = response(b"hello")) -> None:
        self.seen: list[TlsSettings] = []
        self.hosts: list[str] = []
        self.requests: list[bytes] = []
        self.answer = answer

    def connect(self, host: str, port: int, tls: TlsSettings | None) -> None:
        """Record the settings of a connection."""
        assert tls is not None
        self.hosts.append(host)
        self.seen.append(tls)

    def __call__(self, request: ReceivedRequest) -> Answers:
        self.requests.append(request.data)
        return self.answer

    @property
    def levels(self) -> list[int]:
        """The level of each connection."""
        return [tls.level for tls in self.seen]


@contextlib.contextmanager
def secured(
    servers: RecordingServers, switches: Switches = LATER, **arguments: Any
) -> Iterator[Rig]:
    """A session over a modem, with these servers.

    :param arguments: of `tests.support.rig`.
    """
    network = CallableNetwork(servers)
    with rig(network=network, switches=switches, **arguments) as made:
        yield made


def root_pem(name: str = "Root") -> bytes:
    """The certificate of a CA, always the same."""
    return _root_pem(name)


@functools.lru_cache(maxsize=None)
def _root_pem(name: str) -> bytes:
    return authority(name).pem


def root_file(directory: pathlib.Path, name: str = "Root") -> str:
    """The path of a CA's certificate."""
    path = directory / f"{name}.pem"
    path.write_bytes(root_pem(name))
    return str(path)


def client_files(directory: pathlib.Path, name: str = "client") -> tuple[str, str]:
    """The paths of a client's certificate and key."""
    return issue(name, authority("Root")).save(directory, name)


def colliding_files(directory: pathlib.Path) -> tuple[str, str]:
    """Two files of one size that have the same name in the module."""
    known: dict[bytes, bytes] = {}
    for number in itertools.count():
        pem = b"-----BEGIN CERTIFICATE-----\nMII%09d\n-----END CERTIFICATE-----\n"
        content = pem % number
        digest = hashlib.sha256(content).digest()[:4]
        other = known.setdefault(digest, content)
        if other != content:
            break
    (directory / "a.pem").write_bytes(content)
    (directory / "b.pem").write_bytes(other)
    return str(directory / "a.pem"), str(directory / "b.pem")


def uploads(made: Rig) -> int:
    """The number of uploads that the host has started."""
    return made.written.count(b"AT+QFUPL=")


def fault_in(made: Rig, marker: bytes, beyond: int, action: Any) -> Fault:
    """A fault of this kind, some bytes after the first `marker` of the host.

    :param made: a rig where the same dialogue had no fault.
    """
    return Fault("from_host", made.written.index(marker) + beyond, action)


@functools.lru_cache(maxsize=None)
def flipping_seed(value: int) -> int:
    """A seed with which the emulator garbles the first byte by XOR with `value`."""
    return next(
        seed
        for seed in range(100_000)
        if random.Random(seed).randrange(1, 256) == value
    )
