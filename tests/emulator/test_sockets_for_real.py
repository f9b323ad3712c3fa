"""The module's sockets over the network of this machine, with many bytes."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Iterator

import pytest

from requests_bg96.emulator import (
    Connection,
    Emulator,
    Fault,
    SocketNetwork,
    StreamNetwork,
    SystemClock,
)
from requests_bg96.emulator.network import Closed, Connected
from requests_bg96.emulator.scheduler import NEVER
from tests.emulator.host import ERROR, OK, HostMaker
from tests.emulator.peers import (
    CLOSED,
    OPEN,
    OPENED,
    PROMPT,
    RECV,
    SEND_OK,
    opened,
    payload,
    read,
    send,
)
from tests.emulator.real_host import PATIENCE, RealHost, scripted

BODY = bytes(range(256)) * 3600


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator in real time, with the real network."""
    with Emulator() as one:
        yield one


def open_real(emulator: Emulator, port: int, mode: int = 0) -> RealHost:
    """A host with a socket to this machine."""
    host = RealHost(emulator, port)
    command = b'AT+QIOPEN=1,0,"TCP","localhost",%d,0,%d\r' % (port, mode)
    host.expect(command, OK + OPENED)
    return host


def test_there_and_back(emulator: Emulator) -> None:
    heard = []

    def script(connection: socket.socket) -> None:
        heard.append(connection.recv(100))
        connection.sendall(b"answer")
        heard.append(connection.recv(100))

    with scripted(script) as port:
        host = open_real(emulator, port)
        state = emulator.module.sockets.require(0)
        assert state.host in ("127.0.0.1", "::1") and state.local_port > 0
        host.expect(b"AT+QISEND=0,5\r", PROMPT)
        host.expect(b"hello", SEND_OK + RECV)
        host.expect(b"AT+QIRD=0\r", b"\r\n+QIRD: 6\r\nanswer\r\n" + OK)
        host.expect(b"AT+QISEND=0,0\r", b"\r\n+QISEND: 5,5,0\r\n" + OK)
        host.expect(b"AT+QICLOSE=0\r", OK)
    assert heard == [b"hello", b""]


def test_a_server_that_closes(emulator: Emulator) -> None:
    with scripted(lambda connection: connection.sendall(b"bye")) as port:
        host = open_real(emulator, port)
        host.expect(b"", RECV + CLOSED)
        host.expect(b"AT+QIRD=0\r", b"\r\n+QIRD: 3\r\nbye\r\n" + OK)
        host.expect(b"AT+QISEND=0,5\r", ERROR)


def test_a_server_that_answers_after_the_end(emulator: Emulator) -> None:
    """QICLOSE waits for the answer, which is lost."""
    seen = []

    def script(connection: socket.socket) -> None:
        seen.append(connection.recv(100))
        time.sleep(0.3)
        connection.sendall(b"late")

    with scripted(script) as port:
        host = open_real(emulator, port)
        start = time.monotonic()
        host.expect(b"AT+QICLOSE=0\r", OK)
        assert 0.25 < time.monotonic() - start < 5
    assert seen == [b""]


