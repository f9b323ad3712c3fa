"""Play attacks that hypothesis finds: ``python -m tests.adversary``."""

from __future__ import annotations

import argparse
import random

from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings
from hypothesis import strategies as st

from tests.adversary.cases import made
from tests.adversary.plans import Case
from tests.adversary.trial import play
from tests.conformance import guard


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Attacks."""
    return made(lambda below: draw(st.integers(0, below - 1)))


def search(examples: int, seed: int | None = None) -> None:
    """Play a number of attacks.

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
    @given(cases())
    def go(case: Case) -> None:
        play(case)

    (go if seed is None else seeded(seed)(go))()


def main() -> None:
    """Play as many as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, help="of hypothesis; a new one by default")
    options = parser.parse_args()
    guard.stay_home()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"{options.examples} attacks, seed {seed}", flush=True)
    search(options.examples, seed)


if __name__ == "__main__":
    main()
