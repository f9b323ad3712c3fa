"""``scripted://`` for pyserial: a port whose far end is a `ScriptedModule`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from serial.serialutil import SerialBase

from tests.fuzz.scripted import ScriptedModule


class Serial(SerialBase):
    """As much of a port as is asked of one without a file descriptor."""

    # What pyserial's base class keeps, and its type stubs do not tell.
    _port: str | None
    _timeout: float | None

    def open(self) -> None:
        """Find the module."""
        self.module = ScriptedModule.find(urlsplit(self._port or "").netloc)
        self.is_open = True

    def close(self) -> None:
        """Let it go."""
        self.is_open = False

    def read(self, size: int = 1) -> bytes:
        """Return what comes."""
        return self.module.take(size, self._timeout or 0.0)

    def write(self, b: Any, /) -> int:
        """Ask something of it."""
        self.module.hear(bytes(b))
        return len(b)

    @property
    def in_waiting(self) -> int:
        """How many bytes there are."""
        return self.module.waiting()

    def _reconfigure_port(self) -> None:
        """Any speed is right."""

    def _update_dtr_state(self) -> None:
        """The line is not wired."""

    _update_rts_state = _update_dtr_state
