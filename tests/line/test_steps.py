"""The steps of a dialogue: what a command leads to, and what answers it."""

from __future__ import annotations

import pytest

from requests_bg96.at.socket_steps import (
    MOST_READ,
    MOST_SENT,
    Fetch,
    Fetched,
    Send,
)
from requests_bg96.at.steps import (
    BLOCK,
    BYTES_PER_SECOND,
    Ask,
    Command,
    Kind,
    Reply,
    asked,
    must,
    prove,
    require_values,
)
from requests_bg96.errors import ModuleError, NoAnswer, Phase, StrayAnswer
from tests.support import play


def test_what_holds_by_default() -> None:
    """A command is short, shows itself, and leads to nothing."""
    assert Command("+X") == Command(
        "+X",
        timeout=5.0,
        payload=None,
        payload_timeout=5.0,
        result_timeout=None,
        payload_phase=None,
        bulky=False,
        leads=False,
        sink=None,
        sink_size=0,
        commits=False,
        reports=False,
        bare=False,
        shown=None,
        acknowledged=False,
        progress=None,
    )
    assert Reply(b"OK") == Reply(b"OK", (), None, None)
    # FILE manual 2.4; half of 9,600 baud.
    assert (BLOCK, BYTES_PER_SECOND) == (1_024, 480)


def test_what_connect_leads_to() -> None:
    """Payload that is sent, and payload that the command or another object takes."""
    assert not Command("+CSQ").connects
    for command in (
        Command("+QHTTPURL=3", payload=b""),
        Command("+QHTTPREAD", leads=True),
        Command("+QFDWL", sink=print),
    ):
        assert command.connects


@pytest.mark.parametrize(
    "text",
    ["+QHTTPREAD=80", "+QFREAD=1", '+QFDWL="a"', "+QIRD=0", "+QIOPEN=1,0", "+QISWTMD=0"]
    + ["+qhttpread=80", "D*99#", "O"],
)
def test_what_a_caller_fetches(text: str) -> None:
    """A server may have chosen what comes."""
    assert Command(text, bare=True, leads=True).fetches
    assert not Command(text, bare=True).fetches


def test_what_fetches() -> None:
    """Our own commands say so; those of callers do not."""
    assert Command("+QFDWL", sink=print).fetches
    assert Command("+QHTTPREAD", leads=True).fetches
    assert not Command("+QHTTPURL=3", payload=b"abc").fetches
    for text in ("+QHTTPPOST=3", "+CGDCONT?", "+QFUPL", "+CGDATA"):
        assert not Command(text, bare=True, leads=True).fetches
    assert Command("+QHTTPPOST=3", bare=True, leads=True, sink=print).fetches


def test_what_was_asked() -> None:
    """An error answers a command that may fail. For others, it is raised."""
    assert play(asked(Command("+X")), ("AT+X", "+CME ERROR: 3")).err == 3
    assert play(must(Command("+X")), ("AT+X", "+X: 1|OK")).values("+X") == ["1"]
    with pytest.raises(ModuleError, match="3: ") as caught:
        play(must(Command("+X")), ("AT+X", "+CME ERROR: 3"))
    assert caught.value.err == 3


def test_what_an_error_says() -> None:
    """The command without secrets, the answer, and the phase of the exchange."""
    dialogue = must(Command("+X=secret", shown="+X=***"))
    next(dialogue)
    with pytest.raises(ModuleError, match="NO CARRIER") as caught:
        dialogue.send(Reply(b"NO CARRIER", phase=Phase.SEND))
    assert (caught.value.err, caught.value.command) == (None, "AT+X=***")
    assert caught.value.phase is Phase.SEND


def test_what_must_be_proved() -> None:
    """Otherwise no line is believed."""
    play(prove(), ("Ask", "yes"))
    assert Ask().brief is False
    with pytest.raises(NoAnswer, match="command mode"):
        play(prove(), ("Ask", None))


def test_required_values() -> None:
    """OK alone answers another command; an error tells nothing."""
    assert require_values(Reply(b"OK", (b"+X: 1", b"+X: 2")), "+X") == ["1", "2"]
    assert require_values(Reply(b"ERROR"), "+X") == []
    with pytest.raises(StrayAnswer, match=r"\+X"):
        require_values(Reply(b"OK", (b"+Y: 1",)), "+X")


# Sockets


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"SEND OK", Kind.FINAL),
        (b" SEND OK", Kind.FINAL),
        (b"  SEND FAIL", Kind.FINAL),
        (b"SEND FAIL", Kind.FINAL),
        (b"SEND OK ", Kind.URC),
        (b"\tSEND OK", Kind.URC),
        (b"XSEND OK", Kind.URC),
        (b"send ok", Kind.URC),
        (b"SEND", Kind.URC),
        (b"", Kind.INFORMATION),
        (b" ", Kind.INFORMATION),
        (b"ERROR", Kind.FINAL),
        (b" +CME ERROR: 3", Kind.FINAL),
        (b"+QISEND: 1,2,3", Kind.INFORMATION),
        (b"AT+QISEND=0,5", Kind.ECHO),
        (b"RDY", Kind.URC),
    ],
)
def test_what_answers_the_payload_of_a_socket(line: bytes, kind: Kind) -> None:
    """A result of its own; a blank of the prompt may come before it."""
    assert Send("+QISEND=0,5", payload=b"hello").kind_of(line) is kind


def test_limits_of_sockets() -> None:
    """They are those of one command (TCP manual 2.1.7, 2.1.8)."""
    assert (MOST_SENT, MOST_READ) == (1_460, 1_500)
    assert Fetch("+QIRD=0,1500").size == 1_500 and Fetch("+QIRD=0,5", size=5).size == 5


def test_a_line_of_several_reads() -> None:
    """Its data are those of all reads, in order."""
    one, two = Fetch("+QIRD=0,1500"), Fetch("+QIRD=0,1500;+QIRD=0,1500", reads=2)
    assert two.is_joined and Fetch("+QIRD=0,9;+QIRD=0,0", counts=True).is_joined
    assert not one.is_joined
    assert two.kind_of(b"+QIRD: 5") is Kind.INFORMATION
    assert Fetched(Reply(b"OK"), (b"one", b"", b"two")).data == b"onetwo"
    assert not Fetched(Reply(b"OK"), ()).counted


def test_what_steps_of_sockets_show() -> None:
    """Not the payload, and of a command the form for logs."""
    fetched = Fetched(Reply(b"OK"), (b"secret",))
    assert repr(fetched) == "Fetched(reply=<Reply ok, 0 lines>)"
    assert repr(Send("+QISEND=0,6", payload=b"secret")) == "<Send AT+QISEND=0,6>"
    assert repr(Fetch("+QIRD=0,5")) == "<Fetch AT+QIRD=0,5>"
