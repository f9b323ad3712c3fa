"""SIGTERM ends a command as control-C does, and leaves the terminal in order."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Iterator

from .failures import TERMINATED

__all__ = ("terminable",)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Leave the block when SIGTERM comes, and end the program with `TERMINATED`.

    A second SIGTERM ends it at once. Nothing is changed in other threads than the main
    one, or if SIGTERM is handled or ignored already.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, frame: types.FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(TERMINATED)
