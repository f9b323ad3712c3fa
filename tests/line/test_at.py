"""From commands to bytes, from bytes to lines, and the meaning of lines."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_bg96.at.lines import LineBuffer, error_number
from requests_bg96.at.parameters import joined, quoted
from requests_bg96.at.steps import Command, Kind, Reply
from requests_bg96.errors import LimitError, TransferError
from tests.support import bytewise, cut, piece_sizes


def read_lines(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    """The lines in `pieces`, and the rest."""
    buffer, lines = LineBuffer(), []
    for piece in pieces:
        buffer.receive_data(piece)
        while (line := buffer.next_line()) is not None:
            lines.append(line)
    return lines, buffer.drain()


def holding(data: bytes) -> LineBuffer:
    """A buffer with these bytes."""
    buffer = LineBuffer()
    buffer.receive_data(data)
    return buffer


def check_lines(data: bytes, expected: list[bytes]) -> None:
    """Check these lines: whole, byte by byte, and with bytes after them."""
    assert read_lines([data]) == (expected, b"")
    assert read_lines(bytewise(data)) == (expected, b"")
    assert read_lines([data + b"\r\n+Q"]) == (expected, b"+Q")
    assert read_lines(bytewise(data + b"\r\n+Q")) == (expected, b"+Q")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\r\nOK\r\n", [b"OK"]),
        (b"\r\n\r\n\r\n", []),
        (b"AT\r\r\nOK\r\n", [b"AT", b"OK"]),
        (b"OK\n", [b"OK"]),
        (b"\nOK\n\nOK\n", [b"OK", b"OK"]),
        (b"\0\0\r\nRDY\r\n", [b"RDY"]),
        (
            b"\r\n+CGACT: 1,1\r\n+CGACT: 2,0\r\n\r\nOK\r\n",
            [b"+CGACT: 1,1", b"+CGACT: 2,0", b"OK"],
        ),
        (b"\r\n \r\n", [b" "]),
        (b"\xff\xfe\r\n", [b"\xff\xfe"]),
        (b"\r\nX1X\r\n", [b"X1X"]),
    ],
)
def test_lines(data: bytes, expected: list[bytes]) -> None:
    """Line ends, empty lines and the NULs of a start are removed."""
    check_lines(data, expected)


@given(st.lists(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\r\n\0"))))
def test_any_line_comes_out(lines: list[bytes]) -> None:
    """The content of the lines does not matter."""
    check_lines(b"".join(b"\r\n%b\r\n" % line for line in lines), lines)


@given(st.binary(), piece_sizes)
def test_any_split_gives_the_same_lines(data: bytes, sizes: list[int]) -> None:
    """The lines and the rest do not depend on the pieces."""
    lines, rest = read_lines(list(cut(data, sizes)))
    whole, left = read_lines([data])
    assert lines == whole
    # Of an incomplete line, only CRs at its start may be gone.
    assert rest.lstrip(b"\r\n") == left.lstrip(b"\r\n")


def test_noise_is_dropped() -> None:
    """4,096 bytes without a line end are not a line: they are reported and dropped."""
    buffer = holding(b"\xf0" * 4_096)
    assert buffer.next_line() is None
    buffer.receive_data(b"\xf0")
    with pytest.raises(TransferError, match="speed"):
        buffer.next_line()
    buffer.receive_data(b"\nOK\r\n")
    assert buffer.next_line() == b"OK"


@pytest.mark.parametrize(
    ("data", "has"),
    [
        (b"", False),
        (b"OK", False),
        (b"\xf0" * 4_096, False),
        (b"\xf0" * 4_097, True),
        (b"OK\n", True),
        (b"OK\r\n+Q", True),
    ],
)
def test_whether_there_is_a_line(data: bytes, has: bool) -> None:
    """A line without an end is reported once."""
    buffer = holding(data)
    assert buffer.has_line is has
    with contextlib.suppress(TransferError):
        buffer.next_line()
    assert buffer.has_line is False


def test_how_lines_end() -> None:
    """The line before decides about LF alone, even if that line was empty."""
    buffer, found = LineBuffer(), [LineBuffer().ended_in_lf]
    # Bytes after a line end do not matter.
    for data in (b"OK\r\n", b"OK\nOK\r", b"\n", b"\n", b"\r\n", b"\nOK", b"\r\n"):
        buffer.receive_data(data)
        buffer.next_line()
        found.append(buffer.ended_in_lf)
    assert found == [False, False, True, False, True, False, True, False]


def test_the_byte_that_confirms_a_block() -> None:
    """Only this byte is taken, if it is next. Then lines are read again."""
    buffer = LineBuffer()
    assert not buffer.take_acknowledgement()
    buffer.receive_data(b"a\r\n")
    assert not buffer.take_acknowledgement()
    assert buffer.next_line() == b"a"
    buffer.receive_data(b"AA")
    assert buffer.next_line() is None
    assert buffer.take_acknowledgement() and buffer.take_acknowledgement()
    assert not buffer.take_acknowledgement()
    buffer.receive_data(b"\nOK\r\n")
    assert buffer.next_line() == b"OK"


def test_rest_is_payload() -> None:
    """The bytes after CONNECT are unchanged, with their line ends."""
    buffer = holding(b"\r\nCONNECT\r\n\r\n\0OK\r\n")
    assert buffer.next_line() == b"CONNECT"
    assert buffer.drain() == b"\r\n\0OK\r\n"
    assert buffer.drain() == b""
    assert repr(buffer) == "<LineBuffer holds 0 bytes>"


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b">", b""),
        (b"> ", b""),
        (b"\r\n>  x", b" x"),
        (b"\0\n\r\n> OK\r\n", b"OK\r\n"),
        (b">>", b">"),
    ],
)
def test_the_prompt(data: bytes, rest: bytes) -> None:
    """It may have a blank, and comes after line ends. It has no line end itself."""
    buffer = holding(data)
    assert buffer.take_prompt()
    assert buffer.drain() == rest


def test_a_prompt_after_an_echo() -> None:
    """The echo is taken, too. Without it, there is no prompt."""
    buffer = holding(b"AT+QISEND=0,1\r> x")
    assert buffer.take_prompt() is False
    assert buffer.take_prompt(b"AT+QISEND=1,1\r") is False
    assert buffer.take_prompt(b"AT+QISEND=0,1\r")
    assert buffer.is_empty is False
    assert buffer.drain() == b"x"
    assert buffer.is_empty is True


@pytest.mark.parametrize("data", [b"", b"\r\n", b" >", b"x> ", b"\r\nOK\r\n> "])
def test_no_prompt(data: bytes) -> None:
    """Nothing is taken."""
    buffer = holding(data)
    assert not buffer.take_prompt()
    assert buffer.drain() == data


def test_bytes_of_an_announced_length() -> None:
    """They may be lines or not; then lines are read again."""
    buffer = holding(b"ab\r\ncd")
    assert (buffer.take(4), buffer.take(1)) == (b"ab\r\n", b"c")
    assert buffer.next_line() is None
    assert (buffer.take(9), buffer.take(1)) == (b"d", b"")
    buffer.receive_data(b"\nOK\r\n")
    assert buffer.next_line() == b"OK"


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"", b""),
        (b"\r\n\0\n", b""),
        (b"\r\nOK\r\n", b"OK\r\n"),
        (b"\0\nX1X\r\n", b"X1X\r\n"),
        (b"OK\r\n", b"OK\r\n"),
    ],
)
def test_line_ends_before_a_line(data: bytes, rest: bytes) -> None:
    """They are no line."""
    buffer = holding(data)
    buffer.skip_line_ends()
    assert buffer.has_line == bool(rest)
    assert buffer.drain() == rest


QIACT = Command("+CMEE=1;+QIACT?")


@pytest.mark.parametrize(
    ("line", "command", "kind"),
    [
        (b"OK", QIACT, Kind.FINAL),
        (b"ERROR", QIACT, Kind.FINAL),
        (b"+CME ERROR: 10", QIACT, Kind.FINAL),
        (b"+CME ERROR: SIM not inserted", QIACT, Kind.FINAL),
        (b"+CMS ERROR: 500", QIACT, Kind.FINAL),
        (b"NO CARRIER", QIACT, Kind.FINAL),
        (b"BUSY", QIACT, Kind.FINAL),
        (b"NO ANSWER", QIACT, Kind.FINAL),
        (b"NO DIALTONE", QIACT, Kind.FINAL),
        (b"ABORTED", QIACT, Kind.FINAL),
        (b"CONNECT", QIACT, Kind.FINAL),
        (b"CONNECT 150", QIACT, Kind.FINAL),
        (b"CONNECTED", QIACT, Kind.URC),
        (b"OK ", QIACT, Kind.URC),
        (b"AT+CMEE=1;+QIACT?", QIACT, Kind.ECHO),
        (b'+QIACT: 1,1,1,"10.7.157.1"', QIACT, Kind.INFORMATION),
        (b'+QIURC: "pdpdeact",1', QIACT, Kind.URC),
        (b"+QHTTPGET: 702", QIACT, Kind.URC),
        (b"RDY", QIACT, Kind.URC),
        (b"Quectel", Command("I", bare=True), Kind.INFORMATION),
        (b"Revision: BG96MAR01A01M1G", Command("I", bare=True), Kind.INFORMATION),
        (b"+QIND: SMS DONE", Command("I", bare=True), Kind.URC),
        (b"RDY", Command("I", bare=True), Kind.URC),
        (b"APP RDY", Command("I", bare=True), Kind.URC),
        (b"POWERED DOWN", Command("I", bare=True), Kind.URC),
        (b"NORMAL POWER DOWN", Command("I", bare=True), Kind.URC),
        (b"PSM POWER DOWN", Command("I", bare=True), Kind.URC),
        (b"RING", Command("I", bare=True), Kind.URC),
        (b"Quectel", QIACT, Kind.URC),
        (b"+QHTTPGET: 0,200", Command("+QHTTPREAD=60"), Kind.URC),
    ],
)
def test_kinds_of_lines(line: bytes, command: Command, kind: Kind) -> None:
    """A line answers the command in progress, or it is unsolicited."""
    assert command.kind_of(line) is kind


def test_command() -> None:
    """A command ends with CR only. Secrets are not shown."""
    command = Command('+CPIN="1234"', shown="+CPIN=***")
    assert command.line == b'AT+CPIN="1234"\r'
    assert str(command) == "AT+CPIN=***"
    assert command.prefixes == (b"+CPIN:",)
    assert Command("+csq").prefixes == (b"+CSQ:",)
    assert str(Command("I")) == "ATI"
    assert Command(joined("+CMEE=1", "+QHTTPCFG?")).line == b"AT+CMEE=1;+QHTTPCFG?\r"
    assert repr(command) == "<Command AT+CPIN=***>"
    assert command.shows(b'AT+CPIN="1234"') == "the echo of AT+CPIN=***"
    assert command.shows(b"OK") == "OK"
    assert not command.commits


def test_reply() -> None:
    """A reply has the values after a name, in order."""
    lines = (b'+QHTTPCFG: "contextid",1', b"+QIACT: 1,1", b"+QHTTPCFG:x")
    reply = Reply(b"OK", lines)
    assert reply.values("+QHTTPCFG") == ['"contextid",1', "x"]
    assert reply.values("+CSQ") == []
    assert (reply.ok, reply.connected) == (True, False)
    assert Reply(b"CONNECT").ok and Reply(b"CONNECT 12").connected
    assert not Reply(b"+CME ERROR: 3").ok
    assert repr(reply) == "<Reply ok, 3 lines>"
    assert repr(Reply(b"+CME ERROR: 3", err=3)) == "<Reply error 3, 0 lines>"
    assert Reply(b"OK", (b"+Q:  \xe9 \0",)).values("+Q") == ["\xe9 \0"]


@pytest.mark.parametrize(
    ("final", "err"),
    [
        (b"+CME ERROR: 716", 716),
        (b"+CME ERROR:716", 716),
        (b"+CMS ERROR: 500", 500),
        (b"+CME ERROR: Http dns error", None),
        (b"ERROR", None),
    ],
)
def test_error_number(final: bytes, err: int | None) -> None:
    """The number, if there is one."""
    assert error_number(final) == err


@pytest.mark.parametrize("value", ["", "iot.example", "a b", "\\", "x" * 127])
def test_quoted(value: str) -> None:
    """Text that cannot end the quotes is unchanged."""
    assert quoted(value, "APN") == f'"{value}"'


@pytest.mark.parametrize(
    "value", ['"', 'x",1;+QPOWD="', "a\rb", "a\nb", "\0", "\x1a", "é", "\x7f"]
)
def test_nothing_leaves_its_quotes(value: str) -> None:
    """Text that could become another command is refused, and named."""
    with pytest.raises(LimitError, match="the APN must be printable ASCII"):
        quoted(value, "APN")


def test_quoted_limit() -> None:
    """The error has the length and the limit."""
    with pytest.raises(LimitError, match="APN has 128 bytes; at most 127"):
        quoted("x" * 128, "APN")


@given(st.text(), st.integers(0, 40))
def test_quoted_is_one_string(value: str, limit: int) -> None:
    """The text is refused, or it begins and ends with its only quotes."""
    try:
        text = quoted(value, "APN", limit)
    except LimitError:
        return
    assert text == f'"{value}"' and text.count('"') == 2
    assert text.isascii() and text.isprintable() and len(value) <= limit


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"RDY", None),
        (b"RDY\r\n", b"RDY"),
        (b"RDY\r\n\r\nPSM POWER DOWN\r\n\0\r\n+CF", b"PSM POWER DOWN"),
        (b"RDY\nAPP RDY\n", b"APP RDY"),
        (b"XRDYX\r\n", b"XRDYX"),
    ],
)
def test_the_last_line(data: bytes, line: bytes | None) -> None:
    """It stays in the buffer."""
    buffer = holding(data)
    assert buffer.last_line == line == buffer.last_line
    lines = iter(buffer.next_line, None)
    assert [*lines][-1:] == ([line] if line else [])
