"""The parsers without a port, with any bytes in any pieces.

Each target is a function of bytes. It returns, or raises what it must not raise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from requests_bg96.at.lines import LINE_LIMIT, LineBuffer, error_number
from requests_bg96.at.printable import printable
from requests_bg96.at.steps import (
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Reply,
    connects,
)
from requests_bg96.base.knowledge import Knowledge
from requests_bg96.base.trust import StoredFile, Trust
from requests_bg96.dialogues import connect, files, identity, receive, setup, speed, tls
from requests_bg96.dialogues.request import Request
from requests_bg96.errors import BG96Error
from requests_bg96.http_client import deliver
from requests_bg96.response.chunks import FRAMING_LINE_LIMIT, ChunkScanner
from requests_bg96.response.framing import (
    DOUBT_LIMIT,
    HEAD_LIMIT,
    Framing,
)
from requests_bg96.response.stored import StoredResponse
from requests_bg96.response.trailer import TRAILER_LIMIT, Trailer
from requests_bg96.settings import Settings

METHODS = ("GET", "HEAD")
COMMANDS = (
    Command("+CMEE=1;+QIACT?"),
    Command("I", bare=True),
    Command("+QHTTPREAD=60", leads=True),
)
#: The steps after which a dialogue counts as endless.
STEPS = 2_000


def pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces; its first byte chooses them."""
    size = (data[0] if data else 0) + 1
    size = 4096 if size > 250 else size
    for start in range(1, len(data), size):
        yield data[start : start + size]


def lines(data: bytes) -> None:
    """Any bytes give lines, and bytes that are not a line are not kept."""
    buffer = LineBuffer()
    for piece in pieces(data):
        buffer.receive_data(piece)
        with contextlib.suppress(BG96Error):
            while line := buffer.next_line():
                classified(line)
        assert len(buffer.drain()) <= LINE_LIMIT or not buffer.has_line


def classified(line: bytes) -> None:
    """Classify a line as the drive loop does."""
    printable(line)
    connects(line)
    for command in COMMANDS:
        command.kind_of(line)
    reply = Reply(line, (line,), error_number(line))
    assert reply.err is None or reply.err >= 0
    reply.values("+QIACT")


def response(data: bytes) -> None:
    """The bytes of a response are a response in each way of reading, or refused.

    The first byte chooses the request's method, and what is known of the module.
    """
    framing(data)
    stored(data)
    chunks(data[1:])


def chunks(data: bytes) -> None:
    """Chunk framing is followed, or refused."""
    scanner = ChunkScanner()
    with contextlib.suppress(BG96Error):
        for piece in pieces(data):
            taken = scanner.feed(piece)
            assert 0 <= taken <= len(piece)
            assert scanner.finished or taken == len(piece)
            assert len(scanner._line) <= FRAMING_LINE_LIMIT


def framing(data: bytes) -> None:
    """A response ends somewhere, or is refused; few bytes are kept back."""
    kind = data[0] if data else 0
    ends = (b"\r\n", b"\n")[kind >> 5 & 1]
    made = Framing(METHODS[kind % 2], (None, 5)[kind // 2 % 2], ends)
    fed = taken = 0
    with contextlib.suppress(BG96Error):
        for piece in pieces(data[1:]):
            fed += len(piece)
            made.receive_data(piece)
            taken += len(made.take(made.available))
            look_at(made, kind)
            if made.trailer is Trailer.WRONG:
                break
        if made.trailer is Trailer.FULL:
            made.take_trailer()
    # Our own framing may have a size for each piece that was decoded.
    assert taken <= 10 * fed + 10


def look_at(made: Framing, kind: int) -> None:
    """Do what a reader does when the module falls silent."""
    repr(made)
    withheld = len(made._buffer)
    assert withheld <= max(HEAD_LIMIT, DOUBT_LIMIT) + 4096
    assert made.remaining is None or made.remaining >= 0
    if kind & 0x08:
        made.decide()
    if made.trailer is Trailer.LINE_END and kind & 0x10:
        made.release()
    if made.finished:
        assert made.remaining == 0
    elif made.remaining is not None:
        assert withheld <= TRAILER_LIMIT


def stored(data: bytes) -> None:
    """A file is a response, or refused."""
    kind = data[0] if data else 0
    response = StoredResponse(METHODS[kind % 2])
    with contextlib.suppress(BG96Error):
        for piece in pieces(data[1:]):
            response.receive(piece)
        response.finish()
        while response.read(100):
            pass
    response.close()


TRUST = Trust(StoredFile("ca", b"-----BEGIN CERTIFICATE-----\n"))
GET = Request("GET", b"http://a.example/", b"GET / HTTP/1.1\r\n\r\n", False)
SECURE = Request("GET", b"https://a.example/", b"GET /", False, True, TRUST)


def conversations() -> list[Callable[[], Dialogue[object]]]:
    """All dialogues."""
    settings, known = Settings(apn="a", pin="1234", rtscts=True), Knowledge()
    return [
        lambda: connect.find_module(settings, known.rates),
        lambda: speed.settle(Settings(baudrate="fastest"), known.rates),
        lambda: connect.resynchronise(False, COMMANDS[1], 5.0, known.rates),
        lambda: identity.learn(known),
        lambda: setup.prepare(settings, known),
        setup.registration,
        lambda: deliver(GET, 5.0, 9600, settings, known),
        lambda: deliver(SECURE, 5.0, 9600, settings, known),
        lambda: receive.result(GET, 5.0, known),
        lambda: receive.read(5.0),
        lambda: receive.read_by_file(5.0, 5, lambda data: None, known),
        lambda: files.store("a", b"aa"),
        lambda: files.download("a", lambda data: None),
        lambda: files.overwrite("a"),
        lambda: tls.secure(TRUST, b"https://a.example", 5.0, settings, known),
    ]


def dialogues(data: bytes) -> None:
    """A dialogue ends at any answers, with one of our errors or none.

    The first byte chooses the dialogue. Then there is a line for each step.
    """
    made = conversations()
    dialogue = made[(data[0] if data else 0) % len(made)]()
    answers = iter(data[1:].split(b"\n"))
    with contextlib.suppress(BG96Error, StopIteration):
        step = next(dialogue)
        for _ in range(STEPS):
            line = next(answers, None)
            if line is None:
                # Only this may end the dialogue that waits for a better answer.
                dialogue.close()
                return
            step = dialogue.send(replied(step, line))


def replied(step: object, line: bytes) -> object:
    """The answer to a step: information lines in `line` end with NUL."""
    if isinstance(step, Await):
        return step.prefix + line
    if isinstance(step, (Command, AwaitLateAnswer)):
        *information, final = line.split(b"\0")
        return Reply(final, tuple(information), error_number(final))
    if isinstance(step, Ask):
        return bool(line)
    return None
