"""PDP contexts, names and time (TCP/IP manual 2.1).

These commands fail with a bare ERROR. AT+QIGETERROR prints the reason.
"""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING

from ..command_line import Form
from ..contexts import wrong_parameter
from ..network import Lookup, Resolved
from ..parameters import Number, Text
from ..registry import Registry, Reply
from ..results import TCP_ERRORS
from ..scheduler import Procedure, Wait

if TYPE_CHECKING:
    from ..module import Module

__all__ = ("COMMANDS",)

COMMANDS = Registry(refuse=wrong_parameter)

#: The seconds that AT+QIDNSGIP may take (TCP/IP manual 2.1.14).
LOOKUP_TIME = 60.0

#: The seconds that AT+QNTP may take (TCP/IP manual 2.1.12).
TIME_TIME = 125.0

#: The seconds that an address stays valid. The number is arbitrary.
TIME_TO_LIVE = 600

NUMBER = Number(1, 16)

COMMANDS.test("+QICSGP", "+QICSGP: (1-16),(1,2),<APN>,<username>,<password>,(0-3)")
COMMANDS.test("+QIACT", "+QIACT: (1-16)")
COMMANDS.test("+QIDEACT", "+QIDEACT: (1-16)")
COMMANDS.test("+QIDNSCFG", "+QIDNSCFG: (1-16),<pridnsaddr>,<secdnsaddr>")
COMMANDS.test("+QIDNSGIP", "+QIDNSGIP: (1-16),<hostname>")
COMMANDS.test("+QIGETERROR")
COMMANDS.test("+QNTP", "+QNTP: (1-16),<server>,(1-65535),(0,1)")


@COMMANDS.write(
    "+QICSGP",
    NUMBER,
    Number(1, 2, default=None),
    Text(127, default=None),
    Text(127, default=""),
    Text(127, default=""),
    Number(0, 3, default=0),
)
def configure(
    module: Module,
    number: int,
    kind: int | None,
    apn: str | None,
    user: str,
    password: str,
    authentication: int,
) -> Reply:
    """Print or set the parameters of a context (TCP/IP manual 2.1.1)."""
    context = module.contexts[number]
    if kind is None:
        return [
            f'+QICSGP: {context.kind},"{context.apn}","{context.user}",'
            f'"{context.password}",{context.authentication}'
        ]
    if apn is None:
        raise module.contexts.fail(552)
    values = (kind, apn, user, password, authentication)
    names = ("kind", "apn", "user", "password", "authentication")
    for name, value in zip(names, values):
        setattr(context, name, value)
    return None


@COMMANDS.read("+QIACT")
def activations(module: Module) -> Reply:
    """List the active contexts (TCP/IP manual 2.1.2)."""
    contexts = module.contexts
    return [
        f'+QIACT: {number},1,{contexts[number].kind},"{contexts.address(number)}"'
        for number in contexts.active()
    ]


@COMMANDS.write("+QIACT", NUMBER)
def activate(module: Module, number: int) -> None:
    """Activate a context (TCP/IP manual 2.1.2)."""
    module.contexts.activate(number)


@COMMANDS.write("+QIDEACT", NUMBER)
def deactivate(module: Module, number: int) -> None:
    """Deactivate a context (TCP/IP manual 2.1.3)."""
    module.contexts.deactivate(number)


@COMMANDS.write("+QIDNSCFG", NUMBER, Text(40, default=None), Text(40, default=None))
def name_servers(
    module: Module, number: int, first: str | None, second: str | None
) -> Reply:
    """Print or set the name servers of an active context (TCP/IP manual 2.1.13)."""
    context = module.contexts[number]
    if not context.active:
        raise module.contexts.fail(572)
    if first is None:
        return [f'+QIDNSCFG: {number},"%s","%s"' % context.servers]
    given = [first] if second is None else [first, second]
    if not all(map(_is_address, given)):
        raise module.contexts.fail(552)
    context.servers = (first, second or context.servers[1])
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@COMMANDS.write("+QIDNSGIP", NUMBER, Text(255))
def look_up(module: Module, number: int, host: str) -> None:
    """Look up a name; URCs have the addresses (TCP/IP manual 2.1.14)."""
    context = module.contexts[number]
    if not context.active:
        raise module.contexts.fail(572)
    lookup = module.network.resolve(host, module.scheduler.now)
    module.scheduler.spawn(_report(module, lookup))


def _report(module: Module, lookup: Lookup) -> Procedure[None]:
    ready = yield Wait(lookup.due, module.scheduler.now + LOOKUP_TIME)
    event = lookup.take() if ready else None
    if not isinstance(event, Resolved):
        module.urc(b'+QIURC: "dnsgip",%d' % (565 if ready else 569))
        return
    found = event.addresses
    module.urc(b'+QIURC: "dnsgip",0,%d,%d' % (len(found), TIME_TO_LIVE))
    for address in found:
        module.urc(b'+QIURC: "dnsgip","%s"' % address.encode())


COMMANDS.texts("+QNTP", Form.READ)


@COMMANDS.write(
    "+QNTP", NUMBER, Text(255), Number(1, 65535, default=123), Number(0, 1, default=1)
)
def synchronise(module: Module, number: int, host: str, port: int, store: int) -> None:
    """Ask a server for the time; a URC has it (TCP/IP manual 2.1.12)."""
    if not module.contexts[number].active:
        raise module.contexts.fail(572)
    lookup = module.network.resolve(host, module.scheduler.now)
    module.scheduler.spawn(_tell_time(module, lookup, store == 1))


def _tell_time(module: Module, lookup: Lookup, store: bool) -> Procedure[None]:
    """Print the network's time, if the server has an address."""
    ready = yield Wait(lookup.due, module.scheduler.now + TIME_TIME)
    if not ready or not isinstance(lookup.take(), Resolved):
        module.urc(b"+QNTP: %d" % (565 if ready else 569))
        return
    zone = module.store.time_zone
    now = module.store.network_time(module.scheduler.now)
    now += datetime.timedelta(minutes=15 * zone)
    if store:
        module.store.set_time(now, zone, module.scheduler.now)
    module.urc(f'+QNTP: 0,"{now:%Y/%m/%d,%H:%M:%S}{zone:+03d}"'.encode())


@COMMANDS.execute("+QIGETERROR")
def last_error(module: Module) -> Reply:
    """Print why the last TCP/IP command failed (TCP/IP manual 2.1.17)."""
    error = module.contexts.last_error
    return [f"+QIGETERROR: {error},{TCP_ERRORS[error]}"]
