"""No byte of a server, of a caller or of noise is taken for the module's word."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import Any

import pytest

from requests_bg96.emulator import Hangup, Switches
from requests_bg96.errors import (
    BG96Error,
    DataModeError,
    EchoError,
    StrayAnswer,
    TransferError,
)
from tests.sockets.stage import HOST, PORT, TRICKY, exchange, received, stage
from tests.support import OK

#: URCs that tell what is not so.
FORGED = (
    b'+QIURC: "closed",0',
    b'+QIURC: "recv",0',
    b'+QIURC: "pdpdeact",1',
    b"+QIOPEN: 0,566",
    b'+QIURC: "closed",7',
    b'+QIURC: "closed",99',
    b'+QIURC: "incoming full"',
    b"+QIRD: 5",
    b"> ",
)
#: Results, of which one is the module's and one is not.
RESULTS = (b"SEND OK", b"SEND FAIL", b"OK", b"ERROR", b"+CME ERROR: 3", b"CONNECT")


@pytest.mark.parametrize("line", FORGED)
def test_a_forged_line_between_two_operations(line: bytes) -> None:
    """It costs a question at most."""
    with stage() as made:
        one, peer = made.connect()
        exchange(one, peer)
        made.insert(b"\r\n%b\r\n" % line)
        exchange(one, peer)
        assert not one.wait_readable(0)
        exchange(one, peer, TRICKY)


@pytest.mark.parametrize("line", RESULTS)
def test_a_forged_result(line: bytes) -> None:
    """The connection goes on or is lost; the server never gets a command."""
    for behind in (0, len(b"\r\n> "), len(b"\r\n> \r\nSEND OK\r\n")):
        with stage() as made:
            one, peer = made.connect()
            made.insert(b"\r\n%b\r\n" % line, behind)
            with contextlib.suppress(ConnectionError, TimeoutError):
                exchange(one, peer, b"hello")
                exchange(one, peer, b"again")
            exchange(*made.connect())
            assert re.fullmatch(rb"(?:hello)?(?:again)?\0*", peer.heard)


@pytest.mark.parametrize("behind", [0, len(b"\r\n> ")])
def test_a_line_that_only_informs(behind: int) -> None:
    """No manual has it for AT+QISEND. It ends nothing."""
    with stage() as made:
        one, peer = made.connect()
        made.insert(b"\r\n+QISEND: 5\r\n", behind)
        exchange(one, peer, b"hello")
        exchange(one, peer, b"again")


@pytest.mark.parametrize("line", FORGED[:7])
def test_a_urc_at_every_byte(line: bytes) -> None:
    """Between any two lines of an answer; the emulator knows where that is."""
    for behind in range(0, 120, 3):
        with stage() as made:
            one, peer = made.connect()
            made.fault("to_host", behind, "urc", data=line)
            exchange(one, peer)
            exchange(one, peer)


@pytest.mark.parametrize("line", FORGED + RESULTS)
def test_payload_that_looks_like_a_line(line: bytes) -> None:
    """Payload is only counted."""
    with stage() as made:
        one, peer = made.connect()
        other, beside = made.connect()
        payload = b"\r\n%b\r\n" % line * 40
        exchange(one, peer, payload)
        peer.says += [payload]
        exchange(other, beside)
        assert received(one, len(payload)) == payload


@pytest.mark.parametrize("told", [4, 6, 0, 1_500, 1_501, 9_999])
def test_a_wrong_length(told: int) -> None:
    """The connection is lost, and no byte is taken for an answer."""
    with stage() as made:
        one, peer = made.connect()
        other, beside = made.connect()
        peer.says.append(b"hello")
        made.modem.signal()
        made.insert(b"\r\n+QIRD: %d\r\nhello\r\n" % told + OK)
        with pytest.raises(ConnectionAbortedError):
            while one.recv(100):
                pass
        exchange(other, beside)


@pytest.mark.parametrize(
    "said, shown",
    [
        (b"\r\n+QIRD: 1501\r\n", "told 1501 bytes, but 1500 were asked"),
        (b"\r\nnonsense\r\n", "not readable"),
        (b"\r\nnonsense: 5\r\n", "not readable"),
        (OK, "not whole"),
        (b"\r\n+QIRD: 5\r\nhello\r\n\r\nERROR\r\n", "not whole"),
        (b"\r\nCONNECT\r\n", "in data mode"),
    ],
)
def test_what_cannot_be_the_answer(said: bytes, shown: str) -> None:
    """The connection is lost at once, and its error says what has come."""
    with stage() as made:
        one, peer = made.connect()
        other, beside = made.connect()
        exchange(one, peer)
        peer.says.append(b"hello")
        made.modem.signal()
        made.insert(said)
        before = made.clock.now()
        with pytest.raises(ConnectionAbortedError) as caught:
            one.recv(100)
        assert shown in str(caught.value.__cause__)
        assert made.clock.now() - before < 1.0
        exchange(other, beside)


def test_a_urc_amid_an_answer() -> None:
    """It is plausible with a name, or as one that the manual has."""
    for line in (b"+QUSIM: 1", b"RING"):
        with stage() as made:
            one, peer = made.connect()
            peer.says.append(b"hello")
            made.modem.signal()
            made.insert(b"\r\n%b\r\n" % line)
            assert one.recv(100) == b"hello"


@pytest.mark.parametrize("action", ["drop", "double"])
def test_a_byte_too_few_or_too_many(action: str) -> None:
    """It is at each byte of the payload: always an error, never a wrong byte."""
    start = len(b"\r\n+QIRD: 20\r\n")
    for behind in range(start, start + 20):
        with stage() as made:
            one, peer = made.connect()
            other, beside = made.connect()
            exchange(one, peer)
            peer.says.append(b"abcdefghijklmnopqrst")
            made.modem.signal()
            made.fault("to_host", behind, action)
            with pytest.raises(ConnectionAbortedError) as caught:
                received(one, 20)
            assert isinstance(caught.value.__cause__, BG96Error)
            with pytest.raises(ConnectionError):
                one.send(b"x")
            exchange(other, beside)


def test_the_module_is_asked_after_noise() -> None:
    """It must echo a question, and list its sockets."""
    with stage() as made:
        one, peer = made.connect()
        other, beside = made.connect()
        peer.says.append(b"hello")
        made.modem.signal()
        made.fault("to_host", len(b"\r\n+QIRD: 5\r\nhe"), "drop")
        with pytest.raises(ConnectionAbortedError) as caught:
            one.recv(10)
        assert isinstance(caught.value.__cause__, TransferError)
        before = len(made.written)
        exchange(other, beside)
        after = made.written[before:]
        assert b"ATQ0V1E1" in after
        assert after.index(b"ATQ0V1E1") < after.index(b"AT+QISTATE\r")
        one.close()
        made.connect()


@pytest.mark.parametrize("offset", range(len(b"AT+QISEND=0,9")))
def test_an_echo_that_differs(offset: int) -> None:
    """``verify_echo`` sends no byte of the payload for another command."""
    with stage(settings={"verify_echo": True}) as made:
        one, peer = made.connect()
        exchange(one, peer)
        made.fault("to_host", offset, "garble")
        with pytest.raises(ConnectionAbortedError) as caught:
            one.sendall(b"SECRET\r\n9")
            one.recv(1)
        assert isinstance(caught.value.__cause__, EchoError)
        assert b"SECRET" not in peer.heard
        exchange(*made.connect())


def test_with_an_echo() -> None:
    """All works the same."""
    with stage(settings={"verify_echo": True}) as made:
        one, peer = made.connect()
        exchange(one, peer, TRICKY)
        peer.says.append(Hangup())
        assert one.recv(1) == b""


def test_a_prompt_after_an_error() -> None:
    """No command is sent to the server as payload."""
    for behind in (0, 1, 2):
        with stage(fragment=1) as made:
            one, peer = made.connect()
            made.insert(b"\r\nERROR\r\n", behind)
            with pytest.raises(ConnectionAbortedError) as caught:
                one.sendall(b"hello")
            assert isinstance(caught.value.__cause__, StrayAnswer)
            exchange(*made.connect())
            assert b"AT" not in peer.heard


@pytest.mark.parametrize("fragment", [None, 1])
def test_a_result_before_the_payload(fragment: int | None) -> None:
    """Then the module may read payload as commands: none is sent."""
    with stage(fragment=fragment) as made:
        one, peer = made.connect()
        made.insert(b"\r\nSEND OK\r\n", behind=len(b"\r\n> "))
        with pytest.raises(ConnectionAbortedError):
            one.sendall(b"hello")
            one.sendall(b"again")
        exchange(*made.connect())
        assert b"AT" not in peer.heard


def test_connect_in_place_of_the_result() -> None:
    """The module is in data mode then, which is left before the next command."""
    with stage() as made:
        one, peer = made.connect()
        made.fault("to_host", len(b"\r\n> \r\n"), "drop", count=len(b"SEND OK"))
        made.insert(b"CONNECT", len(b"\r\n> \r\n"))
        with pytest.raises(ConnectionAbortedError) as caught:
            one.sendall(b"hello")
        assert isinstance(caught.value.__cause__, DataModeError)
        exchange(*made.connect())


def test_a_prompt_that_is_lost() -> None:
    """The payload goes on, if it is certain that the module waits for it."""
    for behind in range(len(b"\r\n> ")):
        for action in ("drop", "garble"):
            with stage() as made:
                one, peer = made.connect()
                made.fault("to_host", behind, action)
                exchange(one, peer, b"POST / HTTP/1.1\r\n\r\nbody")


def test_what_is_owed_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Only its size. It is sent once, and nothing is owed after it."""
    caplog.set_level(logging.DEBUG, "requests_bg96")
    with stage() as made:
        one, peer = made.connect()
        made.fault("to_host", 0, "silence", seconds=7.0)
        with pytest.raises(ConnectionAbortedError):
            one.sendall(b"hello")
        exchange(*made.connect())
        texts = [record.getMessage() for record in caplog.records]
        assert texts.count("> 6 bytes, to complete a payload") == 1
        assert peer.heard == b"hello"
        link = made.modem.engine.driver.link
        assert link is not None and link.owed == b""


