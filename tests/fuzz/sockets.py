"""The module's sockets: their steps, their dialogues, and requests over them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from requests_bg96 import BG96Modem
from requests_bg96.at.lines import error_number
from requests_bg96.at.pieces import SocketLink
from requests_bg96.at.port import Port
from requests_bg96.at.socket_steps import MOST_READ, MOST_SENT, Fetch, Fetched, Send
from requests_bg96.at.state import State
from requests_bg96.at.steps import Ask, Command, Dialogue, Escape, Listen, Reply, Step
from requests_bg96.base.channels import ChannelState, TcpChannel, TcpChannels
from requests_bg96.base.knowledge import Knowledge
from requests_bg96.clock import Deadline
from requests_bg96.dialogues import connect, sockets
from requests_bg96.errors import BG96Error, Phase
from requests_bg96.settings import Settings
from requests_bg96.stats import Statistics
from tests.fuzz.clients import CONNECT, READ, SLACK, one
from tests.fuzz.scripted import NEXT, SECOND, ScriptedModule, joined, script
from tests.support import OK, Rig, response, rig, to_question

#: Payload that is commands, and payload that is not.
HARMFUL, HARMLESS = b"x\rAT+CFUN=0\rA/", b"hello"
STEPS: tuple[Step, ...] = (
    Send("+QISEND=0,14", payload=HARMFUL, payload_phase=Phase.SEND),
    Send("+QISEND=1,5", payload=HARMLESS, payload_phase=Phase.SEND),
    Fetch("+QIRD=0,1500"),
    Fetch("+QIRD=1,1500"),
    Fetch("+QIRD=0,10", size=10),
    Command("+QISTATE"),
    Listen(2.0, lambda: False),
    Escape(),
    Ask(),
)
#: What the dialogues are asked to do with.
CHANNELS = 3
_OPEN, _RECV = b"\r\n+QIOPEN: 0,0\r\n", b'\r\n+QIURC: "recv",0\r\n'


def both(data: bytes) -> None:
    """Steps over a port, and dialogues without one."""
    steps(data)
    dialogues(data)
    connection(data)


def steps(data: bytes) -> None:
    """Steps end in time; payload goes to a prompt only, and comes as it was told.

    The first four bytes choose the steps. The others are the module's answers.
    """
    chosen, answers = data[:4], script(data[4:])
    module = ScriptedModule(answers)
    port = Port(module.url, baudrate=115_200, rtscts=False, clock=module.clock)
    settings = Settings(verify_echo=bool(chosen and chosen[0] & 0x80))
    link = SocketLink(port, module.clock, lambda line: None, Statistics(), settings)
    link.state.state = State.LISTENING
    said = b"".join(answers).replace(SECOND, b"")
    for number in chosen:
        step = STEPS[(number & 0x3F) % len(STEPS)]
        known = State.IN_DATA_MODE if isinstance(step, Escape) else State.LISTENING
        link.state.state = known if number & 0x40 else State.UNKNOWN
        started, before = module.clock.now(), len(module.heard)
        with contextlib.suppress(BG96Error):
            found = link.run(one(step), Deadline(module.clock, CONNECT))
            if isinstance(found, Fetched) and isinstance(step, Fetch):
                assert found.data in said and len(found.data) <= step.size
            assert link.owed == b"" or not isinstance(step, Send)
        if HARMFUL in module.heard[before:]:
            # Nothing but a prompt lets it leave, or a byte where one should be.
            assert isinstance(step, Send) and said
        assert module.clock.now() - started <= CONNECT + SLACK, step


def conversations(
    channel: TcpChannel, channels: TcpChannels
) -> list[Callable[[], Dialogue[object]]]:
    """All dialogues of sockets."""
    known, settings = Knowledge(), Settings()
    return [
        lambda: sockets.prepare(known, channels),
        lambda: sockets.open_socket(channel, channels, "a.example", 80, settings),
        lambda: sockets.examine_opening(channel),
        lambda: sockets.fetch(channel, known),
        lambda: sockets.fetch(channel, known, silent=True),
        lambda: sockets.examine(channel),
        lambda: sockets.examine(channel, known=True),
        lambda: sockets.send(channel, HARMFUL),
        lambda: sockets.has_room(channel, MOST_SENT),
        lambda: sockets.close(channels),
        lambda: connect.close_pushing(range(CHANNELS)),
    ]


def dialogues(data: bytes) -> None:
    """A dialogue ends at any answers, and counts what it moved.

    The first byte chooses the dialogue, the second what was known of the socket. Then
    there is a line for each step.
    """
    channels = TcpChannels()
    for _ in range(CHANNELS):
        assert channels.add() is not None
    channel, *others = channels.all
    kind = data[1] if data[1:] else 0
    channel.state = (ChannelState.OPEN, ChannelState.OPENING)[kind & 1]
    channel.closing, channel.cut = bool(kind & 2), bool(kind & 4)
    channels.unclosed.update(range(5, 5 + (kind >> 3 & 3)))
    made = conversations(channel, channels)
    dialogue = made[(data[0] if data else 0) % len(made)]()
    got = b""
    with contextlib.suppress(BG96Error, StopIteration):
        step = next(dialogue)
        for line in data[2:].split(b"\n"):
            answer = replied(step, line)
            if isinstance(answer, Fetched):
                got += answer.data
            step = dialogue.send(answer)
    dialogue.close()
    assert bytes(channel.data) == got
    assert channel.sent in (0, len(HARMFUL))
    assert (channel.failure is not None) == (channel.state is ChannelState.DEAD)
    assert all(one.sent == 0 and not one.data for one in others)


def replied(step: object, line: bytes) -> object:
    """The answer to a step: payload and information lines in `line` end with NUL."""
    *before, final = line.split(b"\0")
    if isinstance(step, Ask):
        return bool(line)
    if isinstance(step, Fetch):
        data = b"".join(before)[: step.size] if final == b"OK" else b""
        return Fetched(Reply(final, (), error_number(final)), (data,))
    phase = Phase.SEND if isinstance(step, Send) and before else None
    return Reply(final, tuple(before), error_number(final), phase)


def connection(data: bytes) -> None:
    """A connection over a module that says anything: each call ends in time.

    What is read was said.
    """
    kind, answers = (data[0] if data else 0), script(data[1:])
    module = ScriptedModule(answers)
    modem = BG96Modem(module.url, clock=module.clock, verify_echo=bool(kind & 1))
    said = b"".join(answers).replace(SECOND, b"")
    with contextlib.suppress(OSError):
        with modem.sockets.connect("a.example", 80, CONNECT) as made:
            made.settimeout(READ)
            made.sendall(HARMLESS)
            while got := made.recv(MOST_READ):
                assert got in said
                said = said.replace(got, b"", 1)
    # To connect, to send, and for each answer.
    assert module.clock.now() <= CONNECT + (READ + SLACK) * (3 + len(answers)) + 20.0
    with contextlib.suppress(BG96Error):
        modem.close()


def answers_of(made: Rig) -> list[bytes]:
    """The answers of a real module, to each piece but the questions."""
    found: list[bytes] = []
    asked = False
    for way, data in made.traffic:
        if way == "from_host":
            asked = to_question(data) is not None
            found += [] if asked else [b""]
        elif found and not asked:
            found[-1] += data
    return found


def seeds() -> Iterator[bytes]:
    """Answers to steps and dialogues, and those of a real module to a connection."""
    for first in range(len(STEPS)):
        for second in (
            b"\r\n> " + NEXT + b"\r\nSEND OK\r\n",
            b"\r\n> " + NEXT + b"\r\nSEND FAIL\r\n",
            b"\r\n+QIRD: 5\r\nhello\r\n" + OK,
            b"\r\n+QIRD: 5\r\nhello\r\n" + OK + OK + NEXT + OK,
            b"\r\n+QIRD: 0\r\n" + OK,
            b"\r\nERROR\r\n",
            _OPEN + _RECV + OK,
        ):
            yield bytes((first, 2, first | 0x40, 0x46)) + second * 2
    listed = b'+QISTATE: 0,"TCP","192.0.2.1",80,49153,%d,1,0,0,"uart1"\0OK'
    for number in range(11):
        for lines in (
            [b"hello\0OK", listed % 2, b"OK"],
            [b"OK", listed % 4, b"OK", b"OK"],
            [b"\0SEND OK"],
            [b"\0SEND FAIL", listed % 2, b"+QISEND: 0,0,0\0OK"],
            [b"ERROR", b"OK", b"+QIGETERROR: 567,x\0OK"],
            [b"+QISDE: 0\0OK"] * 5,
        ):
            yield bytes((number, 0)) + b"\n".join(lines)
    with rig(response(b"hello"), adapter={"via": "socket"}) as made:
        with made.modem.sockets.connect("a.example", 80, CONNECT) as opened:
            opened.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            while opened.recv(MOST_READ):
                pass
        yield b"\0" + joined(answers_of(made))
