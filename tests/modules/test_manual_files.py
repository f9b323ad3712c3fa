"""The client with AT+QHTTPPOSTFILE and AT+QHTTPREADFILE (HTTP manual 2.5, 2.7)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from requests_bg96.base.codes import BUSY, CONTEXT_LOST, STATE_LOST
from requests_bg96.emulator import Delay, Fault, Hangup, Silence, Switches
from requests_bg96.errors import Phase
from tests.checks import caused, check_next
from tests.support import SOMEWHERE, TRAILER, Answers, Rig, chunks, response, rig

POST = re.compile(rb'AT\+QHTTPPOSTFILE="([^"]+)",(\d+)\r')
READ = re.compile(rb'AT\+QHTTPREADFILE="([^"]+)",(\d+)\r')
BY_FILE = {"via": "file"}
BODY = bytes(range(256)) * 20 + TRAILER


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_there_and_back(method: str) -> None:
    """Head and body arrive unchanged in both directions, and no file is left."""
    with rig(response(BODY, b"X-Own: 1"), adapter=BY_FILE) as made:
        data = BODY if method in ("POST", "PUT") else None
        answer = made.session.request(method, SOMEWHERE, data=data)
        assert answer.content == BODY and answer.headers["X-Own"] == "1"
        assert made.servers.bodies == [data or b""]
        assert made.servers.requests[0].startswith(method.encode() + b" /path ")
        assert made.emulator.module.files.names() == []


@pytest.mark.parametrize("end", ["at_once", "on_close", "on_wait"])
@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"304 Not Modified"])
def test_there_is_no_body(end: Any, status: bytes) -> None:
    """A module that waits for a body may report an error."""
    answer = response(b"", b"X-Own: 1", b"Content-Length: 50", status=status)
    with rig(answer, adapter=BY_FILE, switches=Switches(bodyless_end=end)) as made:
        for _ in range(2):
            found = made.session.head(SOMEWHERE, timeout=(10, 5))
            assert (found.headers["X-Own"], found.content) == ("1", b"")
            assert made.emulator.module.files.names() == []


@pytest.mark.parametrize(("seconds", "told"), [(0.5, 1), (7.2, 8), (99_999, 65_535)])
def test_times_and_names(seconds: float, told: int) -> None:
    """Whole seconds within the module's range, names within its limit."""
    with rig(adapter=BY_FILE) as made:
        made.get(timeout=(10, seconds))
        for pattern in (POST, READ):
            found = pattern.search(made.written)
            assert found and int(found[2]) == told
            assert len(found[1]) <= 12


