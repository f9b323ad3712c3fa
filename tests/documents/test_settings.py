"""One list has the settings. Signatures, docstrings, page and options follow it."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
from typing import Any

import click
import pytest
from docutils import nodes

from requests_bg96 import BG96Adapter, BG96Modem
from requests_bg96.cli.options import FUNCTIONS, meanings
from requests_bg96.settings import Settings
from tests.cli.commands import COMMANDS
from tests.documents import pages

FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
BOTH = [BG96Adapter, BG96Modem]
#: A value of each setting that is not its default.
OTHER: dict[str, Any] = {
    "apn": "iot.example",
    "username": "user",
    "password": "word",
    "auth": 2,
    "pin": "1234",
    "context_id": 3,
    "ssl_context_id": 2,
    "baudrate": 9600,
    "rtscts": True,
    "dtr": True,
    "verify_echo": True,
    "allow_reset": True,
    "sslversion": 4,
    "ciphersuite": "0XC02F",
    "set_clock": False,
    "allow_unchecked_host": True,
    "backoff_file": "pauses.json",
    "wake": print,
}


def settings_of(made: BG96Adapter | BG96Modem) -> Settings:
    """The settings of a modem, or of an adapter's modem."""
    return (made.modem if isinstance(made, BG96Adapter) else made).settings


def named(kind: type[Any]) -> dict[str, inspect.Parameter]:
    """The parameters that a class takes only by name."""
    parameters = inspect.signature(kind).parameters
    return {
        name: one for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY
    }


@pytest.mark.parametrize("kind", BOTH)
def test_signatures(kind: type[Any]) -> None:
    """Each setting has its name, type and default, and there are no others."""
    found = named(kind)
    assert len(inspect.signature(kind).parameters) == len(found) + 1
    wanted = {name: (one.type, one.default) for name, one in FIELDS.items()}
    assert wanted == {
        name: (one.annotation, one.default)
        for name, one in found.items()
        if name in FIELDS
    }


@pytest.mark.parametrize("kind", BOTH)
def test_docstrings(kind: type[Any]) -> None:
    """Each parameter is documented; a setting has the words of the list."""
    found = meanings(kind)
    assert [*found] == [*inspect.signature(kind).parameters]
    wanted = meanings(Settings)
    assert [*wanted] == [*FIELDS]
    assert {name: found[name] for name in wanted} == wanted


def test_the_page() -> None:
    """Its table has each argument of the adapter, with its default."""
    page = pages.page(pages.DOCS / "settings.rst")
    (table,) = (
        one for one in page.findall(nodes.table) if "allow_reset" in one.astext()
    )
    rows = [
        [entry.astext() for entry in row.findall(nodes.entry)]
        for body in table.findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]
    found = {name: ast.literal_eval(default) for name, default, _ in rows}
    assert found == {name: one.default for name, one in named(BG96Adapter).items()}
    modem = [*named(BG96Modem)]
    assert [*found][: len(modem)] == modem
    assert all(meaning for _, _, meaning in rows)


def test_the_command_line() -> None:
    """The doctor has an option for each setting, and passes each one."""
    doctor = COMMANDS["doctor"]
    options = {one.name: one for one in doctor.params if one.name in FIELDS}
    given_by_text = [name for name in FIELDS if name not in FUNCTIONS]
    assert [*options] == given_by_text
    arguments: list[str] = []
    other = {name: OTHER[name] for name in given_by_text}
    for name, value in other.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            arguments.append(flag if value else f"--no-{flag[2:]}")
        else:
            arguments += [flag, str(value)]
    for given, wanted in (([], Settings()), (arguments, Settings(**other))):
        parsed = doctor.make_context("doctor", given).params
        assert Settings(**{name: parsed[name] for name in options}) == wanted
    for name, option in options.items():
        meaning = meanings(Settings)[name]
        assert isinstance(option, click.Option) and option.help
        assert option.help.lower() == meaning.replace("``", "").lower()


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("name", FIELDS)
def test_each_setting_arrives(kind: Any, name: str) -> None:
    """It is set in the modem, and no other setting changes."""
    made = kind("loop://", **{name: OTHER[name]})
    assert settings_of(made).differing(Settings()) == [name]
    assert settings_of(made) == Settings(**{name: OTHER[name]})


@pytest.mark.parametrize("name", FIELDS)
def test_a_modem_has_its_own(name: str) -> None:
    """Arguments beside a modem would have no effect, nor would default values."""
    modem = BG96Modem("loop://")
    for value in (OTHER[name], getattr(Settings(), name)):
        with pytest.raises(TypeError, match=f"{name}: pass these to the BG96Modem"):
            BG96Adapter(modem, **{name: value})
        with pytest.raises(TypeError, match=f"{name}: pass these to the BG96Modem"):
            BG96Adapter(port_or_modem=modem, **{name: value})


def test_a_modem_has_its_own_clock() -> None:
    with pytest.raises(TypeError, match="clock: pass these to the BG96Modem"):
        BG96Adapter(BG96Modem("loop://"), clock=None)


def test_wrong_names() -> None:
    """The error names the class that was called; mypy refuses them, too."""
    with pytest.raises(TypeError, match=r"^BG96Adapter\.__init__\(\) .* 'apm'"):
        BG96Adapter(apm="iot.example")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^BG96Modem\.__init__\(\) .* 'timeout'"):
        BG96Modem(timeout=(1, 2))  # type: ignore[call-arg]
    # Only mypy refuses a wrong type.
    BG96Adapter("loop://", rtscts="yes")  # type: ignore[arg-type]
    BG96Modem("loop://", dtr="no")  # type: ignore[arg-type]


class Passing(BG96Adapter):
    """A subclass with an argument of its own, which passes the others."""

    __attrs__ = [*BG96Adapter.__attrs__, "label"]

    def __init__(self, *args: Any, label: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label = label


def test_subclasses_and_copies() -> None:
    """They have the settings of the original."""
    made = Passing("loop://", label="north", timeout=(1, 2), **OTHER)
    for one in (made, pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert isinstance(one, Passing) and one.label == "north"
        assert one.modem.settings == Settings(**OTHER) and one.timeout == (1, 2)
    with pytest.raises(TypeError, match=r"BG96Adapter\.__init__\(\) .* 'apm'"):
        Passing(apm="iot.example")
