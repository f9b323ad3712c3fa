"""The answers to AT+QCSQ and AT+QNWINFO are parsed."""

from __future__ import annotations

import pytest

from requests_bg96.cli.radio import RadioNetwork, Signal


@pytest.mark.parametrize(
    "answer, rssi, signal, text, bars",
    [
        (
            '"CAT-M1",-52,-81,195,-10',
            -51,
            Signal("CAT-M1", -52, -81, 19.0, -10),
            "CAT-M1, RSSI -52 dBm, RSRP -81 dBm, SINR 19.0 dB, RSRQ -10 dB",
            5,
        ),
        (
            '"CAT-NB1", -90, -119, 100, 0',
            None,
            Signal("CAT-NB1", -90, -119, 0.0, 0),
            "CAT-NB1, RSSI -90 dBm, RSRP -119 dBm, SINR 0.0 dB, RSRQ 0 dB",
            2,
        ),
        ('"GSM",-68', None, Signal("GSM", -68), "GSM, RSSI -68 dBm", 5),
        ('"eMTC",-113,-131,0,-20', None, Signal("eMTC", -113, -131, -20.0, -20), "", 0),
        ('"NOSERVICE"', None, Signal(), "none", 0),
        ('"NOSERVICE"', -95, Signal(rssi=-95), "RSSI -95 dBm", 3),
        ("", -112, Signal(rssi=-112), "RSSI -112 dBm", 1),
        ('"CAT-M1"', -95, Signal("CAT-M1", -95), "CAT-M1, RSSI -95 dBm", 3),
        ('"CAT-M1",-,x,,', None, Signal("CAT-M1"), "CAT-M1", 0),
    ],
)
def test_signals(
    answer: str, rssi: int | None, signal: Signal, text: str, bars: int
) -> None:
    found = Signal.told(answer, rssi)
    assert found == signal and found.bars == bars
    assert str(found) == text or not text
    assert found.fields["bars"] == bars and len(found.fields) == 6


@pytest.mark.parametrize(
    "answer, network, text",
    [
        (
            '"EDGE","46001","GSM 1800",653',
            RadioNetwork("EDGE", "46001", "GSM 1800", "653"),
            "EDGE, operator 46001, band GSM 1800, channel 653",
        ),
        ('"CAT-M1","00101"', RadioNetwork("CAT-M1", "00101"), "CAT-M1, operator 00101"),
        ("No Service", None, ""),
        ('"NONE","","",0', None, ""),
        ("", None, ""),
    ],
)
def test_networks(answer: str, network: RadioNetwork | None, text: str) -> None:
    found = RadioNetwork.told(answer)
    assert found == network and (found is None or str(found) == text)
