"""``requests-bg96 ports``: lists the modules on USB and the other ports."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import click
from serial.tools import list_ports

from ..at.usb import AT_INTERFACE, UsbModule, modules
from .host import others_at
from .options import as_json
from .output import console, show_json, show_rows

__all__ = ("ports_command",)

#: What the ports of a module are for (Linux USB driver guide V1.8, table 2).
PURPOSES = {0: "diagnostics", 1: "GNSS", AT_INTERFACE: "AT commands", 3: "PPP"}


@click.command("ports")
@as_json
def ports_command(as_json: bool) -> None:
    """List the modules on USB and the other ports of this machine.

    Each port is shown with the programs that have it open. A module with a serial
    number of its own always has the name usb:SERIAL; the system may rename its ports.
    """
    there = modules()
    numbers = Counter(one.serial_number for one in there)
    found = [_described(one, numbers[one.serial_number] == 1) for one in there]
    taken = {port["port"] for one in found for port in one["ports"]}
    others = [
        {**_port(one.device), "description": one.description}
        for one in list_ports.comports()
        if one.device not in taken
    ]
    if as_json:
        show_json({"modules": found, "others": others})
        return
    for one in found:
        _show_module(one)
    if not found:
        console().print("There is no BG96 on USB (2c7c:0296).")
    if others:
        console().print("Other ports (a module on a UART is at one of them):")
        show_rows([_row(one, one["description"]) for one in others], indent=2)
    names = [one["name"] for one in found if one["name"]]
    names += [one["port"] for one in others]
    if names:
        console().print(f"Next: requests-bg96 doctor --port {names[0]}", markup=False)


def _described(module: UsbModule, unique: bool) -> dict[str, Any]:
    """Return a module as data.

    :param unique: whether no other module has its serial number.
    """
    named = module.serial_number and module.at_port and unique
    ports = [
        {**_port(name), "interface": interface, "purpose": PURPOSES.get(interface, "")}
        for interface, name in module.ports.items()
    ]
    return {
        "name": f"usb:{module.serial_number}" if named else module.at_port,
        "serial_number": module.serial_number,
        "location": module.location,
        "ports": ports,
    }


def _port(name: str) -> dict[str, Any]:
    holders = [dataclasses.asdict(one) for one in others_at(name)]
    return {"port": name, "open_in": holders}


def _show_module(module: dict[str, Any]) -> None:
    number, place = module["serial_number"], module["location"]
    parts = ["BG96 on USB"]
    parts += [f"serial number {number}"] if number else ["without a serial number"]
    parts += [f"plugged in at {place}"] if place else []
    console().print(", ".join(parts), style="bold", markup=False)
    show_rows([_row(port, port["purpose"]) for port in module["ports"]], indent=2)
    if module["name"]:
        console().print(f"  use it with: --port {module['name']}", markup=False)
    else:
        console().print("  its AT port is missing: check the system's log")


def _row(port: dict[str, Any], text: str) -> tuple[str, str, str]:
    holders = [f"{one['name']} (process {one['process']})" for one in port["open_in"]]
    return port["port"], text, f"open in {', '.join(holders)}" if holders else ""
