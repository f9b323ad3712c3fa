"""The radio: registration with the network (AT manual 6 and 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .results import CommandFailed
from .scheduler import Procedure

if TYPE_CHECKING:
    from .module import Module

__all__ = ("REGISTRATION_TIME", "Radio", "STATES")

#: The names of <stat> of CREG, CGREG and CEREG (AT manual 6.1, 9.8, 9.11).
STATES = {
    "idle": 0,
    "home": 1,
    "searching": 2,
    "denied": 3,
    "unknown": 4,
    "roaming": 5,
}

#: The seconds from a usable SIM to the registration. The manuals have only a limit of
#: 90 s (TCP/IP manual 1.1).
REGISTRATION_TIME = 3.0

#: <Act> of Cat M1 (AT manual 6.1).
CAT_M1 = 8


class Radio:
    """The radio of one module.

    :param module: the module; its URCs report changes.
    :param registration: a name of `STATES`: the network's decision.
    :param attach_error: the number with which it rejects an attach (3GPP TS 27.007
        9.2.2); None accepts it.
    :raises ValueError: if there is no such name.
    """

    operator = "Test Network"
    short = "Test"
    numeric = "00101"
    area = "1A2B"
    cell = "01A2D3F"

    def __init__(
        self, module: Module, registration: str, attach_error: int | None = None
    ) -> None:
        if registration not in STATES:
            raise ValueError(f"there is no registration {registration!r}")
        self._module = module
        self._registration = registration
        self._attach_error = attach_error
        self.restart()
        self.operator_format = 0

    def restart(self) -> None:
        """Start again, as after power-on. The module attaches as it registers."""
        self.stat = 0
        self.attached = self._attach_error is None
        self.operator_mode = 0

    def attach(self) -> None:
        """Attach to the packet domain.

        :raises CommandFailed: 30 without a network, or the network's number.
        """
        if not self.registered:
            raise CommandFailed(30)
        if self._attach_error is not None:
            raise CommandFailed(self._attach_error)
        self.attached = True

    @property
    def registered(self) -> bool:
        """Whether the module is registered."""
        return self.stat in (1, 5)

    @property
    def packet(self) -> bool:
        """Whether PDP contexts can be activated."""
        return self.registered and self.attached

    @property
    def wanted(self) -> int:
        """The registration that SIM, settings and network allow."""
        module = self._module
        usable = module.functionality == 1 and self.operator_mode != 2
        return STATES[self._registration] if usable and module.sim.ready else 0

    def set_registration(self, name: str) -> None:
        """Change the network's decision; see `STATES`."""
        self._registration = name
        self.settle()

    def settle(self) -> None:
        """Set the registration to `wanted` at once, and report a change."""
        before, self.stat = self.stat, self.wanted
        if self.stat == before:
            return
        for name in ("CREG", "CGREG", "CEREG"):
            mode = getattr(self._module.terminal.profile, name.lower())
            if mode:
                self._module.urc(f"+{name}: {self.report(mode, name)}".encode())
        self._module.power_saving.negotiate()
        if not self.registered:
            self._module.contexts.lose_all()

    def search(self) -> Procedure[None]:
        """Search for a network for `REGISTRATION_TIME`, and register."""
        if self.wanted not in (0, self.stat):
            self.stat = STATES["searching"]
            yield from self._module.scheduler.sleep(REGISTRATION_TIME)
        self.settle()

    def report(self, mode: int, name: str) -> str:
        """Return the state, and with `mode` 2 or more the cell, as CREG prints them.

        With `mode` 4, CEREG prints the timers that the network has granted (3GPP TS
        27.007, 10.1.22).
        """
        if mode < 2 or not self.registered:
            return str(self.stat)
        cell = f'{self.stat},"{self.area}","{self.cell}",{CAT_M1}'
        if mode < 4 or name != "CEREG" or not self._module.power_saving.granted:
            return cell
        asked = self._module.store.power_saving
        return f'{cell},,,"{asked.active}","{asked.period}"'
