"""The steps of recovery: each for its cause, logged and counted, and no more."""

from __future__ import annotations

import logging
import pathlib
import re
from collections.abc import Callable

import pytest
import requests

from requests_bg96.emulator import Fault, Refused, Switches
from requests_bg96.stats import Recovery
from tests.recovery.programs import left
from tests.support import OK, Rig, response, rig

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELLO = response(b"hello")
#: The seconds between two resets (HTTP manual 4.2), with the longest random part.
TEN_MINUTES = 900.0


def late_connection(made: Rig) -> None:
    """A server that is connected after its caller has given up."""
    fault = Fault("to_host", len(OK), "silence", seconds=20.0)
    made.emulator.add_fault(fault)
    with pytest.raises(requests.ConnectTimeout):
        made.get(timeout=(10, 5))


def unwanted_response(made: Rig) -> None:
    """A program that was stopped between AT+QHTTPGET and AT+QHTTPREAD.

    With this firmware, an unread response blocks the next request.
    """
    made.adapter.close()
    url = b"http://server.example/"
    head = b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n"
    left(
        made,
        b'AT+QIACT=1;+QHTTPCFG="requestheader",1\r',
        b"AT+QHTTPURL=%d\r" % len(url),
        url,
        b"AT+QHTTPGET=60,%d\r" % len(head),
        head,
    )
    del made.servers.requests[-1]


def data_mode(made: Rig) -> None:
    """A program that was stopped while it sent a URL."""
    made.adapter.close()
    left(made, b"AT&D0\r", b"AT+QHTTPURL=100,600\r")


def silence(made: Rig) -> None:
    """An answer that does not come in time."""
    made.emulator.add_fault(Fault("from_host", 0, "silence", seconds=6.0))


def restart(made: Rig) -> None:
    """A module that has restarted, and reported it."""
    made.emulator.reset()


def lost_context(made: Rig) -> None:
    """A context that is not active, which the module does not report."""
    made.emulator.add_fault(Fault("from_host", 3, "cme", code=709))


def no_name_server(made: Rig) -> None:
    """A context without the address of a name server (HTTP manual 4.3)."""
    made.modem.command('AT+QIDNSCFG=1,"0.0.0.0","0.0.0.0"')


def unplugged(made: Rig) -> None:
    """A cable that was pulled for a moment."""
    made.emulator.unplug()
    made.emulator.plug()


CAUSES: list[tuple[Callable[[Rig], None], Recovery]] = [
    (late_connection, Recovery.LATE),
    (unwanted_response, Recovery.DRAIN),
    (data_mode, Recovery.ESCAPE),
    (silence, Recovery.RESYNCHRONISE),
    (restart, Recovery.SET_UP),
    (lost_context, Recovery.CONTEXT),
    (no_name_server, Recovery.CONTEXT),
    (unplugged, Recovery.REOPEN),
]


@pytest.mark.parametrize(
    "cause, step", CAUSES, ids=lambda one: one.__name__ if callable(one) else one.name
)
def test_a_step_of_the_ladder(
    cause: Callable[[Rig], None], step: Recovery, caplog: pytest.LogCaptureFixture
) -> None:
    """The next request works. Its recovery is logged and counted."""
    caplog.set_level(logging.INFO, "requests_bg96")
    with rig(HELLO, switches=Switches(unread_response="busy")) as made:
        made.get()
        assert not made.modem.stats.recoveries
        # Later than this, the request asks whether the module listens.
        made.clock.sleep(2.0)
        cause(made)
        before = len(made.servers.requests)
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert len(made.servers.requests) == before + 1
        assert made.modem.stats.recoveries[step] == 1
        assert made.modem.stats.resets == 0
    told = [one for one in caplog.records if one.getMessage().startswith(step.value)]
    assert [one.levelname for one in told] == ["INFO"]


def test_every_step_is_tested_and_explained() -> None:
    """The tests above have each step, and docs/robustness.rst too."""
    told = ROOT.joinpath("docs", "robustness.rst").read_text(encoding="utf-8")
    assert [step for step in Recovery if step.value not in told] == []
    assert {step for _, step in CAUSES} == set(Recovery) - {
        Recovery.RESET,
        Recovery.WAKE,
    }


def test_requests_without_faults_need_none() -> None:
    """Many requests, with pauses between them."""
    with rig(HELLO) as made:
        for pause in (0.0, 1.0, 5.0, 100.0, 10_000.0):
            made.clock.sleep(pause)
            assert made.get().content == b"hello"
        assert not made.modem.stats.recoveries


# HTTP manual, chapter 4


def commands(made: Rig) -> list[bytes]:
    """The AT commands that were sent."""
    return re.findall(rb"AT[^\r]*(?=\r)", made.written)


def test_a_sim_that_is_missing() -> None:
    """4.1: AT+CPIN? asks for it, and the error reports it."""
    with rig(sim=None) as made:
        with pytest.raises(requests.ConnectionError, match="there is no SIM"):
            made.get()
        assert b"AT+CPIN?" in commands(made)


def test_a_module_that_is_detached() -> None:
    """4.2: it is attached."""
    with rig(HELLO) as made:
        made.get()
        made.modem.command("AT+CGATT=0")
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert commands(made)[-5:-1].count(b"AT+CGATT=1") == 1


WRONG = {"apn": "other.example"}


def test_a_module_is_reset_where_that_is_allowed() -> None:
    """4.2: if nothing else helps; here, the reset clears an APN."""
    with rig(HELLO, apn="iot.example", adapter={"allow_reset": True}) as made:
        made.get()
        made.modem.command('AT+QICSGP=1,1,"other.example"')
        made.emulator.lose_context()
        assert made.get(timeout=(60, 5)).content == b"hello"
        assert made.modem.stats.resets == 1
        assert commands(made).count(b"AT+CFUN=1,1") == 1


def test_a_module_is_not_reset_often() -> None:
    """4.2: ten minutes are between two resets. Meanwhile the error comes alone."""
    with rig(apn="iot.example", adapter={"allow_reset": True, **WRONG}) as made:
        for pause, resets in ((0.0, 1), (60.0, 1), (TEN_MINUTES, 2), (1.0, 2)):
            made.clock.sleep(pause)
            with pytest.raises(requests.ConnectionError, match="refuse"):
                made.get(timeout=(60, 5))
            assert commands(made).count(b"AT+CFUN=1,1") == resets
            assert made.modem.stats.resets == resets


def test_a_server_that_fails_is_no_reason_for_a_reset() -> None:
    """4.5: it is not the module's fault."""
    with rig(HELLO, adapter={"allow_reset": True}) as made:
        made.servers.failures = [Refused()]
        with pytest.raises(requests.ConnectionError, match="716"):
            made.get()
        assert made.get().content == b"hello"
        assert made.modem.stats.resets == 0


def test_a_module_that_has_never_answered() -> None:
    """It is called once: the port may be that of another device."""
    with rig() as made:
        made.emulator.power_off()
        with pytest.raises(requests.ConnectionError) as caught:
            made.get(timeout=(100, 5))
        assert not isinstance(caught.value, requests.ConnectTimeout)
        assert made.clock.now() < 30
