"""Requests in real time, on a pseudo-terminal, with the module in another process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
import serial

from benchmarks.apart import modules
from benchmarks.performance.dialogue import JOBS, Job
from benchmarks.performance.report import Effort, Part, Row, interleaved
from benchmarks.player import Port, Way, ideal_by_line, ideal_by_socket, usual
from benchmarks.socket_bench import HOST, check
from benchmarks.socket_servers import Served
from requests_bg96 import BG96Adapter

__all__ = ("ON_A_PTY",)

#: The bits per second, 0 for a line like USB, and how many jobs are short enough there.
SPEEDS = ((115_200, 2), (921_600, 3), (0, 4))
BAUDRATE = 115_200

#: Makes a request.
Ask = Callable[[Job], object]


def _measure(effort: Effort) -> Iterator[Row]:
    # Each way has a module of its own.
    speeds = [speed for speed, _ in SPEEDS for _ in range(len(MAKERS))]
    with contextlib.ExitStack() as stack:
        paths = iter(stack.enter_context(modules(speeds)))
        for speed, most in SPEEDS:
            ways = {name: make(stack, next(paths)) for name, make in MAKERS.items()}
            jobs = [job for job in JOBS[:most] if max(job[1:]) <= effort.most_bytes]
            for via in ("line", "socket"):
                some = {name: way for name, way in ways.items() if name[0] == via}
                for job in jobs:
                    yield _row(effort, f"{_name(speed)}, {via}: {job.name}", some, job)


def _name(speed: int) -> str:
    return f"{speed:,}" if speed else "USB"


def _session(stack: contextlib.ExitStack, path: str, via: Any) -> Ask:
    session = stack.enter_context(requests.Session())
    session.trust_env = False
    session.mount("http://", BG96Adapter(path, via=via))
    return lambda job: _ask(session, job)


def _player(stack: contextlib.ExitStack, path: str, make: Callable[[Port], Way]) -> Ask:
    # readline of the usual driver ends after a second.
    port = stack.enter_context(serial.Serial(path, BAUDRATE, timeout=1))
    way = make(port)
    return lambda job: _play(way, job)


MAKERS: dict[tuple[str, str], Callable[[contextlib.ExitStack, str], Ask]] = {
    ("line", "ours"): lambda stack, path: _session(stack, path, "line"),
    ("line", "ideal"): lambda stack, path: _player(stack, path, ideal_by_line),
    ("line", "usual"): lambda stack, path: _player(
        stack, path, lambda port: usual(port, time.sleep)
    ),
    ("socket", "ours"): lambda stack, path: _session(stack, path, "socket"),
    ("socket", "ideal"): lambda stack, path: _player(stack, path, ideal_by_socket),
}


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


def _row(effort: Effort, name: str, ways: dict[tuple[str, str], Ask], job: Job) -> Row:
    def timed(way: Ask) -> Callable[[], float]:
        def measure() -> float:
            started = time.perf_counter()
            way(job)
            return time.perf_counter() - started

        return measure

    for (_, kind), way in ways.items():
        # The usual driver sets everything each time.
        if kind != "usual":
            way(job._replace(body=min(job.body, 1)))
    measures = {kind: timed(way) for (_, kind), way in ways.items()}
    found = interleaved(effort.repeats, measures)
    ours, ideal, late = found["ours"], found["ideal"], found.get("usual")
    return Row(name, (ours, ideal, ours / ideal, late, late and late / ours))


ON_A_PTY = Part(
    name="pty",
    title="In real time",
    text="""\
The same comparison on a pseudo-terminal, by the clock on the wall. The emulator, with
the servers, runs in another process (``python -m benchmarks.apart``). Here the time
of the program counts, too, and that of the emulator, in both columns. *USB* is a line
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
