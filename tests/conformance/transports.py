"""The ways to run the suite: what is in force while one of its tests runs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from .results import Result

#: What the host says for a request, and for a connection by socket.
ASKED = re.compile(rb"AT\+(?:QHTTP(?:GET|POST)|QIOPEN)=", re.IGNORECASE)
#: What it says to send bytes by socket.
SENT = re.compile(rb"AT\+QISEND=", re.IGNORECASE)

#: How the adapter is made for each transport.
ADAPTERS: dict[str, dict[str, Any]] = {
    "modem": {},
    "keep-alive": {"keep_alive": True},
    "socket": {"via": "socket"},
}


@contextlib.contextmanager
def stock(result: Result) -> Iterator[None]:
    """Leave requests as it is."""
    yield


@contextlib.contextmanager
def modem(result: Result, arguments: dict[str, Any]) -> Iterator[None]:
    """A modem of its own for one test, under every session the test makes."""
    # Imported here, so that the stock run knows nothing of this project.
    from requests_bg96 import BG96Adapter, install
    from requests_bg96.emulator import Emulator, Switches

    said = bytearray()

    def listen(direction: str, data: bytes) -> None:
        if direction == "from_host":
            said.extend(data)

    # Stock requests can check a certificate for its host, so this firmware can too.
    switches = Switches(reuse_sockets="keep_alive" in arguments, sni_checkhost=True)
    with Emulator(switches=switches, on_line=listen) as emulator:
        with install(BG96Adapter(emulator.url, **arguments)):
            yield
            result.exchanges = emulator.exchanges + len(SENT.findall(said))
            result.asked = len(ASKED.findall(said))


def choose(name: str, result: Result) -> contextlib.AbstractContextManager[None]:
    """The transport of that name, which counts in ``result`` what goes over it."""
    if name == "stock":
        return stock(result)
    return modem(result, ADAPTERS[name])
