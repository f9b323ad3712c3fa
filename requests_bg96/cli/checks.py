"""Check whether a request would work, and find the fault (HTTP manual chapter 4).

Each check asks the module one thing. It changes only the echo and the form of results,
as any program at the port does. `repair` does what a request would do.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Callable, Iterator
from typing import Any

from ..at.port import resolved
from ..at.usb import UsbIdentity
from ..base.codes import BAUDRATES
from ..dialogues.setup import REGISTRATION
from ..dialogues.tls import CLOCK_TOLERANCE, clock_of
from ..errors import BG96Error, ModuleError, PortError
from ..modem import BG96Modem
from .host import is_ignored, is_running, others_at
from .radio import RadioNetwork, ServingCell, Signal

__all__ = ("Finding", "Level", "answer", "examine", "repair")

#: Seconds for one answer.
SECONDS = 10.0
#: Bars up to which a signal is weak.
WEAK = 1
#: How to install the udev rules.
UDEV = (
    'install the rules that keep it off: see "requests-bg96 udev --help"; then plug '
    "the module in again"
)


class Level(enum.Enum):
    """How serious a finding is for a request."""

    OK = "ok"
    #: The first request sets it up.
    LATER = "first request"
    WARNING = "warning"
    #: No request would work.
    FAULT = "fault"


@dataclasses.dataclass(frozen=True)
class Finding:
    """The result of a check.

    :param check: its name.
    :param level: how serious it is.
    :param found: what was found.
    :param advice: what to do if that is not good, or could be better.
    :param fields: the values in it, by name.
    """

    check: str
    level: Level
    found: str
    advice: str = ""
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)


Check = Callable[[BG96Modem], Finding]


def examine(modem: BG96Modem) -> Iterator[Finding]:
    """Yield the result of each check; stop if the others cannot work."""
    yield from programs(modem)
    try:
        modem.open()
    except PortError as error:
        yield Finding("port", Level.FAULT, str(error), "repair this first")
        return
    except BG96Error as error:
        advice = "check its power, the wiring, and whether this is its AT port"
        yield Finding("module", Level.FAULT, str(error), advice)
        return
    for check in CHECKS:
        try:
            yield check(modem)
        except (ModuleError, ValueError, IndexError) as error:
            name = check.__name__.replace("_", " ")
            found = f"the module does not tell: {error}"
            yield Finding(name, Level.WARNING, found)
        except BG96Error as error:
            yield Finding("module", Level.FAULT, str(error), "check its power")
            return


def repair(modem: BG96Modem, timeout: float = 150.0) -> None:
    """Prepare the module as a request would: PIN, APN, PDP context, settings.

    :param timeout: in seconds.
    :raises BG96Error: if that fails.
    """
    modem.prepare(timeout)


def answer(modem: BG96Modem, command: str, name: str) -> str:
    """Return the text after `name` in the answer to `command`, "" without any.

    :raises BG96Error: if there is no answer, or an error.
    """
    prefix = f"{name}:"
    lines = modem.command(command, timeout=SECONDS)
    values = [line[len(prefix) :].strip() for line in lines if line.startswith(prefix)]
    return values[0] if values else ""


def programs(modem: BG96Modem) -> Iterator[Finding]:
    """Check whether other programs use the port, or may take it."""
    try:
        port = resolved(modem.port)
    except PortError:
        # `examine` reports it when it opens the port.
        return
    holders = others_at(port)
    if holders:
        names = ", ".join(map(str, holders))
        certain = any(one.uses for one in holders)
        yield Finding(
            "port",
            Level.FAULT if certain else Level.WARNING,
            f"it is also open in {names}"
            + ("" if certain else ", which may be the program at its other end"),
            "stop that program, or exclude this port from it",
        )
    if is_running("ModemManager") and UsbIdentity.of(port) and not is_ignored():
        found = "ModemManager runs, and no udev rule keeps it off the module"
        yield Finding("udev", Level.WARNING, found, UDEV)


def module(modem: BG96Modem) -> Finding:
    """Check that the module knows the commands."""
    name = " ".join(modem.info().values())
    try:
        modem.command("AT+QHTTPCFG=?")
    except ModuleError:
        advice = "use a BG96, BG95 or BG77"
        return Finding("module", Level.FAULT, f"{name}, without AT+QHTTPCFG", advice)
    return Finding("module", Level.OK, name)


def sim(modem: BG96Modem) -> Finding:
    """Check that the SIM is there and unlocked (HTTP manual 4.1)."""
    try:
        code = answer(modem, "AT+CPIN?", "+CPIN")
    except ModuleError as error:
        advice = "insert the SIM, and clean its contacts"
        return Finding("SIM", Level.FAULT, str(error), advice)
    if code == "READY":
        return Finding("SIM", Level.OK, code)
    if code == "SIM PIN" and modem.settings.pin is not None:
        return Finding("SIM", Level.LATER, code, "the first request unlocks it")
    advice = (
        "pass --pin, or set BG96_PIN; in a program, pass pin="
        if code == "SIM PIN"
        else ""
    )
    return Finding("SIM", Level.FAULT, code, advice or "unlock it by hand")


def signal(modem: BG96Modem) -> Finding:
    """Check that there is a signal, and how good it is."""
    try:
        told = answer(modem, "AT+QCSQ", "+QCSQ")
    except ModuleError:
        # The firmware does not know it.
        told = ""
    found = Signal.parse(told, modem.signal())
    level, advice = Level.OK, ""
    if found.rssi is None and found.rsrp is None:
        level, advice = _unless_locked(
            modem,
            "check the antenna and the bands; just after power-on, wait a minute, or "
            "use --watch",
        )
        if _registered(modem):
            level = Level.WARNING
    elif found.bars <= WEAK:
        level = Level.WARNING
        advice = "the signal is weak: move the antenna, or use a better one"
    return Finding("signal", level, str(found), advice, found.fields)


def network(modem: BG96Modem) -> Finding:
    """Return the cell that serves the module."""
    found = RadioNetwork.parse(answer(modem, "AT+QNWINFO", "+QNWINFO"))
    if found is None:
        return Finding("network", Level.WARNING, "no service")
    fields = dataclasses.asdict(found)
    return Finding("network", Level.OK, str(found), "", fields)


def cell(modem: BG96Modem) -> Finding:
    """Return the cell in which the module is, as it tells it."""
    try:
        found = ServingCell.parse(answer(modem, 'AT+QENG="servingcell"', "+QENG"))
    except ModuleError:
        # The manual does not have the command.
        found = None
    if found is None:
        return Finding("cell", Level.OK, "the module does not tell")
    level = Level.OK if found.registered else Level.WARNING
    fields = {"state": found.state, **found.fields}
    return Finding("cell", level, str(found), "", fields)


def registration(modem: BG96Modem) -> Finding:
    """Check that the module is registered (HTTP manual 4.2)."""
    found = modem.registration()
    text = ", ".join(
        f"{name} {stat} {REGISTRATION.get(str(stat), '')}".strip()
        for name, stat in found.items()
    )
    states = set(found.values())
    if {1, 5} & states:
        return Finding("registration", Level.OK, text, "", dict(found))
    if 2 in states:
        advice = (
            "a request waits for the network, within its connect timeout; if the "
            "search goes on, check the antenna, the bands and the SIM's subscription"
        )
        return Finding("registration", Level.WARNING, text, advice, dict(found))
    level, advice = _unless_locked(
        modem,
        "check the SIM's subscription, roaming and the bands, and that AT+CFUN? "
        "answers 1",
    )
    return Finding("registration", level, text, advice, dict(found))


def _registered(modem: BG96Modem) -> bool:
    return bool({1, 5} & set(modem.registration().values()))


def _unless_locked(modem: BG96Modem, advice: str) -> tuple[Level, str]:
    """Return a fault with `advice`, or the level of a SIM that is only locked."""
    level = sim(modem).level
    if level is Level.LATER:
        return level, "the module searches for a network after the SIM is unlocked"
    return Level.FAULT, advice


def attachment(modem: BG96Modem) -> Finding:
    """Check that the packet domain is attached (HTTP manual 4.2)."""
    if answer(modem, "AT+CGATT?", "+CGATT") == "1":
        return Finding("attach", Level.OK, "attached")
    advice = "the first request attaches it"
    return Finding("attach", Level.LATER, "not attached", advice)


def access_point(modem: BG96Modem) -> Finding:
    """Check that the context has the right APN (HTTP manual 4.2)."""
    context, wanted = modem.settings.context_id, modem.settings.apn
    told = answer(modem, f"AT+QICSGP={context}", "+QICSGP")
    apn = told.split(",")[1].strip('"')
    if wanted not in (None, apn):
        advice = f"the first request sets {wanted or 'none'}"
        return Finding("APN", Level.LATER, apn or "none", advice)
    advice = "" if apn else "the network chooses one; if it refuses, pass --apn"
    return Finding("APN", Level.OK, apn or "none", advice)


def context(modem: BG96Modem) -> Finding:
    """Check that the PDP context is active and has an address (HTTP manual 4.2)."""
    number = str(modem.settings.context_id)
    active = [line.partition(": ")[2].split(",") for line in modem.command("AT+QIACT?")]
    for fields in active:
        if fields[:2] == [number, "1"]:
            return Finding("PDP context", Level.OK, fields[-1].strip('"'))
    advice = "the first request activates it; --repair does so now"
    text = f"context {number} is not active"
    return Finding("PDP context", Level.LATER, text, advice)


def name_server(modem: BG96Modem) -> Finding:
    """Check that the context has a name server (HTTP manual 4.3)."""
    number = modem.settings.context_id
    try:
        told = answer(modem, f"AT+QIDNSCFG={number}", "+QIDNSCFG")
    except ModuleError:
        told = ""
    servers = [server.strip('"') for server in told.split(",")[1:]]
    if servers and servers[0] != "0.0.0.0":
        return Finding("name server", Level.OK, ", ".join(servers))
    advice = "the network names one when the PDP context is active"
    return Finding("name server", Level.LATER, "none", advice)


def http_settings(modem: BG96Modem) -> Finding:
    """Check the settings of the HTTP client (HTTP manual 2.1)."""
    lines = modem.command("AT+QHTTPCFG?", timeout=SECONDS)
    told = dict(line.partition(": ")[2].partition(",")[::2] for line in lines)
    wanted = modem.settings.wanted
    wrong = [key for key, value in wanted.items() if told.get(f'"{key}"') != value]
    if wrong:
        text = f"not set yet: {', '.join(wrong)}"
        return Finding("settings", Level.LATER, text, "the first request sets them")
    return Finding("settings", Level.OK, "right")


def clock(modem: BG96Modem) -> Finding:
    """Check that the module has the right date, which certificates need."""
    text = answer(modem, "AT+CCLK?", "+CCLK").strip('"')
    told = clock_of(text)
    now = datetime.datetime.now(datetime.timezone.utc)
    if told is not None and abs(told - now) < CLOCK_TOLERANCE:
        return Finding("clock", Level.OK, text)
    if modem.settings.set_clock:
        advice = "the first HTTPS request sets it from this machine's clock"
        return Finding("clock", Level.LATER, text, advice)
    advice = "the module checks certificates with it: set it, or omit --no-set-clock"
    return Finding("clock", Level.WARNING, text, advice)


def speed(modem: BG96Modem) -> Finding:
    """Check that the line is as fast as the cell, and as the caller wants."""
    rate, wanted = modem.baudrate, modem.settings.baudrate
    if rate is None:
        return Finding("speed", Level.OK, "this port has no speed of its own")
    if isinstance(wanted, int) and rate != wanted:
        advice = "check that the module has this speed, the cable and the UART's clock"
        text = f"{rate} baud, because {wanted} do not work"
        return Finding("speed", Level.WARNING, text, advice)
    cell = _cell(modem)
    needed = cell.line_rate if cell else None
    if cell is None or needed is None or rate >= needed:
        return Finding("speed", Level.OK, f"{rate} baud")
    text = f"{rate} baud, which is slower than {cell.technology}"
    if wanted is not None:
        return Finding("speed", Level.OK, text)
    best = min(other for other in BAUDRATES if other >= needed)
    advice = f"pass --baudrate {best} or --baudrate fastest"
    return Finding("speed", Level.OK, text, advice)


def _cell(modem: BG96Modem) -> RadioNetwork | None:
    """Return the cell, or None if the module does not tell it."""
    try:
        return RadioNetwork.parse(answer(modem, "AT+QNWINFO", "+QNWINFO"))
    except ModuleError:
        return None


def flow_control(modem: BG96Modem) -> Finding:
    """Check whether flow control is on."""
    value = answer(modem, "AT+IFC?", "+IFC")
    if value.replace(" ", "") == "2,2":
        return Finding("flow control", Level.OK, "RTS/CTS")
    text = f"none ({value})"
    if modem.settings.rtscts:
        return Finding("flow control", Level.LATER, text, "the first request sets it")
    advice = "if RTS and CTS are wired, pass --rtscts"
    return Finding("flow control", Level.OK, text, advice)


CHECKS: tuple[Check, ...] = (
    module,
    sim,
    signal,
    network,
    cell,
    registration,
    attachment,
    access_point,
    context,
    name_server,
    http_settings,
    clock,
    speed,
    flow_control,
)
