"""The page on the command line names what is there, and all of it."""

from __future__ import annotations

import shlex

import click
import pytest
from docutils import nodes

from requests_bg96.cli.failures import STATUSES
from tests.cli.commands import COMMANDS
from tests.documents import pages

PROGRAM = "requests-bg96"
#: What the table leaves out: they are named elsewhere or belong to probe.
UNNAMED = {"probe-server", "completion"}


@pytest.fixture(scope="module")
def page() -> nodes.document:
    """The page."""
    return pages.page(pages.DOCS / "command-line.rst")


def command_lines(page: nodes.document) -> list[list[str]]:
    """The command lines in the page, without the name of the program."""
    texts = [one.astext() for one in page.findall(nodes.literal)]
    for block in page.findall(nodes.literal_block):
        texts += block.astext().splitlines()
    words = [shlex.split(text.replace("\n", " ")) for text in texts if PROGRAM in text]
    return [line[1:] for line in words if line[0] == PROGRAM and len(line) > 1]


def test_commands_and_options(page: nodes.document) -> None:
    """Each one is understood; nothing is run."""
    lines = command_lines(page)
    assert len(lines) > 12
    for name, *words in lines:
        command = COMMANDS[name]
        command.make_parser(click.Context(command)).parse_args(args=words)


def test_every_command_is_named(page: nodes.document) -> None:
    named = {one.astext() for one in page.findall(nodes.literal)}
    assert {*COMMANDS} - UNNAMED <= named


def test_exit_statuses(page: nodes.document) -> None:
    """The table has each one, and no other."""
    tables = page.findall(nodes.table)
    (table,) = (one for one in tables if "Exit statuses" in one.astext())
    (body,) = table.findall(nodes.tbody)
    rows = [
        [entry.astext() for entry in row.findall(nodes.entry)]
        for row in body.findall(nodes.row)
    ]
    assert [int(status) for status, _ in rows] == [*STATUSES]
