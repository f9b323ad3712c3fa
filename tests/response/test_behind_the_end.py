"""Bytes of the module between the end of a body and its trailer."""

from __future__ import annotations

import re

import pytest

from requests_bg96.errors import TransferError
from requests_bg96.response.framing import Framing, Trailer
from tests.support import OK, TRAILER, bytewise, parsed, response

EVERYTHING = 1 << 30
CLOSE = b"Connection: close"
CODED = b"Transfer-Encoding: chunked"
SURE = response(b"hello")
#: One line end too many, and one too few. A fault of the line does that, too.
SPARE = b"\r\n" + TRAILER
BARE = TRAILER.removeprefix(b"\r\n")


@pytest.mark.parametrize("trailer", [SPARE, BARE])
def test_a_line_end_too_many_or_too_few(trailer: bytes) -> None:
    """The body is the same, but its end is no longer certain."""
    for pieces in ([SURE + trailer], bytewise(SURE + trailer)):
        framing, seen = Framing("GET", 5), []
        for piece in pieces:
            framing.receive_data(piece)
            seen.append(framing.trailer)
        assert seen[-1] is Trailer.FULL and Trailer.WRONG not in seen
        assert framing.finished and not framing.certain
        assert framing.take_trailer()[0] == 0
        assert framing.take(EVERYTHING) == SURE
        assert framing.trailer is Trailer.NONE


def test_a_line_end_that_is_the_bodys() -> None:
    """Then the trailer comes early, and does not end the body alone."""
    framing = Framing("GET")
    framing.receive_data(response(b"text\r\n") + BARE)
    assert framing.trailer is Trailer.FULL and not framing.finished


def test_an_ok_that_is_the_bodys() -> None:
    """OK and an odd trailer after it are a trailer before the end."""
    framing = Framing("GET")
    framing.receive_data(response(b"text" + OK) + b"\r\n+QHTTPREAD: 0\r\n")
    assert framing.trailer is Trailer.FULL and not framing.finished
    assert framing.remaining == 0


def test_a_released_line_end_is_no_trailers() -> None:
    """It has completed the body, so the trailer lacks one."""
    framing = Framing("GET")
    framing.receive_data(response(b"text\r\n"))
    framing.release()
    assert framing.finished
    framing.receive_data(BARE)
    assert framing.trailer is Trailer.WRONG


@pytest.mark.parametrize("junk", [b"x", b"OK", b"\r\nx", b"\r\nOK!"])
def test_what_cannot_be_a_trailer(junk: bytes) -> None:
    """It is refused at once, without a wait."""
    framing = Framing("GET")
    framing.receive_data(SURE + junk + b"y" * 9)
    assert framing.trailer is Trailer.WRONG
    with pytest.raises(ValueError, match="no full trailer"):
        framing.take_trailer()


def test_a_body_that_should_not_be() -> None:
    """A module may print bytes that came after a head without a body."""
    head = response(b"", b"Content-Length: 5")
    framing = Framing("HEAD", 5)
    for piece in bytewise(head + b"hello" + TRAILER):
        framing.receive_data(piece)
    assert framing.trailer is Trailer.FULL and not framing.certain
    assert framing.take_trailer()[0] == 0
    assert framing.take(EVERYTHING) == head


def test_taking_a_part() -> None:
    """At most the wanted bytes are taken; the rest stays."""
    framing = Framing("GET")
    framing.receive_data(SURE)
    whole = len(SURE)
    assert framing.available == whole
    assert framing.take(4) == SURE[:4] and framing.available == whole - 4
    assert framing.take(EVERYTHING, keep=2) == SURE[4:-2]
    assert framing.take(1, keep=2) == b""
    assert framing.take(EVERYTHING) == SURE[-2:]
    assert framing.available == 0 and framing.take(1) == b""


