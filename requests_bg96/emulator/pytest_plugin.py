"""A pytest plugin: ``pytest_plugins = ["requests_bg96.emulator.pytest_plugin"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .emulator import Emulator

__all__ = ("bg96_emulator",)


@pytest.fixture
def bg96_emulator() -> Iterator[Emulator]:
    """Provide a BG96 in this process. It uses the network of this machine.

    Open ``bg96_emulator.url`` as a serial port.
    """
    with Emulator() as emulator:
        yield emulator
