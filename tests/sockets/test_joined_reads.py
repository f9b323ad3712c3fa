"""Several reads on one line, for a long response: when, and what can go wrong."""

from __future__ import annotations

import contextlib
import random
import re
import threading
from typing import Any

import pytest

from requests_bg96.emulator import Hangup, Switches
from requests_bg96.errors import BG96Error, StrayAnswer, TransferError
from tests.sockets.stage import (
    DELIVERIES,
    TRICKY,
    Delivery,
    Stage,
    exchange,
    received,
    stage,
)
from tests.support import OK

ONE = "AT+QIRD=0,1500"
#: The first line with more than one command: the second one cannot lose a byte.
TRIAL = f"{ONE};+QIRD=0,0"
TWO, THREE = f"{ONE};+QIRD=0,1500", f"{ONE};+QIRD=0,1500;+QIRD=0,1500"
#: What no read of a server's bytes can repeat by chance.
BODY = random.Random(1).randbytes(12_000)
#: The answer to `TWO`, without its payload: where each part of it begins.
HEAD, END = b"\r\n+QIRD: 1500\r\n", b"\r\n"
SECOND = len(HEAD) + 1_500 + len(END)
ANSWER = 2 * SECOND + len(OK)


def reads(made: Stage) -> list[str]:
    """The lines that have read."""
    return [line for line in made.commands if "QIRD" in line]


def begun(made: Stage, **more: Any) -> Any:
    """A connection whose next line has two reads, and its server."""
    one, peer = made.connect(**more)
    peer.says.append(BODY)
    assert one.recv(9_000) + one.recv(9_000) == BODY[:3_000]
    assert reads(made) == [ONE, TRIAL]
    return one, peer


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_a_long_response(delivery: Delivery) -> None:
    """More reads for as long as they are full, and as a line is not too long."""
    with stage(fragment=DELIVERIES[delivery]) as made:
        one, peer = made.connect()
        peer.says.append(BODY)
        assert received(one, len(BODY)) == BODY
        assert reads(made)[:4] == [ONE, TRIAL, TWO, THREE]
        before = len(reads(made))
        exchange(one, peer)
        assert reads(made)[before:] == [ONE]
        # The module has shown it once: the next response needs no trial.
        peer.says.append(BODY)
        assert received(one, len(BODY)) == BODY
        assert reads(made)[before + 1 : before + 4] == [ONE, TWO, THREE]


def test_again_after_a_restart() -> None:
    """The firmware may be another one then."""
    with stage() as made:
        begun(made)
        made.emulator.reset()
        made.clock.sleep(10.0)
        before = len(reads(made))
        one, peer = made.connect()
        peer.says.append(BODY)
        assert received(one, len(BODY)) == BODY
        assert [line[-2:] for line in reads(made)[before:]][1] == ",0"


@pytest.mark.parametrize(("baudrate", "most"), [(9_600, 1), (57_600, 1), (115_200, 3)])
def test_a_line_is_not_kept_for_long(baudrate: int, most: int) -> None:
    """Other threads wait for it."""
    settings = {"baudrate": baudrate}
    with stage(baudrate=baudrate, settings=settings) as made:
        one, peer = made.connect(60.0)
        peer.says.append(BODY)
        assert received(one, len(BODY)) == BODY
        assert max(line.count("1500") for line in reads(made)) == most


