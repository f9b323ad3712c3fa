"""The steps for payload of sockets: what they wait for, and what they leave behind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from requests_bg96.at.pieces import CANCEL, FILL_EVERY, FILLER
from requests_bg96.at.socket_steps import MOST_SENT, Fetch, Fetched, Send
from requests_bg96.at.state import State
from requests_bg96.at.steps import Ask, Await, Command, Escape, Listen, Step
from requests_bg96.base import times
from requests_bg96.base.codes import BITS_PER_BYTE
from requests_bg96.emulator import Switches
from requests_bg96.errors import BG96Error, NoAnswer, StrayAnswer
from tests.emulator.peers import Peer
from tests.line.stage import carried_out
from tests.recovery.programs import left
from tests.sockets.stage import HOST, Stage, exchange, stage
from tests.support import INVITATION

HINT, LOST = b'+QIURC: "recv",5', b'+QIURC: "pdpdeact",1'
BODY = b"0123456789" * 20
#: The answer to a read of `BODY`, up to its result.
ANSWERED = len(b"\r\n+QIRD: 200\r\n\r\n\r\nOK\r\n") + len(BODY)
SENDS = Send("+QISEND=0,5", payload=b"hello", payload_timeout=3.0)
FETCHES = Fetch("+QIRD=0,1500", payload_timeout=3.0)


@contextlib.contextmanager
def opened(**options: Any) -> Iterator[tuple[Stage, Peer]]:
    """A socket, opened by its commands, and the server at its other end."""
    options.setdefault("baudrate", 9_600)
    with stage(settings={"baudrate": 9_600}, **options) as made:
        made.modem.prepare()
        carry_out(
            made,
            Command(f'+QIOPEN=1,0,"TCP","{HOST}",80'),
            Await(b"+QIOPEN:", 5.0),
        )
        yield made, made.peers.made[-1]


def carry_out(made: Stage, *steps: Step, seconds: float = 30.0) -> list[Any]:
    """Carry out steps; return their results."""
    link = made.modem.engine.driver.link
    assert link is not None
    return carried_out(link, *steps, seconds=seconds)


def told(made: Stage, peer: Peer, data: bytes = BODY) -> None:
    """Let the server send bytes, and wait until the module has told of them."""
    peer.says.append(data)
    carry_out(made, Await(b'+QIURC: "recv",0', 5.0))


def questions(made: Stage) -> int:
    """The number of questions."""
    return len(INVITATION.findall(made.written))


# The end of a payload


def test_how_long_a_line_must_be_silent() -> None:
    """For the time of some bytes, after a payload only."""
    with opened() as (made, peer):
        told(made, peer)
        assert [one.data for one in carry_out(made, FETCHES)] == [BODY]
        byte = BITS_PER_BYTE / 9_600
        started = made.clock.now()
        spent = []
        for step in (None, None, Ask()):
            if step is not None:
                carry_out(made, step)
                started = made.clock.now()
            carry_out(made, Command("+CMEE=1"))
            spent.append(made.clock.now() - started)
            started = made.clock.now()
        plain = len(b"AT+CMEE=1\r\r\nOK\r\n") * byte
        assert spent == pytest.approx([plain + 3 * byte, plain, plain], abs=0.9 * byte)


@pytest.mark.parametrize("lines", [[HINT], [HINT, b'+QIURC: "closed",7'], []])
def test_hints_right_behind_a_payload(lines: list[bytes]) -> None:
    """They are the module's, and nothing is asked."""
    with opened() as (made, peer):
        told(made, peer)
        data = b"".join(b"\r\n" + line + b"\r\n" for line in lines)
        made.fault("to_host", ANSWERED, "insert", data=data)
        asked = questions(made)
        carry_out(made, FETCHES, Command(""))
        assert questions(made) == asked


