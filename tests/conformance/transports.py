"""The ways to run the suite: what is in force while one of its tests runs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

#: Tells how many exchanges the modem has made so far.
Counter = Callable[[], int]


@contextlib.contextmanager
def stock() -> Iterator[Counter]:
    """Leave requests as it is."""
    yield lambda: 0


@contextlib.contextmanager
def modem(module: ModuleType, keep_alive: bool) -> Iterator[Counter]:
    """A modem of its own for one test, under every session the test makes."""
    # Imported here, so that the stock run knows nothing of this project.
    import requests_bg96
    from requests_bg96.emulator import Emulator, Switches

    switches = Switches(reuse_sockets=keep_alive)
    adapter = functools.partial(requests_bg96.BG96Adapter, keep_alive=keep_alive)
    with Emulator(switches=switches) as emulator, pytest.MonkeyPatch.context() as patch:
        # Some tests mount an HTTPAdapter of their own making.
        if hasattr(module, "HTTPAdapter"):
            patch.setattr(
                module, "HTTPAdapter", functools.partial(adapter, emulator.url)
            )
        with requests_bg96.install(adapter(emulator.url)):
            yield lambda: len(emulator.exchanges)


def choose(name: str, module: ModuleType) -> contextlib.AbstractContextManager[Counter]:
    """The transport of that name, for a test of that module."""
    if name == "stock":
        return stock()
    return modem(module, keep_alive=name == "keep-alive")
