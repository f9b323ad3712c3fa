"""Which port of which USB device a name stands for, so that it is found again."""

from __future__ import annotations

import dataclasses
import os

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

__all__ = ("UsbIdentity",)


@dataclasses.dataclass(frozen=True)
class UsbIdentity:
    """One port of a USB device, whatever name the system gives it.

    :param vid: the vendor.
    :param pid: the product.
    :param serial_number: of the device, where it has one.
    :param place: which of its ports; and, where devices of the kind have no serial
        number, where it is plugged in.
    """

    vid: int
    pid: int
    serial_number: str | None
    place: str

    @classmethod
    def of(cls, name: str) -> UsbIdentity | None:
        """Return the identity of the port `name`; None where it is not on USB."""
        device = os.path.realpath(name)
        for port in list_ports.comports():
            if port.device in (name, device):
                return cls._from(port)
        return None

    def find(self) -> str | None:
        """Return the name that the port has now; None where it is not there."""
        for port in list_ports.comports():
            if self._from(port) == self:
                return str(port.device)
        return None

    @classmethod
    def _from(cls, port: ListPortInfo) -> UsbIdentity | None:
        if port.vid is None or port.pid is None:
            return None
        place = port.location or ""
        if port.serial_number:
            place = place.rpartition(":")[2]
        return cls(port.vid, port.pid, port.serial_number, place)
