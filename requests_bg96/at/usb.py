"""Identify a port of a USB device, so that it is found again under another name."""

from __future__ import annotations

import dataclasses
import os

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

__all__ = ("AT_INTERFACE", "UsbIdentity", "UsbModule", "interface_of", "modules")

#: Vendor and product of the module on USB (Linux USB driver guide V1.8, table 2).
USB_ID = (0x2C7C, 0x0296)
#: The interface for AT commands, one of the module's four (Linux USB driver guide V1.8,
#: table 2).
AT_INTERFACE = 2


@dataclasses.dataclass(frozen=True)
class UsbModule:
    """One module on USB.

    :param serial_number: of the device, if it has one.
    :param location: where the device is plugged in; "" if the system does not tell.
    :param ports: the names of its ports by interface; by order if the system does not
        tell the interfaces.
    """

    serial_number: str | None
    location: str
    ports: dict[int, str]

    @property
    def at_port(self) -> str | None:
        """The name of its AT port; None if it is missing."""
        return self.ports.get(AT_INTERFACE)


def modules() -> list[UsbModule]:
    """Return the modules that USB shows."""
    found: dict[tuple[str, str], list[ListPortInfo]] = {}
    for port in list_ports.comports():
        if (port.vid, port.pid) == USB_ID:
            place = (port.location or "").partition(":")[0]
            found.setdefault((place, port.serial_number or ""), []).append(port)
    return [
        UsbModule(number or None, place, _by_interface(ports))
        for (place, number), ports in found.items()
    ]


def _by_interface(ports: list[ListPortInfo]) -> dict[int, str]:
    numbers = [interface_of(port.location).rpartition(".")[2] for port in ports]
    if len({*filter(str.isdecimal, numbers)}) == len(ports):
        told = {int(number): port.device for number, port in zip(numbers, ports)}
        return dict(sorted(told.items()))
    # COM10 comes after COM9.
    names = sorted((port.device for port in ports), key=lambda name: (len(name), name))
    return dict(enumerate(names))


@dataclasses.dataclass(frozen=True)
class UsbIdentity:
    """One port of a USB device, under any name.

    :param vid: the vendor.
    :param pid: the product.
    :param serial_number: of the device, if it has one.
    :param location: the place of the device, and which of its ports it is.
    :param alone: whether no other device has the same vendor, product and serial
        number. Many devices have none, or all the same.
    """

    vid: int
    pid: int
    serial_number: str | None
    location: str
    alone: bool = True

    @classmethod
    def of(cls, name: str) -> UsbIdentity | None:
        """Return the identity of the port `name`, or None if it is not on USB."""
        ports = _ports()
        identity = _named(name, ports)
        if identity is None:
            return None
        alike = [one for one in ports.values() if identity._may_be(one)]
        return dataclasses.replace(identity, alone=len(alike) == 1)

    @property
    def is_module(self) -> bool:
        """Whether the device is a module of the maker, and not an adapter to a UART."""
        return self.vid == USB_ID[0]

    def find(self) -> str | None:
        """Return the current name of the port, or None if that is not clear.

        The device may be in the same place. It may be in another place, if it has its
        own serial number. Or another device of the same kind may be in its place.
        """
        ports = _ports()
        for fits in (self._is, self._has_moved_to, self._is_replaced_by):
            found = [name for name, identity in ports.items() if fits(identity)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def is_surely_not(self, name: str) -> bool:
        """Return whether the port `name` exists and belongs to another device."""
        other = _named(name, _ports())
        if other is None or other.location == self.location:
            return False
        return not (self.alone and self._may_be(other))

    def _is(self, other: UsbIdentity) -> bool:
        return self._may_be(other) and other.location == self.location

    def _has_moved_to(self, other: UsbIdentity) -> bool:
        return self.alone and bool(self.serial_number) and self._may_be(other)

    def _is_replaced_by(self, other: UsbIdentity) -> bool:
        same_kind = (other.vid, other.pid) == (self.vid, self.pid)
        return same_kind and other.location == self.location

    def _may_be(self, other: UsbIdentity) -> bool:
        """Return whether `other` is the same except for its place."""
        place = interface_of(other.location)
        moved = dataclasses.replace(self, location=other.location, alone=other.alone)
        return other == moved and place == interface_of(self.location)


def interface_of(location: str | None) -> str:
    """Return which port of its device a location means, or "" if it does not tell."""
    return (location or "").partition(":")[2]


def _identity(port: ListPortInfo) -> UsbIdentity | None:
    if port.vid is None or port.pid is None:
        return None
    return UsbIdentity(port.vid, port.pid, port.serial_number, port.location or "")


def _named(name: str, ports: dict[str, UsbIdentity]) -> UsbIdentity | None:
    return ports.get(name) or ports.get(os.path.realpath(name))


def _ports() -> dict[str, UsbIdentity]:
    """Return all ports on USB, by name."""
    found = {str(port.device): _identity(port) for port in list_ports.comports()}
    return {name: identity for name, identity in found.items() if identity}