def test_what_is_owed_is_no_command() -> None:
    """A payload that could be one is not sent where the module may take it so."""
    with stage() as made:
        one, peer = made.connect()
        made.fault("to_host", 0, "silence", seconds=7.0)
        with pytest.raises(ConnectionAbortedError):
            one.sendall(b"A/\rAT+CFUN=0\rAT+QIDEACT=1\r")
        exchange(*made.connect())
        assert peer.heard.strip(b"\0") == b""
        assert "AT+QIDEACT=1" not in made.commands
        assert made.modem.signal() is not None


def test_another_program_pushes() -> None:
    """Its socket is closed, and none of its bytes is taken for a line."""
    with stage() as made:
        made.modem.prepare()
        push = f'AT+QIOPEN=1,0,"TCP","{HOST}",{PORT},0,1'
        made.modem.command(push)
        made.peers.made[0].says.append(b"\r\nOK\r\n" * 3)
        one, peer = made.connect()
        exchange(one, peer)


@pytest.mark.parametrize("form", ["off", "on"])
def test_a_length_in_a_urc(form: Any) -> None:
    """Where the firmware has the setting, it is turned off: a length means a push."""
    with stage(switches=Switches(recvind=form)) as made:
        one, peer = made.connect()
        exchange(one, peer)
        assert ('AT+QICFG="recvind",0' in made.commands) == (form == "on")
        made.insert(b'\r\n+QIURC: "recv",0,5\r\nhello\r\nOK\r\n')
        with pytest.raises(ConnectionError):
            exchange(one, peer)
            exchange(one, peer)
        exchange(*made.connect())


def test_what_logs_and_errors_show(caplog: pytest.LogCaptureFixture) -> None:
    """No host, no payload, no address."""
    caplog.set_level(logging.DEBUG, "requests_bg96")
    with stage() as made:
        one, peer = made.connect()
        exchange(one, peer, b"payload-of-mine")
        assert made.modem.stats.bytes_down == 15
        made.fault("to_host", len(b"\r\n+QIRD: 5\r\n"), "drop")
        peer.says.append(b"secret")
        with pytest.raises(OSError) as caught:
            received(one, 10)
        shown = "\n".join(
            record.getMessage()
            for record in caplog.records
            if "emulator" not in record.name
        )
        assert "> 15 bytes" in shown and "< 15 bytes" in shown
        for secret in (HOST, "payload-of-mine", "yolp", "secret", "192.0.2"):
            assert secret not in shown
            assert secret not in f"{caught.value!r} {caught.value.__cause__!r} {one!r}"
        assert "> AT+QIOPEN=1,0,..." in shown