@pytest.mark.parametrize("lines", [b"", b"\r\n+CREG: 1\r\n", b"AT+QHTTPX\r\r\nOK\r\n"])
def test_lines_after_the_trailer(lines: bytes) -> None:
    """They are given back, once the module listens."""
    framing = Framing("GET")
    framing.receive_data(SURE)
    err, trailer, behind = framing.conclude(TRAILER + lines)
    assert (err, trailer + behind) == (0, TRAILER + lines)
    assert parsed(framing.take(EVERYTHING))[1] == b"hello"


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (TRAILER + b"more", "did not end with its trailer"),
        (b"\r\nOK\r\n", "did not end with its trailer"),
        (b"hell" + TRAILER, "does not end where its length says"),
    ],
)
def test_no_trailer_where_the_length_ends(rest: bytes, text: str) -> None:
    """The module has shown that it is done: bytes are missing, or too many."""
    framing = Framing("GET")
    framing.receive_data(SURE)
    with pytest.raises(TransferError, match=text):
        framing.conclude(rest)


def test_the_first_trailer_where_the_length_ends() -> None:
    """It is the module's; lines follow it, even if they look like another."""
    for trailer in (TRAILER, b"\r\n+QHTTPREAD: 0\r\n"):
        framing = Framing("GET")
        framing.receive_data(SURE)
        err, found, lines = framing.conclude(trailer + TRAILER)
        assert (err, found + lines) == (0, trailer + TRAILER)


def test_what_came_in_place_of_a_trailer() -> None:
    """The error describes it, without the answer to the question."""
    answer = b"ATQ0V1E1&D0\r\r\nOK\r\n"
    for rest in (b"", answer):
        framing = Framing("GET")
        framing.receive_data(response(b"text\r\n+QHTTPREAD: 0\r\n", CLOSE))
        told = r"what came last is CR LF \+QHTTPREAD: 0 CR LF\. "
        assert re.search(told, framing.odd_end)
        with pytest.raises(TransferError, match=told):
            framing.conclude(rest)


def test_an_ok_before_the_question() -> None:
    """It belongs to the body."""
    framing = Framing("GET")
    framing.receive_data(response(b"text" + OK, CLOSE))
    assert framing.conclude(TRAILER)[0] == 0
    assert framing.take(EVERYTHING) == response(b"text" + OK, CLOSE)


def test_an_ok_after_the_question() -> None:
    """It may be the answer, or belong to the body."""
    framing = Framing("GET")
    framing.receive_data(response(b"text", CLOSE))
    with pytest.raises(TransferError, match="question"):
        framing.conclude(OK + TRAILER)


@pytest.mark.parametrize("chunk", [b"0\r\r\n", b"\r\n\r\n", b"00\r\n\r"])
def test_a_last_chunk_with_a_fault(chunk: bytes) -> None:
    """It does not become part of an empty body."""
    framing = Framing("GET")
    with pytest.raises(TransferError, match="chunk framing"):
        framing.receive_data(response(chunk, CODED) + TRAILER)
        framing.take_trailer()


def test_a_line_end_that_is_released() -> None:
    """It counts, and may be the last byte of the body."""
    framing = Framing("GET")
    framing.receive_data(response(b"text\r\n", b"Content-Length: 8"))
    framing.release()
    assert framing.remaining == 2
    framing.receive_data(b"\r\n")
    assert (framing.trailer, framing.finished) == (Trailer.LINE_END, False)
    framing.release()
    assert (framing.trailer, framing.finished) == (Trailer.NONE, True)
    framing.receive_data(TRAILER)
    assert framing.take_trailer()[0] == 0
    assert parsed(framing.take(EVERYTHING))[1] == b"text\r\n\r\n"


def test_the_longest_body() -> None:
    """No file system has a file of 2 ** 63 bytes."""
    framing = Framing("GET")
    framing.receive_data(response(b"x", b"Content-Length: %d" % (2**63 - 1)))
    assert framing.remaining == 2**63 - 2
    with pytest.raises(TransferError, match="Content-Length"):
        Framing("GET").receive_data(response(b"x", b"Content-Length: %d" % 2**63))


def test_the_line_end_of_a_chunk() -> None:
    """It is not part of a trailer and not kept back; the next one may be."""
    framing = Framing("GET")
    framing.receive_data(response(b"3\r\nabc\r\n2\r\nab", CODED))
    framing.decide()
    framing.take(EVERYTHING)
    framing.receive_data(b"\r\n")
    assert framing.take(EVERYTHING) == b"\r\n"
    framing.receive_data(b"2\r\nab")
    framing.receive_data(b"\r\n" + TRAILER.replace(b"0", b"717"))
    assert framing.take_trailer()[0] == 717
    assert framing.take(EVERYTHING) == b"2\r\nab\r\n"
