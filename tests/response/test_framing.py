"""The end of a response. No fault of the line looks like a response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from requests_bg96.errors import TransferError
from requests_bg96.response.framing import (
    DOUBT_LIMIT,
    HEAD_LIMIT,
    TAIL_LIMIT,
    Framing,
    Trailer,
)
from requests_bg96.response.trailer import TRAILER_LIMIT
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


def receive(pieces: Iterable[bytes], method: str = "GET") -> tuple[bytes, int, Framing]:
    """Feed bytes until the silence; return the response and err.

    :raises TransferError: if the end of the response is not known.
    """
    framing, got = Framing(method), b""
    for piece in pieces:
        framing.receive_data(piece)
        got += framing.take(EVERYTHING)
    if framing.trailer is not Trailer.FULL:
        raise TransferError(f"withheld: {framing.trailer}")
    err, _ = framing.take_trailer()
    return got + framing.take(EVERYTHING), err, framing


def check(sent: bytes, body: bytes, *, method: str = "GET") -> None:
    """Check the body: whole, byte by byte, and with a URC after the trailer."""
    urc = b'\r\n+QIURC: "pdpdeact",1\r\n'
    for pieces in ([sent], bytewise(sent), [sent + urc], bytewise(sent + urc)):
        got, err, framing = receive(pieces, method)
        assert parsed(got, method)[1] == body
        assert err == 0 and framing.finished


CLOSE = b"Connection: close"
CODED = b"Transfer-Encoding: chunked"
#: Bodies with the end of a response in the middle, at the end, and everywhere.
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
    """Only the length counts."""
    check(response(body) + TRAILER, body)


@pytest.mark.parametrize("body", LOOKALIKES)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_raw_chunks(body: bytes, size: int) -> None:
    """Only chunk framing counts, and it is kept."""
    check(response(chunks(body, [size]), CODED) + TRAILER, body)


@pytest.mark.parametrize("body", LOOKALIKES)
def test_decoded_chunks(body: bytes) -> None:
    """A module that decodes: the last trailer before the silence is the end."""
    check(response(body, CODED) + TRAILER, body)


@pytest.mark.parametrize("body", [b"ok", b"{}", b"<html>", b"5 apples\n", TRAILER])
def test_decoded_chunks_of_an_unknown_module(body: bytes) -> None:
    """A body that does not begin with chunk framing was decoded."""
    check(response(body, CODED) + TRAILER, body)


@pytest.mark.parametrize("size", [b" 5", b"5 ", b"\t5;a=b", b"05"])
def test_odd_sizes(size: bytes) -> None:
    """http.client ignores blanks around a size."""
    check(response(size + b"\r\nhello\r\n0\r\n\r\n", CODED) + TRAILER, b"hello")


def test_several_codings() -> None:
    """The last one counts, as for urllib3. The others stay."""
    head = response(b"", b"Transfer-Encoding: gzip, chunked")
    for body in (chunks(b"hello", [3]), b"hello"):
        got, err, framing = receive([head + body + TRAILER])
        assert framing.finished and err == 0 and got[len(head) :].endswith(b"0\r\n\r\n")
    assert got == head + b"5\r\nhello\r\n0\r\n\r\n"


def test_no_byte_of_a_chunked_body() -> None:
    """The body is empty, unless the module's err says that it was cut."""
    head = response(b"", CODED)
    for end, err, rest in (
        (TRAILER, 0, b"0\r\n\r\n"),
        (TRAILER.replace(b": 0", b": 717"), 717, b""),
        (cme(717), 717, b""),
    ):
        got, found, _ = receive([head + end])
        assert (got, found) == (head + rest, err)


@pytest.mark.parametrize("digits", [19, 400, 4000])
def test_a_length_beyond_any_body(digits: int) -> None:
    """Only this response fails."""
    framing = Framing("GET")
    with pytest.raises(TransferError, match="Content-Length"):
        framing.receive_data(response(b"x", b"Content-Length: " + b"9" * digits))


