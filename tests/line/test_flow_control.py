"""If host or module is slow, no byte is lost, or the loss is reported."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.exceptions import ReadTimeout

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import Emulator, SystemClock
from requests_bg96.emulator.clock import VirtualClock
from requests_bg96.modem import ModemState
from tests.support import SOMEWHERE, Answers, Rig, rig

#: A body of 600 kB; no two blocks are alike.
BODY = b"".join(hashlib.sha256(b"%d" % i).digest() * 32 for i in range(600))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
#: The body of an upload: more than a minute for the slowest module.
UPLOAD = BODY[:160_000]
#: The module's highest speed, and its default.
FAST, USUAL = 921_600, 115_200
#: The bytes per second of a module that is a third slower than its line.
SLUGGISH = 8_000
#: The place where the reader of a body goes away.
MIDDLE = 100_000
#: Long enough for a break in the middle.
SHORTER = BODY[: MIDDLE + 100_000]
#: After the middle, this has more bytes than all buffers hold.
LONGER = BODY[:600_000]


def serving(body: bytes) -> Answers:
    """Return the response with this body."""
    return HEAD % len(body) + body


def read_with_a_break(made: Rig, seconds: float) -> str:
    """The checksum of a body whose reader goes away for a while."""
    found = hashlib.sha256()
    with made.get(stream=True) as answer:
        pieces = answer.iter_content(10_000)
        for number, piece in enumerate(pieces, 1):
            found.update(piece)
            if number == MIDDLE // 10_000:
                made.clock.sleep(seconds)
    return found.hexdigest()


def digest(body: bytes) -> str:
    """Its checksum."""
    return hashlib.sha256(body).hexdigest()


@contextlib.contextmanager
def over_a_pty(made: Rig, **settings: Any) -> Iterator[Rig]:
    """The same, over a pseudo-terminal."""
    with made.emulator.pty() as path:
        adapter = BG96Adapter(path, **settings)
        made.session.mount("http://", adapter)
        yield Rig(made.emulator, made.servers, adapter, made.session, made.traffic)
        adapter.close()


# Both ends


def agreed(emulator: Emulator) -> tuple[bool, tuple[int, int]]:
    """Whether the host uses RTS and CTS, and whether the module does."""
    with emulator.condition:
        return emulator.line.rtscts, emulator.module.store.flow_control


@pytest.mark.parametrize("rtscts", [True, False])
def test_both_ends_use_it_or_none(rtscts: bool) -> None:
    """Even after a restart, which resets the module's setting."""
    wanted = (rtscts, (2, 2) if rtscts else (0, 0))
    with rig(adapter={"rtscts": rtscts}) as made:
        assert made.get().content == b"hello"
        assert agreed(made.emulator) == wanted
        assert made.written.count(b"+IFC=2,2") == rtscts
        made.emulator.reset()
        assert agreed(made.emulator)[1] == (0, 0)
        made.clock.sleep(10)
        assert made.get().content == b"hello"
        assert agreed(made.emulator) == wanted


@pytest.mark.parametrize("rtscts", [True, False])
def test_both_ends_of_a_pty_use_it_or_none(rtscts: bool) -> None:
    """The host's end is that of the terminal's settings."""
    with rig(clock=SystemClock()) as plain, over_a_pty(plain, rtscts=rtscts) as made:
        assert made.get().content == b"hello"
        assert agreed(made.emulator) == (rtscts, (2, 2) if rtscts else (0, 0))


# A slow host


def test_a_reader_who_is_away_for_ten_seconds() -> None:
    """The line is stopped, and that is all."""
    options: dict[str, Any] = {"baudrate": USUAL, "overflow": 4096}
    with rig(serving(SHORTER), adapter={"rtscts": True}, **options) as made:
        assert read_with_a_break(made, 10.0) == digest(SHORTER)
        line = len(SHORTER) * 10 / USUAL
        assert line + 9 < made.clock.now() < line + 12


class NothingBeside(VirtualClock):
    """A clock that does nothing in the background."""

    def repeat(self, action: Callable[[], bool], seconds: float, name: str) -> None:
        """Do nothing."""


def test_what_is_lost_where_nobody_reads_is_noticed() -> None:
    """The line of the other tests does lose bytes."""
    options: dict[str, Any] = {"baudrate": USUAL, "overflow": 4096}
    clock = NothingBeside()
    with rig(serving(SHORTER), serving(b"next"), clock=clock, **options) as made:
        with pytest.raises(requests.ConnectionError):
            read_with_a_break(made, 10.0)
        assert made.get().content == b"next"


def test_what_comes_for_a_reader_who_is_away() -> None:
    """It is read meanwhile, also in virtual time, by the thread that lets it pass."""
    options: dict[str, Any] = {"baudrate": USUAL, "overflow": 4096}
    with rig(serving(SHORTER), serving(b"next"), **options) as made:
        assert read_with_a_break(made, 10.0) == digest(SHORTER)
        assert made.get().content == b"next"


