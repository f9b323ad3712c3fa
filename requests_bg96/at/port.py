"""The serial port: bytes with deadlines, over whatever pyserial opens.

One reader, no thread, no sleeping: where the port has a file descriptor the system
says when there is something, and it is taken in one piece; elsewhere pyserial waits,
for `SLICE` at a time.
"""

from __future__ import annotations

import errno
import io
import os
import select
import weakref
from collections.abc import Callable

import serial
from serial.tools import list_ports

from ..base.codes import USB_ID
from ..clock import Clock, Deadline
from ..errors import PortError
from ..stats import Statistics
from .usb import interface_of

__all__ = ("Port", "find_port", "held_for")

#: The package that answers to ``emulator://``; pyserial imports it when it is asked to.
EMULATOR_PACKAGE = "requests_bg96.emulator"
#: A pty and a UART hand over at most this much at a time (Linux n_tty).
READ_SIZE = 4_096
#: Small enough that 9,600 baud takes it in about a second.
WRITE_SIZE = 1_024
#: Seconds in which `WRITE_SIZE` bytes must have gone: then the line is held back.
WRITE_TIMEOUT = 10.0
#: Seconds for which is waited at a time where a port has no file descriptor, or where
#: another thread may end the wait.
SLICE = 0.05

#: What is wrong with a port, and what to do about it, by the number of the OSError.
ADVICE = {
    errno.ENOENT: "there is no such port",
    errno.EACCES: "this user may not open it; add the user to the port's group "
    "(dialout on Debian, uucp on Arch)",
    errno.EBUSY: "another program has it; ModemManager and serial consoles are the "
    "usual ones",
    errno.EWOULDBLOCK: "another program has it; ModemManager and serial consoles are "
    "the usual ones",
}
#: The port is there, but not for us.
TAKEN = frozenset({errno.EACCES, errno.EBUSY, errno.EWOULDBLOCK})


def find_port() -> str:
    """Return the name of the AT port of the one BG96 that USB shows.

    The module has four ports, of which the third is for AT commands (Linux USB driver
    guide V1.8, table 2).

    :raises PortError: if there is none, or where there are several modules.
    """
    found = [port for port in list_ports.comports() if (port.vid, port.pid) == USB_ID]
    serials = {port.serial_number for port in found}
    named = [port for port in found if interface_of(port.location).endswith(".2")]
    if len(serials) > 1 or len(named) > 1:
        names = ", ".join(port.device for port in found)
        raise PortError(f"several modules are there, name the port of one: {names}")
    if len(named) == 1:
        return named[0].device
    if len(found) > 2:
        # COM10 comes behind COM9.
        found.sort(key=lambda port: (len(port.device), port.device))
        return found[2].device
    names = ", ".join(port.device for port in list_ports.comports()) or "no port at all"
    raise PortError(
        f"no BG96 was found on USB (2c7c:0296); there is {names}: name the port"
    )


#: What pyserial raises, or lets through of the system's. It raises TypeError for a port
#: that was closed under a reader.
FAILURES = (OSError, ValueError, TypeError, ImportError)


