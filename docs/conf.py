"""The settings of Sphinx, which makes the site: ``tox -e docs``."""

from __future__ import annotations

import importlib.metadata
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

project = "requests-bg96"
author = "the requests-bg96 authors"
project_copyright = author
release = importlib.metadata.version(project)

extensions = ["sphinx.ext.autodoc"]
# The example is a project of its own, with a README.
exclude_patterns = ["_build", "example", "requirements.txt"]
# Docstrings have names in single backquotes.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
# The classes of other projects, of the standard library, and those that are not on the
# page of the API. Their pages cannot be reached when this site is built.
nitpick_ignore_regex = [
    ("py:.*", r"(?!requests_bg96\.).*"),
    ("py:.*", r"requests_bg96\.(at|base|clock|dialogues|emulator|settings)\..*"),
    ("py:.*", r"requests_bg96\.files\.Converse"),
]

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False
html_copy_source = False

#: The pages that are files of the repository, too. Elsewhere, ``docs/https.rst`` is the
#: name of a page.
OF_FILES = ("contributing",)
PAGE = re.compile(r"docs/([\w-]+)\.rst|(CHANGES|CONTRIBUTING|SECURITY)\.rst")


def link_pages(app: Sphinx, doctree: nodes.document) -> None:
    """Make links of the names of pages, which are read in the repository as well."""
    here = app.env.docname
    for literal in list(doctree.findall(nodes.literal)):
        found = PAGE.fullmatch(literal.astext())
        if not found:
            continue
        link = addnodes.pending_xref(
            "",
            literal.deepcopy(),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{(found[1] or found[2]).lower()}",
            refdoc=here,
            refexplicit=here in OF_FILES,
            refwarn=True,
        )
        literal.replace_self(link)


def setup(app: Sphinx) -> None:
    """Tell Sphinx of it."""
    app.connect("doctree-read", link_pages)
