"""Dialogues with real modules: the client gets the module's side of each.

They are those of the emulator's tests (``tests/transcripts``), and those of modules of
the same maker that the emulator does not play (``siblings``). A pseudo-terminal sends
the module's bytes when it gets those that the module got. The client's link, parser,
dialogues and framing must get the right result.

The client always asks for heads (responseheader=1). If a transcript has none, a head is
put before the body.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from requests_bg96.at.link import Link
from requests_bg96.at.port import Port
from requests_bg96.at.state import State
from requests_bg96.at.steps import (
    Await,
    AwaitLateAnswer,
    Command,
    Dialogue,
    Pause,
    Reply,
    asked,
)
from requests_bg96.base.knowledge import Checked, Knowledge, Told
from requests_bg96.base.trust import Trust
from requests_bg96.clock import Deadline, SystemClock
from requests_bg96.dialogues import files, receive, tls
from requests_bg96.dialogues.request import Request
from requests_bg96.errors import ModuleError, ModuleRestarted, NoAnswer, SetupError
from requests_bg96.response.framing import Framing
from requests_bg96.response.live import LiveResponse
from requests_bg96.response.receiver import ResponseState
from requests_bg96.settings import Settings
from requests_bg96.stats import Statistics
from tests.support import play, to_question
from tests.transcripts.reader import FOLDER, SOCKETS, read_transcript, unescape

FILES = sorted({*FOLDER.rglob("*.txt")} - {*SOCKETS})
#: Placeholders for what differs from module to module.
STAND_INS = {b"{address}": b"10.7.157.1", b"{text}": b"7"}

URC = re.compile(
    rb"\+QHTTP(?:GET|POST|POSTFILE|READ|READFILE): \d|RDY|APP RDY|POWERED DOWN|\+QIURC:"
    rb"|\+QIND:|\+QUSIM:|\+CFUN: 1|\+CPIN: READY"
)
RESULT = re.compile(
    rb"(\+QHTTP(?:GET|POST|POSTFILE)): (\d+)(?:,(\d+)(?:,(\d+))?)?\r\n\Z"
)
READ = re.compile(
    rb"(?P<start>.*?CONNECT\r\n)(?P<payload>.*)"
    rb"(?P<end>\r\nOK\r\n\r\n\+QHTTPREAD: 0\r\n)",
    re.DOTALL,
)


@dataclasses.dataclass
class Turn:
    """What the module was sent, and what it sent.

    :param line: a command line, or "".
    :param payload: the bytes after its CONNECT.
    :param rest: the answer after that.
    :param pause: the place in the answer where the module paused.
    """

    line: bytes = b""
    answer: bytes = b""
    payload: bytes | None = None
    rest: bytes = b""
    pause: int = 0

    @property
    def command(self) -> Command:
        """The command, as the client has it."""
        text = self.line[2:-1].decode()
        patience = 5.0 if self.wanted else 0.3
        leads = b"CONNECT" in self.answer
        return Command(text, timeout=patience, payload=self.payload, leads=leads)

    @property
    def echoed(self) -> bool:
        """Whether the module has echoed the command."""
        return bool(self.line) and self.answer.startswith(self.line)

    @property
    def lines(self) -> list[bytes]:
        """The lines of the module, without the echo and a response's payload."""
        said = self.answer + self.rest
        if found := READ.fullmatch(said):
            said = found["start"] + found["end"]
        lines = [line.strip(b"\r") for line in said.split(b"\n")]
        return [line for line in lines if line and line != self.line.rstrip()]

    @property
    def wanted(self) -> list[bytes]:
        """The lines that answer the command: information, and one result."""
        if not self.line or READ.fullmatch(self.answer):
            return [b"CONNECT"] if self.line else []
        asked_for = b"?" in self.line
        lines = [line for line in self.lines if asked_for or not URC.match(line)]
        # With payload there are two results; the client keeps the last.
        return lines[1:] if self.payload is not None else lines


def turns(path: pathlib.Path) -> list[Turn]:
    """Read a transcript."""
    found: list[Turn] = []
    for sign, text in read_transcript(path):
        data = unescape(text)
        for name, value in STAND_INS.items():
            data = data.replace(name, value)
        if sign == ">" and data.startswith(b"AT") and data.endswith(b"\r"):
            found.append(Turn(data))
        elif sign == ">":
            found[-1].payload = data
        elif sign == "<":
            found = found or [Turn()]
            if found[-1].payload is None:
                found[-1].answer += data
            else:
                found[-1].rest += data
        elif sign == "~" and found:
            found[-1].pause = len(found[-1].answer)
    return with_heads(found)