ANSWERS: dict[str, Answers] = {
    "length": response(BODY),
    "chunks": response(chunks(BODY, [700]), b"Transfer-Encoding: chunked"),
    "close": [response(BODY, b"Connection: close"), Hangup()],
    "slow": [response(b"", b"Content-Length: %d" % len(BODY)), Delay(5), BODY],
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("chunked", ["raw", "decoded"])
def test_framings(answer: str, chunked: str) -> None:
    """A body with a trailer in it, with each framing."""
    switches = Switches.from_text({"chunked": chunked})
    with rig(ANSWERS[answer], switches=switches, adapter=BY_FILE) as made:
        assert made.get().content == BODY


@pytest.mark.parametrize(
    "firmware", [{"download_end": "bare"}, {"short_upload": "error"}]
)
def test_firmwares(firmware: dict[str, Any]) -> None:
    """Open questions of the FILE manual make no difference."""
    with rig(response(BODY), switches=Switches(**firmware), adapter=BY_FILE) as made:
        assert made.session.post(SOMEWHERE, data=BODY).content == BODY
        assert made.servers.bodies == [BODY]


SHORT = response(b"ab", b"Content-Length: 9")


@pytest.mark.parametrize(
    ("answer", "err", "kind"),
    [
        ([SHORT, Hangup()], 717, requests.ConnectionError),
        ([SHORT, Silence()], 722, requests.ReadTimeout),
        ([Silence()], 702, requests.ReadTimeout),
        ([Hangup()], 719, requests.ConnectionError),
    ],
)
def test_responses_that_break_off(answer: Any, err: int, kind: type) -> None:
    """The URC reports it, and no file is left."""
    with rig(answer, adapter=BY_FILE) as made:
        with pytest.raises(requests.RequestException) as caught:
            made.get(timeout=(150, 20))
        assert type(caught.value) is kind
        found = caused(caught.value)
        assert found.err == err or (err in (702, 722) and found.err is None)
        assert found.phase in (Phase.WAIT, Phase.READ)
        check_next(made)
        assert made.emulator.module.files.names() == []


#: The possible answers to a command with noise in it.
DOUBTFUL = {711, 726, 730}
#: By command: the numbers after which the client must repair or repeat it, because the
#: server has seen nothing or the module is busy; and those after which it may.
MENDED: dict[str, tuple[frozenset[int], set[int]]] = {
    "QHTTPPOSTFILE": (BUSY | STATE_LOST | CONTEXT_LOST, DOUBTFUL),
    "QHTTPREADFILE": (BUSY, DOUBTFUL),
}


@pytest.mark.parametrize("err", range(701, 731))
@pytest.mark.parametrize("command", ["QHTTPPOSTFILE", "QHTTPREADFILE"])
def test_every_number(err: int, command: str) -> None:
    """Both commands may be refused with it. If a repair is possible, there is one."""
    start = place_of(command)
    fault = Fault("from_host", start + 9, "cme", code=err)
    with rig(faults=[fault], adapter=BY_FILE) as made:
        must, may = MENDED[command]
        try:
            assert made.get(timeout=20).content == b"hello"
            assert err in must | may and len(made.servers.requests) == 1
        except requests.RequestException as error:
            assert err not in must
            assert caused(error).err == err and str(err) in str(error)
        check_next(made)
        assert made.emulator.module.files.names() == []


def place_of(command: str) -> int:
    """The place of the command on the line, without faults."""
    with rig(adapter=BY_FILE) as made:
        made.get()
        # Names are random, with one length.
        return made.written.index(b"AT+" + command.encode())


def test_a_name_that_is_taken() -> None:
    """Another program's file with the same name does no harm."""
    with rig(adapter=BY_FILE, switches=Switches(stored_response="refused")) as made:
        for _ in range(3):
            assert made.get().content == b"hello"
        names = READ.findall(made.written)
        assert len(set(names)) == 3


def without_file(made: Rig) -> bool:
    """Whether nothing went by file."""
    return not POST.search(made.written) and not READ.search(made.written)


def test_one_request_by_file() -> None:
    """Those before and after it go by the line."""
    with rig() as made:
        made.get()
        assert without_file(made)
        with made.adapter.via_file():
            assert made.get().content == b"hello"
        assert not without_file(made)
        before = len(POST.findall(made.written))
        made.get()
        assert len(POST.findall(made.written)) == before


def test_an_upload_whose_result_was_lost_is_not_sent_on() -> None:
    """Its size is right, but one byte is not: its checksum was lost."""
    body = b"valve=open;" * 40
    with rig(adapter=BY_FILE) as well:
        well.session.post(SOMEWHERE, body)
        garbled = Fault("from_host", well.written.index(b"valve=") + 300, "garble")
        lost = well.heard.index(b"+QFUPL:")
    silence = Fault("to_host", lost, "drop", count=40)
    with rig(adapter=BY_FILE, faults=[garbled, silence]) as made:
        assert made.session.post(SOMEWHERE, body, timeout=(60, 5)).ok
        assert made.servers.bodies == [body]
        assert made.written.count(b"AT+QFUPL=") == 2


def test_a_file_that_somebody_has_left_is_not_sent_on() -> None:
    """Only its name and its size are those of the request."""
    with rig(adapter=BY_FILE) as made:
        made.session.post(SOMEWHERE, b"valve=open")
        found = POST.search(made.written)
        assert found is not None
        size = len(made.servers.requests[0])
        made.emulator.module.files.create(found[1].decode()).extend(b"x" * size)
        made.session.post(SOMEWHERE, b"valve=open")
        assert made.servers.bodies == [b"valve=open"] * 2


def test_a_file_that_has_arrived_is_not_sent_again() -> None:
    """It stays in the module while the module is busy."""
    with rig(adapter=BY_FILE) as well:
        well.session.post(SOMEWHERE, b"valve=open")
        offset = well.written.index(b"AT+QHTTPPOSTFILE=")
    busy = Fault("from_host", offset + 9, "cme", code=703)
    with rig(adapter=BY_FILE, faults=[busy]) as made:
        assert made.session.post(SOMEWHERE, b"valve=open").content == b"hello"
        assert made.written.count(b"AT+QHTTPPOSTFILE=") == 2
        assert made.written.count(b"AT+QFUPL=") == 1
