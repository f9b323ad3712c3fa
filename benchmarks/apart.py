"""Modules in a process of their own, each on a pseudo-terminal whose path is printed.

``python -m benchmarks.apart SECONDS BAUDRATE...``: the seconds for a packet to the
server and one back; and for each module the speed of its line, 0 for one like USB. The
servers are in the same process.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence

from benchmarks.cpu_peers import peer
from benchmarks.socket_servers import RTT, Served, served_by_module
from requests_bg96.emulator import Emulator

__all__ = ("modules",)


@contextlib.contextmanager
def modules(baudrates: Sequence[int], rtt: float = RTT) -> Iterator[list[str]]:
    """Run modules in another process; yield the paths of their ports.

    :param baudrates: the speed of each; 0 is like USB.
    :param rtt: the seconds for a packet to the server and one back.
    """
    lines = len(baudrates)
    with peer("benchmarks.apart", rtt, *baudrates, lines=lines) as (_, *paths):
        yield paths


def main() -> None:
    """Serve until the process is ended."""
    rtt, *baudrates = map(float, sys.argv[1:])
    with contextlib.ExitStack() as stack:
        for baudrate in map(int, baudrates):
            network = served_by_module(Served(), None, rtt)
            emulator = Emulator(baudrate or None, network=network)
            print(stack.enter_context(emulator.pty()), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
