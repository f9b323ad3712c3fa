"""Numbers of a module that are not numbers, or are too long."""

from __future__ import annotations

import pytest

from requests_bg96.at.lines import error_number
from requests_bg96.at.parameters import number
from requests_bg96.base.codes import Limits
from requests_bg96.base.knowledge import Checked, Knowledge
from requests_bg96.dialogues import identity, setup
from requests_bg96.dialogues.tls import clock_of
from requests_bg96.emulator.http_head import ResponseHead
from requests_bg96.errors import SetupError
from requests_bg96.settings import Settings
from tests.emulator.host import OK as HOST_OK
from tests.emulator.host import Host, response
from tests.support import play

#: Python parses at most 4,300 digits. Some of its functions accept a superscript "2".
NONE = ("9" * 5_000, "\xb2", "", "-1", "1_0", " 1")


@pytest.mark.parametrize("text", NONE)
def test_none(text: str) -> None:
    """Not even with a sign, or with blanks around it."""
    assert number(text) is None


def test_numbers() -> None:
    """They have leading zeros, and as many digits as a length may have."""
    assert number("007") == 7
    assert number("9" * 18) == 10**18 - 1


@pytest.mark.parametrize("digits", [10, 5_000])
def test_error_numbers(digits: int) -> None:
    """Noise is not a number with a meaning."""
    assert error_number(b"+CME ERROR: " + b"7" * digits) is None
    assert error_number(b"+CME ERROR: 703 ") == 703


@pytest.mark.parametrize("told", NONE[:-1])
def test_attempts_left(told: str) -> None:
    """They are unknown, as if the module did not have the command."""
    script = [
        ("AT+CPIN?", "+CPIN: SIM PIN|OK"),
        ("AT+QPINC?", f'+QPINC: "SC",{told},10|OK'),
        ('AT+QFLST="bg96pin.try"', '+QFLST: "bg96pin.try",5|OK'),
    ]
    settings, known = Settings(pin="1234"), Knowledge(checked=Checked(settings=True))
    with pytest.raises(SetupError, match="a PIN was tried before"):
        play(setup.prepare(settings, known), *script)


@pytest.mark.parametrize("told", NONE)
def test_registration(told: str) -> None:
    """A wrong state is not registered, and does not break the wait."""
    line = ("AT+CREG?;+CGREG?;+CEREG?", f"+CREG: 0,{told}|+CEREG: 0,5|OK")
    assert play(setup.registration(), line) == {"CEREG": "5"}


@pytest.mark.parametrize("told", ["9" * 5_000, "9" * 10])
def test_limits(told: str) -> None:
    """The limits of the manual's module are used."""
    ask = "AT+QHTTPURL=?;+QHTTPGET=?;+QHTTPPOST=?"
    lines = (
        f"+QHTTPURL: (1-{told}),(1-65535)|+QHTTPGET: (1-65535),(1-2048),(1-65535)|"
        "+QHTTPPOST: (1-1024000),(1-65535),(1-65535)|OK"
    )
    known = Knowledge()
    play(identity.learn(known), ("ATI", "BG96|OK"), (ask, lines))
    assert known.limits == Limits()


@pytest.mark.parametrize(
    "text",
    ["24/02/29,12:00:00+99999999999", "00/01/01,00:00:00+9999999999", "\xb2", ""],
)
def test_clocks(text: str) -> None:
    """A time zone out of range."""
    assert clock_of(text) is None


# In the emulator

LONG = b"9" * 5_000


def test_the_length_of_a_response() -> None:
    """It is not a length."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n"
    assert ResponseHead.parse(head % LONG).length is None
    assert ResponseHead.parse(head % b"12").length == 12


def test_the_length_of_a_request() -> None:
    """It is not a length in the bytes of the host, either."""
    with Host() as host:
        host.online(requestheader=1)
        host.servers.answers.append(response(b"abc"))
        request = b"POST / HTTP/1.1\r\nContent-Length: %b\r\n\r\n" % LONG
        assert b"CONNECT" in host.ask(b"AT+QHTTPPOST=%d,80,80\r" % len(request))
        assert host.ask(request).startswith(HOST_OK + b"\r\n+QHTTPPOST: 0,200,3")
