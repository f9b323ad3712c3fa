"""PDP contexts of the TCP/IP commands (TCP/IP manual 2.1)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .results import CommandFailed

if TYPE_CHECKING:
    from .module import Module

__all__ = ("Context", "Contexts", "MOST_ACTIVE", "wrong_parameter")

#: The most contexts that can be active at once (TCP/IP manual 2.1.2).
MOST_ACTIVE = 3


@dataclasses.dataclass
class Context:
    """One PDP context and its settings.

    :param kind: 1 IPv4, 2 IPv6.
    :param authentication: 0 none, 1 PAP, 2 CHAP, 3 either.
    :param active: AT+QIACT has activated it.
    :param broken: the network has dropped it.
    :param dialled: AT+CGACT has activated it.
    :param servers: the addresses of both name servers.
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
        """Whether the context has a name server."""
        return self.servers != ("0.0.0.0", "0.0.0.0")


def wrong_parameter(module: Module) -> CommandFailed:
    """Return the error of a TCP/IP command with wrong parameters."""
    return module.contexts.fail(552)


class Contexts:
    """The sixteen contexts.

    :param module: the module.
    :param apn: the only APN that the network accepts; None accepts all.
    """

    def __init__(self, module: Module, apn: str | None) -> None:
        self._module = module
        self._apn = apn
        self.last_error = 0
        self.reset()

    def __getitem__(self, number: int) -> Context:
        return self._contexts[number]

    def reset(self) -> None:
        """Deactivate all contexts, and forget their settings."""
        self._contexts = {number: Context() for number in range(1, 17)}

    def active(self) -> list[int]:
        """Return the numbers of the active contexts."""
        return [number for number, one in self._contexts.items() if one.active]

    def up(self) -> list[int]:
        """Return the numbers of the contexts that any command has activated."""
        contexts = self._contexts.items()
        return [number for number, one in contexts if one.active or one.dialled]

    def address(self, number: int) -> str:
        """Return the IP address of an active context."""
        return f"10.64.0.{number}"

    def succeed(self) -> None:
        """Record that the last TCP/IP command did not fail."""
        self.last_error = 0

    def fail(self, error: int) -> CommandFailed:
        """Record an error for AT+QIGETERROR; return the exception to raise."""
        self.last_error = error
        return CommandFailed()

    def activate(self, number: int) -> None:
        """Activate a context.

        :raises CommandFailed: as a bare ERROR. AT+QIGETERROR has the reason.
        """
        context = self._contexts[number]
        self.succeed()
        if context.broken:
            # After "pdpdeact", the host must send QIDEACT first (TCP/IP manual 2.2).
            raise self.fail(570)
        if context.active:
            if self._module.switches.qiact_active == "error":
                raise self.fail(572)
            return
        # A context of AT+CGACT cannot be used (HTTP manual 4.2).
        if context.dialled or len(self.up()) >= MOST_ACTIVE:
            raise self.fail(572)
        if not self._module.radio.packet or self._refused(context):
            raise self.fail(561)
        context.active = True
        context.servers = ("10.64.0.253", "10.64.0.254")

    def deactivate(self, number: int) -> None:
        """Deactivate a context, in any state."""
        context = self._contexts[number]
        self.succeed()
        context.active = context.broken = False
        self._module.http.context_down(number)
        self._module.sockets.context_closed(number)

    def dial(self, number: int) -> None:
        """Activate a context for AT+CGACT. Attach first if necessary.

        :raises CommandFailed: 30 without a network, 3 if three contexts are active, or
            the number with which the network rejects an attach.
        """
        if not self._module.radio.registered:
            raise CommandFailed(30)
        if number in self.up():
            return
        if len(self.up()) >= MOST_ACTIVE:
            raise CommandFailed(3)
        self._module.radio.attach()
        self._contexts[number].dialled = True

    def hang_up(self, number: int) -> None:
        """Deactivate a context for AT+CGACT. It does not matter what activated it."""
        self._contexts[number].dialled = False
        self.lose(number)

    def lose(self, number: int) -> None:
        """Drop an active context, as the network does."""
        context = self._contexts[number]
        if context.active:
            context.active, context.broken = False, True
            self._module.urc(b'+QIURC: "pdpdeact",%d' % number)
            self._module.http.context_down(number)
            self._module.sockets.context_lost(number)

    def lose_all(self) -> None:
        """Drop all active contexts, as the network does."""
        for number in self.up():
            self.hang_up(number)

    def _refused(self, context: Context) -> bool:
        # With an empty APN, the network chooses one.
        return self._apn is not None and context.apn not in ("", self._apn)
