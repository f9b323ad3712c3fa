"""Check whether a request would work, and if not, why not (HTTP manual chapter 4).

Each check asks the module one thing. It changes only the echo and the form of results,
as any program at the port does. `repair` does what a request would do.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Callable, Iterator

from ..at.parameters import number
from ..dialogues.setup import REGISTRATION
from ..dialogues.tls import CLOCK_TOLERANCE, clock_of
from ..errors import BG96Error, ModuleError
from ..modem import BG96Modem

__all__ = ("Finding", "examine", "repair")


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of a check.

    :param check: its name.
    :param good: whether a request could work, as far as this check knows.
    :param found: what was found.
    :param advice: what to do if that is not good, or could be better.
    """

    check: str
    good: bool
    found: str
    advice: str = ""


Check = Callable[[BG96Modem], Finding]


def examine(modem: BG96Modem) -> Iterator[Finding]:
    """Yield the result of each check, until one makes the others useless."""
    holders = others_at(modem.port)
    if holders:
        yield Finding(
            "port",
            False,
            f"it is also open in {', '.join(holders)}",
            "stop that program, or exclude this port from it; for ModemManager, use "
            'the udev rule ENV{ID_MM_DEVICE_IGNORE}="1"',
        )
    try:
        modem.open()
    except BG96Error as error:
        yield Finding("module", False, str(error), "repair this first")
        return
    for check in CHECKS:
        try:
            yield check(modem)
        except (BG96Error, ValueError, IndexError) as error:
            yield Finding(check.__name__, False, str(error), "look at the module's log")


def repair(modem: BG96Modem, timeout: float = 150.0) -> None:
    """Prepare the module as a request would: PIN, APN, PDP context, settings.

    :param timeout: in seconds.
    :raises BG96Error: if that fails.
    """
    modem.prepare(timeout)


def others_at(port: str | None) -> list[str]:
    """Return the names of other processes that have `port` open (Linux)."""
    if port is None or not os.path.exists(port):
        return []
    wanted, names = os.path.realpath(port), set()
    for process in filter(str.isdigit, _entries("/proc")):
        descriptors = f"/proc/{process}/fd"
        if int(process) != os.getpid() and any(
            _target(f"{descriptors}/{number}") == wanted
            for number in _entries(descriptors)
        ):
            names.add(f"{_name_of(process)} (process {process})")
    return sorted(names)


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        # It belongs to another user, or is gone, or this is not Linux.
        return []


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _name_of(process: str) -> str:
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return "a program"


def _value(modem: BG96Modem, command: str, name: str) -> str:
    """Return the text after `name` in the answer to `command`."""
    prefix = f"{name}:"
    lines = modem.command(command, timeout=10.0)
    values = [line[len(prefix) :].strip() for line in lines if line.startswith(prefix)]
    return values[0] if values else ""


def module(modem: BG96Modem) -> Finding:
    """Check that the module knows the commands."""
    name = " ".join(modem.info().values())
    try:
        modem.command("AT+QHTTPCFG=?")
    except ModuleError:
        advice = "a BG96, BG95 or BG77 is needed"
        return Finding("module", False, f"{name}, without AT+QHTTPCFG", advice)
    return Finding("module", True, name)


def sim(modem: BG96Modem) -> Finding:
    """Check that the SIM is there and unlocked (HTTP manual 4.1)."""
    try:
        code = _value(modem, "AT+CPIN?", "+CPIN")
    except ModuleError as error:
        return Finding("SIM", False, str(error), "insert the SIM, clean its contacts")
    advice = "" if code == "READY" else "pass pin=, or unlock it by hand"
    return Finding("SIM", code == "READY", code, advice)


def signal(modem: BG96Modem) -> Finding:
    """Check that there is a signal."""
    strength = modem.signal()
    if strength is None:
        return Finding("signal", False, "none", "check the antenna and the bands")
    weak = strength < -105
    advice = "it is weak: use a better place or antenna" if weak else ""
    return Finding("signal", True, f"{strength} dBm", advice)