@pytest.mark.parametrize("step", [Command(""), Listen(0.5, lambda: False)])
@pytest.mark.parametrize("data", [b"x", b"\r\nOK\r\n", b"\r\n" + LOST + b"\r\n"])
def test_more_right_behind_a_payload(step: Step, data: bytes) -> None:
    """It may be a server's, so the module is asked before anything else."""
    with opened() as (made, peer):
        told(made, peer)
        made.fault("to_host", ANSWERED, "insert", data=data)
        asked = questions(made)
        carry_out(made, FETCHES, step)
        assert questions(made) == asked + 1


def test_payloads_are_counted() -> None:
    with opened() as (made, peer):
        before = made.modem.stats.bytes_down
        for count in range(1, 3):
            told(made, peer)
            carry_out(made, FETCHES)
            assert made.modem.stats.bytes_down - before == count * len(BODY)


def test_a_read_amid_urcs_without_end() -> None:
    """A module that does not answer it is given up in time."""
    with opened(switches=Switches(urc_flood=1_500), baudrate=115_200) as (made, _):
        made.fault("from_host", 0, "silence", seconds=60.0)
        started = made.clock.now()
        with pytest.raises(NoAnswer):
            carry_out(made, Fetch("+QIRD=0,1500", timeout=2.0))
        assert made.clock.now() - started < 3.0


def test_an_answer_that_cannot_be_right() -> None:
    """The link no longer listens: the next bytes may be payload."""
    with opened() as (made, peer):
        told(made, peer)
        made.insert(b"junk\r\n")
        with pytest.raises(StrayAnswer, match="not readable"):
            carry_out(made, FETCHES)
        link = made.modem.engine.driver.link
        assert link is not None and link.state.state is State.UNKNOWN
        assert link.late_answer is None


# Several reads on one line

TWICE = Fetch("+QIRD=0,100;+QIRD=0,100", size=100, reads=2)
#: The answer to its first read.
FIRST = len(b"\r\n+QIRD: 100\r\n\r\n") + 100


@pytest.mark.parametrize("urcs", [[], [LOST], [HINT, LOST], [b"RING", HINT, LOST]])
def test_urcs_behind_a_refused_read(urcs: list[bytes]) -> None:
    """They count, and the bytes of the first read are right."""
    with opened(switches=Switches(joined_reads="error")) as (made, peer):
        told(made, peer)
        data = b"".join(b"\r\n" + line + b"\r\n" for line in urcs)
        made.fault("to_host", FIRST + len(b"\r\nERROR\r\n"), "insert", data=data)
        (found,) = carry_out(made, TWICE)
        assert isinstance(found, Fetched)
        assert found.blocks == (BODY[:100],) and not found.reply.ok
        assert made.modem.engine.driver.known.told.context == (LOST not in urcs)


@pytest.mark.parametrize("line", [b"OK", b"junk", b"+QIRD: 7", b"ERROR"])
def test_other_lines_behind_a_refused_read(line: bytes) -> None:
    """Noise has made the error, and the bytes of the second read are lost."""
    with opened(switches=Switches(joined_reads="error")) as (made, peer):
        told(made, peer)
        made.insert(b"\r\n" + line + b"\r\n", FIRST + len(b"\r\nERROR\r\n"))
        with pytest.raises(StrayAnswer, match=r"error in the answer to AT\+QIRD=0,1"):
            carry_out(made, TWICE)


# The prompt


def test_a_late_prompt() -> None:
    """The module takes the next bytes for the payload."""
    with opened() as (made, _):
        made.insert(b"\r\nERROR\r\n")
        with pytest.raises(StrayAnswer, match=r"the payload of AT\+QISEND=0,5 late"):
            carry_out(made, SENDS)
        link = made.modem.engine.driver.link
        assert link is not None and link.state.data_mode


