"""A modem on another machine, with a relay that is cut and restarted."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.at.port import Port
from requests_bg96.clock import Deadline, SystemClock
from requests_bg96.emulator import CallableNetwork, Emulator
from requests_bg96.errors import PortError
from tests.remote.outages import BODY, OUTAGES, Gateway, Outage
from tests.remote.relay import Relay
from tests.remote.rfc2217 import rfc2217_server
from tests.support import SOMEWHERE, response

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")


@contextlib.contextmanager
def relay(device: str) -> Iterator[Gateway]:
    """A relay before a device."""
    with contextlib.closing(Relay(device)) as made:
        yield made


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: one.__name__)
def test_an_outage(outage: Outage) -> None:
    """Each cut gives the error of its phase, and no request is sent twice."""
    outage(relay)


def test_a_connection_that_was_reset_is_closed() -> None:
    """It is closed at once, and not by the garbage collector."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        before = os.listdir("/dev/fd")
        url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        clock = SystemClock()
        port = Port(url, baudrate=115_200, rtscts=False, clock=clock)
        connection = listener.accept()[0]
        reset = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        connection.close()
        with pytest.raises(PortError, match="cannot be read"):
            while True:
                port.read(Deadline(clock, 5))
        port.close()
        assert os.listdir("/dev/fd") == before


# pyserial's server side uses names that Python has deprecated.
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_rfc2217() -> None:
    """pyserial has no write timeout there; the connection has its own."""
    network = CallableNetwork(lambda request: response(BODY))
    with Emulator(network=network) as emulator, requests.Session() as session:
        with rfc2217_server(emulator.url) as url:
            adapter = BG96Adapter(url)
            session.mount("http://", adapter)
            assert session.post(SOMEWHERE, data=BODY).content == BODY
            adapter.close()
