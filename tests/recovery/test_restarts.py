"""What happens to module and line between the bytes, and what a request makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
import requests

from requests_bg96.emulator import Fault, Switches
from tests.recovery.programs import left
from tests.support import SOMEWHERE, TRAILER, Rig, bytewise, chunks, response, rig

BODY = b"up" * 1500
DOWN = b"down" + TRAILER + b"down"


def post(made: Rig, **arguments: Any) -> requests.Response:
    """POST something."""
    return made.session.post(SOMEWHERE, data=BODY, **arguments)


def check_requests(made: Rig, count: int) -> None:
    """So many requests arrived, and each was exactly the client's bytes."""
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
    """To the same URL: nothing that was set before may be taken for granted."""
    with rig(response(DOWN), switches=firmware) as made:
        assert post(made).content == DOWN
        made.emulator.reset()
        made.clock.sleep(pause)
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 2)


@pytest.mark.parametrize("line", [b"RDY", b"APP RDY", b"POWERED DOWN"])
def test_a_restart_that_did_not_happen(line: bytes) -> None:
    """A line that says so costs some questions, and nothing else."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.emulator.urc(line)
        assert post(made).content == DOWN
        check_requests(made, 2)


def test_a_context_that_the_network_drops() -> None:
    """With its URC, and where the URC is lost."""
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


# What others have left


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
    """Echo, digits for results, no results, half a line, data mode, settings."""
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
    """It is found."""
    with rig(response(DOWN)) as made:
        made.emulator.module.store.line_rate = rate
        assert post(made, timeout=(60, 20)).content == DOWN
        check_requests(made, 1)


@pytest.mark.parametrize("rate", [9_600, 115_200, 921_600])
def test_the_speed_that_is_wanted(rate: int) -> None:
    """It is set."""
    with rig(response(DOWN), adapter={"baudrate": rate}) as made:
        assert post(made, timeout=(60, 20)).content == DOWN
        assert made.emulator.module.store.line_rate == rate
        check_requests(made, 1)


# Anywhere in an exchange

Direction = Literal["to_host", "from_host"]


def exchange_length(*answers: Any) -> tuple[int, int]:
    """Bytes of a fair exchange, to the module and from it."""
    with rig(*answers) as made:
        post(made)
        return len(made.written), len(made.heard)


def outcome(made: Rig) -> bytes | None:
    """The body of the answer; None for any failure that a user may see."""
    try:
        return post(made, timeout=(60, 10)).content
    except requests.RequestException:
        return None


def places(count: int) -> Iterator[int]:
    """Offsets all over the commands, and some in the payload."""
    yield from range(0, min(count, 400), 11)
    yield from range(400, count, 307)


@pytest.mark.parametrize("action", ["reset", "reset_quiet", "lose_context", "hang_up"])
@pytest.mark.parametrize("direction", ["to_host", "from_host"])
def test_anything_anywhere(action: Any, direction: Direction) -> None:
    """Right or an error; carried out once at most; and the next request works."""
    lengths = exchange_length(response(DOWN))
    for offset in places(lengths[direction == "to_host"]):
        fault = Fault(direction, offset, action)
        with rig(response(DOWN), faults=[fault]) as made:
            got = outcome(made)
            assert got in (DOWN, None)
            count = len(made.servers.requests)
            assert count == 1 or (count == 0 and got is None), offset
            made.clock.sleep(10)
            assert post(made, timeout=(150, 10)).content == DOWN
            check_requests(made, count + 1)


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
    """On its way from the module: never a wrong body where the framing can tell."""
    firmware = Switches(chunked="raw")
    with rig(answer, switches=firmware) as made:
        post(made)
        heard = made.heard
    start = heard.index(b"HTTP/1.1 200 OK")
    body = heard.index(b"\r\n\r\n", start) + 4
    told = range(body, len(heard)) if action != "garble" else []
    for offset in [*range(0, start, 4), *told]:
        fault = Fault("to_host", offset, action)
        with rig(answer, faults=[fault], switches=firmware, seed=offset) as made:
            got = outcome(made)
            assert got in (DOWN, None), (offset, heard[offset - 20 : offset + 20])
            assert len(made.servers.requests) <= 1
            assert post(made, timeout=(150, 10)).content == DOWN


def test_a_port_that_vanishes_and_comes_back() -> None:
    """The request in progress fails, the next one opens it again."""
    lengths = exchange_length(response(DOWN))
    for offset in range(0, lengths[1], 40):
        fault = Fault("to_host", offset, "unplug")
        with rig(response(DOWN), faults=[fault]) as made:
            assert outcome(made) in (None, DOWN)
            made.emulator.plug()
            made.clock.sleep(1)
            assert post(made, timeout=(60, 10)).content == DOWN


def test_a_module_that_is_switched_off() -> None:
    """Each failure comes in time; when it is on again, all is well."""
    with rig(response(DOWN)) as made:
        assert post(made).content == DOWN
        made.emulator.power_off()
        started = made.clock.now()
        for _ in range(3):
            with pytest.raises(requests.ConnectionError):
                post(made, timeout=(40, 10))
        assert made.clock.now() - started < 125
        made.emulator.reset()
        made.clock.sleep(6)
        assert post(made, timeout=(60, 10)).content == DOWN
        check_requests(made, 2)


def test_noise_on_the_line() -> None:
    """Before the first answer, of a line that has just been plugged in."""
    noise = bytes(range(128, 256)) * 3
    with rig(response(DOWN)) as made:
        made.emulator.urc(noise)
        for byte in bytewise(noise)[::50]:
            made.emulator.urc(byte)
        assert post(made).content == DOWN
