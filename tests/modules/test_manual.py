"""The client and the manual: the real cause of each error, and other modules."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from requests_bg96 import BG96Modem
from requests_bg96.emulator import (
    Delay,
    Fault,
    Hangup,
    NetworkFailure,
    Refused,
    Silence,
    Switches,
    Unresolvable,
)
from tests.checks import caused, check_next, place
from tests.support import SOMEWHERE, Answers, Rig, chunks, response, rig

SHORT = response(b"ab", b"Content-Length: 9")
CODED = b"Transfer-Encoding: chunked"

#: By error number: what the server does, and the exception of requests.
SERVERS: dict[int, tuple[Answers, type[Exception]]] = {
    702: ([Silence()], requests.ReadTimeout),
    717: ([SHORT, Hangup()], requests.exceptions.ChunkedEncodingError),
    719: ([Hangup()], requests.ConnectionError),
    721: (response(b"zz\r\n", CODED), requests.exceptions.ChunkedEncodingError),
    722: ([SHORT, Silence()], requests.ConnectionError),
    723: (b"220 Welcome\r\n\r\n", requests.ConnectionError),
    729: (
        [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, Silence()],
        requests.ConnectionError,
    ),
}


@pytest.mark.parametrize("err", SERVERS)
def test_servers_that_provoke_an_error(err: int) -> None:
    """The number ends the request, or the client's own timer if it is as quick."""
    answer, kind = SERVERS[err]
    with rig(answer) as made:
        with pytest.raises(requests.RequestException) as caught:
            made.get(timeout=(150, 20))
        assert type(caught.value) is kind
        found = caused(caught.value).err
        assert found == err or (err in (702, 722) and found is None)
        check_next(made)


@pytest.mark.parametrize(
    ("err", "failure"),
    [(714, Unresolvable()), (716, Refused()), (718, NetworkFailure(718))],
)
@pytest.mark.parametrize("dns", [714, 716])
def test_networks_that_provoke_an_error(err: int, failure: Any, dns: Any) -> None:
    """Whichever number the firmware has for a name, nothing was sent."""
    with rig(switches=Switches(dns_error=dns)) as made:
        made.servers.failures = [failure]
        with pytest.raises(requests.ConnectionError) as caught:
            made.get()
        assert caused(caught.value).err == (dns if err == 714 else err)
        assert made.servers.requests == []
        check_next(made)


def test_a_wrong_address() -> None:
    with rig() as made:
        with pytest.raises(requests.ConnectionError, match="713"):
            made.session.get("http://192.0.2.256/")
        check_next(made)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_port_in_data_mode(method: str) -> None:
    """The client waits for it, within the connect timeout (HTTP manual 4.4)."""
    with rig() as made:
        made.get()
        with made.emulator.other_port_in_data_mode():
            with pytest.raises(requests.ConnectTimeout, match="704"):
                made.session.request(method, SOMEWHERE + "/other", timeout=20)
        assert made.clock.now() < 25
        check_next(made)


def test_a_connection_that_breaks_while_the_request_goes_out() -> None:
    """The server may have seen it: the result is 718."""

    def broken(request: object) -> Answers:
        raise NetworkFailure(718)

    with rig(broken) as made:
        with pytest.raises(requests.ConnectionError) as caught:
            made.session.post(SOMEWHERE, data=b"x")
        assert caused(caught.value).err == 718
        assert len(made.servers.requests) == 1


@pytest.mark.parametrize("status", [200, 403, 404, 409, 411, 500])
def test_response_codes(status: int) -> None:
    """HTTP manual 6: none of them is a failure of the module."""
    with rig(response(b"ab", status=b"%d Reason" % status)) as made:
        answer = made.get()
        assert (answer.status_code, answer.content) == (status, b"ab")


# Information that the client never asks for, or only once


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize(
    "model", ["BG96", "BG95-M3", "BG95-M1", "BG77", "BG96MAR02A07M1G"]
)
@pytest.mark.parametrize("later", [False, True])
def test_other_modules_with_the_same_commands(model: str, later: bool) -> None:
    """A later firmware, and siblings, work unchanged."""
    switches = Switches(prefix_key=later, sni_checkhost=later)
    with rig(model=model, switches=switches) as made:
        assert made.get().content == b"hello"
        assert made.session.post(SOMEWHERE, data=b"x" * 3000).content == b"hello"
        answer = made.session.get("https://server.example/", verify=False)
        assert answer.content == b"hello"
        assert made.modem.info()["model"] == model


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_what_a_module_knows_is_asked_once() -> None:
    """Its keys of TLS are not asked for again, even after a restart."""
    with rig() as made:
        for _ in range(2):
            made.session.get("https://server.example/", verify=False)
        made.emulator.reset()
        made.clock.sleep(12)
        made.session.get("https://server.example/", verify=False)
        assert made.written.count(b"AT+QSSLCFG=?") == 1


