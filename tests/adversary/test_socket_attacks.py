"""The attempts of a server over the module's sockets, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adversary import socket_cases
from tests.adversary.foreign import ENDS
from tests.adversary.plans import (
    FORGED,
    HARM,
    REDIRECT,
    Case,
    Close,
    Errand,
    Manner,
    Mimic,
    Noise,
    Part,
    Reaction,
    Say,
    Wait,
)
from tests.adversary.trial import play
from tests.support import OK, chunks

SOCKET: dict[str, Any] = {"via": "socket"}
PACED: dict[str, Any] = {"answer_delay": 0.002, "baudrate": 115_200}
HTTP = b"HTTP/1.1 200 OK\r\n"
#: How a client reads a response, and looks at its port meanwhile.
READERS = (Manner.FOLLOW, Manner.READ, Manner.PARTLY, Manner.UNREAD, Manner.CLOSE)


def shortened(told: int, pad: int) -> tuple[Part, ...]:
    """One packet, with those answers after its first `told` bytes."""
    head = HTTP + b"X: %b\r\nContent-Length: 1360\r\n\r\n" % (b"x" * pad)
    body = b"y" * (told - len(head)) + socket_cases.ANSWERS * 3
    return (Say(head + body[:1_360].ljust(1_360, b"z")),)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("manner", READERS)
@pytest.mark.parametrize("digit", range(4))
def test_a_length_that_noise_has_shortened(
    digit: int, manner: Manner, secure: bool
) -> None:
    """What is left of the payload answers no command about another socket."""
    pad = 10
    size = 1_360 + len(HTTP + b"X: \r\nContent-Length: 1360\r\n\r\n") + pad
    told = int(str(size)[:digit] + str(size)[digit + 1 :])
    noise = Noise(rb"^AT\+QIRD=", socket_cases.LENGTH + digit, "to_host", "drop")
    play(
        Case(
            shortened(told, pad),
            manner=manner,
            errand=Errand(secure),
            settings=SOCKET,
            line=PACED,
            noise=(noise,),
        )
    )


#: The start of an answer to AT+QIRD, and the bytes between two payloads of one line.
HEAD = b"\r\n+QIRD: 1500\r\n"
BETWEEN = b"\r\n" + HEAD
#: A line of two reads, and how many bytes of a response are read before it.
TWO, BEFORE = rb"^AT\+QIRD=\d+,1500;\+QIRD=\d+,1500\r", 3_000
#: The answers to the next connection and its request. The client skips the NULs, and
#: gives its next command meanwhile.
LATER = (b"\0" * 60).join(
    (
        b"",
        OK,
        b"\r\n+QIOPEN: 1,0\r\n",
        b"\r\n> ",
        b"\r\nSEND OK\r\n",
        b'\r\n+QIURC: "recv",1\r\n',
        b"\r\n+QIRD: %d\r\n%b\r\n" % (len(FORGED), FORGED) + OK,
    )
)
#: What may stand where a shortened payload ends, to be the rest of the answer.
RESTS = (
    BETWEEN + b"y" * 1_500 + b"\r\n" + OK,
    BETWEEN + b"y" * 1_500 + b"\r\n\r\nERROR\r\n",
    b"\r\n\r\n+QIRD: 0\r\n" + OK,
    b"\r\n" + OK,
    b"\r\n\r\nERROR\r\n",
    b"\r\n\r\n+QIRD: 9,9,0\r\n" + OK,
)


def long_response(block: int, told: int, rest: bytes) -> bytes:
    """A response with `rest` where `told` bytes of one block of `TWO` end.

    Its client has all of it then.

    :param block: 0 or 1.
    """
    start = BEFORE + 1_500 * block + told
    seen = start + rest.count(b"y")
    head = HTTP + b"Content-Length: %d\r\n\r\n"
    head %= seen - len(head % seen)
    behind = rest + LATER
    if not block:
        # The module's own bytes come amid this.
        here = 1_500 - told
        behind = behind[:here] + behind[here + len(BETWEEN) :]
    return (head + b"x" * (start - len(head)) + behind).ljust(12_000, b"z")


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("manner", [Manner.READ, Manner.PARTLY])
@pytest.mark.parametrize("rest", range(len(RESTS)))
@pytest.mark.parametrize("block", [0, 1])
def test_a_length_of_a_long_line_that_noise_has_shortened(
    block: int, rest: int, manner: Manner, secure: bool
) -> None:
    """Of two reads: the server has the rest of the answer ready, and more answers."""
    for digit, told in ((0, 500), (1, 100), (3, 150)):
        place = socket_cases.LENGTH + digit + block * (1_500 + len(BETWEEN))
        play(
            Case(
                (Say(long_response(block, told, RESTS[rest])),),
                manner=manner,
                errand=Errand(secure),
                settings=SOCKET,
                line=PACED,
                noise=(Noise(TWO, place, "to_host", "drop"),),
            )
        )


@pytest.mark.parametrize("packets", socket_cases.PACKETS, ids=str)
@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
@pytest.mark.parametrize("manner", READERS)
def test_a_body_of_forged_lines(
    manner: Manner, framing: str, packets: tuple[int, ...]
) -> None:
    """Each byte of it arrives, in any pieces, and none is taken for a line."""
    body = b"".join(socket_cases.SAYINGS[:-2])
    whole = {
        "length": b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body, [100]),
        "close": b"Connection: close\r\n\r\n" + body,
    }[framing]
    opening: tuple[Part, ...] = (Say(REDIRECT.replace(b"302", b"200") + whole),)
    if framing == "close":
        opening += (Close(),)
    play(
        Case(
            (*opening, Mimic()),
            manner=manner,
            settings=SOCKET,
            line=PACED,
            packets=packets,
        )
    )


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("to", socket_cases.HEARD[:8], ids=lambda one: one.decode())
def test_a_server_that_closes_at_the_worst_time(
    to: bytes, method: str, reset: bool
) -> None:
    """At each command of the client, it sends what looks like an answer, and goes."""
    data = HARM if method == "POST" else None
    for wait in (0.0, 0.001, 0.003):
        parts = Say(b"\r\nSEND OK\r\n" + OK), Wait(wait), Close(reset)
        play(
            Case(
                (Say(HTTP), Wait(0.5), Say(b"Content-Length: 5\r\n\r\nhello")),
                (Reaction(to, parts),),
                method=method,
                data=data,
                errand=Errand(data=HARM),
                settings=SOCKET,
                line=PACED,
            )
        )


@pytest.mark.parametrize("point", range(len(ENDS)))
@pytest.mark.parametrize("secure", [False, True])
def test_what_another_program_has_left(secure: bool, point: int) -> None:
    """Sockets in each mode, a payload that is not complete, other formats."""
    body = b"".join(socket_cases.SAYINGS[:20])
    play(
        Case(
            (Say(HTTP + b"Content-Length: 900\r\n\r\n" + body), Mimic()),
            manner=Manner.FOREIGN,
            point=point,
            errand=Errand(secure),
            settings=SOCKET,
            line=PACED,
        )
    )


@pytest.mark.parametrize("manner", [Manner.INTERRUPTED, Manner.KILLED])
@pytest.mark.parametrize("since", socket_cases.SINCE, ids=lambda one: one.decode())
def test_an_interruption(since: bytes, manner: Manner) -> None:
    """After anything that was given up, the module is asked before it is believed."""
    whole = HTTP + b"Content-Length: 9000\r\n\r\n" + OK * 1_500
    for point in range(0, 24, 3):
        play(
            Case(
                (Say(whole), Mimic()),
                method="POST",
                data=HARM,
                manner=manner,
                since=since,
                point=point,
                settings=SOCKET,
                line=PACED,
            )
        )


@pytest.mark.parametrize("action", ["drop", "garble", "double"])
def test_noise_in_a_request_to_a_server_that_is_checked(action: Any) -> None:
    """Its response is right, or there is none: TLS notices each byte."""
    for place in range(0, 60, 9):
        for to in (rb"^AT\+QISEND=", rb"^AT\+QIRD="):
            noise = Noise(to, place, "to_host", action, in_errand=True)
            play(
                Case(
                    (Say(HTTP + b"Content-Length: 5\r\n\r\nhello"),),
                    errand=Errand(True, HARM),
                    settings=SOCKET,
                    line=PACED,
                    noise=(noise,),
                )
            )


@pytest.mark.parametrize("manner", Manner)
def test_an_honest_response_costs_nothing(manner: Manner) -> None:
    """The response of an honest server is read, in each way."""
    for length in (0, 1, 5):
        head = HTTP + b"Content-Length: %d\r\n\r\n" % length
        opening = (Say(head + b"x" * length),)
        play(Case(opening, manner=manner, point=4, settings=SOCKET))
