"""The speed of the line: set, proved, and given back if the line has noise."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter
from requests_bg96.at.steps import Dialogue
from requests_bg96.base.knowledge import Rates
from requests_bg96.dialogues import speed
from requests_bg96.emulator import CallableNetwork, Emulator, Fault
from requests_bg96.emulator.server import Server, serving
from requests_bg96.errors import MuteError, PortError, SetupError
from requests_bg96.settings import Settings
from tests.support import SOMEWHERE, Rig, play, response, rig

USUAL, FAST = 115_200, 921_600
HELLO = response(b"hello")
IPR = re.compile(rb"AT\+IPR=(\d+)\r")


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged from warnings on."""
    caplog.set_level(logging.WARNING, "requests_bg96")
    return caplog


def wanting(baudrate: int | str, **line: Any) -> Any:
    """A rig whose adapter wants a speed."""
    line.setdefault("baudrate", USUAL)
    return rig(HELLO, adapter={"baudrate": baudrate}, answer_delay=0.005, **line)


def speeds(made: Rig) -> tuple[int, int, int | None]:
    """The speeds of the module and of the port, and what the modem says."""
    port = made.emulator.line.baudrate
    return made.emulator.module.store.line_rate, port or 0, made.modem.baudrate


def speeds_set(made: Rig) -> list[int]:
    """The speeds that the module was told."""
    return [int(rate) for rate in IPR.findall(made.written)]


# A line that carries it


@pytest.mark.parametrize("rate", [9_600, 57_600, 230_400, FAST])
def test_a_speed_that_the_line_carries(rate: int) -> None:
    """It is set, and proved in both directions before anything else is sent."""
    with wanting(rate) as made:
        assert made.modem.baudrate is None
        assert made.get().content == b"hello"
        assert speeds(made) == (rate, rate, rate) and speeds_set(made) == [rate]
        proof = made.written.partition(b"+IPR=%d\r" % rate)[2].partition(b"AT+")[0]
        echoed = made.heard.partition(proof[-85:-1])[0]
        assert len(proof) > 400 and len(echoed) > 400
        assert len(set(re.findall(rb"AT(?:Q0|V1){40}", proof))) == speed.PROOF


def test_nothing_is_stored() -> None:
    """After a restart the module has its own speed, unless the caller stores one."""
    with wanting(FAST) as made:
        made.get()
        assert b"&W" not in made.written
        assert made.emulator.module.store.stored_rate == USUAL
        made.modem.command("AT&W")
        assert made.emulator.module.store.stored_rate == FAST


def test_the_usual_speed_costs_nothing() -> None:
    """A module that has the factory's speed is used as it is."""
    with wanting(USUAL) as made, rig(HELLO, baudrate=USUAL) as other:
        made.get(), other.get()
        assert len(made.written) == len(other.written) and not speeds_set(made)


def test_a_program_that_is_started_again() -> None:
    """The module has the speed already. It is proved, because this program did not."""
    with wanting(FAST) as made:
        made.emulator.module.store.line_rate = FAST
        assert made.get().content == b"hello" and not speeds_set(made)
        assert speeds(made) == (FAST, FAST, FAST)
        words = re.findall(rb"AT(?:Q0|V1){40}", made.written)
        assert len(words) == 1 + speed.PROOF


def test_the_port_is_opened_at_the_speed() -> None:
    """In one program, the speed is remembered, and proved once."""
    with wanting(FAST) as made:
        made.get()
        made.adapter.close()
        before = len(made.written)
        assert made.get().content == b"hello" and speeds_set(made) == [FAST]
        assert len(re.findall(rb"AT(?:Q0|V1){40}", made.written[before:])) == 1


@pytest.mark.parametrize("urcs", [False, True])
@pytest.mark.parametrize("idle", [0.0, 20.0])
def test_a_module_that_restarts(urcs: bool, idle: float) -> None:
    """It has its own speed again. It is found there, and set again."""
    with wanting(FAST) as made:
        made.get()
        made.clock.sleep(2.0)
        made.emulator.reset(urcs=urcs)
        made.clock.sleep(idle)
        started = made.clock.now()
        assert made.get(timeout=(40, 5)).content == b"hello"
        assert made.clock.now() - started < 12.0
        assert speeds(made) == (FAST, FAST, FAST) and speeds_set(made) == [FAST, FAST]


def test_a_module_that_is_reset_by_us() -> None:
    """It is set again after the reset, too; here, the reset clears an APN."""
    settings = {"baudrate": FAST, "allow_reset": True}
    with rig(HELLO, adapter=settings, baudrate=USUAL, apn="iot.example") as made:
        made.get()
        made.modem.command('AT+QICSGP=1,1,"other.example"')
        made.emulator.lose_context()
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert made.modem.stats.resets == 1
        assert speeds(made) == (FAST, FAST, FAST)


