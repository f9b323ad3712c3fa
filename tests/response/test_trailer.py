"""The form of a trailer, its beginnings, and what is said of an odd one."""

from __future__ import annotations

import pytest

from requests_bg96.response.trailer import (
    TRAILER_LIMIT,
    are_lines,
    forms_in,
    odd_end,
    without_answer,
)

ENDS = pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CR LF", "LF"])
#: As in the manual (HTTP manual 2.6), with URCs inside and after it.
TRAILERS = [
    b"\r\nOK\r\n\r\n+QHTTPREAD: %d\r\n",
    b"\r\nOK\r\n\r\n+QHTTPREAD:%d\r\n",
    b"\r\n+CME ERROR: %d\r\n",
    b"\r\n+CME ERROR:%d\r\n",
    b"\r\n+CME ERROR:  %d\r\n",
    b"\r\nOK\r\n\r\n+CREG: 1\r\n\r\nRING\r\n\r\n+QHTTPREAD: %d\r\n\r\n+CREG: 2\r\n",
    b"\r\n+CME ERROR: %d\r\n\r\nRDY\r\n\r\n+QHTTPREAD: 0\r\n",
]
#: A line end too few or too many, the URC before OK, and no OK.
ODD = [
    b"\r\nOK\r\n+QHTTPREAD: %d\r\n",
    b"\r\nOK\r\n\r\n\r\n+QHTTPREAD: %d\r\n",
    b"\r\nOK\r\n\r\n\r\n+CREG: 1\r\n\r\n+QHTTPREAD: %d\r\n",
    b"\r\n+QHTTPREAD: %d\r\n\r\nOK\r\n",
    b"\r\n+QHTTPREAD: %d\r\n",
    b"\r\n+QHTTPREAD:%d\r\n",
    b"\r\n+QHTTPREAD: %d\r\n\r\n+CREG: 1\r\n\r\n",
]
#: Lines that only a body has, and no module.
NONE = [
    b"\r\nOK\r\n\r\n+QHTTPREAD: \r\n",
    b"\r\nOK\r\n\r\n+QHTTPREAD: x\r\n",
    b"\r\nOK\r\n\r\n\r\n\r\n+QHTTPREAD: 0\r\n",
    b"\r\nOK\r\n\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n",
    b"\r\nOK\r\n\r\n+CME ERROR: 3\r\n\r\n+QHTTPREAD: 0\r\n",
    b"\r\nok\r\n\r\n+QHTTPREAD: 0\r\n",
    b"OK\r\n\r\n+QHTTPREAD: 0\r\n",
    b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\nbehind",
    b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n\r\nOK\r\n",
    b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n\r\n+CME ERROR: 3\r\n",
    b"\r\nOK\r\n\r\n" + b"x" * 201 + b"\r\n\r\n+QHTTPREAD: 0\r\n",
    b"\r\n+CME ERROR: SIM busy\r\n",
]


def with_end(line: bytes, end: bytes) -> bytes:
    """The same from a module with another line end."""
    return line.replace(b"\r\n", end)


