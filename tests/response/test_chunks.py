"""The end of a chunked body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_bg96.errors import TransferError
from requests_bg96.response.chunks import ChunkScanner, may_be_chunked
from tests.support import bodies, bytewise, chunks, cut, piece_sizes

#: Bytes after the body that do not belong to it.
BEHIND = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"


def scan(pieces: list[bytes]) -> tuple[int, ChunkScanner]:
    """Feed the pieces; return the number of bytes that belong to the body."""
    scanner, taken = ChunkScanner(), 0
    for piece in pieces:
        fed = scanner.feed(piece)
        assert fed == len(piece) or scanner.finished
        taken += fed
    return taken, scanner


def check(body: bytes, count: int) -> None:
    """Check a whole body: at once, byte by byte, and with bytes after it."""
    for pieces in ([body], bytewise(body), [body + BEHIND], bytewise(body + BEHIND)):
        taken, scanner = scan(pieces)
        assert (taken, scanner.finished, scanner.count) == (len(body), True, count)


def check_wrong(body: bytes) -> None:
    """Check that `body` is refused, at once and byte by byte."""
    for pieces in ([body], bytewise(body)):
        with pytest.raises(TransferError):
            scan(pieces)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"0\r\n\r\n", 0),
        (b"5\r\nhello\r\n0\r\n\r\n", 1),
        (b"a\r\n0123456789\r\n00A\r\n0123456789\r\n000\r\n\r\n", 2),
        (b"5;name=value\r\nhello\r\n0;last\r\n\r\n", 1),
        (b'5 ; a="b;c"\r\nhello\r\n0\r\n\r\n', 1),
        (b"5\nhello\r\n0\n\n", 1),
        (b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX: \r\n folded\r\n\r\n", 1),
        (b"2\r\n\r\n\r\n0\r\n\r\n", 1),
        (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", 1),
    ],
)
def test_whole_bodies(body: bytes, count: int) -> None:
    """Sizes, extensions and trailer fields in all their forms."""
    check(body, count)


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"g\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello\r\r\n",
        b"00000000000000001\r\n",
        b"0\r\nno field\r\n\r\n",
        b"0\r\n: \r\n\r\n",
        b"5 x\r\nhello\r\n0\r\n\r\n",
        b"x",
        b'{"t": 21.5}',
        b"5 x",
        b"5\rx",
        b"12345678901234567",
    ],
)
def test_no_chunk_framing(body: bytes) -> None:
    """Wrong framing is refused as soon as it shows."""
    check_wrong(body)


@pytest.mark.parametrize(("before", "begun"), [(b"", b"5;"), (b"0\r\n", b"X: ")])
def test_endless_lines(before: bytes, begun: bytes) -> None:
    """A line without an end is not kept for ever: http.client takes 65,536 bytes."""
    line = begun + b"x" * (65_536 - len(begun))
    assert scan(list(cut(before + line, [4096])))[0] == len(before + line)
    with pytest.raises(TransferError, match="over"):
        scan(list(cut(before + line + b"x", [4096])))


def test_how_much_of_a_size_is_examined() -> None:
    """Up to 64 bytes at once, however long the line is; the rest at its line end."""
    check_wrong(b" " * 63 + b"x")
    later = b" " * 64 + b"x"
    assert scan([later])[0] == len(later)
    check_wrong(later + b"\r\n")


@pytest.mark.parametrize(
    "ending",
    [
        b"0\r\n\r\n",
        b"0\r\r\n",
        b"\r\n\r\n",
        b"\n\n\n",
        b"00\r\n\r",
        b"abc\r\n\r",
        b"text\r\n0\r\n\r\n",
        b"text\n000 ;a=b\r\n\r\n",
        b"text\rx0\r\nX-Sum: 1\r\nY:\r\n\r\n",
    ],
)
def test_what_may_be_a_last_chunk(ending: bytes) -> None:
    """It has its line end before it, maybe with a wrong byte; or the body is short."""
    assert may_be_chunked(ending)


@pytest.mark.parametrize(
    "ending",
    [
        b"",
        b"text",
        b"a\r\n",
        b"abcd\r\n\r",
        b"text0\r\n\r\n",
        b"text\r\n5\r\n\r\n",
        b"text\r\n0\r\n\r\nx",
        b"text\r\n0\r\nno field\r\n\r\n",
    ],
)
def test_what_is_no_last_chunk(ending: bytes) -> None:
    """A text may end with empty lines."""
    assert not may_be_chunked(ending)


sizes = st.lists(st.integers(1, 300), max_size=5)
extensions = st.sampled_from([b"", b";a", b" ;a=b", b';a="\xff;0"'])
fields = st.lists(
    st.sampled_from([b"X-Sum: 1\r\n", b"Y:\r\n", b"Z: \xff\r\n", b" more\r\n"])
).map(b"".join)


@given(bodies, sizes, extensions, fields, piece_sizes)
def test_any_body_in_any_split(
    body: bytes, sizes: list[int], extension: bytes, fields: bytes, pieces: list[int]
) -> None:
    """The content of the chunks and the pieces do not matter."""
    framed = chunks(body, sizes, extension, fields)
    taken, scanner = scan(list(cut(framed + BEHIND, pieces)))
    assert scanner.finished and taken == len(framed)
    assert scan(list(cut(framed[:-1], pieces)))[1].finished is False


def test_wants_line_end() -> None:
    """Only directly after a chunk's data."""
    scanner = ChunkScanner()
    wanted = []
    for byte in bytewise(b"2\r\nab\r\n0\r\n\r\n"):
        scanner.feed(byte)
        wanted.append(scanner.wants_line_end)
    assert wanted == [False] * 4 + [True] + [False] * 7
    assert repr(scanner) == "<ChunkScanner finished, 1 chunks>"


def test_begun() -> None:
    """It has begun from the end of the first size on."""
    scanner = ChunkScanner()
    begun = [scanner.begun]
    for byte in bytewise(b"2\r\nab\r\n0\r\n\r\n"):
        scanner.feed(byte)
        begun.append(scanner.begun)
    assert begun == [False] * 3 + [True] * 10


def test_what_it_waits_for_is_shown() -> None:
    """Until the end has come."""
    scanner = ChunkScanner()
    assert repr(scanner) == "<ChunkScanner size, 0 chunks>"
    scanner.feed(b"2\r\nab")
    assert repr(scanner) == "<ChunkScanner data_end, 0 chunks>"
