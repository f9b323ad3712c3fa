"""The metadata and the README are true."""

from __future__ import annotations

import http.client
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import urllib3.connection

from requests_bg96 import BG96Adapter

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    """The metadata of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def test_ci_runs_the_readmes_test_command() -> None:
    """CI runs exactly the command that a reader of the README runs."""
    readme = (ROOT / "README.rst").read_text(encoding="utf-8")
    _, test = re.findall(r"^    (python3 -m venv .*)$", readme, re.MULTILINE)
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert commands[-1] == test


def test_run_time_dependencies(metadata: dict[str, Any]) -> None:
    """These three and no others; the rest are extras."""
    expected = ["requests>=2.32.2", "urllib3>=2", "pyserial>=3.5"]
    assert metadata["dependencies"] == expected


def test_the_licence(metadata: dict[str, Any]) -> None:
    """It is an SPDX expression, and no classifier says it again (PEP 639)."""
    assert metadata["license"] == "MIT"
    assert not [one for one in metadata["classifiers"] if one.startswith("License")]


def test_links(metadata: dict[str, Any]) -> None:
    """Four, and those into the repository lead to what is there."""
    links = metadata["urls"]
    assert links.keys() == {"Documentation", "Source", "Issues", "Changelog"}
    for url in links.values():
        assert url.startswith(links["Source"])
        inside = re.fullmatch(r".*/(?:tree|blob)/main/(.+)", url)
        assert inside is None or (ROOT / inside[1]).exists()


def test_every_subpackage_is_a_package() -> None:
    """A folder without an ``__init__`` would be left out of the wheel."""
    modules = (ROOT / "requests_bg96").rglob("*.py")
    folders = {module.parent for module in modules}
    assert [str(path) for path in folders if not (path / "__init__.py").exists()] == []


@pytest.mark.parametrize("missing", ["click", "platformdirs", "rich"])
def test_the_command_without_its_extra(missing: str) -> None:
    """Says what is missing and how to get it, without a traceback."""
    program = (
        f"import runpy, sys; sys.modules[{missing!r}] = None;"
        "runpy.run_module('requests_bg96', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"requests-bg96: the command line needs {missing}, which is not installed.\n"
        'Install it with: pip install "requests-bg96[cli]"\n'
    )


def test_the_library_without_the_extra() -> None:
    """Neither the adapter nor the emulator needs what the command line needs."""
    program = (
        "import sys; sys.modules['click'] = sys.modules['rich'] = None;"
        "sys.modules['platformdirs'] = None;"
        "import requests_bg96, requests_bg96.emulator"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_urllib3_without_http_client_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """urllib3-future has the name of urllib3, but no connections of that kind."""

    class HTTPConnection:
        """A connection that http.client knows nothing of."""

    monkeypatch.setattr(urllib3.connection, "HTTPConnection", HTTPConnection)
    with pytest.raises(ImportError, match="urllib3-future.*URLLIB3_NO_OVERRIDE=1"):
        BG96Adapter("emulator://")


def test_a_recorder_in_place_of_http_client_is_not_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """vcrpy is one; urllib3 itself is unchanged."""

    class Recorder:
        """A connection that is not made."""

    monkeypatch.setattr(http.client, "HTTPConnection", Recorder)
    BG96Adapter("emulator://").close()
