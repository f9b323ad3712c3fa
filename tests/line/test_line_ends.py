"""A module that ends its lines in LF alone."""

from __future__ import annotations

from typing import Any

import pytest

from requests_bg96.emulator import Fault, Switches
from requests_bg96.response.framing import Framing
from requests_bg96.response.trailer import Trailer
from tests.support import (
    OK,
    SOMEWHERE,
    TRAILER,
    bytewise,
    chunks,
    cme,
    parsed,
    response,
    rig,
)

EVERYTHING = 1 << 30
CLOSE = b"Connection: close"
CODED = b"Transfer-Encoding: chunked"


def in_lf(lines: bytes) -> bytes:
    """The module's bytes without CR."""
    return lines.replace(b"\r\n", b"\n")


URC = b'\r\n+QIURC: "pdpdeact",1\r\n'
#: Trailers, with their err.
TRAILERS = [
    (TRAILER, 0),
    (TRAILER + URC, 0),
    (OK + URC + b"\r\n+QHTTPREAD: 0\r\n", 0),
    (cme(717), 717),
]
#: Bodies with bytes that could be an end, of both kinds.
BODIES = [
    b"hello",
    b"",
    b"text\n",
    b"text\r\n",
    b"a" + TRAILER + b"b",
    b"a" + in_lf(TRAILER) + b"b",
    b"a" + in_lf(TRAILER),
    b"a" + TRAILER,
    in_lf(OK),
    in_lf(cme(717)) + b"\n",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("trailer", "err"), TRAILERS)
def test_the_end(body: bytes, trailer: bytes, err: int) -> None:
    """It is found as with CR LF, with each framing."""
    for answer in (
        response(body),
        response(chunks(body, [3]), CODED),
        response(body, CLOSE),
    ):
        for pieces in ([answer + in_lf(trailer)], bytewise(answer + in_lf(trailer))):
            framing, got = Framing("GET", line_end=b"\n"), b""
            for piece in pieces:
                framing.receive_data(piece)
                got += framing.take(EVERYTHING)
            assert framing.trailer is Trailer.FULL
            assert framing.take_trailer()[0] == err
            assert parsed(got + framing.take(EVERYTHING))[1] == body


@pytest.mark.parametrize("own", [b"\r\n", b"\n"])
def test_nothing_is_mixed(own: bytes) -> None:
    """A module has one line end. A line with another is not in a trailer."""
    right = TRAILER.replace(b"\r\n", own)
    ends = [
        place for place in range(len(TRAILER)) if TRAILER.startswith(b"\r\n", place)
    ]
    wrong = {in_lf(TRAILER), TRAILER} - {right}
    for end in ends:
        before, behind = TRAILER[:end], TRAILER[end + 2 :]
        if own == b"\r\n":
            wrong.add(before + b"\n" + behind)
        else:
            wrong.add(in_lf(before) + b"\r\n" + in_lf(behind))
    if own == b"\n":
        # The CR is a byte of the body, and the trailer is right.
        wrong.remove(b"\r" + right)
    for trailer in wrong:
        framing = Framing("GET", line_end=own)
        framing.receive_data(response(b"text", CLOSE) + trailer)
        assert framing.trailer is not Trailer.FULL
    framing = Framing("GET", line_end=own)
    framing.receive_data(response(b"text", CLOSE) + right)
    assert framing.trailer is Trailer.FULL


@pytest.mark.parametrize("settings", [{}, {"via": "file"}, {"verify_echo": True}])
@pytest.mark.parametrize("form", ["raw", "decoded"])
def test_exchanges(form: str, settings: dict[str, Any]) -> None:
    """They take no longer than with CR LF."""
    seconds: dict[str, float] = {}
    for end in ("crlf", "lf"):
        switches = Switches.from_text({"line_end": end, "chunked": form})
        with rig(switches=switches, adapter=settings) as made:
            for body in BODIES:
                for answer in (
                    response(body),
                    response(body, CLOSE),
                    response(chunks(body, [3]), CODED),
                ):
                    made.servers.answers = [answer]
                    assert made.get(timeout=(30, 10)).content == body
            made.servers.answers = [response(b"", b"Content-Length: 5")]
            assert made.session.head(SOMEWHERE, timeout=(30, 10)).ok
            assert not made.modem.stats.recoveries
            assert made.modem.info()["model"] == "BG96"
            seconds[end] = made.clock.now()
    assert seconds["lf"] < seconds["crlf"] + 5


def test_a_cr_that_the_line_has_lost() -> None:
    """One result without CR does not make it another module."""
    answer = response(b"text\r\n", CLOSE)
    with rig(answer) as made:
        made.get()
        before = len(made.heard)
        made.get()
        said = made.heard[before:]
        head = said.index(b"HTTP/1.1")
        places = [
            at + len(one) - 2
            for one in (b"OK\r\n", b"CONNECT\r\n")
            for at in range(head)
            if said.startswith(one, at)
        ]
    assert len(places) >= 3
    for place in places:
        with rig(answer) as made:
            made.get()
            made.emulator.add_fault(Fault("to_host", place, "drop"))
            assert made.get(timeout=(30, 10)).content == b"text\r\n"
            assert made.get(timeout=(30, 10)).content == b"text\r\n"
            assert made.clock.now() < 3
