"""Whatever changes the bytes of a TLS connection, nothing wrong gets through."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import ssl
from collections.abc import Iterator

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Fault
from tests.sockets.over import TLS12, TLS13, Authorities
from tests.sockets.stage import Stage, stage
from tests.sockets.tampering import CHANGES, DIRECTIONS, Change, TamperedServers
from tests.support import response

URL = "https://localhost/telemetry"
BODY = b"0123456789" * 300
VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=lambda one: one.name)
NOISE = ("garble", "drop", "double", "insert")


@dataclasses.dataclass
class Attacked:
    """A modem, the servers behind it, and what came of the requests."""

    made: Stage
    servers: TamperedServers
    authority: str
    outcomes: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )

    def ask(self) -> requests.Response:
        """Make a request on a new connection, whose session is not resumed."""
        with requests.Session() as session:
            session.mount("https://", BG96Adapter(self.made.modem, via="socket"))
            return session.post(
                URL, json={"t": 21.5}, verify=self.authority, timeout=(60, 9)
            )

    def check(self, whole: bytes) -> None:
        """Make a request that is changed; each side gets the right bytes or none."""
        before = len(self.servers.heard)
        try:
            found = self.ask()
            assert (found.status_code, found.content) == (200, BODY)
            self.outcomes["right"] += 1
        except requests.RequestException as error:
            self.outcomes[type(error).__name__] += 1
        came = [heard for heard in self.servers.heard[before:] if heard]
        assert came in ([], [whole])


@contextlib.contextmanager
def attacked(version: ssl.TLSVersion, authorities: Authorities) -> Iterator[Attacked]:
    """A modem whose requests are right before the attack, and after it."""
    context = authorities.context(version, ecdsa=True)
    servers = TamperedServers(context, response(BODY))
    with stage(network=servers.network) as made:
        one = Attacked(made, servers, authorities.file)
        assert one.ask().content == BODY
        yield one
        assert one.ask().content == BODY


@VERSIONS
def test_the_network_changes_bytes(
    version: ssl.TLSVersion, authorities: Authorities
) -> None:
    """The places are random, in both directions, in the handshake and after it."""
    source = random.Random(version)
    with attacked(version, authorities) as one:
        (whole,), counts = one.servers.heard, dict(one.servers.counts)
        for _ in range(50):
            direction = source.choice(DIRECTIONS)
            offset = source.randrange(counts[direction])
            kind = source.choice([*CHANGES])
            one.servers.change = Change(direction, offset, kind)
            one.check(whole)
    # TLS fails, or a side waits for the rest of a record.
    assert one.outcomes.keys() <= {"right", "SSLError", "ReadTimeout"}
    assert one.outcomes["SSLError"] > 32 and one.outcomes["right"] < 6


@VERSIONS
def test_the_line_changes_bytes(
    version: ssl.TLSVersion, authorities: Authorities
) -> None:
    """They are bytes of commands, answers and payload."""
    source = random.Random(version)
    with attacked(version, authorities) as one:
        (whole,), traffic = one.servers.heard, one.made.traffic
        traffic.clear()
        one.ask()
        sizes = collections.Counter[str]()
        for way, data in traffic:
            sizes[way] += len(data)
        for _ in range(35):
            way = source.choice(("from_host", "to_host"))
            offset, action = source.randrange(sizes[way]), source.choice(NOISE)
            more = {"data": b"\r\nERROR\r\n"} if action == "insert" else {}
            one.made.emulator.add_fault(
                Fault(way, offset, action, **more)  # type: ignore[arg-type]
            )
            one.check(whole)
    assert one.outcomes.keys() <= {
        "right",
        "ConnectTimeout",
        "ConnectionError",
        "ReadTimeout",
        "SSLError",
    }
    assert one.outcomes["SSLError"] > 4 and one.outcomes["right"] < 20