def test_where_the_end_is_certain() -> None:
    """The module printed the same length, and no parser reads the head differently."""
    sure = response(b"hello")

    def certain(sent: bytes, method: str = "GET", told: int | None = 5) -> bool:
        framing = Framing(method, told)
        framing.receive_data(sent + TRAILER)
        assert framing.finished
        return framing.certain

    assert certain(sure)
    assert not certain(sure, told=None)
    assert not certain(sure, told=6)
    assert not certain(sure, method="HEAD")
    assert not certain(sure.replace(b"\r\n", b"\n"))
    assert not certain(sure.replace(b"OK\r\n", b"OK\r\nX: a\r\n b\r\n"))
    assert not certain(sure.replace(b"OK\r\n", b"OK\r\nX: a\nY: b\r\n"))
    assert not certain(b"HTTP/1.1 100 Continue\r\n\r\n" + sure)
    assert not certain(response(b"hello", b"Content-Length: 5", status=b"204 No"))
    assert not certain(response(chunks(b"hello", [5]), CODED))
    five = b"Content-Length: 5"
    both = response(b"hello", five, CODED)
    assert not certain(both.replace(b"hello", chunks(b"hello", [5])))
    assert not certain(response(b"hello", five, b"Transfer-Encoding: x-chunked"))
    assert not certain(response(b"hello", five, five))
    assert not certain(response(b"hello", b"Content-Length: +5"))


def test_the_modules_own_trailer() -> None:
    """Once the module has shown that it is done, its trailer is the last one."""
    for field in (CLOSE, CODED, b"Content-Length: 500"):
        framing = Framing("GET")
        framing.receive_data(response(b"text" + TRAILER, field))
        more = b"more" + TRAILER
        err, trailer, lines = framing.conclude(more + OK + b"\r\n+CREG: 1\r\n")
        assert (err, trailer[: len(TRAILER)], lines) == (
            0,
            TRAILER,
            OK + b"\r\n+CREG: 1\r\n",
        )
        got = framing.take(EVERYTHING)
        body = parsed(got)[1] if field == CODED else got
        assert b"text" + TRAILER + b"more" in body and not got.endswith(TRAILER)


@pytest.mark.parametrize("rest", [b"more", b"more" + OK, TRAILER[:-4]])
def test_no_trailer_of_the_module(rest: bytes) -> None:
    """It listens, but has not shown that it is done: bytes are missing."""
    framing = Framing("GET")
    framing.receive_data(response(b"text", CLOSE) + b"\r\nOK\r\n"[: len(rest)])
    with pytest.raises(TransferError, match="trailer"):
        framing.conclude(rest)


@pytest.mark.parametrize("body", LOOKALIKES)
def test_closed_connection(body: bytes) -> None:
    """Without a length, the last trailer before the silence is the end."""
    check(response(body, CLOSE) + TRAILER, body)


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")],
)
@pytest.mark.parametrize("field", [b"Content-Length: 10", CODED, CLOSE])
def test_no_body(method: str, status: bytes, field: bytes) -> None:
    """No field changes that, and no trailer is needed."""
    sent = response(b"", field, status=status)
    for pieces in ([sent], bytewise(sent)):
        framing = Framing(method)
        for piece in pieces:
            framing.receive_data(piece)
        assert framing.bodyless and framing.finished and framing.remaining == 0
        assert framing.take(EVERYTHING) == sent
    if field is not CODED or method == "HEAD":
        # http.client expects chunks in a 204 that announces them.
        check(sent + TRAILER, b"", method=method)


def test_interim_responses() -> None:
    """Responses 1xx come first, and http.client ignores 100."""
    sent = b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"done") + TRAILER
    check(sent, b"done")


