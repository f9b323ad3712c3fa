"""The parts of the emulator, each alone."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import threading
import time
from typing import Any

import pytest

import requests_bg96.emulator
from requests_bg96.emulator import Switches, SystemClock, VirtualClock
from requests_bg96.emulator.command_line import (
    Form,
    ParsedCommand,
    parse,
    split_arguments,
)
from requests_bg96.emulator.escape import EscapeDetector
from requests_bg96.emulator.http_body import ChunkedBody, MalformedBody
from requests_bg96.emulator.paced_queue import PacedQueue
from requests_bg96.emulator.request_framing import RequestFraming
from requests_bg96.emulator.scheduler import NEVER, Procedure, Scheduler, Wait
from requests_bg96.emulator.switches import allowed_values

PACKAGE = pathlib.Path(requests_bg96.emulator.__file__).parent


def imports(path: pathlib.Path) -> set[str]:
    """Return what a module imports; relative names have their dots."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_the_emulator_uses_no_http_client(path: pathlib.Path) -> None:
    """Otherwise one of its faults could be on both sides of a test."""
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & {"requests_bg96", "requests", "urllib3", "http"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.stem)
def test_modules_and_functions_stay_small(path: pathlib.Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.body[0].lineno < 50, node.name


def test_every_switch_is_argued_for() -> None:
    text = Switches.__doc__ or ""
    for field in dataclasses.fields(Switches):
        paragraph = text.partition(f"``{field.name}``")[2].partition("``\\n")[0]
        assert "Default" in paragraph, field.name


@pytest.mark.parametrize("name", sorted(allowed_values()))
def test_switches_have_a_text_form(name: str) -> None:
    for value in allowed_values()[name]:
        assert getattr(Switches.from_text({name: str(value)}), name) == value
    with pytest.raises(ValueError, match=name):
        Switches.from_text({name: "nonsense"})
    with pytest.raises(ValueError, match=name):
        nonsense: dict[str, Any] = {name: "nonsense"}
        Switches(**nonsense)


def test_the_system_clock() -> None:
    clock = SystemClock()
    start = clock.now()
    clock.sleep(0.02)
    clock.sleep(-1)
    assert 0.02 <= clock.now() - start < 1
    condition = threading.Condition()
    with condition:
        assert not clock.wait(condition, 0.02)


def test_the_virtual_clock_passes_when_waited_for() -> None:
    clock = VirtualClock(5)
    condition = threading.Condition()
    start = time.monotonic()
    clock.sleep(3600)
    with condition:
        assert not clock.wait(condition, 86400)
    assert clock.now() == 5 + 3600 + 86400
    assert time.monotonic() - start < 1
    assert repr(clock) == "<VirtualClock at 90005.000 s>"


@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock()])
def test_a_wait_without_end_is_for_the_notification(clock: Any) -> None:
    condition = threading.Condition()

    def notify() -> None:
        with condition:
            condition.notify()

    with condition:
        timer = threading.Timer(0.02, notify)
        timer.start()
        assert clock.wait(condition, float("inf"))
    timer.join()


def test_procedures_run_in_the_order_of_their_time() -> None:
    scheduler = Scheduler()
    seen: list[tuple[str, float]] = []

    def every(name: str, seconds: float) -> Procedure[None]:
        for _ in range(3):
            yield from scheduler.sleep(seconds)
            seen.append((name, scheduler.now))

    scheduler.spawn(every("two", 2))
    scheduler.spawn(every("three", 3))
    assert scheduler.step(0) == 2
    assert scheduler.step(100) == NEVER
    assert seen == [
        ("two", 2),
        ("three", 3),
        ("two", 4),
        ("two", 6),
        ("three", 6),
        ("three", 9),
    ]
    assert scheduler.now == 100


def test_a_procedure_knows_whether_it_waited_in_vain() -> None:
    scheduler = Scheduler()
    results = []
    happens = NEVER

    def wait() -> Procedure[None]:
        results.append((yield Wait(lambda: happens, 5)))
        results.append((yield Wait(lambda: happens, 10)))

    scheduler.spawn(wait())
    scheduler.step(4)
    assert results == []
    scheduler.step(6)
    happens = 8
    scheduler.step(20)
    assert results == [False, True]