# A line that does not


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_a_line_with_noise_above_a_speed(
    noise: float, seed: int, logged: pytest.LogCaptureFixture
) -> None:
    """The module goes back. It is tried twice in all, and logged once."""
    with wanting(FAST, clean_to=230_400, noise=noise, seed=seed) as made:
        # The time for it does not count.
        assert made.get(timeout=(1, 5)).content == b"hello"
        assert speeds(made) == (USUAL, USUAL, USUAL)
        assert speeds_set(made).count(FAST) == 2
        made.adapter.close()
        made.emulator.reset()
        assert made.get(timeout=(30, 5)).content == b"hello"
        assert speeds_set(made).count(FAST) == 2
        (record,) = logged.records
        text = record.getMessage()
        assert text.startswith(f"{FAST} baud do not work on this line, and {USUAL}")


@pytest.mark.parametrize(
    ("clean_to", "best"),
    [(None, FAST), (500_000, 460_800), (300_000, 230_400), (1, USUAL)],
)
@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_the_fastest(clean_to: int | None, best: int, noise: float) -> None:
    """It is the highest that the line carries without a fault."""
    if best == USUAL:
        clean_to = USUAL
    with wanting("fastest", clean_to=clean_to, noise=noise) as made:
        assert made.get().content == b"hello"
        assert speeds(made) == (best, best, best)
        made.clock.sleep(2.0)
        made.emulator.reset()
        before = len(speeds_set(made))
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert speeds(made) == (best, best, best)
        assert speeds_set(made)[before:] == [best] * (best != USUAL)


def test_a_line_that_carries_nothing() -> None:
    """Then nobody can tell the module to go back. The error says what to do."""
    with wanting(FAST, clean_to=460_800, noise=1.0) as made:
        with pytest.raises(requests.ConnectionError) as caught:
            made.get()
        text = str(caught.value)
        assert "does not carry 921600 baud" in text and "restart the module" in text
        made.emulator.reset()
        made.clock.sleep(10.0)
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert speeds(made) == (USUAL, USUAL, USUAL)
        assert speeds_set(made).count(FAST) == 1


def test_a_bad_speed_that_another_program_has_left(
    logged: pytest.LogCaptureFixture,
) -> None:
    """A question may get through, but the proof does not."""
    with wanting(FAST, clean_to=460_800, noise=0.004) as made:
        made.emulator.module.store.rate = made.emulator.module.store.line_rate = FAST
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert speeds(made) == (USUAL, USUAL, USUAL)
        assert len(logged.records) == 1


# Ports without a speed


@pytest.fixture
def real() -> Iterator[tuple[Emulator, list[bytes]]]:
    """An emulator in real time, and what the host writes."""
    written: list[bytes] = []
    network = CallableNetwork(lambda request: [HELLO])
    with Emulator(
        network=network,
        on_line=lambda way, data: written.append(data) if way == "from_host" else None,
    ) as emulator:
        yield emulator, written


def counted_by(adapter: BG96Adapter) -> int:
    """The speed from which the time of an upload is calculated."""
    link = adapter.modem.engine.driver.link
    assert link is not None
    return link.port.baudrate


@pytest.mark.parametrize("baudrate", [FAST, "fastest"])
def test_a_port_that_hears_any_speed(
    real: tuple[Emulator, list[bytes]], baudrate: Any
) -> None:
    """A pseudo-terminal has no speed. Nobody knows what is behind it."""
    emulator, written = real
    with emulator.pty() as path, requests.Session() as session:
        adapter = BG96Adapter(path, baudrate=baudrate)
        session.mount("http://", adapter)
        assert session.get(SOMEWHERE).content == b"hello"
        assert adapter.modem.baudrate is None
        assert counted_by(adapter) == (FAST if baudrate == FAST else USUAL)
        adapter.close()
    assert not IPR.search(b"".join(written))


def test_a_port_on_another_machine(real: tuple[Emulator, list[bytes]]) -> None:
    """Its speed is set there."""
    emulator, written = real
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
    with serving(Server(emulator, listener=listener)), requests.Session() as session:
        adapter = BG96Adapter(url, baudrate=9_600)
        session.mount("http://", adapter)
        assert session.get(SOMEWHERE).content == b"hello"
        assert adapter.modem.baudrate is None and counted_by(adapter) == 9_600
        adapter.close()
    assert b"IPR" not in b"".join(written)


# Step by step

Script = list[tuple[str, Any]]
#: The module hears its own speed only.
MATTERS: Script = [
    *[("Speed", None), ("Ask", None)],
    *[("Speed", None), ("Ask", "yes")],
]
PROVED: Script = [("Ask", "yes")] * speed.PROOF


def settling(rates: Rates, baudrate: Any = FAST) -> Dialogue[None]:
    """The dialogue with a module that was found at its usual speed."""
    rates.found = USUAL
    return speed.settle(Settings(baudrate=baudrate), rates)


