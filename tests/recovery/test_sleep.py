"""A module that sleeps is woken or waited for, and an error says that it sleeps."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import requests

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.emulator import Fault, Switches
from requests_bg96.errors import (
    ModuleRestarted,
    MuteError,
    NoAnswer,
    PortError,
    SleepError,
)
from requests_bg96.stats import Recovery
from tests.support import SOMEWHERE, Rig, rig

#: T3412 of 10 min, T3324 of 10 s.
SAVE_POWER = 'AT+CPSMS=1,,,"00000001","00000101"'
MINUTES = 600


class Key:
    """A power key that counts how often it is pressed."""

    def __init__(self) -> None:
        self.presses = 0
        self.press: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        self.presses += 1
        self.press()


def power_saving(made: Rig, seconds: float = 100.0) -> None:
    """Let the module save power, and some time pass."""
    made.get()
    made.modem.command(SAVE_POWER)
    made.clock.sleep(seconds)
    made.emulator.advance()
    assert not made.emulator.module.power.on


def another(made: Rig, **settings: Any) -> requests.Session:
    """A session of a program that has just started."""
    made.adapter.close()
    adapter = BG96Adapter(
        made.emulator.url, clock=made.clock, context_id=1, apn="iot", **settings
    )
    session = requests.Session()
    session.mount("http://", adapter)
    return session


# Power Saving Mode


def test_something_that_is_no_function() -> None:
    """It is refused at once, and not when the module sleeps."""
    with pytest.raises(TypeError, match="wake is 17; pass a function"):
        BG96Adapter("loop://", wake=17)  # type: ignore[arg-type]


def test_the_power_key_wakes_it() -> None:
    """Soon, because the module has said that it sleeps."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        for count in (1, 2):
            power_saving(made)
            before = made.clock.now()
            assert made.get().content == b"hello"
            assert key.presses == count
            # It takes 5.9 s to start.
            assert made.clock.now() - before < 8
        assert made.modem.stats.recoveries[Recovery.WAKE] == 2
        assert made.get().content == b"hello" and key.presses == 2


def test_a_body_is_sent_once() -> None:
    """The module has said that it sleeps before the request, or says so during it."""
    key = Key()
    body = b"x" * 3_000
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        power_saving(made)
        assert made.session.post(SOMEWHERE, data=body).content == b"hello"
        fault = Fault("to_host", 10, "urc", data=b"PSM POWER DOWN")
        made.emulator.add_fault(fault)
        assert made.session.post(SOMEWHERE, data=body).content == b"hello"
    assert made.servers.bodies == [b"", body, body]


def test_it_is_waited_for() -> None:
    """Within the connect timeout; it wakes by itself."""
    with rig() as made:
        power_saving(made)
        assert made.get(timeout=(MINUTES, 20)).content == b"hello"
        assert made.clock.now() > MINUTES
        assert len(made.servers.requests) == 2


@pytest.mark.parametrize("timeout", [3.0, 20.0, 150.0])
def test_the_error_says_that_it_sleeps(timeout: float) -> None:
    """It is that of a server that does not answer, in its time."""
    with rig() as made:
        power_saving(made)
        for _ in range(2):
            before = made.clock.now()
            with pytest.raises(requests.ConnectTimeout, match="the module sleeps"):
                made.get(timeout=(timeout, 20))
            assert timeout - 0.5 <= made.clock.now() - before <= timeout + 1
        made.emulator.power_key()
        assert made.get().content == b"hello"
        made.emulator.power_off()
        with pytest.raises(requests.ConnectionError) as caught:
            made.get(timeout=(20, 20))
        assert "sleeps" not in str(caught.value).replace("does not sleep", "")


def test_a_reset_is_no_remedy() -> None:
    """A module that does not answer cannot be reset."""
    with rig(adapter={"allow_reset": True}) as made:
        power_saving(made)
        with pytest.raises(requests.ConnectTimeout, match="the module sleeps"):
            made.get(timeout=(30, 20))
        assert made.modem.stats.resets == 0


