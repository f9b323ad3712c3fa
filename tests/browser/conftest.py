"""A headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

#: The names of the program.
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = (
    "these tests need Chromium, which was not found. Install it (Debian: apt install "
    "chromium), or set CHROMIUM to the path of the program"
)


def program() -> str:
    """The path of Chromium."""
    given = os.environ.get("CHROMIUM")
    found = (
        shutil.which(given)
        if given
        else next(filter(None, map(shutil.which, NAMES)), None)
    )
    if found is None:
        pytest.exit(MISSING, 1)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, as playwright drives it."""
    from playwright.sync_api import sync_playwright

    # Chromium refuses to run as root with its sandbox.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    options = ["--no-sandbox"] if root else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=options)
        yield running
        running.close()
