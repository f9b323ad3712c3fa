"""verify_echo: a length garbled by noise never turns payload into commands."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from requests_bg96.emulator import Fault
from tests.support import SOMEWHERE, Rig, rig

#: A body that is harmful as a command.
BODY = b"\rAT+CFUN=0\r" * 20


def struck(verify_echo: bool, beyond: int, action: Any = "drop", seed: int = 0) -> Rig:
    """Send three POSTs, with noise in the command of the third."""
    with rig(adapter={"verify_echo": verify_echo}, seed=seed) as made:
        made.session.post(SOMEWHERE, data=BODY)
        before = len(made.written)
        made.session.post(SOMEWHERE, data=BODY)
        offset = made.written[before:].index(b"AT+QHTTPPOST=") + beyond
        made.emulator.add_fault(Fault("from_host", offset, action))
        try:
            assert made.session.post(SOMEWHERE, data=BODY).content == b"hello"
        except requests.ConnectionError:
            assert not verify_echo
        return made


@pytest.mark.parametrize("beyond", range(len(b"AT+QHTTPPOST=396")))
@pytest.mark.parametrize(
    "action, seed", [("drop", 0), ("double", 0), *(("garble", one) for one in range(8))]
)
def test_a_length_that_noise_has_changed(beyond: int, action: Any, seed: int) -> None:
    """The command is stopped before its payload, and sent again."""
    made = struck(True, beyond, action, seed)
    assert made.emulator.module.functionality == 1
    assert len(made.servers.requests) == 3
    assert len(set(made.servers.requests)) == 1


def test_what_happens_without() -> None:
    """The module takes fewer bytes as the request, and the others as commands."""
    made = struck(False, len(b"AT+QHTTPPOST=39"))
    assert made.emulator.module.functionality == 0


def test_what_it_costs() -> None:
    """Each command line is echoed, and nothing else changes."""
    down, up = {}, {}
    for verify_echo in (False, True):
        with rig(adapter={"verify_echo": verify_echo}) as made:
            made.get()
            before = len(made.written), len(made.heard)
            made.get()
            up[verify_echo] = made.written[before[0] :]
            down[verify_echo] = made.heard[before[1] :]
    assert up[True] == up[False]
    lines = re.findall(rb"AT[^\r]*\r", up[True])
    assert len(lines) == 2
    assert len(down[True]) - len(down[False]) == len(b"".join(lines))
