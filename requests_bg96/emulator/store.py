"""The module's memory: the stored profile, and settings that a reset keeps or not."""

from __future__ import annotations

import dataclasses
import datetime

from .power_saving import PowerSavingSettings
from .settings import Profile

__all__ = ("RATES", "Store")

#: The clock's time after a loss of supply: the sample of AT manual 11.2.
POWER_UP = datetime.datetime(2008, 1, 4, 9, 19, 43)

#: The time of the emulated network at second 0 of the emulator's clock.
NETWORK_EPOCH = datetime.datetime(2026, 1, 1)

#: The rates of AT+IPR (AT manual 3.5).
RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


@dataclasses.dataclass
class Store:
    """Settings in non-volatile memory; those at the end are volatile."""

    profile: Profile = dataclasses.field(default_factory=Profile)
    stored_rate: int = 115200
    rate: int = 115200
    #: The rate of the line. It follows `rate` after the OK.
    line_rate: int = 115200
    urc_port: str = "usbat"
    time_zone_update: int = 0
    time_zone_report: int = 0
    configuration: dict[str, str] = dataclasses.field(default_factory=dict)
    indications: dict[str, int] = dataclasses.field(
        default_factory=lambda: {
            "all": 1,
            "csq": 0,
            "smsfull": 0,
            "ring": 1,
            "smsincoming": 1,
        }
    )
    #: The contexts of AT+CGDCONT, by number: type, APN and address.
    definitions: dict[int, tuple[str, str, str]] = dataclasses.field(
        default_factory=lambda: {1: ("IP", "", "0.0.0.0")}
    )
    power_saving: PowerSavingSettings = dataclasses.field(
        default_factory=PowerSavingSettings
    )
    time_zone: int = 0
    time_set: datetime.datetime = POWER_UP
    time_set_at: float = 0.0
    # These are volatile: each start resets them.
    framing: tuple[int, int] = (3, 3)
    flow_control: tuple[int, int] = (0, 0)
    character_set: str = "GSM"
    event_report: tuple[int, int] = (0, 0)

    def apply_rate(self) -> None:
        """Let the line use the new rate."""
        self.line_rate = self.rate

    def restart(self) -> None:
        """Reset the volatile settings."""
        self.rate = self.line_rate = self.stored_rate
        self.framing = (3, 3)
        self.flow_control = (0, 0)
        self.character_set = "GSM"
        self.event_report = (0, 0)

    def local_time(self, now: float) -> datetime.datetime:
        """Return the time of the module's clock.

        :param now: the time of the emulator's clock, in seconds.
        """
        if self.time_zone_update:
            return self.network_time(now)
        return self.time_set + datetime.timedelta(seconds=now - self.time_set_at)

    def utc(self, now: float) -> datetime.datetime:
        """Return the time of the module's clock in UTC.

        :param now: the time of the emulator's clock, in seconds.
        """
        offset = datetime.timedelta(minutes=15 * self.time_zone)
        return self.local_time(now) - offset

    def set_time(self, value: datetime.datetime, zone: int, now: float) -> None:
        """Set the module's clock.

        :param value: the local time.
        :param zone: the time zone in quarter hours.
        :param now: the time of the emulator's clock, in seconds.
        """
        self.time_set, self.time_zone, self.time_set_at = value, zone, now

    @staticmethod
    def network_time(now: float) -> datetime.datetime:
        """Return the time of the network, in GMT."""
        return NETWORK_EPOCH + datetime.timedelta(seconds=now)
