"""Attacks over the module's sockets by choices, as `cases` has them for its HTTP.

The module passes on a server's bytes only after their number. So a server can hope for
two things: a client that searches payload, and a line that changes the number.
"""

from __future__ import annotations

from typing import Any

from tests.adversary.cases import (
    FIELDS,
    STATUSES,
    WAITS,
    Choose,
    one_of,
    part,
    reaction,
    switches,
)
from tests.adversary.plans import (
    FORGED,
    HARM,
    PACKET,
    REDIRECT,
    SECRET,
    Case,
    Close,
    Errand,
    Manner,
    Noise,
    Part,
    Say,
    Wait,
    in_lf,
)
from tests.support import OK, chunks, cut

__all__ = ("ANSWERS", "from_bytes", "made")

_END = b"\r\n" + OK
_ECHO = b"AT" + b"Q0" * 40
_READ = b"\r\n+QIRD: %d\r\n%b" % (len(FORGED), FORGED) + _END

#: Bytes that a module might send while it has sockets, and similar ones.
SAYINGS: tuple[bytes, ...] = (
    b"payload",
    OK,
    _END,
    _READ,
    OK + _READ,
    _END + _READ,
    b"\r\n+QIRD: 0\r\n" + OK,
    b"\r\n+QIRD: 5\r\nhello" + _END,
    b"\r\n+QIRD: 1500\r\n",
    b"\r\nSEND OK\r\n",
    b"\r\nSEND FAIL\r\n",
    b"\r\n> ",
    b"\r\n> \r\nSEND OK\r\n",
    b"> ",
    b"\r\nERROR\r\n",
    b"\r\n+CME ERROR: 3\r\n",
    b"\r\nCONNECT\r\n",
    b'\r\n+QIURC: "recv",0\r\n',
    b'\r\n+QIURC: "recv",1\r\n',
    b'\r\n+QIURC: "recv",0,5\r\nhello',
    b'\r\n+QIURC: "closed",0\r\n',
    b'\r\n+QIURC: "closed",1\r\n',
    b'\r\n+QIURC: "pdpdeact",1\r\n',
    b"\r\n+QIOPEN: 0,0\r\n",
    b"\r\n+QIOPEN: 1,566\r\n",
    b"\r\n+QISEND: 100,100,0\r\n" + OK,
    b'\r\n+QISTATE: 0,"TCP","192.0.2.1",80,49153,2,1,0,0,"uart1"\r\n' + OK,
    b'\r\n+QISTATE: 1,"TCP","192.0.2.1",80,49154,4,1,0,1,"uart1"\r\n' + OK,
    b"\r\n+QIGETERROR: 552,wrong\r\n" + OK,
    b"\r\nRDY\r\n\r\nAPP RDY\r\n",
    b"\r\nPOWERED DOWN\r\n",
    b"AT\r\r\nOK\r\n",
    b"ATQ0V1E0&D0\r\r\nOK\r\n",
    _ECHO + b"E0\r\r\nOK\r\n",
    _ECHO + b"E0" + OK,
    b"\r",
    b"\r\n",
    b"\n",
    b"\0\x1a\x1b",
    b"+++",
    b"x" * 1_460,
    b"x" * 5_000,
)
#: The end of a read, and the answers to what may come next: another socket is opened,
#: sends its request, and gets a response.
ANSWERS = (
    b"\r\n"
    + OK
    + b"\r\n+QIOPEN: 1,0\r\n"
    + b"\r\n> \r\nSEND OK\r\n"
    + _READ * 4
    + OK * 20
)
#: Bodies that may end a read at any place, and then answer what may come next.
FLOODS: tuple[bytes, ...] = (
    ANSWERS * 3,
    OK * 250,
    _END * 180,
    (_END + b"\r\n> \r\nSEND OK\r\n") * 60,
    (_END + _READ) * 12,
    (_END + b'\r\n+QIURC: "closed",1\r\n') * 40,
    (_END + b"\r\nERROR\r\n") * 80,
    (b"\r\n" + OK + b"\r\n+QIRD: 0\r\n" + OK) * 50,
)
#: Where a length begins in the answer to AT+QIRD.
LENGTH = len(b"\r\n+QIRD: ")
#: The known parts of what the host writes.
HEARD: tuple[bytes, ...] = (
    rb"^AT\+QIRD=",
    rb"^AT\+QIRD=\d+,1500;",
    rb"^AT\+QISEND=\d+,[1-9]",
    rb"^AT\+QIOPEN=",
    rb"^AT\+QISTATE",
    rb"^AT\+QICLOSE=",
    rb"^AT\+QISEND=\d+,0\r",
    rb"Host: (?:evil|bank)",
    rb"^AT\r",
    rb"^AT(?:Q0|V1)+E",
    rb"^AT\+",
    rb"",
)
SETTINGS: tuple[dict[str, Any], ...] = tuple(
    {"via": "socket", **more}
    for more in (
        {},
        {"verify_echo": True},
        {"rtscts": True},
        {"verify_echo": True, "rtscts": True, "dtr": True},
        {"apn": "apn.example", "username": "user", "password": SECRET},
    )
)
LINES: tuple[dict[str, Any], ...] = tuple(
    {"answer_delay": 0.002, **line}
    for line in (
        {"baudrate": 115_200},
        {},
        {"fragment": "random"},
        {"fragment": 1},
        {"baudrate": 38_400},
        {"baudrate": 921_600, "fragment": "random"},
        {"baudrate": 115_200, "answer_delay": 0.05},
    )
)
PACKETS = ((PACKET,), (536,), (7, 100), (3, 1_460), (40,), (1,))
SINCE = (
    b"AT+QIRD=",
    b"AT+QIRD=0,1500;+QIRD=0,1500",
    b"AT+QISEND=",
    b"AT+QIOPEN=",
    b"AT",
)
METHODS = ("GET", "POST", "HEAD", "PUT")
#: A read of the response of the server that attacks ends in these many ways.
FRAMINGS = ("length", "chunks", "close", "odd")


