"""What the page of timeouts says of connect, read and neither."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from requests_bg96.emulator import ConnectSilence, Delay, Silence
from tests.support import SOMEWHERE, Rig, response, rig

HELLO = response(b"hello")


def seconds(made: Rig, wanted: type[Exception] | None, **arguments: Any) -> float:
    """Make a request that ends with `wanted`; return what it took in virtual time."""
    start = made.clock.now()
    if wanted is None:
        assert made.session.request("POST", SOMEWHERE, **arguments).ok
    else:
        with pytest.raises(wanted):
            made.get(**arguments)
    return made.clock.now() - start


@pytest.mark.parametrize("registration", ["searching", "denied"])
def test_connect_covers_registration(registration: str) -> None:
    with rig(registration=registration) as made:
        taken = seconds(made, requests.ConnectionError, timeout=(40, 500))
    assert 35 < taken <= 41


def test_connect_covers_the_server() -> None:
    with rig() as made:
        made.servers.failures = [ConnectSilence()]
        taken = seconds(made, requests.ConnectTimeout, timeout=(40, 500))
    assert 35 < taken <= 41


def test_connect_covers_another_request() -> None:
    """A stream that has no end yet occupies the modem."""
    endless: list[bytes | Silence] = [b"HTTP/1.1 200 OK\r\n\r\nevent\n", Silence()]
    with rig(endless) as made, made.get(stream=True):
        taken = seconds(made, requests.ConnectTimeout, timeout=(40, 500))
    assert 35 < taken <= 41


def test_read_covers_each_silence() -> None:
    """Not their sum: these are five of 15 s."""
    silent: list[Silence] = [Silence()]
    slow: list[bytes | Delay] = [HELLO[:-5]]
    for byte in b"hello":
        slow += [Delay(15), bytes((byte,))]
    with rig(slow, silent) as made:
        assert 75 <= seconds(made, None, timeout=(40, 20)) < 80
        taken = seconds(made, requests.ReadTimeout, timeout=(40, 20))
    assert 19 < taken <= 22


def test_neither_covers_the_line() -> None:
    """24 kB take 25 s at 9,600 baud."""
    with rig(baudrate=9600, adapter={"baudrate": 9600}) as made:
        taken = seconds(made, None, data=b"x" * 24_000, timeout=(10, 5))
    assert taken > 24
