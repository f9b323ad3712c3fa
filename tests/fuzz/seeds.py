"""The starts of a search: dialogues without faults, and real ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.adversary import cases, socket_cases
from tests.adversary.trial import play
from tests.fuzz import clients, modules, parsers, sockets
from tests.fuzz.scripted import joined
from tests.support import CONNECT, OK, TRAILER, chunks, cme, response
from tests.transcripts.reader import TRANSCRIPTS, read_transcript, unescape

Target = Callable[[bytes], None]

CODED = b"Transfer-Encoding: chunked"
RESPONSES = (
    response(b"hello"),
    response(b"hello", b"Connection: close"),
    response(chunks(b"one and two", [4], b";a=b", b"A: b\r\n"), CODED),
    response(b"decoded", CODED),
    response(b"", status=b"204 No Content"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"after"),
)
ANSWERS = (
    b"",
    OK,
    CONNECT + OK,
    CONNECT + bytes(500) + OK,
    cme(703),
    b"\r\n+QHTTPGET: 0,200,5\r\n",
    b'\r\n+QIACT: 1,1,1,"10.0.0.1"\r\n' + OK,
    CONNECT + b"AAA\r\n+QFUPL: 3072,0\r\n" + OK,
    b"\r\nRDY\r\n\r\nAPP RDY\r\n",
)
DIALOGUES = (
    b"OK",
    b'+QPINC: "SC",3,10\0OK',
    b"+CPIN: SIM PIN\0OK",
    b"+CREG: 0,1\0OK",
    b'+QFLST: "a",5\0OK',
    b"+QFUPL: 2,0\0OK",
    b'+CCLK: "24/02/29,12:00:00+04"\0OK',
    b"+QHTTPURL: (1-700),(1-65535)\0OK",
    b"+CME ERROR: 703",
    b"CONNECT",
    b" 0,200,5",
)


def adversary(data: bytes) -> None:
    """The bytes of a server are never taken for the module's."""
    play(cases.from_bytes(data))


def socket_adversary(data: bytes) -> None:
    """The same over the module's sockets, with a line that changes bytes."""
    play(socket_cases.from_bytes(data))


#: All seeds, by name.
TARGETS: dict[str, Target] = {
    "lines": parsers.lines,
    "response": parsers.response,
    "dialogues": parsers.dialogues,
    "wire": clients.wire,
    "module": clients.module,
    "exchanges": clients.exchanges,
    "sockets": sockets.both,
    "adversary": adversary,
    "socket_adversary": socket_adversary,
    "commands": modules.commands,
    "emulator": modules.emulator,
}


def seeds(name: str) -> Iterator[bytes]:
    """Inputs of a target, from which others are made."""
    yield b"\0"
    yield from {
        "lines": transcript_seeds,
        "response": response_seeds,
        "dialogues": dialogue_seeds,
        "wire": wire_seeds,
        "module": clients.module_seeds,
        "exchanges": exchange_seeds,
        "sockets": sockets.seeds,
        "adversary": adversary_seeds,
        "socket_adversary": adversary_seeds,
        "commands": transcript_seeds,
        "emulator": transcript_seeds,
    }[name]()


def transcript_seeds() -> Iterator[bytes]:
    """The bytes of hosts and modules in real dialogues."""
    for path in TRANSCRIPTS:
        steps = read_transcript(path)
        for sign in "><":
            said = [unescape(text) for mark, text in steps if mark == sign]
            yield b"\x80" + joined(said)
            yield from (b"\0" + one for one in said)


def response_seeds(lead: int = 2, trailer: bytes = TRAILER) -> Iterator[bytes]:
    """Responses and their ends."""
    for kind in range(6):
        for answer in RESPONSES:
            yield bytes((kind,)) * lead + answer + trailer


def exchange_seeds() -> Iterator[bytes]:
    """Responses of a server and of a module."""
    yield from response_seeds(1, b"")
    yield from response_seeds(3)


def adversary_seeds() -> Iterator[bytes]:
    """Attacks with one unusual choice, or many."""
    yield from (bytes(place) + b"\1" for place in range(24))
    yield from (random.Random(number).randbytes(80) for number in range(24))


def wire_seeds() -> Iterator[bytes]:
    """Answers to each step, and responses."""
    yield from response_seeds(1)
    for number in range(len(clients.STEPS)):
        yield from (bytes((number,)) * 4 + answer for answer in ANSWERS)


def dialogue_seeds() -> Iterator[bytes]:
    """Answers that are right for some step."""
    for number in range(len(parsers.conversations())):
        yield bytes((number,)) + b"\n".join(DIALOGUES)
        yield from (bytes((number,)) + (one + b"\n") * 9 for one in DIALOGUES)
