"""Where a response ends, and that no fault of the line passes for a response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from requests_bg96.errors import TransferError
from requests_bg96.framing import Chunked, Framing, Trailer
from tests.support import (
    OK,
    TRAILER,
    bodies,
    bytewise,
    chunks,
    cme,
    cut,
    parsed,
    piece_sizes,
    response,
)

EVERYTHING = 1 << 30


def receive(
    pieces: Iterable[bytes], method: str = "GET", chunked: Chunked = Chunked.UNKNOWN
) -> tuple[bytes, int, Framing]:
    """Feed what the line says up to its silence; return response and err.

    :raises TransferError: where the response is not known to have ended.
    """
    framing, got = Framing(method, chunked), b""
    for piece in pieces:
        framing.receive_data(piece)
        got += framing.take(EVERYTHING)
    if framing.trailer is not Trailer.FULL:
        raise TransferError(f"withheld: {framing.trailer}")
    err, _ = framing.take_trailer()
    return got + framing.take(EVERYTHING), err, framing


def check(
    sent: bytes,
    body: bytes,
    *,
    method: str = "GET",
    chunked: Chunked = Chunked.UNKNOWN,
    after: Chunked | None = None,
) -> None:
    """`sent` holds `body`: whole, byte by byte, and with a URC behind the trailer."""
    urc = b'\r\n+QIURC: "pdpdeact",1\r\n'
    for pieces in ([sent], bytewise(sent), [sent + urc], bytewise(sent + urc)):
        got, err, framing = receive(pieces, method, chunked)
        assert parsed(got, method)[1] == body
        assert err == 0 and framing.finished
        assert framing.chunked is (chunked if after is None else after)


CLOSE = b"Connection: close"
CODED = b"Transfer-Encoding: chunked"
#: Bodies with what ends a response, in the middle, at the end, and all over.
LOOKALIKES = [
    b"",
    b"ok",
    TRAILER,
    TRAILER + TRAILER,
    b"before" + TRAILER + b"behind",
    b"before" + TRAILER,
    b"\r\nOK\r\n\r\n",
    b"\r\n",
    b"text\r",
    b"text" + OK,
    OK + b'\r\n+QIURC: "pdpdeact",1\r\n',
    cme(717) + b"x",
    cme(717),
    TRAILER[:-2],
    b"0\r\n\r\n"[:-2],
]


@pytest.mark.parametrize("body", LOOKALIKES)
def test_length(body: bytes) -> None:
    """A length is all that counts."""
    check(response(body) + TRAILER, body)


@pytest.mark.parametrize("body", LOOKALIKES)
@pytest.mark.parametrize("chunked", [Chunked.UNKNOWN, Chunked.RAW])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_raw_chunks(body: bytes, chunked: Chunked, size: int) -> None:
    """Chunk framing is all that counts, and stays."""
    sent = response(chunks(body, [size]), CODED) + TRAILER
    check(sent, body, chunked=chunked, after=Chunked.RAW)


@pytest.mark.parametrize("body", LOOKALIKES)
def test_decoded_chunks(body: bytes) -> None:
    """Of a module that takes the framing off: the last trailer before the silence."""
    check(response(body, CODED) + TRAILER, body, chunked=Chunked.DECODED)


@pytest.mark.parametrize("body", [b"ok", b"{}", b"<html>", b"5 apples\n", TRAILER])
def test_decoded_chunks_of_an_unknown_module(body: bytes) -> None:
    """What does not begin as chunk framing was decoded."""
    check(response(body, CODED) + TRAILER, body, after=Chunked.DECODED)


def test_nothing_is_learnt_from_an_empty_body() -> None:
    """Where the head's end has lost a byte, the head ends with the last chunk."""
    check(response(b"", CODED) + TRAILER, b"", after=Chunked.UNKNOWN)
    sent = response(chunks(b"hello", [5]), CODED).replace(b"\r\n\r\n5", b"\r\n\r5")
    assert receive([sent + TRAILER])[2].chunked is Chunked.UNKNOWN


@pytest.mark.parametrize("body", LOOKALIKES)
def test_closed_connection(body: bytes) -> None:
    """Without a length, the last trailer before the silence."""
    check(response(body, CLOSE) + TRAILER, body)


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")],
)
@pytest.mark.parametrize("field", [b"Content-Length: 10", CODED, CLOSE])
def test_no_body(method: str, status: bytes, field: bytes) -> None:
    """Whatever the headers say, and before a trailer comes."""
    sent = response(b"", field, status=status)
    for pieces in ([sent], bytewise(sent)):
        framing = Framing(method)
        for piece in pieces:
            framing.receive_data(piece)
        assert framing.bodyless and framing.finished and framing.remaining == 0
        assert framing.take(EVERYTHING) == sent
    if field is not CODED or method == "HEAD":
        # http.client looks for chunks in a 204 that announces them.
        check(sent + TRAILER, b"", method=method)


