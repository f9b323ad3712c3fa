"""Support for the tests of the client: bytes in pieces, servers and modems."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import io
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, Union, cast

import requests
from hypothesis import strategies as st

import requests_bg96.emulator as emulation
from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.at.lines import error_number
from requests_bg96.at.steps import (
    Ask,
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Pause,
    Reply,
    Step,
)
from requests_bg96.emulator import Emulator, Hangup, Silence, VirtualClock
from requests_bg96.errors import BG96Error, Phase

T = TypeVar("T")

OK = b"\r\nOK\r\n"
CONNECT = b"\r\nCONNECT\r\n"
#: The bytes after the payload of AT+QHTTPREAD.
TRAILER = b"\r\nOK\r\n\r\n+QHTTPREAD: 0\r\n"


def cme(err: int) -> bytes:
    """The line of an error number."""
    return b"\r\n+CME ERROR: %d\r\n" % err


def bytewise(data: bytes) -> list[bytes]:
    """The bytes, one by one."""
    return [data[i : i + 1] for i in range(len(data))]


def cut(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    """Pieces of these sizes, again and again, until no byte is left."""
    sizes = list(sizes) or [len(data) or 1]
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1


#: The sizes of pieces.
piece_sizes = st.lists(st.integers(1, 40), max_size=12)

#: Parts of bodies that look like something else.
TREACHEROUS = (
    TRAILER,
    TRAILER[:-1],
    b"\r\nOK\r\n",
    b"\r\n+QHTTPREAD: 0\r\n",
    b"\r\n+CME ERROR: 717\r\n",
    b'\r\nOK\r\n\r\n+QIURC: "pdpdeact",1\r\n\r\n+QHTTPREAD: 0\r\n',
    b"\r\nCONNECT\r\n",
    b"\r\nRDY\r\n",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    b"+++",
    b"HTTP/1.1 200 OK\r\n\r\n",
)

#: Any body. It often looks like the line's own text.
bodies = st.lists(
    st.sampled_from(TREACHEROUS) | st.binary(max_size=80), max_size=8
).map(b"".join)


def chunks(
    body: bytes, sizes: Iterable[int], extension: bytes = b"", fields: bytes = b""
) -> bytes:
    """`body` with chunk framing.

    :param extension: the text after each size.
    :param fields: trailer fields, each with its line end.
    """
    framed = b"".join(
        b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in cut(body, sizes)
    )
    return framed + b"0%b\r\n%b\r\n" % (extension, fields)


def response(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with Content-Length, unless a field tells another framing."""
    lines = [b"HTTP/1.1 " + status, *fields]
    names = {field.partition(b":")[0].lower() for field in fields}
    if not names & {b"content-length", b"transfer-encoding", b"connection"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Bytes:
    """A socket for http.client, from which these bytes can be read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def parsed(data: bytes, method: str = "GET") -> tuple[int, bytes]:
    """The status and the body of a response, as http.client parses them."""
    found = http.client.HTTPResponse(
        cast(socket.socket, cast(Any, _Bytes(data))), method=method
    )
    found.begin()
    return found.status, found.read()


# Modules that a test plays

#: The two lines of the question whether the module listens.
INVITATION = re.compile(rb"ATQ0V1E1&D[01]\r")
WORD = re.compile(rb"AT(?:Q0|V1){40}E[01]\r")


def to_question(line: bytes) -> bytes | None:
    """A module's answer to a line of the question; None for another line."""
    if INVITATION.fullmatch(line):
        return OK
    return line + OK if WORD.fullmatch(line) else None


def without_questions(written: bytes) -> bytes:
    """The bytes of a host without its questions, which always differ."""
    return WORD.sub(b"", INVITATION.sub(b"", written))


# Dialogues without a port

#: The result of a step: the lines of an answer with the final one last; the line of a
#: URC; whether something came in a pause; None; or an exception.
Answer = Union[str, None, BG96Error]


def shown(step: Step) -> str:
    """A step as the scripts of these tests write it."""
    if isinstance(step, Command):
        text = step.line.decode("ascii").rstrip("\r")
        return text if step.payload is None else f"{text} <{len(step.payload)}>"
    return type(step).__name__


def replied(step: Step, answer: Answer) -> Any:
    """The value that the drive loop sends into a dialogue for this answer."""
    if isinstance(step, Await):
        return answer and answer.encode("latin-1")  # type: ignore[union-attr]
    if isinstance(step, (Ask, Pause)):
        return answer is not None
    if not isinstance(step, (Command, AwaitLateAnswer)):
        return None
    command = step if isinstance(step, Command) else step.command
    assert isinstance(answer, str), f"{command} has no answer in the script"
    *lines, final = answer.encode("latin-1").split(b"|")
    sent = command.payload is not None and b"sent" in lines
    phase = command.payload_phase if sent else Phase.CONNECT
    lines = [line for line in lines if line != b"sent"]
    return Reply(final, tuple(lines), error_number(final), phase)


def play(dialogue: Dialogue[T], *script: tuple[str, Answer]) -> T:
    """Run a dialogue, and compare each step with the script.

    :param script: each step as `shown` writes it, and its answer: lines separated by
        ``|``, with ``sent`` where the payload was taken.
    """
    outcome: Any = None
    failure: BG96Error | None = None
    steps = iter(script)
    while True:
        try:
            step = dialogue.throw(failure) if failure else dialogue.send(outcome)
        except StopIteration as stop:
            assert next(steps, None) is None, "the dialogue ended early"
            value: T = stop.value
            return value
        wanted, answer = next(steps, ("the end", None))
        assert shown(step) == wanted
        failure = answer if isinstance(answer, BG96Error) else None
        outcome = None if failure else replied(step, answer)


# A modem, the network behind it, and a session over both

Answers = Union[bytes, Iterable[Union[bytes, emulation.Delay, Hangup, Silence]]]
App = Callable[[emulation.ReceivedRequest], Answers]


class Servers:
    """All servers. Each request gets the next answer; the last one is repeated.

    :param answers: the answers, or a function of the request that returns one. By
        default, ``200 OK`` with the body ``hello``.
    """

    def __init__(self, *answers: Answers | App) -> None:
        self.answers = list(answers) or [response(b"hello")]
        self.requests: list[bytes] = []
        self.hosts: list[tuple[str, int]] = []
        #: The failures of the next attempts to connect.
        self.failures: list[emulation.NetworkFailure] = []

    def __call__(self, request: emulation.ReceivedRequest) -> Answers:
        self.requests.append(request.data)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request) if callable(answer) else answer

    def connect(self, host: str, port: int, tls: object) -> None:
        """Record a connection, or fail it."""
        self.hosts.append((host, port))
        if self.failures:
            raise self.failures.pop(0)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of all requests."""
        return [data.partition(b"\r\n\r\n")[2] for data in self.requests]


@dataclasses.dataclass
class Rig:
    """A session over an adapter over an emulator."""

    emulator: Emulator
    servers: Servers
    adapter: BG96Adapter
    session: requests.Session
    #: The bytes on the line, by piece, with their direction.
    traffic: list[tuple[str, bytes]]

    @property
    def clock(self) -> emulation.Clock:
        """The clock of both sides."""
        return self.emulator.clock

    @property
    def modem(self) -> BG96Modem:
        """The adapter's modem."""
        return self.adapter.modem

    @property
    def written(self) -> bytes:
        """All bytes that the host has written."""
        return b"".join(data for way, data in self.traffic if way == "from_host")

    @property
    def heard(self) -> bytes:
        """All bytes that the host has received."""
        return b"".join(data for way, data in self.traffic if way == "to_host")

    def get(self, **arguments: Any) -> requests.Response:
        """Send a GET."""
        return self.session.get(SOMEWHERE, **arguments)


#: Any URL: the network behind the modem is a function.
SOMEWHERE = "http://server.example/path"


@contextlib.contextmanager
def rig(
    *answers: Answers | App,
    adapter: Mapping[str, Any] | None = None,
    clock: emulation.Clock | None = None,
    **options: Any,
) -> Iterator[Rig]:
    """Make a rig, in virtual time.

    :param answers: of `Servers`.
    :param adapter: the arguments of the adapter.
    :param options: the arguments of the emulator.
    """
    clock = clock or VirtualClock()
    servers = Servers(*answers)
    traffic: list[tuple[str, bytes]] = []
    options.setdefault("network", emulation.CallableNetwork(servers))
    options.setdefault("on_line", lambda way, data: traffic.append((way, data)))
    with Emulator(clock=clock, **options) as emulator, requests.Session() as session:
        # By default, the adapter uses the machine's clock.
        shared = {"clock": clock} if isinstance(clock, VirtualClock) else {}
        made = BG96Adapter(emulator.url, **{**shared, **(adapter or {})})
        session.mount("http://", made)
        session.mount("https://", made)
        yield Rig(emulator, servers, made, session, traffic)
