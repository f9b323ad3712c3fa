"""Restarts, faults and noise at any byte, and their effect on a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ReadTimeout
from urllib3.util import Retry

from requests_bg96.emulator import Fault, Switches
from requests_bg96.errors import ModuleRestarted, Phase
from tests.checks import outcome
from tests.recovery.programs import left
from tests.support import SOMEWHERE, TRAILER, Rig, bytewise, chunks, response, rig

BODY = b"up" * 1500
DOWN = b"down" + TRAILER + b"down"


def post(made: Rig, **arguments: Any) -> requests.Response:
    """Send a POST."""
    return made.session.post(SOMEWHERE, data=BODY, **arguments)


def check_requests(made: Rig, count: int) -> None:
    """Check that this many requests arrived, each with exactly the client's bytes."""
    assert len(made.servers.requests) == count
    for data in made.servers.requests:
        assert data.startswith(b"POST /path HTTP/1.1\r\nHost: server.example\r\n")
        assert data.count(b"HTTP/1.1") == 1 and data.endswith(b"\r\n\r\n" + BODY)
    assert len(set(made.servers.requests)) == 1


# Between two requests

FIRMWARES = [
    Switches(boot_urcs=boot, echo_after_reset=echo, cmee_after_reset=cmee)
    for boot in ("full", "rdy", "none")
    for echo in (True, False)
    for cmee in (0, 1, 2)
]


@pytest.mark.parametrize(
    "firmware",
    FIRMWARES,
    ids=lambda one: f"{one.boot_urcs}-{one.echo_after_reset}-{one.cmee_after_reset}",
)
@pytest.mark.parametrize("pause", [0.0, 0.3, 2.0, 5.0, 5.95, 6.3, 7.0, 9.5, 60.0])
def test_a_restart_between_two_requests(firmware: Switches, pause: float) -> None:
    """The requests have one URL: earlier settings must not be relied on."""
    with rig(response(DOWN), switches=firmware) as made:
        assert post(made).content == DOWN
        made.emulator.reset()
        made.clock.sleep(pause)
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 2)


@pytest.mark.parametrize(
    "line", [b"RDY", b"APP RDY", b"POWERED DOWN", b"PSM POWER DOWN"]
)
def test_a_restart_that_did_not_happen(line: bytes) -> None:
    """A line that reports one costs some questions, and nothing else."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.emulator.urc(line)
        assert post(made).content == DOWN
        check_requests(made, 2)


def test_a_context_that_the_network_drops() -> None:
    """Its URC comes, or is lost."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.emulator.lose_context()
        assert post(made).content == DOWN
        made.modem.close()
        made.emulator.lose_context()
        assert post(made).content == DOWN
        check_requests(made, 3)


@pytest.mark.parametrize(
    "line",
    [b"+CREG: 2", b"RING", b'+QIURC: "closed",1', b"+QHTTPGET: 702", b"\xff\xfe"],
)
def test_urcs_between_requests(line: bytes) -> None:
    """They change nothing."""
    with rig(response(DOWN)) as made:
        for _ in range(3):
            made.emulator.urc(line)
            assert post(made).content == DOWN
        check_requests(made, 3)


# Remains of other programs


@pytest.mark.parametrize(
    "commands",
    [
        [b"ATE1\r"],
        [b"ATV0\r"],
        [b"ATQ1\r"],
        [b"ATE1V0Q1\r"],
        [b"AT+CMEE=0\r"],
        [b"AT+CMEE=2\r"],
        [b"ATE0\r", b"AT+QIA"],
        [b"AT&D0\r"],
        [b"AT&D2\r"],
        [
            b'AT+QHTTPCFG="requestheader",0\r',
            b"AT+QHTTPURL=18\r",
            b"http://other.test/",
        ],
        [b'AT+QHTTPCFG="contextid",4\r'],
        [b"AT+QIACT=1\r"],
        [b"AT+QIACT=1\r", b"AT+QIACT=2\r", b"AT+QIDEACT=1\r"],
        [b"AT+CREG=2\r", b"AT+CGREG=1\r", b"AT+CEREG=2\r"],
        [b"AT&D0\r", b"AT+QHTTPURL=100,600\r"],
        [b"AT&D0\r", b'AT+QFUPL="x",100000,600\r'],
    ],
    ids=lambda commands: b" ".join(commands).decode("ascii", "replace"),
)
def test_what_another_program_has_left(commands: list[bytes]) -> None:
    """Echo, numeric results, no results, half a line, data mode, settings."""
    with rig(response(DOWN)) as made:
        left(made, *commands)
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 1)


