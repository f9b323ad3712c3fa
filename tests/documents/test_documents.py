"""The files, names and commands on the pages exist, and the layers hold."""

from __future__ import annotations

import ast
import collections
import configparser
import functools
import importlib.util
import pathlib
import re
from collections.abc import Iterable, Iterator

import pytest
from docutils import nodes

from benchmarks import house
from tests.documents.pages import PAGES, ROOT, page

PACKAGE = ROOT / "requests_bg96"
#: That page names the files of requests' own suite.
OURS = [path for path in PAGES if path.name != "conformance.rst"]
PATH = re.compile(r"(?:(?:requests_bg96|tests|docs|benchmarks|\.ci)/\S*|\w+\.rst)$")
PARAMETER = re.compile(r"^ *:param (\w+):", re.MULTILINE)


def literals(node: nodes.Node) -> Iterator[str]:
    """The texts in double backquotes."""
    for literal in node.findall(nodes.literal):
        yield literal.astext().replace("\n", " ")


@functools.cache
def syntax(path: pathlib.Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def defined(body: list[ast.stmt], before: str = "") -> Iterator[str]:
    """The names defined at the top of a module or class, with dots."""
    for node in body:
        match node:
            case ast.ClassDef():
                yield before + node.name
                yield from defined(node.body, f"{before}{node.name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield before + node.name
            case ast.AnnAssign(target=ast.Name(name)):
                yield before + name
            case ast.Assign():
                names = (one for one in node.targets if isinstance(one, ast.Name))
                yield from (before + name.id for name in names)


def missing(text: str) -> str | None:
    """Return `text` if its path or name does not exist."""
    path, _, name = text.partition("::")
    if not (ROOT / path).exists():
        return path
    # Brackets have the variant of a test, which test_manual_coverage checks.
    name = name.partition("[")[0]
    there = not name or name in defined(syntax(ROOT / path).body)
    return None if there else text


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.name))
def test_paths_that_are_named_are_there(path: pathlib.Path) -> None:
    named = [text for text in literals(page(path)) if PATH.match(text)]
    assert [text for text in named if missing(text)] == []


def test_what_is_missing_is_noticed() -> None:
    """A missing file, a missing name, and neither."""
    assert missing("requests_bg96/gone.py") == "requests_bg96/gone.py"
    assert (
        missing("tests/documents/test_documents.py::gone")
        == "tests/documents/test_documents.py::gone"
    )
    assert missing("tests/documents/test_documents.py::PACKAGE") is None
    assert missing("requests_bg96/at/link.py::Link.run") is None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.name))
def test_commands_that_are_named_are_there(path: pathlib.Path) -> None:
    """``python -m`` with our modules, and ``tox -e`` with environments."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    known = {*re.split(r"[,\s]+", tox["tox"]["env_list"])}
    known |= {name.removeprefix("testenv:") for name in tox.sections()}
    text = "\n".join(literals(page(path)))
    assert {*re.findall(r"\btox -e (\w+)", text)} <= known
    for module in re.findall(
        r"\bpython -m ((?:requests_bg96|tests|bench)[\w.]*)", text
    ):
        assert importlib.util.find_spec(module), module


def test_contributing_is_checked() -> None:
    """It has what the tests above look for."""
    texts = list(literals(page(ROOT / "CONTRIBUTING.rst")))
    assert len([text for text in texts if "::" in text]) > 20
    assert len([text for text in texts if text.startswith("tox -e")]) > 8


def test_the_readme_links_to_the_pages() -> None:
    links = page(ROOT / "README.rst").findall(nodes.reference)
    ends = {link["refuri"].rpartition("/")[2] for link in links if "refuri" in link}
    assert {"CONTRIBUTING.rst", "SECURITY.rst", "glossary.rst"} <= ends


def files(text: str) -> Iterator[pathlib.Path]:
    """The modules of one entry of the layers."""
    path = ROOT / text
    yield from path.rglob("*.py") if path.is_dir() else (path,)


@functools.cache
def layers() -> dict[pathlib.Path, int]:
    """The row of each module, from the top."""
    (table,) = (
        one
        for one in page(ROOT / "CONTRIBUTING.rst").findall(nodes.table)
        if one.next_node(nodes.title)
    )
    (body,) = table.findall(nodes.tbody)
    entries = [
        (path, number)
        for number, row in enumerate(body.findall(nodes.row))
        for text in literals(row)
        for path in files(text)
    ]
    assert len(entries) == len(dict(entries)), "a module stands in two rows"
    return dict(entries)


def module_file(parts: tuple[str, ...]) -> pathlib.Path | None:
    """The file of a module of ours, or None."""
    path = ROOT.joinpath(*parts)
    found = (path.with_suffix(".py"), path / "__init__.py")
    return next((one for one in found if one.is_file()), None)


def imported_names(path: pathlib.Path) -> Iterator[tuple[str, ...]]:
    """The names that `path` imports, also inside functions and for types."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (tuple(name.name.split(".")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*base, name.name) for name in node.names)


