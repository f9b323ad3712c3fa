"""What the table has found, each by itself."""

from __future__ import annotations

import pytest
import requests
from urllib3.util import Retry

from requests_bg96.emulator import Fault
from tests.support import SOMEWHERE, Rig, rig


def strike(
    made: Rig, direction: str, marker: bytes, action: str, **more: object
) -> None:
    """Let something go wrong right behind the next `marker` of the line.

    The dialogue is held once before, with nothing wrong, to find it.
    """
    made.session.post(SOMEWHERE, data=b"t=21.5")
    before = len(made.written), len(made.heard)
    made.session.post(SOMEWHERE, data=b"t=21.5")
    said = (made.written[before[0] :], made.heard[before[1] :])
    offset = said[direction == "to_host"].index(marker) + len(marker)
    fault = Fault(direction, offset, action, **more)  # type: ignore[arg-type]
    made.emulator.add_fault(fault)


@pytest.mark.parametrize(
    "marker", [b"+QHTTPPOST:", b"+QHTTPPOST: 0", b"+QHTTPPOST: 0,"]
)
def test_a_garbled_result_does_not_send_a_second_request(marker: bytes) -> None:
    """The server has seen it, and no `Retry` may take it for unseen."""
    with rig(adapter={"max_retries": Retry(5)}) as made:
        strike(made, "to_host", marker, "insert", data=b"?")
        sent = len(made.servers.requests)
        with pytest.raises(requests.ConnectionError, match="while waiting"):
            made.session.post(SOMEWHERE, data=b"t=21.5")
        assert len(made.servers.requests) == sent + 1
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"


def test_a_connect_behind_an_error_is_noticed() -> None:
    """Commands that follow would be taken for the request's body."""
    with rig() as made:
        strike(made, "to_host", b"", "insert", data=b"\r\n+CME ERROR: 703\r\n")
        sent = len(made.servers.requests)
        assert made.session.post(SOMEWHERE, data=b"t=21.5").content == b"hello"
        assert len(made.servers.requests) == sent + 1
        assert not any(b"AT+" in data for data in made.servers.requests)


def test_a_late_connect_is_noticed() -> None:
    """The command was given up; a greeting that CONNECT answers has not succeeded."""
    with rig() as made:
        strike(made, "from_host", b"AT+QHTTPPOST=", "silence", seconds=30.0)
        with pytest.raises(requests.ConnectionError):
            made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(3, 5))
        for _ in range(2):
            answer = made.session.post(SOMEWHERE, data=b"t=21.5", timeout=(60, 5))
            assert answer.content == b"hello"