def test_bare_line_feeds() -> None:
    """Heads of simple servers, as http.client parses them."""
    check(b"HTTP/1.0 200 OK\nContent-Length: 2\n\nok" + TRAILER, b"ok")


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"\n\n",
        b"ICY 200 OK\r\n\r\n",
        b"\xff\n\n",
        b"HTTP/1.1 100 Continue\r\n\r\n\n\n",
    ],
)
def test_no_http(head: bytes) -> None:
    """http.client refuses it, and raises the error of stock requests."""
    for pieces in ([head + b"rest" + TRAILER], bytewise(head + b"rest" + TRAILER)):
        assert receive(pieces)[0] == head + b"rest"


def test_endless_head() -> None:
    """A head without an end is not kept for ever."""
    with pytest.raises(TransferError, match="head"):
        receive(cut(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000, [4096]))


def test_the_longest_head() -> None:
    """A byte more is an error."""
    framing = Framing("GET")
    framing.receive_data(b"x" * HEAD_LIMIT)
    with pytest.raises(TransferError, match="the head has more"):
        framing.receive_data(b"x")


def test_before_the_head_ends() -> None:
    """Nothing is known of the body, and no line end counts twice."""
    framing = Framing("GET")
    assert not framing.bodyless and framing.remaining is None
    assert repr(framing) == "<Framing in_head, 0 bytes ready>"
    framing.receive_data(cme(717).removeprefix(b"\r\n"))
    assert framing.trailer is Trailer.LINE_END
    framing = Framing("GET")
    framing.receive_data(response(b"ok") + TRAILER)
    size = len(response(b"ok"))
    assert repr(framing) == f"<Framing finished, {size} bytes ready>"


@pytest.mark.parametrize("end", [TRAILER.replace(b"0", b"719"), cme(719)])
def test_a_server_that_hangs_up_in_its_head(end: bytes) -> None:
    """The empty line after the head is the first line end of the trailer."""
    head = b"HTTP/1.1 200 OK\r\nX: y\r\n"
    for pieces in ([head + end], bytewise(head + end)):
        got, err, _ = receive(pieces)
        assert (got, err) == (head + b"\r\n", 719)


def test_a_long_trailer_after_a_head() -> None:
    """It is recognised up to a limit."""
    head = response(b"", CLOSE)
    lines = b"OK\r\n" + b"\r\n+CREG: 1\r\n" * 400
    for size, more in ((TRAILER_LIMIT, False), (TRAILER_LIMIT + 1, True)):
        framing = Framing("GET")
        framing.receive_data(head + lines[:size])
        assert (framing.available > len(head)) is more


# Any body, in any pieces


def splits(data: bytes, sizes: list[int]) -> Iterator[list[bytes]]:
    """`data` whole, byte by byte, and in pieces of these sizes."""
    yield from ([data], bytewise(data), list(cut(data, sizes)))


chunk_sizes = st.lists(st.integers(1, 90), max_size=4)
extensions = st.sampled_from([b"", b";a", b" ;a=b"])
fields = st.sampled_from([b"", b"X-Sum: 1\r\n", b"X: 1\r\nY:\r\n folded\r\n"])


@settings(deadline=None, max_examples=60)
@given(bodies, piece_sizes)
def test_any_body_of_known_length(body: bytes, sizes: list[int]) -> None:
    """It arrives unchanged."""
    for pieces in splits(response(body) + TRAILER, sizes):
        assert parsed(receive(pieces)[0])[1] == body


@settings(deadline=None, max_examples=60)
@given(bodies, chunk_sizes, extensions, fields, piece_sizes)
def test_any_body_in_raw_chunks(
    body: bytes,
    chunk: list[int],
    extension: bytes,
    field: bytes,
    sizes: list[int],
) -> None:
    """It arrives unchanged, with everything between the chunks."""
    sent = response(chunks(body, chunk, extension, field), CODED)
    for pieces in splits(sent + TRAILER, sizes):
        got, _, _ = receive(pieces)
        assert got == sent
        assert parsed(got)[1] == body


@settings(deadline=None, max_examples=60)
@given(bodies, piece_sizes)
def test_any_body_up_to_the_close(body: bytes, sizes: list[int]) -> None:
    """The last trailer is the module's, and all bytes before it are the body."""
    for pieces in splits(response(body, CLOSE) + TRAILER, sizes):
        assert parsed(receive(pieces)[0])[1] == body