def test_interim_responses() -> None:
    """1xx go before, and http.client passes 100 over."""
    sent = b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"done") + TRAILER
    check(sent, b"done")


def test_bare_line_feeds() -> None:
    """Heads of simple servers, as http.client reads them."""
    check(b"HTTP/1.0 200 OK\nContent-Length: 2\n\nok" + TRAILER, b"ok")


@pytest.mark.parametrize("head", [b"\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"\xff\n\n"])
def test_no_http(head: bytes) -> None:
    """It is left to http.client to refuse, who raises what stock requests raises."""
    got, _, _ = receive([head + b"rest" + TRAILER])
    assert got == head + b"rest"


def test_endless_head() -> None:
    """A head without an end is not kept for ever."""
    with pytest.raises(TransferError, match="head"):
        receive(cut(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000, [4096]))


# Any body, any split


def splits(data: bytes, sizes: list[int]) -> Iterator[list[bytes]]:
    """`data` whole, byte by byte, and in pieces of these sizes."""
    yield from ([data], bytewise(data), list(cut(data, sizes)))


chunk_sizes = st.lists(st.integers(1, 90), max_size=4)
extensions = st.sampled_from([b"", b";a", b" ;a=b"])
fields = st.sampled_from([b"", b"X-Sum: 1\r\n", b"X: 1\r\nY:\r\n folded\r\n"])


@settings(deadline=None, max_examples=60)
@given(bodies, piece_sizes)
def test_any_body_of_known_length(body: bytes, sizes: list[int]) -> None:
    """It arrives as it was sent."""
    for pieces in splits(response(body) + TRAILER, sizes):
        assert parsed(receive(pieces)[0])[1] == body


@settings(deadline=None, max_examples=60)
@given(bodies, chunk_sizes, extensions, fields, st.booleans(), piece_sizes)
def test_any_body_in_raw_chunks(
    body: bytes,
    chunk: list[int],
    extension: bytes,
    field: bytes,
    known: bool,
    sizes: list[int],
) -> None:
    """It arrives as it was sent, with whatever stands between."""
    sent = response(chunks(body, chunk, extension, field), CODED)
    chunked = Chunked.RAW if known else Chunked.UNKNOWN
    for pieces in splits(sent + TRAILER, sizes):
        got, _, framing = receive(pieces, chunked=chunked)
        assert got == sent
        assert parsed(got)[1] == body
        assert framing.chunked is Chunked.RAW


@settings(deadline=None, max_examples=60)
@given(bodies, piece_sizes)
def test_any_body_in_decoded_chunks(body: bytes, sizes: list[int]) -> None:
    """Of a module that is known to decode, and gets its framing back."""
    for pieces in splits(response(body, CODED) + TRAILER, sizes):
        got, _, _ = receive(pieces, chunked=Chunked.DECODED)
        assert parsed(got)[1] == body


@settings(deadline=None, max_examples=60)
@given(bodies, piece_sizes)
def test_any_body_up_to_the_close(body: bytes, sizes: list[int]) -> None:
    """What the module says last is its trailer, and all before it is the body."""
    for pieces in splits(response(body, CLOSE) + TRAILER, sizes):
        assert parsed(receive(pieces)[0])[1] == body


def outcome(pieces: Iterable[bytes]) -> tuple[bytes, Chunked] | None:
    """What comes of an unknown module's response, None where it is refused."""
    try:
        got, _, framing = receive(pieces)
    except TransferError:
        return None
    return parsed(got)[1], framing.chunked


@settings(deadline=None, max_examples=200)
@given(bodies | st.text("0123456789abc \r\n").map(str.encode), piece_sizes)
def test_an_unknown_module_is_read_rightly_or_refused(
    body: bytes, sizes: list[int]
) -> None:
    """A decoded body that looks like chunk framing is never handed out wrong."""
    sent = response(body, CODED)
    whole, *others = map(outcome, splits(sent + TRAILER, sizes))
    assert others == [whole, whole]
    if whole and whole[1] is not Chunked.RAW:
        assert whole[0] == body
    elif whole:
        # Indeed it is chunk framing from its first byte to its last.
        assert whole == (parsed(sent)[1], Chunked.RAW)


# The server hangs up early, and the module tells so


ENDINGS = [cme(717), OK + b"\r\n+QHTTPREAD: 717\r\n"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("start", "chunked"),
    [
        (response(b"01234", b"Content-Length: 100"), Chunked.UNKNOWN),
        (response(b"", b"Content-Length: 100"), Chunked.UNKNOWN),
        (response(b"01234", CLOSE), Chunked.UNKNOWN),
        (response(b"01234", CODED), Chunked.DECODED),
        (response(b"A\r\n01234", CODED), Chunked.RAW),
        (response(b"5\r\n01234\r\n", CODED), Chunked.RAW),
        (response(b"5\r\n01234\r\n0\r\n", CODED), Chunked.RAW),
    ],
)
def test_early_end(start: bytes, chunked: Chunked, ending: bytes) -> None:
    """The err is handed over, and all that came before it is."""
    for pieces in ([start + ending], bytewise(start + ending)):
        got, err, framing = receive(pieces, chunked=chunked)
        assert err == 717 and framing.finished
        assert b"717" not in got
        assert b"\r\n0\r\n\r\n" not in got[len(start) - 5 :]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("missing", range(1, 40))
def test_early_end_shortly_before_the_end(ending: bytes, missing: int) -> None:
    """Of a trailer where the last of the body should be, nothing passes for it."""
    sent = response(b"01234", b"Content-Length: %d" % (5 + missing)) + ending
    for pieces in ([sent], bytewise(sent)):
        try:
            _, err, _ = receive(pieces)
        except TransferError:
            continue
        assert err == 717


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "body", [b"5\r\n01234\r\n", b"5\r\n01234", b"5\r\n01234\r\n3\r\n"]
)
def test_early_end_in_doubt(body: bytes, ending: bytes) -> None:
    """Of chunks that break off nothing passes for the whole."""
    sent = response(body, CODED) + ending
    for pieces in ([sent], bytewise(sent)):
        try:
            got, err, _ = receive(pieces)
        except TransferError:
            continue
        assert err == 717
        assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "trailer",
    [
        b'\r\nOK\r\n\r\n+QIURC: "pdpdeact",1\r\n\r\n+QHTTPREAD: 0\r\n',
        b"\r\nOK\r\n\r\n+QHTTPREAD:0\r\n",
        b'\r\nOK\r\n\r\n+QIND: "csq",20,99\r\n\r\n+CTZV: +08\r\n\r\n+QHTTPREAD: 0\r\n',
        TRAILER + b"\r\nRDY\r\n\r\nAPP RDY\r\n",
    ],
)
@pytest.mark.parametrize("field", [b"Content-Length: 2", CLOSE])
def test_urcs_in_the_trailer(trailer: bytes, field: bytes) -> None:
    """A URC may stand between any two lines."""
    check(response(b"ok", field) + trailer, b"ok")


