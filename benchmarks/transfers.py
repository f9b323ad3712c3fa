"""Downloads in a process of its own, whose time and memory are printed.

``python -m benchmarks.transfers PORT WAY SIZE [COUNT...]`` gets SIZE bytes by WAY, over
and over. For each COUNT it prints the seconds of that many requests, and the most
memory that the process has had until then, in bytes. Linux has that number
(``/proc/self/status``, VmHWM).
"""

from __future__ import annotations

import hashlib
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ("Transferred", "transfer")

HOST = "server.example"
PIECE = 16_384


class Transferred(NamedTuple):
    """What some requests have cost: seconds, and bytes of memory at most."""

    seconds: float
    memory: int


def transfer(
    port: str, via: str, size: int, counts: Sequence[int] = (1,)
) -> list[Transferred]:
    """Make requests in another process; return their costs.

    :param size: the bytes of the body of each response.
    :param counts: after how many requests to look.
    """
    command = [sys.executable, "-m", __name__, port, via, str(size)]
    command += map(str, counts)
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    pairs = (line.split() for line in said.splitlines())
    return [Transferred(float(one), int(other)) for one, other in pairs]


def most_memory() -> int:
    """Return the most bytes of memory that this process has had."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) * 1_024


def main() -> None:
    """Make the requests, and print their costs."""
    import requests

    from benchmarks.socket_servers import Served
    from requests_bg96 import BG96Adapter

    port, size = sys.argv[1], int(sys.argv[3])
    via: Any = sys.argv[2]
    wanted = hashlib.sha256()
    for start in range(0, size, PIECE):
        # The content repeats itself in each 256 bytes.
        wanted.update(Served.content(min(PIECE, size - start)))
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", BG96Adapter(port, via=via))

        def get(size: int) -> bytes:
            found = hashlib.sha256()
            with session.get(f"http://{HOST}/{size}", stream=True) as response:
                for piece in response.iter_content(PIECE):
                    found.update(piece)
            return found.digest()

        get(1)
        done, started = 0, time.perf_counter()
        for count in map(int, sys.argv[4:]):
            while done < count:
                assert get(size) == wanted.digest()
                done += 1
            print(time.perf_counter() - started, most_memory(), flush=True)


if __name__ == "__main__":
    main()
