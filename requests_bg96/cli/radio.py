"""The signal and the network, by name (AT manual 6.17 and 6.18; AT+QENG)."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

__all__ = ("MOST_BARS", "RadioNetwork", "ServingCell", "Signal", "values_of")

#: The least dBm for each bar. No manual has such a table. Phones use similar values.
#: These are lower, because LTE-M repeats its data and works with less.
RSRP_BARS = (-130, -120, -110, -100, -90)
RSSI_BARS = (-112, -105, -95, -85, -75)
MOST_BARS = len(RSRP_BARS)

#: The words of AT+QENG for the state, in plain words.
CELL_STATES = {
    "SEARCH": "searches for a cell",
    "LIMSRV": "in a cell without registration",
    "NOCONN": "idle",
    "CONNECT": "connected",
}
#: The fields after the state, as drivers for BG96 read them: no manual of the BG96 has
#: the command. Drivers disagree about the unit of the SINR. The widths of the channel
#: are codes.
_LTE_FIELDS = (
    *("technology", "duplex", "country", "network", "cell", "physical_cell"),
    *("channel", "band", "uplink_width", "downlink_width", "area"),
    *("rsrp_dbm", "rsrq_db", "rssi_dbm", "sinr", "srxlev"),
)
_GSM_FIELDS = (
    *("technology", "country", "network", "area", "cell", "bsic"),
    *("channel", "band", "rxlev_dbm"),
)
#: The fields that are measured numbers. The others are names, some of them
#: hexadecimal or with zeros in front.
_MEASURED = {"rsrp_dbm", "rsrq_db", "rssi_dbm", "sinr", "srxlev", "rxlev_dbm"}
#: The fields whose names are abbreviations, and the units in names.
_ABBREVIATED = {"rsrp", "rsrq", "rssi", "sinr", "bsic"}
_UNITS = {"dbm": "dBm", "db": "dB"}

#: The most bits per second from each technology, or to it (hardware design manual 2.2).
BITS = {
    "CAT-M1": 375_000,
    "CAT-NB1": 70_000,
    "GSM": 107_000,
    "GPRS": 107_000,
    "EDGE": 296_800,
}
#: A UART sends 10 bits for 8: 8N1 (hardware design manual 3.10).
UART_BITS = 10 / 8

_VALUE = re.compile(r'\s*(?:"([^"]*)"|([^,"\s][^,"]*))')
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
    def parse(cls, answer: str, rssi: int | None) -> Signal:
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
    def parse(cls, answer: str) -> RadioNetwork | None:
        """Return the cell in an answer to AT+QNWINFO; None without service."""
        values = values_of(answer)
        if len(values) < 2 or values[0].upper() in ("NONE", "NO SERVICE"):
            return None
        return cls(*values[:4])

    @property
    def line_rate(self) -> int | None:
        """The least speed in baud of a line that is as fast; None if it is not known.

        2 % less counts as fast enough: no cell gives all of its most.
        """
        bits = BITS.get(self.technology.upper())
        return None if bits is None else int(bits * UART_BITS * 0.98)

    def __str__(self) -> str:
        named = (
            ("", self.technology),
            ("operator ", self.operator),
            ("band ", self.band),
            ("channel ", self.channel),
        )
        return ", ".join(name + value for name, value in named if value)


@dataclasses.dataclass(frozen=True)
class ServingCell:
    """The answer to ``AT+QENG="servingcell"``.

    :param state: what the module does with the cell, a key of `CELL_STATES`.
    :param fields: the other values by name, as the module tells them.
    """

    state: str
    fields: dict[str, str | int] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, answer: str) -> ServingCell | None:
        """Return the cell in an answer; None if it tells none.

        :param answer: the text after ``+QENG:``.
        """
        kind, *values = values_of(answer) or [""]
        if kind != "servingcell" or not values:
            return None
        state, *rest = values
        names = _GSM_FIELDS if rest[:1] == ["GSM"] else _LTE_FIELDS
        # A module prints "-" for what it does not know.
        told = {name: one for name, one in zip(names, rest) if one != "-"}
        return cls(state, {name: _measured(name, one) for name, one in told.items()})

    @property
    def registered(self) -> bool:
        """Whether the module is registered in the cell."""
        return self.state in ("NOCONN", "CONNECT")

    def __str__(self) -> str:
        told = [
            _labelled(name, value)
            for name, value in self.fields.items()
            # Codes tell a person nothing.
            if not name.endswith("_width")
        ]
        return ", ".join([CELL_STATES.get(self.state, self.state), *told])


def _measured(name: str, value: str) -> str | int:
    measured = name in _MEASURED and _NUMBER.fullmatch(value)
    return int(value) if measured else value


def _labelled(name: str, value: str | int) -> str:
    if name in ("technology", "duplex"):
        return str(value)
    words = name.split("_")
    unit = f" {_UNITS[words.pop()]}" if words[-1] in _UNITS else ""
    label = " ".join(words)
    return f"{label.upper() if label in _ABBREVIATED else label} {value}{unit}"
