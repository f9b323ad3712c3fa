"""Requests over sockets of the module: the ideal dialogue, the line, direct push."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from typing import Any

from benchmarks.certified import certified
from benchmarks.performance.dialogue import JOBS, Played, warm
from benchmarks.performance.report import Effort, Part, Row
from benchmarks.player import ideal_by_socket
from benchmarks.socket_bench import HOST, Bench
from requests_bg96.clock import SystemClock
from requests_bg96.emulator.paced_queue import BITS_PER_BYTE

__all__ = ("BESIDE", "SECURE", "SOCKETS")

#: Bits per second, and the seconds in which the module answers.
LINES = ((115_200, 0.0), (115_200, 0.010), (921_600, 0.0), (921_600, 0.010))


def _measure(effort: Effort) -> Iterator[Row]:
    for line in LINES:
        bench = Bench(line, "socket")
        buffered = Played(line, lambda port, _: ideal_by_socket(port))
        pushed = Played(line, lambda port, _: ideal_by_socket(port, push=True))
        for job in JOBS:
            size = max(job.size, job.body)
            if size > effort.most_bytes:
                continue
            ours, served = warm(bench, job), bench.served
            asked = f"http://{HOST}/{job.size}", served.request, served.response
            ideal, push = (one.cost(*asked) for one in (buffered, pushed))
            share = size * BITS_PER_BYTE / line[0]
            shares = (share / ours.seconds, share / ideal.seconds)
            ratios = (ours.seconds / ideal.seconds, ours.bytes / ideal.bytes)
            values = (ours.seconds, *ratios, *shares, push.seconds)
            saved = 1 - push.seconds / ideal.seconds
            name = f"{line[0]:,}, {line[1] * 1e3:.0f} ms: {job.name}"
            yield Row(name, (*values, saved, share / push.seconds))


SOCKETS = Part(
    name="sockets",
    title="Over sockets",
    text="""\
Over a connection that is kept, in virtual time, with 60 ms of network. The first
column has the speed, and the time in which the module answers each command. *Of the
line* is the part of the time in which the line carries the body. What is missing
there is one answer for each 1,460 bytes up, and for up to three times 1,500 bytes down.
The ideal dialogue has one read on each line.

*Push* is the ideal dialogue in direct push mode: the module sends what comes, and is
not asked. The last two columns say what that would gain over the ideal dialogue in
buffer mode. :doc:`sockets` says why this library does not use it.
""",
    first="Speed, answer, request",
    columns={
        "s": "{:.3f}",
        "s / ideal": "{:.3f}",
        "bytes / ideal": "{:.3f}",
        "of the line": "{:.3f}",
        "ideal of the line": "{:.3f}",
        "push s": "{:.3f}",
        "push gains": "{:.1%}",
        "push of the line": "{:.3f}",
    },
    measure=_measure,
    drawn=("of the line", "ideal of the line", "push of the line"),
)


def _seconds_beside(
    line: tuple[int, float], size: int = 100_000
) -> tuple[float, float]:
    """Return the median seconds of 1 kB alone, and while a thread gets `size` bytes.

    In real time, because a virtual clock does not know of threads that wait.
    """
    bench = Bench(line, "socket", clock=SystemClock())

    def small() -> float:
        return bench.cost(lambda: bench.ask(1_000)).seconds

    bench.ask(1)
    alone = statistics.median(small() for _ in range(5))
    large: list[bytes] = []

    def get() -> None:
        large.append(bench.session.get(f"http://{HOST}/{size}").content)

    other = threading.Thread(target=get)
    other.start()
    found = []
    while other.is_alive():
        found.append(small())
    other.join()
    assert large == [bench.served.content(size)]
    # The last one was alone for some of its time.
    return alone, statistics.median(found[:-1] or found)


def _beside(effort: Effort) -> Iterator[Row]:
    for line in LINES:
        name = f"{line[0]:,}, {line[1] * 1e3:.0f} ms"
        yield Row(name, _seconds_beside(line, min(100_000, effort.most_bytes)))


def _secure(effort: Effort) -> Iterator[Row]:
    with certified() as servers:
        options: dict[str, Any] = {"scheme": "https", "verify": servers.root}
        for line in LINES:
            name = f"{line[0]:,}, {line[1] * 1e3:.0f} ms"
            for version in ("TLS 1.3", "TLS 1.2"):
                bench = Bench(line, "socket", servers.contexts[version])
                # The module is set up; a first connection is not there yet.
                bench.ask(1)
                for state in ("new", "resumed", "kept"):
                    cost = bench.cost(lambda: bench.ask(1_000, **options))
                    yield Row(f"{name}: {version}, {state}", cost)
                    if state == "new":
                        bench.ask(1, headers={"Connection": "close"}, **options)
            cost = warm(Bench(line, "line"), JOBS[0], **options)
            yield Row(f"{name}: by line", cost)


SECURE = Part(
    name="secure",
    title="HTTPS over sockets",
    text="""\
GET of 1 kB, in virtual time, with 60 ms of network. *New* makes a whole handshake,
*resumed* goes on with a TLS session over a new connection, *kept* uses a connection
again. The servers show 1.6 kB of certificates. By line, the module makes TLS 1.2 for
each request, and its bytes are not on the line.
""",
    first="Speed, answer, connection",
    columns={"s": "{:.3f}", "bytes up": "{:,.0f}", "bytes down": "{:,.0f}"},
    measure=_secure,
    drawn=("s",),
    unit="s",
)

BESIDE = Part(
    name="beside",
    title="Beside a download",
    text="""\
GET of 1 kB over a kept connection while another thread gets 100 kB over the same
module, by socket. In real time; the median of the requests that fit beside the
download. By line, the 1 kB would wait for the whole download, or for its rest to be
spooled.
""",
    first="Speed, answer",
    columns={"alone s": "{:.3f}", "beside s": "{:.3f}"},
    measure=_beside,
    drawn=("alone s", "beside s"),
    unit="s",
)
