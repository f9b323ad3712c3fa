"""``requests-bg96 info``: shows the module, its SIM and its network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..dialogues.setup import REGISTRATION
from ..errors import ModuleError
from ..modem import BG96Modem
from .checks import answer
from .options import as_json, with_modem
from .output import show_json, show_rows
from .radio import RadioNetwork, Signal, values_of

__all__ = ("info_command",)

ValueReader = Callable[[BG96Modem], Any]


def _bare(command: str) -> ValueReader:
    """Return a function that asks for a value without a name before it."""
    return lambda modem: "".join(modem.command(command)[:1]) or None


def _named(command: str, place: int = 0) -> ValueReader:
    """Return a function that asks for a value after the command's name."""

    def ask(modem: BG96Modem) -> str | None:
        values = values_of(answer(modem, f"AT{command}", command.rstrip("?")))
        return values[place] if place < len(values) else None

    return ask


def _iccid(modem: BG96Modem) -> str | None:
    # Some cards have F as the last digit.
    return (_named("+QCCID")(modem) or "").rstrip("fF") or None


def _signal(modem: BG96Modem) -> str:
    return str(Signal.parse(answer(modem, "AT+QCSQ", "+QCSQ"), modem.signal()))


def _network(modem: BG96Modem) -> str | None:
    found = RadioNetwork.parse(answer(modem, "AT+QNWINFO", "+QNWINFO"))
    return str(found) if found else None


def _registration(modem: BG96Modem) -> str:
    states = {str(stat) for stat in modem.registration().values()}
    best = next((stat for stat in "152340" if stat in states), "4")
    return REGISTRATION[best]


def _address(modem: BG96Modem) -> str | None:
    context = str(modem.settings.context_id)
    lines = modem.command("AT+QIACT?")
    found = (values_of(line.partition(":")[2]) for line in lines)
    return next((one[-1] for one in found if one[:2] == [context, "1"]), None)


#: The functions that ask for each value, by its name. ATI comes before them.
QUESTIONS: dict[str, ValueReader] = {
    "imei": _bare("AT+CGSN"),
    "sim": _named("+CPIN?"),
    "iccid": _iccid,
    "operator": _named("+COPS?", 2),
    "registration": _registration,
    "network": _network,
    "signal": _signal,
    "ip_address": _address,
    "clock": _named("+CCLK?"),
    "free_bytes": lambda modem: modem.files.free(),
}


@click.command("info")
@as_json
@with_modem
def info_command(modem: BG96Modem, as_json: bool) -> None:
    """Show the module, its SIM, its network and its signal.

    Nothing is changed. A value that the module does not tell is "-", or null in JSON.
    IMEI and ICCID identify the module and the SIM: do not publish them.
    """
    found: dict[str, Any] = {"port": modem.port, **modem.info()}
    for name, ask in QUESTIONS.items():
        try:
            found[name] = ask(modem)
        except ModuleError:
            found[name] = None
    if as_json:
        show_json(found)
        return
    told = {**found, "port": modem.port or "found on USB"}
    show_rows([(_label(name), _text(value)) for name, value in told.items()])


def _label(name: str) -> str:
    return {"imei": "IMEI", "iccid": "ICCID", "sim": "SIM"}.get(
        name, name.replace("_", " ").replace("ip ", "IP ")
    )


def _text(value: Any) -> str:
    return "-" if value in (None, "") else str(value)
