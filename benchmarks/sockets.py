"""What requests over sockets of the module cost: ``python -m benchmarks.sockets``.

Seconds and bytes on the line of the emulator, in virtual time, with an answer time of
the module and a network of `RTT` seconds. Each is compared, in the same run, with the
ideal dialogue: the least that the commands of the TCP manual need (`Ideal`). Then CPU,
in real time, against stock requests over loopback.
"""

from __future__ import annotations

import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.socket_servers import RTT, Served, served_by_module
from requests_bg96 import BG96Adapter
from requests_bg96.clock import Clock, SystemClock
from requests_bg96.emulator import Emulator, Switches, VirtualClock
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE
from tests.certificates import HERE, authority, issue
from tests.tls_servers import serve_tls, server_context

#: Bits per second, and the seconds in which the module answers.
LINES = ((115_200, 0.005), (115_200, 0.010), (921_600, 0.005), (921_600, 0.010))
HOST = "server.example"
#: The most bytes of AT+QISEND and AT+QIRD (TCP manual 2.1.7, 2.1.8).
MOST_SENT, MOST_READ = 1_460, 1_500
CPU_ROUNDS, CPU_REQUESTS = 7, 60


class Cost(NamedTuple):
    """Seconds, and bytes on the line."""

    seconds: float
    up: int
    down: int

    @property
    def bytes(self) -> int:
        """The bytes of both directions."""
        return self.up + self.down


class Ideal:
    """The dialogue with the fewest bytes and waits.

    Each piece up is AT+QISEND, the module's answer time, the prompt, the payload and
    SEND OK. The network's time passes once, beside the last SEND OK. Then come the URC
    and, for each piece down, AT+QIRD, the answer time, and its answer. Nothing is asked
    before, after or between these. A module has no shorter way in buffer mode.
    """

    def __init__(self, baudrate: int, answer: float) -> None:
        self.per_byte, self.answer = BITS_PER_BYTE / baudrate, answer
        self.waited, self.up, self.down = 0.0, 0, 0

    def exchange(self, request: int, response: int) -> Cost:
        """Return the cost of a request and its response, in bytes with their heads."""
        for piece in pieces(request, MOST_SENT):
            self.up += len(f"AT+QISEND=0,{piece}\r") + piece
            self.down += len("\r\n> " + "\r\nSEND OK\r\n")
            self.waited += self.answer
        self.waited += RTT - len("\r\nSEND OK\r\n") * self.per_byte
        self.down += len('\r\n+QIURC: "recv",0\r\n')
        for piece in pieces(response, MOST_READ):
            self.up += len(f"AT+QIRD=0,{MOST_READ}\r")
            self.down += len(f"\r\n+QIRD: {piece}\r\n\r\n\r\nOK\r\n") + piece
            self.waited += self.answer
        seconds = self.waited + (self.up + self.down) * self.per_byte
        return Cost(seconds, self.up, self.down)


def pieces(size: int, most: int) -> list[int]:
    """Return the sizes of the pieces of `size` bytes."""
    return [min(most, size - start) for start in range(0, size, most)]


