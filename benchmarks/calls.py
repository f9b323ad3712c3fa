"""How many calls of ours a warm GET makes: ``python -m benchmarks.calls``.

The second request of a session is counted, for the same URL over the emulator, in
virtual time: every call of a function of the client, by `sys.setprofile`. Calls of
the standard library, of requests and of urllib3 are counted beside it.
"""

from __future__ import annotations

import collections
import pathlib
import sys
from types import FrameType
from typing import Any

import requests

from requests_bg96 import BG96Adapter
from requests_bg96.emulator import CallableNetwork, Emulator, VirtualClock

__all__ = ("Calls", "count")

PACKAGE = pathlib.Path(__file__).parents[1] / "requests_bg96"
BODY = b"hello"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Calls:
    """The calls that were made, by file and function."""

    def __init__(self) -> None:
        self.ours: collections.Counter[str] = collections.Counter()
        self.theirs = 0
        self.deepest = 0
        self._depth = 0

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """Count one call, as `sys.setprofile` tells of it."""
        code = frame.f_code
        if event not in ("call", "return") or "emulator" in code.co_filename:
            return
        ours = code.co_filename.startswith(str(PACKAGE))
        if event == "return":
            self._depth -= ours
            return
        if ours:
            name = pathlib.Path(code.co_filename).relative_to(PACKAGE)
            self.ours[f"{name} {code.co_name}"] += 1
            self._depth += 1
            self.deepest = max(self.deepest, self._depth)
        else:
            self.theirs += 1


def count() -> Calls:
    """Make two requests; return the calls of the second one."""
    clock = VirtualClock()
    network = CallableNetwork(lambda request: [RESPONSE])
    with Emulator(clock=clock, network=network) as emulator:
        with requests.Session() as session:
            session.mount("http://", BG96Adapter(emulator.url, clock=clock))
            url = "http://server.example/path"
            assert session.get(url).content == BODY
            calls = Calls()
            sys.setprofile(calls.note)
            try:
                response = session.get(url)
            finally:
                sys.setprofile(None)
            assert response.content == BODY
            return calls


def main() -> None:
    """Print the calls, the most frequent ones first."""
    calls = count()
    for name, times in calls.ours.most_common():
        print(f"{times:5}  {name}")
    files = {name.partition(" ")[0] for name in calls.ours}
    print(
        f"{calls.ours.total()} calls of {len(calls.ours)} functions in {len(files)} "
        f"files, {calls.deepest} deep; {calls.theirs} calls of others"
    )


if __name__ == "__main__":
    main()
