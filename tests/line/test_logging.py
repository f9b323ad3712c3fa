"""What the loggers show, and what they never show."""

from __future__ import annotations

import logging

import pytest
import requests

from requests_bg96.emulator import Fault
from tests.support import SOMEWHERE, chunks, response, rig

SECRETS = {
    "Authorization": "Bearer token-of-mine",
    "Cookie": "session=cookie-of-mine",
    "Proxy-Authorization": "Basic proxy-of-mine",
    "X-Api-Key": "key-of-mine",
}
SETTINGS = {
    "apn": "iot.example",
    "username": "me",
    "password": "password-of-mine",
    "auth": 1,
    "pin": "7291",
}


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All log records, except the emulator's own of its line."""
    return "\n".join(
        f"{one.levelname} {one.getMessage()} {one.args}"
        for one in caplog.records
        if not one.name.startswith("requests_bg96.emulator")
    )


@pytest.mark.parametrize("via", ["line", "file", "socket"])
@pytest.mark.parametrize("offset", [None, 300, 500, 700, 900])
def test_no_secret(
    via: str, offset: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has none without faults, nor with a byte lost anywhere."""
    caplog.set_level(0)
    answer = response(
        chunks(b"answer-of-mine", [5]),
        b"Transfer-Encoding: chunked",
        b"Set-Cookie: given=cookie-of-mine",
    )
    faults = [] if offset is None else [Fault("from_host", offset, "garble")]
    settings = {**SETTINGS, "via": via}
    with rig(answer, adapter=settings, sim="pin", pin="7291", faults=faults) as made:
        for _ in range(2):
            try:
                made.session.post(SOMEWHERE, b"body-of-mine", headers=SECRETS)
            except requests.RequestException as error:
                assert "of-mine" not in f"{error!r} {error}"
        assert b"password-of-mine" in made.written and b"7291" in made.written
        assert any(b"token-of-mine" in data for data in made.servers.requests)
    found = logged(caplog)
    assert "QICSGP" in found and ("QISEND" if via == "socket" else "QHTTP") in found
    assert "of-mine" not in found and "7291" not in found


def test_a_dialogue_without_faults_is_for_debugging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """INFO has no records."""
    caplog.set_level(logging.INFO, "requests_bg96")
    with rig() as made:
        made.get()
    assert logged(caplog) == ""


def test_the_dialogue(caplog: pytest.LogCaptureFixture) -> None:
    """Command lines and answers, and payload by length."""
    with rig() as made:
        made.get()
        caplog.set_level(logging.DEBUG, "requests_bg96.link")
        made.get()
        sent = len(made.servers.requests[0])
    assert [one.getMessage() for one in caplog.records] == [
        f"> AT+QHTTPGET=60,{sent},11",
        "< CONNECT",
        f"> {sent} bytes",
        "< OK",
        "< +QHTTPGET: 0,200,5",
        "> AT+QHTTPREAD=60",
        "< CONNECT",
        "< 43 bytes",
        "< OK",
        "< +QHTTPREAD: 0",
    ]


def test_a_log_that_begins_amid_a_response(caplog: pytest.LogCaptureFixture) -> None:
    """It shows how the response ends."""
    answer = response(b"hello")
    with rig(answer) as made:
        streamed = made.get(stream=True)
        caplog.set_level(logging.DEBUG, "requests_bg96.link")
        assert streamed.content == b"hello"
        texts = [record.getMessage() for record in caplog.records]
        assert texts[-1] == "< +QHTTPREAD: 0"
        assert f"< {len(answer)} bytes" in texts


def test_a_question_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """It shows that it was asked, and its outcome; never its word."""
    caplog.set_level(logging.DEBUG, "requests_bg96.link")
    with rig() as made:
        made.emulator.add_fault(Fault("from_host", 0, "silence", seconds=1.0))
        made.get()
        texts = [record.getMessage() for record in caplog.records]
        asked = "> is the module in command mode?"
        assert texts[:5] == [asked, "< no", asked, "< OK", "< yes"]
