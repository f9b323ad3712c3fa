"""Requests in real time, on a pseudo-terminal, with the module in another process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
import serial

from benchmarks.cpu_peers import peer
from benchmarks.performance.dialogue import JOBS, Job
from benchmarks.performance.report import Effort, Part, Row, interleaved
from benchmarks.player import Way, ideal_by_line, ideal_by_socket, usual
from benchmarks.socket_bench import HOST, check
from benchmarks.socket_servers import RTT, Served
from requests_bg96 import BG96Adapter

__all__ = ("ON_A_PTY",)

#: The bits per second, 0 for a line like USB, and how many jobs are short enough there.
SPEEDS = ((115_200, 2), (921_600, 3), (0, 4))
BAUDRATE = 115_200


def _measure(effort: Effort) -> Iterator[Row]:
    for speed, jobs in SPEEDS:
        for via in ("line", "socket"):
            with contextlib.ExitStack() as stack:
                ways = _ways(stack, speed, via)
                for job in JOBS[:jobs]:
                    if max(job.size, job.body) <= effort.most_bytes:
                        yield _row(effort, _name(speed, via, job), ways, job)


def _name(speed: int, via: str, job: Job) -> str:
    return f"{f'{speed:,}' if speed else 'USB'}, {via}: {job.name}"


def _ways(
    stack: contextlib.ExitStack, speed: int, via: Any
) -> dict[str, Callable[[Job], object]]:
    """Return all ways to make a request, each over a module of its own."""

    def module() -> str:
        arguments = ("benchmarks.apart", speed, RTT)
        _, path = stack.enter_context(peer(*arguments))
        return str(path)

    def player(make: Callable[..., Way]) -> Callable[[Job], object]:
        # readline of the usual driver ends after a second.
        port = stack.enter_context(serial.Serial(module(), BAUDRATE, timeout=1))
        way = make(port)
        return lambda job: _play(way, job)

    session = stack.enter_context(requests.Session())
    session.trust_env = False
    session.mount("http://", BG96Adapter(module(), via=via))
    ideal = ideal_by_line if via == "line" else ideal_by_socket
    ways = {"ours": lambda job: _ask(session, job), "ideal": player(ideal)}
    if via == "line":
        ways["usual"] = player(lambda port: usual(port, time.sleep))
    return ways


def _request(job: Job) -> tuple[str, str, bytes]:
    method = "POST" if job.body else "GET"
    return method, f"http://{HOST}/{job.size}", Served.content(job.body)


def _ask(session: requests.Session, job: Job) -> None:
    method, url, body = _request(job)
    check(session.request(method, url, data=body or None), job.size)


def _play(way: Way, job: Job) -> None:
    method, url, body = _request(job)
    prepared = requests.Session().prepare_request(
        requests.Request(method, url, data=body or None)
    )
    head = f"{method} {prepared.path_url} HTTP/1.1\r\nHost: {HOST}\r\n"
    for name, value in prepared.headers.items():
        head += f"{name}: {value!s}\r\n"
    head += "\r\n"
    request = head.encode("ascii") + body
    response = Served().answer(request)
    assert way(url, request, len(response)) == response


def _row(
    effort: Effort, name: str, ways: dict[str, Callable[[Job], object]], job: Job
) -> Row:
    def timed(way: Callable[[Job], object]) -> Callable[[], float]:
        def measure() -> float:
            started = time.perf_counter()
            way(job)
            return time.perf_counter() - started

        return measure

    for way in ways.values():
        way(job._replace(body=min(job.body, 1)))
    found = interleaved(effort.repeats, {key: timed(way) for key, way in ways.items()})
    ours, ideal, late = found["ours"], found["ideal"], found.get("usual")
    return Row(name, (ours, ideal, ours / ideal, late, late and late / ours))


ON_A_PTY = Part(
    name="pty",
    title="In real time",
    text="""\
The same comparison on a pseudo-terminal, by the clock on the wall. The emulator, with
the servers, runs in another process (``benchmarks/apart.py``). Here the time of the
program counts, too, and that of the emulator, in both columns. *USB* is a line
without a speed. The network takes 60 ms. Medians; the ways take turns.
""",
    first="Speed, way, request",
    columns={
        "s": "{:.3f}",
        "ideal s": "{:.3f}",
        "s / ideal": "{:.3f}",
        "usual s": "{:.3f}",
        "usual / s": "{:.1f}",
    },
    measure=_measure,
    drawn=("s", "ideal s", "usual s"),
    unit="s",
)
