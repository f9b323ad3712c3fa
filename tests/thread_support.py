"""What the tests of threads and processes share: a bound on them, and their marks."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import threading
import time
from collections.abc import Callable, Iterator

import requests

#: Seconds for anything that is sure to come.
PATIENCE = 20.0
#: Seconds after which a test hangs.
DEADLOCK = 60.0


@contextlib.contextmanager
def no_deadlock() -> Iterator[None]:
    """Show where every thread is, and end the process, where a test hangs."""
    # Not what pytest has put in place of it, which nobody would see.
    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(DEADLOCK, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def running(target: Callable[..., object], *arguments: object) -> Iterator[None]:
    """Have a thread do this meanwhile, and wait for it at the end."""
    thread = started(target, *arguments)
    try:
        yield
    finally:
        thread.join(PATIENCE)
    assert not thread.is_alive()


def started(target: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread that has begun with this."""
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread, or process, does."""
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
    """What a session gets there, or why not: for another process to find here."""
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
        """So many until now."""
        return time.monotonic() - self._started
