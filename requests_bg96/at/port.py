"""The serial port: bytes with deadlines, on any port that pyserial opens.

There is one reader and no thread. If the port has a file descriptor, the system tells
when there are bytes, and they are read in one piece. Otherwise pyserial waits for
`SLICE` at a time. The only sleep is `NAP`, while a long payload comes.
"""

from __future__ import annotations

import errno
import io
import os
import select
import weakref
from collections.abc import Callable
from contextlib import suppress

import serial
from serial.tools import list_ports

from ..clock import Clock, Deadline
from ..errors import PortError
from ..stats import Meter, Statistics
from .usb import modules
from .waker import Waker

__all__ = ("Port", "find_port", "held_for", "resolved")

#: The package for ``emulator://``; pyserial imports it when it is needed.
EMULATOR_PACKAGE = "requests_bg96.emulator"
#: A pty and a UART return at most this much at a time (Linux n_tty).
READ_SIZE = 4_096
#: At 9,600 baud, this takes about a second.
WRITE_SIZE = 1_024
#: Seconds for `WRITE_SIZE` bytes. If they take longer, flow control has stopped the
#: line.
WRITE_TIMEOUT = 10.0
#: Seconds to wait at a time if a port has no file descriptor, or if another thread may
#: end the wait.
SLICE = 0.05
#: Seconds in which the bytes of a long payload gather, so that fewer reads take them.
#: At 3,000,000 baud, this is less than `READ_SIZE`, so no byte is lost.
NAP = 0.01
#: After a read of fewer bytes, the line is slower than this program.
SHORT = 2_048

#: What happened and what to do, by the number of the OSError.
ADVICE = {
    errno.ENOENT: "there is no such port; check its name and its cable",
    errno.EACCES: "this user may not open it; add the user to the port's group "
    "(dialout on Debian, uucp on Arch)",
    errno.EBUSY: "another program uses it; stop that program (usually ModemManager "
    "or a serial console)",
    errno.EWOULDBLOCK: "another program uses it; stop that program (usually "
    "ModemManager or a serial console)",
}
#: The port exists, but is not available to us.
TAKEN = frozenset({errno.EACCES, errno.EBUSY, errno.EWOULDBLOCK})


def find_port(serial_number: str | None = None) -> str:
    """Return the name of the AT port of a BG96 on USB.

    :param serial_number: of the module's USB device. Without it, there must be only
        one module.
    :raises PortError: if there is no such module, or if there are several.
    """
    there = modules()
    found = [one for one in there if serial_number in (None, one.serial_number)]
    if len(found) > 1:
        names = ", ".join(name for one in found for name in one.ports.values())
        raise PortError(f"there are several modules; pass the port of one: {names}")
    if found:
        if found[0].at_port:
            return found[0].at_port
        names = ", ".join(found[0].ports.values())
        raise PortError(
            f"the module on USB has no AT port, only {names}; wait until it has started"
        )
    if serial_number is not None:
        numbers = ", ".join(one.serial_number or "one without" for one in there)
        raise PortError(
            f"no BG96 on USB has the serial number {serial_number}; pass one of these: "
            f"{numbers or 'none is there'}"
        )
    names = ", ".join(port.device for port in list_ports.comports()) or "no port at all"
    raise PortError(
        f"no BG96 was found on USB (2c7c:0296). Pass its port; there is {names}"
    )


def resolved(name: str | None) -> str:
    """Return the port that `name` stands for: ``usb:SERIAL``, or the one on USB.

    :param name: any other name is returned as it is.
    :raises PortError: if no such module is on USB, or if there are several.
    """
    if not name:
        return find_port()
    scheme, colon, serial_number = name.partition(":")
    return find_port(serial_number) if scheme.lower() == "usb" and colon else name


#: The errors of pyserial and of the system. pyserial raises TypeError if a port is
#: closed while it is being read.
FAILURES = (OSError, ValueError, TypeError, ImportError)