def test_a_result_of_a_payload_that_is_late() -> None:
    """It is awaited, and what completes the payload is owed."""
    with opened() as (made, _):
        link = made.modem.engine.driver.link
        assert link is not None
        made.fault("to_host", len(b"\r\n> "), "silence", seconds=10.0)
        with pytest.raises(NoAnswer):
            carry_out(made, SENDS)
        assert link.late_answer is not None and link.late_answer[0] is SENDS
        assert link.owed == FILLER * 5 + CANCEL
        assert carry_out(made, Ask()) == [False]
        assert link.owed == FILLER * 5 + CANCEL
        made.clock.sleep(10.0)
        assert carry_out(made, Ask()) == [True]
        assert link.owed == b""


@pytest.mark.parametrize("payload", [b"a/b", b"A/b", b"a\rb", b"a/A"])
def test_a_payload_that_could_be_a_command(payload: bytes) -> None:
    """It is not sent where the module may take it so."""
    with opened() as (made, _):
        link = made.modem.engine.driver.link
        assert link is not None
        made.fault("to_host", 0, "silence", seconds=10.0)
        with pytest.raises(NoAnswer):
            carry_out(made, Send("+QISEND=0,3", payload=payload, timeout=2.0))
        assert link.owed == FILLER * 3 + CANCEL


def test_a_prompt_of_another_program() -> None:
    """Its payload is completed if leaving data mode does not help, and not before."""
    with opened() as (made, peer):
        link = made.modem.engine.driver.link
        assert link is not None
        # More bytes come than go, as with any download.
        told(made, peer, BODY * 5)
        carry_out(made, FETCHES)
        link.port.write(b"AT+QISEND=0,700\r")
        made.clock.sleep(1.0)
        link.give_up()
        for attempt in range(1, FILL_EVERY + 1):
            before = len(made.written)
            answered = carry_out(made, Escape(), Ask())[1]
            said = made.written[before:]
            filled = FILLER * MOST_SENT in said
            assert filled == answered == (attempt == FILL_EVERY)
            assert filled or said.endswith(b"+++ATQ0V1E1&D0\r")


def test_a_prompt_that_was_there_before() -> None:
    """A fresh link tries as often to leave data mode first."""
    with stage() as made:
        opening = f'AT+QIOPEN=1,0,"TCP","{HOST}",80\r'.encode()
        left(made, b"AT+QIACT=1\r", opening, b"AT+QISEND=0\r")
        exchange(*made.connect(60.0))
        tried, _, _ = made.written.partition(FILLER)
        assert tried.count(b"+++") == FILL_EVERY - 1


@pytest.mark.parametrize("size", [150, 1_500])
def test_data_mode_is_not_filled_while_bytes_come(size: int) -> None:
    """The module is not at a prompt then."""
    with opened() as (made, _):
        link = made.modem.engine.driver.link
        assert link is not None
        made.fault("from_host", 0, "silence", seconds=600.0)
        link.give_up()
        before = made.modem.stats.line_bytes_up
        for _ in range(2 * FILL_EVERY):
            made.emulator.urc(b"+QNEWS: " + b"x" * size)
            with contextlib.suppress(BG96Error):
                carry_out(made, Escape(), Ask())
        assert made.modem.stats.line_bytes_up - before < MOST_SENT


# URCs


def test_listening_notes_what_has_come() -> None:
    """Also if there is no time left, or the listener has been given up."""
    with opened() as (made, _):
        for seconds, given_up in ((0.0, False), (5.0, True)):
            made.emulator.urc(LOST)
            made.clock.sleep(0.5)
            known = made.modem.engine.driver.known
            known.told.context = True
            carry_out(made, Listen(seconds, lambda: given_up))  # noqa: B023
            assert not known.told.context


def test_listening_ends_when_it_is_given_up() -> None:
    with opened() as (made, _):
        started, ended = made.clock.now(), list[bool]()

        def end() -> bool:
            ended.append(True)
            return False

        made.clock.repeat(end, 1.0, "")
        carry_out(made, Listen(20.0, lambda: bool(ended)))
        assert made.clock.now() - started < 1.0 + times.QUESTION
