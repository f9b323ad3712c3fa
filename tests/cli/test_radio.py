"""The answers to AT+QCSQ, AT+QNWINFO and AT+QENG are parsed."""

from __future__ import annotations

import pytest

from requests_bg96.cli.radio import RadioNetwork, ServingCell, Signal


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
    found = Signal.parse(answer, rssi)
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
    found = RadioNetwork.parse(answer)
    assert found == network and (found is None or str(found) == text)


CAT_M = (
    '"servingcell","CONNECT","CAT-M","FDD",262,03,2FAA03,187,6200,20,3,3,2AFB,-105,'
    "-11,-76,10,-"
)
CAT_NB = (
    '"servingcell","NOCONN","CAT-NB","FDD",460,11,DDA1451,280,2506,5,0,0,69C9,-84,'
    "-17,-67,8,44"
)
GSM = (
    '"servingcell","NOCONN","GSM",250,99,DC51,B919,26,50,-,-73,255,255,0,38,38,1,-,-,-,'
    '-,-,-,-,-,-,"-"'
)


@pytest.mark.parametrize(
    "answer, registered, text",
    [
        (
            CAT_M,
            True,
            "connected, CAT-M, FDD, country 262, network 03, cell 2FAA03, physical "
            "cell 187, channel 6200, band 20, area 2AFB, RSRP -105 dBm, RSRQ -11 dB, "
            "RSSI -76 dBm, SINR 10",
        ),
        (
            CAT_NB,
            True,
            "idle, CAT-NB, FDD, country 460, network 11, cell DDA1451, physical cell "
            "280, channel 2506, band 5, area 69C9, RSRP -84 dBm, RSRQ -17 dB, "
            "RSSI -67 dBm, SINR 8, srxlev 44",
        ),
        (
            GSM,
            True,
            "idle, GSM, country 250, network 99, area DC51, cell B919, BSIC 26, "
            "channel 50, rxlev -73 dBm",
        ),
        ('"servingcell","SEARCH"', False, "searches for a cell"),
        (
            '"servingcell", "LIMSRV", "eMTC", "FDD", 240',
            False,
            "in a cell without registration, eMTC, FDD, country 240",
        ),
        ('"servingcell","NEW"', False, "NEW"),
    ],
)
def test_serving_cells(answer: str, registered: bool, text: str) -> None:
    """The answers are those that drivers for BG96 and its relatives quote."""
    found = ServingCell.parse(answer)
    assert found is not None
    assert found.registered == registered and str(found) == text


@pytest.mark.parametrize("answer", ["", '"neighbourcell","GSM"', '"servingcell"'])
def test_no_serving_cell(answer: str) -> None:
    assert ServingCell.parse(answer) is None
