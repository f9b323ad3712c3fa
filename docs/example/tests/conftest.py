"""The server of the tests, behind the emulated antenna."""

from __future__ import annotations

import json

import pytest
import water_meter

from requests_bg96.emulator import CallableNetwork, ReceivedRequest


class Server:
    """Takes readings, each key once."""

    def __init__(self) -> None:
        #: How many requests it refuses first.
        self.busy = 0
        self.readings: list[float] = []
        self.keys: set[bytes] = set()

    def __call__(self, request: ReceivedRequest) -> bytes:
        """Answer one request."""
        if self.busy:
            self.busy -= 1
            return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
        head, _, body = request.data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        (key,) = [line for line in lines if line.startswith(b"Idempotency-Key:")]
        if key not in self.keys:
            self.keys.add(key)
            self.readings.append(json.loads(body)["cubic_metres"])
        return b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def server() -> Server:
    """The server of one test."""
    return Server()


@pytest.fixture
def bg96_network(server: Server) -> CallableNetwork:
    """What the modem reaches."""
    return CallableNetwork(server)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat at once: urllib3 sleeps in real time, whatever the clock is."""
    retry = water_meter.RETRY.new(backoff_factor=0)
    monkeypatch.setattr(water_meter, "RETRY", retry)