def registration(modem: BG96Modem) -> Finding:
    """Check that the module is registered (HTTP manual 4.2)."""
    found = modem.registration()
    text = ", ".join(
        f"{name} {stat} {REGISTRATION.get(str(stat), '')}".strip()
        for name, stat in found.items()
    )
    good = bool({1, 5} & set(found.values()))
    advice = "" if good else "check the SIM's subscription, roaming and the bands"
    return Finding("registration", good, text, advice)


def attachment(modem: BG96Modem) -> Finding:
    """Check that the packet domain is attached (HTTP manual 4.2)."""
    good = _value(modem, "AT+CGATT?", "+CGATT") == "1"
    found = "attached" if good else "not attached"
    return Finding("attach", good, found, "" if good else "send AT+CGATT=1")


def access_point(modem: BG96Modem) -> Finding:
    """Check that the context has the right APN (HTTP manual 4.2)."""
    context = modem.settings.context_id
    apn = _value(modem, f"AT+QICSGP={context}", "+QICSGP").split(",")[1].strip('"')
    good = modem.settings.apn in (None, apn)
    advice = "" if good else f"the next request sets {modem.settings.apn}"
    return Finding("APN", True, apn or "none", advice)


def context(modem: BG96Modem) -> Finding:
    """Check that the PDP context is active and has an address (HTTP manual 4.2)."""
    number = str(modem.settings.context_id)
    active = [line.partition(": ")[2].split(",") for line in modem.command("AT+QIACT?")]
    for fields in active:
        if fields[:2] == [number, "1"]:
            return Finding("PDP context", True, fields[-1].strip('"'))
    advice = "a request activates it, and --repair does; pass the right --apn"
    return Finding("PDP context", False, f"context {number} is not active", advice)


def name_server(modem: BG96Modem) -> Finding:
    """Check that the context has a name server (HTTP manual 4.3)."""
    number = modem.settings.context_id
    try:
        servers = _value(modem, f"AT+QIDNSCFG={number}", "+QIDNSCFG").split(",")[1:]
    except ModuleError:
        advice = "activate the PDP context: it then has one"
        return Finding("name server", False, "none", advice)
    names = [server.strip('"') for server in servers]
    good = bool(names) and names[0] != "0.0.0.0"
    advice = "" if good else "a request activates the PDP context again"
    return Finding("name server", good, ", ".join(names), advice)


def clock(modem: BG96Modem) -> Finding:
    """Check that the module has the right date, which certificates need."""
    text = _value(modem, "AT+CCLK?", "+CCLK").strip('"')
    told = clock_of(text)
    now = datetime.datetime.now(datetime.timezone.utc)
    right = told is not None and abs(told - now) < CLOCK_TOLERANCE
    advice = "" if right else "an HTTPS request sets it from this machine's clock"
    return Finding("clock", True, text, advice)


def speed(modem: BG96Modem) -> Finding:
    """Check that the line is fast enough for the network."""
    rate = _value(modem, "AT+IPR?", "+IPR")
    slow = (number(rate) or 115_200) < 115_200
    advice = "LTE-M is faster; set another speed with baudrate=" if slow else ""
    return Finding("speed", True, f"{rate} baud", advice)


def flow_control(modem: BG96Modem) -> Finding:
    """Check whether flow control is on."""
    value = _value(modem, "AT+IFC?", "+IFC")
    on = value.replace(" ", "") == "2,2"
    advice = "" if on else "if RTS and CTS are wired, pass rtscts=True"
    return Finding("flow control", True, "RTS/CTS" if on else f"none ({value})", advice)


CHECKS: tuple[Check, ...] = (
    module,
    sim,
    signal,
    registration,
    attachment,
    access_point,
    context,
    name_server,
    clock,
    speed,
    flow_control,
)