class Port:
    """A serial port, opened for this process only.

    :param url: a port that `serial.serial_for_url` takes.
    :param baudrate: in baud; it means nothing on USB.
    :param rtscts: whether RTS and CTS can stop the line.
    :param holder: the object that it is opened for, which `held_for` returns.
    :param stats: counts the bytes.
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
        self.rtscts = rtscts
        self._stats = stats or Statistics()
        #: Wakes a read, once there was one that may be interrupted.
        self._waker: Waker | None = None
        self.holder = holder
        #: Counts the bytes of the current exchange; None without a trace.
        self.meter: Meter | None = None
        self._clock = clock
        #: Whether this process was forked after the port was opened.
        self._inherited = False
        #: Whether the last read found few bytes.
        self._short = False
        #: When the last bytes came; before that, when it was opened.
        self.heard_at = clock.now()
        if EMULATOR_PACKAGE not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append(EMULATOR_PACKAGE)
        try:
            self._serial = serial.serial_for_url(
                url,
                baudrate=baudrate,
                rtscts=rtscts,
                exclusive=True,
                timeout=SLICE,
                # rfc2217 has its own timeout, and accepts no other.
                write_timeout=None if "rfc2217:" in url.lower() else WRITE_TIMEOUT,
            )
        except FAILURES as error:
            raise self._failure("cannot be opened", error) from error
        try:
            self._descriptor = self._own_descriptor()
            #: Whether the descriptor is a serial port of POSIX that pyserial only opens
            #: and sets up. Its `read` and `write` wait once more each.
            self._direct = os.name == "posix" and type(self._serial) is serial.Serial
            _open_ports.add(self)
        except BaseException:
            self._serial.close()
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def has_pauses(self) -> bool:
        """Whether there is a network between, which makes pauses."""
        return "socket:" in self.url.lower() or "rfc2217:" in self.url.lower()

    @property
    def has_speed(self) -> bool:
        """Whether its speed can matter: a TCP connection has none."""
        return "socket:" not in self.url.lower()

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
        if self._waker is not None:
            self._waker.close()

    def check_process(self) -> None:
        """Refuse the port of a parent process.

        :raises PortError: in a child that was forked after the port was opened.
        """
        if self._inherited:
            raise PortError(
                f"{self.url} was opened before this process was forked, and belongs to "
                "the parent. Make a new adapter in each process, with another modem, "
                "or close() this one in the parent first"
            )

    def disown(self) -> None:
        """Close a parent's port in this process without any effect on the parent.

        The lock of a device, and a connection, last while any process has them.
        """
        self._inherited = True
        try:
            descriptor = self._serial.fileno()
        except (AttributeError, io.UnsupportedOperation):
            # Closing it would close it for the parent, too.
            self._serial.close = lambda: None  # type: ignore[method-assign]
        else:
            with open(os.devnull, "r+b", buffering=0) as nothing:
                os.dup2(nothing.fileno(), descriptor, inheritable=False)

    def read(
        self,
        deadline: Deadline,
        given_up: Callable[[], bool] | None = None,
        expected: int = 0,
    ) -> bytes:
        """Return the bytes that come, as soon as there are any; b"" at the deadline.

        :param given_up: tells whether to stop waiting. It is asked at each `interrupt`,
            and every `SLICE` seconds.
        :param expected: how many bytes are certainly still to come. If they are many
            and the line is slow, the bytes gather for `NAP` seconds before the read.
        :raises PortError: if the port went away.
        """
        if self._inherited:
            self.check_process()
        if expected >= READ_SIZE and self._short:
            self._clock.sleep(min(NAP, deadline.left()))
        try:
            if self._descriptor is None:
                data = self._read_in_slices(deadline, given_up)
            elif given_up is None:
                data = self._read_by(self._descriptor, deadline.left())
            else:
                data = self._read_until(self._descriptor, deadline, given_up)
        except FAILURES as error:
            raise self._failure("cannot be read", error) from error
        self._short = len(data) < SHORT
        self._count(data)
        return data

    def pending(self) -> bytes:
        """Return the bytes that have already come; do not wait.

        :raises PortError: if the port went away.
        """
        if self._inherited:
            self.check_process()
        try:
            if self._descriptor is not None:
                data = self._read_by(self._descriptor, 0)
            elif waiting := self._serial.in_waiting:
                data = bytes(self._serial.read(min(waiting, READ_SIZE)))
            else:
                return b""
        except FAILURES as error:
            raise self._failure("cannot be read", error) from error
        self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        if data:
            self._stats.line_bytes_down += len(data)
            self.heard_at = self._clock.now()
            if self.meter is not None:
                self.meter.count(down=len(data))

    def interrupt(self) -> None:
        """Make a read in another thread ask its `given_up` now; do not wait."""
        if self._waker is not None:
            self._waker.wake()
        elif self._descriptor is None:
            # Not all ports of pyserial can do this.
            with suppress(AttributeError, *FAILURES):
                self._serial.cancel_read()

    def write(self, data: bytes) -> None:
        """Send all of `data`; this takes as long as the line needs.

        :raises PortError: if the port went away, or flow control has stopped the line.
        """
        if self._inherited:
            self.check_process()
        self._stats.line_bytes_up += len(data)
        if self.meter is not None:
            self.meter.count(up=len(data))
        try:
            if self._descriptor is not None and self._direct:
                data = data[self._write_at_once(self._descriptor, data) :]
            if data:
                self._serial.write(data)
        except FAILURES as error:
            raise self._failure("cannot be written", error) from error

    def drop_dtr(self) -> None:
        """Lower and raise DTR, which ends data mode with AT&D1 (AT manual 3.2)."""
        self.check_process()
        try:
            self._serial.dtr = False
            self._clock.sleep(0.1)
            self._serial.dtr = True
        except FAILURES as error:
            raise self._failure("cannot move DTR", error) from error

    def _own_descriptor(self) -> int | None:
        """Return the descriptor to wait on, or None if the port has none."""
        try:
            descriptor: int = self._serial.fileno()
        except (AttributeError, io.UnsupportedOperation):
            return None
        self._serial.timeout = 0
        return descriptor

    @staticmethod
    def _write_at_once(descriptor: int, data: bytes) -> int:
        """Write what the system takes without a wait; return how many bytes."""
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            return 0

    def _read_by(self, descriptor: int, seconds: float) -> bytes:
        if select.select([descriptor], [], [], seconds)[0]:
            return self._take(descriptor)
        return b""

    def _take(self, descriptor: int) -> bytes:
        """Return the bytes that the system has told of."""
        if self._direct and (data := os.read(descriptor, READ_SIZE)):
            return data
        # Without any, the port went away: pyserial raises the error.
        return bytes(self._serial.read(READ_SIZE))

    def _read_until(
        self, descriptor: int, deadline: Deadline, given_up: Callable[[], bool]
    ) -> bytes:
        if self._waker is None:
            self._waker = Waker()
        while True:
            left = deadline.left()
            waiting = [descriptor, self._waker.fileno()]
            came = select.select(waiting, [], [], min(SLICE, left))[0]
            if descriptor in came:
                return self._take(descriptor)
            self._waker.reset()
            if left <= SLICE and not came or given_up():
                return b""

    def _read_in_slices(
        self, deadline: Deadline, given_up: Callable[[], bool] | None
    ) -> bytes:
        if waiting := self._serial.in_waiting:
            return bytes(self._serial.read(min(waiting, READ_SIZE)))
        while not (deadline.over or (given_up and given_up())):
            if first := self._serial.read(1):
                return bytes(first + self._serial.read(self._serial.in_waiting))
        return b""

    def _failure(self, what: str, error: Exception) -> PortError:
        """Return the error for a failure of pyserial or the system, with advice."""
        number = getattr(error, "errno", None)
        if "exclusively lock" in str(error):
            number = errno.EBUSY
        advice = ADVICE.get(number) if isinstance(number, int) else None
        failure = PortError(f"{self.url} {what}: {advice or error}")
        failure.taken = number in TAKEN
        return failure


def held_for(url: str) -> object:
    """Return the holder of the open port `url` in this process, or None."""
    for port in list(_open_ports):
        if _same_port(port.url, url):
            return port.holder
    return None


def _same_port(one: str, other: str) -> bool:
    if one.partition("?")[0].endswith("://"):
        # For example loop://: each user has another one.
        return False
    return one == other or (
        os.path.exists(one) and os.path.realpath(one) == os.path.realpath(other)
    )


#: The open ports, which a forked process must not touch.
_open_ports: weakref.WeakSet[Port] = weakref.WeakSet()


def _disown() -> None:
    for port in list(_open_ports):
        port.disown()
    _open_ports.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)
