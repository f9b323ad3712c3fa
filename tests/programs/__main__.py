"""Run each program in each way; print what came, and fail if a result differs."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.metadata
import os
import re
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Literal

from requests_bg96 import BG96Adapter, install
from requests_bg96.emulator import Emulator

from .place import Program, serving

Way = Literal["stock", "socket", "auto"]
WAYS: tuple[Way, ...] = ("stock", "socket", "auto")
#: The modules beside this one.
PROGRAMS = (
    "elastic",
    "google",
    "azure",
    "packages",
    "calendars",
    "influx",
    "tus",
    "events",
)
#: What makes the module open a connection.
OPENS = re.compile(rb"AT\+(?:QIOPEN|QHTTPGET|QHTTPPOST)=")


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of one run.

    :param result: what the program has got.
    :param requests: what the servers have got.
    :param connections: how many connections they have had.
    :param opened: how many of them the module has opened.
    """

    result: Any
    requests: list[tuple[str, str, int]]
    connections: int
    opened: int
    seconds: float


def run(program: Program, way: Way) -> Run:
    """Run a program once."""
    said = bytearray()

    def listen(direction: str, data: bytes) -> None:
        if direction == "from_host":
            said.extend(data)

    with ExitStack() as stack:
        served = stack.enter_context(serving(program))
        if way != "stock":
            emulator = stack.enter_context(Emulator(on_line=listen))
            stack.enter_context(install(BG96Adapter(emulator.url, via=way)))
        start = time.monotonic()
        result = program.use(served.place)
        seconds = time.monotonic() - start
        opened = len(OPENS.findall(said))
    return Run(result, served.requests, served.connections, opened, seconds)


def difference(stock: Run, found: Run) -> str | None:
    """What is not as with stock requests."""
    if found.result != stock.result:
        return f"the result is {found.result!r}, not {stock.result!r}"
    if found.requests != stock.requests:
        return f"the servers got {found.requests}, not {stock.requests}"
    if found.opened != found.connections:
        return f"of {found.connections} connections, the module made {found.opened}"
    return None


def compare(name: str) -> bool:
    """Run a program in each way, print what came; return whether all is the same."""
    program: Program = importlib.import_module(f".{name}", __package__).PROGRAM
    runs = {way: run(program, way) for way in WAYS}
    found = {way: difference(runs["stock"], runs[way]) for way in WAYS[1:]}
    version = importlib.metadata.version(program.package)
    print(f"{name}: {program.package} {version}, {program.does}")
    print(f"  result: {str(runs['stock'].result)[:300]}")
    for way, one in runs.items():
        same = "" if way == "stock" else f", {found[way] or 'the same'}"[:900]
        print(
            f"  {way}: {len(one.requests)} requests, {one.connections} connections, "
            f"{one.seconds:.1f} s{same}",
            flush=True,
        )
    return not any(found.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs")
    parser.add_argument("programs", nargs="*", help=", ".join(PROGRAMS))
    names = parser.parse_args(argv).programs or [*PROGRAMS]
    if unknown := {*names}.difference(PROGRAMS):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    # The machine's own proxies and CA certificates are not part of it.
    for variable in [*os.environ]:
        if variable.lower().endswith(("_proxy", "_ca_bundle")):
            del os.environ[variable]
    warnings.simplefilter("ignore")
    same = [compare(name) for name in names]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
