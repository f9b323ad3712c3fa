"""A program that uses the outbox, and is killed at each line of it.

``python -m tests.documents.outbox_killed DATABASE URL EVERY`` forks a child for each
line of the outbox that a child runs, and for each EVERY-th line of the client. The
child is killed there. Each line of the output is an item that a child has put.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import types
from typing import Any

import requests

import requests_bg96
from docs.outbox import outbox
from requests_bg96 import emulator

CLIENT = str(pathlib.Path(requests_bg96.__file__).parent)
EMULATOR = str(pathlib.Path(emulator.__file__).parent)


class Killer:
    """Ends this process at a line of one folder or file.

    :param place: what its name begins with.
    :param at: the number of the line, among all that run, from 1.
    """

    def __init__(self, place: str, at: int) -> None:
        self._place = place
        self._left = at

    def call(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        """Follow the functions of the place."""
        name = frame.f_code.co_filename
        here = name.startswith(self._place) and not name.startswith(EMULATOR)
        return self.line if here else None

    def line(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        """Count the lines."""
        if event == "line":
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.line


def child(database: str, url: str, item: int, killer: Killer) -> None:
    """Put an item, and send what is there."""
    sys.settrace(killer.call)
    box = outbox.Outbox(database)
    box.put(item)
    print(item, flush=True)
    session = requests.Session()
    session.mount("http://", requests_bg96.BG96Adapter("emulator://"))
    box.send(session, url)


def killed(database: str, url: str, item: int, killer: Killer) -> bool:
    """Run a child; return whether the killer has found its line."""
    forked = os.fork()
    if not forked:
        try:
            child(database, url, item, killer)
        finally:
            os._exit(0)
    _, status = os.waitpid(forked, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Kill children until one comes to its end."""
    database, url, every = sys.argv[1:]
    item = 0
    for place, step in ((outbox.__file__, 1), (CLIENT, int(every))):
        at = step
        while killed(database, url, item, Killer(place, at)):
            item, at = item + 1, at + step
        item += 1


if __name__ == "__main__":
    main()
