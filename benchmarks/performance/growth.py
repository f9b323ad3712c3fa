"""Time and memory against the size of a body, and against the number of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.cpu_peers import peer
from benchmarks.performance.report import Effort, Part, Row, interleaved
from benchmarks.transfers import Transferred, transfer

__all__ = ("BODIES", "REQUESTS")

SIZES = (1_000, 20_000, 200_000, 2_000_000, 20_000_000)
COUNTS = (1, 10, 100, 1_000, 10_000)
WAYS = ("line", "socket")
MIB = 1_048_576


def _of_size(via: str, size: int, most: dict[str, int]) -> Callable[[], float]:
    def measure() -> float:
        # A module of its own: a UART or USB without a speed, and no time of a network.
        with peer("benchmarks.apart", 0, 0) as (_, port):
            cost = transfer(port, via, size)[0]
        most[via] = max(most.get(via, 0), cost.memory)
        return cost.seconds

    return measure


def _bodies(effort: Effort) -> Iterator[Row]:
    for size in SIZES:
        if size > effort.most_bytes:
            break
        memory: dict[str, int] = {}
        # The long ones take long, and vary little.
        repeats = effort.repeats if size <= 2_000_000 else 1
        ways = {via: _of_size(via, size, memory) for via in WAYS}
        seconds = interleaved(repeats, ways)
        yield Row(
            f"{size}",
            (
                *(seconds[via] for via in WAYS),
                *(seconds[via] / size * 1e6 for via in WAYS),
                *(memory[via] / MIB for via in WAYS),
            ),
        )


def _requests(effort: Effort) -> Iterator[Row]:
    counts = [count for count in COUNTS if count <= effort.most_requests]
    found: dict[str, list[Transferred]] = {}
    for via in WAYS:
        with peer("benchmarks.apart", 0, 0) as (_, port):
            found[via] = transfer(port, via, 1_000, counts)
    for number, count in enumerate(counts):
        costs = [found[via][number] for via in WAYS]
        yield Row(
            f"{count}",
            (
                *(cost.seconds for cost in costs),
                *(cost.seconds / count * 1e3 for cost in costs),
                *(cost.memory / MIB for cost in costs),
            ),
        )


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
    columns={
        "line s": "{:.3f}",
        "socket s": "{:.3f}",
        "line us/byte": "{:.3f}",
        "socket us/byte": "{:.3f}",
        "line MiB": "{:.1f}",
        "socket MiB": "{:.1f}",
    },
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
    columns={
        "line s": "{:.3f}",
        "socket s": "{:.3f}",
        "line ms each": "{:.2f}",
        "socket ms each": "{:.2f}",
        "line MiB": "{:.1f}",
        "socket MiB": "{:.1f}",
    },
    measure=_requests,
    drawn=("line s", "socket s"),
    scale="lines",
    unit="s",
)