def with_heads(found: list[Turn]) -> list[Turn]:
    """Put a head before each response without one."""
    length: bytes | None = None
    for turn in found:
        if result := RESULT.search(turn.answer + turn.rest):
            length = result[4]
        read = READ.fullmatch(turn.answer)
        if read and not read["payload"].startswith(b"HTTP/"):
            field = b"Connection: close"
            if length is not None:
                field = b"Content-Length: %b" % length
            head = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % field
            if turn.pause:
                turn.pause += len(head)
            turn.answer = read["start"] + head + read["payload"] + read["end"]
    return found


#: The end of a dialogue; no command line is like it.
THE_END = b"the end"


class Module:
    """Sends a module's bytes on a pseudo-terminal.

    :param found: its turns.
    :param size: the bytes of one piece.
    """

    def __init__(self, found: list[Turn], size: int) -> None:
        self._turns = found
        self._size = size
        self._heard = b""
        self._line, self._port = os.openpty()
        tty.setraw(self._port)
        self.path = os.ttyname(self._port)

    def run(self) -> None:
        """Play every turn."""
        with contextlib.suppress(EOFError):
            for turn in self._turns:
                self._hear(turn.line)
                self._say(turn.answer[: turn.pause])
                time.sleep(0.05 if turn.pause else 0)
                self._say(turn.answer[turn.pause :])
                if turn.payload is not None:
                    self._hear(turn.payload)
                    self._say(turn.rest)
            self._hear(THE_END)

    def close(self) -> None:
        """Close the pseudo-terminal."""
        os.close(self._line)
        os.close(self._port)

    def _say(self, data: bytes) -> None:
        for start in range(0, len(data), self._size):
            os.write(self._line, data[start : start + self._size])

    def _hear(self, wanted: bytes) -> None:
        """Wait for these bytes.

        :raises EOFError: if the client has ended before.
        """
        while not self._heard.startswith(wanted):
            line = self._heard.partition(b"\r")[0] + b"\r"
            if (answer := to_question(line)) is not None:
                # The client asks whether a response has ended.
                self._heard = self._heard[len(line) :]
                self._say(answer)
                continue
            self._heard += os.read(self._line, 65536)
            if self._heard.endswith(THE_END) and wanted != THE_END:
                raise EOFError
        self._heard = self._heard[len(wanted) :]


@contextlib.contextmanager
def linked(found: list[Turn], size: int) -> Iterator[tuple[Link, list[bytes]]]:
    """A link to a module with these turns, and its URCs."""
    module, clock = Module(found, size), SystemClock()
    thread = threading.Thread(target=module.run)
    urcs: list[bytes] = []
    port = Port(module.path, baudrate=115200, rtscts=False, clock=clock)
    # Not earlier: a port discards the bytes from before it is opened.
    thread.start()
    try:
        settings = Settings(verify_echo=any(turn.echoed for turn in found))
        yield Link(port, clock, urcs.append, Statistics(), settings), urcs
    finally:
        port.write(THE_END)
        thread.join()
        port.close()
        module.close()


def run(link: Link, dialogue: Dialogue[Reply]) -> Reply:
    """Carry out a dialogue with a module that listens."""
    link.state.state = State.LISTENING
    return link.run(dialogue, Deadline(SystemClock(), 5.0))


def listen(link: Link, seconds: float) -> None:
    """Read the lines that answer nothing, even a restart."""
    link.state.state = State.UNKNOWN
    link.run(wait(seconds), Deadline(SystemClock(), 5.0))


def converse(link: Link, turn: Turn) -> list[bytes]:
    """Send a command as the client does; return the lines of its answer."""
    if not turn.line:
        listen(link, 0.1)
        return []
    if not turn.wanted:
        started = {b"RDY", b"POWERED DOWN"} & set(turn.lines)
        with pytest.raises(ModuleRestarted if started else NoAnswer):
            run(link, asked(turn.command))
        return []
    try:
        reply = run(link, asked(turn.command))
    except ModuleRestarted:
        # The module has restarted before it got the command.
        link.state.state = State.UNKNOWN
        reply = link.run(late(turn.command), Deadline(SystemClock(), 5.0))
    if turn.line.startswith(b"AT+QHTTPREAD") and reply.connected:
        check_response(link, turn)
    elif result := RESULT.search(turn.answer + turn.rest):
        check_result(link, result)
    elif turn.answer.endswith(b"+QHTTPREADFILE: 0\r\n"):
        link.run(stored(), Deadline(SystemClock(), 5.0))
    elif len(turn.lines) > len(turn.wanted) + (turn.payload is not None):
        # Lines after the answer answer nothing.
        listen(link, 0.2)
    return [*reply.lines, reply.final]


