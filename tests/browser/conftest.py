"""A headless Chromium."""

from __future__ import annotations

import json
import os
import shutil
import socket
import urllib.request
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


def _chromium(playwright: Any, *arguments: str) -> Any:
    # Chromium refuses to run as root with its sandbox.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    options = ["--no-sandbox"] if root else []
    return playwright.chromium.launch(
        executable_path=program(), args=[*options, *arguments]
    )


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """The driver of browsers."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    """Chromium, as playwright drives it."""
    running = _chromium(playwright)
    yield running
    running.close()


@pytest.fixture
def developer_tools(playwright: Any) -> Iterator[Any]:
    """The network panel of Chromium's developer tools, as a page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    running = _chromium(
        playwright,
        f"--remote-debugging-port={place.rpartition(':')[2]}",
        f"--remote-allow-origins=http://{place}",
    )
    running.new_page()
    with urllib.request.urlopen(f"http://{place}/json") as answer:
        (inspected,) = [one for one in json.load(answer) if one["type"] == "page"]
    panel = running.new_page(viewport={"width": 1300, "height": 800})
    tools = f"http://{place}/devtools/inspector.html"
    panel.goto(f"{tools}?ws={place}/devtools/page/{inspected['id']}&panel=network")
    panel.get_by_role("tab", name="Network").first.click()
    yield panel
    running.close()
