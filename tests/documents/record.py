"""Record what the client logs while it makes requests over the emulator."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

__all__ = ("records",)


@contextlib.contextmanager
def records(level: int, note: Callable[[logging.LogRecord], None]) -> Iterator[None]:
    """Call `note` with each record of the client, from `level` up.

    Those of the emulator are left out.
    """

    class Noted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith("requests_bg96.emulator"):
                note(record)

    handler = Noted(level)
    logger = logging.getLogger("requests_bg96")
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
