"""Make the mutants of a module, with mutmut's operators and ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from tests.mutants.equivalents import Place

#: Docstrings, and texts for people.
_TEXTS = (cst.BaseString, cst.FormattedString, cst.ConcatenatedString)
_CODED = m.Call(func=m.Attribute(attr=m.Name("encode") | m.Name("decode")))
#: What only tools read, and members of an enum that are only compared.
_ASSIGNED = m.Assign(targets=[m.AssignTarget(m.Name("__all__"))]) | m.Assign(
    value=m.Call(func=m.Name("TypeVar") | m.Attribute(attr=m.Name("auto")))
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A module with one change.

    :param line: the line where the change begins, from 1.
    :param place: the function or class, and the change.
    :param code: the whole text of the module.
    """

    line: int
    place: Place
    code: str


def _drop_element(node: Any) -> Iterator[Any]:
    """Remove one entry of a table."""
    if len(node.elements) > 1:
        for place in range(len(node.elements)):
            left = [*node.elements[:place], *node.elements[place + 1 :]]
            yield node.with_changes(elements=left)


def _drop_statement(node: Any) -> Iterator[Any]:
    """Remove a call whose value is not used, or a `del`."""
    if isinstance(node, cst.Del) or isinstance(node.value, cst.Call):
        yield cst.Pass()


def _negate(node: Any) -> Iterator[Any]:
    """Take the other branch."""
    if isinstance(node.test, (cst.Name, cst.Attribute, cst.Call, cst.BooleanOperation)):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _return_none(node: Any) -> Iterator[Any]:
    """Return None."""
    if node.value is not None and not isinstance(node.value, (cst.Name, *_TEXTS)):
        yield node.with_changes(value=cst.Name("None"))


_OPERATORS: list[tuple[Any, Callable[..., Iterable[Any]]]] = [
    *mutation_operators,
    ((cst.Dict, cst.Set, cst.Tuple, cst.List), _drop_element),
    ((cst.Expr, cst.Del), _drop_statement),
    ((cst.If, cst.While), _negate),
    (cst.Return, _return_none),
]


def _skipped(node: Any, parent: Any) -> bool:
    """Return whether `node` and its parts are not changed."""
    if isinstance(node, (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)):
        return True
    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        # These tests do not check the words of texts for people.
        value = node.evaluated_value  # a str, bytes, or None for an f-string
        return isinstance(value, str) and value.count(" ") >= 2
    if isinstance(node, cst.Call):
        text = len(node.args) == 1 and isinstance(node.args[0].value, _TEXTS)
        return isinstance(parent, cst.Raise) and text
    if isinstance(node, cst.Arg):
        # The name of an encoding has no case.
        return bool(m.matches(parent, _CODED))
    if isinstance(node, cst.Assign):
        return bool(m.matches(node, _ASSIGNED))
    if isinstance(node, cst.Expr):
        return isinstance(node.value, _TEXTS)
    return False


def _is_as_false(node: Any, changed: Any) -> bool:
    """Return whether a change sets something to None in place of False."""
    if isinstance(node, cst.Call) and isinstance(changed, cst.Call):
        return any(map(_is_as_false, node.args, changed.args))
    if not isinstance(node, (cst.Assign, cst.AnnAssign, cst.Arg)):
        return False
    values = [getattr(one.value, "value", None) for one in (node, changed)]
    return values == ["False", "None"]


def _nodes(node: Any, scope: str = "") -> Iterator[tuple[str, Any]]:
    """All nodes that may be changed, each with its function or class."""
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        scope = f"{scope}.{node.name.value}".lstrip(".")
    yield scope, node
    for child in node.children:
        if not _skipped(child, node):
            yield from _nodes(child, scope)


def mutants(text: str, scope: str = "") -> Iterator[Mutant]:
    """Make the mutants of a module.

    :param text: the text of the module.
    :param scope: the dotted name of a function or class, to change only that.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    module, positions = wrapper.module, wrapper.resolve(PositionProvider)
    seen = {text}
    for where, node in _nodes(module):
        if not f"{where}.".startswith(f"{scope}." if scope else ""):
            continue
        for wanted, operator in _OPERATORS:
            if not isinstance(node, wanted):
                continue
            for changed in operator(node):
                code = module.deep_replace(node, changed).code
                known = code in seen or _is_as_false(node, changed)
                if not known and _compiles(code):
                    seen.add(code)
                    line = positions[node].start.line
                    yield Mutant(line, Place(where, *_difference(text, code)), code)


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _difference(text: str, code: str) -> tuple[str, str]:
    """Return the lines that differ, before and after, each on one line."""
    before, after = text.splitlines(), code.splitlines()
    for end in (0, -1):
        while before and after and before[end] == after[end]:
            del before[end], after[end]
    shown = [" ".join(" ".join(lines).split()) for lines in (before, after)]
    return shown[0], shown[1]
