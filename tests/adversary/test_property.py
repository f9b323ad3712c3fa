"""The bytes of a server are never taken for the module's."""

from __future__ import annotations

import pytest

from tests.adversary.__main__ import MADE, search

#: Some seconds each; ``python -m tests.adversary`` continues.
EXAMPLES = 25


@pytest.mark.parametrize("via", MADE)
def test_no_word_of_a_server_counts_as_the_modules(via: str) -> None:
    """No plan of a server that hypothesis finds does harm."""
    search(via, EXAMPLES)