def test_each_step() -> None:
    """The module is told first, then the port."""
    rates = Rates()
    told = [("AT+IPR=921600", "OK"), ("Pause", None), ("Speed", None)]
    play(settling(rates), *MATTERS, *told, *PROVED)
    assert (rates.found, rates.proved, rates.tried) == (FAST, {FAST}, None)
    play(speed.settle(Settings(baudrate=FAST), rates))


@pytest.mark.parametrize("answer", ["ERROR", "+CME ERROR: 50"])
def test_a_module_that_does_not_have_the_speed(answer: str) -> None:
    """It is asked where it is. The command may have been noise, so it is repeated."""
    rates = Rates()
    play(settling(rates), *MATTERS, *[("AT+IPR=921600", answer), ("Ask", "yes")] * 2)
    assert (rates.found, rates.refused) == (USUAL, {FAST})


def test_a_module_that_tells_its_speeds() -> None:
    """Only those that a later search would find are tried."""
    rates = Rates()
    lines = "+IPR: (0),(9600,115200,230400,3000000)|OK"
    play(
        settling(rates, "fastest"),
        ("AT+IPR=?", lines),
        *MATTERS,
        *[("AT+IPR=230400", "OK"), ("Pause", None), ("Speed", None)],
        *PROVED,
    )
    assert rates.wanted == (230_400, USUAL)


def test_a_machine_without_the_speed() -> None:
    """The module is not told a speed at which it could not be heard."""
    rates = Rates()
    failure = PortError("the port cannot be set to 921600 baud")
    play(settling(rates), ("Speed", failure), ("Speed", None), ("Ask", "yes"))
    assert (rates.found, rates.refused) == (USUAL, {FAST})


def test_a_module_that_is_gone_meanwhile() -> None:
    """The error is that of a module that no longer answers."""
    with pytest.raises(MuteError, match="no longer answers"):
        play(settling(Rates()), *[("Speed", None), ("Ask", None)] * 3)


def test_a_module_that_does_not_go_back() -> None:
    """A limited number of attempts, and an error that says so."""
    rates = Rates()
    back = [("Speed", None), ("GiveBack", None), ("Speed", None), ("Ask", None)]
    with pytest.raises(SetupError, match="go back to 115200: restart"):
        play(
            settling(rates),
            *MATTERS,
            *[("AT+IPR=921600", "OK"), ("Pause", None), ("Speed", None)],
            ("Ask", None),
            *back * 20,
        )
    assert rates.refused == {FAST}


# Faults while the speed changes


class Interrupting:
    """Raises KeyboardInterrupt at a piece that the host sends or receives."""

    def __init__(self, place: int) -> None:
        self._left = place

    def __call__(self, way: str, data: bytes) -> None:
        """Count a piece, as the emulator calls it."""
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("clean_to", [None, 460_800])
def test_an_interrupt_at_any_piece(clean_to: int | None) -> None:
    """The next request finds the module at the speed where that has left it."""
    for place in range(1, 90, 4):
        interrupting = Interrupting(place)
        with wanting(FAST, on_line=interrupting, clean_to=clean_to) as made:
            with contextlib.suppress(KeyboardInterrupt):
                made.get()
            started = made.clock.now()
            assert made.get(timeout=(30, 5)).content == b"hello"
            assert made.clock.now() - started < 6.0
            module, port, says = speeds(made)
            assert module == port == says == (USUAL if clean_to else FAST)


def switching(direction: Any, action: Any, offset: int) -> tuple[bool, int]:
    """Open the port with a fault; return whether it was reached, and the time."""
    fault = Fault(direction, offset, action, data=b"RING", seconds=1.0)
    with wanting(FAST, faults=[fault]) as made:
        assert made.get(timeout=(60, 10)).content == b"hello"
        module, port, says = speeds(made)
        assert module == port == says and module in (USUAL, FAST)
        assert made.get(timeout=(60, 10)).content == b"hello"
        assert len(made.servers.requests) == 2
        way = made.written if direction == "from_host" else made.heard
        return len(way) > offset, module
    raise AssertionError


@pytest.mark.parametrize("direction", ["from_host", "to_host"])
@pytest.mark.parametrize("action", ["drop", "garble", "double", "urc", "silence"])
def test_a_fault_at_any_byte(direction: str, action: str) -> None:
    """The request works, and both ends have the same speed, usually the fast one."""
    ends = [switching(direction, action, offset)[1] for offset in range(0, 800, 53)]
    assert ends.count(FAST) >= len(ends) - 1


@pytest.mark.parametrize("direction", ["from_host", "to_host"])
@pytest.mark.parametrize("action", ["reset", "reset_quiet"])
def test_a_restart_at_any_byte(direction: str, action: str) -> None:
    """The module is found again."""
    for offset in range(0, 800, 97):
        switching(direction, action, offset)