def test_trailer_states() -> None:
    """What is withheld is told at every byte."""
    framing = Framing("GET")
    framing.receive_data(response(b"ok", CLOSE))
    assert framing.trailer is Trailer.NONE and framing.remaining is None
    seen = []
    for byte in bytewise(TRAILER):
        framing.receive_data(byte)
        seen.append(framing.trailer)
    assert seen == [Trailer.BEGUN] * (len(TRAILER) - 1) + [Trailer.FULL]
    assert parsed(framing.take(EVERYTHING))[1] == b"ok"
    framing.receive_data(b"more")
    assert framing.trailer is Trailer.NONE
    assert framing.take(EVERYTHING) == TRAILER + b"more"


def test_no_trailer_to_take() -> None:
    """To take one that is not there is a fault of the caller."""
    framing = Framing("GET")
    framing.receive_data(response(b"ok"))
    with pytest.raises(ValueError, match="no full trailer"):
        framing.take_trailer()


def test_remaining() -> None:
    """What is still to come counts from what has come, withheld or not."""
    framing = Framing("GET")
    framing.receive_data(response(b"", b"Content-Length: 10"))
    assert framing.remaining == 10
    framing.receive_data(b"0123\r\n")
    assert (framing.remaining, framing.take(EVERYTHING)[-4:]) == (4, b"0123")
    framing.receive_data(b"6789")
    assert framing.remaining == 0
    assert "finished" in repr(framing)


