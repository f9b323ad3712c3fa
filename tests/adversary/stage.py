"""Where the client meets the server that attacks: a modem in virtual time.

It records the truth, which the client does not know: each command line that the module
runs, and each write of the client while the module prints bytes of a server.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import requests
import serial

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator, Fault, VirtualClock
from requests_bg96.emulator.scheduler import Procedure
from tests.adversary.plans import BANK, SECRET, Case
from tests.adversary.protocol_overheard import Serial, listeners
from tests.adversary.server import Adversary
from tests.fuzz.scripted import Hangs

__all__ = ("Killed", "Stage")

#: The package in which pyserial looks for ``overheard://``.
PACKAGE = __package__ or ""
#: The number of looks at the port before time passes.
PATIENCE = 100_000
#: The commands that print bytes of a server.
_HANDS_OUT = re.compile(r"\+(?:QHTTPREAD=|QFDWL|QFREAD)")
#: All that may be written meanwhile: the question, and the end of data mode.
QUESTION = re.compile(
    rb"(?:ATQ0V1E[01]&D[0-2]\r|AT(?:Q0|V1){40}E[01]\r)+|\+\+\+|\r", re.DOTALL
)
#: A file that is in the module from the start.
KEPT = "kept"


class Killed(BaseException):
    """The program is killed."""


class Stage:
    """A modem, the servers behind it, and one program after the other.

    :param case: the attack.
    """

    def __init__(self, case: Case) -> None:
        self.clock = VirtualClock()
        self.adversary = Adversary(
            case.opening, case.reactions, case.switches, case.packets
        )
        self.emulator = Emulator(
            clock=self.clock,
            network=self.adversary,
            switches=case.switches,
            **case.line,
        )
        self.emulator.module.files.create(KEPT).extend(b"of the owner's")
        #: The command lines that the module has run.
        self.executed: list[str] = []
        #: All writes, and those of another program.
        self.written: set[bytes] = set()
        self.foreign: set[bytes] = set()
        #: Forbidden writes while the module prints a response.
        self.misplaced: list[bytes] = []
        #: The noise that is still to come.
        self.noise = [one for one in case.noise if not one.in_errand]
        self.session = requests.Session()
        self._settings = dict(case.settings)
        #: The number of programs that have been started.
        self._programs = 0
        #: The seconds until an answer.
        self._patience = 0.3 if case.line.get("baudrate") else 0.05
        self._port: Serial | None = None
        self._is_client = True
        #: What to raise after a number of looks at the port, or None.
        self._end: BaseException | None = None
        self._left = 0
        self._since: bytes | None = None
        self._last = ""
        self._looked, self._looked_at = 0, 0.0
        self._watch()
        listeners[self.emulator.name] = self

    @property
    def url(self) -> str:
        """The port."""
        return f"overheard://{self.emulator.name}"

    @classmethod
    @contextlib.contextmanager
    def of(cls, case: Case) -> Iterator[Stage]:
        """Provide a stage during a ``with`` block."""
        serial.protocol_handler_packages.append(PACKAGE)
        try:
            stage = cls(case)
            with stage.emulator:
                stage.begin()
                yield stage
                stage.session.close()
        finally:
            serial.protocol_handler_packages.remove(PACKAGE)

    # Programs

    def begin(self) -> None:
        """Start a program."""
        self._is_client = True
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set("token", SECRET, domain=BANK)
        # With the same name, it would share the modem and the knowledge of the last
        # one.
        self._programs += 1
        port = f"{self.url}?program={self._programs}"
        adapter = BG96Adapter(port, clock=self.clock, **self._settings)
        for prefix in ("http://", "https://"):
            self.session.mount(prefix, adapter)

    def end_at(self, end: BaseException, since: bytes, looks: int) -> None:
        """End a program after a number of looks at its port since a command."""
        self._end, self._since, self._left = end, since, looks

    def go_on(self) -> None:
        """Let the program run."""
        self._end = None

    def kill(self) -> None:
        """End the program, and start it again."""
        self.go_on()
        if self._port is not None:
            self._port.die()
        # It only gives back a port that is dead.
        self.session.close()
        self.begin()

    @contextlib.contextmanager
    def stranger(self) -> Iterator[Any]:
        """Let another program use the port."""
        self._is_client = False
        port = serial.serial_for_url(self.url, 115200, timeout=self._patience)
        try:
            yield port
        finally:
            port.close()
            self._is_client = True

    # Calls of the port

    def opened(self, port: Serial) -> None:
        """Record the port of the program that runs."""
        self._port = port

    def looks(self) -> None:
        """Check that the program does not look without end."""
        now = self.clock.now()
        self._looked = self._looked + 1 if now == self._looked_at else 0
        self._looked_at = now
        if self._looked > PATIENCE:
            raise Hangs(f"looked {PATIENCE} times at {now} s")

    def reads(self) -> None:
        """End the program here, if that is planned."""
        if self._end is not None and self._since is None:
            self._left -= 1
            if self._left < 0:
                end, self._end = self._end, None
                raise end

    def writes(self, data: bytes) -> None:
        """Record what the client writes, and tell the server."""
        if self._since is not None and data.startswith(self._since):
            self._since = None
        self.reads()
        with self.emulator.condition:
            self.emulator.advance()
            self.written.add(data)
            if not self._is_client:
                self.foreign.add(data)
            wrong = self._hands_out and not QUESTION.fullmatch(data)
            if wrong and self._is_client:
                self.misplaced.append(data)
            self.adversary.overhear(data, self.clock.now())
        self._make_noise(data)

    def quieten(self) -> None:
        """From now on, the line changes nothing."""
        self.noise.clear()
        for tap in (self.emulator.line._from_host, self.emulator.line._to_host):
            tap._faults.clear()

    def fall_silent(self) -> None:
        """From now on, the server is honest, too."""
        self.quieten()
        self.adversary.fall_silent(self.clock.now())

    def _make_noise(self, data: bytes) -> None:
        """Let the line change something after what the client is about to write."""
        for one in list(self.noise):
            if re.search(one.to, data) and self._is_client:
                self.noise.remove(one)
                fault = Fault(one.direction, one.beyond, one.action, data=one.data)
                self.emulator.add_fault(fault)

    @property
    def _hands_out(self) -> bool:
        """Whether the module prints bytes of a server."""
        data_mode = self.emulator.module.terminal.data_mode
        return data_mode and bool(_HANDS_OUT.match(self._last))

    def _watch(self) -> None:
        """Record each command line that the module runs."""
        interpreter = self.emulator.module._interpreter
        carry_out = interpreter._respond

        def respond(line: str) -> Procedure[None]:
            self._last = line
            if self._is_client:
                self.executed.append(line)
            return carry_out(line)

        setattr(interpreter, "_respond", respond)
