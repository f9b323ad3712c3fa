"""What the first HTTPS request costs: seconds, and bytes on the line.

``python -m benchmarks.https_first_request`` asks a TLS server on loopback over the
emulator, whose line is paced and whose module starts at 115,200 baud. The time is
virtual: it is that of the line, and of the pauses of the dialogue. So the load of this
machine does not count, and neither does the time for its TLS.

The first request sends the CA certificates to the module; the second finds them there,
and one after the port was closed asks the module whether it has them. All of it is
measured again with faster speeds. Then the search for the module, the change of its
speed and the proof are a part of the first request.
"""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Literal

import requests

from requests_bg96 import BG96Adapter
from requests_bg96.clock import Clock
from requests_bg96.emulator import Emulator, Switches, VirtualClock
from tests.certificates import HERE, authority, issue
from tests.tls_servers import TlsServer, serve_tls, server_context

BAUDRATE = 115_200
Baudrate = int | Literal["fastest"] | None
#: The speeds that the adapter wants.
WANTED: tuple[Baudrate, ...] = (None, 921_600, "fastest")


@dataclasses.dataclass
class Cost:
    """What one request has cost."""

    what: str
    seconds: float
    sent: int
    received: int

    def __str__(self) -> str:
        return (
            f"{self.what:<44} {self.seconds:7.2f} s {self.sent:9,d} bytes sent "
            f"{self.received:7,d} received"
        )


class Meter:
    """Counts the bytes of a line."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bytes = {"from_host": 0, "to_host": 0}

    def __call__(self, direction: str, data: bytes) -> None:
        """Count `data`, as the emulator calls it."""
        self._bytes[direction] += len(data)

    def measure(self, what: str, session: requests.Session, url: str) -> Cost:
        """Make one request and return its cost."""
        before, started = dict(self._bytes), self._clock.now()
        session.get(url, timeout=(300, 60)).raise_for_status()
        seconds = self._clock.now() - started
        sent, received = (self._bytes[way] - before[way] for way in before)
        return Cost(what, seconds, sent, received)


def costs(
    what: str, ca_certs: str, server: TlsServer, baudrate: Baudrate = None
) -> Iterator[Cost]:
    """Measure the first request, the second, and the first of another process.

    :param baudrate: the speed that the adapter wants.
    """
    clock = VirtualClock()
    meter = Meter(clock)
    switches = Switches(sni_checkhost=True)
    with Emulator(BAUDRATE, switches=switches, clock=clock, on_line=meter) as emulator:
        for times in (("the first", "the second"), ("on a new port",)):
            with requests.Session() as session:
                session.trust_env = False
                adapter = BG96Adapter(
                    emulator.url, ca_certs=ca_certs, baudrate=baudrate, clock=clock
                )
                session.mount("https://", adapter)
                for request in times:
                    title = f"{what}, {request}"
                    yield meter.measure(title, session, server.at())


def main() -> None:
    """Print the figures."""
    root = authority("Root")
    shown = issue("server", root, hosts=HERE)
    bundle = pathlib.Path(requests.utils.DEFAULT_CA_BUNDLE_PATH).read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        one, all_of_them = directory / "one.pem", directory / "all.pem"
        one.write_bytes(root.pem)
        all_of_them.write_bytes(bundle + b"\n" + root.pem)
        with serve_tls(server_context(shown, directory)) as server:
            for baudrate in WANTED:
                print(f"baudrate={baudrate!r}")
                for what, path in (
                    ("requests' bundle", all_of_them),
                    ("one root", one),
                ):
                    for cost in costs(what, str(path), server, baudrate):
                        print(cost, flush=True)


if __name__ == "__main__":
    main()
