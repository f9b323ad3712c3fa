"""Which lines are shown, and which only by length."""

from __future__ import annotations

import pytest

from requests_bg96.at.printable import printable
from requests_bg96.at.steps import Command, Reply


@pytest.mark.parametrize(
    "line",
    [
        "OK",
        "CONNECT",
        "CONNECT 115200",
        "+CME ERROR: 703",
        "APP RDY",
        "PSM POWER DOWN",
        "Quectel",
        "BG95-M3",
        "Revision: BG96MAR02A07M1G",
        "+CSQ: 20,99",
        "+CPIN: READY",
        "+CPIN: PH-NET PIN",
        '+QPINC: "SC", 3,10',
        "+CEREG: 0,5",
        '+CEREG: 2,1,"1A2D","0001A2D3",8',
        '+QHTTPCFG: "sslctxid",1',
        '+QSSLCFG: "ciphersuite",1,0XFFFF',
        '+QSSLCFG: "cacert",1,"UFS:0a1b2c3d.ca"',
        '+QIACT: 1,1,1,"10.0.0.2"',
        '+QIURC: "pdpdeact",1',
        "+QHTTPGET: 0,200,5",
        "+QHTTPPOST: (1-1024000),(1-65535),(1-65535)",
        "+QFUPL: 300,2f",
        "+QIGETERROR: 561,open PDP context failed",
    ],
)
def test_lines_of_the_module(line: str) -> None:
    """They are shown unchanged."""
    assert printable(line.encode("ascii")) == line


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'+QICSGP: 1,"apn","user","secret",1', "+QICSGP: a value of 26 bytes"),
        (b'+QHTTPURL: "http://h/?token=secret"', "+QHTTPURL: a value of 25 bytes"),
        (b'+QHTTPCFG: "auth","secret"', "+QHTTPCFG: a value of 16 bytes"),
        (b"+CME ERROR: secret", "+CME ERROR: a value of 7 bytes"),
        (b"CONNECT secret", "a line of 14 bytes"),
        (b"+SECRET: 1", "a line of 10 bytes"),
        (b"secret", "a line of 6 bytes"),
        (b"+QHTTPGET", "a line of 9 bytes"),
        (b"OK \xff", "a line of 4 bytes"),
        (b"OK\nsecret", "a line of 9 bytes"),
    ],
)
def test_other_lines(line: bytes, text: str) -> None:
    """They are shown by length, even if they begin like one of the module's."""
    assert printable(line) == text


def test_an_echo() -> None:
    """It shows the printable part of its command. A garbled echo is not shown."""
    command = Command('+CPIN="7291"', shown="+CPIN=***")
    assert command.shows(b'AT+CPIN="7291"') == "the echo of AT+CPIN=***"
    assert printable(b'AT+CPIN="7291"') == "a line of 14 bytes"
    assert command.shows(b'AT+CPIN="7291') == "a line of 13 bytes"


def test_a_reply() -> None:
    """Neither its lines nor its end are shown."""
    reply = Reply(b"+CME ERROR: secret", (b'+QICSGP: 1,"apn","user","secret",1',))
    assert "secret" not in repr(reply)
