"""A module in a process of its own, on a pseudo-terminal whose path is printed.

``python -m benchmarks.apart BAUDRATE SECONDS``: the speed of its line, 0 for one like
USB; and the seconds for a packet to the server and one back. The servers are in the
same process.
"""

from __future__ import annotations

import sys
import threading

from benchmarks.socket_servers import Served, served_by_module
from requests_bg96.emulator import Emulator


def main() -> None:
    """Serve until the process is ended."""
    baudrate, rtt = int(sys.argv[1]), float(sys.argv[2])
    network = served_by_module(Served(), None, rtt)
    with Emulator(baudrate or None, network=network).pty() as path:
        print(path, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