class Port:
    """A serial port, opened exclusively, and for this process alone.

    :param url: anything that `serial.serial_for_url` takes.
    :param baudrate: in baud; without meaning on USB.
    :param rtscts: whether RTS and CTS hold the line back.
    :param holder: for whom it is opened, which `held_for` tells.
    :param stats: where the bytes are counted.
    :raises PortError: if it cannot be opened.
    """

    def __init__(
        self,
        url: str,
        *,
        baudrate: int,
        rtscts: bool,
        clock: Clock,
        holder: object = None,
        stats: Statistics | None = None,
    ) -> None:
        self.url = url
        self._stats = stats or Statistics()
        self.holder = holder
        self._clock = clock
        self._process = os.getpid()
        if EMULATOR_PACKAGE not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(EMULATOR_PACKAGE)
        try:
            self._serial = serial.serial_for_url(
                url,
                baudrate=baudrate,
                rtscts=rtscts,
                exclusive=True,
                timeout=SLICE,
                # Its connection has a bound of its own, and it takes no other.
                write_timeout=None if "rfc2217:" in url.lower() else WRITE_TIMEOUT,
            )
        except FAILURES as error:
            raise self._failure("cannot be opened", error) from error
        try:
            self._descriptor = self._own_descriptor()
            _open_ports.add(self)
        except BaseException:
            self._serial.close()
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def has_pauses(self) -> bool:
        """Whether a network lies between, which has pauses of its own."""
        return "socket:" in self.url.lower() or "rfc2217:" in self.url.lower()

    @property
    def baudrate(self) -> int:
        """The speed in baud."""
        return int(self._serial.baudrate)

    @baudrate.setter
    def baudrate(self, value: int) -> None:
        self.check_process()
        try:
            self._serial.baudrate = value
        except FAILURES as error:
            raise self._failure(f"cannot be set to {value} baud", error) from error

    def close(self) -> None:
        """Give the port back."""
        _open_ports.discard(self)
        # pyserial leaves a connection that was reset to the garbage collector.
        connection = getattr(self._serial, "_socket", None)
        self._serial.close()
        if connection is not None:
            connection.close()

    def check_process(self) -> None:
        """Refuse the port of a parent process.

        :raises PortError: in a child that was forked after the port was opened.
        """
        if self._process != os.getpid():
            raise PortError(
                f"{self.url} was opened before this process was forked, and belongs to "
                "the parent: make an adapter of its own in each process that has a "
                "modem of its own; or close() this one first, if the parent is done"
            )

    def disown(self) -> None:
        """Let go of a parent's port, and say nothing to who is at its other end.

        The lock on a device, and a connection, last as long as any process has them.
        """
        try:
            descriptor = self._serial.fileno()
        except (AttributeError, io.UnsupportedOperation):
            # Closing it would close it for the parent too.
            self._serial.close = lambda: None  # type: ignore[method-assign]
        else:
            with open(os.devnull, "r+b", buffering=0) as nothing:
                os.dup2(nothing.fileno(), descriptor, inheritable=False)

    def read(
        self, deadline: Deadline, given_up: Callable[[], bool] | None = None
    ) -> bytes:
        """Return what comes, as soon as anything does; b"" when the deadline is over.

        :param given_up: asked every `SLICE` seconds whether to wait no longer.
        :raises PortError: if the port went away.
        """
        if self._process != os.getpid():
            self.check_process()
        try:
            if self._descriptor is None:
                data = self._read_in_slices(deadline, given_up)
            else:
                data = self._read_by(self._descriptor, deadline, given_up)
        except FAILURES as error:
            raise self._failure("cannot be read", error) from error
        self._stats.line_bytes_down += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`, which takes as long as the line needs for it.

        :raises PortError: if the port went away, or the line is held back.
        """
        if self._process != os.getpid():
            self.check_process()
        self._stats.line_bytes_up += len(data)
        try:
            self._serial.write(data)
        except FAILURES as error:
            raise self._failure("cannot be written", error) from error

    def drop_dtr(self) -> None:
        """Let DTR fall and rise, which ends data mode under AT&D1 (AT manual 3.2)."""
        self.check_process()
        try:
            self._serial.dtr = False
            self._clock.sleep(0.1)
            self._serial.dtr = True
        except FAILURES as error:
            raise self._failure("cannot move DTR", error) from error

    def _own_descriptor(self) -> int | None:
        """Return what to wait on; None for a port that has none."""
        try:
            descriptor: int = self._serial.fileno()
        except (AttributeError, io.UnsupportedOperation):
            return None
        self._serial.timeout = 0
        return descriptor

    def _read_by(
        self,
        descriptor: int,
        deadline: Deadline,
        given_up: Callable[[], bool] | None,
    ) -> bytes:
        while True:
            left = deadline.left()
            seconds = min(SLICE, left) if given_up else left
            if select.select([descriptor], [], [], seconds)[0]:
                return bytes(self._serial.read(READ_SIZE))
            if seconds == left or (given_up and given_up()):
                return b""

    def _read_in_slices(
        self, deadline: Deadline, given_up: Callable[[], bool] | None
    ) -> bytes:
        while not (waiting := self._serial.in_waiting):
            if deadline.over or (given_up and given_up()):
                return b""
            if first := self._serial.read(1):
                return bytes(first + self._serial.read(self._serial.in_waiting))
        return bytes(self._serial.read(min(waiting, READ_SIZE)))

    def _failure(self, what: str, error: Exception) -> PortError:
        """Return the error for what pyserial or the system says, with what to do."""
        number = getattr(error, "errno", None)
        if "exclusively lock" in str(error):
            number = errno.EBUSY
        advice = ADVICE.get(number) if isinstance(number, int) else None
        failure = PortError(f"{self.url} {what}: {advice or error}")
        failure.taken = number in TAKEN
        return failure


def held_for(url: str) -> object:
    """Return for whom `url` is open in this process; None where it is not."""
    for port in list(_open_ports):
        if _same_port(port.url, url):
            return port.holder
    return None


def _same_port(one: str, other: str) -> bool:
    if one.partition("?")[0].endswith("://"):
        # Such as loop://, of which each has their own.
        return False
    return one == other or (
        os.path.exists(one) and os.path.realpath(one) == os.path.realpath(other)
    )


#: Those that a process which is forked has no business with.
_open_ports: weakref.WeakSet[Port] = weakref.WeakSet()


def _disown() -> None:
    for port in list(_open_ports):
        port.disown()
    _open_ports.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)
