"""The table of mutants: what it names exists. `tests.mutants` itself needs mutmut."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.equivalents import EQUIVALENTS, equivalents
from tests.mutants.table import ROOT, table


def names(node: ast.AST, path: str = "") -> set[str]:
    """The dotted names of all functions and classes in `node`."""
    found = {path} if path else set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            found |= names(child, f"{path}.{child.name}".lstrip("."))
    return found


@pytest.mark.parametrize("row", table())
def test_rows(row: str) -> None:
    """A module or a part of it, and files with tests."""
    module, _, part = row.partition("::")
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    assert part in {"", *names(tree)}
    assert table()[row]
    for test in table()[row]:
        file = test.removeprefix("--deselect=").partition("::")[0]
        assert (ROOT / file).is_file()


@pytest.mark.parametrize("module", EQUIVALENTS)
def test_equivalents(module: str) -> None:
    """Each is a change of lines that the module still has, and is listed once."""
    assert module in {row.partition("::")[0] for row in table()}
    text = (ROOT / module).read_text(encoding="utf-8")
    places = list(equivalents(module))
    assert len({*places}) == len(places)
    for place in places:
        assert place.scope in {"", *names(ast.parse(text))}
        assert place.before in " ".join(text.split())
