"""The questions about sockets, each with the commands that answer it.

A question returns the value of the switch with its name, or raises `Undecided`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from .line import Undecided
from .questions import NOWHERE, Probe

__all__ = ("PLAIN_QUESTIONS", "SERVER_QUESTIONS")

#: The seconds until the URC of AT+QIOPEN (TCP/IP manual 2.1.4), and some more.
OPEN_TIME = 155.0
#: The seconds until the answer to AT+QICLOSE (TCP/IP manual 2.1.5), and some more.
CLOSE_TIME = 15.0
#: The seconds after which the bytes of a server have arrived.
SOON = 3.0
#: The settings that change the format of data (TCP/IP manual 2.1.15).
FORMATS = {"viewmode": "0", "dataformat": "0,0"}

_OPENED = re.compile(rb"\+QIOPEN: ?(\d+),(\d+)\r\n")
_STATE = re.compile(rb'\+QISTATE: ?(\d+),"[^"]*","[^"]*",\d+,\d+,(\d)')
_RECV = re.compile(rb'\+QIURC: ?"recv",\d+(?:,\d+)?\r\n')
_CLOSED = re.compile(rb'\+QIURC: ?"closed",\d+\r\n')
_PROMPT = re.compile(rb">|ERROR\r\n")
_SENT = re.compile(rb"SEND OK\r\n|SEND FAIL\r\n|ERROR\r\n")
_DATA = re.compile(rb"\+QIRD: ?(\d+)\r\n(.*)\Z", re.DOTALL)
_COUNTERS = re.compile(rb"\+QIRD: ?\d+,\d+,\d+\r\n")
_READ = re.compile(rb"\r\nOK\r\n|ERROR\r\n")
_PUSH = re.compile(rb'\+QIURC: ?"recv",\d+,(\d+)\r\n(.*)\Z', re.DOTALL)


class Socket:
    """One socket of the module.

    :param probe: the probe.
    :param number: a number that is free.
    """

    def __init__(self, probe: Probe, number: int) -> None:
        self.line = probe.line
        self.number = number
        #: The bytes that came with the result of the last request.
        self.heard = b""
        self._probe = probe

    def open(
        self, host: str, port: int, mode: int = 0, context: int | None = None
    ) -> int | None:
        """Open it; return the error in the URC (0 without one), or None for ERROR."""
        context = context or self._probe.context
        command = f'AT+QIOPEN={context},{self.number},"TCP","{host}",{port},0,{mode}'
        heard = self.line.ask(command, OPEN_TIME)
        if b"ERROR" in heard:
            return None
        if not _OPENED.search(heard):
            heard += self.line.hear(OPEN_TIME, _OPENED)
        found = _OPENED.search(heard)
        if not found:
            raise Undecided("AT+QIOPEN had no result")
        return int(found[2])

    def open_server(self, mode: int = 0) -> int | None:
        """Connect it to the probe's server."""
        url = urlsplit(self._probe.url)
        return self.open(url.hostname or "", url.port or 80, mode)

    def close(self) -> None:
        """Close it in any state."""
        with contextlib.suppress(Undecided):
            self.line.ask(f"AT+QICLOSE={self.number}", CLOSE_TIME)

    def state(self) -> int | None:
        """Return its state in AT+QISTATE; None if it is not listed."""
        found = _STATE.search(self.line.ask(f"AT+QISTATE=1,{self.number}"))
        return int(found[2]) if found else None

    def offer(self, length: int) -> bytes:
        """Send AT+QISEND; return the prompt, or the error."""
        self.line.send(b"AT+QISEND=%d,%d\r" % (self.number, length))
        heard = self.line.hear(5.0, _PROMPT)
        # A blank may follow.
        return heard if b"ERROR" in heard else heard + self.line.hear(0.3)

    def give(self, data: bytes, seconds: float = 10.0) -> bytes:
        """Send payload at the prompt; return the bytes up to the result."""
        self.line.send(data)
        return self.line.hear(seconds, _SENT)

    def asking(self, path: str) -> bytes:
        """Return the bytes of a GET request."""
        host = urlsplit(self._probe.url).netloc
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    def request(self, path: str) -> bytes:
        """Send a request to the server; return the prompt."""
        data = self.asking(path)
        prompt = self.offer(len(data))
        self.heard = self.give(data)
        if b"SEND OK" not in self.heard:
            raise Undecided("the request could not be sent")
        return prompt

    def read(self, more: str = "") -> bytes:
        """Send AT+QIRD; return its answer.

        :param more: further commands of the line.
        """
        self.line.send(b"AT+QIRD=%d,1500%b\r" % (self.number, more.encode()))
        heard = self.line.hear(5.0, _READ)
        if not _READ.search(heard):
            raise Undecided("AT+QIRD had no answer")
        return heard