@pytest.mark.parametrize(
    "line, commands",
    [
        ("", []),
        ("E0", [ParsedCommand("E", Form.BASIC, "0")]),
        (
            "&c1e",
            [ParsedCommand("&C", Form.BASIC, "1"), ParsedCommand("E", Form.BASIC)],
        ),
        ("S3?", [ParsedCommand("S3", Form.READ)]),
        ("S10=7", [ParsedCommand("S10", Form.WRITE, "7")]),
        ("+a?", [ParsedCommand("+A", Form.READ)]),
        ("+A=?", [ParsedCommand("+A", Form.TEST)]),
        ("+A", [ParsedCommand("+A", Form.EXECUTE)]),
        ("+A=", [ParsedCommand("+A", Form.WRITE)]),
        ('+A="x;y",2;', [ParsedCommand("+A", Form.WRITE, '"x;y",2')]),
        (
            "+A;+B",
            [ParsedCommand("+A", Form.EXECUTE), ParsedCommand("+B", Form.EXECUTE)],
        ),
        ("+A E", [ParsedCommand("+AE", Form.EXECUTE)]),
        ("D123;E0", [ParsedCommand("D", Form.BASIC, "123;E0")]),
        ("E0?+A", [ParsedCommand("E", Form.BASIC, "0"), None]),
        ("+A??", [None]),
        ("+1", [None]),
    ],
)
def test_command_lines(line: str, commands: list[ParsedCommand | None]) -> None:
    assert list(parse(line)) == commands


@pytest.mark.parametrize(
    "text, parts",
    [
        ("1", ["1"]),
        ("1,,3", ["1", "", "3"]),
        (",", ["", ""]),
        ('"a,b",2', ['"a,b"', "2"]),
        ('"open,2', ['"open,2']),
    ],
)
def test_arguments(text: str, parts: list[str]) -> None:
    assert split_arguments(text) == parts


def test_the_escape_detector_gives_back_what_was_data() -> None:
    detector = EscapeDetector(last=0)
    assert detector.feed(b"+", 1.0) == b""
    assert detector.feed(b"+", 1.5) == b""
    assert (detector.held, detector.due()) == (2, 2.0)
    assert detector.overdue(1.9) == b""
    assert detector.overdue(2.0) == b"++"
    assert detector.due() == NEVER


def test_the_escape_detector_wants_silence_on_both_sides() -> None:
    detector = EscapeDetector(last=0)
    assert detector.feed(b"+++", 0.9) == b"+++"
    assert detector.feed(b"+++", 1.9) == b""
    assert not detector.escaped(2.8)
    assert detector.escaped(2.9)


CHUNKS = b"5\r\nhello\r\nA ; x=y\r\n0123456789\r\n00\r\nT: x\r\n\r\n"


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_chunks_in_any_pieces(raw: bool, size: int) -> None:
    body = ChunkedBody(raw)
    data = CHUNKS + b"next"
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    output = b""
    for piece in pieces:
        if not body.done:
            output += body.feed(piece)
    assert output == (CHUNKS if raw else b"hello0123456789")
    assert body.done


def test_chunk_lines_have_a_limit() -> None:
    with pytest.raises(MalformedBody):
        ChunkedBody(False).feed(b"1" * 5000)
    with pytest.raises(MalformedBody):
        ChunkedBody(False).feed(b"0\r\nX: " + b"x" * 5000)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"PUT / HTTP/1.1\r\ncontent-LENGTH :3\r\n\r\nabc",
        b"PUT / HTTP/1.1\nContent-Length: 3\n\nabc",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        b"1\r\na\r\n0\r\n\r\n",
    ],
)
def test_the_end_of_a_request(request_bytes: bytes) -> None:
    whole, single = RequestFraming(), RequestFraming()
    assert whole.feed(request_bytes) == request_bytes
    for index in range(len(request_bytes) - 1):
        assert single.feed(request_bytes[index : index + 1]) is None
    assert single.feed(request_bytes[-1:]) == request_bytes


def test_a_wire_takes_its_time() -> None:
    wire = PacedQueue(10)
    wire.push(b"abc", 100)
    assert wire.pull(100.9, 10) == b""
    assert wire.pull(101, 10) == b"a"
    wire.push(b"d", 101)
    assert wire.pull(104, 10) == b"bcd"
    assert wire.due() == NEVER
    wire.push(b"e", 200)
    assert wire.due() == 201


@pytest.mark.parametrize("start", [0.0, 1e6, 1e9, 1e12])
def test_a_wire_never_stands_still(start: float) -> None:
    wire = PacedQueue(115200)
    wire.push(bytes(1000), start)
    pulled = 0
    while len(wire):
        piece = wire.pull(wire.due(), 1 << 20)
        assert piece
        pulled += len(piece)
    assert pulled == 1000


def test_a_wire_without_speed_is_instant() -> None:
    wire = PacedQueue(None)
    wire.push(b"abc", 100)
    assert wire.pull(100, 2) == b"ab"
    assert len(wire) == 1
