"""The times, and the rules of repetition: used, in order, and documented."""

from __future__ import annotations

import ast
import itertools
import pathlib

import pytest
from docutils import nodes

import requests_bg96
from requests_bg96.base import repeating, times
from requests_bg96.base.repeating import RULES, Rule
from tests.documents import pages

PACKAGE = pathlib.Path(requests_bg96.__file__).parent


def used(module: str) -> set[str]:
    """The names of `module` that the package uses."""
    return {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    }


# Times

TIMES = {
    name: value
    for name, value in vars(times).items()
    if name.isupper() and name != "ORDER"
}


@pytest.mark.parametrize("row", times.ORDER, ids=lambda row: row[0])
def test_each_time_is_shorter_than_the_next(row: tuple[str, ...]) -> None:
    """Each of them exists."""
    assert {*row} <= {*TIMES}
    for one, other in itertools.pairwise(row):
        assert TIMES[one] < TIMES[other], (one, other)


def test_the_times_are_used() -> None:
    """Except the module's own times in the manual, with which others are compared."""
    facts = {name for name in TIMES if name.startswith("MODULE_")}
    compared = {*itertools.chain(*times.ORDER)}
    assert {*TIMES} - used("times") <= facts & compared


# Rules


def names() -> dict[str, Rule]:
    """The rules by name."""
    return {
        name: value
        for name, value in vars(repeating).items()
        if isinstance(value, Rule)
    }


def test_the_rules_are_used() -> None:
    """Code that repeats uses each of them, and the list is complete."""
    assert {*names()} <= used("repeating")
    assert {*names().values()} == {*RULES}
    assert len(RULES) == len({*RULES})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.action)
def test_each_rule_has_an_end(rule: Rule) -> None:
    """After a number of attempts, or after a time."""
    assert rule.attempts is None or rule.attempts >= 1
    if rule.attempts is None:
        with pytest.raises(ValueError, match="no number"):
            _ = rule.times
    else:
        assert [*rule.times] == [*range(rule.attempts)]


def documented(rule: Rule) -> list[str]:
    """A rule as on the page."""
    pauses = ", ".join(f"{pause:g}" for pause in rule.pauses) + " s"
    forever = "" if rule.attempts else "the timeout"
    return [
        rule.finding.replace("``", ""),
        rule.action.replace("``", ""),
        str(rule.attempts or ""),
        pauses if rule.pauses else f"{rule.pause:g} s" if rule.pause else "",
        forever if rule.seconds is None else f"{rule.seconds:g} s",
    ]


def test_the_rules_are_documented() -> None:
    """docs/robustness.rst has them, in this order."""
    page = pages.page(pages.DOCS / "robustness.rst")
    (section,) = (
        one for one in page.findall(nodes.section) if "what-is-repeated" in one["ids"]
    )
    (body,) = section.findall(nodes.tbody)
    rows = [
        [entry.astext().replace("\n", " ") for entry in row.findall(nodes.entry)]
        for row in body.findall(nodes.row)
    ]
    assert rows == [documented(rule) for rule in RULES]