def received(pieces: Iterable[bytes]) -> bytes | None:
    """The result of a response; None if it is refused."""
    try:
        return receive(pieces)[0]
    except TransferError:
        return None


@settings(deadline=None, max_examples=200)
@given(bodies | st.text("0123456789abc \r\n").map(str.encode), piece_sizes)
def test_chunks_are_read_rightly_or_refused(body: bytes, sizes: list[int]) -> None:
    """A decoded body that looks like chunk framing is never returned wrong."""
    sent = response(body, CODED)
    whole, *others = map(received, splits(sent + TRAILER, sizes))
    read = [found and parsed(found) for found in (whole, *others)]
    assert read == read[:1] * 3
    # A body that is passed on unchanged is chunk framing throughout.
    if whole and whole != sent:
        assert parsed(whole)[1] == body


# The server closes early, and the module reports it


ENDINGS = [cme(717), OK + b"\r\n+QHTTPREAD: 717\r\n"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "start",
    [
        response(b"01234", b"Content-Length: 100"),
        response(b"", b"Content-Length: 100"),
        response(b"01234", CLOSE),
        response(b"01234", CODED),
    ],
)
def test_early_end(start: bytes, ending: bytes) -> None:
    """The err is returned, and all bytes before it."""
    for pieces in ([start + ending], bytewise(start + ending)):
        got, err, framing = receive(pieces)
        assert err == 717 and framing.finished
        assert b"717" not in got
        assert b"\r\n0\r\n\r\n" not in got[len(start) - 5 :]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("missing", range(1, 40))
def test_early_end_shortly_before_the_end(ending: bytes, missing: int) -> None:
    """A trailer in place of the last bytes does not end the body."""
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
    """Incomplete chunks are never a complete body."""
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
    """A URC may come between any two lines."""
    check(response(b"ok", field) + trailer, b"ok")


def test_a_body_of_nearly_a_last_chunk() -> None:
    """The form of the last 512 bytes decides whether noise has hidden chunk framing."""
    assert (HEAD_LIMIT, DOUBT_LIMIT, TAIL_LIMIT) == (1 << 20, 1 << 20, 512)
    fields = b"X: " + b"x" * (TAIL_LIMIT - len(b"\n0\r\nX: \r\n\r\n")) + b"\r\n"
    ending = b"\n0\r\n" + fields + b"\r\n"
    assert len(ending) == TAIL_LIMIT
    for more, refused in ((b"", True), (b"x", False)):
        sent = ending.replace(b"X: ", b"X: " + more)
        framing = Framing("GET")
        framing.receive_data(response(b"text" + sent, CODED) + TRAILER)
        if refused:
            with pytest.raises(TransferError, match="chunk framing"):
                framing.take_trailer()
        else:
            assert framing.take_trailer()[0] == 0


def test_trailer_states() -> None:
    """The number of kept bytes is right at each byte."""
    framing = Framing("GET")
    framing.receive_data(response(b"ok", CLOSE))
    assert framing.trailer is Trailer.NONE and framing.remaining is None
    seen = []
    for byte in bytewise(TRAILER):
        framing.receive_data(byte)
        seen.append(framing.trailer)
    begun = [Trailer.LINE_END] * 2 + [Trailer.BEGUN] * (len(TRAILER) - 3)
    assert seen == [*begun, Trailer.FULL]
    assert parsed(framing.take(EVERYTHING))[1] == b"ok"
    framing.receive_data(b"more")
    assert framing.trailer is Trailer.NONE
    assert framing.take(EVERYTHING) == TRAILER + b"more"


def test_a_body_that_ends_like_a_trailer() -> None:
    """It has its length, although the module is not done."""
    framing = Framing("GET", 4 + len(TRAILER))
    framing.receive_data(response(b"text" + TRAILER))
    assert (framing.trailer, framing.finished) == (Trailer.FULL, False)
    assert framing.remaining == 0
    framing.fill()
    assert parsed(framing.take(EVERYTHING))[1] == b"text" + TRAILER
    assert (framing.trailer, framing.finished) == (Trailer.NONE, True)


