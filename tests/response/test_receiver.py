"""How a receiver ends, and how long it waits for the module's answers."""

from __future__ import annotations

from typing import Any

import requests

from requests_bg96.base import times
from requests_bg96.emulator import Delay, Hangup
from requests_bg96.response.live import LiveResponse
from requests_bg96.response.receiver import Receiver, ResponseState
from tests.support import Rig, chunks, response, rig

CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CODED = b"Transfer-Encoding: chunked"


def begun(made: Rig) -> tuple[requests.Response, Receiver]:
    """A response of which a part was read."""
    found = made.get(stream=True)
    assert found.raw.read(2) == b"he"
    reading = made.modem.engine.reading
    assert isinstance(reading, LiveResponse)
    return found, reading._receiver


def test_it_is_shown_without_its_bytes() -> None:
    with rig(response(b"hello")) as made:
        found, receiver = begun(made)
        assert repr(receiver).startswith("<Receiver ended, ")
        assert "llo" not in repr(receiver)
        found.close()


def test_it_is_lost_once() -> None:
    """To lose it again changes nothing."""
    with rig(response(b"hello" * 1_000), baudrate=115_200) as made:
        found, receiver = begun(made)
        receiver.lose()
        receiver.lose()
        assert receiver.state is ResponseState.LOST
        found.close()
        assert made.get().content == b"hello" * 1_000


def test_a_question_at_the_end_takes_no_time() -> None:
    """The response ends as soon as the module has answered."""
    with rig(response(chunks(b"hello", [5]), CODED), baudrate=115_200) as made:
        made.get()
        found = made.get(stream=True)
        # All bytes have come by then.
        made.clock.sleep(1.0)
        started = made.clock.now()
        assert found.content == b"hello"
        line = 10 * 2 * 97 / 115_200
        gaps = 2 * times.TRAILER_GAP
        assert made.clock.now() - started < line + gaps + times.ANSWER_SILENCE / 2


def test_a_question_amid_bytes_that_drip() -> None:
    """It is given up in time, and its reader gets the bytes that came meanwhile."""
    fake, drops = b"body\r\nOK\r\n", [b"\r\n%03d" % count for count in range(200)]
    parts: list[Any] = [CLOSE + fake, Delay(0.5)]
    for drop in drops:
        parts += [drop, Delay(0.09)]
    with rig([*parts, Hangup()]) as made:
        found = made.get(stream=True, timeout=60)
        started = made.clock.now()
        assert found.raw.read(len(fake) + 5) == fake + drops[0]
        assert made.clock.now() - started < 0.5 + times.ANSWERS + 0.5
        assert found.raw.read() == b"".join(drops[1:])


def test_many_bytes_in_place_of_an_answer() -> None:
    """All of them are the reader's."""
    fake, rest = b"body\r\nOK\r\n", b"0123456789" * 2_000
    for pause in (0.3, 0.4, 0.5, 0.6, 0.7):
        with rig([CLOSE + fake, Delay(pause), rest, Hangup()]) as made:
            assert made.get(timeout=60).content == fake + rest
