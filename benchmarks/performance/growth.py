"""Time and memory against the size of a body, and against the number of requests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from benchmarks.apart import modules
from benchmarks.performance.report import Effort, Part, Row, interleaved
from benchmarks.transfers import transfer

__all__ = ("BODIES", "REQUESTS")

SIZES = (1_000, 20_000, 200_000, 2_000_000, 20_000_000)
COUNTS = (1, 10, 100, 1_000, 10_000)
WAYS = ("line", "socket")
MIB = 1_048_576


def _modules() -> contextlib.AbstractContextManager[list[str]]:
    """Run a module for each way. Neither its line nor the network takes time."""
    return modules([0] * len(WAYS), 0.0)


def _bodies(effort: Effort) -> Iterator[Row]:
    with _modules() as ports:
        for size in SIZES:
            if size <= effort.most_bytes:
                # The largest takes long, and varies little.
                repeats = effort.repeats if size < SIZES[-1] else 1
                yield _of_size(dict(zip(WAYS, ports)), size, repeats)


def _of_size(ports: dict[str, str], size: int, repeats: int) -> Row:
    memory = dict.fromkeys(ports, 0)

    def timed(via: str) -> Callable[[], float]:
        def measure() -> float:
            cost = transfer(ports[via], via, size)[0]
            memory[via] = max(memory[via], cost.memory)
            return cost.seconds

        return measure

    seconds = interleaved(repeats, {via: timed(via) for via in ports})
    per_byte = (one / size * 1e6 for one in seconds.values())
    used = (one / MIB for one in memory.values())
    return Row(f"{size}", (*seconds.values(), *per_byte, *used))


def _requests(effort: Effort) -> Iterator[Row]:
    counts = [count for count in COUNTS if count <= effort.most_requests]
    with _modules() as ports:
        found = [transfer(port, via, 1_000, counts) for via, port in zip(WAYS, ports)]
    for count, *costs in zip(counts, *found):
        seconds = [cost.seconds for cost in costs]
        each = (one / count * 1e3 for one in seconds)
        used = (cost.memory / MIB for cost in costs)
        yield Row(f"{count}", (*seconds, *each, *used))


def _by_way(units: dict[str, str]) -> dict[str, str]:
    """Return the columns of figures that each way has, from units and formats."""
    return {f"{via} {unit}": form for unit, form in units.items() for via in WAYS}


BODIES = Part(
    name="bodies",
    title="Size of a body",
    text="""\
A download in a process of its own, which reads the body in pieces. The line is like
USB, without a speed, and the network takes no time: what is left is the time of the
program and of the emulator. Medians, and the most memory of all processes (VmHWM).
The largest body is read once.
""",
    first="Bytes",
    columns=_by_way({"s": "{:.3f}", "us/byte": "{:.3f}", "MiB": "{:.1f}"}),
    measure=_bodies,
    drawn=("line s", "socket s"),
    scale="lines",
    unit="s",
)

REQUESTS = Part(
    name="requests",
    title="Number of requests",
    text="""\
GET of 1 kB, over and over, in one process, over the same line as above.
""",
    first="Requests",
    columns=_by_way({"s": "{:.3f}", "ms each": "{:.2f}", "MiB": "{:.1f}"}),
    measure=_requests,
    drawn=("line s", "socket s"),
    scale="lines",
    unit="s",
)
