"""Another program, which asks the server that attacks, and ends before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.adversary.plans import EVIL, LURE, Case
from tests.adversary.stage import Stage

__all__ = ("ENDS", "stranded")

_REQUEST = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % EVIL.encode()
_OPEN = b'AT+QIOPEN=1,%d,"TCP","' + EVIL.encode() + b'",80,0,%d\r'
_SEND = b"AT+QISEND=%d,%d\r"
_READ = b"AT+QIRD=%d,1500\r"
_START = (b"ATE0&D0\r", b"AT+QIACT=1\r")

Say = Callable[[bytes], object]


def stranded(stage: Stage, case: Case) -> None:
    """Run the other program; `Case.point` says where one with sockets ends."""
    with stage.stranger() as port:

        def say(data: bytes) -> None:
            port.write(data)
            port.read(1000)

        if not case.by_socket:
            _ask(say)
            port.write(b"AT+QHTTPREAD=60\r")
        else:
            *before, last = ENDS[case.point % len(ENDS)]
            for data in (*_START, *before):
                say(data)
            port.write(last)
        port.read(60)


def _ask(say: Say) -> None:
    """Ask by the module's HTTP client."""
    say(_START[0])
    for key in ("requestheader", "responseheader"):
        say(b'AT+QHTTPCFG="%b",1\r' % key.encode())
    say(_START[1])
    say(b"AT+QHTTPURL=%d,10\r" % len(LURE))
    say(LURE.encode())
    say(b"AT+QHTTPGET=60,%d,10\r" % len(_REQUEST))
    say(_REQUEST)


def _opened(mode: int, *numbers: int) -> list[bytes]:
    """Sockets in an access mode, each of which has sent a request."""
    said = []
    for number in numbers:
        said += [_OPEN % (number, mode), _SEND % (number, len(_REQUEST)), _REQUEST]
    return said


#: What the program says before it ends.
ENDS: Sequence[list[bytes]] = (
    # Direct push mode: the server's bytes come at any time.
    _opened(1, 0),
    _opened(1, *range(12)),
    # During an answer.
    [*_opened(0, 0), _READ % 0],
    # At the prompt: of a short payload, a long one, and one of unknown length.
    [*_opened(0, 0), _SEND % (0, 20), b"GET "],
    [*_opened(0, 3), _SEND % (3, 1460)],
    [*_opened(0, 0), b"AT+QISEND=0\r"],
    # With the settings in which payload has another form.
    [b'AT+QICFG="viewmode",1\r', *_opened(0, 0), _READ % 0],
    [b'AT+QICFG="dataformat",1,1\r', _OPEN % (0, 0)],
    [b"AT+QISDE=1\r", *_opened(0, 0)],
)
