"""Other programs that used the module before."""

from __future__ import annotations

from typing import Protocol

import serial

from requests_bg96.emulator import Emulator
from tests.support import OK


class Modem(Protocol):
    """Something with an emulator."""

    emulator: Emulator


def left(made: Modem, *commands: bytes) -> None:
    """Let another program send something to the module."""
    rate = made.emulator.module.store.line_rate or 115_200
    port = serial.serial_for_url(made.emulator.url, rate, timeout=0.1)
    try:
        # The module has understood it.
        port.write(b"AT\r")
        assert port.read(10_000).endswith(OK)
        for command in commands:
            port.write(command)
            port.read(10_000)
    finally:
        port.close()