def made(choose: Choose) -> Case:
    """Return the chosen attack."""
    method = one_of(choose, METHODS)
    secure = not choose(3) - 2
    firmware = switches(choose)
    settings = one_of(choose, SETTINGS)
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
        settings=settings,
        line=one_of(choose, LINES),
        packets=one_of(choose, PACKETS),
        noise=tuple(
            _noise(choose, secure, settings) for _ in range(max(0, choose(5) - 2))
        ),
    )
    return in_lf(case) if firmware.line_end == "lf" and not choose(2) else case


def from_bytes(data: bytes) -> Case:
    """Return the attack that bytes choose, a byte for each choice; 0 after the end."""
    numbers = iter(data)
    return made(lambda below: next(numbers, 0) % below)


def _opening(choose: Choose) -> tuple[Part, ...]:
    """Return a response, in pieces, and what is behind it."""
    status = one_of(choose, STATUSES)
    head = REDIRECT.replace(b"302 Found", status)
    texts = (SAYINGS, FLOODS)[choose(2)]
    pieces = [one_of(choose, texts) for _ in range(choose(5))]
    framing = one_of(choose, FRAMINGS)
    body = b"".join(pieces)
    if framing == "length":
        whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif framing == "chunks":
        sizes = one_of(choose, ([7], [100], [1_000], [1, 2]))
        whole = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body, sizes)
    elif framing == "close":
        whole = head + b"Connection: close\r\n\r\n" + body
    else:
        whole = head + one_of(choose, FIELDS) + b"\r\n" + body
    said: list[Part] = []
    for piece in cut(whole, [one_of(choose, (len(whole), 700, 30))]):
        said += [Say(piece), Wait(one_of(choose, (0.0, *WAITS)))]
    ends = [Close()] if framing == "close" else []
    return (*said, *ends, *(part(choose, SAYINGS) for _ in range(choose(5))))


def _noise(choose: Choose, secure: bool, settings: dict[str, Any]) -> Noise:
    """Return a change of the line, which the client has a chance to notice.

    What it writes is compared only with ``verify_echo=True``.
    """
    up = "verify_echo" in settings and not choose(3) - 2
    # Half of the faults change a length, or bytes beside it.
    aims = choose(2)
    return Noise(
        HEARD[choose(2)] if aims else one_of(choose, HEARD),
        LENGTH + choose(5) + 1_517 * choose(2) if aims else choose(60),
        "from_host" if up else "to_host",
        one_of(choose, ("drop", "garble", "double")),
        in_errand=secure and bool(choose(2)),
    )
