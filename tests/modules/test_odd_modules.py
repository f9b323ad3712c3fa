"""Behaviours that no document shows, if HTTP tells the end of a body.

Otherwise nothing tells it: the request fails in time, and the error says what came.
"""

from __future__ import annotations

import itertools

import pytest
import requests

from requests_bg96.emulator import Delay, Fault, Hangup, Switches
from requests_bg96.response.trailer import odd_end
from tests.firmwares import ODD_ENDS
from tests.support import SOMEWHERE, Answers, chunks, cme, response, rig

CLOSE = b"Connection: close"
CODED = b"Transfer-Encoding: chunked"
VALUES = [(name, one) for name, values in ODD_ENDS.items() for one in values]
#: Bodies with the end of a response in the middle.
BODIES = (b"hello", b"", b"a\r\nOK\r\n\r\n+QHTTPREAD: 0\r\nb")


@pytest.mark.parametrize(("name", "value"), VALUES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_body_whose_end_is_known(name: str, value: str, method: str) -> None:
    """It arrives in time, with a length or in chunks, and the next one works."""
    switches = Switches.from_text({name: value, "chunked": "raw"})
    for body in BODIES:
        coded = response(chunks(body, [3]), CODED)
        # Chunk framing ends with the line end that would be missing.
        for answer in (response(body), *([coded] if value != "none_before" else [])):
            with rig(answer, switches=switches) as made:
                data = b"x" * 3_000 if method == "POST" else None
                for _ in range(2):
                    found = made.session.request(
                        method, SOMEWHERE, data=data, timeout=(30, 10)
                    )
                    assert found.content == body
                assert made.clock.now() < 8
                assert len(made.servers.requests) == 2


@pytest.mark.parametrize(("name", "value"), VALUES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_body(name: str, value: str, method: str) -> None:
    """The client does not wait for one."""
    status = b"204 No Content" if method == "GET" else b"200 OK"
    answer = response(b"", b"Content-Length: 5", status=status)
    with rig(answer, switches=Switches.from_text({name: value})) as made:
        for _ in range(2):
            assert made.session.request(method, SOMEWHERE).content == b""


@pytest.mark.parametrize("body", [b"text\r\n", b"\r\n"])
def test_bytes_that_may_be_missing(body: bytes) -> None:
    """A body that ends like the missing line end is refused, never guessed."""
    with rig(response(body), switches=Switches(read_trailer="none_before")) as made:
        with pytest.raises(
            requests.RequestException, match="missing, or too many|more expected"
        ):
            made.get()


#: The last bytes, as in the error.
RESULT = "CR LF [+]QHTTPREAD: 0 CR LF"
OKAY = "CR LF OK CR LF"
SEEN = {
    "before_ok": f"last is (?:CR LF )?{RESULT} {OKAY}",
    "read": f"last is (?:CR LF )?{RESULT}",
    "both": f"last is (?:CR LF )?{RESULT}",
    "none_before": f"last is OK CR LF {RESULT}",
    "none_between": f"last is (?:CR LF )?{OKAY} {RESULT[6:]}",
    "two_between": f"last is (?:CR LF )?{OKAY} CR LF {RESULT}",
}
#: The bytes read if nothing tells the module's line ends from those of the body.
READ = {
    ("none_before", b""): b"",
    ("none_before", b"text\r\n"): b"text",
    ("two_before", b""): b"\r\n",
    ("two_before", b"hello"): b"hello\r\n",
    ("two_before", b"text\r\n"): b"text\r\n\r\n",
    ("two_behind", b""): b"",
    ("two_behind", b"hello"): b"hello",
    ("two_behind", b"text\r\n"): b"text\r\n",
}


@pytest.mark.parametrize(("name", "value"), VALUES)
@pytest.mark.parametrize("body", [b"hello", b"", b"text\r\n"])
@pytest.mark.parametrize("field", [CLOSE, CODED])
def test_a_body_whose_end_nothing_tells(
    field: bytes, body: bytes, name: str, value: str
) -> None:
    """It fails in time, and says what came, except line ends before the trailer.

    A line end of the body is shown with them.
    """
    answer = response(chunks(body, [3]) if field == CODED else body, field)
    with rig(answer, switches=Switches.from_text({name: value})) as made:
        if (value, body) in READ:
            assert made.get(timeout=(30, 10)).content == READ[value, body]
            assert made.clock.now() < 1
        else:
            seen = SEEN[value] + "[.] If this firmware .*reading the response"
            with pytest.raises(requests.RequestException, match=seen) as caught:
                made.get(timeout=(30, 10))
            assert ("timed out" in str(caught.value)) == (value != "before_ok")
            assert made.clock.now() < (1 if value == "before_ok" else 12)
        made.servers.answers = [response(b"next")]
        assert made.get(timeout=(60, 10)).content == b"next"


def test_what_an_error_says_of_an_end() -> None:
    """Only line ends and results; nothing else that a server may have sent."""
    told = odd_end(b"secret\r\nOKAY\nOK\n+QHTTPREAD: 719\r\r\n")
    assert told.startswith("; what came last is LF OK LF +QHTTPREAD: 719 CR CR LF. If")
    assert "is CR LF +CME ERROR: 717 CR LF. If" in odd_end(b"x" + cme(717))
    for other in (
        b"",
        b"hello",
        b"\r\nOK\r\n",
        b"+QHTTPREAD: 0\r\nx",
        b"+QHTTPREAD: 12345678901\r\n",
        b"+QHTTPREAD: x\r\n",
        b"\r\n" * 100_000,
        b"OK" * 100_000,
    ):
        assert odd_end(other) == ""


@pytest.mark.parametrize("dtr", [False, True])
def test_an_echo_that_stays(dtr: bool) -> None:
    """It is not a restart; a real one is still noticed."""
    switches = Switches(echo_off=False)
    with rig(switches=switches, adapter={"dtr": dtr}) as made:
        assert made.modem.info()["model"] == "BG96"
        for _ in range(3):
            assert made.get(timeout=(40, 10)).content == b"hello"
        assert made.written.count(b"ATQ0V1E1") == 1
        made.emulator.reset()
        made.clock.sleep(10)
        assert made.get(timeout=(60, 10)).content == b"hello"
        assert len(made.servers.requests) == 4


@pytest.mark.parametrize("seconds", [0, 10])
@pytest.mark.parametrize(
    "first", ["info", "signal", "registration", "prepare", "command"]
)
def test_the_first_thing_where_an_echo_stays(first: str, seconds: int) -> None:
    """Any first command, at once or long after the port was opened."""
    with rig(switches=Switches(echo_off=False)) as made:
        made.modem.open()
        made.clock.sleep(seconds)
        ask = getattr(made.modem, first)
        ask("AT+CSQ") if first == "command" else ask()
        assert made.modem.info()["model"] == "BG96"
        assert made.get(timeout=(40, 10)).content == b"hello"
        assert not made.modem.stats.recoveries


@pytest.mark.parametrize("answer", [response(b"hello"), response(b"hello", CLOSE)])
def test_urcs_without_end(answer: bytes) -> None:
    """A module that is never silent is asked while it sends."""
    with rig(answer, switches=Switches(urc_flood=1500), on_line=None) as made:
        for _ in range(3):
            assert made.get(timeout=(30, 10)).content == b"hello"
        assert made.clock.now() < 3


def test_an_ok_that_is_left_out() -> None:
    """The result URC answers a request, too."""
    for method, body in itertools.product(("GET", "POST"), (b"", b"x" * 3_000)):
        with rig(switches=Switches(missing_ok="request")) as made:
            answer = made.session.request(method, SOMEWHERE, data=body, timeout=30)
            assert answer.content == b"hello" and len(made.servers.requests) == 1


#: A firmware whose OK to a request comes after the result, or never.
LATE_OK = (Switches(result_urc="before_ok"), Switches(missing_ok="request"))


@pytest.mark.parametrize("switches", LATE_OK)
@pytest.mark.parametrize(("silence", "read"), [(20, 60), (100, 120)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_ok_that_waits_for_a_slow_server(
    method: str, silence: int, read: int, switches: Switches
) -> None:
    """The client waits for it as long as for the result."""
    slow: Answers = [Delay(silence), response(b"slow")]
    with rig(slow, switches=switches) as made:
        for _ in range(2):
            answer = made.session.request(method, SOMEWHERE, timeout=(30, read))
            assert answer.content == b"slow"
        assert len(made.servers.requests) == 2


def test_a_line_that_dies_before_ok() -> None:
    """If OK came before the result so far, the client notices at once."""
    with rig() as made:
        made.get()
        before = len(made.heard)
        made.get()
        silent = made.heard.index(b"CONNECT\r\n", before) + len(b"CONNECT\r\n")
        made.emulator.add_fault(Fault("to_host", silent - before, "silence"))
        started = made.clock.now()
        with pytest.raises(requests.ReadTimeout, match="sending the request"):
            made.get(timeout=(30, 60))
        assert made.clock.now() - started < 13


def test_noise_that_hides_a_result() -> None:
    """If OK seems to come first, the client expects it until it is missing."""
    switches = Switches(result_urc="before_ok")
    with rig(switches=switches) as made:
        made.get()
        before = len(made.heard)
        made.get()
        noise = made.heard.index(b"+QHTTPGET:", before) - before
        made.emulator.add_fault(Fault("to_host", noise, "garble"))
        with pytest.raises(requests.RequestException):
            made.get(timeout=(30, 5))
        made.servers.answers = [[Delay(20), response(b"slow")]]
        with pytest.raises(requests.ReadTimeout):
            made.get(timeout=(30, 60))
        assert made.get(timeout=(30, 60)).content == b"slow"


@pytest.mark.parametrize("switches", LATE_OK)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_ok_by_file_that_waits_for_a_slow_server(
    method: str, switches: Switches
) -> None:
    """It is waited for as long as the read timeout, not as the connect timeout."""
    slow: Answers = [Delay(40), response(b"slow")]
    with rig(slow, switches=switches, adapter={"via": "file"}) as made:
        for _ in range(2):
            answer = made.session.request(method, SOMEWHERE, timeout=(20, 60))
            assert answer.content == b"slow"
        assert len(made.servers.requests) == 2


@pytest.mark.parametrize("switches", LATE_OK)
def test_a_server_by_file_that_is_too_slow(switches: Switches) -> None:
    """The read timeout ends the wait, and the server has the request once."""
    slow: Answers = [Delay(90), response(b"slow")]
    with rig(slow, switches=switches, adapter={"via": "file"}) as made:
        with pytest.raises(requests.ReadTimeout):
            made.session.post(SOMEWHERE, data=b"x", timeout=(20, 60))
        assert 60 <= made.clock.now() < 75
        assert len(made.servers.requests) == 1


def test_a_line_that_dies_before_ok_by_file() -> None:
    """Where OK has come before the result so far, that shows within its time."""
    with rig(adapter={"via": "file"}) as made:
        made.get()
        before = len(made.heard)
        made.get()
        sent = made.heard.index(b"+QHTTPPOSTFILE:", before)
        ok = made.heard.rindex(b"OK\r\n", before, sent)
        made.emulator.add_fault(Fault("to_host", ok - before, "silence"))
        started = made.clock.now()
        with pytest.raises(requests.ReadTimeout, match="sending the request"):
            made.get(timeout=(10, 60))
        assert made.clock.now() - started < 13


@pytest.mark.parametrize(
    "switches",
    [*LATE_OK, Switches(missing_ok="both"), Switches(result_urc="with_ok")],
)
def test_by_file(switches: Switches) -> None:
    """The results of both commands are found in any place."""
    slow: Answers = [Delay(20), response(b"slow")]
    with rig(slow, switches=switches, adapter={"via": "file"}) as made:
        for _ in range(2):
            answer = made.session.put(SOMEWHERE, data=b"x", timeout=(30, 60))
            assert answer.content == b"slow"
        assert made.clock.now() < 42


#: The error of a broken body: by file, it is found before the response.
BY = {
    "line": requests.exceptions.ChunkedEncodingError,
    "file": requests.exceptions.ConnectionError,
}


@pytest.mark.parametrize("via", BY)
@pytest.mark.parametrize("form", ["raw", "decoded"])
@pytest.mark.parametrize("trailer", ["cme", "urc"])
@pytest.mark.parametrize("sent", [b"", b"0\r\n", b"5\r\nhel"])
def test_chunks_that_are_cut(sent: bytes, trailer: str, form: str, via: str) -> None:
    """The module's err reports it, although no byte of the body has come."""
    texts = {"chunked": form, "hangup_trailer": trailer}
    cut: Answers = [response(sent, CODED), Hangup()]
    with rig(cut, switches=Switches.from_text(texts), adapter={"via": via}) as made:
        with pytest.raises(BY[via], match="717"):
            made.get(timeout=(30, 10))
