"""Servers of every kind, right and wrong, and a session over a modem to them."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pathlib
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator, Switches, SystemClock
from tests.certificates import HERE, Issued, authority, issue
from tests.tls_servers import Greeting, hang, hang_up, server_context

TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS10 = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)
TLS13 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


@dataclasses.dataclass(frozen=True)
class World:
    """The CAs, and the trusted one: `root`."""

    directory: pathlib.Path
    root: Issued
    middle: Issued
    stranger: Issued

    @property
    def file(self) -> str:
        """The trusted root in PEM."""
        return str(self.directory / "roots.pem")

    @property
    def hashed(self) -> str:
        """A directory with the root, under the name that OpenSSL looks for."""
        return str(self.directory / "hashed")

    def server(self, *hosts: str, **arguments: Any) -> Issued:
        """A certificate for a server, right by default."""
        arguments.setdefault("issuer", self.middle)
        return issue("server", hosts=hosts or HERE, **arguments)

    def context(self, shown: Issued, **arguments: Any) -> ssl.SSLContext:
        """A TLS server's context."""
        arguments.setdefault("versions", TLS12)
        return server_context(shown, self.directory, **arguments)

    def client(self, issuer: Issued) -> tuple[str, str]:
        """The paths of a client's certificate and key."""
        name = "wrong-client" if issuer is self.stranger else "client"
        return issue("client", issuer).save(self.directory, name)


def subject_hash(name: str) -> str:
    """The hash of ``openssl x509 -subject_hash`` for a subject with one common name."""
    text = name.lower().encode("ascii")
    value = b"\x06\x03\x55\x04\x03" + bytes((0x0C, len(text))) + text
    pair = bytes((0x30, len(value))) + value
    canonical = bytes((0x31, len(pair))) + pair
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return digest[3::-1].hex()


# The servers

Make = Callable[[World], ssl.SSLContext | Greeting]


@dataclasses.dataclass(frozen=True)
class Case:
    """A server, and the request to it.

    :param make: makes its TLS.
    :param host: the host in the URL.
    :param client: the issuer of the client's certificate, if there is one.
    :param silent: whether the time for the handshake must end.
    """

    make: Make
    host: str = "localhost"
    client: Callable[[World], Issued] | None = None
    silent: bool = False


def _by_sni(world: World) -> ssl.SSLContext:
    right = ("localhost", world.server("localhost"))
    return world.context(world.server("other.example"), by_name=right)


def _for_clients(world: World) -> ssl.SSLContext:
    return world.context(world.server(), client_ca=world.root)


def _old_middle(world: World) -> ssl.SSLContext:
    middle = authority("Old Middle", world.root, days=(-10, -2))
    return world.context(world.server(issuer=middle))


def _ecdsa(world: World) -> ssl.SSLContext:
    return world.context(world.server(key=ec.generate_private_key(ec.SECP256R1())))


CASES = {
    "right in everything": Case(lambda world: world.context(world.server())),
    "right, asked for by its address": Case(
        lambda world: world.context(world.server()), host="127.0.0.1"
    ),
    "issued by an unknown CA": Case(
        lambda world: world.context(world.server(issuer=world.stranger))
    ),
    "self-signed": Case(lambda world: world.context(world.server(issuer=None))),
    "expired": Case(lambda world: world.context(world.server(days=(-10, -2)))),
    "not valid yet": Case(lambda world: world.context(world.server(days=(2, 10)))),
    "its CA's certificate expired": Case(_old_middle),
    "for another host": Case(
        lambda world: world.context(world.server("other.example"))
    ),
    "for another address": Case(
        lambda world: world.context(world.server("localhost")), host="127.0.0.1"
    ),
    "for another host, unless told the name by SNI": Case(_by_sni),
    "wants a client certificate, gets none": Case(_for_clients),
    "wants a client certificate, gets it": Case(
        _for_clients, client=lambda world: world.root
    ),
    "wants a client certificate, gets a wrong one": Case(
        _for_clients, client=lambda world: world.stranger
    ),
    "TLS 1.0 only": Case(
        lambda world: world.context(world.server(), versions=TLS10),
    ),
    "TLS 1.3 only": Case(
        lambda world: world.context(world.server(), versions=TLS13),
    ),
    "ECDSA only": Case(_ecdsa),
    "hangs in the handshake": Case(lambda world: hang, silent=True),
    "hangs up in the handshake": Case(lambda world: hang_up),
}


# The result


#: Seconds of a `HurriedClock` in a second of the machine.
HURRY = 100
#: The longest step of its time, in seconds of the machine.
STEP = 0.01


class HurriedClock(SystemClock):
    """A clock that runs fast: the 15 s of a handshake pass in a moment.

    It loses the time in which nobody looks at it. So a busy machine makes it slower,
    and a stall does not end any wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = super().now()
        self._now = 0.0

    def now(self) -> float:
        """Return the time in its own seconds."""
        with self._lock:
            seen = super().now()
            self._now += HURRY * min(seen - self._seen, STEP)
            self._seen = seen
            return self._now

    def sleep(self, seconds: float) -> None:
        """Sleep for this many of its own seconds."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            super().sleep(min(left / HURRY, STEP))

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait for this many of its own seconds, or for a step of its time."""
        return super().wait(condition, min(timeout / HURRY, STEP))


@contextlib.contextmanager
def modem_session(
    case: Case,
    known: bool,
    accepted: bool,
    ca_certs: str | None = None,
    via: Literal["line", "socket"] = "line",
) -> Iterator[requests.Session]:
    """A session over a modem of its own.

    :param known: whether the firmware has sni and checkhost.
    :param accepted: the argument `allow_unchecked_host`.
    :param via: the argument.
    """
    clock = HurriedClock() if case.silent else SystemClock()
    switches = Switches(sni_checkhost=known)
    with (
        Emulator(switches=switches, clock=clock) as emulator,
        requests.Session() as session,
    ):
        adapter = BG96Adapter(
            emulator.url,
            clock=clock,
            ca_certs=ca_certs,
            allow_unchecked_host=accepted,
            via=via,
        )
        session.mount("https://", adapter)
        yield session