def test_the_modem_without_requests() -> None:
    """Each of its methods wakes the module, or says that it sleeps."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        power_saving(made)
        assert made.modem.command("AT+CPSMS?")[0].startswith("+CPSMS: 1,,,")
        assert key.presses == 1
        made.clock.sleep(100)
        assert made.modem.signal() is not None and key.presses == 2
    with rig() as made:
        power_saving(made)
        with pytest.raises(ModuleRestarted, match="PSM POWER DOWN"):
            made.modem.signal()
        with pytest.raises(SleepError):
            made.modem.signal()
        with pytest.raises(SleepError) as caught:
            made.modem.open(timeout=30)
        assert pickle.loads(pickle.dumps(caught.value)).text == caught.value.text


@pytest.mark.parametrize("boot_urcs", ["full", "rdy", "none"])
def test_a_module_that_has_started_meanwhile(boot_urcs: Any) -> None:
    """It starts by itself at the end of T3412, and may report it."""
    key = Key()
    switches = Switches(boot_urcs=boot_urcs)
    with rig(adapter={"wake": key}, switches=switches) as made:
        power_saving(made)
        made.clock.sleep(MINUTES - 70)
        assert made.emulator.advance() and made.emulator.module.power.on
        assert made.get().content == b"hello" and key.presses == 0


def test_a_key_that_is_pressed_too_early() -> None:
    """In its first second, the mode cannot be left. The key is pressed again."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        made.get()
        made.modem.command(SAVE_POWER)
        made.clock.sleep(19.6)
        assert made.emulator.advance() and made.emulator.module.power.on
        made.clock.sleep(0.5)
        assert made.get().content == b"hello"
        assert key.presses == 2


def test_a_key_that_does_nothing() -> None:
    """It is not pressed without end."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        power_saving(made)
        with pytest.raises(requests.ConnectTimeout, match="the module sleeps"):
            made.get(timeout=(100, 20))
        assert 2 <= key.presses <= 7


def test_a_program_that_has_just_started() -> None:
    """It does not know that the module sleeps. It is woken nevertheless."""
    key = Key()
    with rig() as made:
        key.press = made.emulator.power_key
        power_saving(made)
        with another(made) as session:
            with pytest.raises(requests.ConnectionError, match="does not sleep"):
                session.get(SOMEWHERE)
        with another(made, wake=key) as session:
            assert session.get(SOMEWHERE).content == b"hello"
        assert key.presses == 1


def test_a_module_that_is_off() -> None:
    """The same function starts it."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        made.emulator.power_off()
        assert made.get().content == b"hello" and key.presses == 1
        made.modem.command("AT+QPOWD")
        made.clock.sleep(30)
        assert made.get().content == b"hello" and key.presses == 2


def test_a_port_that_is_missing() -> None:
    """A module on USB brings its port when it starts."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.plug
        for count in (1, 2):
            made.emulator.unplug()
            assert made.get().content == b"hello" and key.presses == count
            made.clock.sleep(60)
        with another(made, wake=key), BG96Modem(made.emulator.url) as other:
            with pytest.raises(requests.ConnectionError, match="already opened"):
                made.get(timeout=20)
            assert other.info() and key.presses == 2
        key.press = lambda: None
        made.emulator.unplug()
        with pytest.raises(PortError):
            made.modem.open()
        assert key.presses == 3


def test_an_awake_module_that_seems_to_sleep() -> None:
    """It answers, so the function is not called. A server can send such a line."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        made.get()
        made.emulator.urc(b"PSM POWER DOWN")
        before = made.clock.now()
        assert made.get().content == b"hello" and key.presses == 0
        assert made.clock.now() - before < 1
        assert len(made.servers.requests) == 2


