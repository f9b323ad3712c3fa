"""What is kept for a late reader: how much, where, and if that fails."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import resource
import tempfile
from collections.abc import Iterator

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.exceptions import ChunkedEncodingError

from requests_bg96.emulator import ReceivedRequest, SystemClock
from requests_bg96.errors import SpoolError
from requests_bg96.modem import ModemState
from requests_bg96.response.spool import MEMORY, Spool
from tests.support import response, rig
from tests.thread_support import until

#: More than memory keeps.
LARGE = 3 * MEMORY
CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def noise(size: int) -> bytes:
    """Bytes of this size; no two blocks are alike."""
    blocks = (hashlib.sha256(b"%d" % i).digest() for i in range(size // 32 + 1))
    return b"".join(blocks)[:size]


BODY = noise(LARGE)


def on_disk(spool: Spool) -> int:
    """The length of the spool's file."""
    return os.fstat(spool._file.fileno()).st_size if spool._file else 0


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# The spool alone

operations = st.lists(
    st.tuples(st.booleans(), st.integers(0, LARGE)), min_size=1, max_size=12
)


@given(operations)
def test_what_comes_out_is_what_went_in(steps: list[tuple[bool, int]]) -> None:
    """The order is kept for any sequence of calls, and the file is limited."""
    spool, put, taken = Spool(), bytearray(), bytearray()
    for puts, size in steps:
        if puts:
            spool.put(BODY[:size])
            put += BODY[:size]
        else:
            taken += spool.take(size)
        assert spool.size == len(put) - len(taken)
        assert on_disk(spool) <= 2 * spool.size + MEMORY
    while data := spool.take(MEMORY):
        taken += data
    assert taken == put and on_disk(spool) == 0


def test_what_was_read_is_not_kept() -> None:
    """80 MB pass, but few are held at a time; time and disk stay small."""
    spool = Spool()
    spool.put(BODY)
    spool.put(BODY)
    largest = 0
    for start in range(0, 80 * MEMORY, 10_000):
        spool.put(BODY[:10_000])
        assert len(spool.take(10_000)) == 10_000
        largest = max(largest, on_disk(spool))
    assert largest <= 2 * (2 * LARGE + 10_000) + MEMORY
    while spool.size > 10_000:
        spool.take(10_000)
    assert on_disk(spool) <= 20_000 + MEMORY


def test_no_more_than_the_limit() -> None:
    """The bytes before are still there."""
    spool = Spool(limit=2 * MEMORY)
    spool.put(BODY[:MEMORY])
    spool.put(BODY[MEMORY : 2 * MEMORY])
    with pytest.raises(SpoolError, match="2 MB of it are still unread"):
        spool.put(b"x")
    assert spool.take(LARGE) + spool.take(LARGE) == BODY[: 2 * MEMORY]
    spool.put(b"x")
    assert spool.take(10) == b"x"


@pytest.mark.parametrize("room", [0, 100_000, MEMORY + 1])
def test_a_write_that_fails(room: int) -> None:
    """There is no gap, and no byte that did not fit, at whichever byte it stops."""
    spool = Spool()
    kept = b""
    with full_disk(room):
        for start in range(0, LARGE, 10_000):
            piece = BODY[start : start + 10_000]
            try:
                spool.put(piece)
            except SpoolError as error:
                assert "cannot be written" in str(error) and "TMPDIR" in str(error)
                break
            kept += piece
        else:
            pytest.fail("it has written")
    taken = b""
    while data := spool.take(7_000):
        taken += data
    assert taken == kept


# Over a modem


def length(size: int) -> bytes:
    """A head."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size


def read_until_it_fails(answer: requests.Response) -> bytes:
    """The reader's bytes, and the one error at the end."""
    got = bytearray()
    with pytest.raises(ChunkedEncodingError, match="cannot be written.*TMPDIR"):
        for piece in answer.iter_content(1000):
            got += piece
    return bytes(got)


@pytest.mark.parametrize("head", [length(LARGE), CLOSE])
@pytest.mark.parametrize("room", [0, MEMORY])
def test_a_full_disk_fails_the_response_alone(head: bytes, room: int) -> None:
    """The request that needs the line works, and the bytes before are right."""
    with rig(head + BODY, response(b"second"), on_line=None) as made:
        answer = made.get(stream=True)
        with full_disk(room):
            assert made.get(timeout=60).content == b"second"
        assert made.modem.state is ModemState.READY
        got = read_until_it_fails(answer)
        assert 0 < len(got) < LARGE and BODY.startswith(got)
        assert made.get().content == b"second"


def test_a_full_disk_while_a_thread_reads_ahead() -> None:
    """The thread survives, and passes the error to the reader."""
    with rig(
        CLOSE + BODY, response(b"next"), clock=SystemClock(), on_line=None
    ) as made:
        with full_disk(0):
            answer = made.get(stream=True)
            until(lambda: made.modem.state is ModemState.UNKNOWN)
        assert BODY.startswith(read_until_it_fails(answer))
        assert made.get(timeout=20).content == b"next"


def test_a_full_disk_by_file() -> None:
    """Only this request fails, and the file in the module is deleted."""
    body = BODY[: MEMORY + MEMORY // 2]
    with rig(response(body), response(b"next"), adapter={"via": "file"}) as made:
        with full_disk(0), pytest.raises(requests.ConnectionError, match="TMPDIR"):
            made.get()
        assert made.get().content == b"next"
        assert made.modem.files.list() == {}


def test_a_disk_that_is_full_of_others(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no file can be made, the error is the same."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with rig(response(BODY), response(b"second"), on_line=None) as made:
        answer = made.get(stream=True)
        assert made.get(timeout=60).content == b"second"
        assert BODY.startswith(read_until_it_fails(answer))


def echo(request: ReceivedRequest) -> bytes:
    """An answer of some length."""
    return response(BODY)


def test_many_responses_that_cannot_be_kept() -> None:
    """Each fails once, and only for itself."""
    with rig(echo, on_line=None) as made:
        with full_disk(MEMORY):
            answers = [made.get(stream=True, timeout=60) for _ in range(3)]
        assert answers.pop().content == BODY
        for answer in answers:
            assert BODY.startswith(read_until_it_fails(answer))
        assert made.get(timeout=60).content == BODY
