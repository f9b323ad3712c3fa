"""What requests over a modem cost in CPU: ``python -m benchmarks.cpu``.

Each figure is a ratio of two ways that take turns in one run. The time is that of this
process, user and system, all threads; servers and emulators run in other processes
(`benchmarks.cpu_peers`). Some rows count the emulator as well: there, the time of its
process is added. The content of each response is checked. The ways take turns every few
requests, so that what disturbs the machine disturbs all of them. The median requests
are compared.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import select
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import requests
import serial

from benchmarks.cpu_peers import peer
from benchmarks.socket_servers import Served
from requests_bg96 import BG96Adapter

__all__ = ("Row", "bodies", "small_requests")

#: How often all ways take turns: with small requests, and with long bodies.
TURNS, BODIES = 30, 9
#: The small requests of a turn.
REQUESTS = 20
#: The seconds of a pause before a stock request, about as long as a GET over a pty.
PAUSE = 0.02
#: The bytes of a small body, and of a long one.
SMALL, LONG = 1_000, 200_000
BAUDRATE = 921_600
#: The most seconds between two deliveries of bytes: a bridge on USB, a UART.
GRAINS = (0.001, 0.0002)
#: The bits that make a clock of a process of its number (Linux, clock_getcpuclockid).
CPU_CLOCK = 2

EMULATOR = "requests_bg96.emulator"


class Row(NamedTuple):
    """A figure of the table.

    :param what: what is measured, and what it is compared with.
    :param ratio: how many times as much.
    :param wanted: the most that it must be; None without a limit.
    :param detail: both in absolute figures.
    """

    what: str
    ratio: float
    wanted: float | None
    detail: str

    def __str__(self) -> str:
        wanted = "" if self.wanted is None else f"(<= {self.wanted:g})"
        missed = self.wanted is not None and self.ratio > self.wanted
        sign = "MISSED" if missed else ""
        return f"{self.what:<64}{self.ratio:6.2f} {wanted:9}{sign:7} {self.detail}"


def _of_process(number: int) -> float:
    """Return the processor time of another process, in seconds."""
    return time.clock_gettime(~number << 3 | CPU_CLOCK)


def _ask(session: requests.Session, url: str, size: int) -> None:
    assert session.get(f"{url}{size}").content == Served.content(size)


def _ask_late(session: requests.Session, url: str, size: int) -> None:
    """Make a request after a pause, in which others use the processor's caches."""
    time.sleep(PAUSE)
    _ask(session, url, size)


def _session(adapter: BG96Adapter | None = None, verify: Any = True) -> Any:
    session = requests.Session()
    session.trust_env, session.verify = False, verify
    if adapter is not None:
        session.mount("http://", adapter)
        session.mount("https://", adapter)
    return session


class _Bare:
    """The dialogue of a GET by system calls alone: no driver can need less.

    :param port: the path of a module's port.
    :param url: the URL, of a content of `SMALL` bytes.
    """

    def __init__(self, port: str, url: str) -> None:
        self._line = serial.Serial(port, BAUDRATE, timeout=0)
        host = url.split("/")[2]
        fields = f"Host: {host}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        self._request = f"GET /{SMALL} HTTP/1.1\r\n{fields}"
        for command in ("E0", '+QHTTPCFG="responseheader",1', "+QIACT=1"):
            self._say(f"AT{command}\r", b"OK\r\n")
        self._say('AT+QHTTPCFG="requestheader",1\r', b"OK\r\n")
        self._say(f"AT+QHTTPURL={len(url)},60\r", b"CONNECT\r\n")
        self._say(url, b"OK\r\n")

    def get(self) -> None:
        """Make the request, and check its response."""
        self._say(f"AT+QHTTPGET=60,{len(self._request)},60\r", b"CONNECT\r\n")
        self._say(self._request, b",%d\r\n" % SMALL)
        found = self._say("AT+QHTTPREAD=60\r", b"+QHTTPREAD: 0\r\n")
        assert Served.content(SMALL) in found

    def _say(self, text: str, end: bytes) -> bytes:
        descriptor, found = self._line.fileno(), b""
        os.write(descriptor, text.encode("ascii"))
        while not found.endswith(end):
            assert select.select([descriptor], [], [], 60)[0]
            found += os.read(descriptor, 4_096)
        return found