def late(command: Command) -> Dialogue[Reply]:
    """Wait for the answer to an earlier command."""
    reply: Reply = yield AwaitLateAnswer(command, 5.0)
    return reply


def wait(seconds: float) -> Dialogue[None]:
    """Let a time pass, and read what comes."""
    yield Pause(seconds, SetupError("there is no time"))


def stored() -> Dialogue[bytes]:
    """Wait until a response is in its file."""
    line: bytes = yield Await(b"+QHTTPREADFILE:", 5.0)
    return line


def check_response(link: Link, turn: Turn) -> None:
    """Check that the response arrives byte by byte, and the line is free."""
    read = READ.fullmatch(turn.answer)
    assert read
    reading = LiveResponse(link, Framing("GET"), 5.0, SystemClock(), lambda one: None)
    response = b"".join(iter(lambda: reading.read(65536), b""))
    assert response == read["payload"]
    assert reading.state is ResponseState.OVER and link.state.listens


def check_result(link: Link, result: re.Match[bytes]) -> None:
    """Check the fields of the URC."""
    name, err = result[1].decode(), int(result[2])
    file = name == "+QHTTPPOSTFILE"
    request = Request("GET", b"http://x/", b"x", body=name != "+QHTTPGET", by_file=file)
    assert request.name == name
    script = receive.result(request, 5.0, Knowledge())
    if err:
        with pytest.raises(ModuleError) as caught:
            link.run(script, Deadline(SystemClock(), 5.0))
        assert caught.value.err == err
    else:
        told = link.run(script, Deadline(SystemClock(), 5.0))
        numbers = [int(field) if field else None for field in result.group(3, 4)]
        assert [told.status, told.length] == numbers


@pytest.mark.parametrize("size", [1, 1 << 20], ids=["bytewise", "whole"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_client_takes_what_the_module_said(path: pathlib.Path, size: int) -> None:
    found = turns(path)
    with linked(found, size) as (link, urcs):
        taken = [converse(link, turn) for turn in found]
    assert taken == [turn.wanted for turn in found]
    told = [line for turn in found for line in turn.lines if URC.match(line)]
    assert set(urcs) <= set(told)


def test_there_are_transcripts() -> None:
    names = {path.stem[:2] for path in FILES}
    assert names >= {"01", "02", "05", "06", "07", "08", "09", "10", "11", "12"}
    assert len([path for path in FILES if path.stem.startswith("manual-3.")]) == 8


# Dialogues with answers of other firmwares


def answer(name: str, line: str) -> str:
    """The answer of a module, whose lines are separated by ``|``."""
    for turn in turns(FOLDER / f"{name}.txt"):
        if turn.line == f"{line}\r".encode():
            return b"|".join(turn.lines).decode()
    raise AssertionError(f"{name} has no {line}")


def test_names_of_files_with_their_storage() -> None:
    said = answer("siblings/10-eg800k", 'AT+QFLST="*"')
    assert play(files.listing(), ('AT+QFLST="*"', said)) == {"isrgx1.pem": 1939}


def test_folders_among_the_files() -> None:
    said = answer("siblings/09-bg770a", 'AT+QFLST="*"')
    assert play(files.listing(), ('AT+QFLST="*"', said)) == {"security/": 0}


def test_the_space_of_another_module() -> None:
    said = answer("siblings/09-bg770a", 'AT+QFLDS="UFS"')
    assert play(files.free_space(), ('AT+QFLDS="UFS"', said)) == 3776512


def test_keys_of_later_firmwares() -> None:
    said = answer("08-bg96-rak5010-forms", "AT+QSSLCFG=?")
    known = Knowledge(checked=Checked(settings=True), told=Told(context=True))
    with contextlib.suppress(AssertionError):
        # Only the first step matters here.
        play(
            tls.fits(Trust(), b"https://x", Settings(), known),
            ("AT+QSSLCFG=?", said),
        )
    assert known.tls_keys is not None
    assert {"sni", "checkhost", "ignorecertchain", "seclevel"} <= known.tls_keys