@contextlib.contextmanager
def free_socket(probe: Probe) -> Iterator[Socket]:
    """Provide a socket, and close it at the end. Meanwhile, data have no format."""
    taken = {int(found[1]) for found in _STATE.finditer(probe.line.ask("AT+QISTATE?"))}
    free = [number for number in reversed(range(12)) if number not in taken]
    if not free:
        raise Undecided("all sockets are in use")
    before = _formats(probe)
    _set_formats(probe, FORMATS)
    socket = Socket(probe, free[0])
    try:
        yield socket
    finally:
        socket.close()
        _set_formats(probe, before)


@contextlib.contextmanager
def connected(probe: Probe, mode: int = 0) -> Iterator[Socket]:
    """Provide a socket that is connected to the server."""
    with free_socket(probe) as socket:
        if socket.open_server(mode) != 0:
            raise Undecided("no socket to the server could be opened")
        yield socket


@contextlib.contextmanager
def hung_up(probe: Probe) -> Iterator[Socket]:
    """Provide a socket that the server has closed, and whose data are read."""
    with connected(probe) as socket:
        socket.request("/hangup")
        socket.line.hear(SOON)
        socket.read()
        socket.line.hear(SOON)
        yield socket


def _formats(probe: Probe) -> dict[str, str]:
    """Return the settings that change the format of data, if the module has them."""
    found = {}
    for key in FORMATS:
        answer = probe.line.ask(f'AT+QICFG="{key}"')
        if told := re.search(rb'\+QICFG: ?"%b",([0-9,]+)\r\n' % key.encode(), answer):
            found[key] = told[1].decode()
    return found


def _set_formats(probe: Probe, formats: dict[str, str]) -> None:
    with contextlib.suppress(Undecided):
        for key, value in formats.items():
            probe.line.ask(f'AT+QICFG="{key}",{value}')


# Questions that need only the module.


def recvind(probe: Probe) -> str:
    """Is there a key that adds a length to URCs, and is it on?"""
    if b'"recvind"' not in probe.line.ask("AT+QICFG=?"):
        return "unknown"
    return "on" if b'"recvind",1' in probe.line.ask('AT+QICFG="recvind"') else "off"


def formats_at_start(probe: Probe) -> str:
    """Which format do data have before any setting?"""
    found = _formats(probe)
    if found.get("viewmode") == "1":
        return "viewmode"
    return "hex" if found.get("dataformat") == "1,1" else "plain"


def close_unopened(probe: Probe) -> str:
    """What is the answer to AT+QICLOSE of a socket that is not open?"""
    with free_socket(probe) as socket:
        answer = probe.line.ask(f"AT+QICLOSE={socket.number}", CLOSE_TIME)
    return "error" if b"ERROR" in answer else "ok"


def failed_open(probe: Probe) -> str:
    """Is a socket listed that failed to open?"""
    with free_socket(probe) as socket:
        if socket.open(NOWHERE, 80) == 0:
            raise Undecided(f"the network has an address for {NOWHERE}")
        return "free" if socket.state() is None else "taken"


def open_dns_error(probe: Probe) -> int:
    """Which error does a name without an address get?"""
    with free_socket(probe) as socket:
        number = socket.open(NOWHERE, 80)
    if number not in (565, 566):
        raise Undecided(f"a name without address ended with {number}")
    return number


def open_inactive(probe: Probe) -> str:
    """What is the answer to AT+QIOPEN without an active context?"""
    active = re.findall(rb"\+QIACT: ?(\d+),1", probe.line.ask("AT+QIACT?"))
    idle = [one for one in reversed(range(1, 17)) if b"%d" % one not in active]
    with free_socket(probe) as socket:
        return "error" if socket.open(NOWHERE, 80, 0, idle[0]) is None else "urc"


# Questions that need the server.


def send_prompt(probe: Probe) -> str:
    """Which bytes are the prompt?"""
    with connected(probe) as socket:
        prompt = socket.request("/head")
    forms = {b"\r\n> ": "blank", b"\r\n>": "plain", b"> ": "no_line_end"}
    if prompt not in forms:
        raise Undecided(f"the prompt is {prompt!r}")
    return forms[prompt]


def read_end(probe: Probe) -> str:
    """Which bytes come after the data of AT+QIRD?"""
    with connected(probe) as socket:
        socket.request("/head")
        socket.line.hear(SOON, _RECV)
        found = _DATA.search(socket.read())
    rest = found[2][int(found[1]) :] if found else b""
    for end, form in ((b"\r\n\r\nOK\r\n", "empty_line"), (b"\r\nOK\r\n", "plain")):
        if rest.startswith(end):
            return form
    raise Undecided(f"the data end with {rest!r}")


