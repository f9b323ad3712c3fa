"""Record the transitions of the client's two tables, and act on them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from unittest import mock

from requests_bg96.at import state as line
from requests_bg96.at.state import Event, State
from requests_bg96.response import receiver
from requests_bg96.response.receiver import ResponseState

__all__ = ("LINE", "RESPONSE", "Recorder", "recorded")

#: All transitions of the line and of a response.
LINE = frozenset(
    (state, event) for state, row in line.TRANSITIONS.items() for event in row
)
RESPONSE = frozenset(
    (state, following)
    for state, row in receiver.TRANSITIONS.items()
    for following in row
)


class Recorder:
    """The transitions that were looked up, in the table or not."""

    def __init__(self) -> None:
        self.line: set[tuple[State, Event]] = set()
        self.response: set[tuple[ResponseState, ResponseState]] = set()
        #: The action at a transition of the line; it runs once.
        self.then: dict[tuple[State, Event], Callable[[], object]] = {}

    def check(self) -> None:
        """Check that only transitions of the tables were looked up."""
        assert self.line <= LINE
        assert self.response <= RESPONSE

    def note(self, state: State, event: Event) -> None:
        """Record a transition of the line."""
        self.line.add((state, event))
        self.then.pop((state, event), lambda: None)()


class _Row(dict[Event, State]):
    """A row of the line's table."""

    def __init__(self, made: Recorder, state: State) -> None:
        super().__init__(line.TRANSITIONS[state])
        self._made, self._state = made, state

    def __getitem__(self, event: Event) -> State:
        self._made.note(self._state, event)
        return super().__getitem__(event)


class _Following(frozenset[ResponseState]):
    """A row of a response's table."""

    made: Recorder
    state: ResponseState

    def __contains__(self, following: object) -> bool:
        assert isinstance(following, ResponseState)
        self.made.response.add((self.state, following))
        return super().__contains__(following)


def _following(made: Recorder, state: ResponseState) -> _Following:
    row = _Following(receiver.TRANSITIONS[state])
    row.made, row.state = made, state
    return row


@contextlib.contextmanager
def recorded() -> Iterator[Recorder]:
    """Record the transitions of a ``with`` block."""
    made = Recorder()
    rows = {state: _Row(made, state) for state in State}
    following = {state: _following(made, state) for state in ResponseState}
    with (
        mock.patch.dict(line.TRANSITIONS, rows),
        mock.patch.dict(receiver.TRANSITIONS, following),
    ):
        yield made
