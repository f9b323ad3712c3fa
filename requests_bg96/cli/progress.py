"""A progress bar for what takes over a second, on a terminal only."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from .output import console
from .termination import terminable

__all__ = ("Bar", "bar")

#: Seconds before there is a bar.
DELAY = 1.0


@dataclasses.dataclass(frozen=True)
class _Doing:
    """What is going on.

    :param what: its name, for people.
    :param count: returns the bytes that are done.
    :param size: all of its bytes, None if that is not known.
    """

    what: str
    count: Callable[[], int]
    size: int | None


class Bar:
    """What is going on, and a bar for it.

    :param where: the terminal; None if there is none.
    """

    def __init__(self, where: Console | None) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._now = self._before = _Doing("waiting", lambda: 0, None)
        self._sent = 0
        self._bars: _Bars | None = None
        self._timer: threading.Timer | None = None

    def begin(self, what: str, count: Callable[[], int], size: int | None) -> None:
        """Begin something new.

        :param what: its name, for people.
        :param count: returns the bytes that are done; called while there is a bar.
        :param size: all of its bytes, None if that is not known.
        """
        with self._lock:
            self._now = _Doing(what, count, size)
            if self._timer is None and self._where is not None:
                self._timer = threading.Timer(DELAY, self._show)
                self._timer.daemon = True
                self._timer.start()
            if self._bars is not None:
                self._bars.turn_to(self._now)

    def done(self, what: str, count: int, size: int | None) -> None:
        """Say how many bytes are done, as a ``progress=`` function is called.

        After the last one, the bar shows again what it has shown before.
        """
        self._sent = count
        if self._now.what != what:
            self._before = self._now
            self.begin(what, lambda: self._sent, size)
        if count == size:
            self.begin(self._before.what, self._before.count, self._before.size)

    def end(self) -> None:
        """Remove the bar."""
        with self._lock:
            self._where, bars = None, self._bars
            self._bars = None
            if self._timer is not None:
                self._timer.cancel()
        if bars is not None:
            bars.stop()

    def _show(self) -> None:
        with self._lock:
            if self._where is not None:
                self._bars = _Bars(self._where)
                self._bars.turn_to(self._now)
                self._bars.start()


class _Amount(DownloadColumn):
    """Bytes done and bytes in all; empty before the first if the size is unknown."""

    def render(self, task: Task) -> Text:
        """Return the text."""
        return super().render(task) if task.total or task.completed else Text()


class _Rate(TransferSpeedColumn):
    """The bytes in a second, if any have come."""

    def render(self, task: Task) -> Text:
        """Return the text."""
        return super().render(task) if task.speed else Text()


class _Time(TimeRemainingColumn):
    """The time left, or the time that has passed if nobody knows."""

    def render(self, task: Task) -> Text:
        """Return the text."""
        known = task.total is not None
        return super().render(task) if known else TimeElapsedColumn().render(task)


class _Bars(Progress):
    """rich's bars, of which there is one, and which asks for the count when drawn."""

    def __init__(self, where: Console) -> None:
        self._doing: _Doing | None = None
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            _Amount(),
            _Rate(),
            _Time(),
            console=where,
            transient=True,
        )

    def turn_to(self, doing: _Doing) -> None:
        """Show something new, whose rate does not count what was before."""
        for task in self.task_ids:
            self.remove_task(task)
        self._doing = doing
        self.add_task(doing.what, total=doing.size)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what is drawn, with the count of now."""
        if (doing := self._doing) is not None:
            for task in self.task_ids:
                self.update(task, completed=doing.count())
        return super().get_renderables()


@contextlib.contextmanager
def bar(*, wanted: bool = True) -> Iterator[Bar]:
    """Yield a bar; without a terminal at standard error, it shows nothing.

    It is removed at the end of the block, also after SIGTERM.

    :param wanted: False if something else is shown there.
    """
    where = console(stderr=True)
    made = Bar(where if wanted and where.is_terminal else None)
    with terminable():
        try:
            yield made
        finally:
            made.end()
