"""``overheard://`` for pyserial: the port of an emulator, with a listener."""

from __future__ import annotations

import weakref
from typing import Any, Protocol
from urllib.parse import urlsplit

from serial.serialutil import SerialException

from requests_bg96.emulator.protocol_emulator import Serial as EmulatorSerial

__all__ = ("Serial",)


class Listener(Protocol):
    """Hears what a program does with its port."""

    def opened(self, port: Serial) -> None:
        """The port is open."""

    def looks(self) -> None:
        """The program checks whether bytes have come."""

    def reads(self) -> None:
        """The program waits for bytes."""

    def writes(self, data: bytes) -> None:
        """The program is about to write."""


#: The listeners, by the name of the emulator.
listeners: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


class Serial(EmulatorSerial):
    """The port of the emulator with this name."""

    #: Whether the program that used it has ended.
    dead = False

    def open(self) -> None:
        """Open the port, and tell the listener."""
        super().open()
        self._listener: Listener = listeners[urlsplit(self._port or "").netloc]
        self._listener.opened(self)

    def read(self, size: int = 1) -> bytes:
        """Read bytes."""
        self._check_alive()
        self._listener.reads()
        return super().read(size)

    def write(self, b: Any, /) -> int:
        """Write bytes; the listener hears them before they are on the line."""
        self._check_alive()
        self._listener.writes(bytes(b))
        return super().write(b)

    @property
    def in_waiting(self) -> int:
        """The number of bytes that can be read now."""
        self._check_alive()
        self._listener.looks()
        return super().in_waiting

    def die(self) -> None:
        """Release the port, as the end of a program does."""
        self.dead = True
        self.close()

    def _check_alive(self) -> None:
        if self.dead:
            raise SerialException("the program is dead")