def test_a_port_that_nobody_listens_at(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    host = RealHost(emulator, port)
    command = b'AT+QIOPEN=1,0,"TCP","127.0.0.1",%d\r' % port
    host.expect(command, OK + b"\r\n+QIOPEN: 0,566\r\n")


def test_a_server_that_does_not_read() -> None:
    """Bytes without room in this machine are unsent; the end comes after them."""
    start = threading.Event()
    got = []

    def script(connection: socket.socket) -> None:
        assert start.wait(PATIENCE)
        while data := connection.recv(1 << 20):
            got.append(len(data))

    told = threading.Event()
    network = SocketNetwork()
    network.attach(SystemClock(), told.set)
    with scripted(script) as port:
        link = network.connect("127.0.0.1", port, None, 0.0)
        assert told.wait(PATIENCE) and link.take() == Connected()
        link.send(bytes(1 << 25), 0.0)
        link.shut_down(0.0)
        while told.wait(0.3):
            told.clear()
        assert 0 < link.unsent < 1 << 25
        start.set()
        while link.due() == NEVER:
            assert told.wait(PATIENCE)
            told.clear()
        assert link.take() == Closed() and link.unsent == 0
        link.close()
    assert sum(got) == 1 << 25


def test_a_thread_that_is_late_is_no_full_buffer() -> None:
    """The bytes that this machine has room for are not unsent."""

    def script(connection: socket.socket) -> None:
        while connection.recv(1 << 20):
            pass

    told = threading.Event()
    network = SocketNetwork()
    network.attach(SystemClock(), told.set)
    with scripted(script) as port:
        link = network.connect("127.0.0.1", port, None, 0.0)
        assert told.wait(PATIENCE) and link.take() == Connected()
        unsent = []
        for _ in range(6):
            link.send(bytes(1_460), 0.0)
            unsent.append(link.unsent)
        link.close()
    assert unsent == [0] * 6


def test_threads_end_with_their_sockets(emulator: Emulator) -> None:
    before = threading.active_count()
    closing = threading.Event()
    with scripted(lambda connection: None if closing.wait(10) else None) as port:
        host = open_real(emulator, port)
        host.expect(b"AT+QICLOSE=0,0\r", OK)
        closing.set()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


# Many bytes


@pytest.mark.parametrize("mode", [0, 1])
def test_a_long_body_for_real(emulator: Emulator, mode: int) -> None:
    """921,600 bytes: the time grows with the length, not with its square."""
    with scripted(lambda connection: connection.sendall(BODY)) as port:
        host = open_real(emulator, port, mode)
        start = time.monotonic()
        heard = _pushed(host, len(BODY)) if mode else _fetched(host, len(BODY))
        assert heard == BODY
        assert time.monotonic() - start < 30


def _fetched(host: RealHost, length: int) -> bytes:
    """Read whenever a URC reports data, until no more data come."""
    data, more = b"", 0
    while len(data) < length:
        if not more:
            host.serial.read_until(RECV)
        host.serial.write(b"AT+QIRD=0,1500\r")
        host.serial.read_until(b"+QIRD: ")
        more = int(host.serial.read_until(b"\r\n"))
        if more:
            data += host.serial.read(more)
            assert host.serial.read(2) == b"\r\n"
        host.serial.read_until(OK)
    return data


def _pushed(host: RealHost, length: int) -> bytes:
    heard = b""
    while not heard.endswith(CLOSED):
        heard += host.serial.read(max(1, host.serial.in_waiting))
    return payload(heard.removesuffix(CLOSED))


def test_sockets_side_by_side(make_host: HostMaker) -> None:
    """Twelve long bodies on a slow line; each run is the same."""

    def serve(connection: Connection) -> Iterator[Any]:
        yield b"%x" % connection.port * 6000

    def once() -> bytes:
        host = make_host(network=StreamNetwork(serve), baudrate=921600)
        host.quiet(b"AT+QIACT=1")
        for number in range(12):
            host.send(b'AT+QIOPEN=1,%d,"TCP","a",%d,0,1\r' % (number, number + 1))
        return host.hear(20)

    heard = once()
    for number in range(12):
        assert heard.count(b"%x" % (number + 1) * 400) >= 3
        assert b'+QIURC: "closed",%d\r\n' % number in heard
    assert once() == heard


# Faults


@pytest.mark.parametrize(("direction", "length"), [("to_host", 90), ("from_host", 42)])
@pytest.mark.parametrize("action", ["reset", "hang_up", "lose_context", "power_down"])
def test_faults_at_every_byte(
    make_host: HostMaker, direction: Any, length: int, action: Any
) -> None:
    """The module survives or restarts, and makes a new connection."""
    for offset in range(length):
        host, peer = opened(make_host)
        host.emulator.add_fault(Fault(direction, offset, action))
        for data in (b"AT+QISEND=0,4\r", b"data", b"AT+QIRD=0\r", b"AT+QICLOSE=0\r"):
            host.send(data)
            peer.says.append(b"back")
            host.hear(0.1)
        if action == "power_down":
            host.emulator.reset()
        host.hear(30)
        host.ask(b"\x1a" * 4 + b"\rATE0\r", 130)
        host.ask(b"AT+QIDEACT=1\r")
        host.quiet(b"AT+QIACT=1")
        assert host.ask(OPEN) == OK + OPENED
        assert send(host, b"again") == SEND_OK
        host.port.close()
        host.emulator.close()


def test_harm_in_data_of_a_read(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    peer.says.append(b"0123456789")
    host.hear()
    host.emulator.add_fault(Fault("to_host", 18, "drop"))
    assert host.ask(b"AT+QIRD=0\r") == b"\r\n+QIRD: 10\r\n012346789\r\n" + OK


def test_a_command_that_fails_at_the_prompt(any_host: HostMaker) -> None:
    host, _ = opened(any_host)
    assert host.ask(b"AT+QISEND=0,10\r") == PROMPT
    host.emulator.add_fault(Fault("from_host", 5, "cme", code=3))
    assert host.ask(b"01234") == b"\r\n+CME ERROR: 3\r\n"
    assert send(host, b"abc").endswith(SEND_OK)


def test_a_restart_at_the_prompt(any_host: HostMaker) -> None:
    host, peer = opened(any_host)
    assert host.ask(b"AT+QISEND=0,10\r") == PROMPT
    host.emulator.reset()
    assert b"RDY" in host.hear(20)
    host.quiet(b"AT+QIACT=1")
    assert host.ask(OPEN) == OK + OPENED
    assert peer.gone and read(host) == b""
