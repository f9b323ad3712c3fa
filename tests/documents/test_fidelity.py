"""``docs/fidelity.rst`` has the source of each fact, and all switches."""

from __future__ import annotations

import dataclasses
import functools
import re

import pytest
from docutils import nodes

from requests_bg96.cli.probe.agenda import HTTPS, NEVER, PLAIN, RESET, SERVER
from requests_bg96.emulator import Switches
from requests_bg96.emulator.switches import allowed_values
from tests.documents import pages
from tests.documents.pages import ROOT

#: The form of the numbers of transcripts.
NUMBERS = re.compile(r"\d\d(?:, \d\d)*\b")
BASES = {"manual", "transcript", "driver", "standard", "inference"}
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Switches)}


@functools.cache
def table(title: str) -> list[list[nodes.entry]]:
    """The rows of the table in a section."""
    tree = pages.page(pages.DOCS / "fidelity.rst")
    (section,) = (
        one
        for one in tree.findall(nodes.section)
        if one.next_node(nodes.title).astext() == title  # type: ignore[union-attr]
    )
    return [
        list(row.findall(nodes.entry))
        for body in section.findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]


def literals(entry: nodes.entry) -> list[str]:
    """The texts in double backquotes."""
    return [literal.astext() for literal in entry.findall(nodes.literal)]


def test_every_fact_has_its_source() -> None:
    """The source has one of the kinds that the page explains."""
    facts = table("What it rests on")
    assert len(facts) > 40
    for fact, basis, source in facts:
        assert basis.astext() in BASES, fact.astext()
        assert len(source.astext()) > 1, fact.astext()
    assert {basis.astext() for _, basis, _ in facts} == BASES


def test_transcripts_that_are_named_are_there() -> None:
    """A fact from a transcript has its number. Each transcript has facts."""
    sources = [
        source.astext()
        for _, basis, source in table("What it rests on")
        if basis.astext() == "transcript"
    ]
    numbers = [found[0] for found in map(NUMBERS.match, sources) if found]
    assert [one for one in sources if not NUMBERS.match(one)] == []
    named = {number for one in numbers for number in one.split(", ")}
    folder = ROOT / "tests" / "transcripts"
    paths = [*folder.glob("[0-9]*.txt"), *folder.glob("sockets/*.txt")]
    assert named == {path.name[:2] for path in paths}


def test_every_switch_has_its_row() -> None:
    """Each switch has one row, and there are no others."""
    rows = [literals(row[0]) for row in table("What only hardware can settle")]
    assert sorted(name for row in rows for name in row) == sorted(allowed_values())


@pytest.mark.parametrize("name", sorted(allowed_values()))
def test_the_row_of_a_switch(name: str) -> None:
    """It has all values, the default first, and what the probe needs for it."""
    (row,) = (
        row
        for row in table("What only hardware can settle")
        if literals(row[0]) == [name]
    )
    values = [str(value) for value in allowed_values()[name]]
    assert sorted(literals(row[1])) == sorted(values)
    assert literals(row[1])[0] == str(DEFAULTS[name])
    kinds = {"module": PLAIN, "server": SERVER, "https": HTTPS}
    assert name in {**kinds, "reset": RESET, "never": NEVER}[row[2].astext()]
