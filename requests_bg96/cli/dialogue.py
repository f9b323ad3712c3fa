"""Show the AT dialogue while a command runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

__all__ = ("LINES", "STEPS", "dialogue")

#: The logger of the lines, and those of recovery. None of them shows a secret.
LINES = "requests_bg96.link"
STEPS = ("requests_bg96.modem", "requests_bg96.stats")


@contextmanager
def dialogue(show: Callable[[str], None], *more: str) -> Iterator[None]:
    """Call `show` with each line of the AT dialogue, payload by its length.

    :param more: names of other loggers, such as `STEPS`.
    """

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            show(record.getMessage())

    with ExitStack() as stack:
        for name in (LINES, *more):
            stack.enter_context(_to(Lines(), logging.getLogger(name)))
        yield


@contextmanager
def _to(handler: logging.Handler, logger: logging.Logger) -> Iterator[None]:
    """Let a logger log everything, and to this handler only."""
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