@ENDS
@pytest.mark.parametrize("form", TRAILERS + ODD)
@pytest.mark.parametrize("err", [0, 7, 717])
def test_a_full_trailer(form: bytes, err: int, end: bytes) -> None:
    """Its err is read, and no beginning of it is taken for something else."""
    forms, trailer = forms_in(end), with_end(form % err, end)
    assert forms.err(trailer) == err
    assert (forms.whole.fullmatch(trailer) is not None) is (form in TRAILERS)
    for size in range(len(trailer) + 1):
        assert forms.may_begin(trailer[:size])
        assert forms.err(trailer[:size]) in (None, err, err // 10, err // 100)


@ENDS
@pytest.mark.parametrize("line", NONE)
def test_no_trailer(line: bytes, end: bytes) -> None:
    """Nothing else is taken for a trailer."""
    assert forms_in(end).err(with_end(line, end)) is None


@ENDS
@pytest.mark.parametrize("form", TRAILERS)
def test_where_a_trailer_may_begin(form: bytes, end: bytes) -> None:
    """After any bytes; without one, at the end of the bytes."""
    forms, trailer = forms_in(end), with_end(form % 0, end)
    before = b"text" + end + b"more" + end[:1] + b"x"
    assert forms.tail(before) == len(before)
    for size in range(1, len(trailer) + 1):
        assert forms.tail(before + trailer[:size]) == len(before)
        assert forms.tail(bytearray(trailer[:size])) == 0
    assert forms.tail(b"text" + end[:1] + trailer) == len(b"text" + end[:1])


@ENDS
def test_the_lines_of_a_trailer(end: bytes) -> None:
    """The second of two OK begins a trailer; each may have a line end before it."""
    forms = forms_in(end)
    assert (forms.line_end, forms.bare_ok) == (end, b"OK" + end)
    assert forms.ok == end + forms.bare_ok
    assert forms.tail(forms.ok + forms.ok) == len(forms.ok)


@ENDS
def test_how_far_a_trailer_is_looked_for(end: bytes) -> None:
    """The number of URCs in it is limited."""
    assert TRAILER_LIMIT == 4_096
    forms = forms_in(end)
    begun = forms.ok + (end + b"+CREG: 1" + end) * 500
    least = len(begun) - TRAILER_LIMIT
    found = forms.tail(begun)
    assert found >= least and forms.tail(begun[:TRAILER_LIMIT]) == 0
    cut = forms.ok + begun[: TRAILER_LIMIT + 1 - len(forms.ok)]
    assert len(cut) == TRAILER_LIMIT + 1 and forms.tail(cut) > 0


@ENDS
def test_what_may_follow_a_body(end: bytes) -> None:
    """One line end more than the trailer has, and nothing else."""
    forms = forms_in(end)
    trailer = with_end(TRAILERS[0] % 0, end)
    for size in range(1, len(trailer) + 1):
        assert forms.may_begin(end + trailer[:size])
    assert not forms.may_begin(end + end + trailer)
    for other in (b"x", b"x" + trailer, trailer + b"x" + end + b"x", end + b"text"):
        assert not forms.may_begin(other)


def test_a_line_end_too_many() -> None:
    """It belongs to the trailer, unless a line without CR follows."""
    trailer = TRAILERS[0] % 0
    for behind, more in ((b"", 2), (b"\r\n+X\r\n", 2), (b"\n", 0), (b"x", 0)):
        found = forms_in(b"\r\n").odd.match(trailer + b"\r\n" + behind)
        assert found is not None and found.end() == len(trailer) + more


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"\n",
        b"\r\n+CREG: 1\r\n",
        b"\r\n+CREG: 1\r\n\r\nRING\r\n",
        b"ATQ0V1\r\r\nOK\r\n",
        b"Q0V1E0\r\nOK\n",
        b"\r\nATE0\r\nOK\r\n",
    ],
)
def test_lines(lines: bytes) -> None:
    """Echoes, results and URCs, from a place on."""
    assert are_lines(lines, 0)
    assert are_lines(b"text" + lines, 4)
    assert not are_lines(b"text" + lines, 0)


@pytest.mark.parametrize(
    "other", [b"x", b"\r\n+CREG", b"\r\nATE0", b"\r\n" + b"x" * 201 + b"\r\n", b"E0"]
)
def test_other_bytes(other: bytes) -> None:
    """They are at the end, or alone."""
    assert not are_lines(other, 0)
    assert not are_lines(b"\r\nRING\r\n" + other, 0)


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"", b""),
        (b"text", b"text"),
        (b"text\r\nOK\r\n", b"text"),
        (b"text\nOK\n", b"text"),
        (b"textATQ0V1E1&D0\r\r\nOK\r\n", b"text"),
        (b"text\r\nOK\r\nmore", b"text\r\nOK\r\nmore"),
        (b"text\r\nok\r\n", b"text\r\nok\r\n"),
    ],
)
def test_the_answer_to_a_question(data: bytes, rest: bytes) -> None:
    """It is removed from the end, with its echo."""
    assert without_answer(data) == rest


def test_the_other_line_end() -> None:
    """Each module has one, and the two are not mixed."""
    lines = TRAILERS[0] % 0
    assert forms_in(b"\n").err(lines) is None
    assert forms_in(b"\r\n").err(with_end(lines, b"\n")) is None
    assert forms_in(b"\r\n").err(lines.replace(b"\r\n", b"\n", 1)) is None
    assert forms_in(b"\r\n") is forms_in(b"\r\n")
    assert repr(forms_in(b"\n")) == "<TrailerForms in b'\\n'>"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"text+QHTTPREAD: 0\r\n", "+QHTTPREAD: 0 CR LF"),
        (b"text\n+QHTTPREAD:0\r", "LF +QHTTPREAD:0 CR"),
        (b"text\r\nOK\r\n+CME ERROR: 717", "CR LF OK CR LF +CME ERROR: 717"),
        (b"x" * 400 + b"OK\r\n+QHTTPREAD: 0\nOK\n", "OK CR LF +QHTTPREAD: 0 LF OK LF"),
        (b"+QHTTPREAD: 3+QHTTPREAD: 4\n", "+QHTTPREAD: 3 +QHTTPREAD: 4 LF"),
    ],
)
def test_an_odd_end(data: bytes, told: str) -> None:
    """The error describes it, without a byte of the body."""
    text = odd_end(data)
    assert f" {told}. " in text and "text" not in text


@pytest.mark.parametrize(
    "data", [b"", b"text", b"text\r\nOK\r\n", b"+QHTTPREAD: 0\r\nmore", b"QHTTPREAD: 0"]
)
def test_no_odd_end(data: bytes) -> None:
    """Nothing of the body is shown."""
    assert odd_end(data) == ""


def test_how_much_of_an_ending_is_examined() -> None:
    """The last 200 bytes."""
    ending = b"+QHTTPREAD: 0".ljust(200, b"\n")
    assert odd_end(b"text" + ending) != ""
    assert odd_end(ending + b"\n") == ""
