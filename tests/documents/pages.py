"""The pages, parsed by docutils."""

from __future__ import annotations

import functools
import pathlib

from docutils import core, nodes

from tests.documents import sphinx_markup

__all__ = ("DOCS", "PAGES", "ROOT", "page")

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.rst")), *sorted(DOCS.glob("*.rst"))]

sphinx_markup.register()


@functools.cache
def page(path: pathlib.Path) -> nodes.document:
    """Parse a page; a warning of docutils is an error."""
    text = path.read_text(encoding="utf-8")
    return core.publish_doctree(text, str(path), settings_overrides={"halt_level": 2})
