"""Hosts that try to make the module keep everything, or work without end."""

from __future__ import annotations

import contextlib
import socket

import pytest

from requests_bg96.emulator import Emulator, VirtualClock
from requests_bg96.emulator.interpreter import LINE_LIMIT
from requests_bg96.emulator.line import HOST_BUFFER
from requests_bg96.emulator.server import CHUNK, Server
from requests_bg96.emulator.terminal import INPUT_LIMIT, OUTPUT_LIMIT
from tests.emulator.host import ERROR, OK, Host, cme
from tests.fuzz.conftest import Bounded

#: The bytes of the longest answer to one command.
ANSWER = 2_048


ENDLESS = (b"x" * 40_000, b"AT" + b"+CSQ;" * 8_000, b"AT" + b";" * 40_000)


@pytest.mark.parametrize("data", ENDLESS, ids=["no prefix", "commands", "nothing"])
def test_a_command_line_without_end(data: bytes) -> None:
    """Beyond its limit, it is ignored. After its end, the next one is answered."""
    with Host() as host:
        host.quiet()
        for start in range(0, len(data), 4_000):
            assert host.ask(data[start : start + 4_000]) == b""
            assert len(host.emulator.module._interpreter._line) <= LINE_LIMIT + 1
        assert host.ask(b"\r") == (ERROR if data.startswith(b"AT") else b"")
        assert host.ask(b"AT\r") == OK


def test_a_host_that_does_not_read(memory: Bounded) -> None:
    """The bytes for it are limited, and so are those kept from it."""
    with Host() as host:
        terminal = host.emulator.module.terminal
        with memory(500_000):
            for _ in range(200):
                host.send(b"AT+QHTTPCFG?\r" * 300)
                assert terminal.pending <= OUTPUT_LIMIT + ANSWER
                assert terminal.input.size <= INPUT_LIMIT
        assert terminal.input.size == INPUT_LIMIT
        # No kept byte is lost when it reads again.
        lines = INPUT_LIMIT // len(b"AT+QHTTPCFG?\r")
        assert host.hear(10.0).count(OK) >= lines
    assert terminal.input.size == 0


def test_a_host_that_does_not_wait(memory: Bounded) -> None:
    """Bytes that come during a long command are kept up to a limit."""
    with Host(answer_delay=5.0) as host, memory(500_000):
        host.send(b"AT\r")
        for _ in range(100):
            host.send(b"x" * 4_000)
        assert host.emulator.module.terminal.input.size == INPUT_LIMIT
        host.hear(10.0)
        assert host.ask(b"\rAT\r", 20.0).endswith(OK)


def test_a_client_of_the_server_that_does_not_wait() -> None:
    """It is read no faster than the line carries the bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    emulator = Emulator(baudrate=9_600, clock=VirtualClock())
    with emulator, listener, socket.create_connection(listener.getsockname()) as host:
        host.setblocking(False)
        server = Server(emulator, listener=listener)
        most = 0
        for _ in range(50):
            with contextlib.suppress(BlockingIOError):
                host.send(b"x" * CHUNK)
            server._turn()
            most = max(most, emulator.line.unsent)
        # It has ended before it begins, and closes what it has.
        server.stop()
        server.run()
    assert CHUNK <= most <= HOST_BUFFER + CHUNK


@pytest.mark.parametrize("digits", [10, 900])
@pytest.mark.parametrize(
    "command, answer",
    [
        (b"AT+QHTTPURL=%b", cme(730)),
        (b"AT+QHTTPPOST=%b,1,1", cme(730)),
        (b"AT+QHTTPPOST=1,%b,1", cme(730)),
        (b"AT+QHTTPREAD=%b", cme(730)),
        (b'AT+QFUPL="f",%b', cme(425)),
        (b'AT+QFUPL="f",1,%b', cme(425)),
        (b"AT+QFREAD=0,%b", cme(425)),
        (b"AT+QIACT=%b", ERROR),
        (b"AT+CMEE=%b", ERROR),
        (b"ATE%b", ERROR),
        (b"ATS3=%b", ERROR),
    ],
)
def test_huge_numbers(command: bytes, answer: bytes, digits: int) -> None:
    """They are out of each range."""
    with Host() as host:
        line = command % (b"9" * digits) + b"\r"
        assert host.quiet().ask(line) == answer
        assert host.ask(b"AT\r") == OK


@pytest.mark.parametrize("command", [b'AT+QFUPL="f",%d', b"AT+QFWRITE=0,%d"])
def test_files_as_large_as_the_file_system(command: bytes) -> None:
    """One byte more is refused, and nothing is reserved for a length."""
    total = 14_483_456
    with Host() as host:
        host.quiet().ask(b'AT+QFOPEN="g"\r')
        assert host.ask(command % (total + 1) + b"\r") == cme(425)
        assert host.ask(command % total + b"\r") == b"\r\nCONNECT\r\n"
