"""The tests that may differ: the tables of docs/conformance.rst, and no others.

One place for the reader and for the runner: what is excused is documented by
construction. A row names a test, or a parametrised test with all its variants.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator

from docutils import core, nodes

#: The titles of the sections whose tables are read, and the field of each.
SECTIONS = {
    "No host sockets": "impossible",
    "Several requests on one connection": "keep_alive",
    "By socket": "by_socket",
}


@dataclasses.dataclass(frozen=True)
class Exceptions:
    """Test id to reason, for each kind of exception."""

    impossible: dict[str, str] = dataclasses.field(default_factory=dict)
    keep_alive: dict[str, str] = dataclasses.field(default_factory=dict)
    by_socket: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def of_sockets(self) -> Exceptions:
        """Those of the run by socket, which has no others."""
        return Exceptions(impossible=self.by_socket)

    def excuse(self, test: str) -> str | None:
        """The row that covers a test, if there is one."""
        function = test.partition("[")[0]
        for table in (self.impossible, self.keep_alive):
            for row in (test, function):
                if row in table:
                    return row
        return None

    def rows(self) -> set[str]:
        """Every row of the tables of the module's HTTP client."""
        return {*self.impossible, *self.keep_alive}


def read(path: pathlib.Path) -> Exceptions:
    """Read the tables of the document at ``path``."""
    document = core.publish_doctree(path.read_text(encoding="utf-8"), str(path))
    tables: dict[str, dict[str, str]] = {}
    for section in document.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is not None and title.astext() in SECTIONS:
            tables[SECTIONS[title.astext()]] = dict(_rows(section))
    return Exceptions(**tables)


def _rows(section: nodes.section) -> Iterator[tuple[str, str]]:
    for body in section.findall(nodes.tbody):
        for row in body.findall(nodes.row):
            test, reason = (entry.astext() for entry in row.findall(nodes.entry))
            if not reason:
                raise ValueError(f"{test} is excused without a reason")
            yield test, reason
