"""The fixtures, the marker, and the AT dialogue in the report of a failed test.

Everything of requests_bg96 is imported when a test needs it, not before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from requests_bg96 import BG96Adapter
    from requests_bg96.emulator import Emulator, VirtualClock

    from .dialogue import Dialogue

DIALOGUE: pytest.StashKey[Dialogue] = pytest.StashKey()

#: What ``pytest --markers`` says.
MARKER = (
    "bg96(**options): how the emulated BG96 of this test is: parameters of Emulator, "
    "such as baudrate=115200 or faults=[...], and switches of its firmware, such as "
    'chunked="raw". The closest marker counts.'
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known to ``--strict-markers`` and ``--markers``."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def bg96_clock() -> VirtualClock:
    """A virtual clock: hours pass in milliseconds.

    A test that asks for it gets an emulator and a session on this clock. All others
    use the time of this machine.
    """
    from requests_bg96.emulator import VirtualClock

    return VirtualClock()


@pytest.fixture
def bg96_network() -> Any:
    """The network behind the emulated antenna. Override it to use another.

    None is the network of this machine, with its servers on localhost.
    """
    return None


@pytest.fixture
def bg96_settings() -> dict[str, Any]:
    """The arguments of the adapter. Override it to give your own."""
    return {}


@pytest.fixture
def bg96_emulator(
    request: pytest.FixtureRequest, bg96_network: Any
) -> Iterator[Emulator]:
    """A software BG96, switched on. The marker ``bg96`` says how it is."""
    from requests_bg96.emulator import Emulator, SystemClock

    from .dialogue import Dialogue
    from .options import options_of

    clock = _clock_of(request) or SystemClock()
    dialogue = request.node.stash[DIALOGUE] = Dialogue(clock.now)
    options = {"clock": clock, "network": bg96_network, "on_line": dialogue}
    with Emulator(**{**options, **options_of(request.node)}) as emulator:
        yield emulator


@pytest.fixture
def bg96_adapter(
    request: pytest.FixtureRequest,
    bg96_emulator: Emulator,
    bg96_settings: dict[str, Any],
) -> Iterator[BG96Adapter]:
    """An adapter whose modem is the emulator."""
    from requests_bg96 import BG96Adapter

    settings = {"clock": _clock_of(request), **bg96_settings}
    adapter = BG96Adapter(bg96_emulator.url, **settings)
    yield adapter
    adapter.close()


@pytest.fixture
def bg96_session(bg96_adapter: BG96Adapter) -> Iterator[requests.Session]:
    """A session whose requests all go over the emulator."""
    import requests

    with requests.Session() as session:
        session.mount("http://", bg96_adapter)
        session.mount("https://", bg96_adapter)
        yield session


@pytest.fixture
def bg96_installed(bg96_adapter: BG96Adapter) -> Iterator[BG96Adapter]:
    """Send every session of requests over the emulator, in tests and in the product."""
    from requests_bg96 import install

    with install(bg96_adapter):
        yield bg96_adapter


def _clock_of(request: pytest.FixtureRequest) -> VirtualClock | None:
    if "bg96_clock" not in request.fixturenames:
        return None
    clock: VirtualClock = request.getfixturevalue("bg96_clock")
    return clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the dialogue to the report of a test that failed."""
    report = yield
    dialogue = item.stash.get(DIALOGUE, None)
    if report.failed and dialogue is not None and dialogue.text:
        report.sections.append(("AT dialogue", dialogue.text))
    return report
