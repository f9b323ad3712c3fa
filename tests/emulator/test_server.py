"""The emulator behind a pseudo-terminal and behind TCP, for other programs."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
from typing import Any, Iterator

import pytest
import serial

from requests_bg96.emulator import CallableNetwork, Emulator, VirtualClock
from requests_bg96.emulator.cli import main
from tests.emulator.host import CONNECT, OK, response

PATIENCE = 10

needs_pty = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")


def talk(port: Any, sent: bytes, answer: bytes) -> None:
    """Write bytes, and expect exactly this answer."""
    port.write(sent)
    assert port.read(len(answer)) == answer


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command line; return the process and its first line."""
    command = [sys.executable, "-m", "requests_bg96.emulator", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().rstrip("\n")
        finally:
            process.kill()


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Ask a process to end; it must end cleanly and without output."""
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (0, "", "")


@needs_pty
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_hosts_come_and_go_on_a_pty(number: signal.Signals) -> None:
    with running() as (process, path):
        assert os.path.exists(path)
        for echo in (b"ATE0\r", b""):
            with serial.Serial(path, 115200, timeout=PATIENCE) as port:
                talk(port, b"ATE0\r", echo + OK)
        end(process, number)


@pytest.mark.parametrize("fragment", ["1", "random", "100"])
def test_hosts_come_and_go_on_tcp(fragment: str) -> None:
    with running("--tcp", "127.0.0.1:0", "--fragment", fragment) as (process, url):
        assert url.startswith("socket://127.0.0.1:")
        for echo in (b"ATE0\r", b""):
            with serial.serial_for_url(url, timeout=PATIENCE) as port:
                talk(port, b"ATE0\r", echo + OK)
                talk(port, b"AT+GMM\r", b"\r\nBG96\r\n" + OK)
        end(process, signal.SIGTERM)


def test_a_second_host_is_sent_away() -> None:
    with running("--tcp", "127.0.0.1:0") as (process, url):
        with serial.serial_for_url(url, timeout=PATIENCE) as port:
            talk(port, b"ATE0\r", b"ATE0\r" + OK)
            peer = ("127.0.0.1", int(url.rpartition(":")[2]))
            with socket.create_connection(peer, PATIENCE) as second:
                assert second.recv(1) == b""
            talk(port, b"AT\r", OK)
        end(process, signal.SIGTERM)


def test_options_of_the_command_line() -> None:
    options = ["--sim", "pin", "--pin", "4711", "--model", "BG77", "--baudrate"]
    switches = ["--switch", "prefix_key=true", "--switch", "cmee_after_reset=2"]
    with running("--tcp", "127.0.0.1:0", *options, "115200", *switches) as (_, url):
        with serial.serial_for_url(url, timeout=PATIENCE) as port:
            talk(port, b"ATE0\r", b"ATE0\r" + OK)
            talk(port, b"AT+GMM\r", b"\r\nBG77\r\n" + OK)
            talk(port, b"AT+CMEE?\r", b"\r\n+CMEE: 2\r\n" + OK)
            talk(port, b"AT+CPIN?\r", b"\r\n+CPIN: SIM PIN\r\n" + OK)


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--switch", "chunked=maybe"], "chunked"),
        (["--switch", "chunked"], "NAME=VALUE"),
        (["--switch", "nonsense=1"], "nonsense"),
        (["--tcp", "here"], "HOST:PORT"),
        (["--fragment", "0"], "fragment"),
        (["--sim", "gone"], "SIM"),
        (["--registration", "away"], "registration"),
        (["--overflow", "10"], "baudrate"),
    ],
)
def test_arguments_that_make_no_sense(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert text in captured.err


def test_a_system_without_pseudo_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tty", None)
    with pytest.raises(SystemExit):
        main([])
    assert "--tcp" in capsys.readouterr().err


@needs_pty
@pytest.mark.parametrize("fragment", [None, 1, "random"])
def test_a_pty_of_an_emulator_in_this_process(fragment: Any) -> None:
    network = CallableNetwork(lambda request: response(b"hello"))
    with Emulator(network=network, fragment=fragment) as emulator:
        with emulator.pty() as path, serial.Serial(path, timeout=PATIENCE) as port:
            talk(port, b"ATE0\r", b"ATE0\r" + OK)
            talk(port, b"AT+QIACT=1\r", OK)
            talk(port, b"AT+QHTTPURL=18\r", CONNECT)
            talk(port, b"http://example.org", OK)
            talk(port, b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,5\r\n")
            answer = CONNECT + b"hello" + OK + b"\r\n+QHTTPREAD: 0\r\n"
            talk(port, b"AT+QHTTPREAD\r", answer)
            with pytest.raises(serial.SerialException, match="busy"):
                serial.serial_for_url(emulator.url)
            emulator.urc(b"RING")
            assert port.read(8) == b"\r\nRING\r\n"
            assert emulator.exchanges == 1
        with serial.serial_for_url(emulator.url, 115200, timeout=PATIENCE) as port:
            talk(port, b"AT\r", OK)


@needs_pty
def test_a_pty_on_virtual_time() -> None:
    clock = VirtualClock()
    with Emulator(clock=clock, answer_delay=1000) as emulator, emulator.pty() as path:
        with serial.Serial(path, timeout=PATIENCE) as port:
            talk(port, b"AT\r", b"AT\r" + OK)
    assert clock.now() >= 1000


@needs_pty
def test_a_long_body_over_a_pty() -> None:
    body = bytes(range(256)) * 4000
    network = CallableNetwork(lambda request: response(body))
    with Emulator(network=network) as emulator, emulator.pty() as path:
        with serial.Serial(path, timeout=PATIENCE) as port:
            talk(port, b"ATE0\r", b"ATE0\r" + OK)
            talk(port, b"AT+QIACT=1\r", OK)
            talk(port, b"AT+QHTTPURL=18\r", CONNECT)
            talk(port, b"http://example.org", OK)
            talk(port, b"AT+QHTTPGET\r", OK + b"\r\n+QHTTPGET: 0,200,1024000\r\n")
            port.write(b"AT+QHTTPREAD\r")
            expected = CONNECT + body + OK
            heard = b""
            while len(heard) < len(expected):
                heard += port.read(min(4096, len(expected) - len(heard)))
            assert heard == expected


@needs_pty
def test_a_host_waits_for_a_slow_line() -> None:
    """The server takes no more bytes than the driver of a UART holds."""
    with Emulator(baudrate=9600) as emulator, emulator.pty() as path:
        with serial.Serial(path, timeout=PATIENCE, write_timeout=0.5) as port:
            with pytest.raises(serial.SerialTimeoutException):
                port.write(b"x" * 300_000)


TEST_FILE = """
import serial

def test_port(bg96_emulator):
    with serial.serial_for_url(bg96_emulator.url, 115200, timeout=5) as port:
        port.write(b"AT\\r")
        assert port.read(9) == b"AT\\r\\r\\nOK\\r\\n"
"""


def test_the_fixture_for_pytest(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST_FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "1 passed" in found.stdout, found
