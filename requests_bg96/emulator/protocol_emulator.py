"""``emulator://`` for pyserial: a port to a BG96 in this process.

``emulator://NAME`` is the `Emulator` with that name.
``emulator://?baudrate=115200&chunked=raw`` makes a new one with these options.
"""

from __future__ import annotations

import errno
import math
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from serial.serialutil import (
    PortNotOpenError,
    SerialBase,
    SerialException,
    SerialTimeoutException,
)

from .emulator import Emulator, find
from .line import HOST_BUFFER
from .options import options_from_text

__all__ = ("Serial",)


class Serial(SerialBase):
    """A serial port to an emulator, with the methods of pyserial's own ports."""

    # The type stubs of pyserial's base class do not have these attributes.
    _port: str | None
    _baudrate: int
    _timeout: float | None
    _write_timeout: float | None
    _rtscts: bool
    _dtr_state: bool

    BAUDRATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._emulator: Emulator | None = None
        self._plugs = 0
        self._cancelled = False
        super().__init__(*args, **kwargs)

    # Opening and closing.

    def open(self) -> None:
        """Open the port.

        :raises SerialException: if there is no such emulator, if another port uses it,
            or if it is unplugged.
        """
        if self._port is None:
            raise SerialException("Port must be configured before it can be used.")
        if self.is_open:
            raise SerialException("Port is already open.")
        emulator = self._find(self._port)
        with emulator.condition:
            if not emulator.plugged:
                raise SerialException(f"could not open port {self._port}: unplugged")
            if emulator.line.open:
                raise SerialException(
                    errno.EBUSY, f"could not open port {self._port}: it is busy"
                )
            emulator.line.attach(emulator.clock.now())
            self._emulator, self._plugs = emulator, emulator.plugs
            self.is_open = True
            self._reconfigure_port()
            emulator.module.set_dtr(self._dtr_state)

    def close(self) -> None:
        """Close the port, which drops DTR."""
        emulator, self._emulator = self._emulator, None
        self.is_open = False
        # At the end of the program, a thread may have been stopped with the lock.
        if emulator and not sys.is_finalizing():
            with emulator.condition:
                if self._alive(emulator):
                    emulator.advance()
                    emulator.module.set_dtr(False)
                    emulator.advance()
                    emulator.line.detach()
                emulator.notify()

    @staticmethod
    def _find(url: str) -> Emulator:
        parts = urlsplit(url)
        try:
            if parts.netloc:
                return find(parts.netloc)
            return Emulator(**options_from_text(dict(parse_qsl(parts.query))))
        except KeyError:
            raise SerialException(f"could not open port {url}: no emulator") from None
        except (OSError, ValueError) as error:
            raise SerialException(f"could not open port {url}: {error}") from error

    # Bytes.

    def read(self, size: int = 1) -> bytes:
        """Read `size` bytes, or fewer if the timeout is over."""
        emulator = self._live()
        data = bytearray()
        with emulator.lock:
            self._cancelled = False
            deadline = self._deadline(emulator, self._timeout)
            while len(data) < size:
                due = emulator.advance()
                self._check(emulator)
                piece = emulator.line.take(size - len(data))
                data += piece
                if not piece and not self._wait(emulator, due, deadline):
                    break
        return bytes(data)

    def write(self, b: Any, /) -> int:
        """Write bytes.

        :returns: their number.
        :raises SerialTimeoutException: if ``write_timeout`` is over.
        """
        emulator = self._live()
        data = bytes(bytearray(b))
        sent = 0
        with emulator.lock:
            deadline = self._deadline(emulator, self._write_timeout)
            while sent < len(data):
                due = emulator.advance()
                self._check(emulator)
                room = HOST_BUFFER - emulator.line.unsent
                piece = data[sent : sent + room]
                emulator.line.send(piece, emulator.clock.now())
                sent += len(piece)
                if not piece and not self._wait(emulator, due, deadline):
                    raise SerialTimeoutException("Write timeout")
            emulator.tell()
        return sent

    def flush(self) -> None:
        """Wait until all bytes have reached the module."""
        emulator = self._live()
        with emulator.condition:
            while True:
                due = emulator.advance()
                self._check(emulator)
                if not emulator.line.unsent or due == math.inf:
                    return
                emulator.wait(due)

    @property
    def in_waiting(self) -> int:
        """The number of bytes that can be read now."""
        emulator = self._live()
        with emulator.lock:
            emulator.advance()
            self._check(emulator)
            return emulator.line.available

    @property
    def out_waiting(self) -> int:
        """The number of bytes that have not reached the module."""
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            return emulator.line.unsent

    def reset_input_buffer(self) -> None:
        """Discard the bytes that have come and were not read."""
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            emulator.line.reset_received()

    def reset_output_buffer(self) -> None:
        """Discard the bytes that have not reached the module."""
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            emulator.line.discard_unsent()

    def cancel_read(self) -> None:
        """End a read of another thread; it returns the bytes that have come."""
        emulator = self._live()
        with emulator.condition:
            self._cancelled = True
            emulator.notify()

    # Control lines.

    @property
    def cts(self) -> bool:
        """Whether the module allows the host to send. It does so while it is on."""
        return self._live().module.power.on

    @property
    def dsr(self) -> bool:
        """Whether the module is on."""
        return self._live().module.power.on

    @property
    def ri(self) -> bool:
        """The RI line: on for 120 ms with each URC."""
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            return emulator.module.ringing

    @property
    def cd(self) -> bool:
        """The DCD line: on in data mode (AT&C1), or always (AT&C0)."""
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            return emulator.module.carrier

    def _update_dtr_state(self) -> None:
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            emulator.module.set_dtr(self._dtr_state)
            emulator.advance()
            emulator.notify()

    def _update_rts_state(self) -> None:
        """Ignore it: RTS has an effect as flow control only."""

    def _update_break_state(self) -> None:
        """Ignore it: a break has no effect on the module."""

    def _reconfigure_port(self) -> None:
        emulator = self._live()
        with emulator.condition:
            emulator.advance()
            emulator.line.baudrate = self._baudrate
            emulator.line.rtscts = bool(self._rtscts)

    # Helpers.

    def _live(self) -> Emulator:
        if self._emulator is None:
            raise PortNotOpenError()
        return self._emulator

    def _alive(self, emulator: Emulator) -> bool:
        return emulator.plugged and emulator.plugs == self._plugs

    def _check(self, emulator: Emulator) -> None:
        if self._emulator is None:
            raise PortNotOpenError()
        if not self._alive(emulator):
            raise SerialException(
                "device reports readiness to read but returned no data "
                "(device disconnected or multiple access on port?)"
            )

    def _wait(self, emulator: Emulator, due: float, deadline: float) -> bool:
        """Wait until something is due; return False if the time is over."""
        if self._cancelled or emulator.clock.now() >= deadline:
            return False
        emulator.wait(min(due, deadline))
        return True

    @staticmethod
    def _deadline(emulator: Emulator, timeout: float | None) -> float:
        return math.inf if timeout is None else emulator.clock.now() + timeout
