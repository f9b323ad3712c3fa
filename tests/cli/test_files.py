"""`requests-bg96 files`: list, fetch, store and delete files in the module."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from requests_bg96 import BG96Modem
from requests_bg96.cli.main import main
from requests_bg96.emulator import Emulator

#: Bytes that each text mode changes.
DATA = bytes(range(256)) * 9


@pytest.fixture
def module() -> Iterator[Emulator]:
    """A module with a file of somebody else, and two of ours."""
    with Emulator() as emulator:
        with BG96Modem(emulator.url) as modem:
            modem.files.upload("data.bin", DATA)
            modem.files.upload("0123abcd.ca", b"certificate")
            modem.files.upload("0123abcd.key", b"a key")
        yield emulator


def files(module: Emulator, *words: str, typed: bytes | None = None) -> Result:
    """Run the command."""
    arguments = ["files", *words, "--port", module.url]
    return CliRunner().invoke(main, arguments, input=typed)


def names(module: Emulator) -> list[str]:
    """The names of all files in it."""
    return sorted(module.module.files.names())


def test_list(module: Emulator) -> None:
    result = files(module, "list")
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "0123abcd.ca   11    requests-bg96\n"
        "0123abcd.key  5     requests-bg96\n"
        "data.bin      2304\n"
        "2320 bytes in 3 files; "
    )
    found = json.loads(files(module, "list", "--json").stdout)
    assert {"name": "data.bin", "bytes": 2304, "own": False} in found["files"]
    assert sum(one["own"] for one in found["files"]) == 2 and found["free_bytes"] > 0


def test_list_without_files() -> None:
    with Emulator() as emulator:
        assert files(emulator, "list").stdout.startswith("0 bytes in 0 files; ")


def test_get(
    module: Emulator, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes to its own name, to another file, or to standard output."""
    monkeypatch.chdir(tmp_path)
    assert files(module, "get", "data.bin").exit_code == 0
    assert files(module, "get", "data.bin", "-o", "copy").exit_code == 0
    assert files(module, "get", "data.bin", "-o", "-").stdout_bytes == DATA
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert (tmp_path / "copy").read_bytes() == DATA


def test_a_name_that_leads_elsewhere(
    module: Emulator, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written into this directory, whatever its name in the module."""
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    with BG96Modem(module.url) as modem:
        modem.files.upload("../up", b"x")
    assert files(module, "get", "../up").exit_code == 0
    assert [path.name for path in place.iterdir()] == ["up"]


def test_put(module: Emulator, tmp_path: pathlib.Path) -> None:
    """It replaces a file with the same name."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"new")
    assert files(module, "put", str(path)).exit_code == 0
    assert files(module, "put", str(path), "--as", "other").exit_code == 0
    assert files(module, "put", "-", "--as", "in", typed=DATA).exit_code == 0
    store = module.module.files
    assert [bytes(store.content(name)) for name in ("data.bin", "other", "in")] == [
        *[b"new", b"new", DATA]
    ]


def test_put_what_is_no_file(module: Emulator, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert files(module, "put", str(path)).exit_code == 2
    assert files(module, "put", str(tmp_path / "none")).exit_code == 2
    assert "--as" in files(module, "put", "-", typed=b"x").output


@pytest.mark.parametrize("words", [["get", "none"], ["delete", "data.bin", "none"]])
def test_a_file_that_is_not_there(module: Emulator, words: list[str]) -> None:
    result = files(module, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: the module has no file none\nHint: ")
    assert ("data.bin" in names(module)) is (words[0] == "get")


@pytest.mark.parametrize("name", ["*", ""])
def test_delete_refuses_all(module: Emulator, name: str) -> None:
    assert files(module, "delete", name).exit_code == 2
    assert len(names(module)) == 3


def test_clean(module: Emulator) -> None:
    """Files of somebody else stay."""
    result = files(module, "clean")
    assert "deleted 0123abcd.key, 5 bytes\n" in result.stdout
    assert names(module) == ["data.bin"]
    assert files(module, "clean").stdout == "no file to delete\n"
    assert json.loads(files(module, "clean", "--json").stdout) == {}
