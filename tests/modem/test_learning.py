"""The module's name and limits: asked once, and confirmed by a second answer."""

from __future__ import annotations

import pytest

from requests_bg96.base.codes import Limits
from requests_bg96.base.knowledge import Knowledge
from requests_bg96.dialogues import identity
from requests_bg96.dialogues.request import Request
from requests_bg96.errors import UnfitURL
from tests.support import SOMEWHERE, play, rig

IDENTITY = ("ATI", "Quectel|BG95-M3|Revision: BG95M3LAR02A04|OK")
ASKED = "AT+QHTTPURL=?;+QHTTPGET=?;+QHTTPPOST=?"


def answer(url: int, get: int, post: int) -> tuple[str, str]:
    """The answer of a module with these limits."""
    return ASKED, (
        f"+QHTTPURL: (1-{url}),(1-65535)|+QHTTPGET: (1-65535),(1-{get}),(1-65535)|"
        f"+QHTTPPOST: (1-{post}),(1-65535),(1-65535)|OK"
    )


def test_the_manuals_module() -> None:
    """It is asked once."""
    known = Knowledge()
    play(identity.learn(known), IDENTITY, answer(700, 2048, 1024000))
    assert known.limits == Limits()
    assert known.identity == "Quectel BG95-M3 Revision: BG95M3LAR02A04"


def test_another_firmware() -> None:
    """Values that differ are asked again."""
    known = Knowledge()
    play(identity.learn(known), IDENTITY, *[answer(2048, 512, 4096)] * 2)
    assert known.limits == Limits(url=2048, get=512, post=4096)


def test_noise() -> None:
    """A value without a second answer is not believed, and is asked again later."""
    known = Knowledge()
    scripts = [answer(708, 2048, 1024000), answer(700, 2048, 1024000)]
    play(identity.learn(known), IDENTITY, *scripts)
    assert known.limits == Limits() and known.identity is None


@pytest.mark.parametrize("said", ["ERROR", "OK", "+QHTTPURL: (1-700)|OK"])
def test_a_module_that_does_not_say(said: str) -> None:
    """The limits of the manual hold."""
    known = Knowledge()
    play(identity.learn(known), IDENTITY, (ASKED, said))
    assert known.limits == Limits() and known.identity is not None


def test_a_request_for_another_firmware() -> None:
    """It is sent in the way of this module."""
    request = Request("GET", b"http://a.example/" + b"x" * 100, b"G" * 600, False)
    assert request.name == "+QHTTPGET"
    fitted = request.within(Limits(url=50, get=512, post=4096))
    assert (fitted.name, fitted.url) == ("+QHTTPPOST", b"http://a.example/")
    assert request.within(Limits(post=100, get=50)).name == "+QHTTPPOSTFILE"
    with pytest.raises(UnfitURL):
        request.within(Limits(url=10))


def test_it_is_asked_once() -> None:
    """Even if the port is opened again."""
    with rig() as made:
        for _ in range(2):
            assert made.session.get(SOMEWHERE).status_code == 200
            made.modem.close()
        assert made.written.count(b"ATI\r") == 1
        assert made.written.count(b"+QHTTPPOST=?") == 1
