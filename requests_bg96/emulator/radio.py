"""Registration with the network (AT manual 6 and 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("REGISTRATION_TIME", "Radio", "STATES")

#: <stat> of CREG, CGREG and CEREG by name (AT manual 6.1, 9.8, 9.11).
STATES = {
    "idle": 0,
    "home": 1,
    "searching": 2,
    "denied": 3,
    "unknown": 4,
    "roaming": 5,
}

#: Seconds from a usable SIM to the registration; the manuals give only the bound
#: of 90 s (TCP/IP manual 1.1).
REGISTRATION_TIME = 3.0

#: <Act> of Cat M1 (AT manual 6.1).
CAT_M1 = 8


class Radio:
    """The radio part of one module.

    :param module: whose URCs tell of changes.
    :param registration: a name of `STATES`, what the network makes of us.
    """

    operator = "Test Network"
    short = "Test"
    numeric = "00101"
    area = "1A2B"
    cell = "01A2D3F"

    def __init__(self, module: Module, registration: str) -> None:
        if registration not in STATES:
            raise ValueError(f"no such registration: {registration!r}")
        self._module = module
        self._registration = registration
        self.stat = 0
        self.attached = True
        self.operator_mode = 0
        self.operator_format = 0

    @property
    def registered(self) -> bool:
        """Whether a network serves the module."""
        return self.stat in (1, 5)

    @property
    def packet(self) -> bool:
        """Whether contexts can be activated."""
        return self.registered and self.attached

    @property
    def wanted(self) -> int:
        """What the registration will come to, as things are."""
        module = self._module
        usable = module.functionality == 1 and self.operator_mode != 2
        return STATES[self._registration] if usable and module.sim.ready else 0

    def set_registration(self, name: str) -> None:
        """Let the network change its mind."""
        self._registration = name
        self.settle()

    def settle(self) -> None:
        """Come at once to the registration that things allow, telling of it."""
        before, self.stat = self.stat, self.wanted
        if self.stat == before:
            return
        for name in ("CREG", "CGREG", "CEREG"):
            mode = getattr(self._module.terminal.profile, name.lower())
            if mode:
                self._module.urc(f"+{name}: {self.report(mode)}".encode())
        if not self.registered:
            self._module.contexts.lose_all()

    def search(self) -> Procedure[None]:
        """Find a network, which takes its time."""
        if self.wanted not in (0, self.stat):
            self.stat = STATES["searching"]
            yield from self._module.scheduler.sleep(REGISTRATION_TIME)
        self.settle()

    def report(self, mode: int) -> str:
        """Return state and place as the registration commands print them."""
        if mode < 2 or not self.registered:
            return str(self.stat)
        return f'{self.stat},"{self.area}","{self.cell}",{CAT_M1}'
