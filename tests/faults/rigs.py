"""A modem with an exchange's servers, after a beginning."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from requests_bg96.emulator import CallableNetwork
from tests.faults.exchanges import (
    AT_ONCE,
    FRESH,
    LATER_ON,
    Counting,
    Exchange,
    whole,
)
from tests.faults.socks_network import behind_socks
from tests.support import Rig, rig

#: The seconds since the beginning.
PAUSES = {FRESH: None, AT_ONCE: 0.0, LATER_ON: 10.0}


@dataclasses.dataclass(frozen=True)
class Scene:
    """A session over a modem, and the servers that count."""

    rig: Rig
    counting: Counting


@contextlib.contextmanager
def begun(exchange: Exchange, beginning: str, seed: int = 0) -> Iterator[Scene]:
    """Make a session over a modem, and let the beginning happen.

    :param beginning: one of `ALL`.
    :param seed: the seed of the noise.
    """
    counting = Counting(exchange)
    with rig(
        adapter=exchange.settings,
        network=(
            behind_socks(counting, whole)
            if exchange.socks
            else CallableNetwork(counting)
        ),
        switches=exchange.switches,
        seed=seed,
        **exchange.line,
    ) as made:
        pause = PAUSES[beginning]
        if pause is not None:
            exchange.ask(made, "earlier")
            made.clock.sleep(pause)
        yield Scene(made, counting)
