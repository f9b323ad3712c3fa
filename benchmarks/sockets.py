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
from collections.abc import Iterator

import requests
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.socket_bench import HOST, Bench, Ideal, check, mark
from requests_bg96 import BG96Adapter
from requests_bg96.clock import SystemClock
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE
from tests.certificates import HERE, authority, issue
from tests.tls_servers import serve_tls, server_context

#: Bits per second, and the seconds in which the module answers.
LINES = ((115_200, 0.005), (115_200, 0.010), (921_600, 0.005), (921_600, 0.010))
CPU_ROUNDS, CPU_REQUESTS = 7, 60


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
        sizes = len(bench.served.request), len(bench.served.response)
        ideal = Ideal(*line).exchange(*sizes)
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
