"""Support for the tests of threads and processes: time limits and markers."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Iterator

import requests

#: The seconds for something that must happen.
PATIENCE = 20.0
#: The seconds after which a test counts as hanging.
DEADLOCK = 60.0


@contextlib.contextmanager
def no_deadlock() -> Iterator[None]:
    """If a test hangs, print the stack of each thread and end the process."""
    # Nobody sees the stream that pytest has put in its place.
    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(DEADLOCK, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def running(target: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Run this in a thread meanwhile, and wait for it at the end."""
    thread = started(target, *arguments)
    try:
        yield
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive()


def started(target: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread that has started with this."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], object]) -> None:
    """Wait for another thread or process."""
    patience = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < patience, "it does not come"
        time.sleep(0.002)


def until_waiting(thread: threading.Thread) -> None:
    """Wait until a thread waits for others."""
    until(lambda: _waits(thread))


def _waits(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    code = frame and frame.f_code
    return bool(
        code and code.co_filename == threading.__file__ and code.co_name == "wait"
    )


def asked(session: requests.Session, url: str) -> str:
    """The result of a session's request, or its error, for another process."""
    try:
        return session.get(url, timeout=PATIENCE).text
    except requests.ConnectionError as error:
        return str(error)


class Stopwatch:
    """The seconds that something took."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds until now."""
        return time.monotonic() - self._started
