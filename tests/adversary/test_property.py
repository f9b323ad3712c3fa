"""Whatever a server sends, and whenever, its bytes are only its own."""

from __future__ import annotations

from tests.adversary.__main__ import search

#: About 20 seconds; ``python -m tests.adversary`` continues.
EXAMPLES = 150


def test_nothing_that_a_server_says_stands_for_the_modules_word() -> None:
    """No plan of a server that hypothesis finds does harm."""
    search(EXAMPLES)
