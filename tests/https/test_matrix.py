"""What a user gets from right and wrong servers: stock requests, and over the modem.

The table in docs/https.rst says it, and is compared with what is measured here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import pathlib
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from docutils import core, nodes

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator, Switches, SystemClock
from tests.certificates import HERE, Issued, authority, issue
from tests.tls_servers import (
    Greeting,
    TlsServer,
    hang,
    hang_up,
    serve_tls,
    server_context,
)

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "https.rst"
SECTION = "What you get"

TLS12 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS10 = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)
TLS13 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


@dataclasses.dataclass(frozen=True)
class World:
    """Who issues certificates, and who is trusted: `root`."""

    directory: pathlib.Path
    root: Issued
    middle: Issued
    stranger: Issued

    @property
    def file(self) -> str:
        """The trusted root's PEM."""
        return str(self.directory / "roots.pem")

    @property
    def hashed(self) -> str:
        """A directory that has the root under the name that OpenSSL looks for."""
        return str(self.directory / "hashed")

    def server(self, *hosts: str, **arguments: Any) -> Issued:
        """A certificate for a server, by default right in everything."""
        arguments.setdefault("issuer", self.middle)
        return issue("server", hosts=hosts or HERE, **arguments)

    def context(self, shown: Issued, **arguments: Any) -> ssl.SSLContext:
        """A TLS server's context."""
        arguments.setdefault("versions", TLS12)
        return server_context(shown, self.directory, **arguments)

    def client(self, issuer: Issued) -> tuple[str, str]:
        """Paths of a client's certificate and key."""
        name = "wrong-client" if issuer is self.stranger else "client"
        return issue("client", issuer).save(self.directory, name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all of the tests."""
    root, stranger = authority("Trusted Root"), authority("Some Root")
    made = World(
        tmp_path_factory.mktemp("tls"), root, authority("Middle", root), stranger
    )
    pathlib.Path(made.file).write_bytes(root.pem)
    pathlib.Path(made.hashed).mkdir()
    path = pathlib.Path(made.hashed, f"{subject_hash('Trusted Root')}.0")
    path.write_bytes(root.pem)
    return made


def subject_hash(name: str) -> str:
    """What ``openssl x509 -subject_hash`` prints for a subject of one common name."""
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
    """A server, and how it is asked.

    :param make: its side of TLS.
    :param host: by which it is asked.
    :param client: who has issued the client's certificate, if it shows one.
    :param silent: whether the time for the handshake must run out.
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


# What happens


class HurriedClock(SystemClock):
    """A time that passes quickly: that of a handshake, 15 s, in a moment."""

    def now(self) -> float:
        """Return the time in its own seconds."""
        return 100 * super().now()

    def sleep(self, seconds: float) -> None:
        """Sleep for as many of its own seconds."""
        super().sleep(seconds / 100)

    def wait(self, condition: threading.Condition, timeout: float) -> bool:
        """Wait for as many of its own seconds."""
        return super().wait(condition, timeout / 100)


def outcome(session: requests.Session, url: str, **arguments: Any) -> str:
    """The status and the kinds of warnings, or the kind of exception."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            status = session.get(url, **arguments).status_code
        except requests.RequestException as error:
            return type(error).__name__
    kinds = {warning.category.__name__ for warning in caught}
    return ", ".join([str(status), *sorted(kinds)])


@contextlib.contextmanager
def modem_session(
    case: Case, known: bool, accepted: bool, ca_certs: str | None = None
) -> Iterator[requests.Session]:
    """A session over a modem of its own.

    :param known: whether the firmware knows sni and checkhost.
    :param accepted: the argument `allow_unchecked_host`.
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
        )
        session.mount("https://", adapter)
        yield session


