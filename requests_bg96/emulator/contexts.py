"""PDP contexts of the TCP/IP commands (TCP/IP manual 2.1)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .results import CommandFailed

if TYPE_CHECKING:
    from .module import Module

__all__ = ("Context", "Contexts", "MOST_ACTIVE", "wrong_parameter")

#: Contexts that can be active at once (TCP/IP manual 2.1.2).
MOST_ACTIVE = 3


@dataclasses.dataclass
class Context:
    """One PDP context and its settings.

    ``active`` is the work of AT+QIACT, ``dialled`` that of AT+CGACT.
    """

    kind: int = 1
    apn: str = ""
    user: str = ""
    password: str = ""
    authentication: int = 0
    active: bool = False
    broken: bool = False
    dialled: bool = False
    servers: tuple[str, str] = ("0.0.0.0", "0.0.0.0")

    @property
    def names(self) -> bool:
        """Whether there is a name server to ask."""
        return self.servers != ("0.0.0.0", "0.0.0.0")


def wrong_parameter(module: Module) -> CommandFailed:
    """Return the failure of a TCP/IP command whose parameters are wrong."""
    return module.contexts.fail(552)


class Contexts:
    """The sixteen contexts.

    :param module: whose radio carries them.
    :param apn: the only APN that the network accepts, or None for any.
    """

    def __init__(self, module: Module, apn: str | None) -> None:
        self._module = module
        self._apn = apn
        self.last_error = 0
        self.reset()

    def __getitem__(self, number: int) -> Context:
        return self._contexts[number]

    def reset(self) -> None:
        """Forget all settings; the network knows nothing of us."""
        self._contexts = {number: Context() for number in range(1, 17)}

    def active(self) -> list[int]:
        """Return the numbers of the active contexts."""
        return [number for number, one in self._contexts.items() if one.active]

    def up(self) -> list[int]:
        """Return the numbers of those that any command has activated."""
        contexts = self._contexts.items()
        return [number for number, one in contexts if one.active or one.dialled]

    def address(self, number: int) -> str:
        """Return the IP address of an active context."""
        return f"10.64.0.{number}"

    def succeed(self) -> None:
        """Note that the last TCP/IP command has not failed."""
        self.last_error = 0

    def fail(self, error: int) -> CommandFailed:
        """Note what AT+QIGETERROR will say; raise what this returns."""
        self.last_error = error
        return CommandFailed()

    def activate(self, number: int) -> None:
        """Bring a context up.

        :raises CommandFailed: as bare ERROR, its reason for AT+QIGETERROR.
        """
        context = self._contexts[number]
        self.succeed()
        if context.broken:
            # After "pdpdeact" QIDEACT is obligatory (TCP/IP manual 2.2).
            raise self.fail(570)
        if context.active:
            if self._module.switches.qiact_active == "error":
                raise self.fail(572)
            return
        # One that AT+CGACT holds cannot be used (HTTP manual 4.2).
        if context.dialled or len(self.up()) >= MOST_ACTIVE:
            raise self.fail(572)
        if not self._module.radio.packet or self._refused(context):
            raise self.fail(561)
        context.active = True
        context.servers = ("10.64.0.253", "10.64.0.254")

    def deactivate(self, number: int) -> None:
        """Take a context down, in whatever state it is."""
        context = self._contexts[number]
        self.succeed()
        context.active = context.broken = False
        self._module.http.context_down(number)
        self._module.sockets.context_closed(number)

    def dial(self, number: int) -> None:
        """Bring a context up as AT+CGACT does; attach first if need be.

        :raises CommandFailed: 30 without a network, 3 where three are up.
        """
        if not self._module.radio.registered:
            raise CommandFailed(30)
        if number in self.up():
            return
        if len(self.up()) >= MOST_ACTIVE:
            raise CommandFailed(3)
        self._module.radio.attached = True
        self._contexts[number].dialled = True

    def hang_up(self, number: int) -> None:
        """Take a context down as AT+CGACT does, whoever has brought it up."""
        self._contexts[number].dialled = False
        self.lose(number)

    def lose(self, number: int) -> None:
        """Let the network drop an active context."""
        context = self._contexts[number]
        if context.active:
            context.active, context.broken = False, True
            self._module.urc(b'+QIURC: "pdpdeact",%d' % number)
            self._module.http.context_down(number)
            self._module.sockets.context_lost(number)

    def lose_all(self) -> None:
        """Let the network drop all of them."""
        for number in self.up():
            self.hang_up(number)

    def _refused(self, context: Context) -> bool:
        # An empty APN leaves the choice to the network.
        return self._apn is not None and context.apn not in ("", self._apn)
