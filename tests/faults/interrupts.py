"""KeyboardInterrupt at each line of the client that a request runs."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import pathlib
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

import requests_bg96
from tests.conformance import guard
from tests.faults.exchanges import (
    AT_ONCE,
    EXCHANGES,
    FRESH,
    Exchange,
)
from tests.faults.rigs import Scene, begun
from tests.faults.trial import bounded

CLIENT = str(pathlib.Path(requests_bg96.__file__).parent)
EMULATOR = str(pathlib.Path(CLIENT, "emulator"))
#: The kinds with different dialogues.
NAMES = ("post", "streamed", "by file", "https", "socket post")
KINDS = tuple(one for one in EXCHANGES if one.name in NAMES)


class Interrupter:
    """Counts the lines of the client that run, and interrupts at one of them.

    :param at: the number of the line; None is no interruption.
    """

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.count = 0

    def run(self, action: Callable[[], object]) -> None:
        """Run it, and interrupt it."""
        sys.settrace(self._trace)
        try:
            action()
        finally:
            sys.settrace(None)

    def _trace(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        ours = name.startswith(CLIENT) and not name.startswith(EMULATOR)
        return self._line if ours and not destroying(frame) else None

    def _line(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.count += 1
            if self.count == self._at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._line


def destroying(frame: types.FrameType | None) -> bool:
    """Whether an object is being destroyed: nobody catches an exception there."""
    while frame is not None:
        if frame.f_code.co_name in ("__del__", "_lost"):
            return True
        frame = frame.f_back
    return False


@dataclasses.dataclass(frozen=True)
class Interruption:
    """A request that is interrupted at one line of the client."""

    exchange: Exchange
    beginning: str
    line: int

    def __str__(self) -> str:
        return f"{self.exchange.name}, {self.beginning}, line {self.line}"


def lines(exchange: Exchange, beginning: str) -> int:
    """The number of lines of the client that a request runs."""
    counter = Interrupter(None)
    with begun(exchange, beginning) as scene:
        counter.run(lambda: exchange.ask(scene.rig, "first"))
    return counter.count


def every_interruption() -> Iterable[Interruption]:
    """Each line of each kind, always in the same order."""
    for exchange in KINDS:
        for beginning in (FRESH, AT_ONCE):
            for line in range(1, lines(exchange, beginning) + 1):
                yield Interruption(exchange, beginning, line)


def carry_out(case: Interruption) -> tuple[str, list[str]]:
    """Interrupt the request; return its result, and the problems."""
    with bounded(), begun(case.exchange, case.beginning) as scene:
        outcome = "a response all the same"
        try:
            interrupter = Interrupter(case.line)
            interrupter.run(lambda: case.exchange.ask(scene.rig, "first"))
        except KeyboardInterrupt:
            outcome = "interrupted"
        except Exception as error:
            # On the way, another exception came from it.
            outcome = type(error).__name__
        return outcome, problems(case, scene)


def problems(case: Interruption, scene: Scene) -> list[str]:
    """Make the next request; return the problems."""
    found = []
    try:
        answer = case.exchange.ask(scene.rig, "next")
        if answer.content != case.exchange.expected(b"next"):
            found.append(f"the next one was wrong: {answer.content!r}")
    except Exception as error:
        found.append(f"the next one failed: {error!r}")
    for number, came in scene.counting.requests.items():
        if len(came) > 1:
            found.append(f"the server has seen {number!r} {len(came)} times")
    return found


def main() -> int:
    """Interrupt at every n-th line, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.interrupts")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    guard.refuse_other_hosts()
    outcomes: collections.Counter[str] = collections.Counter()
    bad = 0
    for case in list(every_interruption())[:: options.every]:
        outcome, found = carry_out(case)
        outcomes[outcome] += 1
        bad += bool(found)
        if found:
            print(f"{case}: {'; '.join(found)}", flush=True)
    for outcome, count in outcomes.most_common():
        print(f"{count:7,} {outcome}")
    print(f"{outcomes.total():,} interruptions, {bad} with problems")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
