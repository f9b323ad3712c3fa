"""``scripted://`` for pyserial: a port to a `ScriptedModule`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from serial.serialutil import SerialBase

from tests.fuzz.scripted import ScriptedModule


class Serial(SerialBase):
    """The part of a port that is used without a file descriptor."""

    # The type stubs of pyserial's base class do not have these attributes.
    _port: str | None
    _timeout: float | None

    def open(self) -> None:
        """Find the module."""
        self.module = ScriptedModule.find(urlsplit(self._port or "").netloc)
        self.is_open = True

    def close(self) -> None:
        """Close the port."""
        self.is_open = False

    def read(self, size: int = 1) -> bytes:
        """Return the bytes that come."""
        return self.module.take(size, self._timeout or 0.0)

    def write(self, b: Any, /) -> int:
        """Send bytes to the module."""
        self.module.hear(bytes(b))
        return len(b)

    @property
    def in_waiting(self) -> int:
        """The number of bytes that can be read."""
        return self.module.waiting()

    def _reconfigure_port(self) -> None:
        """Any speed is right."""

    def _update_dtr_state(self) -> None:
        """DTR is not wired."""

    _update_rts_state = _update_dtr_state