@pytest.mark.parametrize("size", [1_499, 2_999, 3_000, 4_499, 4_500, 9_000])
def test_nothing_is_read_that_nobody_asks_for(size: int) -> None:
    """Only one read may fetch more than its reader takes."""
    with stage() as made:
        one, peer = begun(made)
        peer.says.append(BODY)
        before, found = len(reads(made)), BODY[:3_000]
        for _ in range(3):
            found += one.recv(size)
            allowed = max(1, size // 1_500)
            assert all(line.count("1500") <= allowed for line in reads(made)[before:])
        assert found + received(one, 24_000 - len(found)) == BODY * 2


def test_others_get_their_turn() -> None:
    """A line has one read if another thread has used the module since the last one."""
    with stage() as made:
        one, peer = begun(made)
        other, beside = made.connect()
        before, found = len(reads(made)), BODY[:3_000]
        for _ in range(3):
            thread = threading.Thread(target=exchange, args=(other, beside))
            thread.start()
            thread.join()
            found += one.recv(9_000)
        assert ";" not in "".join(reads(made)[before:])
        found += one.recv(9_000)
        assert reads(made)[-1] == TWO
        assert found + received(one, len(BODY) - len(found)) == BODY


@pytest.mark.parametrize("form", ["first", "error", "results"])
@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_a_module_that_does_not_know_it(form: Any, delay: float) -> None:
    """It is tried once. Nothing is lost, and nobody else is harmed.

    :param delay: the seconds between the answers of a line.
    """
    with stage(switches=Switches(joined_reads=form)) as made:
        one, peer = made.connect()
        other, beside = made.connect()
        peer.says.append(BODY)
        assert one.recv(9_000) == BODY[:1_500]
        made.fault("to_host", SECOND + len(OK), "silence", seconds=delay)
        assert one.recv(9_000) == BODY[1_500:3_000]
        assert received(one, len(BODY) - 3_000) == BODY[3_000:]
        exchange(other, beside, TRICKY)
        made.emulator.reset()
        made.clock.sleep(10.0)
        one, peer = made.connect()
        peer.says.append(BODY)
        assert received(one, len(BODY)) == BODY
        assert [line for line in reads(made) if ";" in line] == [TRIAL]


def test_a_module_that_refuses_the_trial() -> None:
    """Without any data: the next line reads it, and nothing else is asked."""
    with stage() as made:
        one, peer = made.connect()
        peer.says.append(BODY)
        assert received(one, 1_500) == BODY[:1_500]
        made.fault("from_host", 0, "cme", code=3)
        before = len(made.commands)
        assert received(one, len(BODY) - 1_500) == BODY[1_500:]
        assert made.commands[before:] == [TRIAL, *[ONE] * 7]


@pytest.mark.parametrize("result", [b"OK", b"ERROR"])
@pytest.mark.parametrize("behind", [0, SECOND])
@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_a_forged_result_in_the_trial(result: bytes, behind: int, delay: float) -> None:
    """No byte is lost unseen."""
    with stage() as made:
        one, peer = made.connect()
        other, beside = made.connect()
        peer.says.append(BODY)
        assert received(one, 1_500) == BODY[:1_500]
        made.insert(b"\r\n%b\r\n" % result, behind)
        made.fault("to_host", behind, "silence", seconds=delay)
        with contextlib.suppress(ConnectionError):
            assert received(one, len(BODY) - 1_500) == BODY[1_500:]
        exchange(other, beside, TRICKY)
        assert [line for line in reads(made) if ";" in line] == [TRIAL]


@pytest.mark.parametrize("ended", ["empty", "error"])
@pytest.mark.parametrize("size", [4_000, 4_500, 4_600, 5_999, 6_000, 7_500, 7_501])
def test_the_end_amid_a_line(size: int, ended: Any) -> None:
    """What came before the error belongs to the response."""
    with stage(switches=Switches(read_closed=ended)) as made:
        one, peer = made.connect()
        peer.says += [BODY[:size], Hangup()]
        made.clock.sleep(1.0)
        assert received(one, 20_000) == BODY[:size]
        assert one.recv(1) == b""
        exchange(*made.connect())


def test_a_context_that_is_lost_amid_a_line() -> None:
    """What has come is read; then it is an error, and no end."""
    with stage(switches=Switches(context_loss="unlisted")) as made:
        one, _ = begun(made)
        made.fault("to_host", 700, "lose_context")
        with pytest.raises(ConnectionResetError):
            found = one.recv(9_000)
            assert BODY[3_000:].startswith(found) and found
            received(one, 9_000)
        exchange(*made.connect())


@pytest.mark.parametrize(
    "line", [b'+QIURC: "closed",0', b'+QIURC: "recv",1', b"+CEREG: 1", b"RING"]
)
@pytest.mark.parametrize("behind", [0, SECOND, SECOND + len(HEAD), 2 * SECOND])
def test_a_urc_between_the_blocks(line: bytes, behind: int) -> None:
    """No byte is lost."""
    with stage() as made:
        one, peer = begun(made)
        made.fault("to_host", behind, "urc", data=line)
        assert received(one, 9_000) == BODY[3_000:]
        exchange(one, peer)


#: Around each line of the answer, and within each payload.
PLACES = (
    *range(len(HEAD) + 3),
    len(HEAD) + 700,
    *range(SECOND - 3, SECOND + len(HEAD) + 3),
    SECOND + len(HEAD) + 700,
    *range(2 * SECOND - 3, ANSWER),
)


@pytest.mark.parametrize("action", ["drop", "double", "garble"])
def test_noise(action: str) -> None:
    """No byte is ever missing or too many without an error, and no one else is hurt.

    After it, each line has one read.
    """
    for place in PLACES:
        with stage() as made:
            one, _ = begun(made)
            other, beside = made.connect()
            made.fault("to_host", place, action)
            before, found = len(reads(made)), b""
            try:
                while len(found) < 9_000:
                    found += one.recv(9_000 - len(found))
            except (ConnectionError, TimeoutError) as error:
                assert isinstance(error.__cause__, BG96Error)
                with pytest.raises(ConnectionError):
                    one.send(b"x")
                assert reads(made)[before:] == [TWO]
                assert made.modem.engine.known.reads_singly
            else:
                assert len(found) == 9_000
                if action != "garble":
                    assert found == BODY[3_000:], place
            exchange(other, beside, TRICKY)


@pytest.mark.parametrize("result", [b"OK", b"ERROR", b"+CME ERROR: 703", b"CONNECT"])
@pytest.mark.parametrize("behind", [0, SECOND])
@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_a_forged_result(result: bytes, behind: int, delay: float) -> None:
    """The connection is lost, and the rest of the answer harms no other one."""
    with stage() as made:
        one, _ = begun(made)
        other, beside = made.connect()
        made.insert(b"\r\n%b\r\n" % result, behind)
        made.fault("to_host", behind, "silence", seconds=delay)
        with pytest.raises(ConnectionError) as caught:
            received(one, 9_000)
        assert isinstance(caught.value.__cause__, BG96Error)
        exchange(other, beside, TRICKY)


@pytest.mark.parametrize(
    "told", [b"0", b"15", b"150", b"1501", b"9999", b"-1", b"1,2,3"]
)
@pytest.mark.parametrize("behind", [0, SECOND])
def test_a_wrong_length(told: bytes, behind: int) -> None:
    """The connection is lost, and no other one is."""
    with stage() as made:
        one, _ = begun(made)
        other, beside = made.connect()
        for place in range(len(b"1500")):
            made.fault("to_host", behind + len(b"\r\n+QIRD: ") + place, "drop")
        made.insert(told, behind + len(b"\r\n+QIRD: "))
        with pytest.raises((ConnectionError, TimeoutError)) as caught:
            received(one, 9_000)
        assert isinstance(caught.value.__cause__, (TransferError, StrayAnswer))
        exchange(other, beside, TRICKY)


def test_a_body_of_answers() -> None:
    """Payload is only counted, in each block."""
    forged = HEAD + b"x" * 40 + END + OK + b"\r\nERROR\r\n" + HEAD * 3
    body = (TRICKY + forged) * 60
    with stage() as made:
        one, peer = made.connect()
        peer.says.append(body)
        assert received(one, len(body)) == body
        assert made.commands.count(THREE) > 3
        exchange(one, peer, TRICKY)


def test_a_port_that_is_lost_amid_a_line() -> None:
    """Whether several reads work is not known then: they are not tried again."""
    with stage() as made:
        one, _ = begun(made)
        made.fault("to_host", 700, "replug")
        with pytest.raises(ConnectionAbortedError):
            received(one, 9_000)
        one, peer = made.connect()
        peer.says.append(BODY)
        before = len(reads(made))
        assert received(one, len(BODY)) == BODY
        assert not [line for line in reads(made)[before:] if ";" in line]


def test_what_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The line as it was sent, and no payload."""
    caplog.set_level("DEBUG", "requests_bg96.link")
    with stage() as made:
        one, _ = begun(made)
        received(one, 9_000)
    shown = [record.getMessage() for record in caplog.records]
    assert f"> {TRIAL}" in shown and f"> {TWO}" in shown
    assert [line for line in shown if re.search(r"\+QIRD: [0-9]+,3000,[0-9]+", line)]
