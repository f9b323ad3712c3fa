"""AT commands, seconds and bytes, against the ideal dialogue, in virtual time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import serial

from benchmarks.performance.report import Effort, Part, Row
from benchmarks.player import Port, Way, ideal_by_line, ideal_by_socket, usual
from benchmarks.socket_bench import HOST, Bench, Cost, Stand
from benchmarks.socket_servers import Served

__all__ = ("COMMANDS", "IDEAL", "JOBS", "Job", "Played", "warm")

COMMAND = re.compile(rb"AT[^\r]*\r")
BAUDRATES = (115_200, 921_600)
#: A short request, with which a URL is set.
PRIMER = b"GET /1 HTTP/1.1\r\nHost: server.example\r\n\r\n"


class Job(NamedTuple):
    """A request.

    :param name: in words.
    :param size: the bytes of the body of the response.
    :param body: the bytes of the body of the request; 0 is a GET.
    """

    name: str
    size: int
    body: int = 0


JOBS = (
    Job("GET 1 kB", 1_000),
    Job("POST 1 kB", 2, 1_000),
    Job("GET 100 kB", 100_000),
    Job("POST 900 kB", 2, 900_000),
)


class Played:
    """A dialogue that is played over an emulated line of its own, in virtual time.

    :param line: see `Stand`.
    :param make: makes the dialogue from a port and a function that sleeps.
    """

    def __init__(
        self,
        line: tuple[int, float],
        make: Callable[[Port, Callable[[float], None]], Way],
    ) -> None:
        self._stand = Stand(line)
        emulator = self._stand.emulator
        # What paces the emulated line is not what the module is set to (AT+IPR).
        rate = emulator.module.store.line_rate
        # readline of the usual driver ends after a second.
        port = serial.serial_for_url(emulator.url, rate, timeout=1)
        self._way = make(port, self._stand.clock.sleep)

    def cost(self, url: str, request: bytes, response: bytes) -> Cost:
        """Return the cost of a request whose URL has been set before."""
        self._ask(url, PRIMER, Served().answer(PRIMER))
        return self._stand.cost(lambda: self._ask(url, request, response))

    def _ask(self, url: str, request: bytes, response: bytes) -> None:
        assert self._way(url, request, len(response)) == response


def warm(bench: Bench, job: Job, **more: str) -> Cost:
    """Return the cost of a request that repeats another one."""
    bench.ask(job.size, min(job.body, 1), **more)
    return bench.cost(lambda: bench.ask(job.size, job.body, **more))


def _jobs(effort: Effort) -> list[Job]:
    return [job for job in JOBS if max(job.size, job.body) <= effort.most_bytes]


def _against_ideal(effort: Effort) -> Iterator[Row]:
    makers: dict[str, list[Callable[..., Way]]] = {
        "line": [lambda port, _: ideal_by_line(port), usual],
        "socket": [lambda port, _: ideal_by_socket(port)],
    }
    for baudrate in BAUDRATES:
        for via, ways in makers.items():
            line = (baudrate, 0.0)
            bench, others = Bench(line, via), [Played(line, way) for way in ways]
            for job in _jobs(effort):
                yield _compared(f"{baudrate:,}, {via}: {job.name}", bench, others, job)


def _compared(name: str, bench: Bench, others: list[Played], job: Job) -> Row:
    ours, served = warm(bench, job), bench.served
    url = f"http://{HOST}/{job.size}"
    ideal, *rest = (one.cost(url, served.request, served.response) for one in others)
    late = rest[0].seconds if rest else None
    ratios = (ours.seconds / ideal.seconds, late and late / ideal.seconds)
    seconds = (ours.seconds, ideal.seconds, late)
    return Row(
        name, (*seconds, *ratios, ours.bytes, ideal.bytes, ours.bytes / ideal.bytes)
    )


def _commands(_: Effort) -> Iterator[Row]:
    bench = {via: Bench((115_200, 0.0), via) for via in ("line", "socket")}
    for name, pause, size in (
        ("the first request", 0.0, 1),
        ("another URL of the same server, within a second", 0.0, 2),
        ("the same URL again, within a second", 0.0, 2),
        ("another URL, 10 s later", 10.0, 3),
        ("the same URL again, 10 s later", 10.0, 3),
    ):
        values: list[float] = []
        for one in bench.values():
            one.clock.sleep(pause)
            before = len(one.written)
            cost = one.cost(lambda: one.ask(size))  # noqa: B023
            said = bytes(one.written[before:])
            served = one.served
            payload = len(served.request) + len(served.response)
            values += (len(COMMAND.findall(said)), cost.bytes - payload)
        yield Row(name, tuple(values))


COMMANDS = Part(
    name="commands",
    title="AT commands for a request",
    text="""\
A GET with a short response. *Other bytes* are those on the line that are neither the
request nor the response. A command line counts as one command. A POST by line has two
more, because it must not be sent twice: the question of :doc:`robustness`.
""",
    first="Request",
    columns={
        "line: commands": "{:.0f}",
        "line: other bytes": "{:,.0f}",
        "socket: commands": "{:.0f}",
        "socket: other bytes": "{:,.0f}",
    },
    measure=_commands,
    drawn=("line: commands", "socket: commands"),
)

IDEAL = Part(
    name="ideal",
    title="Against the ideal dialogue",
    text="""\
The ideal dialogue has the fewest commands that the manuals allow, and neither side
waits for anything but the other one's last byte. No driver can be faster over the
same line. ``benchmarks/player.py`` plays it over a line of its own, with the same
requests. By line, it sets a URL once; by socket, it keeps a connection open, in
buffer mode. The *usual* driver is an imitation of published examples: it sets
everything for each request, reads by ``readline``, and sleeps 0.1 s while nothing has
come.

Each request repeats another one to the same URL. The network takes 60 ms, and the
module answers at once. Time is virtual, so each run gives the same figures. The line
is that of the emulator: 10 bits for each byte, both ways at a time.
""",
    first="Speed, way, request",
    columns={
        "s": "{:.3f}",
        "ideal s": "{:.3f}",
        "usual s": "{:.3f}",
        "s / ideal": "{:.3f}",
        "usual / ideal": "{:.3f}",
        "bytes": "{:,.0f}",
        "ideal bytes": "{:,.0f}",
        "bytes / ideal": "{:.3f}",
    },
    measure=_against_ideal,
    drawn=("s / ideal", "usual / ideal"),
)
