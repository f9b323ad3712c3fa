"""AT+QHTTPURL on the line that asks for the settings: when, and what can go wrong."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from requests_bg96.base import times
from requests_bg96.emulator import Fault, Switches
from tests.faults.exchanges import AUTHORITY
from tests.https_support import LATER
from tests.support import SOMEWHERE, Rig, response, rig

OTHER = "http://server.example/other"
HELLO = response(b"hello")
#: The line that asks for the settings, and how the URL follows.
CHECK, FOLLOWS = "AT+CMEE=1;+QHTTPCFG?;+QIACT?", ";+QHTTPURL="
FORMS = ["both", "first", "error", "results"]


def lines(made: Rig, url: str) -> list[str]:
    """The command lines of a request."""
    before = len(made.written)
    assert made.session.get(url, timeout=(60, 20)).content == b"hello"
    return re.findall(r"AT[^\r]*(?=\r)", made.written[before:].decode())


def seen(made: Rig) -> list[bytes]:
    """The targets of the requests that the server has seen."""
    return [one.split(b" ")[1] for one in made.servers.requests]


def idle(made: Rig) -> None:
    """Wait until the module may have restarted unnoticed."""
    made.clock.sleep(times.START + 1.0)


def test_a_new_url_follows_the_settings() -> None:
    """So a request of any time has three lines."""
    with rig(HELLO) as made:
        assert not any(FOLLOWS in line for line in lines(made, SOMEWHERE))
        idle(made)
        said = lines(made, OTHER)
        assert said[0].startswith(f"{CHECK}{FOLLOWS}{len(OTHER)},")
        assert [line.partition("=")[0] for line in said[1:]] == [
            "AT+QHTTPGET",
            "AT+QHTTPREAD",
        ]


def test_the_same_url_does_not_follow() -> None:
    with rig(HELLO) as made:
        made.get()
        idle(made)
        assert lines(made, SOMEWHERE)[0] == CHECK


@pytest.mark.parametrize("form", FORMS)
def test_what_the_module_makes_of_it(form: Any) -> None:
    """It is tried once if that fails. The server sees each request once."""
    with rig(HELLO, switches=Switches(joined_url=form)) as made:
        made.get()
        idle(made)
        started = made.clock.now()
        said = lines(made, OTHER)
        assert FOLLOWS in said[0]
        assert made.clock.now() - started < 15.0
        idle(made)
        joined = [FOLLOWS in line for line in lines(made, SOMEWHERE)]
        assert any(joined) == (form == "both")
        assert seen(made) == [b"/path", b"/other", b"/path"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["drop", "garble", "double", "silence", "reset_quiet"])
@pytest.mark.parametrize("at", range(0, 160, 13))
def test_a_fault_on_the_line(form: Any, kind: Any, at: int) -> None:
    """Whatever becomes of the answer, the request goes to its own URL, and once."""
    with rig(HELLO, switches=Switches(joined_url=form)) as made:
        made.get()
        idle(made)
        made.emulator.add_fault(Fault("to_host", at, kind, seconds=3.0))
        lines(made, OTHER)
        assert seen(made) == [b"/path", b"/other"]


@pytest.mark.parametrize("form", FORMS)
def test_with_an_echo(form: Any) -> None:
    """The echo of the line is compared, too."""
    settings = {"verify_echo": True}
    with rig(HELLO, adapter=settings, switches=Switches(joined_url=form)) as made:
        for url in (SOMEWHERE, OTHER, SOMEWHERE):
            assert lines(made, url)
            idle(made)
        assert seen(made) == [b"/path", b"/other", b"/path"]


@pytest.mark.parametrize("form", FORMS)
def test_a_verified_request(form: Any) -> None:
    """The URL is read back after it, because the module checks the server for it."""
    switches = dataclasses.replace(LATER, joined_url=form)
    with rig(HELLO, switches=switches) as made:
        for path in ("path", "other", "path"):
            made.session.get(f"https://server.example/{path}", verify=AUTHORITY)
            said = made.written
            asked = said.rindex(b"AT+QHTTPURL?")
            assert said.rindex(b"QHTTPURL=") < asked < said.rindex(b"AT+QHTTPGET")
            idle(made)
        assert seen(made) == [b"/path", b"/other", b"/path"]


def test_a_restart_is_still_noticed() -> None:
    """The settings are written again, although the URL was set before that."""
    with rig(HELLO) as made:
        made.get()
        made.emulator.reset(urcs=False)
        idle(made)
        made.clock.sleep(10.0)
        said = lines(made, OTHER)
        assert FOLLOWS in said[0]
        assert any('"requestheader",1' in line for line in said)