def test_nothing_to_fill() -> None:
    """Only a length is completed by withheld bytes, and only if they are enough."""
    for field in (CLOSE, b"Content-Length: 99"):
        framing = Framing("GET")
        framing.receive_data(response(b"text", field) + TRAILER)
        framing.fill()
        assert (framing.trailer, framing.finished) == (Trailer.FULL, False)


def test_no_trailer_to_take() -> None:
    """Taking a trailer that is not there is an error of the caller."""
    framing = Framing("GET")
    framing.receive_data(response(b"ok"))
    with pytest.raises(ValueError, match="no full trailer"):
        framing.take_trailer()


def test_remaining() -> None:
    """It counts from the received bytes, kept or not."""
    framing = Framing("GET")
    framing.receive_data(response(b"", b"Content-Length: 10"))
    assert framing.remaining == 10
    framing.receive_data(b"0123\r\n")
    assert (framing.remaining, framing.take(EVERYTHING)[-4:]) == (4, b"0123")
    framing.receive_data(b"6789")
    assert framing.remaining == 0
    assert "finished" in repr(framing)


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (b"Content-Length: 99", b"text\r\n"),
        (CLOSE, b"text\r\n"),
        (CODED, b"20\r\ntext\r\n"),
        (CODED, b"4\r\nabcd\r\n20\r\ntext\r\n"),
    ],
)
def test_release(field: bytes, sent: bytes) -> None:
    """A line end followed by nothing was payload, so its reader need not wait."""
    framing = Framing("GET")
    framing.receive_data(response(sent, field))
    before = framing.take(EVERYTHING)
    assert framing.trailer is Trailer.LINE_END
    framing.release()
    assert before + framing.take(EVERYTHING) == response(sent, field)


@pytest.mark.parametrize("split", [1, 2])
def test_a_trailer_that_was_released_in_part(split: int) -> None:
    """It is an error of the response, and never a part of its body."""
    framing = Framing("GET")
    framing.receive_data(response(b"text", CLOSE) + TRAILER[:split])
    framing.release()
    framing.receive_data(TRAILER[split:])
    assert framing.trailer is Trailer.FULL
    with pytest.raises(TransferError, match="stalled"):
        framing.take_trailer()


@pytest.mark.parametrize(
    "sent", [b"4\r\nabcd\r\n", b"4\r\nabcd\r\n20\r\nte", b"20\r\nte"]
)
def test_chunks_whose_form_is_in_doubt(sent: bytes) -> None:
    """They are kept back, but only until it is decided."""
    framing = Framing("GET")
    framing.receive_data(response(sent, CODED))
    before = framing.take(EVERYTHING)
    assert before == response(b"", CODED) and framing.in_doubt
    framing.decide()
    assert before + framing.take(EVERYTHING) == response(sent, CODED).removesuffix(
        b"\r\n"
    )
    assert repr(framing).startswith("<Framing in_raw, 0 bytes")


def test_nothing_in_doubt() -> None:
    """There is no byte of the body, or another framing."""
    framing = Framing("GET")
    framing.receive_data(response(b"", CODED))
    assert not framing.in_doubt
    framing = Framing("GET")
    framing.receive_data(response(b"text\r\n", CLOSE))
    assert framing.trailer is Trailer.LINE_END and not framing.in_doubt


def test_how_many_chunks_are_kept_back() -> None:
    """A million bytes and not more, even if nobody decides."""
    head = response(b"", CODED)
    kept = b"200000\r\n".ljust(DOUBT_LIMIT, b"x")
    framing = Framing("GET")
    framing.receive_data(head + kept)
    assert (framing.in_doubt, framing.available) == (True, len(head))
    framing.receive_data(b"x")
    assert (framing.in_doubt, framing.available) == (False, len(head + kept) + 1)


