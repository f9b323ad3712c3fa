"""Settings come from an option, the environment, a file, or are the default."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import click
import platformdirs
import pytest
from click.testing import CliRunner, Result

from requests_bg96.cli.main import main
from requests_bg96.cli.options import FUNCTIONS
from requests_bg96.emulator import Emulator
from requests_bg96.settings import Settings
from tests.cli.commands import COMMANDS


@pytest.fixture
def path(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The configuration file, which is there."""
    found = tmp_path / "config.toml"
    found.write_text("")
    found.chmod(0o600)
    monkeypatch.setenv("BG96_CONFIG", str(found))
    return found


def invoke(*words: str, **environment: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, words, env=environment)


def holding(*words: str, **environment: str) -> dict[str, tuple[Any, str]]:
    """Return which settings hold, and where each comes from."""
    result = invoke("config", "--json", *words, **environment)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["settings"]
    return {name: (one["value"], one["source"]) for name, one in found.items()}


def test_the_order(path: pathlib.Path) -> None:
    """An option is first, then the environment, then the file."""
    assert holding()["apn"] == (None, "default")
    path.write_text('apn = "file"\nauth = 1\nset_clock = false\n')
    found = holding()
    assert found["apn"] == ("file", "file") and found["auth"] == (1, "file")
    assert found["set_clock"] == (False, "file")
    assert holding(BG96_APN="variable")["apn"] == ("variable", "environment")
    found = holding("--apn", "option", "--set-clock", BG96_APN="variable")
    assert found["apn"] == ("option", "option")
    assert found["set_clock"] == (True, "option")


def test_all_settings(path: pathlib.Path) -> None:
    """Each setting of the module is shown, and those of the adapter."""
    assert {*Settings.__dataclass_fields__} - {*FUNCTIONS} < {*holding()}
    assert {"port", "via", "connect_timeout", "read_timeout"} < {*holding()}


def settable(command: click.Command) -> Iterator[str]:
    """Yield what the environment and the file can set, also for subcommands."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.show_envvar:
            yield str(parameter.name)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from settable(one)


def test_no_command_has_a_setting_of_its_own() -> None:
    """A setting has one name in all commands, and one variable."""
    shown = {*settable(COMMANDS["config"])}
    assert {*settable(main)} - shown == {"cert", "key"}


def test_it_holds_for_commands(path: pathlib.Path) -> None:
    """Also for those of a group, and for no option that acts."""
    with Emulator() as emulator:
        path.write_text(f'port = "{emulator.url}"\n')
        assert invoke("info").exit_code == 0
        assert invoke("files", "list").exit_code == 0
        assert invoke("at", "AT").stdout == "OK\n"
    for command in (["info"], ["files", "list"], ["get", "server.example"]):
        result = invoke(*command, BG96_PORT="/dev/none")
        assert result.exit_code == 3 and "/dev/none" in result.stderr


WRONG = [
    ("apm = 'x'", "there is no setting 'apm'; there are allow_reset, allow_unch"),
    ("repair = true", "there is no setting 'repair'"),
    ("insecure = true", "there is no setting 'insecure'"),
    ("pin = 1234", "pin must be a text in quotes"),
    ("auth = true", "auth must be a whole number"),
    ("auth = 1.0", "auth must be a whole number"),
    ("rtscts = 'yes'", "rtscts must be true or false"),
    ("connect_timeout = 'x'", "connect_timeout must be a number"),
    ("via = 1", "via must be a text in quotes"),
    ("apn = ['x']", "apn must be a text in quotes"),
    ("[apn]\nx = 1", "apn must be a text in quotes"),
    ("apn = x", "Invalid value"),
]


@pytest.mark.parametrize("text, error", WRONG)
def test_wrong_files(path: pathlib.Path, text: str, error: str) -> None:
    """Every command says so in one line, and what to do."""
    path.write_text(text)
    result = invoke("ports")
    assert (result.exit_code, result.stdout) == (2, "")
    first, hint = result.stderr.splitlines()
    assert first.startswith(f"Error: {path}: {error}") and hint.startswith("Hint: edit")
    assert invoke("--help").exit_code == 0


def test_bytes_that_are_no_text(path: pathlib.Path) -> None:
    path.write_bytes(b"apn = '\xff'")
    assert invoke("ports").exit_code == 2


@pytest.mark.parametrize("text", ["auth = 9", "via = 'pigeon'", "read_timeout = 0"])
def test_values_out_of_range(path: pathlib.Path, text: str) -> None:
    """They are refused as those of an option are."""
    path.write_text(text)
    assert invoke("get", "server.example", "--port", "loop://").exit_code == 2


def test_a_file_that_is_not_there(
    path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """A file in the usual place is optional; one that is named must be there."""
    path.unlink()
    result = invoke("config")
    assert result.exit_code == 2 and f"names {path}" in result.stderr
    monkeypatch.delenv("BG96_CONFIG")
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path)
    result = invoke("config")
    assert result.exit_code == 0 and "there is no such file" in result.stdout
    path.write_text("apn = 'usual'")
    result = invoke("config")
    assert result.stdout.startswith(f"{path}\n\n") and "usual" in result.stdout


def test_secrets(path: pathlib.Path) -> None:
    """They are not shown; others must not be able to read them."""
    path.write_text("pin = '98765'\npassword = 'sesame'\nusername = 'alice'\n")
    for words in (["config"], ["config", "--json"]):
        result = invoke(*words, BG96_PASSWORD="other")
        assert result.exit_code == 0 and result.stderr == ""
        for secret in ("98765", "sesame", "other", "alice"):
            assert secret not in result.stdout
    assert holding()["pin"] == ("hidden", "file")
    path.chmod(0o644)
    assert "chmod 600" in invoke("config").stderr
    path.write_text("apn = 'x'")
    assert invoke("config").stderr == ""
