"""The commands of a request, and which of them asks whether the module listens."""

from __future__ import annotations

import re

import pytest
import requests

from requests_bg96.base import times
from tests.support import SOMEWHERE, Rig, response, rig

OTHER = "http://server.example/other"
HELLO = response(b"hello")
#: The line that asks for the settings.
CHECK = "AT+CMEE"
URL = "AT+QHTTPURL"


def commands(made: Rig, url: str) -> list[str]:
    """The command lines of a request, without their numbers."""
    before = len(made.written)
    assert made.session.get(url).content == b"hello"
    lines = re.findall(rb"(AT(?:\+[^\r]*)?)\r", made.written[before:])
    return [re.sub("=[0-9].*", "", line.decode()) for line in lines]


@pytest.mark.parametrize(
    ("idle", "same", "another"),
    [
        (0.0, [], [URL]),
        (times.AWAKE - 0.1, [], [URL]),
        (times.AWAKE + 0.1, ["AT"], [URL]),
        (times.START - 0.1, ["AT"], [URL]),
        # The module may have restarted meanwhile, and lost its settings. The URL is on
        # the same line.
        (times.START + 0.1, [CHECK], [CHECK]),
        (3_600.0, [CHECK], [CHECK]),
    ],
)
def test_the_commands_of_a_later_request(
    idle: float, same: list[str], another: list[str]
) -> None:
    """One asks, unless the module has just answered, or the URL asks."""
    with rig(HELLO) as made:
        made.get()
        ends = ["AT+QHTTPGET", "AT+QHTTPREAD"]
        made.clock.sleep(idle)
        assert commands(made, SOMEWHERE) == [*same, *ends]
        made.clock.sleep(idle)
        assert commands(made, OTHER) == [*another, *ends]


@pytest.mark.parametrize("idle", [0.0, 0.9])
def test_a_module_that_restarts_silently_within_the_second(idle: float) -> None:
    """The server sees nothing, and the request is repeated when CONNECT is overdue."""
    with rig(HELLO) as made:
        made.get()
        made.clock.sleep(idle)
        made.emulator.reset(urcs=False)
        with pytest.raises(requests.ConnectTimeout):
            made.get(timeout=(20, 5))
        assert len(made.servers.requests) == 1
        made.emulator.reset(urcs=False)
        assert made.get(timeout=(20, 5)).content == b"hello"
        made.emulator.reset(urcs=False)
        assert made.get().content == b"hello"
        assert len(made.servers.requests) == 3


@pytest.mark.parametrize("idle", [1.1, 2.9])
@pytest.mark.parametrize("url", [SOMEWHERE, OTHER])
def test_a_module_that_restarts_silently_later(idle: float, url: str) -> None:
    """The first command has no answer, which shows soon."""
    with rig(HELLO) as made:
        made.get()
        made.clock.sleep(idle)
        made.emulator.reset(urcs=False)
        started = made.clock.now()
        assert made.session.get(url, timeout=(30, 5)).content == b"hello"
        assert made.clock.now() - started < 20.0
        assert len(made.servers.requests) == 2
