"""A BG96 in this process: the module, its line, its clock, its name."""

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
from .socket_network import SocketNetwork
from .switches import Switches

__all__ = ("Emulator", "find")

#: Seconds of real time that a real network gets before virtual time moves on.
GRACE = 0.05

_numbers = itertools.count(1)
_by_name: weakref.WeakValueDictionary[str, Emulator] = weakref.WeakValueDictionary()


def find(name: str) -> Emulator:
    """Return the emulator of a name.

    :raises KeyError: when there is none.
    """
    return _by_name[name]


class Emulator:
    """A software BG96.

    It has no thread of its own: it lives in the calls of whoever reads and writes its
    port, and in those of the network when something has come.
    A program opens it by its `url`::

        with Emulator() as emulator:
            port = serial.serial_for_url(emulator.url, 115200)

    :param baudrate: bits per second of the line in both directions; None is as fast
        as USB.
    :param fragment: the most bytes that a read finds at once, or "random".
    :param answer_delay: seconds between a command line and its first answer.
    :param switches: the firmware.
    :param network: who is behind the antenna; the host's own network by default.
    :param clock: the time; the system's by default.
    :param sim: "ready", "pin", "puk", or None for an empty slot.
    :param pin: the PIN of the SIM.
    :param registration: "home", "roaming", "searching", "denied", "idle", "unknown".
    :param apn: the only APN that the network accepts; None accepts all.
    :param model: what ATI names the module.
    :param faults: what goes wrong.
    :param overflow: bytes of the host's receive buffer beyond which bytes are lost
        (with a baudrate, and without RTS/CTS); None loses nothing.
    :param input_rate: bytes per second that the module takes in data mode; None is as
        many as come.
    :param input_buffer: bytes that it holds besides, beyond which bytes are lost (with
        an input_rate, and without RTS/CTS).
    :param seed: of all that is random.
    :param on_line: called with "to_host" or "from_host" and the bytes that pass.
    :param name: of the URL; a unique one by default.
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
        model: str = "BG96",
        faults: Iterable[Fault] = (),
        overflow: int | None = None,
        input_rate: int | None = None,
        input_buffer: int = INPUT_BUFFER,
        seed: int = 0,
        on_line: Observer | None = None,
        name: str | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.network = network or SocketNetwork()
        self.condition = threading.Condition(threading.RLock())
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
            model=model,
        )
        self.line = Line(
            self.module,
            baudrate=baudrate,
            fragment=fragment,
            overflow=overflow,
            input_rate=input_rate,
            input_buffer=input_buffer,
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

    # What users ask.

    @property
    def url(self) -> str:
        """The URL for ``serial.serial_for_url``."""
        return f"emulator://{self.name}"

    @property
    def exchanges(self) -> int:
        """The number of HTTP requests of which bytes went out to a server."""
        with self.condition:
            self.advance()
            return self.module.exchanges

    # What users do to the module.

    def close(self) -> None:
        """End the emulator: its connections are closed, its name is free."""
        with self.condition:
            self.module.close()
            _by_name.pop(self.name, None)

    def mark(self) -> None:
        """Let the offsets of faults count from here."""
        with self._change():
            self.line.mark()

    def add_fault(self, fault: Fault) -> None:
        """Let one more thing go wrong; its offset counts from here."""
        with self._change():
            self.line.add_fault(fault)

    def reset(self, urcs: bool = True) -> None:
        """Reset the module without a word.

        :param urcs: False leaves out what the start would print, ``RDY`` as well.
        """
        with self._change():
            self.module.power.reset(urcs)

    def power_off(self) -> None:
        """Switch the module off; it says ``POWERED DOWN``."""
        with self._change():
            self.module.power.off()

    def lose_context(self) -> None:
        """Let the network drop all PDP contexts (``+QIURC: "pdpdeact"``)."""
        with self._change():
            self.module.contexts.lose_all()

    def set_registration(self, registration: str) -> None:
        """Let the registration change; see the parameter of this name."""
        with self._change():
            self.module.radio.set_registration(registration)

    def urc(self, line: bytes) -> None:
        """Let the module say a URC, given without line ends."""
        with self._change():
            self.module.urc(line)

    def hang_up(self) -> None:
        """Let the servers close the connections in use."""
        with self._change():
            self.module.hang_up()

    @contextlib.contextmanager
    def other_port_in_data_mode(self) -> Iterator[None]:
        """Have a program on another port of the module, which is in data mode.

        Only one port can be (HTTP manual 4.4): the commands that lead there fail with
        704 for the time of a ``with`` block.
        """
        with self._change():
            self.module.data_mode_elsewhere = True
        try:
            yield
        finally:
            with self._change():
                self.module.data_mode_elsewhere = False

    def unplug(self) -> None:
        """Pull the cable: the open port is dead, no other can be opened."""
        with self._change():
            self.plugged = False
            self.line.detach()

    def plug(self) -> None:
        """Put the cable back in: the port can be opened anew."""
        with self._change():
            self.plugged = True
            self.plugs += 1

    @contextlib.contextmanager
    def pty(self) -> Iterator[str]:
        """Serve the module on a pseudo-terminal for the time of a ``with`` block.

        :returns: its path, for a program that opens a serial device.
        :raises OSError: on a system without pseudo-terminals.
        """
        # The server builds on this module.
        from .server import Server, pty_channel, serving

        channel = pty_channel()
        with serving(Server(self, channel=channel)):
            yield channel.path

    # What ports and servers call, with the condition held.

    def advance(self) -> float:
        """Let everything happen that is due; return when the next thing is."""
        return self.line.step(self.clock.now())

    def wait(self, until: float) -> None:
        """Wait for the network, another thread, or a time."""
        virtual = isinstance(self.clock, VirtualClock)
        if virtual and self.network.busy and self.condition.wait(GRACE):
            return
        timeout = until if until == math.inf else max(0.0, until - self.clock.now())
        self.clock.wait(self.condition, timeout)

    def notify(self) -> None:
        """Let the module see what has come, and wake whoever waits.

        The network calls this from its threads, so that a request goes on while the
        host does something else. The condition need not be held.
        """
        with self.condition:
            self.advance()
            self.condition.notify_all()
            for listener in self._listeners:
                listener()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call this as well when something has come from the network."""
        with self.condition:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        with self.condition:
            self._listeners.remove(listener)

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        """Hold the condition, bring the module's time up to date, wake everyone."""
        with self.condition:
            self.advance()
            yield
            self.notify()

    def _fire(self, fault: Fault) -> None:
        """Do what a fault asks for beyond harming bytes."""
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
