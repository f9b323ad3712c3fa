"""Whatever a server says, and whenever, it speaks for nobody but itself."""

from __future__ import annotations

from tests.adversary.__main__ import search

#: About 20 seconds; ``python -m tests.adversary`` goes on.
EXAMPLES = 150


def test_nothing_that_a_server_says_stands_for_the_modules_word() -> None:
    """No plan of a server that hypothesis thinks of does any harm."""
    search(EXAMPLES)