def test_a_reader_who_is_away_where_nothing_holds_the_line_back() -> None:
    """At the highest speed, a thread reads, and the whole takes no longer."""
    # About three seconds, for a busy machine.
    options: dict[str, Any] = {"baudrate": FAST, "overflow": 262_144}
    with rig(serving(LONGER), clock=SystemClock(), on_line=None, **options) as made:
        made.emulator.module.store.line_rate = FAST
        adapter = BG96Adapter(made.emulator.url, baudrate=FAST)
        made.session.mount("http://", adapter)
        started = time.monotonic()
        assert read_with_a_break(made, 6.0) == digest(LONGER)
        # One after the other, they would take 12.5 s.
        assert time.monotonic() - started < 11


@pytest.mark.parametrize(
    ("rtscts", "seconds", "overflow"), [(True, 2.0, 65_536), (False, 4.5, 262_144)]
)
def test_a_reader_of_a_pty_who_is_away(
    rtscts: bool, seconds: float, overflow: int
) -> None:
    """More bytes come meanwhile than all buffers hold."""
    # Without RTS and CTS, a busy machine may keep the reading thread for 2.8 seconds.
    options: dict[str, Any] = {"baudrate": FAST, "overflow": overflow, "on_line": None}
    body = LONGER[: MIDDLE + int(seconds * FAST / 10)]
    with rig(serving(body), clock=SystemClock(), **options) as plain:
        with over_a_pty(plain, baudrate=FAST, rtscts=rtscts) as made:
            assert read_with_a_break(made, seconds) == digest(body)


# A slow module


def post(made: Rig, **arguments: Any) -> requests.Response:
    """Send it in a POST."""
    return made.session.post(SOMEWHERE, data=UPLOAD, timeout=(60, 60), **arguments)


def check_arrived(made: Rig, count: int = 1) -> None:
    """Check that this many requests arrived, each complete."""
    assert [digest(body) for body in made.servers.bodies] == [digest(UPLOAD)] * count


@pytest.mark.parametrize("rtscts", [True, False])
def test_the_line_sets_the_pace(rtscts: bool) -> None:
    """A module that is as fast as its line gets the bytes at the line's speed."""
    options: dict[str, Any] = {"baudrate": USUAL, "input_rate": USUAL // 10}
    with rig(adapter={"rtscts": rtscts}, **options) as made:
        assert post(made).content == b"hello"
        check_arrived(made)
        assert made.clock.now() >= len(UPLOAD) * 10 / USUAL


@pytest.mark.parametrize("rate", [SLUGGISH, 2_500])
def test_a_slow_module_holds_the_line_back(rate: int) -> None:
    """It may do so for as long as a network of NB-IoT takes."""
    options: dict[str, Any] = {"baudrate": USUAL, "input_rate": rate}
    with rig(adapter={"rtscts": True}, **options) as made:
        assert post(made).content == b"hello"
        check_arrived(made)
        assert made.clock.now() >= len(UPLOAD) / rate - 1


def test_a_slow_module_that_cannot_hold_the_line_back() -> None:
    """It never gets all bytes: no part is sent on, and an error reports it."""
    with rig(baudrate=USUAL, input_rate=SLUGGISH) as made:
        with pytest.raises(ReadTimeout, match="726.*sending the request"):
            post(made)
        assert made.servers.requests == []
        assert made.clock.now() < 60 + 2 * len(UPLOAD) * 10 / USUAL
        assert made.get().content == b"hello"
        assert made.modem.state is ModemState.READY


def test_a_slow_module_on_a_slower_line() -> None:
    """Advice for a line without RTS and CTS: use a slower line for uploads."""
    options: dict[str, Any] = {"baudrate": USUAL, "input_rate": SLUGGISH}
    with rig(adapter={"baudrate": 57_600}, **options) as made:
        assert post(made).content == b"hello"
        check_arrived(made)


def test_a_slow_module_that_confirms_what_it_takes() -> None:
    """The other advice: a file goes block by block."""
    options: dict[str, Any] = {"baudrate": USUAL, "input_rate": SLUGGISH}
    with rig(adapter={"via": "file"}, **options) as made:
        assert post(made).content == b"hello"
        check_arrived(made)


@pytest.mark.parametrize("rtscts", [True, False])
def test_a_file_for_a_slow_module(rtscts: bool) -> None:
    """It goes with flow control, or block by block, and comes back."""
    options: dict[str, Any] = {
        "baudrate": USUAL,
        "input_rate": SLUGGISH,
        "overflow": 4096,
    }
    with rig(adapter={"rtscts": rtscts}, **options) as made:
        made.modem.files.upload("body.bin", UPLOAD)
        assert made.modem.files.list() == {"body.bin": len(UPLOAD)}
        assert digest(made.modem.files.download("body.bin")) == digest(UPLOAD)