class Bench:
    """A session over an emulated module, and the servers behind it."""

    def __init__(
        self,
        line: tuple[int, float],
        via: Any,
        context: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock, self.served = clock or VirtualClock(), Served()
        self._bytes = {"from_host": 0, "to_host": 0}
        emulator = Emulator(
            line[0],
            answer_delay=line[1],
            clock=self.clock,
            network=served_by_module(self.clock, self.served, context),
            switches=Switches(sni_checkhost=True),
            on_line=self._count,
        )
        self.session = requests.Session()
        self.session.trust_env = False
        # The session keeps its adapter, and that the port; the port needs the emulator.
        self.emulator = emulator
        self.adapter = BG96Adapter(emulator.url, clock=self.clock, via=via)
        self.session.mount("http://", self.adapter)
        self.session.mount("https://", self.adapter)

    def _count(self, way: str, data: bytes) -> None:
        self._bytes[way] += len(data)

    def cost(self, action: Callable[[], object]) -> Cost:
        """Return what `action` costs."""
        before, started = dict(self._bytes), self.clock.now()
        action()
        up, down = (self._bytes[way] - before[way] for way in before)
        return Cost(self.clock.now() - started, up, down)

    def ask(self, size: int, body: int = 0, scheme: str = "http", **more: Any) -> None:
        """Get `size` bytes, or send `body` bytes and get as many as `size`."""
        data = Served.content(body) if body else None
        method, url = "POST" if body else "GET", f"{scheme}://{HOST}/{size}"
        answer = self.session.request(method, url, data=data, **more)
        check(answer, size)
        assert self.served.body == (data or b"")


def mark(text: str, figure: float, wanted: float, *, most: bool = True) -> str:
    """Return a figure with what is wanted of it."""
    met = figure <= wanted if most else figure >= wanted
    sign = "<=" if most else ">="
    return f"{text} {figure:.3f} ({sign} {wanted}{'' if met else ': MISSED'})"


def plain(line: tuple[int, float]) -> Iterator[str]:
    """Measure requests over http."""
    bench = Bench(line, "socket")
    bench.ask(1)
    for what, size, body, bulk in (
        ("GET 1 kB kept", 1_000, 0, 0),
        ("POST 1 kB kept", 2, 1_000, 0),
        ("GET 100 kB kept", 100_000, 0, 100_000),
        ("POST 900 kB kept", 2, 900_000, 900_000),
    ):
        cost = bench.cost(lambda: bench.ask(size, body))
        ideal = Ideal(*line).exchange(bench.served.request, bench.served.response)
        told = mark("bytes", cost.bytes / ideal.bytes, 1.02)
        if bulk:
            share = bulk * BITS_PER_BYTE / line[0]
            wanted = 0.95 if line[1] < 0.010 else 0.9
            figure = mark("of the line", share / cost.seconds, wanted, most=False)
            figure += f", ideal {share / ideal.seconds:.3f}"
        else:
            figure = mark("of ideal", cost.seconds / ideal.seconds, 1.05)
        yield f"{what:<32}{cost.seconds:8.3f} s  {figure}, {told}"
    told = mark("s", beside(line), 0.6)
    yield f"{'GET 1 kB beside GET 100 kB':<40} {told}"


def beside(line: tuple[int, float]) -> float:
    """Return the median seconds of 1 kB while another thread gets 100 kB.

    In real time, because a virtual clock does not know of threads that wait.
    """
    bench = Bench(line, "socket", clock=SystemClock())
    small, large = (f"http://{HOST}/{size}" for size in (1_000, 100_000))
    bench.session.get(small)
    other = threading.Thread(target=bench.session.get, args=(large,))
    other.start()
    found = []
    while other.is_alive():
        cost = bench.cost(lambda: check(bench.session.get(small), 1_000))
        found.append(cost.seconds)
    other.join()
    # The last one was alone for some of its time.
    return statistics.median(found[:-1] or found)


def check(answer: requests.Response, size: int) -> None:
    """Check the content."""
    assert answer.content == Served.content(size)


def secure(line: tuple[int, float], directory: pathlib.Path) -> Iterator[str]:
    """Measure GET of 1 kB over https."""
    root = authority("Root")
    trusted = directory / "root.pem"
    trusted.write_bytes(root.pem)
    key = ec.generate_private_key(ec.SECP256R1())
    shown = issue("server", root, hosts=(HOST,), key=key)
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        context = server_context(shown, directory, versions=(version, version))
        bench = Bench(line, "socket", context)
        bench.ask(1)
        for state in ("new", "resumed", "kept"):
            yield _secure(bench, f"https by socket, {version.name}, {state}", trusted)
            if state == "new":
                ending = {"Connection": "close"}
                bench.ask(1, scheme="https", verify=str(trusted), headers=ending)
    bench = Bench(line, "line")
    bench.ask(1, scheme="https", verify=str(trusted))
    yield _secure(bench, "https by line, the same URL", trusted)


def _secure(bench: Bench, what: str, trusted: pathlib.Path) -> str:
    ask = lambda: bench.ask(1_000, scheme="https", verify=str(trusted))  # noqa: E731
    cost = bench.cost(ask)
    return f"{what:<40}{cost.seconds:8.3f} s {cost.up:6,d} up {cost.down:6,d} down"


def cpu(directory: pathlib.Path) -> Iterator[str]:
    """Compare the CPU of a small kept https request, in the client's thread."""
    root = authority("Root")
    trusted = directory / "root.pem"
    trusted.write_bytes(root.pem)
    shown = issue("server", root, hosts=HERE)
    command = (sys.executable, "-m", "requests_bg96.emulator")
    with (
        serve_tls(server_context(shown, directory)) as server,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator,
        requests.Session() as stock,
        requests.Session() as session,
    ):
        assert emulator.stdout is not None
        port = emulator.stdout.readline().strip()
        adapter = BG96Adapter(port, via="socket")
        session.mount("https://", adapter)
        times: dict[requests.Session, list[float]] = {stock: [], session: []}
        try:
            for _ in range(CPU_ROUNDS):
                for each, found in times.items():
                    each.trust_env, each.verify = False, str(trusted)
                    found.append(_cpu_of(each, server.at()))
            adapter.close()
        finally:
            emulator.terminate()
    ours, theirs = (statistics.median(times[each]) for each in (session, stock))
    yield f"a kept https request: {ours * 1e3:.2f} ms of CPU, stock {theirs * 1e3:.2f}"
    yield mark("of stock requests", ours / theirs, 3)


def _cpu_of(session: requests.Session, url: str) -> float:
    session.get(url)
    started = time.thread_time()
    for _ in range(CPU_REQUESTS):
        assert session.get(url).content == b"hello"
    return (time.thread_time() - started) / CPU_REQUESTS


def main() -> None:
    """Print the figures; MISSED stands where one is not as wanted."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        for line in LINES:
            print(f"{line[0]} baud, answers in {line[1] * 1e3:.0f} ms")
            for row in (*plain(line), *secure(line, directory)):
                print("  " + row, flush=True)
        for row in cpu(directory):
            print(row, flush=True)


if __name__ == "__main__":
    main()
