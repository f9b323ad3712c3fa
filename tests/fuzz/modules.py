"""The emulator, with a host that sends anything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from requests_bg96.emulator import (
    CallableNetwork,
    Connection,
    Module,
    Silence,
    StreamNetwork,
    Switches,
)
from requests_bg96.emulator.callable_network import Part
from requests_bg96.emulator.command_line import parse, split_arguments
from requests_bg96.emulator.commands import COMMANDS
from requests_bg96.emulator.escape import EscapeDetector
from requests_bg96.emulator.http_body import ChunkedBody, MalformedBody
from requests_bg96.emulator.http_head import MalformedHead, ResponseHead, split_head
from requests_bg96.emulator.http_url import MalformedUrl, Url
from requests_bg96.emulator.interpreter import LINE_LIMIT
from requests_bg96.emulator.parameters import ParameterError, convert
from requests_bg96.emulator.request_framing import RequestFraming
from requests_bg96.emulator.terminal import INPUT_LIMIT
from tests.emulator.host import Host, response
from tests.fuzz.parsers import pieces
from tests.fuzz.scripted import SECOND, script

#: The answers of servers, again and again.
ANSWERS = (
    response(b"abc"),
    [Silence()],
    b"nonsense\r\n\r\n",
    response(b"2\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
)


def commands(data: bytes) -> None:
    """What a module reads, from its host and from servers."""
    command_line(data[1:])
    parameters(data[1:])
    http(data)
    escape(data)


def command_line(data: bytes) -> None:
    """A line is commands, and then at most one fault."""
    found = list(parse(data.decode("latin-1")))
    assert None not in found[:-1] and len(found) <= len(data)
    for command in found:
        if command is not None:
            assert command.name == command.name.upper()
            assert len(split_arguments(command.arguments)) <= len(data) + 1


def parameters(data: bytes) -> None:
    """The parameters of each command are accepted or refused."""
    text = data.decode("latin-1")
    for entry in COMMANDS._entries.values():
        with contextlib.suppress(ParameterError):
            assert len(convert(entry.declared, text)) == len(entry.declared)


def http(data: bytes) -> None:
    """Bytes of a server and of the host are parsed or refused."""
    with contextlib.suppress(MalformedUrl):
        assert 0 < Url.parse(data.decode("latin-1")).port < 65536
    if split := split_head(data):
        with contextlib.suppress(MalformedHead):
            ResponseHead.parse(split[0]).rewritten(decoded=True)
    for raw in (True, False):
        body = ChunkedBody(raw)
        with contextlib.suppress(MalformedBody):
            for piece in pieces(data):
                assert len(body.feed(piece)) <= len(data)
    framing = RequestFraming()
    for piece in pieces(data):
        framing.feed(piece)
    framing.rest()


def escape(data: bytes) -> None:
    """Data mode loses only the sequence that ends it, and holds few bytes."""
    detector, now, out = EscapeDetector(0.0), 0.0, b""
    for number, piece in enumerate(pieces(data)):
        now += number % 3 * 0.6
        out += detector.overdue(now)
        if detector.escaped(now):
            out += b"+++"
            break
        out += detector.feed(piece, now)
        assert detector.held <= 3
    assert (data[1:] if data else b"").startswith(out)


def emulator(data: bytes) -> None:
    """A whole module, with a line and without."""
    core(data[1:])
    hosted(data)
    connected(data)


def hosted(data: bytes) -> None:
    """The module survives, keeps few bytes, and can be made to answer.

    The first byte chooses the servers' answers. Then come pieces, with pauses.
    """
    kind = data[0] if data else 0
    with Host(("whole", "bytewise")[kind & 1], pin="1234") as host:
        host.servers.answers = [ANSWERS[kind // 2 % len(ANSWERS)]] * 8
        if kind & 0x80:
            host.online()
        for piece in script(data[1:]):
            for part in piece.split(SECOND):
                host.send(part)
                host.hear(1.0)
            host.hear(3.0)
        check_size(host.emulator.module)
        revive(host)


def echoing(connection: Connection) -> Iterator[Part]:
    """A server that sends back what it gets."""
    while not connection.ended:
        yield connection.heard()
        yield connection.read()


def connected(data: bytes) -> None:
    """A module with open sockets survives, and keeps few bytes of their servers.

    The first byte chooses the firmware and the access mode. Then come pieces.
    """
    kind = data[0] if data else 0
    firmware = Switches(
        urc_at_prompt=("held", "between")[kind & 1],
        payload_echo=("off", "on")[kind >> 1 & 1],
        close_meanwhile=("queued", "refused")[kind >> 2 & 1],
        close_answer=("fin", "at_once")[kind >> 3 & 1],
    )
    with Host(network=StreamNetwork(echoing), switches=firmware) as host:
        host.quiet(b"AT+QIACT=1")
        for number in range(3):
            mode = kind >> 4 & number & 1
            host.ask(b'AT+QIOPEN=1,%d,"TCP","a.example",7,0,%d\r' % (number, mode))
        for piece in script(data[1:]):
            for part in piece.split(SECOND):
                host.send(part)
                host.hear(1.0)
        check_size(host.emulator.module)
        revive(host)


def check_size(module: Module) -> None:
    """Check that the module keeps a limited number of bytes."""
    assert len(module._interpreter._line) <= LINE_LIMIT + 1
    assert module.terminal.pending <= 1 << 20
    assert module.terminal.input.size <= INPUT_LIMIT
    for socket in module.sockets.listed():
        assert socket.unread <= module.switches.receive_buffer


def revive(host: Host) -> None:
    """Bring the module back to command mode, from any state."""
    module = host.emulator.module
    for _ in range(2):
        if not module.power.on:
            host.emulator.reset()
        # No command and no data mode takes longer.
        host.hear(70_000.0)
        host.ask(b"+++", 3.0)
        # S3 may be any byte. It ends a line.
        end = bytes((module.terminal.registers[3],))
        host.ask(end + b"ATE1Q0V1S3=13" + end, 500.0)
        host.ask(b"\rAT&F\r", 500.0)
    # The line may have another speed.
    host.port.baudrate = module.store.line_rate
    host.ask(b"\rAT\r", 5.0)
    assert host.ask(b"AT\r", 5.0) == b"AT\r\r\nOK\r\n"


def core(data: bytes) -> None:
    """The module without a line: it gets bytes with their times, and never stops."""
    module = Module(CallableNetwork(lambda request: response(b"abc")))
    now = 0.0
    for piece in script(data):
        now += 0.7
        module.receive(piece, now)
        assert module.step(now) > now
        while module.pending:
            module.take(1 << 16)
            assert module.step(now) > now
    assert module.step(now + 100_000.0) > now
