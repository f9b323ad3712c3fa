"""Play attacks that hypothesis finds: ``python -m tests.adversary``."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings
from hypothesis import strategies as st

from tests.adversary import cases, socket_cases
from tests.adversary.cases import Choose
from tests.adversary.plans import Case
from tests.adversary.trial import play
from tests.conformance import guard

#: How to make an attack, by the way of the requests.
MADE: dict[str, Callable[[Choose], Case]] = {
    "line": cases.made,
    "socket": socket_cases.made,
}


@st.composite
def attacks(draw: st.DrawFn, via: str) -> Case:
    """Attacks on requests that go in one way."""
    return MADE[via](lambda below: draw(st.integers(0, below - 1)))


def search(via: str, examples: int, seed: int | None = None) -> None:
    """Play a number of attacks.

    :param via: the way of the requests, a key of `MADE`.
    :param seed: of hypothesis; without one, they are the same each time.
    :raises AssertionError: if one of them does harm.
    """

    @settings(
        database=None,
        deadline=None,
        derandomize=seed is None,
        max_examples=examples,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(attacks(via))
    def go(case: Case) -> None:
        play(case)

    (go if seed is None else seeded(seed)(go))()


def main() -> None:
    """Play as many as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--via", choices=MADE, help="in this way only")
    parser.add_argument("--seed", type=int, help="of hypothesis; a new one by default")
    options = parser.parse_args()
    guard.refuse_other_hosts()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    for via in [options.via] if options.via else MADE:
        print(f"{options.examples} attacks by {via}, seed {seed}", flush=True)
        search(via, options.examples, seed)


if __name__ == "__main__":
    main()
