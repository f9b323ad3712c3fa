"""Each target, with inputs near its seeds; ``tox -e fuzz`` goes further."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.scripted import NEXT, SECOND
from tests.fuzz.seeds import TARGETS, seeds

#: Replacements for bytes.
TOKENS = (NEXT, SECOND, b"\r\n", b"\r", b"\n", b"\0", b"9" * 5_000, b",", b'"', b"\xb2")


def spliced(data: bytes, place: int, count: int, other: bytes) -> bytes:
    """`data` with `other` in place of `count` of its bytes."""
    place %= len(data) + 1
    return data[:place] + other + data[place + count :]


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds(name: str) -> None:
    """Dialogues without faults, and real ones, cause no error."""
    found = list(seeds(name))
    assert found
    for seed in found:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_near_to_the_seeds(name: str) -> None:
    """Some bytes are changed, added or missing."""
    pieces = st.sampled_from(TOKENS) | st.binary(max_size=40)
    near = st.builds(
        spliced,
        st.sampled_from(list(seeds(name))),
        st.integers(0, 2_000),
        st.integers(0, 8),
        pieces,
    )
    twice = st.builds(spliced, near, st.integers(0, 2_000), st.just(0), pieces)

    @settings(
        deadline=None,
        derandomize=True,
        max_examples=25,
        suppress_health_check=list(HealthCheck),
    )
    @given(twice | st.binary(max_size=300))
    def go(data: bytes) -> None:
        TARGETS[name](data)

    go()
