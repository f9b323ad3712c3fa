"""The signal and the network, by name (AT manual 6.17 and 6.18)."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

__all__ = ("MOST_BARS", "RadioNetwork", "Signal", "values_of")

#: The least dBm for each bar. No manual has such a table. Phones use similar values.
#: These are lower, because LTE-M repeats its data and works with less.
RSRP_BARS = (-130, -120, -110, -100, -90)
RSSI_BARS = (-112, -105, -95, -85, -75)
MOST_BARS = len(RSRP_BARS)

_VALUE = re.compile(r'"([^"]*)"|([^,"]+)')
_NUMBER = re.compile("-?[0-9]{1,6}")


def values_of(text: str) -> list[str]:
    """Return the values in an answer, without their quotes."""
    found = (quoted or plain for quoted, plain in _VALUE.findall(text))
    return [value.strip() for value in found]


def _number(values: list[str], place: int) -> int | None:
    text = values[place] if place < len(values) else ""
    return int(text) if _NUMBER.fullmatch(text) else None


@dataclasses.dataclass(frozen=True)
class Signal:
    """A signal. A value is None if the module does not report it.

    :param system: for example ``CAT-M1``.
    :param rssi: the whole received power, in dBm.
    :param rsrp: the power of the network's reference signals, in dBm.
    :param sinr: signal to noise, in dB.
    :param rsrq: the quality of the reference signals, in dB.
    """

    system: str | None = None
    rssi: int | None = None
    rsrp: int | None = None
    sinr: float | None = None
    rsrq: int | None = None

    @classmethod
    def told(cls, answer: str, rssi: int | None) -> Signal:
        """Return the signal in an answer to AT+QCSQ.

        :param answer: the text after ``+QCSQ:``, or "" if there is no answer.
        :param rssi: the answer to AT+CSQ, in dBm, for a module without AT+QCSQ.
        """
        values = values_of(answer)
        if not values or values[0] == "NOSERVICE":
            return cls(rssi=rssi)
        sinr = _number(values, 3)
        return cls(
            system=values[0],
            rssi=_number(values, 1) if len(values) > 1 else rssi,
            rsrp=_number(values, 2),
            # 0 to 250 stand for -20 to 30 dB.
            sinr=None if sinr is None else round(sinr / 5 - 20, 1),
            rsrq=_number(values, 4),
        )

    @property
    def bars(self) -> int:
        """The quality of the signal, from 0 to 5."""
        if self.rsrp is not None:
            return sum(self.rsrp >= least for least in RSRP_BARS)
        if self.rssi is not None:
            return sum(self.rssi >= least for least in RSSI_BARS)
        return 0

    @property
    def fields(self) -> dict[str, Any]:
        """The values by name and unit, and the bars."""
        return {
            "system": self.system,
            "rssi_dbm": self.rssi,
            "rsrp_dbm": self.rsrp,
            "sinr_db": self.sinr,
            "rsrq_db": self.rsrq,
            "bars": self.bars,
        }

    def __str__(self) -> str:
        named = (
            ("RSSI", self.rssi, "dBm"),
            ("RSRP", self.rsrp, "dBm"),
            ("SINR", self.sinr, "dB"),
            ("RSRQ", self.rsrq, "dB"),
        )
        told = [
            f"{name} {value} {unit}" for name, value, unit in named if value is not None
        ]
        return ", ".join([self.system, *told] if self.system else told) or "none"


@dataclasses.dataclass(frozen=True)
class RadioNetwork:
    """The cell that serves the module. A value is "" if the module does not report it.

    :param technology: for example ``Cat-M1``.
    :param operator: the country's and the operator's number.
    :param band: for example ``LTE BAND 20``.
    :param channel: its number.
    """

    technology: str
    operator: str = ""
    band: str = ""
    channel: str = ""

    @classmethod
    def told(cls, answer: str) -> RadioNetwork | None:
        """Return the cell in an answer to AT+QNWINFO; None without service."""
        values = values_of(answer)
        if len(values) < 2 or values[0].upper() in ("NONE", "NO SERVICE"):
            return None
        return cls(*values[:4])

    def __str__(self) -> str:
        named = (
            ("", self.technology),
            ("operator ", self.operator),
            ("band ", self.band),
            ("channel ", self.channel),
        )
        return ", ".join(name + value for name, value in named if value)
