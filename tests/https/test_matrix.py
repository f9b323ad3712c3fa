"""The result of requests to right and wrong servers, stock and over the modem.

The table in docs/https.rst has the results, and is compared with these tests.
"""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import requests
from docutils import nodes

from tests.certificates import authority
from tests.documents import pages
from tests.https.cases import CASES, Case, World, modem_session, subject_hash
from tests.tls_servers import TlsServer, serve_tls

SECTION = "What you get"


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


def cell(session: requests.Session, url: str, **arguments: Any) -> str:
    """The status and the kinds of warnings, or the kind of exception."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            status = session.get(url, **arguments).status_code
        except requests.RequestException as error:
            return type(error).__name__
    kinds = {warning.category.__name__ for warning in caught}
    return ", ".join([str(status), *sorted(kinds)])


@dataclasses.dataclass
class Measurement:
    """One server, with every kind of request."""

    case: Case
    world: World
    server: TlsServer

    def arguments(self, timeout: tuple[float, float]) -> dict[str, Any]:
        """The arguments of each request, except `verify`."""
        found: dict[str, Any] = {"timeout": timeout}
        if self.case.client:
            found["cert"] = self.world.client(self.case.client(self.world))
        return found

    def stock(self, *verify: bool | str) -> str:
        """The result of stock requests, the same for each `verify`."""
        patience = 0.3 if self.case.silent else 5.0
        arguments = self.arguments((patience, 5.0))
        url = self.server.at(self.case.host)
        with requests.Session() as session:
            return same(cell(session, url, verify=one, **arguments) for one in verify)

    def modem(
        self,
        *verify: bool | str,
        known: bool = True,
        accepted: bool = False,
        via: Literal["line", "socket"] = "line",
    ) -> str:
        """The result over the modem, the same for each `verify`."""
        # The module gets half of it for the handshake, which must not end too late.
        arguments = self.arguments((60.0, 5.0))
        url = self.server.at(self.case.host)
        found = []
        for one in verify:
            # Each alone, because a host causes only one warning.
            ca_certs = self.world.file if one is True else None
            with modem_session(self.case, known, accepted, ca_certs, via) as session:
                found.append(cell(session, url, verify=one, **arguments))
        return same(iter(found))


def same(outcomes: Iterator[str]) -> str:
    """The value that all have."""
    found = set(outcomes)
    assert len(found) == 1, found
    return found.pop()


def columns(measurement: Measurement) -> dict[str, str]:
    """A row of the table, by the titles of its columns."""
    files = (measurement.world.file, measurement.world.hashed)
    stock, modem = measurement.stock, measurement.modem
    return {
        "stock requests": stock(*files),
        "by socket": modem(True, *files, known=False, via="socket"),
        "checkhost known": modem(True, *files),
        "unknown": modem(True, *files, known=False),
        "unknown, accepted": modem(True, *files, known=False, accepted=True),
        "stock, verify=False": stock(False),
        "by socket, verify=False": modem(False, known=False, via="socket"),
        "known, verify=False": modem(False),
        "unknown, verify=False": modem(False, known=False),
    }


@pytest.fixture(scope="module")
def documented() -> dict[str, dict[str, str]]:
    """The table of the page: row by title, cell by title of the column."""
    document = pages.page(pages.DOCS / "https.rst")
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
    """All of them, in this order."""
    assert list(documented) == list(CASES)


@pytest.mark.parametrize("title", CASES)
def test_what_a_user_gets(
    title: str, world: World, documented: dict[str, dict[str, str]]
) -> None:
    """It is as in the table, and never trusts more than stock requests."""
    case = CASES[title]
    with serve_tls(case.make(world)) as server:
        measurement = Measurement(case, world, server)
        found = columns(measurement)
        # The argument changes nothing if the firmware can check.
        argued = measurement.modem(world.file, accepted=True)
    assert found == documented[title], found
    assert argued == found["checkhost known"]
    for checked, over_modem in itertools.product(
        ("stock requests",), ("checkhost known", "unknown")
    ):
        if found[over_modem].startswith("200"):
            assert found[checked].startswith("200")
    assert found["by socket"] == found["stock requests"]
    assert found["by socket, verify=False"] == found["stock, verify=False"]
    # Each request that accepts it has the warning.
    assert found["unknown, accepted"] != "200"


@pytest.mark.parametrize("title", CASES)
def test_nothing_is_sent_that_could_not_be_checked(title: str, world: World) -> None:
    """If the firmware cannot check, the server gets no connection."""
    case = CASES[title]
    with serve_tls(case.make(world)) as server:
        with modem_session(case, known=False, accepted=False) as session:
            with pytest.raises(
                requests.exceptions.SSLError, match="allow_unchecked_host"
            ):
                session.get(server.at(case.host), verify=world.file)
        assert (server.connections, server.requests) == (0, [])
