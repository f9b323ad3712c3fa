"""The attempts of a server, one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from requests_bg96.emulator import Delay, Switches
from tests.adversary import trial
from tests.adversary.plans import (
    ACCOUNT,
    EVIL,
    HARM,
    REDIRECT,
    SECRET,
    Answer,
    Case,
    Close,
    Coded,
    Errand,
    Manner,
    Mimic,
    Part,
    Reaction,
    Say,
    Wait,
    in_lf,
)
from tests.faults.trial import bounded
from tests.support import OK, SOMEWHERE, TRAILER, Answers, response, rig

LATER = Switches(sni_checkhost=True)
#: Settings that might make a difference.
SETTINGS: tuple[Mapping[str, Any], ...] = (
    {},
    {"verify_echo": True},
    {"dtr": True},
    {"rtscts": True},
)
#: Ways to read a response with looks at the port meanwhile.
OPEN_EYED = (
    Manner.FOLLOW,
    Manner.READ,
    Manner.CLOSE,
    Manner.UNREAD,
    Manner.PARTLY,
    Manner.TIMEOUT,
)
#: Numbers of looks at the port at which a reader is inside a response.
POINTS = range(0, 20, 2)


#: Plays an attack.
Play = Callable[[Case], None]


@pytest.fixture(name="play", params=["CR LF", "LF"])
def _play(request: pytest.FixtureRequest) -> Play:
    """Play attacks on a module with this line end."""
    if request.param == "LF":
        return lambda case: trial.play(in_lf(case))
    return trial.play


def takeover(
    head: bytes = REDIRECT + b"\r\n",
    body: bytes = b"x",
    *,
    coded: bool = False,
    wait: float = 0.2,
) -> tuple[Part, ...]:
    """A false end, the answer to a question, and then all answers of a module."""
    end: tuple[Part, ...] = (Say(body + TRAILER), Wait(wait), Say(OK), Mimic())
    return (Say(head), *((Coded(),) if coded else ()), *end)


def ids(settings: Mapping[str, Any]) -> str:
    """The name of the settings."""
    return ",".join(settings) or "defaults"


@pytest.mark.parametrize("settings", SETTINGS, ids=ids)
@pytest.mark.parametrize("manner", OPEN_EYED)
def test_a_forged_response(
    play: Play, manner: Manner, settings: Mapping[str, Any]
) -> None:
    """The server before does not answer the next request to another host."""
    play(Case(takeover(), manner=manner, settings=settings))


@pytest.mark.parametrize("settings", SETTINGS, ids=ids)
def test_another_hosts_cookies(play: Play, settings: Mapping[str, Any]) -> None:
    """The server takes the URL, so that the module would ask it again, and goes."""
    taken = Reaction(rb"^https?://bank", (Wait(0.01), Close()))
    play(Case(takeover(), (taken,), settings=settings))


@pytest.mark.parametrize("verify_echo", [False, True])
@pytest.mark.parametrize("end", ["forged", "stolen"])
def test_a_server_that_is_checked(play: Play, end: str, verify_echo: bool) -> None:
    """A request by https, with a cookie, uses TLS and goes to its host."""
    told = b"\r\n+QHTTPURL: https://%b?%b\r\n" % (ACCOUNT.encode(), SECRET.encode())
    taken = Reaction(rb"\+QHTTPURL\?", (Say(told), Wait(0.01), Close()))
    play(
        Case(
            takeover(),
            (taken,) if end == "stolen" else (),
            errand=Errand(secure=True),
            manner=Manner.READ,
            switches=LATER,
            settings={"verify_echo": verify_echo},
        )
    )


@pytest.mark.parametrize(
    "reaction, line",
    [
        (Reaction(rb"(?s)Host: bank.*AT\+QFDEL", (Close(),)), {}),
        (
            Reaction(rb"^AT\+QHTTPPOST=", (Answer(), Wait(0.003), Close())),
            {"baudrate": 115_200},
        ),
    ],
    ids=["at once", "115200"],
)
@pytest.mark.parametrize("verify_echo", [False, True])
def test_an_upload_that_would_be_commands(
    play: Play, reaction: Reaction, line: Mapping[str, Any], verify_echo: bool
) -> None:
    """The module does not run a body that is sent again after a 307."""
    head = REDIRECT.replace(b"302 Found", b"307 Temporary Redirect") + b"\r\n"
    play(
        Case(
            takeover(head),
            (reaction,),
            method="POST",
            data=HARM,
            settings={"verify_echo": verify_echo},
            line=line,
        )
    )


@pytest.mark.parametrize("chunked", ["decoded", "raw"])
@pytest.mark.parametrize(
    "field, coded",
    [
        (b"", False),
        (b"Content-Length: 1000\r\n", False),
        (b"Transfer-Encoding: chunked\r\n", True),
        (b"Transfer-Encoding: chunked\r\n\r\nfff", False),
        (b"Transfer-Encoding: gzip, chunked\r\n", True),
    ],
    ids=["open", "length", "chunks", "one chunk", "gzip, chunked"],
)
@pytest.mark.parametrize("manner", [Manner.FOLLOW, Manner.PARTLY, Manner.FOREIGN])
def test_a_body_that_does_not_end(
    play: Play, manner: Manner, field: bytes, coded: bool, chunked: Any
) -> None:
    """A trailer is payload, before the end by HTTP and where HTTP tells no end."""
    switches = Switches(chunked=chunked)
    opening = takeover(REDIRECT + field + b"\r\n", coded=coded)
    play(Case(opening, manner=manner, switches=switches))


@pytest.mark.parametrize("end", ["on_close", "on_wait"])
@pytest.mark.parametrize(
    "method, status",
    [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")],
)
@pytest.mark.parametrize("manner", [Manner.READ, Manner.CLOSE, Manner.UNREAD])
def test_a_body_where_there_is_none(
    play: Play, manner: Manner, method: str, status: bytes, end: Any
) -> None:
    """A server gains nothing by a body that HTTP does not allow."""
    head = REDIRECT.replace(b"302 Found", status) + b"Content-Length: 900\r\n\r\n"
    switches = Switches(bodyless_end=end)
    opening = takeover(head, b"")
    play(Case(opening, manner=manner, method=method, switches=switches))


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 1\r\nContent-Length: 900\r\n",
        b"Content-Length: 900\r\nContent-Length: 1\r\n",
        b"Content-Length: 1\r\n , 900\r\n",
        b"Content-Length: 1, 900\r\n",
        b"Content-Length: +1\r\n",
        b"Content-Length: 1_0\r\n",
        b"Content-Length : 900\r\nContent-Length: 1\r\n",
        b"\x00Content-Length: 900\r\nContent-Length: 1\r\n",
        b"Content-Length: \xb2\r\nContent-Length: 1\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: x-chunked\r\n",
        b"X: y\rContent-Length: 900\r\nContent-Length: 1\r\n",
        b"X: y\x0bContent-Length: 900\r\nContent-Length: 1\r\n",
        b"X: y\x85Content-Length: 1\r\n",
        b"X: y\rContent-Length: 1\r\n",
        b"no field\r\nContent-Length: 1\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding:\x0bchunked\r\n",
    ],
)
@pytest.mark.parametrize("manner", [Manner.FOLLOW, Manner.UNREAD])
def test_a_length_that_is_read_in_two_ways(
    play: Play, manner: Manner, fields: bytes
) -> None:
    """If the lengths of client and module differ, neither is an end."""
    play(Case(takeover(REDIRECT + fields + b"\r\n"), manner=manner))


@pytest.mark.parametrize("chunked", ["decoded", "raw"])
@pytest.mark.parametrize("coding", [b"x-chunked", b"chunked, gzip", b"\x0bchunked"])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 1\r\n"])
def test_chunks_that_not_everybody_sees(
    play: Play, length: bytes, coding: bytes, chunked: Any
) -> None:
    """The module decodes chunks that the client does not know of."""
    fields = b"Transfer-Encoding: " + coding + b"\r\n" + length + b"\r\n"
    opening = takeover(REDIRECT + fields, coded=True)
    play(Case(opening, switches=Switches(chunked=chunked)))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("manner", [Manner.INTERRUPTED, Manner.KILLED])
@pytest.mark.parametrize("wait", [0.2, 1.0, 2.0])
def test_an_interruption(play: Play, manner: Manner, point: int, wait: float) -> None:
    """After anything that was given up, the module is asked before it is believed."""
    play(Case(takeover(wait=wait), manner=manner, point=point))


@pytest.mark.parametrize("verify_echo", [False, True])
@pytest.mark.parametrize("secure", [False, True])
def test_the_first_thing_that_a_program_meets(
    play: Play, secure: bool, verify_echo: bool
) -> None:
    """A port that another program has left during a response."""
    settings = {"verify_echo": verify_echo}
    errand = Errand(secure)
    play(
        Case(
            takeover(),
            errand=errand,
            manner=Manner.FOREIGN,
            switches=LATER,
            settings=settings,
        )
    )


@pytest.mark.parametrize("manner", [Manner.FOLLOW, Manner.FOREIGN, Manner.UNREAD])
@pytest.mark.parametrize(
    "start",
    [
        b"\r\nRDY\r\n",
        b"\r\nRDY\r\n\r\nAPP RDY\r\n",
        b"\r\nPOWERED DOWN\r\n",
        b"\r\nPSM POWER DOWN\r\n",
    ],
)
def test_a_false_start_of_the_module(play: Play, manner: Manner, start: bytes) -> None:
    """The bytes of a module that has just started do not prove that it listens."""
    opening = (*takeover()[:-1], Say(start), Mimic())
    play(Case(opening, manner=manner))


@pytest.mark.parametrize("baudrate", [9_600, 115_200, None])
@pytest.mark.parametrize("manner", [Manner.READ, Manner.PARTLY, Manner.KILLED])
@pytest.mark.parametrize("word", [b"Q0", b"V1", b"?"])
def test_a_guess_at_the_question(
    play: Play, manner: Manner, word: bytes, baudrate: Any
) -> None:
    """The server answers the question with its own echo, in each form."""
    guess = b"AT" + word * 40
    echoes = b"".join(guess + end + OK for end in (b"E0\r", b"E1\r", b"E0\r\r\n"))
    reaction = Reaction(rb"^AT", (Say(echoes), Answer()), times=50)
    play(
        Case(
            takeover(),
            (reaction,),
            manner=manner,
            point=4,
            line={"baudrate": baudrate},
        )
    )


@pytest.mark.parametrize("length", [0, 1, 5])
def test_an_honest_response_costs_nothing(play: Play, length: int) -> None:
    """The response of an honest server is read, in each way."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length
    for manner in Manner:
        play(Case((Say(head + b"x" * length),), manner=manner, point=4))


def test_the_servers_name_is_no_part_of_the_others(play: Play) -> None:
    """So the bytes at a server tell whose they are."""
    assert EVIL.encode() not in ACCOUNT.encode() and SECRET not in EVIL


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("GET", b"\r\n" * 40 + b"x" * 300),
        ("HEAD", b"AT1\r\n" * 40 + b"y\r\ny\r\n"),
    ],
)
def test_lines_that_can_be_told_apart_in_many_ways(method: str, lines: bytes) -> None:
    """Bytes where answers may come are parsed in a reasonable time."""
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    sent: Answers = [head + TRAILER, Delay(0.7), lines]
    with bounded(), rig(sent, response(b"next")) as made:
        if method == "GET":
            assert made.get().content == TRAILER + lines
        else:
            with contextlib.suppress(requests.RequestException):
                made.session.head(SOMEWHERE)
        assert made.get().content == b"next"
