"""A sample of the table: every n-th case, always the same ones."""

from __future__ import annotations

import itertools

import pytest

from tests.faults import interrupts
from tests.faults.cases import FAULTS, every_case, offsets
from tests.faults.exchanges import EXCHANGES, FRESH
from tests.faults.trial import GOOD, carry_out
from tests.transitions import recorded

#: A prime number, so that each kind of fault meets each kind of byte.
EVERY = 2503
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_a_sample_of_the_table(part: int) -> None:
    """The whole table is ``tox -e faults``."""
    cases = list(every_case(EVERY))[part::PARTS]
    with recorded() as seen:
        found = [(str(case), carry_out(case)) for case in cases]
    assert len(found) > 80
    assert [(case, one.problems) for case, one in found if one.problems] == []
    # With any fault, the states change as in their tables.
    seen.check()
    assert len(seen.line) > 30
    assert any(one.outcome == GOOD for _, one in found)
    assert any(one.outcome != GOOD for _, one in found)


def test_the_table_is_whole() -> None:
    """All kinds of exchanges and faults, and tens of thousands of cases."""
    cases = list(every_case())
    assert {case.exchange.name for case in cases} == {one.name for one in EXCHANGES}
    assert {case.kind for case in cases} == set(FAULTS)
    assert len(cases) > 200_000


def test_long_payload_is_thinned_out() -> None:
    """All other bytes are cases."""
    said = b"AT\r" + b"x" * 100 + b"\r\nOK\r\n"
    assert offsets(b"AT\r") == [0, 1, 2, 3]
    assert offsets(said)[:20] == [*range(19), 32]
    assert offsets(said)[-20:] == list(range(90, 110))


#: A prime number again.
EVERY_LINE = 797
#: The lines around the opening of the port.
OPENING = range(150, 300, 2)


# Python 3.13 tells of a response of http.client that was interrupted while it was made.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <http.client.HTTPResponse"
    ":pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("part", range(2))
def test_a_sample_of_the_interruptions(part: int) -> None:
    """All of them are part of ``tox -e faults``."""
    cases = itertools.islice(
        interrupts.every_interruption(), part * EVERY_LINE, None, 2 * EVERY_LINE
    )
    with recorded() as seen:
        found = [(str(case), interrupts.carry_out(case)) for case in cases]
    assert len(found) > 15
    seen.check()
    assert [(case, wrong) for case, (_, wrong) in found if wrong] == []
    assert all(outcome == "interrupted" for _, (outcome, _) in found)


def test_interrupted_while_the_port_is_opened() -> None:
    """At each line, the port is kept or closed."""
    posts = interrupts.KINDS[0]
    cases = [interrupts.Interruption(posts, FRESH, n) for n in OPENING]
    found = [(str(case), interrupts.carry_out(case)) for case in cases]
    assert [(case, wrong) for case, (_, wrong) in found if wrong] == []
