"""What the program itself costs, and what an abandoned response and HTTPS cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import requests

from benchmarks import cpu
from benchmarks.certified import certified
from benchmarks.performance.report import Effort, Part, Row, interleaved
from benchmarks.socket_bench import HOST, Bench

__all__ = ("ABANDONED", "CPU", "FIRST_HTTPS", "IMPORT")

TIMED = (
    "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
)


def _cpu(effort: Effort) -> Iterator[Row]:
    turns, rounds = (
        whole * effort.repeats // Effort.repeats for whole in (cpu.TURNS, cpu.BODIES)
    )
    size = min(cpu.LONG, effort.most_bytes)
    for row in (
        *cpu.small_requests(min(turns, effort.most_requests)),
        *cpu.bodies(rounds, size),
    ):
        yield Row(row.what, (row.ratio, row.wanted))


def _import(effort: Effort) -> Iterator[Row]:
    def timed(what: str) -> Callable[[], float]:
        command = [sys.executable, "-c", TIMED.format(what)]
        return lambda: float(subprocess.check_output(command, text=True))

    names = {"requests": "requests", "requests and requests_bg96": "requests_bg96"}
    ways = {name: timed(what) for name, what in names.items()}
    found = interleaved(effort.repeats, ways)
    for name, value in found.items():
        yield Row(name, (value, value / found["requests"]))


def _abandoned(effort: Effort) -> Iterator[Row]:
    for baudrate in (115_200, 921_600):
        for size in (20_000, 100_000, 1_000_000):
            for dtr in (False, True):
                wired = "DTR" if dtr else "no DTR"
                if size <= effort.most_bytes:
                    name = f"{baudrate:,}, {wired}: {size // 1_000:,} kB"
                    yield Row(name, _leave(baudrate, size, dtr))


def _leave(baudrate: int, size: int, dtr: bool) -> tuple[float, float]:
    """Return the seconds of a GET of 1 kB after a response that was read.

    Return also how many more it takes after one of `size` bytes that was not.
    """
    bench, found = Bench((baudrate, 0.0), "line", dtr=dtr), []
    for left in (1, size):
        response = bench.session.get(f"http://{HOST}/{left}", stream=True)
        assert next(response.iter_content(1)) == bench.served.content(1)
        started = bench.clock.now()
        response.close()
        bench.ask(1_000)
        found.append(bench.clock.now() - started)
    read, abandoned = found
    return read, abandoned - read


def _first_https(effort: Effort) -> Iterator[Row]:
    with certified() as servers:
        for baudrate in (None, 921_600):
            for what, trusted in (
                ("requests' bundle", requests.utils.DEFAULT_CA_BUNDLE_PATH),
                ("one root", servers.root),
            ):
                bench = Bench((115_200, 0.0), "line", baudrate=baudrate)
                costs = [
                    bench.cost(lambda: bench.ask(1_000, scheme="https", verify=trusted))
                    for _ in range(2)
                ]
                seconds = [cost.seconds for cost in costs]
                yield Row(f"baudrate={baudrate}, {what}", (*seconds, costs[0].up))


CPU = Part(
    name="cpu",
    title="CPU",
    text="""\
``python -m benchmarks.cpu`` measures these. Each is the CPU time of this process for
one way, over that of another; user and system, all threads. Servers and emulators run
in other processes. Medians; the ways take turns. Without a limit, the ratio only
shows a cost. A request over a line waits for the module five times, once for 5 ms, and
the processor does something else meanwhile, or sleeps. After a pause of 20 ms, stock
requests costs more, too. So one row has a module that answers at once, and one row
counts the instructions of Python, which do not depend on the processor.
""",
    first="One way / another",
    columns={"ratio": "{:.2f}", "at most": "{:g}"},
    measure=_cpu,
    drawn=("ratio",),
)

IMPORT = Part(
    name="import",
    title="Import",
    text="""\
The seconds of an import in a new process. The library imports requests, urllib3 and
pyserial.
""",
    first="What is imported",
    columns={"s": "{:.3f}", "/ requests": "{:.2f}"},
    measure=_import,
)

ABANDONED = Part(
    name="abandoned",
    title="After a response that was left",
    text="""\
The first byte of a response is read, and the rest is not. The next request, a GET of
1 kB, then takes this many seconds more than after a response that was read. DTR
ends data mode at once; without it, ``+++`` and its silences do. In virtual time, by
line.
""",
    first="Speed, wiring, size",
    columns={"next request s": "{:.3f}", "more s": "{:.3f}"},
    measure=_abandoned,
    drawn=("more s",),
    unit="s",
)

FIRST_HTTPS = Part(
    name="https",
    title="The first verified HTTPS request",
    text="""\
By line, a verified request sends the CA certificates to the module once. The module
starts at 115,200 baud; the first request with ``baudrate=921600`` also changes that. In
virtual time, with 60 ms of network. :doc:`https` has more.
""",
    first="Option, CA certificates",
    columns={"first s": "{:.2f}", "second s": "{:.2f}", "first: bytes up": "{:,.0f}"},
    measure=_first_https,
    drawn=("first s", "second s"),
    unit="s",
)
