"""A BG96 in this process: a module, its line, its clock and its name."""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..clock import Clock, SystemClock
from .clock import VirtualClock
from .faults import Fault
from .intake import INPUT_BUFFER
from .line import Fragment, Line, Observer
from .module import Module
from .network import Network
from .noise import SHARE
from .socket_network import SocketNetwork
from .switches import Switches

__all__ = ("Emulator", "find")

#: The seconds of real time that a real network gets before virtual time advances.
GRACE = 0.05

_numbers = itertools.count(1)
_by_name: weakref.WeakValueDictionary[str, Emulator] = weakref.WeakValueDictionary()


def find(name: str) -> Emulator:
    """Return the emulator with this name.

    :raises KeyError: if there is none.
    """
    return _by_name[name]


class Emulator:
    """A software BG96.

    It has no thread. It runs in the threads that use its port, and in those of the
    network. A program opens it by its `url`::

        with Emulator() as emulator:
            port = serial.serial_for_url(emulator.url, 115200)

    :param baudrate: the bits per second of the line, in both directions. None is as
        fast as USB. The module's own speed is 115,200 in any case, until AT+IPR changes
        both: a host at another speed hears noise.
    :param fragment: the most bytes that a read finds at once, or "random".
    :param answer_delay: the seconds between a command line and its answer.
    :param switches: the firmware.
    :param network: makes the connections; by default over this machine's network.
    :param clock: the clock; the system's by default.
    :param sim: "ready", "pin", "puk", or None for an empty slot.
    :param pin: the PIN of the SIM.
    :param registration: "home", "roaming", "searching", "denied", "idle" or "unknown".
    :param apn: the only APN that the network accepts; None accepts all.
    :param attach_error: the number with which the network rejects an attach, for
        example 107; None accepts it.
    :param model: the module's name in the answer to ATI.
    :param faults: the faults of line, module and network.
    :param overflow: the bytes of the host's receive buffer. Further bytes are lost,
        except with RTS and CTS. It needs a baudrate. With None, no byte is lost.
    :param input_rate: the bytes per second that the module reads in data mode; None is
        as fast as they come.
    :param input_buffer: the bytes of the module's buffer. With `input_rate`, further
        bytes are lost, except with RTS and CTS.
    :param clean_to: the highest rate in baud that the line carries without noise, as
        with a cable that is too long, or with clocks that differ; None carries all.
    :param noise: the share of the bytes that change above `clean_to`, 0 to 1.
    :param seed: the seed of the random numbers.
    :param on_line: called with "to_host" or "from_host", and the bytes.
    :param name: the name in the URL; a unique one by default.
    :raises ValueError: if an argument is wrong.
    """

    def __init__(
        self,
        baudrate: int | None = None,
        fragment: Fragment = None,
        answer_delay: float = 0.0,
        switches: Switches = Switches(),
        network: Network | None = None,
        clock: Clock | None = None,
        sim: str | None = "ready",
        pin: str = "1234",
        registration: str = "home",
        apn: str | None = None,
        attach_error: int | None = None,
        model: str = "BG96",
        faults: Iterable[Fault] = (),
        overflow: int | None = None,
        input_rate: int | None = None,
        input_buffer: int = INPUT_BUFFER,
        clean_to: int | None = None,
        noise: float = SHARE,
        seed: int = 0,
        on_line: Observer | None = None,
        name: str | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.network = network or SocketNetwork()
        self.lock = threading.RLock()
        #: It has the same lock as `lock`, which is faster to take.
        self.condition = threading.Condition(self.lock)
        self._listeners: list[Callable[[], None]] = []
        self.network.attach(self.clock, self.notify)
        self.module = Module(
            self.network,
            now=self.clock.now(),
            switches=switches,
            answer_delay=answer_delay,
            sim=sim,
            pin=pin,
            registration=registration,
            apn=apn,
            attach_error=attach_error,
            model=model,
        )
        self.line = Line(
            self.module,
            baudrate=baudrate,
            fragment=fragment,
            overflow=overflow,
            input_rate=input_rate,
            input_buffer=input_buffer,
            clean_to=clean_to,
            noise=noise,
            faults=faults,
            fire=self._fire,
            seed=seed,
            on_line=on_line,
        )
        self.plugged = True
        self.plugs = 0
        self.name = name or f"bg96-{next(_numbers)}"
        _by_name[self.name] = self

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "on" if self.module.power.on else "off"
        return f"<Emulator {self.url} {state}>"

    # Questions of users.

    @property
    def url(self) -> str:
        """The URL for ``serial.serial_for_url``."""
        return f"emulator://{self.name}"

    @property
    def exchanges(self) -> int:
        """The number of HTTP requests that have sent bytes to a server."""
        with self.condition:
            self.advance()
            return self.module.exchanges

    # Actions of users.

    def close(self) -> None:
        """Close the module's connections, and free the emulator's name."""
        with self.condition:
            self.module.close()
            _by_name.pop(self.name, None)

    def mark(self) -> None:
        """Count the offsets of faults from here."""
        with self._change():
            self.line.mark()

    def add_fault(self, fault: Fault) -> None:
        """Add a fault; its offset counts from here."""
        with self._change():
            self.line.add_fault(fault)

    def reset(self, urcs: bool = True) -> None:
        """Reset the module, as the RESET pin does.

        :param urcs: whether the start prints its URCs, such as ``RDY``.
        """
        with self._change():
            self.module.power.reset(urcs)

    def power_key(self, seconds: float = 0.5) -> None:
        """Press the power key (PWRKEY), which starts the module or turns it off.

        It also wakes the module from Power Saving Mode.

        :param seconds: how long it is pressed; that time is over now. 0.5 s start the
            module, and 0.65 s turn it off (Hardware Design 3.6).
        """
        with self._change():
            self.module.power.press_key(seconds)

    def power_off(self) -> None:
        """Turn the module off; it sends ``POWERED DOWN``."""
        with self._change():
            self.module.power.off()

    def lose_context(self) -> None:
        """Drop all PDP contexts, as the network does (``+QIURC: "pdpdeact"``)."""
        with self._change():
            self.module.contexts.lose_all()

    def set_registration(self, registration: str) -> None:
        """Change the registration; see the parameter `registration`."""
        with self._change():
            self.module.radio.set_registration(registration)

    def urc(self, line: bytes) -> None:
        """Send a URC; `line` has no line ends."""
        with self._change():
            self.module.urc(line)

    def hang_up(self) -> None:
        """Close the connections in use, as the servers do."""
        with self._change():
            self.module.hang_up()

    @contextlib.contextmanager
    def other_port_in_data_mode(self) -> Iterator[None]:
        """Keep another port of the module in data mode during a ``with`` block.

        Only one port can be in data mode (HTTP manual 4.4). On this port, the commands
        that lead to it fail with 704.
        """
        with self._change():
            self.module.data_mode_elsewhere = True
        try:
            yield
        finally:
            with self._change():
                self.module.data_mode_elsewhere = False

    def unplug(self) -> None:
        """Pull the cable: the open port fails, and none can be opened."""
        with self._change():
            self.plugged = False
            self.line.detach()

    def plug(self) -> None:
        """Plug the cable in again: the port can be opened again."""
        with self._change():
            self.plugged = True
            self.plugs += 1

    @contextlib.contextmanager
    def pty(self) -> Iterator[str]:
        """Connect the module to a pseudo-terminal during a ``with`` block.

        :returns: the path of the pseudo-terminal, for a program that opens a device.
        :raises OSError: if the system has no pseudo-terminals.
        """
        # server.py imports this module.
        from .server import Server, pty_channel, serving

        channel = pty_channel()
        with serving(Server(self, channel=channel)):
            yield channel.path

    # Calls of ports and servers, which hold the condition.

    def advance(self) -> float:
        """Do everything that is due; return the time of the next thing to do."""
        return self.line.step(self.clock.now())

    def wait(self, until: float) -> None:
        """Wait for the network, another thread, or the time `until`."""
        virtual = isinstance(self.clock, VirtualClock)
        if virtual and self.network.busy and self.condition.wait(GRACE):
            return
        timeout = until if until == math.inf else max(0.0, until - self.clock.now())
        self.clock.wait(self.condition, timeout)

    def notify(self) -> None:
        """Advance the module, and wake all threads that wait.

        The network calls this from its threads. So a request continues while the host
        does something else. The caller need not hold the condition.
        """
        with self.lock:
            self.advance()
            self.tell()

    def tell(self) -> None:
        """Wake all threads that wait, after the module has advanced.

        The caller holds the condition.
        """
        self.condition.notify_all()
        for listener in self._listeners:
            listener()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever something has come from the network."""
        with self.condition:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        with self.condition:
            self._listeners.remove(listener)

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """Hold the condition and advance the module; wake all threads at the end."""
        with self.condition:
            self.advance()
            yield
            self.notify()

    def _fire(self, fault: Fault) -> None:
        """Do what a fault does to module or network."""
        actions: dict[str, Callable[[], Any]] = {
            "urc": lambda: self.module.urc(fault.data),
            "cme": lambda: self.module.fail_next(fault.code),
            "reset": lambda: self.module.power.reset(True),
            "reset_quiet": lambda: self.module.power.reset(False),
            "power_down": self.module.power.off,
            "lose_context": self.module.contexts.lose_all,
            "hang_up": self.module.hang_up,
            "unplug": self.unplug,
            "replug": self._replug,
        }
        actions[fault.action]()

    def _replug(self) -> None:
        self.unplug()
        self.plug()
