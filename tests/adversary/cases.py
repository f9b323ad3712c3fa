"""Attacks by choices: hypothesis or a fuzzer chooses numbers.

The first choice is always nearest to an attack that works, and to the defaults. So
what is found shrinks to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from requests_bg96.emulator import Switches
from tests.adversary.plans import (
    ACCOUNT,
    FORGED,
    HARM,
    REDIRECT,
    SECRET,
    Answer,
    Case,
    Close,
    Coded,
    Errand,
    Manner,
    Mimic,
    Part,
    Reaction,
    Say,
    Wait,
    in_lf,
)
from tests.firmwares import spoken
from tests.support import CONNECT, OK, TRAILER, cme

__all__ = (
    "Choose",
    "FIELDS",
    "STATUSES",
    "WAITS",
    "from_bytes",
    "made",
    "one_of",
    "switches",
)

#: Returns a number below its argument.
Choose = Callable[[int], int]
T = TypeVar("T")

_URL = b"http://%b?%b" % (ACCOUNT.encode(), SECRET.encode())
_GUESS = b"AT" + b"Q0" * 40

#: Bytes that a module might send, and similar ones.
SAYINGS: tuple[bytes, ...] = (
    TRAILER,
    OK,
    CONNECT,
    b"payload",
    b"AT\r\r\nOK\r\n",
    b"ATQ0V1E1&D0\r\r\nOK\r\n",
    b"ATQ0V1E0&D0\r\r\nOK\r\n",
    _GUESS + b"E0\r\r\nOK\r\n",
    _GUESS + b"E1\r\r\nOK\r\n",
    (_GUESS + b"E0\r\r\nOK\r\n") * 20,
    b"Q0",
    b"\r\n+QHTTPGET: 0,200,6\r\n",
    b"\r\n+QHTTPPOST: 0,200,6\r\n",
    OK + b"\r\n+QHTTPGET: 0,200,6\r\n",
    CONNECT + FORGED + TRAILER,
    FORGED,
    b"\r\n+QHTTPREAD: 0\r\n",
    b"\r\n+QHTTPURL: %b\r\n" % _URL,
    b"\r\n+QHTTPURL: %b\r\n" % _URL.replace(b"http:", b"https:"),
    b"\r\nRDY\r\n",
    b"\r\nAPP RDY\r\n",
    b"\r\nPOWERED DOWN\r\n",
    b"\r\nPSM POWER DOWN\r\n",
    b'\r\n+QIURC: "pdpdeact",1\r\n',
    cme(717),
    cme(703),
    b"\r\nERROR\r\n",
    b"\r\nNO CARRIER\r\n",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"\r",
    b"\r\n",
    b"\n",
    b"+++",
    b"A" * 3,
    b"0\r",
    b"x" * 5_000,
)
WAITS = (0.2, 0.01, 0.05, 0.3, 0.6, 1.0, 1.2, 2.1, 3.0)
#: The known parts of what the host writes.
HEARD: tuple[bytes, ...] = (
    rb"^AT\r",
    rb"^ATQ0V1E.&D",
    rb"^AT(?:Q0|V1)+E",
    rb"^https?://",
    rb"\+QHTTPURL=",
    rb"\+QHTTPURL\?",
    rb"\+QHTTPGET=",
    rb"\+QHTTPPOST=",
    rb"Host: bank",
    rb"\+QHTTPREAD",
    rb"\+QSSLCFG",
    rb"\+QHTTPCFG",
    rb"^AT\+",
    rb"^\+\+\+",
    rb"",
)
FIELDS: tuple[bytes, ...] = (
    b"",
    b"Content-Length: 900\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 1\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 7\r\nContent-Length: 900\r\n",
    b"Content-Length: 900\r\nContent-Length: 7\r\n",
    b"Content-Length: +7\r\n",
    b"Content-Length: 0_7\r\n",
    b"Content-Length: -7\r\n",
    b"Content-Length: 7, 7\r\n",
    b"Content-Length : 7\r\n",
    b"Content-Length:\r\n 7\r\n",
    b"Content-Length: " + b"9" * 400 + b"\r\n",
    b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: x-chunked\r\nContent-Length: 7\r\n",
    b"X: y\rContent-Length: 7\r\n",
    b"\x00Content-Length: 900\r\nContent-Length: 7\r\n",
    b"Content-Encoding: gzip\r\n",
)
STATUSES: tuple[bytes, ...] = (
    b"302 Found",
    b"307 Temporary Redirect",
    b"200 OK",
    b"204 No Content",
    b"304 Not Modified",
    b"206 Partial Content",
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"verify_echo": True},
    {"dtr": True},
    {"rtscts": True},
    {"via": "file"},
    {"verify_echo": True, "dtr": True, "rtscts": True},
    {"apn": "apn.example", "username": "user", "password": SECRET},
    {"keep_alive": True},
)
#: A module that answers in no time has no time to report its past.
LINES: tuple[dict[str, Any], ...] = tuple(
    {"answer_delay": 0.002, **line}
    for line in (
        {},
        {"baudrate": 115_200},
        {"fragment": "random"},
        {"fragment": 1},
        {"baudrate": 9_600},
        {"answer_delay": 0.05},
        {"baudrate": 921_600, "fragment": "random"},
    )
)
METHODS = ("GET", "POST", "HEAD", "PUT")
SINCE = (b"AT+QHTTPREAD", b"AT+QHTTP", b"AT+QHTTPGET", b"AT")


def made(choose: Choose) -> Case:
    """Return the chosen attack."""
    secure = not choose(3) - 2
    firmware = switches(choose, secure)
    method = one_of(choose, METHODS)
    case = Case(
        _opening(choose),
        tuple(reaction(choose, HEARD, SAYINGS) for _ in range(choose(4))),
        method=method,
        data=HARM if method in ("POST", "PUT") else None,
        manner=one_of(choose, tuple(Manner)),
        since=one_of(choose, SINCE),
        point=choose(30),
        errand=Errand(secure, HARM if choose(2) else None),
        switches=firmware,
        settings=one_of(choose, SETTINGS),
        line=one_of(choose, LINES),
    )
    return in_lf(case) if firmware.line_end == "lf" and not choose(2) else case


def from_bytes(data: bytes) -> Case:
    """Return the attack that bytes choose, a byte for each choice; 0 after the end."""
    numbers = iter(data)
    return made(lambda below: next(numbers, 0) % below)


def one_of(choose: Choose, values: Sequence[T]) -> T:
    """Return the chosen value."""
    return values[choose(len(values))]


def _opening(choose: Choose) -> tuple[Part, ...]:
    status, fields = one_of(choose, STATUSES), one_of(choose, FIELDS)
    head = REDIRECT.replace(b"302 Found", status) + fields + b"\r\n"
    coded = b"chunked" in fields and not choose(2)
    start: tuple[Part, ...] = (Say(head), Coded()) if coded else (Say(head),)
    if not choose(2):
        # Attacks that worked against a client with a predictable question.
        body = one_of(choose, (b"x", b"", b"payload"))
        end = Say(body + TRAILER), Wait(one_of(choose, WAITS)), Say(OK)
        start = *start, *end, Mimic()
    return (*start, *(part(choose, SAYINGS) for _ in range(choose(7))))


def reaction(
    choose: Choose, heard: Sequence[bytes], sayings: Sequence[bytes]
) -> Reaction:
    """Return what the server does when it hears one of `heard`."""
    parts = tuple(part(choose, sayings) for _ in range(1 + choose(4)))
    return Reaction(one_of(choose, heard), parts, (1, 2, 50)[choose(3)])


def part(choose: Choose, sayings: Sequence[bytes]) -> Part:
    """Return one thing that the server does. It may say one of `sayings`."""
    kind = choose(10)
    if kind < 4:
        return Say(one_of(choose, sayings))
    if kind < 6:
        return Wait(one_of(choose, WAITS))
    if kind == 6:
        return Answer()
    if kind == 7:
        return Mimic(one_of(choose, (0.0, 0.001, 0.02, 0.3)))
    if kind == 8:
        return Close(bool(choose(2)))
    return Say(bytes(choose(256) for _ in range(choose(12))))


def switches(choose: Choose, secure: bool = False) -> Switches:
    """Return a firmware with at most three unusual values.

    :param secure: whether the module can check servers.
    """
    allowed = spoken()
    chosen: dict[str, Any] = {}
    for _ in range(choose(4)):
        name = one_of(choose, tuple(allowed))
        chosen[name] = one_of(choose, allowed[name])
    if secure:
        # Without it, nothing is sent to a server that must be checked.
        chosen["sni_checkhost"] = True
    return Switches(**chosen)