TEST_FORMS = {
    "AT+QHTTPCFG=?": "contextid",
    "AT+QHTTPURL=?": "(1-700)",
    "AT+QHTTPGET=?": "(1-2048)",
    "AT+QHTTPPOST=?": "(1-1024000)",
    "AT+QHTTPPOSTFILE=?": "<file_name>",
    "AT+QHTTPREAD=?": "(1-65535)",
    "AT+QHTTPREADFILE=?": "<file_name>",
}


@pytest.mark.parametrize("command", TEST_FORMS)
def test_test_forms_by_hand(command: str) -> None:
    """The client's raw command understands what the client does not ask."""
    with rig() as made, made.modem as modem:
        assert TEST_FORMS[command] in "".join(modem.command(command))


def test_read_forms_by_hand() -> None:
    with rig() as made:
        made.get()
        assert made.modem.command("AT+QHTTPURL?") == [f"+QHTTPURL: {SOMEWHERE}"]
        settings = made.modem.command("AT+QHTTPCFG?")
        assert '+QHTTPCFG: "requestheader",1' in settings
        assert made.get().content == b"hello"


KEYS = {
    "contextid": "1",
    "requestheader": "1",
    "responseheader": "1",
    "sslctxid": "1",
    "contenttype": "0",
}


@pytest.mark.parametrize("key", KEYS)
def test_settings_by_hand(key: str) -> None:
    """The next request sets what it needs again."""
    with rig() as made:
        made.get()
        query = f'AT+QHTTPCFG="{key}"'
        assert made.modem.command(query) == [f'+QHTTPCFG: "{key}",{KEYS[key]}']
        other = "2" if key in ("contextid", "sslctxid", "contenttype") else "0"
        assert made.modem.command(f"{query},{other}") == []
        assert made.get().content == b"hello"
        wanted = "2" if key == "contenttype" else KEYS[key]
        assert made.modem.command(query) == [f'+QHTTPCFG: "{key}",{wanted}']


# A URC inside a body (no transcript has one)

RING = b"\r\nRING\r\n"
BODY = bytes(range(256)) * 8

FRAMINGS: dict[str, tuple[bytes, str]] = {
    "length": (response(BODY), "decoded"),
    "raw chunks": (response(chunks(BODY, [100]), CODED), "raw"),
}


def with_urc(made: Rig) -> bytes | requests.RequestException:
    """The body of a response with a URC inside, or the exception."""
    try:
        return made.get(timeout=(150, 20)).content
    except requests.RequestException as error:
        return error


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("offset", [0, 4, 99, 100, 500, 1027, 2047])
def test_a_urc_in_a_body(framing: str, offset: int) -> None:
    """If a length or chunks can tell, the body is never silently wrong."""
    answer, chunked = FRAMINGS[framing]
    switches = Switches.from_text({"urc_in_payload": "between", "chunked": chunked})
    head = answer.index(b"\r\n\r\n") + 4
    parts: Answers = [answer[: head + offset], Delay(2.0), answer[head + offset :]]
    _, start = place(answer[: head + 1][:20], answer)
    fault = Fault("to_host", start + head + offset, "urc", data=b"RING")
    with rig(parts, switches=switches, faults=[fault]) as made:
        body = with_urc(made)
        payload = made.heard.partition(b"CONNECT\r\nHTTP")[2].split(b"\r\nOK\r\n")[0]
        assert RING in payload
        assert body == BODY or isinstance(body, requests.RequestException)
        check_next(made)


def test_a_modem_by_itself() -> None:
    """The read forms of a module without a network."""
    with rig(sim=None) as made:
        with BG96Modem(made.emulator.url, clock=made.clock) as modem:
            assert modem.command("AT+QHTTPURL?") == []
            assert len(modem.command("AT+QHTTPCFG?")) == 5