def imported(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """The files of the package that `path` imports."""
    for parts in imported_names(path):
        if parts[0] == PACKAGE.name:
            found = module_file(parts) or module_file(parts[:-1])
            assert found, f"{path} imports {'.'.join(parts)}"
            yield found


def test_every_module_has_its_layer() -> None:
    client = {*PACKAGE.rglob("*.py")} - {*(PACKAGE / "emulator").rglob("*.py")}
    assert {*layers()} == client


def test_imports_go_down() -> None:
    """No module imports from a row above its own."""
    upward = [
        f"{path.relative_to(ROOT)} imports {one.relative_to(ROOT)}"
        for path, row in layers().items()
        for one in imported(path)
        if one in layers() and layers()[one] < row
    ]
    assert upward == []


#: The most modules below the first one of a chain. The commands leave room for
#: `cli.main`, which imports each of them when it is wanted.
LONGEST = {"client": 9, "core": 9, "emulator": 10}


@pytest.mark.parametrize("part", house.parts())
def test_no_chain_of_imports_is_long(part: str) -> None:
    """A module has at most ten modules below it."""
    chain = house.longest_chain(house.parts()[part])
    assert len(chain) - 1 <= LONGEST[part], [one.name for one in chain]


def test_no_chain_of_the_core_is_long_with_types() -> None:
    """That holds for the core also if imports for types alone count."""

    @functools.cache
    def below(path: pathlib.Path) -> int:
        used = {one for one in imported(path) if one in layers()} - {path}
        return max((below(one) + 1 for one in used), default=0)

    command_line = {path for path, row in layers().items() if row == 0}
    assert max(below(path) for path in {*layers()} - command_line) <= 10


#: The client and the emulator share these modules.
SHARED = {PACKAGE / "clock.py"}
EMULATOR = {*(PACKAGE / "emulator").rglob("*.py")}


def test_the_emulator_stands_apart() -> None:
    """It imports nothing of the client, and only the command line imports it."""
    for path in EMULATOR:
        assert {*imported(path)} <= EMULATOR | SHARED, path
    users = {path for path in layers() if EMULATOR & {*imported(path)}}
    assert users and {layers()[path] for path in users} == {0}


def test_what_is_shared_belongs_to_neither() -> None:
    """They import nothing of the package, and both sides use them."""
    for path in SHARED:
        assert not {*imported(path)}
        users = {one for one in PACKAGE.rglob("*.py") if path in {*imported(one)}}
        assert users & EMULATOR and users - EMULATOR


def class_names(paths: Iterable[pathlib.Path]) -> set[str]:
    """The names of all classes in some modules."""
    nodes_of_all = (node for path in paths for node in ast.walk(syntax(path)))
    return {node.name for node in nodes_of_all if isinstance(node, ast.ClassDef)}


def test_no_class_of_the_emulator_has_a_name_of_the_client() -> None:
    """Two things have two names."""
    client, emulator = class_names(layers()), class_names(EMULATOR)
    assert {"BG96Modem", "Clock"} <= client and {"Emulator", "Switches"} <= emulator
    assert client & emulator == set()


def test_no_two_classes_of_the_client_have_one_name() -> None:
    """Only the protocols of `transport.seams` have the names of what follows them."""
    paths = {*layers()} - {PACKAGE / "transport" / "seams.py"}
    found = collections.Counter(
        name
        for path in paths
        for name in class_names([path])
        if not name.startswith("_")
    )
    assert [name for name, count in found.items() if count > 1] == []


# The tests


def test_no_test_module_is_imported() -> None:
    """Shared code is in modules without tests: pytest runs imported tests twice."""
    paths = [
        one for name in ("benchmarks", "tests") for one in (ROOT / name).rglob("*.py")
    ]
    taken = [
        f"{path.relative_to(ROOT)} imports {'.'.join(parts)}"
        for path in paths
        for parts in imported_names(path)
        if parts[0] == "tests" and any(one.startswith("test_") for one in parts[1:])
    ]
    assert taken == []
    assert len(paths) > 100


def test_each_kind_of_test_has_its_home() -> None:
    """CONTRIBUTING.rst names each folder with code. No test is outside them."""
    page_of_homes = page(ROOT / "CONTRIBUTING.rst")
    named = {
        text for text in literals(page_of_homes) if re.fullmatch(r"tests/\w+/", text)
    }
    homes = {
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for path in (ROOT / "tests").rglob("*.py")
    }
    assert homes - {"tests/"} <= named
    assert [*(ROOT / "tests").glob("test_*.py")] == []


def test_each_environment_of_tox_is_named() -> None:
    """CONTRIBUTING.rst says what each one is for."""
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    there = {name for name in tox.sections() if name.startswith("testenv:")}
    texts = list(literals(page(ROOT / "CONTRIBUTING.rst")))
    assert {name.replace("testenv:", "tox -e ") for name in there} <= {*texts}


def parameters(node: ast.AST) -> set[str]:
    """The names that ``:param:`` may have in a function or class."""
    if isinstance(node, ast.ClassDef):
        fields = {name for name in defined(node.body) if "." not in name}
        made = [one for one in node.body if getattr(one, "name", "") == "__init__"]
        return fields.union(*map(parameters, made))
    return {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}


def test_documented_parameters_are_there() -> None:
    """A parameter that was renamed or removed is not documented."""
    documented, wrong = 0, []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(syntax(path)):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                names = {*PARAMETER.findall(ast.get_docstring(node) or "")}
                documented += len(names)
                wrong += [f"{path}: {one}" for one in names - parameters(node)]
    assert wrong == []
    assert documented > 200