def test_what_another_program_has_left_between() -> None:
    """The adapter was closed meanwhile."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.adapter.close()
        left(made, b"ATE1\r", b'AT+QHTTPCFG="requestheader",0\r', b"AT+QIDEACT=1\r")
        assert post(made).content == DOWN
        check_requests(made, 2)


@pytest.mark.parametrize("rate", [9_600, 19_200, 57_600, 230_400, 921_600])
def test_the_modules_own_speed(rate: int) -> None:
    """The client finds it."""
    with rig(response(DOWN)) as made:
        made.emulator.module.store.line_rate = rate
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 1)


@pytest.mark.parametrize("rate", [9_600, 115_200, 921_600])
def test_the_speed_that_is_wanted(rate: int) -> None:
    """The client sets it."""
    with rig(response(DOWN), adapter={"baudrate": rate}) as made:
        assert post(made, timeout=(60, 20)).content == DOWN
        assert made.emulator.module.store.line_rate == rate
        check_requests(made, 1)


# In an upload


@pytest.mark.parametrize("via", ["line", "socket"])
def test_rdy_in_the_middle_of_an_upload(via: str) -> None:
    """The caller gets an error, nothing is repeated, and the next request works."""
    with rig(response(DOWN), adapter={"via": via, "max_retries": Retry(2)}) as made:
        post(made)
        made.emulator.add_fault(Fault("from_host", 2_000, "reset"))
        with pytest.raises(requests.ConnectionError, match="it said RDY") as caught:
            post(made)
        cause: BaseException | None = caught.value
        while cause is not None and not isinstance(cause, ModuleRestarted):
            cause = cause.__cause__ or cause.__context__
        assert cause is not None and cause.phase is Phase.SEND
        check_requests(made, 1)
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 2)


# Anywhere in an exchange

Direction = Literal["to_host", "from_host"]


def ending(made: Rig) -> type[Exception] | None:
    """The exception of a request; None for the right response."""
    found = outcome(made.session, "POST", data=BODY, timeout=(60, 10))
    if isinstance(found, requests.RequestException):
        return type(found)
    assert found.content == DOWN
    return None


def places(count: int) -> Iterator[int]:
    """Offsets all over the commands, and some in the payload."""
    yield from range(0, min(count, 400), 23)
    yield from range(400, count, 701)


#: The result of a request, if the module fails before CONNECT, while it takes the
#: request, and when it has the response.
ENDINGS: dict[str, tuple[type[Exception] | None, ...]] = {
    "reset": (None, requests.ConnectionError, requests.ConnectionError),
    "reset_quiet": (None, ReadTimeout, ReadTimeout),
    "lose_context": (None, requests.ConnectionError, None),
    "hang_up": (None, requests.ConnectionError, None),
}
#: The commands that may take longer than the connect timeout.
PATIENT = (b"AT+QIACT=", b"AT+QHTTPPOST=")


def right_ending(
    action: str, traffic: list[tuple[str, bytes]], way: Direction, offset: int
) -> type[Exception] | None:
    """The required result if the module fails at this offset.

    :param traffic: that of an exchange without faults.
    """
    passed = 0
    for place, (to, data) in enumerate(traffic):
        passed += len(data) if to == way else 0
        if passed >= max(offset, 1):
            break
    # The first piece of the host after that has no answer.
    told = [data for to, data in traffic[place:] if to == "from_host"]
    if not told:
        return None
    taken = not any(data.startswith(b"AT+QHTTPPOST=") for data in told)
    answered = told[0].startswith(b"AT+QHTTPREAD=")
    if action == "reset_quiet" and told[0].startswith(PATIENT):
        return ConnectTimeout
    return ENDINGS[action][taken + answered]


@pytest.mark.parametrize("action", ["reset", "reset_quiet", "lose_context", "hang_up"])
@pytest.mark.parametrize("direction", ["to_host", "from_host"])
def test_anything_anywhere(action: Any, direction: Direction) -> None:
    """The right response or an error, one execution at most; the next request works."""
    with rig(response(DOWN)) as made:
        post(made)
        traffic = made.traffic
    length = sum(len(data) for way, data in traffic if way == direction)
    for offset in (*places(length), *range(length - 150, length, 17)):
        fault = Fault(direction, offset, action)
        with rig(response(DOWN), faults=[fault]) as made:
            got = ending(made)
            assert got is right_ending(action, traffic, direction, offset), offset
            count = len(made.servers.requests)
            assert count == 1 or (count == 0 and got is not None), offset
            made.clock.sleep(10)
            assert post(made, timeout=(150, 10)).content == DOWN
            check_requests(made, count + 1)


#: The end of each part of a dialogue, up to the response's body, and the possible
#: results with noise in that part; None if the request works nevertheless.
PARTS: list[tuple[bytes, type[Exception] | None]] = [
    (b": READY\r\n", None),
    (b"\r\nOK\r\n\r\n+CREG", requests.ConnectionError),
    (b"\r\nOK\r\n\r\nCONNECT", None),
    (b"\r\nCONNECT", ConnectTimeout),
    (b"\n+QHTTPPOST: 0", None),
    (b" 0,200", ReadTimeout),
    (b"\n\r\nCONNECT\r\nHTTP", requests.ConnectionError),
    (b"\r\nCONNECT\r\nHTTP", ReadTimeout),
    (b"\r\n\r\n", requests.ConnectionError),
]


def noisy_ending(heard: bytes, offset: int, action: str) -> type[Exception] | None:
    """The possible results of a request with noise at this offset.

    :param heard: the bytes of an exchange without faults.
    """
    end = 0
    for marker, found in PARTS:
        end = heard.index(marker, end)
        if offset < end:
            return found
    if b"chunked" in heard:
        return ChunkedEncodingError
    # The URC has the length. So the client knows whether there is more before it
    # returns the head, and whether a trailer is one.
    over = heard.index(DOWN, end) + len(DOWN)
    first = end if action == "double" else over
    last = over + len(b"\r\nOK\r") + (action == "double")
    return requests.ConnectionError if first <= offset < last else ChunkedEncodingError


@pytest.mark.parametrize("action", ["drop", "garble", "double"])
@pytest.mark.parametrize(
    "answer",
    [
        response(DOWN),
        response(chunks(DOWN, [9]), b"Transfer-Encoding: chunked"),
    ],
    ids=["length", "chunks"],
)
def test_a_byte_that_goes_wrong(action: Any, answer: bytes) -> None:
    """It is one of the module: the body is never wrong if the framing can tell."""
    firmware = Switches(chunked="raw")
    with rig(answer, switches=firmware) as made:
        post(made)
        heard = made.heard
    start = heard.index(b"HTTP/1.1 200 OK")
    body = heard.index(b"\r\n\r\n", start) + 4
    told = range(body, len(heard), 2) if action != "garble" else []
    for offset in [*range(0, start, 9), *told]:
        fault = Fault("to_host", offset, action)
        with rig(answer, faults=[fault], switches=firmware, seed=offset) as made:
            got = ending(made)
            around = (offset, heard[offset - 20 : offset + 20])
            assert got in (None, noisy_ending(heard, offset, action)), around
            assert len(made.servers.requests) <= 1
            assert post(made, timeout=(150, 10)).content == DOWN


def test_a_port_that_vanishes_and_comes_back() -> None:
    """The request in progress fails, and the next one opens it again."""
    with rig(response(DOWN)) as made:
        post(made)
        heard = made.heard
    # Bytes that came with the last ones before that are not read.
    body = heard.rindex(b"\r\n+QHTTPREAD: 0")
    for offset in (*range(0, body, 40), body, *range(body + 1, len(heard), 5)):
        fault = Fault("to_host", offset, "unplug")
        with rig(response(DOWN), faults=[fault]) as made:
            # Only then, a part of the body is there.
            begun = offset > body
            wanted = ChunkedEncodingError if begun else requests.ConnectionError
            assert ending(made) is wanted, offset
            made.emulator.plug()
            made.clock.sleep(1)
            assert post(made, timeout=(60, 10)).content == DOWN


def test_a_module_that_is_switched_off() -> None:
    """Each failure comes in time. When it is on again, requests work."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.emulator.power_off()
        started = made.clock.now()
        for _ in range(3):
            with pytest.raises(ConnectTimeout):
                post(made, timeout=(40, 10))
        assert made.clock.now() - started < 125
        made.emulator.reset()
        made.clock.sleep(6)
        assert post(made, timeout=(60, 10)).content == DOWN
        check_requests(made, 2)


NOISE = bytes(range(128, 256)) * 3


@pytest.mark.parametrize(
    "noise",
    [NOISE, NOISE[::50], NOISE + b"\r\n", b"\r\n".join(bytewise(NOISE[::50])), b"\0"],
    ids=["much", "little", "a line", "lines", "a break"],
)
def test_noise_on_the_line(noise: bytes) -> None:
    """Before the first answer, on a line that has just been plugged in."""
    with rig(
        response(DOWN), faults=[Fault("to_host", 0, "insert", data=noise)]
    ) as made:
        assert post(made).content == DOWN
        assert made.heard.startswith(noise)
        # The answer after it is understood: nothing is asked again.
        assert made.written.count(b"ATQ0V1E1") == 1
        check_requests(made, 1)
