"""The servers behind the modem of the probe: the probe's own, and one with TLS."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import requests_bg96.emulator as emulation
from requests_bg96.cli.probe.server import answer
from requests_bg96.emulator import Delay, Hangup


class Network(emulation.CallableNetwork):
    """The probe's server, and one with TLS, two virtual seconds away."""

    def __init__(self) -> None:
        super().__init__(self._answer, self._connect, delay=2.0)
        self._numbers = itertools.count()
        self._number = 0

    def _connect(self, host: str, port: int, tls: object) -> None:
        if host.endswith(".invalid"):
            raise emulation.Unresolvable
        self._number = next(self._numbers)

    def _answer(self, request: emulation.ReceivedRequest) -> Iterator[Any]:
        if request.tls or request.host != "server.example":
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            return
        todo = answer(request.data.split()[1].decode(), self._number, request.host)
        for part in todo.parts:
            yield part if isinstance(part, bytes) else Delay(part)
        if todo.close:
            yield Hangup()
