"""Start, reset and power-off (AT manual 2.22, 11.1, 12.7; Hardware Design 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scheduler import Procedure, Wait

if TYPE_CHECKING:
    from .module import Module

__all__ = ("BOOT_TIME", "Power")

#: The seconds from AT+CFUN=1,1 to "POWERED DOWN", to "pdpdeact" and to RDY (a BG96
#: transcript of a reset).
DOWN_TIME = 0.01
LOST_TIME = 3.0
BOOT_TIME = 5.9

#: The seconds that PWRKEY is low at least to turn the module on, and off (Hardware
#: Design 3.6.1, 3.6.2). In Power Saving Mode, a press of any length wakes it, as
#: drivers do, but not in the first second (the driver of an ST expansion board).
ON_PRESS = 0.5
OFF_PRESS = 0.65
NO_WAKE = 1.0

#: The seconds from RDY until the SIM can be used. Its URC comes later: a BG96 answered
#: AT+CPIN? with READY 178 ms after RDY.
SIM_TIME = 0.17

#: The URCs of a start, with the seconds after RDY. The texts are from AT manual 12.7
#: and from BG96 drivers. One BG96 sent APP RDY after eleven commands, shortly before
#: +CPIN: READY. Another sent nothing for a second after RDY. The other times are
#: inferred.
BOOT_URCS = (
    (0.0, b"RDY"),
    (1.4, b"APP RDY"),
    (1.6, b"+CFUN: 1"),
    (1.6, b"+CPIN: %s"),
    (1.6, b"+QUSIM: 1"),
    (3.0, b"+QIND: SMS DONE"),
)


class Power:
    """Turns the module on and off, and resets it.

    :param module: the module.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self.on = True
        #: Whether the module starts.
        self._starting = False
        #: When Power Saving Mode began; None without it.
        self._saving_since: float | None = None

    def start_ready(self) -> None:
        """Start as a module that has booted and is registered."""
        self._clear()
        self.on = True
        self._module.sim.power(True)
        self._module.radio.settle()
        self._module.start_interpreter()

    def reset(self, urcs: bool = True) -> None:
        """Reset at once, as the RESET pin does (Hardware Design 3.7).

        :param urcs: whether the start prints its URCs.
        """
        self._clear()
        self.on = False
        self._module.scheduler.spawn(self._boot(BOOT_TIME, urcs))

    def restart(self) -> Procedure[None]:
        """Turn off and start again, as AT+CFUN=1,1 does."""
        module = self._module
        yield from module.scheduler.sleep(DOWN_TIME)
        active = module.contexts.active()
        self.off()
        # off() has ended all tasks, including this one. A new one continues.
        module.scheduler.spawn(self._rise(active))

    def off(self, farewell: bool = True) -> None:
        """Turn off; only `reset` turns the module on again.

        :param farewell: whether to send ``POWERED DOWN``.
        """
        said = self.on and farewell
        self._clear()
        self.on = False
        if said:
            self._module.terminal.announce(b"POWERED DOWN")

    def save(self, until: float) -> None:
        """Enter Power Saving Mode: the port is off, but the module stays registered.

        :param until: when T3412 ends, which wakes the module (Hardware Design 3.4.2).
        """
        module = self._module
        self.off(farewell=False)
        module.terminal.announce(b"PSM POWER DOWN")
        self._saving_since = module.scheduler.now
        module.scheduler.spawn(self._wake(until))

    def press_key(self, seconds: float) -> None:
        """Hold PWRKEY low for a time, which is over now."""
        scheduler = self._module.scheduler
        if self.on:
            if seconds >= OFF_PRESS:
                scheduler.spawn(self.switch_off())
        elif self._saving_since is not None:
            if scheduler.now >= self._saving_since + NO_WAKE:
                self._clear()
                scheduler.spawn(self._boot(BOOT_TIME, True, attached=True))
        elif seconds >= ON_PRESS and not self._starting:
            scheduler.spawn(self._boot(BOOT_TIME, True))

    def switch_off(self) -> Procedure[None]:
        """Turn off, as AT+QPOWD does."""
        yield from self._module.scheduler.sleep(1.0)
        self.off()

    def sim_started(self) -> Procedure[None]:
        """Report that the SIM can be used, and search for the network."""
        module = self._module
        module.urc(b"+CPIN: READY")
        module.urc(b"+QUSIM: 1")
        module.scheduler.spawn(module.radio.search())
        yield from module.scheduler.sleep(2.5)
        module.urc(b"+QIND: SMS DONE")

    def _clear(self) -> None:
        module = self._module
        self._starting = False
        self._saving_since = None
        module.scheduler.cancel_all()
        module.http.reset()
        module.sockets.reset()
        module.contexts.reset()
        module.files.reset()
        module.tls.reset()
        module.store.restart()
        module.light_sleep.restart()
        module.counters.restart()
        module.functionality = 1
        module.radio.restart()
        module.sim.power(True, busy=True)
        profile = module.store.profile.copy()
        if not module.switches.echo_after_reset:
            profile.echo = 0
        module.terminal.reset(profile, module.switches.cmee_after_reset)

    def _rise(self, lost: list[int]) -> Procedure[None]:
        yield from self._module.scheduler.sleep(LOST_TIME)
        for number in lost:
            self._module.terminal.announce(b'+QIURC: "pdpdeact",%d' % number)
        yield from self._boot(BOOT_TIME - LOST_TIME, True)

    def _wake(self, until: float) -> Procedure[None]:
        yield Wait(until=until)
        self._saving_since = None
        yield from self._boot(BOOT_TIME, True, attached=True)

    def _boot(
        self, seconds: float, urcs: bool, attached: bool = False
    ) -> Procedure[None]:
        """Start.

        :param attached: whether the module is still registered.
        """
        module = self._module
        self._starting = True
        yield from module.scheduler.sleep(seconds)
        self.on, self._starting = True, False
        module.start_interpreter()
        module.scheduler.spawn(self._start_sim(attached))
        start = module.scheduler.now
        for after, line in BOOT_URCS:
            yield from module.scheduler.sleep(start + after - module.scheduler.now)
            self._boot_step(line, urcs)

    def _start_sim(self, attached: bool) -> Procedure[None]:
        module = self._module
        yield from module.scheduler.sleep(SIM_TIME)
        module.sim.settle()
        if attached:
            module.radio.settle()
        else:
            yield from module.radio.search()

    def _boot_step(self, line: bytes, urcs: bool) -> None:
        module = self._module
        if line.startswith(b"+CPIN"):
            line %= module.sim.asks.encode() if module.sim.inserted else b"NOT READY"
        elif line[:5] in (b"+QUSI", b"+QIND") and not module.sim.ready:
            return
        wanted = module.switches.boot_urcs
        if urcs and (wanted == "full" or (wanted == "rdy" and line == b"RDY")):
            module.urc(line)