def joined_reads(probe: Probe) -> str:
    """What is the answer to two commands AT+QIRD on one line?

    The second one asks for counters, so no data can be lost.
    """
    with connected(probe) as socket:
        socket.request("/head")
        socket.line.hear(SOON, _RECV)
        heard = socket.read(f";+QIRD={socket.number},0") + socket.line.hear(SOON)
    if not (found := _DATA.search(heard)):
        raise Undecided("AT+QIRD had no data")
    rest = found[2][int(found[1]) :]
    if b"ERROR" in rest:
        return "error"
    if not _COUNTERS.search(rest):
        return "first"
    return "both" if rest.count(b"OK\r\n") == 1 else "results"


def push_end(probe: Probe) -> str:
    """Which bytes come after pushed data?"""
    with connected(probe, mode=1) as socket:
        data = socket.asking("/head")
        socket.offer(len(data))
        found = _PUSH.search(socket.give(data) + socket.line.hear(SOON))
    if not found or len(found[2]) < int(found[1]):
        raise Undecided("nothing was pushed")
    rest = found[2][int(found[1]) :]
    more = rest.startswith(b"\r\n") and not rest.startswith(b"\r\n+QIURC")
    return "line_end" if more else "nothing"


def client_state(probe: Probe) -> int:
    """Which state has a connected socket?"""
    with connected(probe) as socket:
        state = socket.state()
    if state not in (2, 3):
        raise Undecided(f"the state of a connection is {state}")
    return state


def payload_echo(probe: Probe) -> str:
    """Is payload echoed before any setting?"""
    if b"+QISDE: 1" not in probe.line.ask("AT+QISDE?"):
        return "off"
    with connected(probe) as socket:
        socket.offer(4)
        return "on" if socket.give(b"GET ").startswith(b"GET ") else "as_ate"


def closed_urc(probe: Probe) -> str:
    """When does the URC "closed" come, and are unread data kept?"""
    with connected(probe) as socket:
        socket.request("/hangup")
        told = _CLOSED.search(socket.heard + socket.line.hear(SOON))
        read = socket.read() + socket.line.hear(SOON)
    if not told:
        if not _CLOSED.search(read):
            raise Undecided("no URC of the server's end came")
        return "after_read"
    found = _DATA.search(read)
    return "at_once" if found and int(found[1]) else "data_lost"


def read_closed(probe: Probe) -> str:
    """What is the answer to AT+QIRD after the server closed and all data are read?"""
    with hung_up(probe) as socket:
        return "error" if b"ERROR" in socket.read() else "empty"


def open_closing(probe: Probe) -> str:
    """What is the answer to AT+QIOPEN of a socket that the server has closed?"""
    with hung_up(probe) as socket:
        number = socket.open_server()
    forms = {None: "error", 563: "in_use", 0: "reopened"}
    if number not in forms:
        raise Undecided(f"the second AT+QIOPEN ended with {number}")
    return forms[number]


def send_closed(probe: Probe) -> str:
    """What is the answer to AT+QISEND after the server has closed?"""
    with hung_up(probe) as socket:
        if b"ERROR" in socket.offer(1):
            return "error"
        answer = socket.give(b"x")
    if b"ERROR" in answer:
        return "prompt_error"
    if b"SEND FAIL" in answer:
        return "prompt_fail"
    raise Undecided("the module still sends after the server has closed")


def urc_at_prompt(probe: Probe) -> str:
    """Do URCs come while the prompt waits?"""
    with connected(probe) as socket:
        socket.request("/slow")
        socket.line.hear(SOON, _RECV)
        socket.read()
        socket.offer(1)
        early = socket.line.hear(10.0)
        late = socket.give(b"x") + socket.line.hear(SOON)
    if _RECV.search(early):
        return "between"
    if not _RECV.search(late):
        raise Undecided("no data came while the prompt waited")
    return "held"


def http_beside_sockets(probe: Probe) -> str:
    """Does HTTP work while a socket is open?"""
    with connected(probe):
        try:
            probe.request("/head")
        except Undecided as error:
            if "703" not in str(error):
                raise
            return "busy"
        probe.read()
    return "works"


PLAIN_QUESTIONS: dict[str, Any] = {
    question.__name__: question
    for question in (
        recvind,
        formats_at_start,
        close_unopened,
        failed_open,
        open_dns_error,
        open_inactive,
    )
}
SERVER_QUESTIONS: dict[str, Any] = {
    question.__name__: question
    for question in (
        send_prompt,
        read_end,
        joined_reads,
        push_end,
        client_state,
        payload_echo,
        closed_urc,
        read_closed,
        open_closing,
        send_closed,
        urc_at_prompt,
        http_beside_sockets,
    )
}