def test_a_line_end_inside_a_chunk() -> None:
    """It may be the first of a trailer."""
    framing = Framing("GET")
    framing.receive_data(response(b"3\r\nabc\r\n20\r\nte", CODED))
    framing.decide()
    framing.take(EVERYTHING)
    framing.receive_data(b"\r\n")
    assert (framing.available, framing.trailer) == (0, Trailer.LINE_END)


@pytest.mark.parametrize("junk", [b"x", b"\r\nOKx", b"+QHTTPREAD"])
def test_bytes_after_the_last_chunk(junk: bytes) -> None:
    """The response is refused at once."""
    framing = Framing("GET")
    with pytest.raises(TransferError, match="^the chunk framing of the response"):
        framing.receive_data(response(chunks(b"hello", [3]) + junk, CODED))


@pytest.mark.parametrize("sent", [b"x", b'{"t": 21.5}', b"a text of one line"])
def test_a_text_without_a_line_end_is_no_chunk(sent: bytes) -> None:
    """Its reader has it at once, although its line may never end."""
    framing = Framing("GET")
    framing.receive_data(response(sent, CODED))
    assert not framing.in_doubt
    assert framing.take(EVERYTHING) == response(
        b"%x\r\n%b\r\n" % (len(sent), sent), CODED
    )


def test_digits_alone_decide_nothing() -> None:
    """They may be a size, or all that the server has sent."""
    framing = Framing("GET")
    framing.receive_data(response(b"42", CODED))
    framing.decide()
    assert framing.in_doubt


# One wrong byte


def hurt(data: bytes, start: int) -> Iterator[tuple[str, int, bytes]]:
    """`data` with each byte from `start` dropped, or doubled."""
    for i in range(start, len(data)):
        yield "drop", i, data[:i] + data[i + 1 :]
        yield "double", i, data[: i + 1] + data[i:]


def garbled(data: bytes, places: Iterable[int]) -> Iterator[tuple[str, int, bytes]]:
    """`data` with each byte of `places` changed in several ways."""
    for i in places:
        for change in (0x01, 0x10, 0x20, 0x80, 0xFF):
            yield "garble", i, data[:i] + bytes((data[i] ^ change,)) + data[i + 1 :]


def never_wrong(cases: Iterable[tuple[str, int, bytes]], body: bytes) -> None:
    """Each case gives the right body, an error of the module, or a TransferError."""
    for what, place, sent in cases:
        for pieces in ([sent], bytewise(sent)):
            try:
                got, err, framing = receive(pieces)
                # http.client has checks of its own after ours.
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
    never_wrong(hurt(sent, len(head)), body)
    places = range(len(head) + len(body), len(sent))
    never_wrong(garbled(sent, places), body)


@pytest.mark.parametrize("body", TEXTS)
@pytest.mark.parametrize("size", [4, 100])
@pytest.mark.parametrize("field", [b"", b"X-Sum: 12\r\n"])
def test_a_fault_in_chunks(body: bytes, size: int, field: bytes) -> None:
    """A byte too many, too few or wrong shows in the framing after it."""
    framed = chunks(body, [size], fields=field)
    head = response(b"", CODED)
    sent = head + framed + TRAILER
    never_wrong(hurt(sent, len(head)), body)
    never_wrong(garbled(sent, framing_bytes(body, size, field)), body)


def framing_bytes(body: bytes, size: int, field: bytes) -> list[int]:
    """The places of the bytes of chunk framing and trailer."""
    head = len(response(b"", CODED))
    marks = chunks(b"\xff" * len(body), [size], fields=field) + TRAILER
    return [head + i for i, byte in enumerate(marks) if byte != 0xFF]


@pytest.mark.parametrize(
    "body",
    [b"12\n34\n56\n", b"1\n2\n3\n4\n", b"face\r\n", b"x,10\r\n\r\n", b"0", b"a\n"],
)
def test_a_decoded_body_that_begins_like_a_chunk(body: bytes) -> None:
    """Columns of numbers are not refused, although they look like sizes."""
    check(response(body, CODED) + TRAILER, body)