@pytest.mark.parametrize("via", ["file", "socket"])
def test_other_ways(via: str) -> None:
    key = Key()
    with rig(adapter={"wake": key, "via": via}) as made:
        key.press = made.emulator.power_key
        power_saving(made)
        assert made.get().content == b"hello" and key.presses == 1


def test_registration_with_the_timers() -> None:
    """AT+CEREG=4 adds them to the answers, and URCs come at any time."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.emulator.power_key
        made.modem.command("AT+CEREG=4")
        made.modem.command("AT&W")
        made.modem.command('AT+QCFG="psm/urc",1')
        power_saving(made)
        assert made.get().content == b"hello"
        assert made.modem.registration() == {"CREG": 1, "CGREG": 1, "CEREG": 1}


# The function


def test_it_must_not_use_the_modem() -> None:
    """It would wait for itself."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = made.modem.signal
        made.emulator.power_off()
        with pytest.raises(requests.RequestException, match="already uses the modem"):
            made.get()
        made.emulator.power_key()
        made.clock.sleep(30)
        assert made.get().content == b"hello"


def test_its_own_error() -> None:
    """The caller gets it, and the next request works."""
    key = Key()

    def broken() -> None:
        raise OSError("the GPIO is in use")

    with rig(adapter={"wake": key}) as made:
        key.press = broken
        made.emulator.power_off()
        with pytest.raises(OSError, match="the GPIO is in use"):
            made.get()
        made.emulator.power_key()
        made.clock.sleep(30)
        assert made.get().content == b"hello"


# AT+QSCLK


def sleeps(made: Rig) -> bool:
    """Whether the module sleeps now."""
    made.emulator.advance()
    return made.emulator.module.light_sleep.asleep


@pytest.mark.parametrize("sleep_input", ["lost", "wakes"])
def test_a_port_that_opens_wakes_it(sleep_input: Any) -> None:
    """A module with DTR wired: to close the port lets it sleep."""
    with rig(switches=Switches(sleep_input=sleep_input)) as made:
        made.modem.command("AT+QSCLK=1")
        for _ in range(2):
            made.get()
            made.clock.sleep(100)
            assert not sleeps(made)
            made.adapter.close()
            made.clock.sleep(100)
            assert sleeps(made)
            before = made.clock.now()
            assert made.get().content == b"hello"
            assert made.clock.now() - before < 2
        assert not made.modem.stats.recoveries


def dtr_off(made: Rig) -> None:
    """A cable without DTR."""
    made.emulator.module.set_dtr(False)
    made.clock.sleep(10)


def test_bytes_wake_it() -> None:
    """As on USB; the first bytes are lost."""
    with rig(switches=Switches(sleep_input="wakes")) as made:
        made.get()
        made.modem.command("AT+QSCLK=1")
        for _ in range(2):
            dtr_off(made)
            assert made.get().content == b"hello"
        assert len(made.servers.requests) == 3


def test_a_gpio_wakes_it() -> None:
    """Where DTR is not wired to the port, but to a GPIO."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = lambda: made.emulator.module.set_dtr(True)
        made.get()
        made.modem.command("AT+QSCLK=1")
        dtr_off(made)
        assert made.get().content == b"hello" and key.presses == 1


def test_a_gpio_wakes_it_for_a_command() -> None:
    """The modem without requests calls a module that was silent, first."""
    key = Key()
    with rig(adapter={"wake": key}) as made:
        key.press = lambda: made.emulator.module.set_dtr(True)
        made.modem.command("AT+QSCLK=1")
        dtr_off(made)
        assert made.modem.signal() is not None and key.presses == 1


def test_nobody_wakes_it() -> None:
    """The error names sleep as one of the causes."""
    with rig() as made:
        made.get()
        made.modem.command("AT+QSCLK=1")
        dtr_off(made)
        with pytest.raises(NoAnswer):
            made.modem.signal()
        with pytest.raises(MuteError, match="does not sleep"):
            made.modem.signal()