@dataclasses.dataclass
class Measurement:
    """One server, asked in every way."""

    case: Case
    world: World
    server: TlsServer

    def arguments(self, timeout: tuple[float, float]) -> dict[str, Any]:
        """What each request has but for `verify`."""
        found: dict[str, Any] = {"timeout": timeout}
        if self.case.client:
            found["cert"] = self.world.client(self.case.client(self.world))
        return found

    def stock(self, *verify: bool | str) -> str:
        """What stock requests make of it, the same for each `verify`."""
        patience = 0.3 if self.case.silent else 5.0
        arguments = self.arguments((patience, 5.0))
        url = self.server.at(self.case.host)
        with requests.Session() as session:
            return same(
                outcome(session, url, verify=one, **arguments) for one in verify
            )

    def modem(
        self, *verify: bool | str, known: bool = True, accepted: bool = False
    ) -> str:
        """What becomes of it over the modem, the same for each `verify`."""
        arguments = self.arguments((30.0, 5.0))
        url = self.server.at(self.case.host)
        found = []
        for one in verify:
            # Each by itself: a host is warned of only once.
            ca_certs = self.world.file if one is True else None
            with modem_session(self.case, known, accepted, ca_certs) as session:
                found.append(outcome(session, url, verify=one, **arguments))
        return same(iter(found))


def same(outcomes: Iterator[str]) -> str:
    """What they all are."""
    found = set(outcomes)
    assert len(found) == 1, found
    return found.pop()


def columns(measurement: Measurement) -> dict[str, str]:
    """A row of the table, by the titles of its columns."""
    files = (measurement.world.file, measurement.world.hashed)
    stock, modem = measurement.stock, measurement.modem
    return {
        "stock requests": stock(*files),
        "checkhost known": modem(True, *files),
        "unknown": modem(True, *files, known=False),
        "unknown, accepted": modem(True, *files, known=False, accepted=True),
        "stock, verify=False": stock(False),
        "known, verify=False": modem(False),
        "unknown, verify=False": modem(False, known=False),
    }


@pytest.fixture(scope="module")
def documented() -> dict[str, dict[str, str]]:
    """The table of the document: row by title, cell by title of the column."""
    document = core.publish_doctree(DOCUMENT.read_text(encoding="utf-8"))
    (table,) = (
        table
        for title in document.findall(nodes.title)
        if title.astext() == SECTION
        for table in title.parent.findall(nodes.table)
    )
    head, *rows = (
        [entry.astext() for entry in row.findall(nodes.entry)]
        for row in table.findall(nodes.row)
    )
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def test_the_table_has_these_servers(documented: dict[str, dict[str, str]]) -> None:
    """Each of them, in this order."""
    assert list(documented) == list(CASES)


@pytest.mark.parametrize("title", CASES)
def test_what_a_user_gets(
    title: str, world: World, documented: dict[str, dict[str, str]]
) -> None:
    """It is as the table says, and never better trusted than by stock requests."""
    case = CASES[title]
    with serve_tls(case.make(world)) as server:
        measurement = Measurement(case, world, server)
        found = columns(measurement)
        # The argument changes nothing where the firmware can check.
        argued = measurement.modem(world.file, accepted=True)
    assert found == documented[title], found
    assert argued == found["checkhost known"]
    for checked, over_modem in itertools.product(
        ("stock requests",), ("checkhost known", "unknown")
    ):
        if found[over_modem].startswith("200"):
            assert found[checked].startswith("200")
    # What is accepted knowingly is said each time.
    assert found["unknown, accepted"] != "200"


@pytest.mark.parametrize("title", CASES)
def test_nothing_is_sent_that_could_not_be_checked(title: str, world: World) -> None:
    """With firmware that cannot check, the server does not even see a connection."""
    case = CASES[title]
    with serve_tls(case.make(world)) as server:
        with modem_session(case, known=False, accepted=False) as session:
            with pytest.raises(
                requests.exceptions.SSLError, match="allow_unchecked_host"
            ):
                session.get(server.at(case.host), verify=world.file)
        assert (server.connections, server.requests) == (0, [])