@pytest.mark.parametrize(
    ("field", "chunked", "sent"),
    [
        (b"Content-Length: 99", Chunked.UNKNOWN, b"text\r\nOK"),
        (CLOSE, Chunked.UNKNOWN, b"text\r\nOK"),
        (CODED, Chunked.RAW, b"20\r\ntext\r\nOK"),
        (CODED, Chunked.UNKNOWN, b"4\r\nabcd\r\n20\r\ntext\r\nOK"),
    ],
)
def test_release(field: bytes, chunked: Chunked, sent: bytes) -> None:
    """A beginning that stays one was payload: its reader need not wait for more."""
    framing = Framing("GET", chunked)
    framing.receive_data(response(sent, field))
    before = framing.take(EVERYTHING)
    assert framing.trailer is Trailer.BEGUN
    framing.release()
    assert before + framing.take(EVERYTHING) == response(sent, field)


@pytest.mark.parametrize("sent", [b"4\r\nabcd\r\n", b"4\r\nabcd\r\n20\r\nte"])
def test_chunks_of_an_unknown_module(sent: bytes) -> None:
    """They are kept back, but not for longer than a moment's silence."""
    framing = Framing("GET")
    framing.receive_data(response(sent, CODED))
    before = framing.take(EVERYTHING)
    assert before == response(b"", CODED)
    assert framing.trailer in (Trailer.BEGUN, Trailer.CHUNKS)
    framing.release()
    assert before + framing.take(EVERYTHING) == response(sent, CODED)
    assert repr(framing).startswith("<Framing in_raw, 0 bytes")


# One byte goes wrong


def hurt(data: bytes, start: int) -> Iterator[tuple[str, int, bytes]]:
    """`data` with each byte from `start` on dropped, or doubled."""
    for i in range(start, len(data)):
        yield "drop", i, data[:i] + data[i + 1 :]
        yield "double", i, data[: i + 1] + data[i:]


def garbled(data: bytes, places: Iterable[int]) -> Iterator[tuple[str, int, bytes]]:
    """`data` with each byte of `places` changed in several ways."""
    for i in places:
        for change in (0x01, 0x10, 0x20, 0x80, 0xFF):
            yield "garble", i, data[:i] + bytes((data[i] ^ change,)) + data[i + 1 :]


def never_wrong(
    cases: Iterable[tuple[str, int, bytes]], body: bytes, chunked: Chunked
) -> None:
    """Every case gives the right body, an error of the module, or a TransferError."""
    for what, place, sent in cases:
        for pieces in ([sent], bytewise(sent)):
            try:
                got, err, framing = receive(pieces, chunked=chunked)
                # http.client's own checks come behind ours.
                found = parsed(got)[1]
            except Exception:
                continue
            where = (what, place, sent)
            assert (err and got != body) or found == body, where


TEXTS = [b"hello", b"one\r\n\r\ntwo", TRAILER, b"x" * 30]


@pytest.mark.parametrize("body", TEXTS)
def test_a_fault_in_a_body_of_known_length(body: bytes) -> None:
    """A byte too many or too few shows at the trailer."""
    head = response(body)[: -len(body)]
    sent = head + body + TRAILER
    never_wrong(hurt(sent, len(head)), body, Chunked.UNKNOWN)
    places = range(len(head) + len(body), len(sent))
    never_wrong(garbled(sent, places), body, Chunked.UNKNOWN)


@pytest.mark.parametrize("body", TEXTS)
@pytest.mark.parametrize("chunked", [Chunked.RAW, Chunked.UNKNOWN])
@pytest.mark.parametrize("size", [4, 100])
@pytest.mark.parametrize("field", [b"", b"X-Sum: 12\r\n"])
def test_a_fault_in_chunks(
    body: bytes, chunked: Chunked, size: int, field: bytes
) -> None:
    """A byte too many, too few or wrong shows in the framing behind it."""
    framed = chunks(body, [size], fields=field)
    head = response(b"", CODED)
    sent = head + framed + TRAILER
    never_wrong(hurt(sent, len(head)), body, chunked)
    never_wrong(garbled(sent, framing_bytes(body, size, field)), body, chunked)


def framing_bytes(body: bytes, size: int, field: bytes) -> list[int]:
    """Where in the response the bytes of chunk framing and trailer are."""
    head = len(response(b"", CODED))
    marks = chunks(b"\xff" * len(body), [size], fields=field) + TRAILER
    return [head + i for i, byte in enumerate(marks) if byte != 0xFF]


@pytest.mark.parametrize(
    "body",
    [b"12\n34\n56\n", b"1\n2\n3\n4\n", b"face\r\n", b"x,10\r\n\r\n", b"0", b"a\n"],
)
def test_a_decoded_body_that_begins_like_a_chunk(body: bytes) -> None:
    """Columns of numbers are not refused for looking like sizes."""
    check(response(body, CODED) + TRAILER, body, after=Chunked.DECODED)