def _instructions(action: Callable[[], object]) -> int:
    """Return how many instructions of Python an action takes, in this thread.

    They are the same on each machine, however long it takes for them.
    """
    count = 0

    def trace(frame: types.FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(None)
    return count


def _interleaved(
    ways: dict[str, tuple[Callable[[], object], Callable[[], float]]], turns: int
) -> dict[str, float]:
    """Return the median seconds of each way.

    :param ways: by name: what to measure, and by which clock.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for name in [*ways] * turns:
        action, clock = ways[name]
        for _ in range(REQUESTS):
            started = clock()
            action()
            found[name].append(clock() - started)
    return {name: statistics.median(times) for name, times in found.items()}


def small_requests(turns: int = TURNS) -> Iterator[Row]:
    """Measure GET of 1 kB over a line without a speed.

    :param turns: how often all ways take turns.
    """
    if not turns:
        return
    with ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, plain, secure = stack.enter_context(
            peer("benchmarks.cpu_peers", "serve", directory, lines=2)
        )
        module, port = stack.enter_context(peer(EMULATOR))
        _, other_port = stack.enter_context(peer(EMULATOR))
        _, bare_port = stack.enter_context(peer(EMULATOR))
        _, swift_port = stack.enter_context(
            peer("benchmarks.cpu_peers", "answer", SMALL)
        )
        root = str(directory / "root.pem")

        def session(adapter: BG96Adapter | None = None) -> Any:
            return stack.enter_context(_session(adapter, root))

        stock, by_line = session(), session(BG96Adapter(port))
        by_socket = session(BG96Adapter(other_port, via="socket"))
        inside = session(BG96Adapter("emulator://?"))
        swift = session(BG96Adapter(swift_port))
        bare = _Bare(bare_port, f"{plain}{SMALL}")

        def both() -> float:
            return time.process_time() + _of_process(module.pid)

        own = time.process_time
        seconds = _interleaved(
            {
                "stock": (lambda: _ask(stock, plain, SMALL), own),
                "late": (lambda: _ask_late(stock, plain, SMALL), own),
                "bare": (bare.get, own),
                "line": (lambda: _ask(by_line, plain, SMALL), own),
                "swift": (lambda: _ask(swift, plain, SMALL), own),
                "both": (lambda: _ask(by_line, plain, SMALL), both),
                "inside": (lambda: _ask(inside, plain, SMALL), own),
                "stock tls": (lambda: _ask(stock, secure, SMALL), own),
                "socket": (lambda: _ask(by_socket, secure, SMALL), own),
            },
            turns,
        )
        instructions = {
            "line": _instructions(lambda: _ask(by_line, plain, SMALL)),
            "stock": _instructions(lambda: _ask(stock, plain, SMALL)),
        }
    for what, one, other, wanted in (
        ("GET over a pty / stock over loopback", "line", "stock", 2.0),
        ("the same, of a module that answers at once / stock", "swift", "stock", None),
        ("GET over a pty / stock after a pause", "line", "late", None),
        ("stock after a pause / stock", "late", "stock", None),
        ("the dialogue of a GET by system calls alone / stock", "bare", "stock", None),
        ("GET over emulator:// / stock", "inside", "stock", None),
        ("GET over a pty, client and emulator / stock", "both", "stock", None),
        (
            "GET over emulator:// / over a pty, with the emulator",
            "inside",
            "both",
            None,
        ),
        ("GET by socket, https kept / stock https kept", "socket", "stock tls", 3.0),
    ):
        told = f"{seconds[one] * 1e3:.2f} ms / {seconds[other] * 1e3:.2f} ms"
        yield Row(what, seconds[one] / seconds[other], wanted, told)
    line, plain = instructions["line"], instructions["stock"]
    what = "GET over a pty / stock, instructions of Python instead of CPU"
    yield Row(what, line / plain, None, f"{line:,} / {plain:,}")


def bodies(rounds: int = BODIES, size: int = LONG) -> Iterator[Row]:
    """Measure a long body on a paced line, against `read(n)` of pyserial.

    :param rounds: how often both take turns.
    :param size: the bytes of the body.
    """
    if not rounds:
        return
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        _, url, _ = stack.enter_context(
            peer("benchmarks.cpu_peers", "serve", directory, lines=2)
        )
        for grain in GRAINS:
            _, module = stack.enter_context(peer(EMULATOR))
            paced = ("benchmarks.cpu_peers", "pace", module, BAUDRATE, grain)
            _, port = stack.enter_context(peer(*paced))
            yield _long_body(port, url, grain, rounds, size)


def _long_body(port: str, url: str, grain: float, rounds: int, size: int) -> Row:
    found: dict[str, list[float]] = {"ours": [], "pyserial": []}
    for _ in range(rounds):
        with _session(BG96Adapter(port)) as session:
            _ask(session, url, 0)
            started = time.process_time()
            _ask(session, url, size)
            found["ours"].append(time.process_time() - started)
        found["pyserial"].append(_read_by_pyserial(port, f"{url}{size}", size))
    ours, theirs = map(statistics.median, found.values())
    what = f"a byte of a long body / pyserial read(n), {grain * 1e3:g} ms grain"
    told = f"{ours / size * 1e9:.0f} ns / {theirs / size * 1e9:.0f} ns"
    return Row(what, ours / theirs, 1.2, told)


def _read_by_pyserial(port: str, url: str, size: int) -> float:
    """Return the processor time of one `read` for a whole response."""
    with serial.Serial(port, BAUDRATE, timeout=60) as line:

        def say(text: str, answer: bytes) -> None:
            line.write(text.encode("ascii"))
            assert line.read_until(answer).endswith(answer)

        say("ATE0\r", b"OK\r\n")
        say(f"AT+QHTTPURL={len(url)},60\r", b"CONNECT\r\n")
        say(url, b"OK\r\n")
        say('AT+QHTTPCFG="responseheader",0\r', b"OK\r\n")
        say('AT+QHTTPCFG="requestheader",0\r', b"OK\r\n")
        say("AT+QHTTPGET=60\r", b"OK\r\n")
        assert line.read_until(b"\n", 99) == b"\r\n" and line.read_until(b"\n", 99)
        say("AT+QHTTPREAD=60\r", b"CONNECT\r\n")
        started = time.process_time()
        body = line.read(size)
        seconds = time.process_time() - started
        assert body == Served.content(size)
        assert line.read_until(b"+QHTTPREAD: 0\r\n").endswith(b"+QHTTPREAD: 0\r\n")
    return seconds


def main() -> None:
    """Print the table; MISSED stands where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cpu")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--bodies", type=int, default=BODIES)
    parsed = parser.parse_args()
    for rows in (small_requests(parsed.turns), bodies(parsed.bodies)):
        for row in rows:
            print(row, flush=True)


if __name__ == "__main__":
    main()
